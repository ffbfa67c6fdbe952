#!/usr/bin/env python3
"""Every row of refused_starts.py on the real program: it does not start, says which setting is
wrong and what to do, repeats no secret, and leaves at once. docs/refusals.md lists the same rows.

usage: refusal_test.py BIN_DIR | refusal_test.py --write (docs/refusals.md)
"""
import concurrent.futures
import os
import sys

import harness
from harness import check
from refused_starts import CASES, GOOD

LIMIT = 30  # seconds on a busy machine
PAGE = "docs/refusals.md"
# A configuration may be checked without the --bus that the start will name.
SAID_AT_THE_START = {"people in common, and consent nowhere"}
SERVICES = {"execution", "gateway", "ingest", "reporting", "risk"}
HEAD = """# What it does not start with

Each row is laid out and tried on the real program (`tests/e2e/refusal_test.py`, made by it with `--write`): it ends with 1 or 2 before it has done
anything, names the setting and what to do, and repeats no secret; `--check-config` says the same, with 2. What a running program refuses is in [failures.md](failures.md), what the chart refuses in
`tests/chart/refused.py`.

A secret is a file of one line that only its owner reads (a file of root's, mode 0440, that a process's group reads is taken: Kubernetes mounts it so), of at
least 12 characters, five of them different, and none of the words that everybody tries first (`libs/base/weak_secret.cc`). What signs a venue's requests may be a private key in PEM instead (Ed25519 or RSA; Bybit takes RSA alone).

| | refused | program | words of the message |
|---|---|---|---|
"""


class Stage:
    """The folder of one case, with the data folder inside."""

    def __init__(self, bin_dir, folder, certificates):
        self.bin_dir, self.folder, self.certificates = bin_dir, folder, certificates
        os.makedirs(os.path.join(folder, "data"))

    def write(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def certificate(self, key_mode=0o600, other_key=False, passphrase=False):
        name = "locked" if passphrase else "other" if other_key else "own"
        self.write("tls.crt", self.certificates["crt"])
        self.write("tls.key", self.certificates[name], key_mode)

    def limits(self, more):
        with open("config/limits.yaml", encoding="utf-8") as file:
            return self.write("limits.yaml", file.read().replace("\ngate:\n", f"\ngate:\n  {more}\n"))


def make_certificates(folder):
    def openssl(*arguments):
        code, out, err = harness.run(["openssl", *arguments], 30)
        check(code == 0, f"openssl {arguments[0]}: {out}{err}")

    def path(name):
        return os.path.join(folder, name)

    curve = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    for name in ("own", "other"):
        openssl("genpkey", *curve, "-out", path(name))
    openssl("pkey", "-in", path("own"), "-aes256", "-passout", "pass:" + GOOD, "-out", path("locked"))
    openssl("req", "-x509", "-new", "-key", path("own"), "-days", "2", "-subj", "/CN=localhost", "-out", path("crt"))
    made = {}
    for name in ("own", "other", "locked", "crt"):
        with open(path(name), encoding="ascii") as file:
            made[name] = file.read()
    return made


def try_case(bin_dir, folder, certificates, number, case):
    """The start, and for what has a configuration its check, which finds what the start does."""
    problems = []
    for checked in (False, True) if case[2] in SERVICES and case[1] not in SAID_AT_THE_START else (False,):
        problems += try_start(bin_dir, os.path.join(folder, f"case-{number}-{int(checked)}"), certificates, case, checked)
    return problems


def try_start(bin_dir, folder, certificates, case, checked):
    area, what, program, lay_out, words = case
    what += " (--check-config)" * checked
    stage = Stage(bin_dir, folder, certificates)
    arguments = lay_out(stage) + ["--check-config"] * checked
    binary = os.path.join(bin_dir, "gannet" if program == "gannet" else f"gannet-{program}")
    if program != "gannet":
        arguments += ["--data", os.path.join(stage.folder, "data")]
    if program in SERVICES and "--rpc-address" not in arguments and "--rpc" not in arguments:
        arguments += ["--rpc-address", "off"]
    try:
        code, out, err = harness.run([binary, *arguments], LIMIT, cwd=stage.folder, env={**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": ""})
    except harness.Failure:
        return [f"{area}: {what}: runs"]
    said = out + err
    problems = []
    if code not in ((2,) if checked else (1, 2)):
        problems.append(f"ended with {code}")
    problems += [f"does not say '{word}'" for word in words if word.lower() not in said.lower()]
    if GOOD in said:
        problems.append("repeats the secret")
    if '"event":"started"' in said:
        problems.append("has started")
    return [f"{area}: {what}: {problem}\n{said[-1500:]}" for problem in problems]


def table():
    rows = []
    for area, what, program, _, words in CASES:
        name = program if program == "gannet" else f"`gannet-{program}`"
        rows.append(f"| {area} | {what} | {name} | {' … '.join(words)} |\n")
    return HEAD + "".join(rows)


def test(bin_dir, folder):
    harness.need(*(os.path.join(bin_dir, f"gannet-{name}") for name in sorted(SERVICES)), os.path.join(bin_dir, "gannet"))
    check(len({case[1] for case in CASES}) == len(CASES), "two cases have one name")
    with open(PAGE, encoding="utf-8") as file:
        check(file.read() == table(), f"{PAGE} is not what the table says; run tests/e2e/refusal_test.py --write")
    certificates = make_certificates(folder)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda pair: try_case(bin_dir, folder, certificates, *pair), enumerate(CASES)))
    problems = [problem for each in found for problem in each]
    check(not problems, f"{len(problems)} of {len(CASES)}:\n" + "\n".join(problems))
    print(f"{len(CASES)} starts refused", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        with open(PAGE, "w", encoding="utf-8") as page:
            page.write(table())
    else:
        harness.main(test)
