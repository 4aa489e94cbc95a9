"""Throwaway certificates for TLS tests, made by the ``openssl`` command."""

import ssl
import subprocess
from pathlib import Path
from typing import NamedTuple


class Certificates(NamedTuple):
    """Files of an authority, of a server it vouches for, and of an authority that has nothing to do with it."""

    authority: Path
    stranger: Path
    fingerprint: str
    """SHA-256 of the server's certificate, in hex."""
    server: ssl.SSLContext


def make_certificates(folder: Path) -> Certificates:
    """Make them; takes less than a second."""
    for name in ("authority", "stranger"):
        _openssl(folder, "req", "-x509", *_new_key(name), "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")
    _openssl(folder, "req", *_new_key("server"), "-out", "server.csr", "-subj", "/CN=localhost")
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n", "utf-8")
    signing = ["-CA", "authority.pem", "-CAkey", "authority.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    _openssl(folder, "x509", "-req", "-in", "server.csr", "-out", "server.pem", *signing)
    printed = _openssl(folder, "x509", "-in", "server.pem", "-noout", "-fingerprint", "-sha256")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    fingerprint = printed.strip().rpartition("=")[2].replace(":", "")
    return Certificates(folder / "authority.pem", folder / "stranger.pem", fingerprint, context)


def _new_key(name: str) -> tuple[str, ...]:
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
    return (*curve, "-nodes", "-keyout", f"{name}.key")


def _openssl(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout
