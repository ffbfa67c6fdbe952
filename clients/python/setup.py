"""Generates the messages and stubs from proto/ when the package is built."""
import pathlib

import setuptools
from setuptools.command.build_py import build_py

HERE = pathlib.Path(__file__).resolve().parent
PROTO = HERE.parent.parent / "proto"


class Generate(build_py):
    """build_py that first writes gannet/*/v1/*_pb2{,_grpc}.py with type stubs."""

    def run(self):
        self.generate()
        super().run()

    def generate(self):
        import grpc_tools
        from grpc_tools import protoc
        if not PROTO.is_dir():
            raise SystemExit(f"{PROTO} is not there: build from a checkout of the project, `pip install clients/python`")
        include = pathlib.Path(grpc_tools.__file__).parent / "_proto"
        out = pathlib.Path(self.build_lib)
        out.mkdir(parents=True, exist_ok=True)
        protos = sorted(str(path.relative_to(PROTO)) for path in PROTO.glob("gannet/**/*.proto"))
        protos += ["google/rpc/status.proto", "google/rpc/error_details.proto"]
        arguments = ["protoc", f"-I{PROTO}", f"-I{include}", f"--python_out={out}", f"--pyi_out={out}",
                     f"--grpc_python_out={out}", *protos]
        if protoc.main(arguments) != 0:
            raise SystemExit("protoc refused the contracts")
        for folder in {path.parent for path in out.glob("gannet/**/*_pb2.py")}:
            while folder != out:
                (folder / "__init__.py").touch()
                (folder / "py.typed").touch()
                folder = folder.parent


setuptools.setup(packages=["gannet_client"], package_dir={"": "src"}, cmdclass={"build_py": Generate})
