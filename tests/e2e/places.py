"""Damage to files, disks that are full or read-only, a clock that goes back: what
bad_state_test.py does to the programs under test. Standard library only.
"""
import os
import re
import shutil
import subprocess


def flip(path, offset):
    """Negative: from the end."""
    with open(path, "r+b") as file:
        file.seek(offset, os.SEEK_SET if offset >= 0 else os.SEEK_END)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 0x10]))


def write(path, content):
    with open(path, "wb") as file:
        file.write(content)


def cut(path, count):
    os.truncate(path, max(0, os.path.getsize(path) - count))


def read(path):
    with open(path, "rb") as file:
        return file.read()


class Tmpfs:
    """A file system of its own; `mounted` is False where that is not allowed."""

    def __init__(self, path, size):
        os.makedirs(path, exist_ok=True)
        self.path = path
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", path], capture_output=True, check=False) if os.geteuid() == 0 else None
        self.mounted = done is not None and done.returncode == 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", "--lazy", self.path], check=False)

    def make_read_only(self):
        subprocess.run(["mount", "-o", "remount,ro", self.path], check=True)

    def fill(self):
        """To the last byte."""
        with open(os.path.join(self.path, "ballast"), "wb", buffering=0) as file:
            for size in (1 << 20, 4096, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    pass

    def free(self):
        os.remove(os.path.join(self.path, "ballast"))


# A clock of CLOCK_REALTIME that a file of eight bytes moves by so many seconds, but for the simulator: an exchange's clock is right.
CLOCK_SHIM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
static volatile int64_t* moved;
__attribute__((constructor)) static void open_moved(void) {
  if (strstr(program_invocation_short_name, "venue-sim")) return;
  const int file = open(getenv("GANNET_TEST_CLOCK"), O_RDONLY | O_CLOEXEC);
  void* at = file < 0 ? MAP_FAILED : mmap(0, sizeof *moved, PROT_READ, MAP_SHARED, file, 0);
  if (at != MAP_FAILED) moved = at;
}
int clock_gettime(clockid_t clock, struct timespec* now) {
  const int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && clock == CLOCK_REALTIME && moved) now->tv_sec += *moved;
  return result;
}
"""


class MovableClock:
    """For programs started within; None of it where no compiler is, or a sanitizer must come first."""

    def __init__(self, folder, program):
        self.offset = os.path.join(folder, "clock-offset")
        self.library = os.path.join(folder, "clock.so")
        self.set_back(0)
        source = self.library[:-3] + ".c"
        write(source, CLOCK_SHIM.encode())
        compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang-16")
        done = compiler and subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", self.library, source], capture_output=True, check=False)
        self.usable = bool(done) and done.returncode == 0 and not re.search(rb"__[at]san_init", read(program))

    def set_back(self, seconds):
        with open(self.offset, "r+b" if os.path.exists(self.offset) else "wb") as file:
            file.write((-seconds).to_bytes(8, "little", signed=True))

    def __enter__(self):
        os.environ.update(LD_PRELOAD=self.library, GANNET_TEST_CLOCK=self.offset)
        return self

    def __exit__(self, *_):
        os.environ.pop("LD_PRELOAD")
