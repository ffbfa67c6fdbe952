#!/usr/bin/env python3
"""Encodes random values by the tables of docs/canonical.md and compares with C++.

usage: canonical_check.py DOCUMENT VECTORS_PROGRAM [SEED COUNT]

The program prints one JSON object a line: type, fields, canonical bytes in hex and,
for order keys, the client order id. Nothing of the encoding is written here but the
primitive encodings; the field tables come from the document.
"""
import base64
import hashlib
import json
import re
import subprocess
import sys

VERSION = 1
HEADING = re.compile(r"^### (\w+), (?:type (\d+)|inside \w+)$")
ROW = re.compile(r"^\| (\w+) \| ([\w ]+) \|$")


def read_tables(path):
    """Name -> (type byte or None, [(field, encoding)])."""
    tables, name = {}, None
    with open(path, encoding="utf-8") as document:
        for line in document:
            heading = HEADING.match(line.strip())
            row = ROW.match(line.strip())
            if line.startswith("#"):
                name = heading.group(1) if heading else None
                if heading:
                    tables[name] = (int(heading.group(2)) if heading.group(2) else None, [])
            elif row and name and row.group(1) != "field":
                tables[name][1].append((row.group(1), row.group(2)))
    tables["IntentFields"] = (None, tables["OrderIntent"][1])
    return tables


def integer(size, signed):
    return lambda value: int(value).to_bytes(size, "big", signed=signed)


PRIMITIVES = {
    "u8": integer(1, False),
    "u16": integer(2, False),
    "u32": integer(4, False),
    "u64": integer(8, False),
    "i32": integer(4, True),
    "i64": integer(8, True),
    "i128": integer(16, True),
    "code": integer(1, False),
    "time": integer(8, True),
    "duration": integer(8, True),
    "bool": lambda value: b"\x01" if value else b"\x00",
    "text": lambda value: PRIMITIVES["u32"](len(value.encode())) + value.encode(),
    "digest": bytes.fromhex,
    "event_id": lambda value: PRIMITIVES["u64"](value["stream"]) + PRIMITIVES["u64"](value["sequence"]),
    "money": lambda value: PRIMITIVES["u8"](value["scale"]) + PRIMITIVES["i128"](value["units"]),
}


def encode(encoding, value, tables):
    if encoding.startswith("list "):
        inner = encoding.removeprefix("list ")
        return PRIMITIVES["u32"](len(value)) + b"".join(encode(inner, item, tables) for item in value)
    if encoding.startswith("optional "):
        if value is None:
            return b"\x00"
        return b"\x01" + encode(encoding.removeprefix("optional "), value, tables)
    if encoding in PRIMITIVES:
        return PRIMITIVES[encoding](value)
    _, fields = tables[encoding]
    unknown = set(value) - {field for field, _ in fields}
    if unknown:
        raise KeyError(f"{encoding}: the document does not list {sorted(unknown)}")
    return b"".join(encode(inner, value[field], tables) for field, inner in present(fields, value))


def present(fields, value):
    """The fields of this value: one of encoding `T if FIELD CODE` only where FIELD has CODE."""
    for field, encoding in fields:
        inner, _, condition = encoding.partition(" if ")
        name, _, code = condition.partition(" ")
        if not condition or value[name] == int(code):
            yield field, inner


def client_order_id(key_bytes, attempt):
    digest = hashlib.sha256(key_bytes).digest()[:15]
    return "g1" + base64.urlsafe_b64encode(digest).decode() + str(attempt)


def main():
    document, program, *rest = sys.argv[1:]
    tables = read_tables(document)
    lines = subprocess.run([program, *rest], check=True, capture_output=True).stdout.decode().rstrip("\n").split("\n")
    seen = {}
    for number, line in enumerate(lines, 1):
        vector = json.loads(line)
        name = vector["type"]
        expected = bytes([VERSION, tables[name][0]]) + encode(name, vector["fields"], tables)
        if expected.hex() != vector["canonical"]:
            sys.exit(f"vector {number} ({name}) differs\n document {expected.hex()}\n program  {vector['canonical']}\n {line}")
        if "client_order_id" in vector:
            made = client_order_id(expected, vector["attempt"])
            if made != vector["client_order_id"] or not 22 <= len(made) <= 36:
                sys.exit(f"vector {number}: client order id {vector['client_order_id']}, by the document {made}")
        if "sha256" in vector and hashlib.sha256(expected).hexdigest() != vector["sha256"]:
            sys.exit(f"vector {number} ({name}): the intent hash is not the SHA-256 of the bytes")
        seen[name] = seen.get(name, 0) + 1
    missing = [name for name, (type_byte, _) in tables.items() if type_byte is not None and name not in seen]
    if missing:
        sys.exit(f"no vector of {missing}")
    print(f"{len(lines)} vectors agree: " + ", ".join(f"{name} {count}" for name, count in sorted(seen.items())))


if __name__ == "__main__":
    main()
