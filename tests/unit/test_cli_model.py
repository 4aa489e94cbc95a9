"""``triage model``: shows what is configured, tests it over the real protocol, and never shows a key."""

import json
from pathlib import Path

import pytest

from support.openai_server import Body, Say, Script, serving
from triage.advisor.chat import Form
from triage.advisor.scripted import obedient, realistic
from triage.cli import main

KEY = "canary-key-42"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))


def configured(tmp_path: Path, url: str) -> str:
    path = tmp_path / "t.toml"
    path.write_text(f'[model]\nname = "openai:m1"\nbase_url = "{url}"\nretries = 0\n')
    return str(path)


def by(script: object) -> Script:
    forms = (("look_ups", "LookUps"), ("sentences", "Story"), ("harmless", "Doubts"))

    def answer(body: Body) -> Say:
        prompt = body["messages"][-1]["content"]
        return Say(script(prompt, Form(next(form for word, form in forms if f'{{"{word}"' in prompt), {})))  # type: ignore[operator]

    return answer


def test_show_without_a_model_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "show"]) == 0
    told = capsys.readouterr().out
    assert "none; set model.name" in told
    assert "openai" in told


def test_show_names_the_key_only_as_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIAGE_MODEL__API_KEY", KEY)
    assert main(["model", "show", "--config", configured(tmp_path, "http://127.0.0.1:9/v1"), "--json"]) == 0
    told = capsys.readouterr().out
    assert KEY not in told
    assert json.loads(told)["key"] == "set"
    assert "narrate v1" in json.loads(told)["prompts"]


def test_a_fit_model_passes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TRIAGE_MODEL__API_KEY", KEY)
    with serving(by(realistic)) as server:
        assert main(["model", "test", "--config", configured(tmp_path, server.url)]) == 0
    told = capsys.readouterr().out
    assert "openai:m1: full" in told
    assert "FAIL" not in told


@pytest.mark.parametrize("script", [by(obedient), lambda _: Say(status=500), lambda _: Say("no idea")])
def test_an_unfit_model_fails(script: Script, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(script) as server:
        assert main(["model", "test", "--config", configured(tmp_path, server.url), "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["verdict"] == "unfit"


def test_wrong_use_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["model", "test"]) == 2
    (tmp_path / "t.toml").write_text('[model]\nname = "nonsense"\n')
    assert main(["model", "test", "--config", str(tmp_path / "t.toml")]) == 2
    (tmp_path / "t.toml").write_text('[model]\nname = "acme:m"\n')
    assert main(["model", "test", "--config", str(tmp_path / "t.toml")]) == 2
    told = capsys.readouterr().err
    assert "no model is configured" in told
    assert 'should be "provider:model"' in told
    assert "unknown provider" in told
