#!/usr/bin/env python3
"""Whole programs on a state that is damaged, locked, read-only or full: each says what
is wrong, where, and what helps, ends with the documented code or goes on visibly
degraded, and loses nothing that it has acknowledged. Never a crash, a hang or silence.

A full disk is a small tmpfs where this may mount one (root), and everywhere the limit
of file sizes of the running process. What cannot be had is named as skipped.

usage: bad_state_test.py BIN_DIR
"""
import concurrent.futures
import fcntl
import glob
import os
import re
import resource
import shutil
import signal
import time

import harness
import kill_test
import places
import truth
from harness import check

FLAGS = ("--seed", "9", "--market-speed", "3")
START_LIMIT = 25  # seconds in which a start must have been refused
TIMESTAMP_LIMIT = 8  # seconds after which the venue takes no timestamp any more, and some
SERVICES = ("execution", "gateway", "ingest", "ml-inference", "news-signal", "reporting", "risk", "strategy", "venue-sim")
CRASH = re.compile(r"terminate called|bug: |Sanitizer|Segmentation|Aborted|what\(\)")
SEGMENT = "journal/journal-*.gnj"


def only(pattern):
    found = sorted(glob.glob(pattern))
    check(found, f"there is no {pattern}")
    return found[-1]


class Stage:
    """Folders of one test run: a good one and its damaged copies."""

    def __init__(self, bin_dir, folder):
        self.bin_dir, self.folder = bin_dir, folder
        self.gannet = os.path.join(bin_dir, "gannet")
        self.config = kill_test.configure(folder)
        self.good = os.path.join(folder, "good")

    def make_good(self):
        platform = harness.Platform(self.bin_dir, self.good, "--config", self.config)
        with trading(self, platform, "good") as program:
            platform.drain(program)

    def copy(self, name):
        path = os.path.join(self.folder, name)
        shutil.copytree(self.good, path)
        return path

    def run(self, data, *flags, limit=START_LIMIT, wrapper=(), config=None):
        return harness.run([*wrapper, self.gannet, "run", "--data", data, "--plain", "--config", config or self.config, *FLAGS, *flags], limit)


def check_refusal(what, result, *said, code=1):
    """The exit code of a failed start, and a message of a few lines that names place and remedy."""
    got, text, errors = result
    check(got == code, f"{what}: ended with {got}, not {code}\n{text[-800:]}\n{errors[-2000:]}")
    check(not CRASH.search(errors), f"{what}: crashed: {errors[-2000:]}")
    check(" fill " not in text, f"{what}: traded all the same: {text[-800:]}")
    check(len(errors) < 1200 and errors.count("\n") <= 3, f"{what}: says too much: {errors}")
    for words in said:
        check(words in errors, f"{what}: the message does not say '{words}': {errors}")


def refuse(stage, name, damage, *said, flags=(), keeps=True):
    """A start on a damaged copy is refused, and leaves the evidence as it was."""
    data = stage.copy(name)
    target = damage(data)
    before = places.read(target) if target and os.path.isfile(target) else None
    check_refusal(name, stage.run(data, "--for", "2s", *flags), *said)
    if keeps and before is not None:
        check(places.read(target) == before, f"{name}: the refused start changed {target}")
    shutil.rmtree(data)


# --- damage, each returning the file that it did damage to -------------------------------


def last_record(data):
    path = only(f"{data}/{SEGMENT}")
    places.flip(path, -100)  # before the mark of an orderly end, which proves that it was whole
    return path


