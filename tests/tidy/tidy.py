#!/usr/bin/env python3
"""Keeps the promises that a reader of this repository relies on.

Run by ctest from the project's root. Each rule is a function that yields
(file, line, message); the message ends with what to do instead.
"""
import os
import re
import subprocess
import sys

ROOT = os.getcwd()


def tracked():
    """Files that git tracks or would track; outside a checkout, every file."""
    try:
        out = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], check=True,
                             capture_output=True, text=True).stdout.split("\n")
    except (OSError, subprocess.CalledProcessError):
        out = [os.path.relpath(os.path.join(d, f), ROOT) for d, _, fs in os.walk(ROOT) for f in fs
               if not d.startswith((os.path.join(ROOT, "build"), os.path.join(ROOT, ".git")))]
    return [f for f in out if f and os.path.isfile(f)]


FILES = tracked()
CODE = [f for f in FILES if f.endswith((".h", ".cc")) and f.startswith(("libs/", "services/", "apps/", "tests/", "bench/"))]
TEXT = {f: open(f, encoding="utf-8").read() for f in CODE}


def lines(path):
    return enumerate(TEXT[path].split("\n"), 1)


def is_test(path):
    return path.endswith(("_test.cc", "_bench.cc", "_fuzz.cc")) or path.startswith(("tests/", "bench/")) or "_suite" in path or "_for_test." in path


# Which libraries of ours a library may include (docs/ARCHITECTURE.md, dependency direction).
ALLOWED = {
    "base": set(),
    "market": {"base"},
    "wire": {"base", "market"},
    "matching": {"base", "market", "wire"},
    "signal": {"base", "market", "wire"},
    "portfolio": {"base"},
    "venue": {"base", "market", "wire", "matching"},
    "config": {"base", "market"},
    "telemetry": {"base"},
    "bus": {"base", "market", "wire"},
    "journal": {"base", "market", "wire"},
    "store": {"base", "market", "wire"},
    "net": {"base"},
    "command": {"base", "market", "wire", "bus", "runtime", "telemetry"},
    "notify": {"base", "market", "wire", "bus", "config", "net", "runtime", "telemetry"},
    "rpc": {"base", "net", "telemetry"},
    "otlp": {"base", "telemetry"},
    "api": {"base", "market", "wire", "bus", "journal", "command", "config", "rpc", "runtime", "telemetry"},
    "runtime": {"base", "market", "wire", "bus", "journal", "net", "config", "telemetry", "store", "otlp"},
}
INCLUDE = re.compile(r'#include "((?:libs|services|apps|tests)/[^"]+)"')


def include_direction():
    for path in CODE:
        for number, line in lines(path):
            found = INCLUDE.match(line)
            if not found:
                continue
            target = found.group(1).split("/")
            own = path.split("/")
            if not os.path.isfile(found.group(1)):
                yield path, number, f"includes {found.group(1)}, which does not exist"
            if own[0] == "libs":
                if target[0] != "libs":
                    yield path, number, f"a library includes {found.group(1)}; move what both need into libs/"
                elif own[1] != target[1] and target[1] not in ALLOWED.get(own[1], set()) and not is_test(path):
                    yield path, number, f"libs/{own[1]} may not include libs/{target[1]}; see ALLOWED in tests/tidy/tidy.py and ADR 0001"
            if own[0] == "services" and target[0] == "services" and own[1] != target[1] and not is_test(path):
                yield path, number, "services never include each other; they meet through topics and libs/market"
            if own[0] == "services" and target[0] == "apps":
                yield path, number, "a service does not know the program that hosts it"


BANNED = [
    (r"system_clock::now|steady_clock::now|high_resolution_clock::now|\bclock_gettime\b|\bgettimeofday\b|\btime\(nullptr\)|\btime\(NULL\)",
     "take base::Clock, or engine time from the shard",
     ("libs/runtime/system_clock.cc", "libs/rpc/", "libs/otlp/")),  # gRPC's deadlines are on it
    (r"std::random_device|std::mt19937|\brand\(\)|\bsrand\(", "take base::Rng", ()),
    (r"sleep_for|sleep_until|\busleep\(|\bnanosleep\(", "use Executor::After", ()),
    (r"\bgetenv\(|std::getenv", "pass it as a flag or a configuration key from main", ("apps/gannet/main.cc",)),
    (r"std::cout|std::cerr", "engines return, edges use telemetry::Log; commands take an output stream from main", ()),
    (r"std::thread|std::jthread|std::async|std::condition_variable|pthread_create", "threads live in runtime, net, journal (commit), rpc, otlp and the pool of PostgreSQL only",
     ("libs/runtime/", "libs/net/", "libs/journal/", "libs/rpc/", "libs/otlp/", "libs/bus/kafka", "libs/store/postgres_pool.")),
    (r"boost/asio|boost/beast", "take base::Executor and net::Network", ("libs/runtime/", "libs/net/")),
    (r"std::(uniform|normal|exponential|poisson|bernoulli|discrete)\w*_distribution", "use the distributions of base::Rng", ()),
    (r"\bthrow\s+\w", "return absl::Status", ("apps/gannet/main.cc", "apps/gannet/flags.cc")),  # CLI11 reports wrong arguments so
]


def banned_calls():
    for path in CODE:
        if is_test(path):
            continue
        main = path.endswith("main.cc")
        for number, line in lines(path):
            code = re.sub(r'"(?:\\.|[^"\\])*"', '""', line.split("//")[0])
            for pattern, instead, allowed in BANNED:
                if re.search(pattern, code) and not path.startswith(tuple(allowed) or ("\0",)):
                    if main and ("cout" in pattern or "getenv" in pattern):
                        continue
                    yield path, number, f"{re.search(pattern, code).group(0)} is banned here; {instead}"


