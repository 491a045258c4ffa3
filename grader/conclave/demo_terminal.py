"""Where the demo talks: a whole screen, or plain lines where there is none.

    Plain    a pipe, a file, a dumb or tiny terminal: what happens is a line
    Screen   a terminal: the view above, what was said below it, and a prompt

Both give the lines that were typed, and say what they are told.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import shutil
import sys
import termios
import threading
from collections import deque
from typing import Any, Callable, Deque, List, Optional

from .demo_screen import LEAST_WIDTH, Paint, Scene, fold, table, view

PROMPT = "> "
MAX_LINE = 4096           # characters that may be typed in one line
_KEEP_LINES = 500         # of what was said
_READ_BYTES = 4096
_FILE_WIDTH = 120         # columns of what goes into a file or a pipe
_LEAST_ROWS = 6           # of a screen
_ALTERNATE, _NORMAL = "\x1b[?1049h", "\x1b[?1049l"


def is_screen() -> bool:
    """Whether there is a terminal that a screen can be drawn on."""
    size = shutil.get_terminal_size()
    return (sys.stdin.isatty() and sys.stdout.isatty()
            and os.environ.get("TERM", "dumb") not in ("", "dumb", "unknown")
            and size.columns >= LEAST_WIDTH and size.lines >= _LEAST_ROWS)


def may_colour() -> bool:
    return not os.environ.get("NO_COLOR")


class Front:
    """What both have."""

    def __init__(self, on_gone: Callable[[], None]):
        self.lines: "asyncio.Queue[Optional[str]]" = asyncio.Queue()
        self._on_gone = on_gone   # nobody reads any more
        self._loop = asyncio.get_running_loop()
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        """A thread: files cannot be waited for, and only bytes matter here."""
        data = b"?"
        while data:
            try:
                data = os.read(0, _READ_BYTES)
            except OSError:
                data = b""
            try:
                self._loop.call_soon_threadsafe(self._got, data)
            except RuntimeError:
                return            # the loop is closed: the demo is over

    def _got(self, data: bytes) -> None:
        if data:
            self.typed(self._decoder.decode(data))
        else:
            self.typed(self._decoder.decode(b"", True))
            self.ended()

    def typed(self, text: str) -> None:
        raise NotImplementedError

    def ended(self) -> None:
        self.lines.put_nowait(None)

    def say(self, text: str) -> None:
        raise NotImplementedError

    def draw(self, scene: Scene) -> None:
        """The nodes are like this now."""

    def show(self, scene: Scene) -> None:
        """The table, because somebody asked for it."""
        width = shutil.get_terminal_size().columns \
            if sys.stdout.isatty() else _FILE_WIDTH
        self.say("\n".join(table(scene, width, Paint(False))))

    def wants(self) -> None:
        """The next line may be typed."""

    def close(self) -> None:
        """Leaves the terminal as it was."""

    def _put(self, text: str) -> None:
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except (OSError, ValueError):
            self._on_gone()


class Plain(Front):
    """Lines in, lines out."""

    def __init__(self, on_gone: Callable[[], None]):
        super().__init__(on_gone)
        self._part = ""
        self._prompts = sys.stdin.isatty() and sys.stdout.isatty()

    def typed(self, text: str) -> None:
        *lines, rest = (self._part + text).split("\n")
        self._part = rest[:MAX_LINE]
        for line in lines:
            self.lines.put_nowait(line[:MAX_LINE])

    def ended(self) -> None:
        if self._part:
            self.lines.put_nowait(self._part)
        super().ended()

    def say(self, text: str) -> None:
        self._put(text + "\n")

    def wants(self) -> None:
        if self._prompts:
            self._put(PROMPT)


class Editor:
    """The line that is being typed, and those before it."""

    def __init__(self) -> None:
        self.text = ""
        self.at = 0               # where the cursor is
        self._history: List[str] = []
        self._shown = 0           # which of them; their count: the new one
        self._escape = ""         # a key's sequence that has begun

    def feed(self, text: str) -> List[Optional[str]]:
        """Keys; returns the lines that they ended, None for Ctrl-D."""
        done: List[Optional[str]] = []
        for key in text:
            if self._escape:
                self._escape_goes_on(key)
            elif key == "\x1b":
                self._escape = key
            elif key in "\r\n":
                done.append(self._enter())
            elif key == "\x04" and not self.text:
                done.append(None)
            else:
                self._edit(key)
        return done

    def _enter(self) -> str:
        line, self.text, self.at = self.text, "", 0
        if line.strip() and self._history[-1:] != [line]:
            self._history.append(line)
        self._shown = len(self._history)
        return line

    def _edit(self, key: str) -> None:
        before, after = self.text[:self.at], self.text[self.at:]
        if key in "\x7f\b":
            before = before[:-1]
        elif key == "\x15":       # Ctrl-U
            before = ""
        elif key == "\x0b":       # Ctrl-K
            after = ""
        elif key == "\x17":       # Ctrl-W
            before = before.rstrip().rpartition(" ")[0]
            before += " " if before else ""
        elif key in "\x01\x05":   # Ctrl-A, Ctrl-E
            self.at = 0 if key == "\x01" else len(self.text)
            return
        elif key.isprintable() and len(self.text) < MAX_LINE:
            before += key
        self.text, self.at = before + after, len(before)

    def _escape_goes_on(self, key: str) -> None:
        self._escape += key
        if self._escape in ("\x1b[", "\x1bO") or \
                (len(self._escape) < 8 and key in "0123456789;"):
            return
        what, self._escape = self._escape[1:], ""
        if what in ("[D", "OD"):
            self.at = max(0, self.at - 1)
        elif what in ("[C", "OC"):
            self.at = min(len(self.text), self.at + 1)
        elif what in ("[H", "OH", "[1~"):
            self.at = 0
        elif what in ("[F", "OF", "[4~"):
            self.at = len(self.text)
        elif what == "[3~":
            self.text = self.text[:self.at] + self.text[self.at + 1:]
        elif what in ("[A", "OA", "[B", "OB"):
            self._recall(-1 if what[1] == "A" else 1)

    def _recall(self, step: int) -> None:
        at = self._shown + step
        if 0 <= at <= len(self._history):
            self._shown = at
            self.text = (self._history + [""])[at]
            self.at = len(self.text)


class Screen(Front):
    """The whole terminal."""

    def __init__(self, on_gone: Callable[[], None]):
        self._was: Any = termios.tcgetattr(0)
        keys = termios.tcgetattr(0)
        keys[3] &= ~(termios.ECHO | termios.ICANON)
        keys[6][termios.VSUSP] = b"\0"   # a screen cannot be put aside
        keys[6][termios.VMIN], keys[6][termios.VTIME] = 1, 0
        termios.tcsetattr(0, termios.TCSADRAIN, keys)
        self._editor = Editor()
        self._said: Deque[str] = deque(maxlen=_KEEP_LINES)
        self._paint = Paint(may_colour())
        self._scene: Optional[Scene] = None
        self._is_open = True
        super().__init__(on_gone)
        self._put(_ALTERNATE)

    def typed(self, text: str) -> None:
        for line in self._editor.feed(text):
            if line is not None:
                self._said.append(PROMPT + line)
            self.lines.put_nowait(line)
        self.redraw()

    def say(self, text: str) -> None:
        self._said.extend(text.split("\n"))
        self.redraw()

    def draw(self, scene: Scene) -> None:
        self._scene = scene
        self.redraw()

    def redraw(self) -> None:
        """The whole screen, in one write."""
        if not self._is_open:
            return
        width, height = shutil.get_terminal_size()
        width, height = max(1, width), max(1, height)
        above = view(self._scene, width, height, self._paint) \
            if self._scene else []
        above = above[:height - 1]
        room = height - 1 - len(above)
        said: List[str] = []
        for text in reversed(self._said):
            if len(said) >= room:
                break
            said = fold(text, width) + said
        said = said[max(0, len(said) - room):]
        prompt, at = self._prompt(width)
        lines = above + said
        drawn = "".join(line + "\x1b[K\r\n" for line in lines)
        self._put(f"\x1b[?25l\x1b[H{drawn}{prompt}\x1b[J"
                  f"\x1b[{len(lines) + 1};{at + 1}H\x1b[?25h")

    def _prompt(self, width: int) -> "tuple[str, int]":
        """The line being typed, as much as fits, and where its cursor is."""
        room = max(1, width - len(PROMPT) - 1)
        start = max(0, self._editor.at - room)
        shown = self._editor.text[start:start + room]
        return ((PROMPT + shown)[:width],
                min(width - 1, len(PROMPT) + self._editor.at - start))

    def close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._put("\x1b[?25h" + _NORMAL)
            termios.tcsetattr(0, termios.TCSADRAIN, self._was)