def middle_record(data):
    path = only(f"{data}/{SEGMENT}")
    places.flip(path, os.path.getsize(path) // 2)
    return path


def acknowledged_tail(data):
    path = only(f"{data}/{SEGMENT}")
    places.cut(path, os.path.getsize(path) // 3)
    return path


def header(data):
    path = only(f"{data}/{SEGMENT}")
    places.write(path, b"not a journal\n" + places.read(path)[14:])
    return path


def no_segment(data):
    os.remove(only(f"{data}/{SEGMENT}"))


def replace(name, content):
    def damage(data):
        places.write(os.path.join(data, name), content)
        return os.path.join(data, name)
    return damage


def remove(name):
    return lambda data: os.remove(os.path.join(data, name))


def shorten(name, size):
    def damage(data):
        os.truncate(os.path.join(data, name), size)
        return os.path.join(data, name)
    return damage


def venue_journal(data):
    path = only(f"{data}/venue-sim/{SEGMENT}")
    places.flip(path, os.path.getsize(path) // 2)
    return path


def damaged_folders(stage):
    noise = os.urandom(150_000)
    journal = ("/journal", "gannet journal verify", "--fresh")
    refuse(stage, "last-record", last_record, ".gnj at byte ", *journal)
    refuse(stage, "middle-record", middle_record, ".gnj at byte ", *journal)
    refuse(stage, "segment-header", header, ".gnj at byte 0", *journal)
    refuse(stage, "acknowledged-tail", acknowledged_tail, "proves that more was stored", "restore", "--fresh")
    refuse(stage, "no-segment", no_segment, "holds snapshots but no journal segment", "restore", "--fresh")
    store = ("reports.db", "Move it away to start anew")
    refuse(stage, "store-garbage", replace("reports.db", noise), *store)
    refuse(stage, "store-truncated", shorten("reports.db", 50_000), *store)
    refuse(stage, "store-other-key", replace("reports.key", b"0" * 64 + b"\n"), *store)
    refuse(stage, "store-no-key", remove("reports.key"), "reports.key is missing", "restore the key file")
    refuse(stage, "store-bad-key", replace("reports.key", b"\xff\x00 no key"), "reports.key does not hold a key", "restore")
    refuse(stage, "store-empty-key", replace("reports.key", b""), "reports.key does not hold a key", "restore")
    refuse(stage, "lease-garbage", replace("lease", noise[:500]), "/lease", "remove the file")
    refuse(stage, "venue-key-garbage", replace("venue-sim/api-key", noise[:64]), "/api-key does not hold a key", "delete it")
    refuse(stage, "venue-secret-empty", replace("venue-sim/api-secret", b""), "/api-secret does not hold a key", "delete it")
    refuse(stage, "venue-journal", venue_journal, "venue-sim/journal/", ".gnj at byte ", "restore")
    print("damaged folders: every start refused with place and remedy", flush=True)


def damaged_models(stage):
    registry = os.path.join(os.path.dirname(stage.config), "models")
    config = os.path.join(os.path.dirname(stage.config), "with-models.yaml")
    with open(config, "w", encoding="ascii") as file:
        file.write("market: venue-sim\nlimits: limits.yaml\nstrategies: strategies.yaml\n"
                   "ml-inference: {registry: models, model: direction, version: champion}\n")
    shipped = "services/ml-inference/models"
    version = os.path.join("direction", os.path.basename(only(f"{shipped}/direction/[0-9]*")))
    # What the configuration names is looked up with it (2); the model itself is read at the start.
    damages = [
        ("model-garbage", lambda: places.write(f"{registry}/{version}/model.onnx", os.urandom(5000)), "model.onnx is not the file that was registered", 1),
        ("model-missing", lambda: os.remove(f"{registry}/{version}/model.onnx"), "model.onnx", 1),
        ("manifest-cut", lambda: places.cut(f"{registry}/{version}/manifest.json", 200), "manifest.json", 2),
        ("alias-garbage", lambda: places.write(f"{registry}/direction/aliases.json", b"\x00{"), "aliases.json", 2),
        ("no-registry", lambda: shutil.rmtree(registry), "has no alias 'champion'", 2),
    ]
    for name, damage, said, code in damages:
        shutil.rmtree(registry, ignore_errors=True)
        shutil.copytree(shipped, registry)
        damage()
        check_refusal(name, stage.run(os.path.join(stage.folder, name), "--for", "2s", config=config), said, "to run without predictions", code=code)
    print("damaged models: every start refused with place and remedy", flush=True)


def unwritable_out(stage):
    """Known before anything starts, not at the end of a long run."""
    blocked = os.path.join(stage.folder, "a-file")
    places.write(blocked, b"")
    for name, out in (("out-in-a-file", blocked + "/report"), ("out-is-a-file", blocked), ("out-in-proc", "/proc/report")):
        data = os.path.join(stage.folder, name)
        check_refusal(name, stage.run(data, "--for", "60s", "--out", out), "--out", out, "choose another" if blocked in out else "check")
        check(not os.path.exists(data), f"{name}: started all the same")
    print("unwritable --out: refused before the start", flush=True)


def locked(stage):
    data = stage.copy("locked")
    with open(os.path.join(data, ".lock"), "r+", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        check_refusal("locked", stage.run(data, "--for", "2s"), data, "in use by another process", "stop it, or choose another folder")
    with open(os.path.join(data, "journal", ".lock"), "r+", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        check_refusal("locked journal", stage.run(data, "--for", "2s"), "/journal", "in use by another process")
        check_refusal("prune of a locked journal", harness.run([stage.gannet, "journal", "prune", data], 20), "/journal", "in use by another process")
    print("locked: refused", flush=True)


# --- places that cannot be written ---------------------------------------------------


def service_command(stage, name, data):
    extra = ["--port", "0"] if name == "venue-sim" else []
    return [os.path.join(stage.bin_dir, "gannet-" + name), "--data", data, *extra]


def present_services(stage):
    names = [name for name in SERVICES if os.access(os.path.join(stage.bin_dir, "gannet-" + name), os.X_OK)]
    for name in set(SERVICES) - set(names):
        print(f"SKIPPED: gannet-{name} is not built", flush=True)
    return names


def refusal_of_service(stage, name, data, *said):
    code, _, errors = harness.run(service_command(stage, name, data), START_LIMIT)
    check(code == 1, f"gannet-{name} on {data}: ended with {code}: {errors[-1500:]}")
    check(not CRASH.search(errors), f"gannet-{name}: crashed: {errors[-1500:]}")
    for words in said:
        check(words in errors, f"gannet-{name} on {data}: does not say '{words}': {errors[-1500:]}")


def read_only(stage):
    with places.Tmpfs(os.path.join(stage.folder, "read-only"), "96m") as disk:
        data, wrapper = os.path.join(disk.path, "data"), ()
        shutil.copytree(stage.good, data)
        if disk.mounted:
            disk.make_read_only()
        else:
            for path, _, _ in os.walk(data, topdown=False):
                os.chmod(path, 0o555)
            os.chmod(disk.path, 0o555)
            if os.geteuid() == 0:
                if shutil.which("setpriv") is None:
                    print("SKIPPED: read-only folder: root may neither mount nor become another user here", flush=True)
                    return
                wrapper = ("setpriv", "--reuid", "65534", "--clear-groups")
        said = ("read-only", "remount it") if disk.mounted else ("Permission denied", "check owner and mode")
        check_refusal("read-only data folder", stage.run(data, "--for", "2s", wrapper=wrapper), data, *said)
        new = os.path.join(disk.path, "new")
        check_refusal("new folder on a read-only one", stage.run(new, "--for", "2s", wrapper=wrapper), new, *said)
        if disk.mounted:
            for name in present_services(stage):
                refusal_of_service(stage, name, os.path.join(disk.path, name), disk.path, *said)
        for path, _, _ in os.walk(disk.path) if not disk.mounted else ():
            os.chmod(path, 0o755)
    print("read-only: refused", flush=True)


def damaged_services(stage):
    """Each service on its own: a journal damaged in the middle, and a folder that is taken."""
    for name in present_services(stage):
        data = os.path.join(stage.folder, "service-" + name)
        with harness.Program(service_command(stage, name, data), stage.folder, "service-" + name) as program:
            program.wait_for(lambda: harness.logged(program.err_path, "started"), 60, "the start")
            refusal_of_service(stage, name, data, data, "in use by another process")
            program.send(signal.SIGTERM)
            check(program.wait(40) == 0, f"gannet-{name} did not end in order: {program.describe()}")
        segments = glob.glob(f"{data}/{SEGMENT}")
        if not segments:
            continue  # it decides nothing, and keeps no journal
        places.flip(segments[0], min(os.path.getsize(segments[0]) - 1, 60))
        refusal_of_service(stage, name, data, segments[0], "gannet journal verify", "--fresh")
    print("single services: refused on damage and on a taken folder", flush=True)


# --- what goes on ----------------------------------------------------------------------------


def compare(stage, data, out):
    """Orders, fills and positions against the venue's own records."""
    platform = harness.Platform(stage.bin_dir, data)
    believed = truth.Believed(platform.facts("order.intents.v1"), platform.facts("exec.reports.v1"))
    records = os.path.join(stage.folder, os.path.basename(data) + "-records")
    os.makedirs(records)
    with harness.VenueRecords(stage.bin_dir, os.path.join(data, "venue-sim"), records) as venue:
        orders, fills, trades = truth.compare(believed, venue)
    truth.compare_positions(out, trades)
    check(orders > 0 and fills > 0, f"{data}: {orders} orders and {fills} fills: the test proves little")
    return f"{orders} orders and {fills} fills are the same at the venue"


def replaceable(stage):
    """What can be made again is made again, said aloud, and nothing acknowledged is lost."""
    data = stage.copy("replaceable")
    places.cut(only(f"{data}/{SEGMENT}"), 5)  # of the mark of an orderly end: as a kill leaves it
    snapshot = only(f"{data}/journal/snapshot-*.gns")
    places.write(snapshot, os.urandom(20_000))
    for name in ("reports.db", "reports.key"):
        os.remove(os.path.join(data, name))
    out = os.path.join(stage.folder, "replaceable-out")
    log = os.path.join(data, "gannet.log")
    start = harness.size_of(log)

    def ends():
        start = harness.size_of(log)
        code, _, _ = stage.run(data, "--for", "4s", "--out", out, limit=60)
        return harness.in_order(code, log, start)
    check(any(ends() for _ in range(3)), f"replaceable: no run of three ended in order: {harness.tail(log)}")
    said = places.read(log)[start:].decode()
    check("unfinished batch" in said and snapshot in said and "snapshot_damaged" in said, f"the log does not tell what was lost: {said[:2000]}")
    print(f"cut tail, damaged snapshot, no store: {compare(stage, data, out)}", flush=True)


def trading(stage, platform, name):
    program = platform.launch(stage.folder, *FLAGS, name=name)
    platform.wait_started(program)
    program.wait_for(lambda: platform.counters()["fills"] > 0, 60, "a fill")
    return program


def reasons(platform, words):
    found = " | ".join(platform.problems())
    return found if words in found else ""


def after_full(stage, platform, program, name, code=3):
    """It is told to end, says that its end was not clean, and the next start goes on without a loss."""
    program.send(signal.SIGTERM)
    got = program.wait(40)
    check(got == code, f"{name}: ended with {got}, not {code}: {program.describe()}\n{harness.tail(platform.log)}")
    check("did not end in order" in program.err() and platform.log in program.err(), f"{name}: ends silently: {program.err()}")
    check(not CRASH.search(program.err()), f"{name}: crashed: {program.describe()}")


def goes_on(stage, data, name):
    out = os.path.join(stage.folder, name + "-out")
    platform = harness.Platform(stage.bin_dir, data, "--config", stage.config)

    def ends():
        with platform.launch(stage.folder, *FLAGS, "--out", out, name=name + "-again") as program:
            platform.wait_started(program)
            program.wait_for(lambda: not platform.problems(), 60, "full service")
            return platform.drain(program)
    check(any(ends() for _ in range(3)), f"{name}: no run of three ended in order: {harness.tail(platform.log)}")
    print(f"{name}: {compare(stage, data, out)}", flush=True)
    code, text, errors = harness.run([stage.gannet, "journal", "verify", data], 60)
    check(code == 0 and "valid" in text, f"{name}: journal verify: {text} {errors}")


def no_open_orders(stage, data, name):
    folder = os.path.join(stage.folder, name + "-open")
    os.makedirs(folder)
    with harness.VenueRecords(stage.bin_dir, os.path.join(data, "venue-sim"), folder) as venue:
        rows = venue.signed("/api/v3/openOrders")
    check(not rows, f"{name}: orders stayed open although cancels must go on: {rows[:3]}")


def file_limit(stage):
    """The journal meets the limit of file sizes; the venue, another process, has none."""
    name = "file-limit"
    data = os.path.join(stage.folder, name)
    platform = harness.Platform(stage.bin_dir, data, "--config", stage.config)
    with trading(stage, platform, name) as program:
        size = os.path.getsize(only(f"{data}/{SEGMENT}"))
        resource.prlimit(program.process.pid, resource.RLIMIT_FSIZE, (size + 4096, resource.RLIM_INFINITY))
        said = program.wait_for(lambda: reasons(platform, "no new orders"), 30, "the full journal in the health")
        check(f"{data}/journal" in said and "free disk space" in said, f"{name}: the health does not name place and remedy: {said}")
        after_full(stage, platform, program, name)
    no_open_orders(stage, data, name)
    goes_on(stage, data, name)


def full_disk(stage):
    """The data folder on a disk that becomes full, then the venue's on another: while it lives, its
    market uses up the room that the platform's journal has made."""
    name = "full-disk"
    data = os.path.join(stage.folder, name)
    with places.Tmpfs(data, "64m") as disk, places.Tmpfs(os.path.join(data, "venue-sim"), "64m") as venue_disk:
        if not venue_disk.mounted:
            print("SKIPPED: full disk: no tmpfs can be mounted here; the limit of file sizes stands for it", flush=True)
            return
        platform = harness.Platform(stage.bin_dir, data, "--config", stage.config)
        with trading(stage, platform, name) as program:
            disk.fill()
            said = program.wait_for(lambda: reasons(platform, "no new orders"), 30, "the full journal in the health")
            check(f"{data}/journal" in said and "free disk space" in said, f"{name}: the health does not name place and remedy: {said}")
            venue_disk.fill()
            program.wait_for(lambda: reasons(platform, "venue-sim"), 30, "the venue's end in the health")
            after_full(stage, platform, program, name)
        check_refusal("start on a full disk", stage.run(data, "--for", "2s"), data, "full", "free disk space")
        disk.free()
        venue_disk.free()
        goes_on(stage, data, name)


def steer(platform, command):
    code, said = harness.ask(platform.program, platform.data, command, "firm", "--reason", "the clock is wrong")
    check(code in (0, 6), f"{command}: {code} {said}")


def clock_goes_back(stage):
    """Said in the health while it lasts; time goes on, so that the venue goes on taking cancels and the kill switch ends
    every order; and the end is clean."""
    clock = places.MovableClock(stage.folder, stage.gannet)
    if not clock.usable:
        print("SKIPPED: clock that goes back: no C compiler here, or a build with a sanitizer", flush=True)
        return
    data = stage.copy("clock")
    platform = harness.Platform(stage.bin_dir, data, "--config", stage.config)
    with clock, trading(stage, platform, "clock") as program:
        check(not reasons(platform, "clock"), f"the clock is right, and yet: {platform.problems()}")
        clock.set_back(1000)
        said = program.wait_for(lambda: reasons(platform, "system clock"), 20, "the clock in the health")
        check("behind this process" in said and "set the clock right" in said, f"clock: no place or remedy: {said}")
        exchange = harness.VenueAccount(harness.venue_address(program), os.path.join(data, "venue-sim"))
        time.sleep(TIMESTAMP_LIMIT)
        program.wait_for(exchange.open_orders, 60, "orders that rest")
        steer(platform, "kill")
        program.wait_for(lambda: not exchange.open_orders(), 30, "the kill switch ending every order at the venue")
        steer(platform, "resume")
        program.wait_for(exchange.open_orders, 60, "orders again")
        clock.set_back(0)
        program.wait_for(lambda: not reasons(platform, "system clock"), 20, "the clock leaving the health")
        clock.set_back(1000)
        program.wait_for(lambda: reasons(platform, "system clock"), 20, "the clock in the health")
        program.send(signal.SIGTERM)
        check(program.wait(40) in (0, 3), f"clock: {program.describe()}\n{harness.tail(platform.log)}")
        clock.set_back(500)  # a start before the time of the newest record
        with platform.launch(stage.folder, *FLAGS, name="clock-start") as behind:
            platform.wait_started(behind)
            behind.wait_for(lambda: reasons(platform, "system clock"), 20, "the clock in the health")
    goes_on(stage, data, "clock")


def test(bin_dir, folder):
    harness.need(os.path.join(bin_dir, "gannet"), os.path.join(bin_dir, "gannet-venue-sim"))
    stage = Stage(bin_dir, folder)
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        whole = [pool.submit(full_disk, stage), pool.submit(file_limit, stage)]
        stage.make_good()
        whole.append(pool.submit(replaceable, stage))
        for part in (damaged_folders, damaged_models, unwritable_out, locked, read_only, damaged_services):
            part(stage)
        for each in whole:
            each.result()
        clock_goes_back(stage)  # alone: it changes the environment of what is started
    print(f"{time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    harness.main(test)
