"""The folder that a student may be sent: RESULTS/students/NAME/for-student/.

    report.txt      every test with its points, and why those that failed did
    result.json     the same for programs
    pages/          the same as a page, with a timeline of each failed test
    grade.txt       the mark, once it is known (closing.py)

All of it is made of a View (shown.py): no hidden test's name or details, and no
seed while they are secret. Of pages, those of public tests are taken, each by
the name that such a test's page has; whatever else lies there stays behind.
"""

from __future__ import annotations

import json
import pathlib
import shutil
from conclave import timeline
from conclave.results import replace_file

from . import shown, store
from .adapters import text
from .shown import View

REPORT, GRADE = "report.txt", "grade.txt"


def write(folder: pathlib.Path, result: shown.Result) -> None:
    """Makes it anew from a student's folder; all but grade.txt."""
    place = folder / store.FOR_STUDENT
    place.mkdir(exist_ok=True)
    result = _at_home(result)
    view = shown.look(result)
    told = view.result
    replace_file(place / REPORT, text.render(view) if told["labs"]
                 else "Nothing could be graded.\n")
    store.write_json(place / store.RESULT, told)
    shutil.rmtree(place / store.PAGES, ignore_errors=True)
    if told["labs"] and (folder / store.PAGES).is_dir():
        (place / store.PAGES).mkdir()
        _take_pages(folder, place, view, result)
        write_index(place / store.PAGES, told)


def write_index(pages: pathlib.Path, result: shown.Result) -> None:
    """index.html of a folder of pages."""
    about = f"{result.get('submission')}, sandbox: {result.get('sandbox')}"
    replace_file(pages / "index.html", timeline.index(
        result, about, {path.name for path in pages.glob("*.html")}))


def _at_home(result: shown.Result) -> shown.Result:
    """With the submission where it is for a student."""
    path = result.get("submission")
    if not path:
        return result
    return dict(json.loads(json.dumps(result).replace(
        json.dumps(path)[1:-1], "labs")))


def _take_pages(folder: pathlib.Path, place: pathlib.Path, view: View,
                result: shown.Result) -> None:
    """Copies the pages of public tests."""
    secret = result.get("first_seeds") == "secret"
    for lab in result["labs"]:
        for test in (*lab["tests"], *lab.get("other_tests", ())):
            if test["name"] in view.names:
                continue
            for name in timeline.names_of(test):
                path = folder / store.PAGES / name
                if path.is_file():
                    page = path.read_text(encoding="utf-8")
                    replace_file(place / store.PAGES / name,
                                 _without_seed(page, test) if secret else page)


def _without_seed(page: str, test: shown.Test) -> str:
    """A timeline whose replay line and seed are not told."""
    page = page.replace(timeline.embed(test["replay"]),
                        timeline.embed(shown.SECRET))
    page = page.replace(f'"seed":{test["seed"]},', '"seed":null,')
    return shown.scrub(page, test)
