"""What tools/backup and tools/pitr share: programs that must be there, files that only the holder of a certificate's key
can read (CMS, AES-256-GCM), and archives. Standard library only."""
import pathlib
import shutil
import subprocess
import sys
import tarfile

SUFFIX = ".cms"
FOLDERS = (None, "/usr/lib/postgresql/15/bin")  # None: those of PATH


class Failed(Exception):
    """What did not go, in words for the person who asked."""


def need(name):
    """The program's path; ends with 4 where it is not installed."""
    for folder in FOLDERS:
        path = shutil.which(name, path=folder)
        if path:
            return path
    print(f"SKIPPED: {name} is not installed", file=sys.stderr)
    sys.exit(4)


def run(command, **options):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        raise Failed(f"{pathlib.Path(command[0]).name}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout


def seal(source, target, certificate):
    openssl = need("openssl")
    said = run([openssl, "x509", "-in", certificate, "-noout", "-text"])
    # Other keys than RSA's agree on a key and have no padding.
    padding = ["-keyopt", "rsa_padding_mode:oaep"] if "Public Key Algorithm: rsaEncryption" in said else []
    run([openssl, "cms", "-encrypt", "-binary", "-stream", "-outform", "DER", "-aes-256-gcm", "-in", source, "-out", target, "-recip", certificate, *padding])


def unseal(source, target, key, certificate):
    """Also what was sealed with RSA's older padding: the file says which."""
    if not key or not certificate:
        raise Failed(f"{source} is encrypted; name the key of its certificate: --key and --certificate")
    run([need("openssl"), "cms", "-decrypt", "-binary", "-inform", "DER", "-in", source, "-out", target, "-recip", certificate, "-inkey", key])


def unpack(archive, folder):
    with tarfile.open(archive) as tar:
        # Debian 12's own Python may be older than the filter.
        tar.extractall(folder, filter="data") if hasattr(tarfile, "data_filter") else tar.extractall(folder)
