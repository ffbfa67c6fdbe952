#!/usr/bin/env python3
"""tools/release and tools/publish over a copy of this tree in a repository of its own, with small
programs in the place of ours. usage: release_test.py"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GIT = {**os.environ, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example",
       "GIT_AUTHOR_DATE": "2026-01-02T03:04:05Z", "GIT_COMMITTER_DATE": "2026-01-02T03:04:05Z", "GIT_CONFIG_GLOBAL": "/dev/null", "DOCKER": "/nonexistent/docker"}
PARTS = ["CHANGELOG.md", "CMakeLists.txt", "LICENSE", "README.md", "charts/gannet", "clients/python/pyproject.toml", "config", "docker", "docs/upgrade.md",
         "libs/store/postgres_migrations.h", "services/ml-inference/models", "tools", "web/package.json"]
PROGRAMS = ["gannet", *(f"gannet-{n}" for n in "ingest news-signal ml-inference strategy risk execution reporting gateway recorder venue-sim".split())]


def run(*command, cwd=None, env=None):
    return subprocess.run([str(part) for part in command], cwd=cwd, env=env or GIT, capture_output=True, text=True, check=False)


class Release(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.folder = pathlib.Path(cls.temporary.name)
        cls.tree = cls.folder / "tree"
        for part in PARTS:
            target = cls.tree / part
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (ROOT / part).is_dir() else shutil.copy)(ROOT / part, target)
        for step in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
            done = run("git", *step, cwd=cls.tree)
            assert done.returncode == 0, done.stderr
        cls.bin = cls.folder / "bin"
        cls.bin.mkdir()
        for name in PROGRAMS:
            shutil.copy("/bin/true", cls.bin / name)
        cls.key, cls.public = cls.folder / "key.pem", cls.folder / "public.pem"
        assert cls.tool("keys", cls.key, cls.public).returncode == 0
        cls.good = cls.folder / "good"
        cls.made = cls.make(cls.good)

    @classmethod
    def tearDownClass(cls):
        cls.temporary.cleanup()

    @classmethod
    def tool(cls, *arguments):
        return run(sys.executable, "-B", cls.tree / "tools/release", *arguments)

    @classmethod
    def make(cls, out, *more, key=None, binaries=None):
        return cls.tool("make", out, "--bin", binaries or cls.bin, "--key", key or cls.key, *more)

    def verify(self, out, public=None):
        return self.tool("verify", out, "--public-key", public or self.public)

    def setUp(self):
        self.assertEqual(self.made.returncode, 0, self.made.stderr)

    def copy(self):
        own = tempfile.mkdtemp(dir=self.folder)
        return pathlib.Path(shutil.copytree(self.good, pathlib.Path(own) / "out"))

    def refused(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_release_holds_what_a_version_is_and_is_genuine(self):
        done = self.verify(self.good)
        self.assertEqual(done.returncode, 0, done.stderr)
        manifest = json.loads((self.good / "manifest.json").read_text())
        self.assertEqual(manifest["commit"], run("git", "rev-parse", "HEAD", cwd=self.tree).stdout.strip())
        self.assertEqual(sorted(manifest["programs"]), sorted(PROGRAMS))
        self.assertTrue({"UPGRADE.md", "CHANGES.md", "sbom/gannet-risk.cdx.json", "sbom/gannet-risk.spdx.json", "sbom/licences",
                         f"gannet-{manifest['version']}-linux-amd64.tar.gz", f"gannet-{manifest['version']}-symbols.tar.gz",
                         f"gannet-chart-{manifest['version']}.tgz"} <= manifest["files"].keys())
        listed = run("tar", "-tzf", self.good / f"gannet-{manifest['version']}-linux-amd64.tar.gz").stdout
        for name in (*PROGRAMS,):
            self.assertIn(f"/bin/{name}\n", listed)
        self.assertIn("/config/gannet.yaml\n", listed)

    def test_the_commands_of_the_page_verify_it_too(self):
        page = (ROOT / "docs/releases.md").read_text(encoding="utf-8")
        block = re.search(r"<!-- by hand -->\n```\n(.*?)```", page, re.S)[1].replace("release-key.pub", str(self.public))
        done = run("bash", "-euo", "pipefail", "-c", block, cwd=self.good)
        self.assertEqual(done.returncode, 0, done.stderr)
        bad = self.copy()
        (bad / "UPGRADE.md").write_text("nothing to do\n")
        self.assertNotEqual(run("bash", "-euo", "pipefail", "-c", block, cwd=bad).returncode, 0)

    def test_the_same_commit_gives_the_same_bytes(self):
        again = self.folder / "again"
        self.assertEqual(self.make(again).returncode, 0)
        self.assertEqual(run("diff", "-r", self.good, again).stdout, "")

    def test_the_chart_is_one_that_helm_takes(self):
        folder = run(ROOT / "tools/fetch-helm", env=os.environ)
        if folder.returncode == 4:
            self.skipTest(folder.stderr)
        shown = run(f"{folder.stdout.strip()}/helm", "show", "chart", next(self.good.glob("gannet-chart-*.tgz")))
        self.assertIn("name: gannet", shown.stdout, shown.stderr)

    def test_anything_else_is_not_genuine(self):
        changed = self.copy()
        (changed / "sbom/licences").write_text("none\n")
        self.refused(self.verify(changed), "sbom/licences has been changed", "do not use")
        added = self.copy()
        (added / "more").write_text("")
        self.refused(self.verify(added), "more is not in the manifest")
        missing = self.copy()
        (missing / "CHANGES.md").unlink()
        self.refused(self.verify(missing), "CHANGES.md is missing")
        retold = self.copy()
        text = (retold / "manifest.json").read_text()
        (retold / "manifest.json").write_text(text.replace('"format": 1', '"format":  1'))
        self.refused(self.verify(retold), "the signature of")
        self.tool("keys", self.folder / "other.pem", self.folder / "other.pub")
        self.refused(self.verify(self.good, self.folder / "other.pub"), "is not by")

    def test_a_pipeline_has_its_keys_in_the_environment(self):
        out = self.folder / "by-pipeline"
        both = {**GIT, "GANNET_RELEASE_KEY_PEM": self.key.read_text(), "GANNET_RELEASE_PUBLIC_PEM": self.public.read_text()}
        tool = (sys.executable, "-B", self.tree / "tools/release")
        self.assertEqual(run(*tool, "make", out, "--bin", self.bin, env=both).returncode, 0)
        self.assertEqual(run(*tool, "verify", out, env=both).returncode, 0)
        self.refused(run(*tool, "verify", out), "GANNET_RELEASE_PUBLIC_PEM")

    def test_a_key_that_is_none_is_refused(self):
        out = self.folder / "never"
        self.refused(self.make(out, key=self.folder / "nowhere"), "tools/release keys")
        loose = self.folder / "loose.pem"
        shutil.copy(self.key, loose)
        loose.chmod(0o644)
        self.refused(self.make(out, key=loose), "others may read")
        other = self.folder / "p256.pem"
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", other)
        other.chmod(0o600)
        self.refused(self.make(out, key=other), "no Ed25519 key")
        self.refused(self.tool("keys", self.key, self.public), "never written over")
        self.assertFalse(out.exists())

    def test_a_tree_that_is_no_version_is_refused(self):
        out = self.folder / "never"

        def with_change(path, before, after, *words):
            file = self.tree / path
            text = file.read_text(encoding="utf-8")
            self.assertIn(before, text)
            file.write_text(text.replace(before, after, 1), encoding="utf-8")
            try:
                self.refused(self.make(out), *words)
            finally:
                file.write_text(text, encoding="utf-8")
        with_change("LICENSE", "Apache", "Some", "the tree has changes", "LICENSE")
        with_change("web/package.json", '"version": "', '"version": "9', "versions differ", "web/package.json 9")
        few = self.folder / "few"
        few.mkdir()
        self.refused(self.make(out, binaries=few), "not built", "gannet-risk")
        self.refused(self.make(self.good), "is not empty")

    def test_a_version_without_notes_is_refused(self):
        tree = self.folder / "untold"
        run("git", "clone", "-q", self.tree, tree)
        page = tree / "docs/upgrade.md"
        page.write_text(page.read_text().replace("## 0", "## before 0"))
        run("git", "commit", "-qam", "untold", cwd=tree)
        self.refused(run(sys.executable, "-B", tree / "tools/release", "make", self.folder / "never", "--bin", self.bin, "--key", self.key), "docs/upgrade.md says nothing of")

    def publish(self, release, ids):
        """With clients that write down what they are asked."""
        clients = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        (clients / "docker").write_text("#!/bin/bash\necho docker \"$@\" >>" + str(clients / "asked") + "\n"
                                        'case "$*" in\n'
                                        + "".join(f'  *"{{{{.Id}}}} {name}:"*) echo {value} ;;\n' for name, value in ids.items())
                                        + f'  *RepoDigests*) echo "${{@: -1}}" | sed -E "s/:[^:]*$/@sha256:{"c" * 64}/" ;;\n  *Id*) exit 1 ;;\nesac\n')
        (clients / "helm").write_text(f"#!/bin/bash\necho helm \"$@\" >>{clients}/asked\n")
        for name in ("docker", "helm"):
            (clients / name).chmod(0o755)
        done = run(self.tree / "tools/publish", release, "registry.example/gannet", "--key", self.key, "--public-key", self.public,
                   env={**GIT, "DOCKER": str(clients / "docker"), "HELM": str(clients / "helm")})
        asked = (clients / "asked").read_text() if (clients / "asked").exists() else ""
        return done, asked

    def test_images_leave_only_as_the_manifest_names_them(self):
        ids = {f"gannet-{name}": "sha256:" + digit * 64 for name, digit in (("risk", "a"), ("cli", "b"))}
        table = self.folder / "images"
        table.write_text("".join(f"{name} {value}\n" for name, value in ids.items()))
        out = self.folder / "with-images"
        self.assertEqual(self.make(out, "--images", table).returncode, 0)
        done, asked = self.publish(out, ids)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("push -q registry.example/gannet/gannet-risk:", asked)
        self.assertIn("oci://registry.example/gannet/charts", asked)
        published = self.folder / "with-images-published"
        self.assertIn("    risk: sha256:" + "c" * 64, (published / "digests.yaml").read_text())
        self.assertEqual(run("openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", self.public, "-in", published / "digests.yaml",
                             "-sigfile", published / "digests.yaml.sig").returncode, 0)
        done, asked = self.publish(out, {**ids, "gannet-risk": "sha256:" + "d" * 64})
        self.refused(done, "the release says")
        self.assertNotIn("push", asked)
        done, asked = self.publish(self.good, ids)
        self.refused(done, "names no images")
        bad = self.folder / "bad-images"
        shutil.copytree(out, bad)
        (bad / "UPGRADE.md").write_text("")
        done, asked = self.publish(bad, ids)
        self.refused(done, "has been changed")
        self.assertEqual(asked, "")


if __name__ == "__main__":
    unittest.main()
