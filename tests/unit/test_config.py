import importlib.util
import re
import tomllib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.config import Settings, parse_duration, parse_moment
from triage.errors import ConfigError
from triage.settings_io import describe, fields, find_config, load_settings, template, variable, write_duration

NOW = datetime(2026, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture
def config(tmp_path: Path) -> Callable[[str], Path]:
    def write(text: str) -> Path:
        path = tmp_path / "triage.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))


def failure(file: Path | None, env: dict[str, str], flags: dict[str, object] | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(file, env, flags or {})
    return str(caught.value)


def test_defaults_need_nothing() -> None:
    loaded = load_settings(None, {"XDG_CONFIG_HOME": "nowhere"}, {})
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert loaded.file is None


def test_settings_do_not_look_at_the_process_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKERS", "9")
    monkeypatch.setenv("TRIAGE_WORKERS", "9")
    assert Settings().workers == 0


def test_precedence_is_file_then_environment_then_flag(config: Callable[[str], Path]) -> None:
    path = config("workers = 1\n\n[elasticsearch]\nslices = 1\npage_size = 1\nretries = 1\n")
    env = {"TRIAGE_ELASTICSEARCH__PAGE_SIZE": "2", "TRIAGE_ELASTICSEARCH__RETRIES": "2"}
    loaded = load_settings(path, env, {"elasticsearch.retries": 3, "elasticsearch.index": None})
    elastic = loaded.settings.elasticsearch
    assert (loaded.settings.workers, elastic.slices, elastic.page_size, elastic.retries) == (1, 1, 2, 3)
    assert loaded.origins["workers"] == f"{path}:1"
    assert loaded.origins["elasticsearch.slices"] == f"{path}:4"
    assert loaded.origins["elasticsearch.page_size"] == "environment"
    assert loaded.origins["elasticsearch.retries"] == "flag"
    assert loaded.origins["elasticsearch.index"] == "default"


def test_values_of_every_kind_can_come_from_the_environment() -> None:
    env = {
        "TRIAGE_PULL__SOURCES": "a.ndjson, https://es:9200",
        "TRIAGE_PULL__OVERLAP": "90m",
        "TRIAGE_ELASTICSEARCH__VERIFY": "false",
        "TRIAGE_ELASTICSEARCH__API_KEY": "s3cret",
        "TRIAGE_STATE": "~/state",
    }
    settings = load_settings(None, env, {}).settings
    assert settings.pull.sources == ("a.ndjson", "https://es:9200")
    assert settings.pull.overlap == timedelta(minutes=90)
    assert settings.elasticsearch.verify is False
    assert settings.elasticsearch.api_key.get_secret_value() == "s3cret"
    assert settings.state == Path.home() / "state"


def test_the_file_is_looked_for_in_the_usual_places(tmp_path: Path) -> None:
    env = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    assert find_config(env) is None
    home = tmp_path / "xdg" / "triage" / "triage.toml"
    home.parent.mkdir(parents=True)
    home.write_text("workers = 1\n")
    assert find_config(env) == home
    Path("triage.toml").write_text("workers = 2\n")
    assert load_settings(None, env, {}).settings.workers == 2
    assert find_config(env | {"TRIAGE_CONFIG": "other.toml"}) == Path("other.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("worker = 1", ["triage.toml:1", "'worker'", "did you mean 'workers'"]),
        ("[elasticsearch]\nurls = 'x'", ["triage.toml:2", "'elasticsearch.urls'", "elasticsearch.url"]),
        ("[elastic]\nurl = 'x'", ["triage.toml:1", "'elastic'"]),
        ("\nworkers = '4'", ["triage.toml:2", "workers", "a whole number", "'4'"]),
        ("workers = true", ["a whole number"]),
        ("workers = 99", ["triage.toml:1", "workers", "64", "99"]),
        ("log_level = 'loud'", ["log_level", "'loud'"]),
        ("elasticsearch = 3", ["elasticsearch is a section"]),
        ("[pull]\noverlap = 3600", ["triage.toml:2", "pull.overlap", '"1h"', "3600"]),
        ("[pull]\nsources = [1]", ["pull.sources"]),
        ("[pull]\nsince = 'yesterday'", ["pull.since", "2026-01-31"]),
        ("[elasticsearch]\napi_key = 'hush'", ["triage.toml:2", "is a secret", "TRIAGE_ELASTICSEARCH__API_KEY"]),
        ("[elasticsearch]\nurl = 'https://me:hush@es:9200'", ["elasticsearch.url", "must not carry credentials"]),
        ("workers = = 3", ["triage.toml", "line 1"]),
    ],
)
def test_what_is_wrong_in_the_file_is_named(config: Callable[[str], Path], text: str, said: list[str]) -> None:
    message = failure(config(text), {})
    assert all(part in message for part in said), message
    assert "hush" not in message


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("TRIAGE_WORKER", "1", ["'TRIAGE_WORKER'", "TRIAGE_WORKERS"]),
        ("TRIAGE_ELASTICSEARCH__SLICES", "many", ["TRIAGE_ELASTICSEARCH__SLICES", "elasticsearch.slices", "'many'"]),
        ("TRIAGE_ELASTICSEARCH", "x", ["TRIAGE_ELASTICSEARCH", "section"]),
    ],
)
def test_what_is_wrong_in_the_environment_is_named(name: str, value: str, said: list[str]) -> None:
    message = failure(None, {name: value})
    assert all(part in message for part in said), message


MAPPING = """
workers = 2

[[mapping]]
name = "acme"
when = { field = "vendor", equals = "acme" }
severity_scale = [0, 10]
host = "dev.name"
{line}

[[mapping]]
name = "other"
when.field = "x"
rule = "r"

[pull]
overlap = "1h"
"""


