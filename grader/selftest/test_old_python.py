"""Proves that the kit's Python keeps to version 3.9: its syntax, and its
library. It reads every file; nothing of them is run."""

import ast
import pathlib
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("grader", "labs", "solution")
VERSION = (3, 9)

# What came later and is likely to be reached for; (module, name).
NEW_NAMES = {
    ("itertools", "pairwise"), ("itertools", "batched"),
    ("asyncio", "timeout"), ("asyncio", "timeout_at"),
    ("asyncio", "TaskGroup"), ("asyncio", "Runner"), ("asyncio", "Barrier"),
    ("contextlib", "aclosing"), ("contextlib", "chdir"),
    ("datetime", "UTC"), ("enum", "StrEnum"), ("enum", "member"),
    ("typing", "Self"), ("typing", "TypeAlias"), ("typing", "ParamSpec"),
    ("typing", "Concatenate"), ("typing", "TypeGuard"),
    ("typing", "assert_never"), ("typing", "override"),
    ("typing", "NotRequired"), ("typing", "Never"), ("typing", "Unpack"),
    ("typing", "LiteralString"), ("types", "UnionType"),
    ("types", "NoneType"), ("dataclasses", "KW_ONLY"),
    ("math", "cbrt"), ("math", "exp2"), ("statistics", "correlation"),
    ("statistics", "covariance"), ("operator", "call"),
    ("inspect", "get_annotations"), ("sys", "exception"),
    ("sys", "orig_argv"), ("sys", "stdlib_module_names"),
    ("hashlib", "file_digest"), ("os", "eventfd"), ("os", "splice"),
}
NEW_MODULES = {"tomllib", "wsgiref.types"}
NEW_METHODS = {"bit_count", "add_note", "walk", "hardlink_to", "is_junction"}
NEW_WORDS = {  # function -> words that it takes since
    "dataclass": {"slots", "kw_only", "match_args", "weakref_slot"},
    "field": {"kw_only"}, "zip": {"strict"}, "map": {"strict"},
    "bisect": {"key"}, "bisect_left": {"key"}, "bisect_right": {"key"},
    "insort": {"key"}, "TemporaryDirectory": {"delete"},
    "NamedTemporaryFile": {"delete_on_close"}, "rmtree": {"onexc", "dir_fd"},
    "Popen": {"process_group"}, "extractall": {"filter"},
    "extract": {"filter"},
}


def sources():
    """All Python of the kit, programs without an ending included."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if not path.is_file() or "__pycache__" in path.parts:
                continue
            if path.suffix == ".py" or not path.suffix and \
                    path.read_bytes()[:40].startswith(b"#!/usr/bin/env python"):
                yield path


class Reader(ast.NodeVisitor):
    """Collects what is too new in one file."""

    def __init__(self, tree):
        self.found = []
        self.modules = {}  # what a name here means there
        self.later = any(isinstance(one, ast.ImportFrom)
                         and one.module == "__future__"
                         and any(name.name == "annotations"
                                 for name in one.names) for one in tree.body)
        self.visit(tree)

    def say(self, node, what):
        self.found.append(f"line {node.lineno}: {what}")

    def visit_Import(self, node):
        for name in node.names:
            self.modules[name.asname or name.name] = name.name
            if name.name in NEW_MODULES:
                self.say(node, f"the module {name.name}")

    def visit_ImportFrom(self, node):
        if node.module in NEW_MODULES:
            self.say(node, f"the module {node.module}")
        for name in node.names:
            if (node.module, name.name) in NEW_NAMES:
                self.say(node, f"{node.module}.{name.name}")

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and \
                (self.modules.get(node.value.id), node.attr) in NEW_NAMES:
            self.say(node, f"{node.value.id}.{node.attr}")
        self.generic_visit(node)

    def visit_Call(self, node):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else \
            getattr(node.func, "id", "")
        for word in node.keywords:
            if word.arg in NEW_WORDS.get(name, ()):
                self.say(node, f"{name}({word.arg}=)")
        if isinstance(node.func, ast.Attribute) and name in NEW_METHODS and \
                self.modules.get(getattr(node.func.value, "id", "")) is None:
            self.say(node, f".{name}()")
        self.generic_visit(node)

    def visit_Assign(self, node):
        self.union(node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node):
        if not self.later:
            self.union(node.annotation)
        self.generic_visit(node)

    def visit_FunctionDef(self, node):
        if not self.later:
            every = [*node.args.posonlyargs, *node.args.args,
                     *node.args.kwonlyargs, node.args.vararg, node.args.kwarg]
            for one in (*(arg.annotation for arg in every if arg),
                        node.returns):
                self.union(one)
        self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def union(self, node):
        """int | None, which older Pythons cannot work out."""
        types = {"int", "str", "bytes", "float", "bool", "list", "dict", "set"}
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            for side in (node.left, node.right):
                if getattr(side, "id", "") in types or \
                        isinstance(side, ast.Constant) and side.value is None:
                    self.say(node, "a type written with |")
                    return


def too_new(path):
    """Sentences on what an older Python would not take."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), str(path),
                         feature_version=VERSION)
    except SyntaxError as error:
        return [f"line {error.lineno}: syntax: {error.msg}"]
    return Reader(tree).found


class Python(unittest.TestCase):
    def test_every_file_keeps_to_the_version_promised(self):
        found, count = [], 0
        for path in sources():
            count += 1
            found += [f"{path.relative_to(ROOT)}: {one}"
                      for one in too_new(path)]
        self.assertEqual(found, [])
        self.assertGreater(count, 150)

    def test_what_is_too_new_is_found(self):
        for text in ("match a:\n  case 1: pass\n", "x = int | None\n",
                     "import tomllib\n", "from typing import Self\n",
                     "import asyncio\nasyncio.timeout(3)\n",
                     "def f(a: int | None): pass\n", "zip(a, b, strict=True)\n",
                     "try:\n  pass\nexcept* OSError:\n  pass\n",
                     "@dataclass(slots=True)\nclass A: pass\n",
                     "n = (5).bit_count()\n", "path.walk()\n"):
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "a.py"
                path.write_text(text)
                self.assertEqual(len(too_new(path)), 1, text)

    def test_what_is_old_enough_is_left_alone(self):
        for text in ("import os\nfor one in os.walk(a): pass\n", "x = a | b\n",
                     "from __future__ import annotations\n"
                     "def f(a: int | None): pass\n", "zip(a, b)\n"):
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "a.py"
                path.write_text(text)
                self.assertEqual(too_new(path), [], text)


if __name__ == "__main__":
    if sys.version_info < VERSION:
        sys.exit("this needs Python 3.9 or newer")
    unittest.main()
