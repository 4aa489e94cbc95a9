"""A server on loopback that speaks OpenAI's chat completions: streams, tool calls, and every way to go wrong."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

Body = dict[str, Any]


class Say(NamedTuple):
    """What to answer to one request."""

    text: str = ""
    tool: str = ""
    """Name of a tool to be called with ``text`` as its arguments."""
    status: int = 200
    cut_after: int = -1
    """Events after which the stream breaks off; -1 = it is whole."""
    raw: bytes = b""
    """Sent instead of an answer."""
    times: int = 1
    """How often the text is said."""
    usage: bool = True


Script = Callable[[Body], Say]


class Heard:
    """All that the server was sent."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.headers: list[str] = []

    @property
    def everything(self) -> bytes:
        """Every byte of every request."""
        return b"\n".join([*self.requests, *(head.encode() for head in self.headers)])

    @property
    def bodies(self) -> list[Body]:
        """The requests, parsed."""
        return [json.loads(one) for one in self.requests]

    @property
    def prompts(self) -> list[str]:
        """The user's message of each request."""
        return [body["messages"][-1]["content"] for body in self.bodies]


class Server(NamedTuple):
    """A running server."""

    url: str
    heard: Heard


@contextmanager
def serving(script: Script) -> Iterator[Server]:
    """Run a server that answers by the script, on a free port of loopback."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            data = self.rfile.read(int(self.headers["Content-Length"]))
            heard.requests.append(data)
            heard.headers.append(f"{self.path}\n{self.headers}")
            body = json.loads(data)
            _answer(self, body, script(body))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}/v1", heard)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _answer(handler: BaseHTTPRequestHandler, body: Body, say: Say) -> None:
    if say.status != 200:
        message = say.text or "try later"
        _send(
            handler, say.status, json.dumps({"error": {"message": message, "type": "x"}}).encode(), "application/json"
        )
    elif say.raw:
        _send(handler, 200, say.raw, "text/event-stream" if body.get("stream") else "application/json")
    elif body.get("stream"):
        _stream(handler, body, say)
    else:
        _send(handler, 200, json.dumps(_whole(body, say)).encode(), "application/json")


def _send(handler: BaseHTTPRequestHandler, status: int, data: bytes, kind: str) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    handler.send_header("Retry-After", "0")
    handler.end_headers()
    handler.wfile.write(data)


def _whole(body: Body, say: Say) -> Body:
    message: Body = {"role": "assistant", "content": say.text * say.times}
    if say.tool:
        call = {"id": "c1", "type": "function", "function": {"name": say.tool, "arguments": say.text}}
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if say.tool else "stop"}
    return {"id": "r1", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice]}


def _stream(handler: BaseHTTPRequestHandler, body: Body, say: Say) -> None:
    """Send the answer as server-sent events in chunks; what is cut ends without the last chunk of the encoding."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.close_connection = True
    try:
        for place, event in enumerate(_events(body, say)):
            if place == say.cut_after:
                return
            line = f"data: {json.dumps(event)}\n\n".encode()
            handler.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        handler.wfile.write(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
    except (BrokenPipeError, ConnectionResetError):  # the client has read enough
        return


def _events(body: Body, say: Say) -> Iterator[Body]:
    base = {"id": "r1", "object": "chat.completion.chunk", "created": 1, "model": body["model"]}

    def event(delta: Body, finish: str | None = None) -> Body:
        return base | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}

    yield event({"role": "assistant", "content": ""})
    pieces = [say.text[start : start + 400] for start in range(0, len(say.text), 400)]
    if say.tool:
        head = {"index": 0, "id": "c1", "type": "function", "function": {"name": say.tool, "arguments": ""}}
        yield event({"tool_calls": [head]})
        for piece in pieces:
            yield event({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    else:
        for _ in range(say.times):
            for piece in pieces:
                yield event({"content": piece})
    yield event({}, "tool_calls" if say.tool else "stop")
    if say.usage:
        yield base | {"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}}
