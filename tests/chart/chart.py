"""The chart as Helm renders it, and its objects as the rest of the test asks for them."""
import functools
import os
import pathlib
import subprocess
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CHART = ROOT / "charts" / "gannet"
CASES = sorted(path.name.removesuffix("-values.yaml") for path in (CHART / "ci").glob("*-values.yaml"))
WORKLOADS = ("StatefulSet", "Deployment", "Job", "Pod")
# What a case needs that a bare cluster does not have.
APIS = {"keda": ["keda.sh/v1alpha1"], "monitoring": ["monitoring.coreos.com/v1"]}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Refused(Exception):
    """Helm did not render; the message is Helm's."""


class Helm:
    def __init__(self, folder):
        self.program = os.path.join(folder, "helm")

    def run(self, *arguments):
        # No plugins, no repositories, nothing of the person's own.
        with tempfile.TemporaryDirectory() as home:
            environment = {"PATH": os.environ["PATH"], "HOME": home}
            return subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True, env=environment, timeout=60)

    def text(self, case=None, values=None, release="gannet", chart=CHART, apis=None, extra=()):
        """The manifest. `values` is laid over those of the case."""
        arguments = ["template", release, chart, "--namespace", "trading", "--kube-version", "1.35.0", *extra]
        if case:
            arguments += ["--values", CHART / "ci" / f"{case}-values.yaml"]
        for api in APIS.get(case, []) if apis is None else apis:
            arguments += ["--api-versions", api]
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            if values is not None:
                yaml.safe_dump(values, file)
                file.flush()
                arguments += ["--values", file.name]
            done = self.run(*arguments)
        if done.returncode != 0:
            raise Refused(done.stderr)
        return done.stdout

    def objects(self, *arguments, **named):
        return [one for one in yaml.load_all(self.text(*arguments, **named), LOADER) if one]

    def lint(self, case):
        done = self.run("lint", "--strict", CHART, "--values", CHART / "ci" / f"{case}-values.yaml", "--kube-version", "1.35.0")
        return done.returncode, done.stdout + done.stderr


@functools.cache
def facts():
    return yaml.safe_load((CHART / "files" / "services.yaml").read_text())


@functools.cache
def edges():
    return yaml.safe_load((CHART / "files" / "edges.yaml").read_text())["edges"]


def called(one):
    return f"{one['kind']}/{one['metadata']['name']}"


def of_kind(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def template_of(one):
    """The pod that an object makes: metadata and spec."""
    return one if one["kind"] == "Pod" else one["spec"]["template"]


def workloads(objects):
    return [(called(one), one, template_of(one)) for one in of_kind(objects, *WORKLOADS)]


def containers(pod, init=True):
    return [*(pod["spec"].get("initContainers", []) if init else []), *pod["spec"]["containers"]]


def component(one):
    return one["metadata"]["labels"]["app.kubernetes.io/component"]


def matches(selector, labels):
    """Of a labelSelector, as far as the chart uses them."""
    unknown = set(selector) - {"matchLabels"}
    assert not unknown, f"the test does not know {unknown} of a selector"
    return selector.get("matchLabels", {}).items() <= labels.items()
