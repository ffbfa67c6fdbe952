#!/usr/bin/env python3
"""The REST API of a real `gannet run` against its own OpenAPI document: schemathesis, a
fuzzer that is not ours, sends what the document allows and what it forbids, as an admin.

usage: openapi_test.py BIN_DIR
"""
import http.cookiejar
import json
import os
import re
import sys
import tempfile
import urllib.request

import harness
from harness import check

# Signing out, another password and the stream would end or not concern the session that asks.
LEFT_OUT = ("/api/v1/session", "/api/v1/session/password", "/api/v1/stream")
# What a schema cannot say (an instrument that exists, a name that a scope needs) is refused with 400 or 404.
UNCHECKED = "positive_data_acceptance"


def sign_in(url, user, password):
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    body = json.dumps({"user": user, "password": password}).encode()
    asked = urllib.request.Request(url + "/api/v1/session", body, {"Content-Type": "application/json"})
    session = json.load(browser.open(asked, timeout=20))
    document = browser.open(url + "/api/v1/openapi.json", timeout=20).read()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar), session["csrf"], document


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    program = os.path.join(os.path.dirname(harness.clients_python()), "schemathesis")
    platform = harness.Platform(bin_dir, os.path.join(folder, "data"))
    with platform.start(folder) as gannet:
        user, password = platform.first_sign_in(gannet)
        url = re.search(r"^page: (\S+)/$", gannet.out(), re.MULTILINE).group(1)
        cookie, token, document = sign_in(url, user, password)
        path = os.path.join(folder, "openapi.json")
        with open(path, "wb") as file:
            file.write(document)
        arguments = [program, "run", path, "--url", url, "-H", f"Cookie: {cookie}", "-H", f"X-CSRF-Token: {token}", "--rate-limit", "60/s",
                     "--max-examples", "8", "--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color", "--exclude-checks", UNCHECKED]
        for left_out in LEFT_OUT:
            arguments += ["--exclude-path", left_out]
        code, out, err = harness.run(arguments, 200, cwd=folder)
        check(code == 0, f"schemathesis found faults:\n{out[-6000:]}{err[-1000:]}")
        found = re.search(r"(\d+) generated.*", out)
        check(found and int(found.group(1)) > 300, f"too little was sent: {out[-1500:]}")
        check(gannet.running(), f"it ended: {gannet.describe()}")
        check(platform.counters() is not None, "it no longer answers")
        print(f"openapi: {len(json.loads(document)['paths'])} paths, {found.group(0)}")


def main():
    with tempfile.TemporaryDirectory(prefix="gannet-openapi-") as folder:
        try:
            test(os.path.abspath(sys.argv[1]), folder)
        except harness.Failure as failure:
            print(f"FAILED: {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
