"""What the tests of chart and containers run with: tools/ brings it, or they are SKIPPED."""
import importlib.util
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def tool(*command):
    """The line that a tool of ours prints, or the end of this test."""
    done = subprocess.run([ROOT / "tools" / command[0], *command[1:]], capture_output=True, text=True)
    if done.returncode == 4:
        print(f"SKIPPED: {done.stderr.strip()}")
        sys.exit(4)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return done.stdout.strip()


def packages(*modules):
    """Goes on in a Python that has requirements.txt."""
    if all(importlib.util.find_spec(module) for module in modules or ("kubernetes_validate", "yaml")):
        return
    if os.environ.get("GANNET_CHART_PYTHON"):
        sys.exit("tools/test-python gave a Python without what it was asked for")
    os.environ["GANNET_CHART_PYTHON"] = "yes"
    python = tool("test-python", "tests/chart/requirements.txt")
    os.execv(python, [python, "-B", *sys.argv])
