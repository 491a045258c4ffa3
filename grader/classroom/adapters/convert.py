"""The command line of grader/convert."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
from typing import Callable, Dict, Optional, Sequence

from . import (autolab, gradescope, github, markdown, prairielearn, tap,
               text)
from .common import STAFF, Result, Shown, View, look

FORMS: Dict[str, Callable[[View], str]] = {
    "autolab": autolab.render,
    "github": github.render,
    "gradescope": gradescope.render,
    "markdown": markdown.render,
    "prairielearn": prairielearn.render,
    "tap": tap.render,
    "text": text.render,
}


class BadResult(Exception):
    """One sentence."""


def load(path: pathlib.Path) -> Result:
    """A result as grader/grade --json writes it. BadResult."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        for lab in result["labs"]:
            for test in lab["tests"]:
                for name in ("name", "title", "status", "score", "max_score"):
                    test[name]
        result["seconds"]
    except OSError as error:
        raise BadResult(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise BadResult(f"{path} is no result of grader/grade --json: "
                        f"{error!r}") from error
    return result  # type: ignore[no-any-return]


def main(words: Optional[Sequence[str]] = None) -> int:
    parser = argparse.ArgumentParser(
        prog="grader/convert",
        description="Puts the result that grader/grade --json wrote into "
                    "another form.")
    parser.add_argument("form", choices=sorted(FORMS))
    parser.add_argument("result", type=pathlib.Path)
    parser.add_argument("-o", "--out", type=pathlib.Path, metavar="FILE",
                        help="where it goes (default: standard output)")
    parser.add_argument("--all", action="store_true",
                        help="for the staff: details of hidden tests, and "
                             "secret seeds")
    options = parser.parse_args(words)
    try:
        made = FORMS[options.form](
            look(load(options.result), STAFF if options.all else Shown()))
        if options.out is None:
            sys.stdout.write(made)
        else:
            options.out.write_text(made, encoding="utf-8")
    except BadResult as error:
        print(f"convert: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"convert: {options.out} cannot be written: {error.strerror}",
              file=sys.stderr)
        return 2
    return 0
