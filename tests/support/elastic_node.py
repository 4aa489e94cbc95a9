"""A real Elasticsearch node for tests and benchmarks, made of jars from Maven Central.

Also a script: ``python tests/support/elastic_node.py --version 8 --port 9280`` runs a node until Ctrl-C.
The jars are kept in ``.node/`` at the root of the repository; data lives in a temporary folder and is thrown away.
"""

import argparse
import contextlib
import fcntl
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "tests" / "adapters" / "elastic" / "node"
CACHE = ROOT / ".node"
START_SECONDS = 120


class Release(NamedTuple):
    """A server version that the tests run against."""

    version: str
    java: int
    """Lowest major version of Java it runs on."""


RELEASES = {8: Release("8.19.21", 17), 9: Release("9.5.3", 21)}


class NodeError(Exception):
    """The node cannot be run here; the message says what is missing."""


class JavaMissingError(NodeError):
    """No Java of the needed version was found."""


@contextlib.contextmanager
def running(major: int, port: int = 0, heap: str = "1g") -> Iterator[str]:
    """Start a node of release 8 or 9 and yield its URL; stop it at the end, also on failure."""
    release = RELEASES[major]
    java = find_java(release.java)
    home = prepared(release, java)
    with tempfile.TemporaryDirectory(prefix=f"es{major}-") as folder:
        http, transport = port or free_port(), free_port()
        log = Path(folder) / "node.log"
        process = _launch(java, home, major, Path(folder), (http, transport), heap)
        try:
            url = f"http://127.0.0.1:{http}"
            _wait_until_healthy(url, process, log)
            yield url
        finally:
            _stop(process)


def find_java(least: int) -> Path:
    """Return a ``java`` of at least this major version: JAVA_HOME, the PATH, then the system's JVM folder."""
    homes = [Path(os.environ[name]) for name in ("JAVA_HOME", "JAVA21_HOME", "JAVA25_HOME") if os.environ.get(name)]
    found = shutil.which("java")
    candidates = [home / "bin" / "java" for home in homes] + ([Path(found)] if found else [])
    candidates += sorted(Path("/usr/lib/jvm").glob("*/bin/java"))
    for java in candidates:
        if java.is_file() and _java_version(java) >= least:
            return java
    raise JavaMissingError(f"no Java {least}+ found: install one or set JAVA_HOME")


def _java_version(java: Path) -> int:
    printed = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    match = re.search(r'version "(\d+)', printed)
    return int(match.group(1)) if match else 0


def prepared(release: Release, java: Path) -> Path:
    """Return the home folder of a node with its jars beside it, downloading them once."""
    target = CACHE / release.version
    CACHE.mkdir(exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            unfinished = Path(tempfile.mkdtemp(dir=CACHE))
            _download(release, java, unfinished)
            _lay_out(release, unfinished)
            unfinished.rename(target)
    return target / "home"


def _download(release: Release, java: Path, folder: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise NodeError("Maven (mvn) is missing: install it, it fetches the Elasticsearch jars")
    command = [maven, "-B", "-q", "-f", str(RECIPE / "pom.xml"), f"-Delasticsearch.version={release.version}"]
    command += ["dependency:copy-dependencies", f"-DoutputDirectory={folder / 'lib'}"]
    environment = os.environ | {"JAVA_HOME": str(java.resolve().parents[1])}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        raise NodeError(f"Maven could not fetch Elasticsearch {release.version}: {done.stdout[-800:]}")


def _lay_out(release: Release, folder: Path) -> None:
    module = folder / "home" / "modules" / "transport-netty4"
    for path in (module, folder / "home" / "plugins", folder / "home" / "config"):
        path.mkdir(parents=True)
    for pattern in ("transport-netty4-*.jar", "netty-*.jar"):
        for jar in (folder / "lib").glob(pattern):
            jar.rename(module / jar.name)
    descriptor = (RECIPE / "plugin-descriptor.properties").read_text("utf-8")
    descriptor = descriptor.replace("@VERSION@", release.version).replace("@JAVA@", str(release.java))
    (module / "plugin-descriptor.properties").write_text(descriptor, "utf-8")


def free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _launch(
    java: Path, home: Path, major: int, folder: Path, ports: tuple[int, int], heap: str
) -> subprocess.Popen[bytes]:
    command = [str(java), f"-Xms{heap}", f"-Xmx{heap}", "-Des.distribution.type=tar"]
    command += ["-cp", f"{home.parent / 'lib'}/*", str(RECIPE / f"EsNode{major}.java")]
    command += [str(home), str(folder / "data"), *map(str, ports)]
    with (folder / "node.log").open("wb") as log:
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=subprocess.STDOUT, cwd=folder, start_new_session=True
        )


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        if _healthy(url):
            return
        time.sleep(0.1)
    raise NodeError(f"the Elasticsearch node did not start: {log.read_text('utf-8', 'replace')[-2000:]}")


def _healthy(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_cluster/health?wait_for_status=yellow", timeout=5) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return False


def _stop(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdin:
        process.stdin.close()


@contextlib.contextmanager
def server(url: str | None) -> Iterator[str]:
    """Yield the URL of a server to fill: the one that was named, or one of our own."""
    if url:
        yield url
    else:
        with running(8) as own:
            yield own


def main() -> None:
    """Run a node in the foreground."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--version", type=int, choices=sorted(RELEASES), default=8)
    parser.add_argument("--port", type=int, default=9280)
    parser.add_argument("--heap", default="1g")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    with running(options.version, options.port, options.heap) as url, contextlib.suppress(KeyboardInterrupt):
        print(url, flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
