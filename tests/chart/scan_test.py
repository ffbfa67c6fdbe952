#!/usr/bin/env python3
"""tools/scan over a bill of material that docker/sbom makes of packages of this machine, with data
in the form of Debian's security tracker. usage: scan_test.py"""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def entry(status, urgency="low", mended=None, release="bookworm"):
    return {"releases": {release: {"status": status, "urgency": urgency, **({"fixed_version": mended} if mended else {})}}}


class Scan(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)
        # Binary packages of other names than their sources: glibc, gcc-12.
        (self.folder / "packages").write_text("gannet libc.so.6 libc6 2.36-9\ngannet libstdc++.so.6 libstdc++6 12.2.0-14\n"
                                              "gannet libonnxruntime.so.1.21.0 - libonnxruntime.so.1.21.0\n")
        subprocess.run([ROOT / "docker" / "sbom", self.folder, self.folder / "sbom"], check=True, capture_output=True)

    def scan(self, *arguments):
        return subprocess.run([ROOT / "tools" / "scan", "--sbom", self.folder / "sbom", *arguments], capture_output=True, text=True)

    def scan_with(self, tracker, *arguments):
        (self.folder / "data.json").write_text(json.dumps(tracker))
        return self.scan("--data", self.folder / "data.json", *arguments)

    def test_what_an_update_mends_fails(self):
        done = self.scan_with({"glibc": {"CVE-1": entry("resolved", "medium", "2.36-9+deb12u1"), "CVE-2": entry("resolved", "high", "2.30-1"),
                                         "CVE-3": entry("resolved", "high", "0")}})
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("an update mends: 1\n  CVE-1              medium             libc6 2.36-9, mended in 2.36-9+deb12u1\n", done.stdout)

    def test_open_fails_only_when_rated_high(self):
        low = {"glibc": {"CVE-1": entry("open"), "CVE-2": entry("open", "unimportant"), "CVE-3": entry("open", "high", release="sid")}}
        done = self.scan_with(low, "--open")
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn("open: 1\n  CVE-1", done.stdout)
        high = self.scan_with({"gcc-12": {"CVE-1": entry("undetermined", "high")}, "glibc": {}})
        self.assertEqual(high.returncode, 1)
        self.assertIn("open, rated high: 1\n  CVE-1", high.stdout)

    def test_what_is_not_debians_is_named(self):
        self.assertIn("not in Debian, not looked up: onnxruntime 1.21.0\n", self.scan_with({"glibc": {}}).stdout)

    def test_nothing_to_scan_is_no_success(self):
        self.assertEqual(self.scan().returncode, 4)
        self.assertEqual(subprocess.run([ROOT / "tools" / "scan", "--sbom", self.folder], capture_output=True).returncode, 4)

    def test_data_of_another_kind_is_refused(self):
        for tracker in ({}, {"vlc": {"CVE-1": entry("open", "high")}}, [], {"glibc": {"CVE-1": {"releases": {"bookworm": {}}}}}):
            done = self.scan_with(tracker)
            self.assertEqual(done.returncode, 2, tracker)
            self.assertIn("data.json", done.stderr)
        (self.folder / "data.json").write_text("<html>")
        self.assertEqual(self.scan("--data", self.folder / "data.json").returncode, 2)
        self.assertEqual(self.scan("--data", self.folder / "missing").returncode, 2)


if __name__ == "__main__":
    sys.argv = sys.argv[:1]
    unittest.main()
