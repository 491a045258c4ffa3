"""Sources for a search for copies: JPlag, Dolos or MOSS, with anonymous names.

    OUT/1-rpc/base/*.c               what students were given
    OUT/1-rpc/submissions/NAME/*.c   what they made of it (JPlag, MOSS)
    OUT/1-rpc/NAME.c, info.csv       the same, a file each (Dolos)
    OUT/COMMANDS.txt                 what to type there

Who NAME is stands in RESULTS/anonymous.csv, never in OUT; a student keeps the
name from one export to the next. Only C files go, without those that are still
as they were handed out. What students wrote about themselves in comments is
left as it is: read MOSS's terms before you send it away.
"""

from __future__ import annotations

import pathlib
import secrets
from typing import Dict, List

from . import grading, sheet, store
from .content import find_top
from .sheet import Sheet
from .store import Graded
from .trouble import Trouble
from .unpack import Refused

JPLAG, DOLOS, MOSS = KINDS = ("jplag", "dolos", "moss")
KEY = "anonymous.csv"
_COMMANDS = {
    JPLAG: "cd {stage} && java -jar jplag.jar -l c -bc base submissions",
    DOLOS: "cd {stage} && dolos run -f web -l c -i base.c info.csv",
    MOSS: "cd {stage} && moss -l c -d $(printf ' -b %s' base/*.c) "
          "submissions/*/*.c",
}
Files = Dict[str, str]  # name -> text


def run(results: pathlib.Path, kind: str, out: pathlib.Path) -> int:
    """Writes OUT anew; the exit status. Trouble."""
    graded = [one for one in store.read_all(results)
              if (one.folder / store.SUBMISSION).is_dir()]
    if not graded:
        raise Trouble(f"{results} holds no graded submission: name a folder "
                      "of results")
    if out.exists() and any(out.iterdir()):
        raise Trouble(f"{out} is not empty: name a new folder")
    inside = results.resolve()
    if inside == out.resolve() or inside in out.resolve().parents:
        raise Trouble(f"{out} lies in {results}, where the names are: take "
                      "another folder")
    names = _names(results / KEY, [one.student for one in graded])
    stages = sorted(path.name for path in (grading.ROOT / "labs").iterdir()
                    if path.is_dir())
    count, lines = 0, []
    for stage in stages:
        given = _sources(grading.ROOT / "labs" / stage)
        works = {names[one.student]: _work(one, stage, stages, given)
                 for one in graded}
        works = {name: files for name, files in works.items() if files}
        if len(works) < 2:
            continue  # nobody to compare with
        _write(out / stage, kind, given, works)
        lines.append(_COMMANDS[kind].format(stage=stage))
        count += len(works)
    out.mkdir(parents=True, exist_ok=True)
    (out / "COMMANDS.txt").write_text("\n".join(lines) + "\n")
    print(f"{count} stages of {len(graded)} students are in {out}, what to "
          f"type in {out / 'COMMANDS.txt'}; who is who in {results / KEY}")
    return 0


def _names(path: pathlib.Path, students: List[str]) -> Dict[str, str]:
    """Anonymous names, kept from one time to the next."""
    names: Dict[str, str] = {}
    if path.is_file():
        names = {row.value(1): row.value(0) for row in Sheet(path).rows[1:]}
    for student in students:
        while student not in names:
            name = f"s-{secrets.token_hex(3)}"
            if name not in names.values():
                names[student] = name
    store.write_text(path, sheet.line(["anonymous", "student"]) + "".join(
        f'{name},"{student}"\n' for student, name in sorted(names.items())))
    path.chmod(0o600)
    return names


def _sources(folder: pathlib.Path) -> Files:
    """The C files of a stage."""
    return {path.name: path.read_bytes().decode("utf-8", "replace")
            for path in sorted(folder.glob("*.[ch]")) if path.is_file()}


def _work(one: Graded, stage: str, stages: List[str], given: Files) -> Files:
    """A student's own files of a stage: changed, or new."""
    top = one.folder / store.SUBMISSION
    try:
        top = find_top(top, stages, [lab["name"] for lab in one.labs])
    except Refused:
        return {}
    flat = not any((top / name).is_dir() for name in stages)
    if flat and not any(lab["name"] in stage for lab in one.labs):
        return {}
    return {name: text for name, text in
            _sources(top if flat else top / stage).items()
            if given.get(name) != text}


def _write(folder: pathlib.Path, kind: str, given: Files,
           works: Dict[str, Files]) -> None:
    if kind == DOLOS:  # it compares files, one of each student
        folder.mkdir(parents=True)
        (folder / "base.c").write_text(_joined(given))
        for name, files in works.items():
            (folder / f"{name}.c").write_text(_joined(files))
        (folder / "info.csv").write_text("filename,full_name\n" + "".join(
            f"{name}.c,{name}\n" for name in works))
        return
    for where, files in [(folder / "base", given), *(
            (folder / "submissions" / name, files)
            for name, files in works.items())]:
        where.mkdir(parents=True)
        for name, text in files.items():
            (where / name).write_text(text)


def _joined(files: Files) -> str:
    return "\n".join(f"/* {name} */\n{text}" for name, text in files.items())
