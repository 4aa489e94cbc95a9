"""Anthropic's own package over a server on loopback: streams, prompt caching, and errors that end in ModelError."""

import json
from typing import Any

import pytest
from pydantic import SecretStr

from support.openai_server import Say, serving
from triage.adapters.models import connect_model
from triage.advisor.proposals import Story, form_of, read
from triage.config import ModelSettings
from triage.errors import ModelError
from triage.trust.gate import Prompt, own, prompt, quarantine
from triage.trust.pseudonyms import Pseudonyms

ANSWER = json.dumps({"sentences": [{"text": "Rule 'x' fired 3 times.", "cites": ["E1"]}]})
KEY = "canary-key-0816"


def settings(url: str) -> ModelSettings:
    return ModelSettings(
        name="anthropic:m1", base_url=url.removesuffix("/v1"), api_key=SecretStr(KEY), retries=0, answer_tokens=200
    )


def question() -> Prompt:
    return prompt("{ours}\n{marker}\n{x}\n{marker}\n", ours=own("tell"), x=quarantine("data", names=Pseudonyms()))


def stream(text: str) -> bytes:
    """Return an answer as Anthropic's server-sent events."""
    message: dict[str, Any] = {
        "id": "m",
        "type": "message",
        "role": "assistant",
        "model": "m1",
        "content": [],
        "stop_reason": None,
    }
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": message | {"usage": {"input_tokens": 90, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"input_tokens": 90, "output_tokens": 17},
        },
        {"type": "message_stop"},
    ]
    return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)


def test_an_answer_streams_and_the_prompt_is_marked_to_be_cached() -> None:
    with serving(lambda _: Say(raw=stream(ANSWER))) as server:
        reply = connect_model(settings(server.url)).ask(question(), form_of(Story), 200)
    assert read(Story, reply.text).sentences[0].cites == ["E1"]
    assert (reply.input_tokens, reply.output_tokens, reply.estimated) == (90, 17, False)
    [body] = server.heard.bodies
    assert body["cache_control"] == {"type": "ephemeral"}
    assert (body["temperature"], body["max_tokens"], body["stream"]) == (0, 200, True)
    assert KEY in server.heard.headers[0]


@pytest.mark.parametrize("status", [400, 401, 429, 500, 529])
def test_an_error_is_told_without_the_key(status: int) -> None:
    with serving(lambda _: Say(f"bad key {KEY}", status=status)) as server, pytest.raises(ModelError) as caught:
        connect_model(settings(server.url)).ask(question(), form_of(Story), 200)
    assert KEY not in str(caught.value)
    assert f"HTTP {status}" in str(caught.value)


def test_a_stream_that_breaks_off_is_no_answer_that_can_be_read() -> None:
    with serving(lambda _: Say(raw=stream(ANSWER)[:300])) as server, pytest.raises(ModelError):
        connect_model(settings(server.url)).ask(question(), form_of(Story), 200)
