"""A proxy between client and Elasticsearch that misbehaves on command, and that can demand TLS and an API key.

It stands for what lies between a SOC and its cluster: load balancers that answer 503, nodes that reject under load,
connections cut in the middle, points in time that expire.
"""

import http.client
import json
import ssl
import threading
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.parse import urlsplit

PATIENCE = 60


class Fault(Enum):
    """What happens to one request."""

    TOO_MANY = 429
    BAD_GATEWAY = 502
    UNAVAILABLE = 503
    RESET = "the connection is closed without an answer"
    SLOW = "no answer comes until the proxy ends or the client has long gone"
    TRUNCATED = "the body is shorter than announced"
    BROKEN = "the body is cut, but its length announced as cut"
    EXPIRED = "the point in time is closed on the server before the search"
    PARTIAL = "one shard of the answer failed and its hits are missing"
    TIMED_OUT = "the server says that the search timed out, and half of the hits are missing"


Plan = Callable[[int], Fault | None]
"""Number of the search within the pull (from 0) -> its fault; None = pass on."""


def script(faults: Iterable[Fault | None]) -> Plan:
    """Return a plan that plays the faults on the first searches, then behaves."""
    steps = list(faults)
    return lambda number: steps[number] if number < len(steps) else None


class Door(NamedTuple):
    """What a client must bring."""

    tls: ssl.SSLContext | None = None
    keys: Mapping[str, int] = {}
    """API key (as sent) -> status; 200 lets it through; without keys everybody may enter."""


OPEN = Door()
"""Plain HTTP, everybody may enter."""


class FaultProxy:
    """Serves on a free loopback port while used as a context manager."""

    def __init__(self, upstream: str, plan: Plan = lambda _: None, door: Door = OPEN) -> None:
        self.upstream = urlsplit(upstream)
        self.plan = plan
        self.door = door
        self.sizes = list[int]()
        """``size`` of each search of a pull, in order of arrival."""
        self.paths = list[str]()
        self.ending = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(self)

    @property
    def url(self) -> str:
        """Where clients connect."""
        scheme = "https" if self.door.tls else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_address[1]}"

    def fault(self, path: str, body: bytes) -> Fault | None:
        """Return the fault for a request; only searches in a point in time are counted."""
        with self._lock:
            self.paths.append(path)
            if not path.startswith("/_search") or b'"pit"' not in body:
                return None
            self.sizes.append(json.loads(body)["size"])
            return self.plan(len(self.sizes) - 1)

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of the real server's answer."""
        assert self.upstream.hostname
        connection = http.client.HTTPConnection(self.upstream.hostname, self.upstream.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers))
            answer = connection.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        finally:
            connection.close()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ending.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = False
    request_queue_size = 64

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        super().__init__(("127.0.0.1", 0), _Handler)

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.proxy.door.tls is None:
            super().finish_request(request, client_address)
            return
        try:
            with self.proxy.door.tls.wrap_socket(request, server_side=True) as secured:
                super().finish_request(secured, client_address)
        except OSError:  # the client did not like our certificate
            return

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves early is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Stay silent."""

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        proxy = self.server.proxy
        if (status := self._admitted()) != 200:
            self._answer(status, {"content-type": "application/json"}, _refusal(status))
            return
        fault = proxy.fault(self.path, body)
        if fault in (Fault.RESET, Fault.SLOW):
            self.close_connection = True
            if fault is Fault.SLOW:
                proxy.ending.wait(PATIENCE)
        elif fault is not None and isinstance(fault.value, int):
            self._answer(fault.value, {"content-type": "application/json"}, _refusal(fault.value))
        else:
            if fault is Fault.EXPIRED:
                closing = json.dumps({"id": json.loads(body)["pit"]["id"]}).encode()
                proxy.ask("DELETE", "/_pit", closing, {"content-type": "application/json"})
            self._pass_on(body, fault)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _serve  # noqa: N815 - the base class looks for these names

    def _admitted(self) -> int:
        keys = self.server.proxy.door.keys
        return keys.get(self.headers.get("authorization", "").removeprefix("ApiKey "), 401) if keys else 200

    def _pass_on(self, body: bytes, fault: Fault | None) -> None:
        wanted = {name: self.headers[name] for name in ("content-type", "accept") if name in self.headers}
        status, headers, answer = self.server.proxy.ask(self.command, self.path, body, wanted)
        if fault in (Fault.PARTIAL, Fault.TIMED_OUT):
            answer = _damaged(answer, fault)
        if fault is Fault.BROKEN:
            answer = answer[: len(answer) // 2]
        if fault is Fault.TRUNCATED:
            self.close_connection = True
            self._answer(status, headers, answer[: len(answer) // 2], announced=len(answer))
        else:
            self._answer(status, headers, answer)

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes, announced: int | None = None) -> None:
        self.send_response(status)
        kept = {name: value for name, value in headers.items() if name.lower() in ("content-type", "x-elastic-product")}
        for name, value in kept.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body) if announced is None else announced))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _refusal(status: int) -> bytes:
    error = {"type": "refused", "reason": f"the proxy says {status}"}
    return json.dumps({"error": {"root_cause": [error], **error}, "status": status}).encode()


def _damaged(answer: bytes, fault: Fault) -> bytes:
    """Return the answer as it would be had one shard failed, or the time run out."""
    body = json.loads(answer)
    hits = body["hits"]["hits"]
    if fault is Fault.TIMED_OUT:
        body["timed_out"], body["hits"]["hits"] = True, hits[: len(hits) // 2]
    else:
        lost = hits[0]["_index"] if hits else ""
        body["hits"]["hits"] = [hit for hit in hits if hit["_index"] != lost]
        reason = {"type": "node_disconnected_exception", "reason": "the node has left"}
        body["_shards"] |= {"failed": 1, "failures": [{"shard": 0, "index": lost, "reason": reason}]}
    return json.dumps(body).encode()
