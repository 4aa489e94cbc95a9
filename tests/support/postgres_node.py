"""A real Postgres for tests: the programs of an installed server, data in a temporary folder that is thrown away."""

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from support.elastic_node import free_port

_UNPRIVILEGED = "nobody"


class PostgresMissingError(Exception):
    """No Postgres server is installed here."""


@contextlib.contextmanager
def running() -> Iterator[str]:
    """Start a server and yield its URL; stop it at the end, also on failure. Raises PostgresMissingError."""
    initdb, pg_ctl = _program("initdb"), _program("pg_ctl")
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        data, port = Path(folder) / "data", free_port()
        data.mkdir()
        if os.geteuid() == 0:  # Postgres refuses to run as root
            for path in (Path(folder), data):
                shutil.chown(path, _UNPRIVILEGED)
        _run([initdb, "-D", str(data), "-U", "triage", "-A", "trust", "--no-sync"])
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        _run([pg_ctl, "-D", str(data), "-w", "-l", str(Path(folder) / "log"), "-o", options, "start"])
        try:
            yield f"postgresql://triage@127.0.0.1:{port}/postgres"
        finally:
            _run([pg_ctl, "-D", str(data), "-m", "immediate", "stop"])


def _program(name: str) -> str:
    installed = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = shutil.which(name) or next(map(str, installed), None)
    if found is None:
        raise PostgresMissingError(f"Postgres ({name}) is not installed")
    return found


def _run(command: Sequence[str]) -> None:
    user = _UNPRIVILEGED if os.geteuid() == 0 else None
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, user=user, cwd="/")
