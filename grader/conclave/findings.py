"""What a submission tried, or may have tried, in sentences for an instructor.

A finding costs nothing: points follow from tests alone. It says where to look.
Three things are looked at: what lies in the submission, what its C files say,
and how its nodes ended.
"""

from __future__ import annotations

import os
import pathlib
import re
import stat
from typing import TYPE_CHECKING, Dict, Iterator, List, Sequence, Tuple

from .spec import Lab
from .submission import BadSubmission, Submission

if TYPE_CHECKING:
    from .results import Grade

MAX_FINDINGS = 60
MAX_FILES = 2_000      # of a submission that are looked at
_MAX_SHOWN = 160       # characters of a name or a sentence

_MAKEFILE = re.compile(r"(GNU)?makefile\Z|.*\.(mk|mak|cmake|ninja)\Z"
                       r"|CMakeLists\.txt\Z|meson\.build\Z",
                       re.IGNORECASE | re.DOTALL)
_RUNNABLE = re.compile(r".*\.(sh|py|pl|so(\.\d+)*|o|a|lds?|s|specs)\Z",
                       re.IGNORECASE | re.DOTALL)

# What no stage needs, and what it can be for.
_PATTERNS: Sequence[Tuple[str, str]] = (
    (r"\b(__)?asm(__)?\b", "has assembly, which can call the system past "
                           "the kit"),
    (r"\bsyscall\s*\(", "calls the system past the kit"),
    (r"__attribute__\s*\(\(.*\b(constructor|destructor|ifunc|section)\b",
     "has code that runs before or outside of the node (an attribute)"),
    (r"\b(fork|vfork|execv[ep]?|execl[ep]?|execvpe|posix_spawnp?|system|popen|"
     r"ptrace|kill|killpg|setsid|daemon|prctl|dlopen|dlsym)\s*\(",
     "starts, finds or signals processes or code"),
    (r"\b(getenv|setenv|putenv|environ)\b", "uses the environment"),
    (r"\b(socket|connect|bind|accept4?|sendto|getaddrinfo)\s*\(\s*(AF_|PF_|"
     r"\w+\s*,\s*(\(|&)|\")", "uses sockets of its own"),
    (r"\b(fopen|openat?|creat|fdopen|freopen|opendir|shm_open|memfd_create|"
     r"symlink|mkfifo)\s*\(", "opens files past the kit"),
    (r"\b(dup2?|sendmsg|dprintf)\s*\(", "uses descriptors past the kit"),
    (r"\bshm(get|at)\s*\(|\bMAP_SHARED\b", "shares memory"),
    (r"/proc/|/dev/|/etc/|\bsolution/", "names a place outside of it"),
)
_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include(_next)?[ \t]*[<\"]([^>\"\n]*)",
                      re.MULTILINE)
_FOREIGN = re.compile(r"(^|/)\.\.(/|$)|^/|solution|hidden|grader/")
_NOISE = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)

# How nodes end that were stopped by a barrier.
_STOPPED = re.compile(r"sandbox|limit|asked for more than|is not for nodes|"
                      r"flooded|left \d+ process|filled more than|"
                      r"wrote a file of more|made more than|shares with its "
                      r"host|slept in the middle|calls \w+\(\): |"
                      r"called _?\w*[eE]xit\(|ended by itself")


def all_of(submission: Submission, labs: Sequence[Lab], grade: "Grade"
           ) -> List[str]:
    """Everything there is to say, each once."""
    found: Dict[str, None] = {}
    for one in (*_of_folder(submission, labs),
                *_of_sources(submission, labs), *_of_tests(grade)):
        found.setdefault(one)
    sentences = list(found)
    if len(sentences) > MAX_FINDINGS:
        more = len(sentences) - MAX_FINDINGS
        sentences[MAX_FINDINGS:] = [f"and {more} more"]
    return sentences


def _of_folder(submission: Submission, labs: Sequence[Lab]) -> Iterator[str]:
    """What lies there and is of no use."""
    folder = submission.folder
    known = {name for lab in labs for name in (lab.folder,)}
    seen = 0
    for path, folders, files in os.walk(folder):
        for name in sorted(folders + files):
            seen += 1
            if seen > MAX_FILES:
                yield f"it holds more than {MAX_FILES} files"
                return
            full = pathlib.Path(path) / name
            shown = _shown(os.path.relpath(full, folder))
            mode = full.lstat().st_mode
            if stat.S_ISLNK(mode):
                yield f"{shown} is a link (to {_shown(os.readlink(full))}): " \
                      "it was not followed"
            elif not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                yield f"{shown} is neither a file nor a folder"
            elif stat.S_ISREG(mode) and _MAKEFILE.match(name):
                yield f"{shown} was ignored: the kit's own Makefile builds"
            elif stat.S_ISREG(mode) and _RUNNABLE.match(name) \
                    and not submission.is_the_kits(
                        os.path.relpath(full, folder)):
                yield f"{shown} was ignored: only C files count"
        folders[:] = sorted(one for one in folders
                            if not one.startswith(".")
                            and (path != str(folder) or one in known))


def _of_sources(submission: Submission, labs: Sequence[Lab]) -> Iterator[str]:
    """What its C files say that no stage has to say."""
    for lab in labs:
        try:
            if not (submission.folder / lab.folder).is_dir() and \
                    submission.stage(lab) is None:
                continue
            files = submission.files(lab)
        except BadSubmission as error:
            yield _shown(str(error))
            continue
        for name, content in files.items():
            text = content.decode("utf-8", "replace")
            yield from _of_text(f"{lab.folder}/{name}", text)


def _of_text(name: str, text: str) -> Iterator[str]:
    bare = _NOISE.sub(_blank, text)
    for found in _INCLUDE.finditer(bare):
        if _FOREIGN.search(found[2]):
            yield f"{name}:{_line(bare, found.start())} includes " \
                  f"{_shown(found[2])}, which is not there for a submission"
    for pattern, what in _PATTERNS:
        match = re.search(pattern, bare)
        if match:
            yield f"{name}:{_line(bare, match.start())} {what}: " \
                  f"{_shown(' '.join(match[0].split()))}"


def _blank(found: "re.Match[str]") -> str:
    """A comment's lines, empty."""
    return "\n" * found[0].count("\n") or " "


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def _of_tests(grade: "Grade") -> Iterator[str]:
    """How its nodes ended, each way once."""
    seen: Dict[str, str] = {}
    for test in grade.all_tests():
        for text in (test.observed, *test.advice):
            if test.passed or not _STOPPED.search(text):
                continue
            kind = re.sub(r"\d+", "N", text)
            if kind not in seen:
                seen[kind] = f"{test.name}: {_shown(text)}"
    yield from seen.values()


def _shown(text: str) -> str:
    """Text of a stranger's, on one line and not too long."""
    clean = "".join(one if one.isprintable() else "?" for one in text)
    return clean if len(clean) <= _MAX_SHOWN else clean[:_MAX_SHOWN - 3] + "..."
