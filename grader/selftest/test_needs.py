"""Proves that grader/needs asks the right package manager for what is missing,
and says so.

The machine is played: PATH holds nothing but stand-ins for the tools. A
package that was "installed" is a file in a folder, and what the stand-ins were
called with is a log.
"""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

NEEDS = pathlib.Path(__file__).resolve().parents[1] / "needs"

# What a script may expect of any system.
BASE = ("sh", "env", "rm", "tail", "touch", "cat", "chmod")


class Needs(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.bin = pathlib.Path(folder.name, "bin")
        self.bin.mkdir()
        self.log = pathlib.Path(folder.name, "log")
        self.log.write_text("")
        for name in BASE:
            (self.bin / name).symlink_to(shutil.which(name))
        self.tool("id", "echo 0")
        self.tool("cc", "cat >/dev/null")
        self.tool("make", "exit 0")
        self.tool("python3", "exit 0")

    def tool(self, name, body):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)

    def without(self, name):
        (self.bin / name).unlink()

    def manager(self, name, body):
        """A package manager that notes how it was called."""
        self.tool(name, f'echo "{name} $*" >>{self.log}\n{body}')

    def makes(self, name):
        """Shell text that puts a tool onto the machine."""
        path = self.bin / name
        return (f"printf '#!/bin/sh\\ncat >/dev/null\\n' >{path}; "
                f"chmod +x {path}")

    def run_needs(self, *words):
        env = {"PATH": str(self.bin), "TMPDIR": str(self.bin.parent)}
        done = subprocess.run([str(NEEDS), *words], env=env, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=300)
        left = [path.name for path in self.bin.parent.iterdir()]
        self.assertEqual(sorted(left), ["bin", "log"])  # nothing left behind
        return done.returncode, done.stdout

    def calls(self):
        return self.log.read_text().splitlines()

    def test_all_there_is_silent(self):
        self.manager("apt-get", "exit 1")
        self.assertEqual(self.run_needs(), (0, ""))
        self.assertEqual(self.calls(), [])

    def test_what_is_missing_is_installed(self):
        self.without("make")
        self.manager("apt-get", self.makes("make"))
        self.assertEqual(self.run_needs(), (
            0, "Conclave needs make: running apt-get install -y -q make\n"))
        self.assertEqual(self.calls(), ["apt-get install -y -q make"])

    def test_libuv_is_tried_out(self):
        here = self.bin / "have-libuv"
        self.tool("cc", f"cat >/dev/null; [ -e {here} ]")
        self.manager("apt-get", f"touch {here}")
        code, said = self.run_needs()
        self.assertEqual(code, 0)
        self.assertEqual(said, "Conclave needs libuv: running apt-get install "
                               "-y -q libuv1-dev\n")

    def test_old_package_lists_are_fetched_anew(self):
        self.without("make")
        fresh = self.bin / "fresh"
        self.manager("apt-get", f"case $1 in update) touch {fresh};; "
                                f"*) [ -e {fresh} ] && {self.makes('make')};; "
                                "esac")
        self.assertEqual(self.run_needs()[0], 0)
        self.assertEqual(self.calls(), [
            "apt-get install -y -q make", "apt-get update -q",
            "apt-get install -y -q make"])

    def test_all_missing(self):
        for name in ("cc", "make", "python3"):
            self.without(name)
        self.manager("apk", "; ".join(map(self.makes,
                                          ("cc", "make", "python3"))))
        self.assertEqual(self.run_needs()[0], 0)
        self.assertEqual(self.calls(), [
            "apk add gcc musl-dev make python3 libuv-dev"])

    def test_every_manager_has_its_names(self):
        for name, call in {
                "dnf": "dnf install -y -q libuv-devel",
                "yum": "yum install -y -q libuv-devel",
                "zypper": "zypper --non-interactive install libuv-devel",
                "pacman": "pacman -S --noconfirm --needed libuv",
                "apk": "apk add libuv-dev",
                "brew": "brew install libuv"}.items():
            with self.subTest(manager=name):
                here = self.bin / f"libuv-by-{name}"
                self.tool("cc", f"cat >/dev/null; [ -e {here} ]")
                self.log.write_text("")
                self.manager(name, f"touch {here}")
                self.assertEqual(self.run_needs()[0], 0)
                self.assertEqual(self.calls(), [call])
                self.without(name)

    def test_sudo_is_used_where_needed(self):
        self.tool("id", "echo 1000")
        self.without("make")
        self.manager("apt-get", self.makes("make"))
        self.manager("sudo", 'shift; "$@"')
        code, said = self.run_needs()
        self.assertEqual(code, 0)
        self.assertIn("running sudo -n apt-get install -y -q make", said)
        self.assertTrue(self.calls()[0].startswith("sudo -n env "))

    def test_without_sudo_a_sentence_says_what_to_run(self):
        self.tool("id", "echo 1000")
        self.without("make")
        self.manager("apt-get", "exit 1")
        self.assertEqual(self.run_needs(), (
            1, "Conclave needs make: as root, run: apt-get install -y -q "
               "make\n"))
        self.assertEqual(self.calls(), [])

    def test_without_a_manager_a_sentence_says_what_is_needed(self):
        self.without("make")
        code, said = self.run_needs()
        self.assertEqual(code, 1)
        self.assertIn("Conclave needs make", said)
        self.assertIn("install by hand", said)

    def test_a_failed_install_is_shown(self):
        self.without("make")
        self.manager("apt-get", "echo no network; exit 100")
        code, said = self.run_needs()
        self.assertEqual(code, 1)
        self.assertIn("no network", said)
        self.assertIn("could not install make", said)

    def test_a_version_too_old_is_said(self):
        self.tool("python3", "exit 1")
        self.manager("apt-get", "exit 0")
        code, said = self.run_needs()
        self.assertEqual(code, 1)
        self.assertIn("still misses python", said)

    def test_check_installs_nothing(self):
        self.without("make")
        self.manager("apt-get", "exit 0")
        self.assertEqual(self.run_needs("--check"), (1, "missing: make\n"))
        self.assertEqual(self.calls(), [])


if __name__ == "__main__":
    unittest.main()