def test_mappings_are_read_from_the_file_and_shown(config: Callable[[str], Path]) -> None:
    path = config(MAPPING.replace("{line}", 'user = ["who", "by"]'))
    loaded = load_settings(path, {}, {})
    acme, other = loaded.settings.mapping
    assert (acme.host, acme.user, acme.severity_scale) == (("dev.name",), ("who", "by"), (0, 10))
    assert (other.when.field, other.rule) == ("x", ("r",))
    assert loaded.origins["pull.overlap"] == f"{path}:17"
    rows = {row.key: row for row in describe(loaded)}
    assert "equals = acme" in rows["mapping.acme"].value
    assert "user = who,by" in rows["mapping.acme"].value
    assert rows["mapping.acme"].origin.startswith(str(path))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('serverity = "prio"', ["triage.toml:9", "'acme'", "unknown key 'serverity'", "did you mean 'severity'?"]),
        ("user = [[1]]", ["triage.toml:9", "'acme'", "user"]),
        ("severity_words = { P1 = 'x' }", ["triage.toml:9", "'acme'", "severity_words.P1", "'x'"]),
        ("detector = 7", ["triage.toml:9", "'acme'", "detector", "7"]),
    ],
)
def test_what_is_wrong_in_a_mapping_is_named_with_its_line(
    config: Callable[[str], Path], line: str, said: list[str]
) -> None:
    message = failure(config(MAPPING.replace("{line}", line)), {})
    assert all(part in message for part in said), message


def test_a_mapping_is_a_table_of_the_file_and_its_name_its_own(config: Callable[[str], Path]) -> None:
    assert "only be in a file" in failure(None, {"TRIAGE_MAPPING": "[]"})
    assert "two brackets" in failure(config("[mapping]\nname = 'x'"), {})
    lacking = failure(config("[[mapping]]\nname = 'x'\nrule = 'r'"), {})
    assert "triage.toml:1" in lacking
    assert "when" in lacking
    twice = "[[mapping]]\nname = 'x'\nwhen.field = 'f'\nrule = 'r'\n"
    assert "'x'" in failure(config(twice + twice), {})


def test_the_example_of_a_mapping_in_the_template_loads(config: Callable[[str], Path]) -> None:
    example = "\n".join(line[6:] for line in template().splitlines() if line.startswith("#     "))
    [acme] = load_settings(config("[[mapping]]" + example.partition("[[mapping]]")[2]), {}, {}).settings.mapping
    assert acme.severity_words == {"P1": 99, "P2": 73}


def test_a_missing_or_unreadable_file_is_named(tmp_path: Path) -> None:
    assert "none.toml" in failure(tmp_path / "none.toml", {})
    (tmp_path / "latin.toml").write_bytes(b"state = '\xe4'")
    assert "UTF-8" in failure(tmp_path / "latin.toml", {})


def test_a_keyring_that_is_not_installed_is_said() -> None:
    if importlib.util.find_spec("keyring"):
        pytest.skip("keyring is installed")
    assert "keyring extra" in failure(None, {"TRIAGE_KEYRING": "yes"})


def test_the_template_holds_every_setting_with_its_default(config: Callable[[str], Path]) -> None:
    text = template()
    assert tomllib.loads(text) == {section: {} for section in tomllib.loads(text)}, "all of it is commented out"
    given = re.sub(r"(?m)^# (\w+ = )", r"\1", text)
    loaded = load_settings(config(given), {}, {})
    assert "default" in loaded.origins.values(), "a secret"
    assert loaded.origins["workers"] != "default"
    assert loaded.settings == Settings()
    for key, field in fields():
        assert field.description
        assert key.rpartition(".")[2] in text or variable(key) in text


def test_describe_masks_secrets_and_credentials() -> None:
    env = {
        "TRIAGE_ELASTICSEARCH__PASSWORD": "hush",
        "TRIAGE_CHECKPOINTER": "postgresql://me:hush@db/triage",
        "TRIAGE_PULL__OVERLAP": "1h30m",
    }
    loaded = load_settings(None, env, {})
    rows = {row.key: row for row in describe(loaded)}
    assert "hush" not in str(rows)
    assert "hush" not in repr(loaded)
    assert rows["checkpointer"].value == "postgresql://********@db/triage"
    assert rows["elasticsearch.password"].value == "********"
    assert rows["elasticsearch.api_key"].value == ""
    assert rows["pull.overlap"].value == "1h30m"
    assert rows["elasticsearch.verify"].value == "true"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30m", 1800), ("1h", 3600), ("7d", 604_800), ("1h30m", 5400), ("1.5h", 5400), ("PT1H", 3600), ("P1DT1S", 86_401)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("value", ["", "5", "1y", "-1h", "h", "P", "PT", "P1M", "1h1h", 5, None, "9" * 30 + "w"])
def test_what_is_no_duration_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="should be"):
        parse_duration(value)


@given(st.timedeltas(timedelta(0), timedelta(days=9999)))
def test_a_duration_reads_back_as_it_was_written(value: timedelta) -> None:
    assert parse_duration(write_duration(value)) == value


def test_moments() -> None:
    assert parse_moment("", NOW) is None
    assert parse_moment("24h", NOW) == NOW - timedelta(days=1)
    assert parse_moment("2026-01-31", NOW) == datetime(2026, 1, 31, tzinfo=UTC)
    assert parse_moment("2026-01-31T08:00+02:00", NOW) == datetime(2026, 1, 31, 6, tzinfo=UTC)
    for text in ("soon", "999999w"):
        with pytest.raises(ValueError, match=r"should be|too long ago"):
            parse_moment(text, NOW)
