"""The clients that the RPC tests call with: generic gRPC reflection, an unmodified Open
Inference client, and the project's own client as its users install it."""
import atexit
import os
import shutil
import subprocess
import sys
import tempfile

import harness
from harness import check


def environment(folder):
    """The interpreter, which finds the project's own client, installed in `folder`."""
    python = harness.clients_python()
    source = os.path.join(folder, "client-source")  # a copy: setuptools leaves its work beside the sources
    for part in ("clients/python", "proto"):
        shutil.copytree(part, os.path.join(source, part))
    target = os.path.join(folder, "client")
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps",
                           "--no-build-isolation", "--target", target, os.path.join(source, "clients", "python")],
                          capture_output=True, text=True)
    check(done.returncode == 0, f"clients/python does not install: {done.stderr[-800:]}")
    os.environ["PYTHONPATH"] = target
    return python


def run_with_clients():
    """Goes on as a program of that interpreter, if it is not that yet."""
    folder = os.environ.pop("GANNET_TEST_CLIENTS", None)
    if folder is not None:
        atexit.register(shutil.rmtree, folder, True)
        return
    folder = os.environ["GANNET_TEST_CLIENTS"] = tempfile.mkdtemp(prefix="gannet-clients-")
    python = environment(folder)
    os.execv(python, [python, "-B", *sys.argv])


def run_python(python, code, *arguments):
    code, out, err = harness.run([python, "-c", code, *arguments], 180)
    check(code == 0, f"{out[-1500:]}{err[-2500:]}")
    return out


# Knows nothing of the platform: lists what a server says it has, and calls every method
# with an empty request. Prints "/service/Method CODE"; health first, once it serves: a
# server may listen before that. A stream that is let in is left after a moment; who is a
# stranger waits for its refusal.
REFLECT = '''
import sys, time, grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
channel = grpc.insecure_channel(sys.argv[1])
metadata = [("authorization", "Bearer " + sys.argv[2])] if len(sys.argv) > 2 else []
database = ProtoReflectionDescriptorDatabase(channel)
pool = descriptor_pool.DescriptorPool(database)
services = sorted(database.get_services())
# The health service is called by its wire form: its contract is not in every pool.
health = channel.unary_unary("/grpc.health.v1.Health/Check", lambda request: request, lambda answer: answer)
end = time.monotonic() + 90
while (serving := health(b"", timeout=30) == bytes([8, 1])) is False and time.monotonic() < end: time.sleep(0.1)
print("health", "SERVING" if serving else "NOT_SERVING")
for service_name in services:
    if service_name.startswith("grpc."): continue
    service = pool.FindServiceByName(service_name)
    for method in service.methods:
        request = message_factory.GetMessageClass(method.input_type)
        response = message_factory.GetMessageClass(method.output_type)
        path = f"/{service_name}/{method.name}"
        try:
            if method.server_streaming:
                call = channel.unary_stream(path, request.SerializeToString, response.FromString)(request(), timeout=0.3 if metadata else 30, metadata=metadata)
                next(iter(call)); call.cancel(); code = "OK"
            else:
                channel.unary_unary(path, request.SerializeToString, response.FromString)(request(), timeout=30, metadata=metadata)
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
