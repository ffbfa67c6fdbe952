#!/usr/bin/env python3
"""Corpora of the fuzz targets: tests/fuzz/corpus/TARGET.hex, one input a line, in hex.

usage: corpus.py unpack TARGET FOLDER   its inputs as files, for libFuzzer to start from
       corpus.py pack FOLDER TARGET     the corpus from files, smallest first; MAX_BYTES in all
"""
import hashlib
import pathlib
import sys

CORPORA = pathlib.Path(__file__).resolve().parent / 'corpus'
MAX_BYTES = 40_000  # of a corpus: the suite replays it with every build


def unpack(target, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for line in (CORPORA / f'{target}.hex').read_text().splitlines():
        data = bytes.fromhex(line)
        (folder / hashlib.sha1(data).hexdigest()).write_bytes(data)


def pack(folder, target):
    inputs = sorted({path.read_bytes() for path in folder.iterdir() if path.is_file()}, key=lambda data: (len(data), data))
    kept, size = [], 0
    for data in inputs:
        size += len(data)
        if size <= MAX_BYTES:
            kept.append(data)
    (CORPORA / f'{target}.hex').write_text(''.join(data.hex() + '\n' for data in kept))
    print(f'{target}: {len(kept)} of {len(inputs)} inputs')


def main():
    if len(sys.argv) == 4 and sys.argv[1] == 'unpack':
        unpack(sys.argv[2], pathlib.Path(sys.argv[3]))
    elif len(sys.argv) == 4 and sys.argv[1] == 'pack':
        pack(pathlib.Path(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(__doc__)


main()
