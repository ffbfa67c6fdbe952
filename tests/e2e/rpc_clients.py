"""A Python with the clients that the RPC tests call with: generic gRPC reflection, an
unmodified Open Inference client, and the project's own client."""
import fcntl
import os
import shutil
import subprocess
import sys

import harness
from harness import check

PACKAGES = ("grpcio==1.67.1", "grpcio-reflection==1.67.1", "tritonclient[grpc]==2.62.0")


def environment(folder):
    """Its interpreter; the project's own client is installed each time."""
    folder = os.path.abspath(folder)
    with open(folder + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # tests run beside each other
        return prepare(folder)


def prepare(folder):
    python = os.path.join(folder, "bin", "python")
    steps = [] if os.path.exists(python) else [[sys.executable, "-m", "venv", folder]]
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    probe = "import grpc, grpc_reflection, tritonclient.grpc"
    if not os.path.exists(python) or subprocess.run([python, "-c", probe], capture_output=True).returncode != 0:
        steps.append([*pip, *PACKAGES])
    # From a copy: setuptools leaves its work beside the sources.
    source = os.path.join(folder, "source")
    parts = ("clients/python", "proto")
    if newest(parts) > stamp(folder):
        shutil.rmtree(source, ignore_errors=True)
        steps.append([*pip, "--force-reinstall", "--no-deps", os.path.join(source, "clients", "python")])
    for step in steps:
        if step[-1].startswith(source):
            for part in parts:
                shutil.copytree(part, os.path.join(source, part))
        done = subprocess.run(step, capture_output=True, text=True)
        if done.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            harness.skip(f"the clients cannot be installed here: {' '.join(step)}\n{done.stderr.strip()[-800:]}")
    with open(os.path.join(folder, "installed"), "w", encoding="ascii") as file:
        file.write(repr(newest(parts)))
    return python


def newest(parts):
    """When a file of theirs was changed last."""
    return max(os.stat(os.path.join(where, name)).st_mtime for part in parts for where, _, names in os.walk(part) for name in names)


def stamp(folder):
    try:
        with open(os.path.join(folder, "installed"), encoding="ascii") as file:
            return float(file.read())
    except (OSError, ValueError):
        return 0.0


def run_python(python, code, *arguments):
    done = subprocess.run([python, "-c", code, *arguments], capture_output=True, text=True, timeout=180)
    check(done.returncode == 0, f"{done.stdout[-1500:]}{done.stderr[-2500:]}")
    return done.stdout


# Knows nothing of the platform: lists what a server says it has, and calls every method
# with an empty request. Prints "/service/Method CODE"; health first.
REFLECT = '''
import sys, grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
channel = grpc.insecure_channel(sys.argv[1])
metadata = [("authorization", "Bearer " + sys.argv[2])] if len(sys.argv) > 2 else []
database = ProtoReflectionDescriptorDatabase(channel)
pool = descriptor_pool.DescriptorPool(database)
services = sorted(database.get_services())
# The health service is called by its wire form: its contract is not in every pool.
health = channel.unary_unary("/grpc.health.v1.Health/Check", lambda request: request, lambda answer: answer)
print("health", "SERVING" if health(b"", timeout=10) == bytes([8, 1]) else "NOT_SERVING")
for service_name in services:
    if service_name.startswith("grpc."): continue
    service = pool.FindServiceByName(service_name)
    for method in service.methods:
        request = message_factory.GetMessageClass(method.input_type)
        response = message_factory.GetMessageClass(method.output_type)
        path = f"/{service_name}/{method.name}"
        try:
            if method.server_streaming:
                call = channel.unary_stream(path, request.SerializeToString, response.FromString)(request(), timeout=0.3, metadata=metadata)
                next(iter(call)); call.cancel(); code = "OK"
            else:
                channel.unary_unary(path, request.SerializeToString, response.FromString)(request(), timeout=10, metadata=metadata)
                code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
        print(path, code)
'''


def call_all(python, target, token=None):
    """{method: code} of everything that reflection lists; the server is healthy."""
    lines = [line.split() for line in run_python(python, REFLECT, target, *([token] if token else [])).splitlines()]
    check(lines[0] == ["health", "SERVING"], f"{target}: {lines[0]}")
    return dict(lines[1:])
