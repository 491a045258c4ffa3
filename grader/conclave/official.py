"""Official grading: tests that students do not have, and first seeds that
nobody knows beforehand and everybody gets.

    secret = read_secret(path)                     the course's, in a file
    seeds = SecretSeeds(secret, kit.number(root))
    seeds.first("rpc/echo")                        the same for all students

After the deadline the seeds can be published (`make seeds`): a file of first
seeds by test, with which a student repeats what was graded. It does not give
the secret away, nor the seeds of the next kit.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import pathlib
from typing import List, Sequence, Union

from .discover import Course, load_hidden, test_id
from .failure import GraderError

MIN_SECRET_BYTES = 16
SECRET, PUBLISHED, PLAIN = "secret", "published", "plain"  # in the results
_SEED_BYTES = 6  # short enough to be typed, long enough not to be guessed


class BadOfficial(Exception):
    """One sentence for the person who typed the command."""


# ---- first seeds ------------------------------------------------------------

class PlainSeeds:
    """Every test's first seed is the one of the command line."""

    kind = PLAIN

    def __init__(self, seed: int):
        self.seed = seed

    def first(self, _: str) -> int:
        return self.seed

    @property
    def words(self) -> str:
        """As in "12 tests, seed 1"."""
        return f"seed {self.seed}"


class SecretSeeds:
    """Each test has its own, which follows from a secret."""

    kind = SECRET
    words = "the course's secret seeds"

    def __init__(self, secret: bytes, kit: str):
        self._secret = secret
        self._kit = kit

    def first(self, name: str) -> int:
        digest = hmac.new(self._secret, f"{self._kit}/{name}".encode(),
                          hashlib.sha256).digest()
        return int.from_bytes(digest[:_SEED_BYTES], "big")


class PublishedSeeds:
    """Each test has its own, which stands in a file."""

    kind = PUBLISHED
    words = "the course's published seeds"

    def __init__(self, path: pathlib.Path, kit: str):
        self._path = path
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            self._seeds = {str(name): int(seed)
                           for name, seed in found["seeds"].items()}
            theirs = str(found["kit"])
        except (OSError, ValueError, KeyError, TypeError,
                AttributeError) as error:
            raise BadOfficial(f"{path} is no file of published seeds: "
                              f"{error!r}") from error
        if theirs != kit:
            raise BadOfficial(f"{path} holds the seeds of kit {theirs}, and "
                              f"this is {kit}: take the kit of that number")

    def first(self, name: str) -> int:
        if name not in self._seeds:
            raise BadOfficial(f"{self._path} holds no seed of {name}: it was "
                              "not graded with them; leave it out (--only)")
        return self._seeds[name]


FirstSeeds = Union[PlainSeeds, SecretSeeds, PublishedSeeds]


def read_secret(path: pathlib.Path) -> bytes:
    """The course's secret; white space around it does not count."""
    try:
        secret = path.read_bytes().strip()
    except OSError as error:
        raise BadOfficial(f"{path} cannot be read: {error.strerror}") from error
    if len(secret) < MIN_SECRET_BYTES:
        raise BadOfficial(
            f"{path} holds {len(secret)} bytes, which can be guessed: put "
            f"{MIN_SECRET_BYTES} or more there (head -c 32 /dev/urandom | "
            f"base64 >{path})")
    return secret


def publish(seeds: SecretSeeds, kit: str, courses: Sequence[Course]) -> str:
    """The file of published seeds, of the tests that students have."""
    return json.dumps({"kit": kit, "seeds": {
        test_id(course.lab, test): seeds.first(test_id(course.lab, test))
        for course in courses for test in course.tests if not test.hidden}},
        indent=1) + "\n"


# ---- hidden tests -----------------------------------------------------------

def with_hidden(folder: pathlib.Path, courses: Sequence[Course]
                ) -> List[Course]:
    """The labs with the tests of folder/1-rpc/tests.py and so on behind their
    own. GraderError says what is wrong with them."""
    if not folder.is_dir():
        raise BadOfficial(f"there is no folder {folder} with hidden tests")
    folders = {path.parent.name for path in folder.glob("*/tests.py")}
    unknown = folders - {course.lab.folder for course in courses}
    if unknown:
        raise GraderError(f"{folder} holds tests of {min(unknown)}, which is "
                          "no lab's folder")
    return [load_hidden(folder / course.lab.folder / "tests.py", course)
            if course.lab.folder in folders else course for course in courses]
