"""Proves that a newer kit is laid over a student's work without touching the
work, and that nothing of theirs is lost."""

import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grader"))

import update  # noqa: E402

OLD = {"VERSION": "1.0+aaa\n", "Makefile": "old makefile\n",
       "labs/1-rpc/rpc.c": "skeleton\n", "labs/1-rpc/link.c": "skeleton\n",
       "labs/1-rpc/same.c": "skeleton\n", "labs/1-rpc/rpc.h": "old header\n",
       "docs/gone.md": "gone\n", "docs/kept.md": "kept\n"}
NEW = {"VERSION": "1.1+bbb\n", "Makefile": "new makefile\n",
       "labs/1-rpc/rpc.c": "better skeleton\n",
       "labs/1-rpc/link.c": "better skeleton\n",
       "labs/1-rpc/same.c": "skeleton\n", "labs/1-rpc/rpc.h": "new header\n",
       "labs/1-rpc/queue.c": "a new stage's file\n",
       "labs/2-election/election.c": "skeleton\n",
       "grader/update.py": (ROOT / "grader" / "update.py").read_text()}


class Updating(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.mine = self.kit("mine", OLD)

    def kit(self, name, texts):
        """An unpacked kit."""
        top = self.folder / name
        contents = {file: text.encode() for file, text in texts.items()}
        contents[update.MANIFEST] = update.manifest_text(contents).encode()
        for file, content in contents.items():
            (top / file).parent.mkdir(parents=True, exist_ok=True)
            (top / file).write_bytes(content)
        os.chmod(top / "Makefile", 0o755)
        return top

    def packed(self, name, texts):
        """Its tar file."""
        path = self.folder / f"{name}.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            tar.add(self.kit(name, texts), name)
        return path

    def run_update(self, new, status=0):
        done = subprocess.run(
            [sys.executable, str(ROOT / "grader" / "update.py"), str(new),
             "--into", str(self.mine)], stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, timeout=60)
        self.assertEqual(done.returncode, status, done.stdout)
        self.assertNotIn("Traceback", done.stdout)
        return done.stdout

    def tree(self):
        return {path.relative_to(self.mine).as_posix(): path.read_text()
                for path in self.mine.rglob("*") if path.is_file()}

    def write(self, name, text):
        (self.mine / name).parent.mkdir(parents=True, exist_ok=True)
        (self.mine / name).write_text(text)

    def test_a_folder_nobody_worked_in_becomes_the_new_kit(self):
        said = self.run_update(self.packed("new", NEW))
        self.assertIn("1.1+bbb", said)
        tree = self.tree()
        self.assertEqual({name: tree[name] for name in NEW}, NEW)
        self.assertEqual(set(tree), set(NEW) | {update.MANIFEST})
        self.assertEqual((self.mine / "Makefile").stat().st_mode & 0o777, 0o755)

    def test_work_stays_and_the_new_skeleton_lies_beside_it(self):
        self.write("labs/1-rpc/rpc.c", "my work\n")
        self.write("labs/1-rpc/same.c", "my other work\n")
        self.write("labs/1-rpc/mine.c", "a file of my own\n")
        self.write("labs/1-rpc/queue.c", "my queue\n")
        self.write("notes.txt", "mine\n")
        said = self.run_update(self.packed("new", NEW))
        tree = self.tree()
        for name, text in (
                ("labs/1-rpc/rpc.c", "my work\n"),
                ("labs/1-rpc/rpc.c.new", "better skeleton\n"),
                ("labs/1-rpc/link.c", "better skeleton\n"),
                ("labs/1-rpc/same.c", "my other work\n"),
                ("labs/1-rpc/mine.c", "a file of my own\n"),
                ("labs/1-rpc/queue.c", "my queue\n"),
                ("labs/1-rpc/queue.c.new", "a new stage's file\n"),
                ("notes.txt", "mine\n")):
            self.assertEqual(tree.get(name), text, name)
        self.assertNotIn("labs/1-rpc/same.c.new", tree)
        self.assertIn("labs/1-rpc/rpc.c is yours and stays", said)
        self.assertNotIn("same.c", said)

    def test_a_kits_file_that_was_changed_is_kept_beside(self):
        self.write("labs/1-rpc/rpc.h", "my header\n")
        self.write("docs/kept.md", "my notes\n")
        self.write("labs/1-rpc/rpc.h.mine", "an older one\n")
        said = self.run_update(self.packed("new", NEW))
        tree = self.tree()
        self.assertEqual(tree["labs/1-rpc/rpc.h"], "new header\n")
        self.assertEqual(tree["labs/1-rpc/rpc.h.mine"], "an older one\n")
        self.assertEqual(tree["labs/1-rpc/rpc.h.mine.2"], "my header\n")
        self.assertEqual(tree["docs/kept.md"], "my notes\n")
        self.assertNotIn("docs/gone.md", tree)
        self.assertIn("rpc.h.mine.2", said)

    def test_an_interrupted_update_can_be_done_again(self):
        self.write("labs/1-rpc/rpc.c", "my work\n")
        self.write("labs/1-rpc/rpc.h", "my header\n")
        new = self.kit("new", NEW)
        update.Update(new, self.mine).run()
        whole = self.tree()
        for step in range(1, 9):
            self.mine = self.kit(f"again-{step}", OLD)
            self.write("labs/1-rpc/rpc.c", "my work\n")
            self.write("labs/1-rpc/rpc.h", "my header\n")
            cut = update.Update(new, self.mine)
            write, left = cut._write, [step]

            def dies(name, content):
                if not left[0]:
                    raise OSError("no space left on device")
                left[0] -= 1
                write(name, content)

            cut._write = dies
            with self.assertRaises(OSError):
                cut.run()
            update.Update(new, self.mine).run()
            self.assertEqual(self.tree(), whole, f"cut after {step} writes")

    def test_twice_is_the_same_as_once(self):
        self.write("labs/1-rpc/rpc.c", "my work\n")
        path = self.packed("new", NEW)
        self.run_update(path)
        once = self.tree()
        self.run_update(path)
        self.assertEqual(self.tree(), once)

    def test_what_is_no_kit_is_refused_and_changes_nothing(self):
        before = self.tree()
        (self.folder / "text.tar.gz").write_text("no archive")
        self.assertIn("cannot be unpacked",
                      self.run_update(self.folder / "text.tar.gz", 2))
        self.assertIn("there is no",
                      self.run_update(self.folder / "none.tar.gz", 2))
        evil = self.folder / "evil.tar.gz"
        with tarfile.open(evil, "w:gz") as tar:
            info = tarfile.TarInfo("kit/../../outside")
            tar.addfile(info)
        self.assertIn("outside", self.run_update(evil, 2))
        damaged = self.kit("damaged", NEW)
        (damaged / "labs/2-election/election.c").write_text("damaged\n")
        self.assertIn("damaged", self.run_update(damaged, 2))
        self.assertEqual(self.tree(), before)

    def test_a_folder_that_is_no_kit_is_refused(self):
        (self.mine / update.MANIFEST).unlink()
        self.assertIn("not an unpacked kit",
                      self.run_update(self.packed("new", NEW), 2))


if __name__ == "__main__":
    unittest.main()
