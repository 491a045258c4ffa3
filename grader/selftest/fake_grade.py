"""Stands in for grader/grade where only what surrounds a grade is tested.

The score is the number of C files that say "good". A file that says "held"
makes it wait until there is a file $HOME/go, "broken" makes it fail, "silent"
say nothing, "moody" gives another trace hash each time, "hidden" is a hidden
test.
"""

import json
import os
import pathlib
import subprocess
import sys
import time


def value(flag):
    return sys.argv[sys.argv.index(flag) + 1]


def status_of(content):
    """"provokes" makes the grader fail in that test, "flaky" just once."""
    if "provokes" in content or \
            "flaky" in content and "--only" not in sys.argv:
        return "grader_error"
    return "passed" if "good" in content else "failed"


def main():
    folder = pathlib.Path(value("--submission"))
    files = {path.name: path.read_text() for path in folder.rglob("*.c")}
    text = " ".join(files.values())
    log = os.environ.get("HOME", "") + "/log"
    with open(log, "a") as file:
        file.write(f"{os.getpid()}\n")
    tests = [{"name": f"rpc/{name[:-2]}", "title": name, "stack": "own",
              "status": status_of(content), "score": int("good" in content),
              "max_score": 1, "seconds": 0.1, "seed": 123456789012,
              "rule": "a rule", "expected": "good", "observed": content,
              "hint": "", "replay": f"grader/grade --replay rpc/{name[:-2]}",
              "hidden": "hidden" in content,
              "world": "sim", "trace_hash": str(time.monotonic())
              if "moody" in content else "aa"}
             for name, content in sorted(files.items())
             if "--only" not in sys.argv or f"rpc/{name[:-2]}" in sys.argv]
    for test in tests:
        test["score"] *= test["status"] == "passed"
    score = sum(test["score"] for test in tests)
    result = {"score": 0, "max_score": len(tests), "labs": [],
              "finished": False, "sandbox": "none", "findings": [],
              "submission": str(folder)}
    if "silent" in text:
        return 4
    path = pathlib.Path(value("--json"))
    path.write_text(json.dumps(result))
    while "held" in text and not pathlib.Path(
            os.environ["HOME"], "go").exists():
        time.sleep(0.05)
    if "for ever" in text:
        subprocess.run(["sleep", "600"], check=False)
    result.update(score=score, finished=True, labs=[{
        "name": "rpc", "title": "RPC", "tests": tests, "other_tests": [],
        "score": score, "max_score": sum(test["status"] != "grader_error"
                                         for test in tests)}])
    result["max_score"] = result["labs"][0]["max_score"]
    if "probe" in text:
        result["findings"] = ["it tried something"]
    path.write_text(json.dumps(result))
    print(f"graded {folder}")
    if "broken" in text or "grader_error" in [one["status"] for one in tests]:
        return 4
    return 0 if score == len(tests) else 1


if __name__ == "__main__":
    sys.exit(main())
