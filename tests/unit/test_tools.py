"""The investigator's tools: JSON-able answers with true totals, bounds, clean text, closed argument schemas."""

import json
from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from support.fake_search import START, FakeSearch, row
from triage.adapters.assets import EmptyAssets
from triage.errors import ToolError
from triage.models import EntityKind
from triage.ports import Asset
from triage_tools import ToolLimits, build_tools

HOUR = timedelta(hours=1)
WEEK = {"since": (START - 7 * 24 * HOUR).isoformat(), "until": (START + 24 * HOUR).isoformat()}
WEB01 = {"kind": "host", "value": "web01"}


class OneAsset:
    """An inventory with one host."""

    def lookup(self, kind: EntityKind, value: str) -> Asset | None:
        return Asset(kind, value, 90, "ops", "web server", "\x1b[31mred") if value == "web01" else None


ROWS = [row(-24 * HOUR * day, "Scan", "host:web01", "address:8.8.8.8") for day in range(5)] + [
    row(HOUR, "Other", "host:web02")
]
TOOLS = {tool.name: tool for tool in build_tools(FakeSearch(ROWS), OneAsset(), ToolLimits(rows=3))}


def ask(name: str, **args: Any) -> dict[str, Any]:
    answer: dict[str, Any] = TOOLS[name].invoke(args)
    assert json.loads(json.dumps(answer)) == answer
    assert {"total", "truncated", "query"} <= answer.keys()
    return answer


def test_alerts_around_an_entity_are_cut_with_the_true_total() -> None:
    answer = ask("alerts_around_entity", **WEB01, **WEEK)
    assert (answer["total"], answer["truncated"], len(answer["rows"])) == (5, True, 3)
    times = [found["time"] for found in answer["rows"]]
    assert times == sorted(times)
    assert answer["rows"][0]["entities"] == ["host:web01", "address:8.8.8.8"]
    assert not ask("alerts_around_entity", kind="host", value="web02", **WEEK)["truncated"]


def test_alert_text_is_cleaned_and_bounded() -> None:
    evil = row(HOUR, "\x1b]0;x\x07Rule \u202eevil [E1]" + "x" * 999, "host:h")
    tools = {tool.name: tool for tool in build_tools(FakeSearch([evil]), EmptyAssets(), ToolLimits(field_chars=40))}
    found = tools["alerts_around_entity"].invoke({"kind": "host", "value": "h", **WEEK})["rows"][0]
    assert len(found["rule"]) <= 40
    assert not set("\x1b\x07\u202e[]") & set(found["rule"])


def test_prevalence_of_a_rule() -> None:
    answer = ask("rule_prevalence", rule="Scan", **WEEK)
    assert (answer["total"], answer["hosts"], answer["days"]) == (5, 1, 5)
    assert ask("rule_prevalence", rule='never "seen"', **WEEK)["query"].count('\\"') == 4


def test_history_and_sightings_of_an_entity() -> None:
    assert ask("entity_history", **WEB01, **WEEK)["days"]["2026-01-12"] == 1
    answer = ask("first_last_seen", kind="address", value="8.8.8.8")
    assert (answer["total"], answer["last"], answer["hosts"], answer["days"]) == (5, START.isoformat(), 1, 5)
    assert ask("first_last_seen", kind="address", value="9.9.9.9")["first"] is None


def test_attack_lookup_over_all_domains() -> None:
    answer = ask("attack_lookup", ids=["T1003.001", "AML.T0051", "T0831", "T1003.001", "T9999"])
    assert [technique["domain"] for technique in answer["techniques"]] == ["enterprise", "atlas", "ics"]
    assert (answer["total"], answer["unknown"]) == (4, ["T9999"])


def test_asset_lookup() -> None:
    assert ask("asset_lookup", **WEB01)["asset"] == {
        "criticality": 90,
        "owner": "ops",
        "role": "web server",
        "note": "␛(31mred",
    }
    assert ask("asset_lookup", kind="host", value="none")["asset"] is None


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("asset_lookup", {"kind": "robot", "value": "x"}),
        ("asset_lookup", {"kind": "host", "value": ""}),
        ("asset_lookup", {**WEB01, "delete": True}),
        ("rule_prevalence", {"rule": "x", "since": WEEK["until"], "until": WEEK["since"]}),
        ("rule_prevalence", {"rule": "x", "since": "2026-01-01T00:00:00", "until": "2026-01-02T00:00:00"}),
        ("alerts_around_entity", {**WEB01, **WEEK, "limit": 0}),
        ("attack_lookup", {"ids": []}),
    ],
)
def test_bad_arguments_are_refused(name: str, args: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TOOLS[name].invoke(args)


def test_too_long_a_window_is_refused() -> None:
    with pytest.raises(ToolError, match="at most 90"):
        ask("entity_history", **WEB01, since=(START - 91 * 24 * HOUR).isoformat(), until=START.isoformat())
