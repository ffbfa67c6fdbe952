#!/usr/bin/env python3
"""The files of GitHub's and GitLab's pipelines: held against actionlint and the JSON schemas of both,
against the Makefile, and against each other. usage: workflows_test.py"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

import tools

tools.packages("check_jsonschema", "yaml")
import yaml  # noqa: E402  (in the Python that has it)

ROOT = tools.ROOT
GITHUB, GITLAB = ROOT / ".github/workflows/ci.yml", ROOT / ".gitlab-ci.yml"
ORDER = ["lint", "unit", "integration", "sim", "images", "chart", "scan", "release", "canary"]
PREPARE = re.compile(r"apt-get update && apt-get install -y --no-install-recommends [a-z0-9 -]+")
LINT = """
const {createLinter} = require(process.argv[1] + "/node.cjs");
const text = require("fs").readFileSync(process.argv[2], "utf8");
createLinter().then(lint => { console.log(JSON.stringify(lint(text, "ci.yml"))); process.exit(0); });
"""


def actionlint(path):
    folder = tools.tool("fetch-actionlint")
    done = subprocess.run(["node", "-e", LINT, folder, path], capture_output=True, text=True, check=True)
    return [f"{row['line']}: {row['message']}" for row in json.loads(done.stdout)]


def schema(which, path):
    done = subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", which, path], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def github_jobs():
    """name: (what it needs, what it runs)"""
    jobs = yaml.safe_load(GITHUB.read_text())["jobs"]
    return {name: (set(job.get("needs", [])), [step["run"] for step in job["steps"] if "run" in step and not PREPARE.fullmatch(step["run"])]) for name, job in jobs.items()}


def gitlab_jobs():
    document = yaml.safe_load(GITLAB.read_text())
    return {name: (set(job.get("needs", [])), job["script"]) for name, job in document.items() if isinstance(job, dict) and "script" in job}


class Workflows(unittest.TestCase):
    def altered(self, path, before, after):
        text = path.read_text()
        self.assertIn(before, text)
        file = tempfile.NamedTemporaryFile("w", suffix=path.suffix, delete=False)
        self.addCleanup(pathlib.Path(file.name).unlink)
        with file:
            file.write(text.replace(before, after))
        return file.name

    def test_linters_have_nothing_to_say(self):
        self.assertEqual(actionlint(GITHUB), [])
        self.assertEqual(schema("vendor.github-workflows", GITHUB), "")
        self.assertEqual(schema("vendor.gitlab-ci", GITLAB), "")

    def test_linters_bite(self):
        self.assertTrue(actionlint(self.altered(GITHUB, "needs: [lint]", "needs: [lintt]")))
        self.assertTrue(actionlint(self.altered(GITHUB, "secrets.GANNET", "secret.GANNET")))
        self.assertTrue(schema("vendor.github-workflows", self.altered(GITHUB, "timeout-minutes:", "timeout:")))
        self.assertTrue(schema("vendor.gitlab-ci", self.altered(GITLAB, "timeout: 45 minutes", "timeouts: 45 minutes")))

    def test_they_call_make_targets_and_nothing_else(self):
        targets = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text()))
        for jobs in (github_jobs(), gitlab_jobs()):
            for name, (_, commands) in jobs.items():
                self.assertTrue(commands, name)
                for command in commands:
                    match = re.fullmatch(r"make ([a-z-]+)", command)
                    self.assertTrue(match and match[1] in targets, f"{name}: {command}")

    def test_both_do_the_same_in_the_same_order(self):
        self.assertEqual(github_jobs(), gitlab_jobs())
        self.assertEqual(list(github_jobs()), ORDER)
        self.assertEqual(yaml.safe_load(GITLAB.read_text())["stages"], ORDER)
        for name, (needs, _) in github_jobs().items():
            self.assertTrue(all(ORDER.index(one) < ORDER.index(name) for one in needs), name)

    def test_only_a_tag_releases(self):
        github, gitlab = yaml.safe_load(GITHUB.read_text())["jobs"], yaml.safe_load(GITLAB.read_text())
        self.assertEqual(github["release"]["if"], "startsWith(github.ref, 'refs/tags/v')")
        self.assertEqual(github["canary"]["needs"], ["release"])
        for name in ("release", "canary"):
            self.assertEqual(gitlab[name]["rules"], [{"if": "$CI_COMMIT_TAG =~ /^v/"}])
        for name, job in github.items():
            self.assertEqual("secrets." in json.dumps(job), name in ("scan", "release", "canary"), name)
            self.assertEqual("PEM" in json.dumps(job), name == "release", name)


if __name__ == "__main__":
    unittest.main()