def engines_are_pure():
    """An engine sees neither network, files, executor, clock nor log."""
    edge = re.compile(r'#include "libs/(net|telemetry|runtime|config)/|#include "libs/base/(clock|executor|files)\.h"|#include "libs/base/posix')
    for path in CODE:
        if re.search(r"_engine\.(h|cc)$", path):
            for number, line in lines(path):
                if edge.search(line):
                    yield path, number, "an engine has no edges; do this in the service beside it"


def topic_literals():
    names = re.findall(r'MakeTopic<[^>]+>\(\s*"([^"]+)"', TEXT["libs/bus/topics.h"])
    if len(names) < 10:
        yield "libs/bus/topics.h", 1, "the tidy test no longer finds the topics; mend its pattern"
    for path in CODE:
        if path == "libs/bus/topics.h" or is_test(path):
            continue
        for number, line in lines(path):
            for name in names:
                if f'"{name}"' in line:
                    yield path, number, f'topic name "{name}" is written out; use the constant in libs/bus/topics.h'


def sources_without_target():
    for path in CODE:
        if not path.endswith(".cc"):
            continue
        folder, name = os.path.dirname(path), os.path.basename(path)
        listed = False
        while folder:
            cmake = os.path.join(folder, "CMakeLists.txt")
            if os.path.isfile(cmake):
                listed = re.search(r"(?<![\w/])" + re.escape(os.path.relpath(path, folder)) + r"(?!\w)", open(cmake, encoding="utf-8").read()) is not None
                if listed:
                    break
            folder = os.path.dirname(folder)
        if not listed:
            yield path, 1, f"no target builds {name}; list it in the CMakeLists.txt of its folder"


def header_guards():
    for path in CODE:
        if path.endswith(".h") and "#pragma once" not in TEXT[path]:
            yield path, 1, "a header starts with #pragma once"


def unordered_iteration():
    """Hash order must not reach an output: range-for over an unordered container needs a reason."""
    for path in CODE:
        if is_test(path):
            continue
        names = set(re.findall(r"(?:unordered_map|unordered_set|flat_hash_map|flat_hash_set|node_hash_map)<[^;]*>\s+(\w+)", TEXT[path]))
        for number, line in lines(path):
            for name in re.findall(r"for \([^;]*:\s*(?:this->)?(\w+)\)", line):
                if name in names and "order-free:" not in line:
                    yield path, number, f"iterates {name} in hash order; use std::map, or say why it is harmless with `// order-free: …`"


def dead_links():
    for path in FILES:
        if not path.endswith(".md"):
            continue
        text = open(path, encoding="utf-8").read()
        for number, line in enumerate(text.split("\n"), 1):
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                target = target.split("#")[0]
                if not target or "://" in target or target.startswith("mailto:"):
                    continue
                if not os.path.exists(os.path.join(os.path.dirname(path), target)):
                    yield path, number, f"link to {target}, which does not exist"


def tracked_output():
    for path in FILES:
        if path.startswith("build/") or path.endswith((".pb.h", ".pb.cc", ".o", ".a", ".so", ".pyc")):
            yield path, 1, "generated file is tracked; remove it and ignore its folder"


def unfinished():
    words = re.compile(r"\b(TODO|FIXME|XXX)\b")
    for path in CODE:
        for number, line in lines(path):
            if words.search(line):
                yield path, number, "finish it, or list it in the README's table of what does not work yet"


def services_complete():
    for name in ("ingest", "news-signal", "ml-inference", "strategy", "risk", "execution", "reporting", "gateway", "recorder", "venue-sim"):
        for part in ("README.md", "main.cc", "CMakeLists.txt"):
            if not os.path.isfile(f"services/{name}/{part}"):
                yield f"services/{name}", 1, f"has no {part}"


def topics_documented():
    document = "docs/ARCHITECTURE.md"
    if not os.path.isfile(document):
        yield document, 1, "does not exist"
        return
    text = open(document, encoding="utf-8").read()
    for name in re.findall(r'MakeTopic<[^>]+>\(\s*"([^"]+)"', TEXT["libs/bus/topics.h"]):
        if f"`{name}`" not in text:
            yield document, 1, f"does not list topic `{name}` of libs/bus/topics.h"


RULES = [include_direction, banned_calls, engines_are_pure, topic_literals, sources_without_target, header_guards,
         unordered_iteration, dead_links, tracked_output, unfinished, services_complete, topics_documented]


def self_test():
    """The rules bite: each planted line must be found."""
    planted = {
        "libs/base/planted.cc": ('#include "libs/market/price.h"\nauto t = std::chrono::system_clock::now();\n', 2),
        "services/risk/planted_engine.cc": ('#include "libs/net/network.h"\nconst char* t = "order.intents.v1";\n', 2),
    }
    failures = 0
    for path, (text, least) in planted.items():
        CODE.append(path)
        TEXT[path] = text
        found = [m for rule in (include_direction, banned_calls, engines_are_pure, topic_literals) for m in rule() if m[0] == path]
        if len(found) < least:
            print(f"tidy: planted faults in {path} were not all found: {found}")
            failures += 1
        CODE.remove(path)
        del TEXT[path]
    return failures


def main():
    found = [f for rule in RULES for f in rule()]
    for path, number, message in sorted(found):
        print(f"{path}:{number}: {message}")
    failures = self_test()
    print(f"tidy: {len(RULES)} rules over {len(FILES)} files, {len(found)} findings")
    return 1 if found or failures else 0


if __name__ == "__main__":
    sys.exit(main())
