"""Chat models over the provider's own package and a server on loopback: whatever it does, an answer or ModelError."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr

from support.openai_server import Body, Say, Server, serving
from triage.adapters.models import connect_model
from triage.adapters.models.chat import CHARS_READ
from triage.adapters.models.providers import PROVIDERS
from triage.advisor.proposals import Story, form_of, read
from triage.config import ModelSettings
from triage.errors import ConfigError, ModelError
from triage.trust.gate import Prompt, own, prompt, quarantine
from triage.trust.pseudonyms import Pseudonyms

ANSWER = json.dumps({"sentences": [{"text": "Rule 'x' fired 3 times.", "cites": ["E1"]}]})
FORM = form_of(Story)
KEY = "canary-key-0815"


def settings(url: str, **more: Any) -> ModelSettings:
    fields: dict[str, Any] = {"name": "openai:m1", "base_url": url, "api_key": SecretStr(KEY), "retries": 0}
    fields["answer_tokens"] = 200
    return ModelSettings(**(fields | more))


def question(*, hidden: bool = True) -> Prompt:
    names = Pseudonyms() if hidden else None
    return prompt("{ours}\n{marker}\n{x}\n{marker}\n", ours=own("tell"), x=quarantine("data", names=names))


def answers(*said: Say) -> Any:
    """Return a script that gives these answers in turn, the last one for ever."""
    left: Iterator[Say] = iter(said)

    def script(_: Body) -> Say:
        return next(left, said[-1])

    return script


@pytest.fixture(name="ask")
def _ask() -> Any:
    def ask(*said: Say, **more: Any) -> tuple[str, Server]:
        with serving(answers(*said)) as server:
            return connect_model(settings(server.url, **more)).ask(question(), FORM, 200).text, server

    return ask


def test_a_streamed_answer_arrives_whole_with_its_tokens() -> None:
    with serving(answers(Say(ANSWER))) as server:
        reply = connect_model(settings(server.url)).ask(question(), FORM, 200)
    assert read(Story, reply.text).sentences[0].cites == ["E1"]
    assert (reply.input_tokens, reply.output_tokens, reply.estimated) == (100, 20, False)
    assert reply.model == "openai:m1"
    [body] = server.heard.bodies
    assert body["temperature"] == 0
    assert body["stream"] is True
    assert body.get("max_tokens", body.get("max_completion_tokens")) == 200
    assert f"Bearer {KEY}" in server.heard.headers[0]


def test_tokens_are_estimated_where_the_server_does_not_count() -> None:
    with serving(answers(Say(ANSWER, usage=False))) as server:
        reply = connect_model(settings(server.url)).ask(question(), FORM, 200)
    assert reply.estimated
    assert reply.output_tokens >= len(ANSWER) / 4


def test_answers_by_tool_call(ask: Any) -> None:
    text, server = ask(Say(ANSWER, tool="Story"), structured="tools")
    assert read(Story, text).sentences
    [body] = server.heard.bodies
    assert [tool["function"]["name"] for tool in body["tools"]] == ["Story"]


def test_tries_again_after_429_and_500(ask: Any) -> None:
    text, server = ask(Say(status=429), Say(status=500), Say(ANSWER), retries=2)
    assert text == ANSWER
    assert len(server.heard.requests) == 3


@pytest.mark.parametrize(
    "said",
    [
        Say(status=429),
        Say(status=500),
        Say(status=401, text=f"wrong key {KEY}"),
        Say(status=400, text="\x1b[31mno\u202e"),
        Say(ANSWER, cut_after=0),
        Say(raw=b"data: {not json\n\n"),
        Say(raw=b"<html>proxy</html>"),
        Say(raw=b"data: [DONE]\n\n"),
        Say(""),
    ],
    ids=["429", "500", "401", "400", "cut", "malformed", "html", "no events", "empty"],
)
def test_failures_are_one_error_without_secrets(said: Say, ask: Any) -> None:
    with pytest.raises(ModelError) as caught:
        ask(said)
    told = str(caught.value)
    assert KEY not in told
    assert "openai:m1" in told
    assert told.isprintable()


def test_a_truncated_stream_is_no_answer_or_an_unreadable_one(ask: Any) -> None:
    try:
        text, _ = ask(Say(ANSWER * 10, cut_after=2))
    except ModelError:
        return
    with pytest.raises(ValueError, match="JSON"):
        read(Story, text)


def test_a_megabyte_is_not_read_to_its_end(ask: Any) -> None:
    text, _ = ask(Say("A" * 1000, times=5000))
    assert len(text) <= 200 * CHARS_READ + 1000


def test_a_tool_that_was_not_offered_is_just_an_unreadable_answer(ask: Any) -> None:
    text, _ = ask(Say('{"all": true}', tool="close_incident"))
    with pytest.raises(ValueError, match="sentences: missing"):
        read(Story, text)


def test_a_fallback_answers_where_the_first_model_does_not() -> None:
    def script(body: Body) -> Say:
        return Say(status=500) if body["model"] == "m1" else Say(ANSWER)

    with serving(script) as server:
        reply = connect_model(settings(server.url, fallbacks=("openai:m2",))).ask(question(), FORM, 200)
    assert reply.model == "openai:m2"


def test_key_and_server_are_not_given_to_another_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_OPENAI_API_KEY", "other")
    monkeypatch.setenv("OPENAI_API_VERSION", "2025-01-01")
    monkeypatch.setenv("AZURE_OPENAI_ENDPOINT", "http://127.0.0.1:9/azure")
    with serving(answers(Say(status=500))) as server:
        model = connect_model(settings(server.url, fallbacks=("azure:m2",), timeout_seconds=2))
        with pytest.raises(ModelError, match="azure:m2"):
            model.ask(question(), FORM, 200)
    assert len(server.heard.requests) == 1
    with pytest.raises(ConfigError, match="another provider"):
        connect_model(settings("http://127.0.0.1:9", fallbacks=("azure:m2",), local=True))


def test_a_remote_model_refuses_a_prompt_with_real_names() -> None:
    with serving(answers(Say(ANSWER))) as server:
        with pytest.raises(TypeError, match="pseudonyms"):
            connect_model(settings(server.url)).ask(question(hidden=False), FORM, 200)
        assert not server.heard.requests
        assert connect_model(settings(server.url, local=True)).ask(question(hidden=False), FORM, 200).text == ANSWER


def test_an_unreachable_server_is_a_model_error() -> None:
    with pytest.raises(ModelError, match="no answer"):
        connect_model(settings("http://127.0.0.1:9/v1")).ask(question(), FORM, 200)


def test_unknown_and_missing_providers_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="unknown provider 'acme'; there are anthropic"):
        connect_model(ModelSettings(name="acme:m"))
    missing = PROVIDERS["ollama"]._replace(module="no_such_package_here")
    monkeypatch.setattr("triage.adapters.models.providers.PROVIDERS", {"ollama": missing})
    with pytest.raises(ConfigError, match=r"pip install 'soc-triage\[ollama\]'"):
        connect_model(ModelSettings(name="ollama:m"))


def test_a_rate_limit_is_handed_to_the_model() -> None:
    model = connect_model(settings("http://127.0.0.1:9/v1", requests_per_minute=60))
    limiter = model._entries[0].model.rate_limiter
    assert limiter is not None


@pytest.mark.parametrize(
    ("name", "limit", "key"),
    [
        ("anthropic", "max_tokens", "api_key"),
        ("openai", "max_tokens", "api_key"),
        ("azure", "max_tokens", "api_key"),
        ("ollama", "num_predict", ""),
        ("vertex", "max_output_tokens", ""),
    ],
)
def test_every_provider_is_told_the_limits_in_its_own_words(name: str, limit: str, key: str) -> None:
    options = PROVIDERS[name].options("m", settings("http://127.0.0.1:9", timeout_seconds=7))
    assert options[limit] == 200
    assert options["temperature"] == 0
    assert 7 in {options.get("timeout"), options.get("client_kwargs", {}).get("timeout")}
    assert (KEY in options.values()) == bool(key)
    assert "http://127.0.0.1:9" in options.values()
