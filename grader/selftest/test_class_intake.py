"""Proves that submissions are found, unpacked and told apart safely: nothing
leaves the folder, nothing grows without end, and what is refused is said in one
sentence."""

import io
import pathlib
import stat
import sys
import tarfile
import tempfile
import unittest
import zipfile
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from classroom import content, entries, unpack  # noqa: E402

STAGES = ("1-rpc", "2-election")


class Folder(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory(prefix="cv-test-")
        self.folder = pathlib.Path(self._folder.name)
        self.into = self.folder / "into"
        self.handed = self.folder / "handed"
        self.handed.mkdir()

    def tearDown(self):
        self._folder.cleanup()

    def write(self, name, text="int x;\n"):
        path = self.handed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def tar(self, members, name="ada.tar", mode="w"):
        """members: (name, content), or (name, type, target)."""
        path = self.handed / name
        with tarfile.open(path, mode) as archive:
            for one in members:
                member = tarfile.TarInfo(one[0])
                if len(one) == 2:
                    member.size = len(one[1])
                    archive.addfile(member, io.BytesIO(one[1]))
                else:
                    member.type, member.linkname = one[1], one[2]
                    archive.addfile(member)
        return path

    def zip(self, members, name="ada.zip"):
        path = self.handed / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for entry, data in members:
                archive.writestr(entry, data)
        return path

    def unpack(self, path):
        return unpack.unpack(entries.entry_of(path), self.into)

    def arrived(self):
        return sorted(path.relative_to(self.into).as_posix()
                      for path in self.into.rglob("*") if path.is_file())

    def refused(self, path):
        """The one sentence with which it is refused."""
        with self.assertRaises(unpack.Refused) as caught:
            self.unpack(path)
        sentence = str(caught.exception)
        self.assertNotIn("\n", sentence)
        return sentence


class Names(Folder):
    def names(self):
        found, refused = entries.find(self.handed)
        return {one.student: one.shown for one in found}, refused

    def test_folders_and_archives_are_their_students(self):
        self.write("ada/1-rpc/rpc.c")
        for name in ("boris.tar.gz", "carla.tgz", "d.e.zip", "emil.tar.xz"):
            self.write(name)
        self.write(".DS_Store")
        names, refused = self.names()
        self.assertEqual(sorted(names), ["ada", "boris", "carla", "d.e",
                                         "emil"])
        self.assertEqual(refused, [])

    def test_names_of_canvas_and_moodle_are_read(self):
        self.write("doejane_LATE_123_456789_lab3.zip")
        self.write("roejohn_77_456790_lab3-1.tar.gz")
        self.write("Max Muster_4711_assignsubmission_file_/1-rpc/rpc.c")
        found, refused = entries.find(self.handed)
        self.assertEqual({one.student: one.id for one in found},
                         {"doejane-123": "123", "roejohn-77": "77",
                          "Max_Muster-4711": "4711"})
        self.assertEqual(refused, [])

    def test_loose_files_of_canvas_are_put_together(self):
        self.write("doejane_123_456_rpc-2.c", "int rpc;\n")
        self.write("doejane_123_457_frame.c", "int frame;\n")
        (found,), refused = entries.find(self.handed)
        self.assertEqual(refused, [])
        self.assertEqual(unpack.unpack(found, self.into), [])
        self.assertEqual(self.arrived(), ["frame.c", "rpc.c"])

    def test_two_of_one_student_are_refused(self):
        self.write("ada.zip")
        self.write("ada/1-rpc/rpc.c")
        self.write("boris.zip")
        names, (sentence,) = self.names()
        self.assertEqual(list(names), ["boris"])
        self.assertIn("keep one of them", sentence)

    def test_what_is_no_submission_is_told(self):
        self.write("notes.txt")
        self.write("ada.rar")
        (self.handed / "link").symlink_to("/etc")
        names, refused = self.names()
        self.assertEqual(names, {})
        self.assertEqual(len(refused), 3)

    def test_no_name_leads_anywhere(self):
        for name in ("..", "-x", ".hidden.zip", "a b/c", "$(rm)"):
            entry = entries.entry_of(self.handed / name.replace("/", "_"))
            self.assertRegex(entry.student, r"\A[\w@+][\w.@+-]*\Z")


class Unpacking(Folder):
    def test_every_kind_of_archive_arrives(self):
        files = [("1-rpc/rpc.c", b"int x;\n"), ("./1-rpc/rpc.h", b"")]
        for name, mode in (("a.tar", "w"), ("a.tar.gz", "w:gz"),
                           ("a.tar.xz", "w:xz"), ("a.tar.bz2", "w:bz2")):
            with self.subTest(name):
                self.into = self.folder / f"into-{name}"
                self.assertEqual(self.unpack(self.tar(files, name, mode)), [])
                self.assertEqual(self.arrived(), ["1-rpc/rpc.c",
                                                  "1-rpc/rpc.h"])
        self.into = self.folder / "into-zip"
        self.assertEqual(self.unpack(self.zip(files)), [])
        self.assertEqual(self.arrived(), ["1-rpc/rpc.c", "1-rpc/rpc.h"])

    def test_an_archive_is_known_by_its_content_not_its_name(self):
        path = self.tar([("1-rpc/rpc.c", b"x")], "ada.zip", "w:gz")
        self.assertEqual(self.unpack(path), [])
        self.assertEqual(self.arrived(), ["1-rpc/rpc.c"])

    def test_names_that_lead_out_are_left_out(self):
        path = self.tar([("../up.c", b"x"), ("/abs.c", b"x"),
                         ("a/../../b.c", b"x"), ("ok.c", b"x")])
        findings = self.unpack(path)
        self.assertEqual(self.arrived(), ["ok.c"])
        self.assertEqual(len(findings), 3)
        self.assertFalse((self.folder / "up.c").exists())
        self.into = self.folder / "again"
        findings = self.unpack(self.zip([("../up.c", b"x"),
                                         ("C:\\x.c", b"x"),
                                         ("..\\y.c", b"x"),
                                         ("/z.c", b"x")]))
        self.assertEqual((self.arrived(), len(findings)), ([], 4))

    def test_nothing_is_written_through_a_link(self):
        target = self.folder / "target"
        target.mkdir()
        path = self.tar([("d", tarfile.SYMTYPE, str(target)),
                         ("d/x.c", b"x"),
                         ("h.c", tarfile.LNKTYPE, "/etc/passwd"),
                         ("pipe", tarfile.FIFOTYPE, ""),
                         ("dev", tarfile.CHRTYPE, "")])
        findings = self.unpack(path)
        self.assertEqual(len(findings), 4)
        self.assertEqual(list(target.iterdir()), [])
        self.assertEqual(self.arrived(), ["d/x.c"])
        self.assertFalse((self.into / "d").is_symlink())

    def test_links_in_zips_and_folders_are_left_out(self):
        link = zipfile.ZipInfo("l.c")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        self.assertEqual(len(self.unpack(self.zip([(link, "/etc/passwd")]))),
                         1)
        self.assertEqual(self.arrived(), [])
        self.into = self.folder / "again"
        self.write("ada/1-rpc/rpc.c")
        (self.handed / "ada" / "1-rpc" / "l.c").symlink_to("/etc/passwd")
        (self.handed / "ada" / "out").symlink_to("/etc")
        self.assertEqual(len(self.unpack(self.handed / "ada")), 2)
        self.assertEqual(self.arrived(), ["1-rpc/rpc.c"])

    def test_a_file_in_the_place_of_a_folder_is_left_out(self):
        findings = self.unpack(self.tar([("a", b"x"), ("a/b.c", b"x"),
                                         ("c/d.c", b"x"), ("c", b"x")]))
        self.assertEqual(self.arrived(), ["a", "c/d.c"])
        self.assertEqual(len(findings), 2)

    def test_of_two_of_a_name_the_last_counts(self):
        self.unpack(self.tar([("a.c", b"first"), ("a.c", b"second")]))
        self.assertEqual((self.into / "a.c").read_bytes(), b"second")

    def test_what_nobody_needs_is_dropped_silently(self):
        path = self.tar([(".git/config", b"x"), ("build/big.o", b"x"),
                         ("__MACOSX/1-rpc/._rpc.c", b"x"),
                         ("1-rpc/._rpc.c", b"x"), ("1-rpc/rpc.c", b"x")])
        self.assertEqual(self.unpack(path), [])
        self.assertEqual(self.arrived(), ["1-rpc/rpc.c"])


class Limits(Folder):
    def test_too_many_files(self):
        with mock.patch.object(unpack, "MAX_FILES", 3):
            self.assertIn("more than 3 files", self.refused(self.tar(
                [(f"{one}.c", b"") for one in range(4)])))

    def test_too_many_names(self):
        with mock.patch.object(unpack, "MAX_MEMBERS", 3):
            self.assertIn("more than 3 entries", self.refused(self.tar(
                [("../x", b"")] * 4)))

    def test_a_bomb_of_zeros(self):
        zeros = bytes(9 << 20)
        self.assertIn("longer than 8 MiB", self.refused(
            self.zip([("a.c", zeros)])))
        self.into = self.folder / "again"
        self.assertIn("longer than 8 MiB", self.refused(
            self.tar([("a.c", zeros)], mode="w:gz")))

    def test_all_of_it_is_too_much(self):
        with mock.patch.object(unpack, "MAX_BYTES", 1 << 20):
            self.assertIn("comes to more than 1 MiB", self.refused(
                self.zip([(f"{one}.c", bytes(600_000)) for one in range(2)])))

    def test_dropped_files_count_as_read(self):
        with mock.patch.object(unpack, "MAX_READ_BYTES", 1 << 20):
            self.assertIn("unpacks to more than", self.refused(self.tar(
                [("build/x", bytes(4 << 20))], "a.tar.gz", "w:gz")))

    def test_the_archive_itself_is_too_long(self):
        with mock.patch.object(unpack, "MAX_ARCHIVE_BYTES", 100):
            self.assertIn("longer than", self.refused(self.tar(
                [("a.c", b"x" * 1000)])))

    def test_long_and_deep_and_odd_names(self):
        findings = self.unpack(self.tar([
            ("x" * 300, b""), ("/".join("d" * 40) + "/x.c", b""),
            ("a\nb.c", b"")]))
        self.assertEqual((len(findings), self.arrived()), (3, []))
        self.assertFalse(any("\n" in one for one in findings))

    def test_what_is_no_archive(self):
        for content_, name in ((b"", "a.zip"), (b"PK\x03\x04rest", "b.zip"),
                               (b"\x1f\x8b\x08\x00junk", "c.tar.gz"),
                               (b"\xfd7zXZ\0junk", "d.tar.xz"),
                               (b"BZh9junk", "e.tar.bz2"),
                               (b"hello" * 400, "f.tar")):
            with self.subTest(name):
                self.into = self.folder / f"into-{name}"
                path = self.handed / name
                path.write_bytes(content_)
                self.assertIn("cannot be unpacked", self.refused(path))

    def test_half_of_an_archive(self):
        path = self.tar([("a.c", b"x" * 100_000)], "a.tar.gz", "w:gz")
        path.write_bytes(path.read_bytes()[:80])
        self.assertIn("cannot be unpacked", self.refused(path))

    def test_an_encrypted_zip(self):
        path = self.zip([("a.c", b"secret")])
        data = bytearray(path.read_bytes())
        data[6] |= 1  # the flag, in both headers
        data[data.index(b"PK\x01\x02") + 8] |= 1
        path.write_bytes(bytes(data))
        self.assertIn("cannot be unpacked", self.refused(path))


class Content(Folder):
    def top(self, labs=("rpc", "election")):
        return content.find_top(self.handed, STAGES, labs) \
            .relative_to(self.handed).as_posix()

    def test_stages_are_found_at_any_depth(self):
        self.write("1-rpc/rpc.c")
        self.assertEqual(self.top(), ".")
        (self.handed / "1-rpc" / "rpc.c").unlink()
        self.write("my work/conclave-1.0/labs/1-rpc/rpc.c")
        self.assertEqual(self.top(), "my work/conclave-1.0/labs")

    def test_labs_count_before_other_copies(self):
        self.write("kit/labs/1-rpc/rpc.c")
        self.write("kit/backup/1-rpc/rpc.c")
        self.assertEqual(self.top(), "kit/labs")

    def test_two_places_are_refused(self):
        self.write("old/1-rpc/rpc.c")
        self.write("new/1-rpc/rpc.c")
        with self.assertRaisesRegex(unpack.Refused, "new/ and in old/"):
            self.top()

    def test_one_lab_may_be_handed_in_flat(self):
        self.write("rpc/rpc.c")
        self.assertEqual(self.top(("rpc",)), "rpc")
        with self.assertRaisesRegex(unpack.Refused, "none in a folder"):
            self.top()

    def test_nothing_is_refused(self):
        with self.assertRaisesRegex(unpack.Refused, "no C file"):
            self.top()

    def test_the_hash_is_of_content_and_names_alone(self):
        self.write("ada/1-rpc/rpc.c")
        self.write("ada/1-rpc/b.c", "int b;\n")
        first = content.content_hash(self.handed / "ada")
        path = self.tar([("1-rpc/b.c", b"int b;\n"),
                         ("1-rpc/rpc.c", b"int x;\n")], "x.tar.gz", "w:gz")
        self.unpack(path)
        self.assertEqual(content.content_hash(self.into), first)
        self.write("ada/1-rpc/b.c", "int b; \n")
        self.assertNotEqual(content.content_hash(self.handed / "ada"), first)
        self.write("ada/1-rpc/b.c", "int b;\n").rename(
            self.handed / "ada" / "1-rpc" / "c.c")
        self.assertNotEqual(content.content_hash(self.handed / "ada"), first)


if __name__ == "__main__":
    unittest.main()
