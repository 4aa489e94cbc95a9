"""Status, tags and assignee of real alerts on real servers: exactly those, and nothing else of them."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from zlib import crc32

import pytest
from elasticsearch import Elasticsearch

from support.responding import planned
from triage.adapters.connectors.elastic_status import ASSIGNEES, STATUS, TAGS, ElasticStatus
from triage.config import ConnectorSettings, ElasticSettings, Settings
from triage.desk.decisions import Status, decision
from triage.errors import ConfigError
from triage.fakes import HashEmbedder
from triage.models import AlertRef
from triage.ports import Window
from triage.responding.actions import status_action
from triage.responding.models import Action
from triage.session import Session
from triage.state import RunContext

pytestmark = pytest.mark.elastic
INDEX = ".internal.alerts-security.alerts-{}-000001"
CLOSED = Status(incident_id="inc-1", state="closed", reason="false_positive", assignee="ana")


class Alerts:
    """Five alerts of an incident, one of somebody else's, and documents that must never be touched."""

    def __init__(self, url: str, name: str) -> None:
        self.client = Elasticsearch(url)
        self.index = INDEX.format(name)
        self.url = url
        self.client.options(ignore_status=404).indices.delete(index=self.index)
        for number in range(6):
            self.put(f"a{number}", {STATUS: "open", TAGS: ["mine", "triage:old"], "host.name": "dc01"})
        self.put("plain", {"host.name": "dc01"})
        self.client.index(index="logs-other", id="a1", document={STATUS: "open"}, refresh=True)
        self.refs: list[AlertRef] = [AlertRef(self.index, f"a{number}") for number in range(5)]

    def put(self, name: str, document: dict[str, Any]) -> None:
        self.client.index(index=self.index, id=name, document=document, refresh=True)

    def get(self, name: str, index: str = "") -> dict[str, Any]:
        found = self.client.get(index=index or self.index, id=name)
        return {"_version": found["_version"], **found["_source"]}


@pytest.fixture
def alerts(es_node: str, request: pytest.FixtureRequest) -> Any:
    made = Alerts(es_node, str(crc32(request.node.name.encode())))
    yield made
    made.client.indices.delete(index=[made.index, "logs-other"])
    made.client.close()


def connector(alerts: Alerts, refs: Sequence[AlertRef] | None = None, client: Any = None) -> ElasticStatus:
    settings = ConnectorSettings(name="siem", kind="elastic_status", assignees={"ana": "u_ana"})
    elastic = ElasticSettings(url=alerts.url, retries=0)
    given = {"client": client} if client else {}
    return ElasticStatus(settings, elastic, lambda _: alerts.refs if refs is None else refs, **given)


def action(status: Status = CLOSED) -> Action:
    return status_action(planned(), status, "siem")


def test_exactly_the_alerts_of_the_incident_get_status_tags_and_assignee(alerts: Alerts) -> None:
    siem = connector(alerts)
    preview = siem.preview(action())
    assert preview.changes == 5
    assert alerts.get("a0")["_version"] == 1
    assert siem.carry_out(action(), preview).changed == 5
    for name in ("a0", "a4"):
        got = alerts.get(name)
        tags = ["mine", "triage", "triage:inc-1", "triage:attack", "triage:false_positive"]
        assert (got[STATUS], got[ASSIGNEES], got[TAGS], got["host.name"]) == ("closed", ["u_ana"], tags, "dc01")
    assert alerts.get("a5") == {"_version": 1, STATUS: "open", TAGS: ["mine", "triage:old"], "host.name": "dc01"}


def test_a_repeat_writes_nothing(alerts: Alerts) -> None:
    siem = connector(alerts)
    preview = siem.preview(action())
    assert siem.carry_out(action(), preview).changed == 5
    assert siem.carry_out(action(), preview).changed == 0
    assert alerts.get("a0")["_version"] == 2
    assert siem.preview(action()).changes == 0


def test_a_write_that_was_cut_off_goes_on(alerts: Alerts) -> None:
    siem, half = connector(alerts), connector(alerts, alerts.refs[:2])
    preview = siem.preview(action())
    half.carry_out(action(), half.preview(action()))
    assert siem.carry_out(action(), preview).changed == 3


def test_what_is_no_alert_of_elastic_security_is_left_alone(alerts: Alerts) -> None:
    alerts.refs += [AlertRef("logs-other", "a1"), AlertRef(alerts.index, "plain"), AlertRef(alerts.index, "gone")]
    alerts.refs += [AlertRef(".internal.alerts-security.alerts-*", "a5"), AlertRef(f"{alerts.index},logs-other", "a5")]
    siem = connector(alerts)
    preview = siem.preview(action())
    assert preview.changes == 5
    assert any("other indices" in line for line in preview.would)
    assert siem.carry_out(action(), preview).state == "done"
    assert alerts.get("a1", "logs-other") == {"_version": 1, STATUS: "open"}
    assert alerts.get("plain") == {"_version": 1, "host.name": "dc01"}
    assert alerts.get("a5")["_version"] == 1


def test_without_one_alert_that_may_be_written_it_is_refused(alerts: Alerts) -> None:
    assert connector(alerts, [AlertRef("logs-other", "a1")]).preview(action()).refused


def test_an_incident_that_has_grown_is_proposed_again(alerts: Alerts) -> None:
    siem = connector(alerts)
    preview = siem.preview(action())
    alerts.refs.append(AlertRef(alerts.index, "a5"))
    assert siem.carry_out(action(), preview).state == "failed"
    assert alerts.get("a0")["_version"] == 1


class Meddler:
    """A client through which somebody else changes an alert between our reading and our writing."""

    def __init__(self, alerts: Alerts) -> None:
        self._alerts = alerts
        self._client = Elasticsearch(alerts.url)
        self._left = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def mget(self, **values: Any) -> Any:
        return self._client.mget(**values)

    def bulk(self, **values: Any) -> Any:
        if self._left:
            self._left -= 1
            self._alerts.put("a3", {STATUS: "acknowledged", TAGS: ["urgent"], "host.name": "dc01"})
        return self._client.bulk(**values)


def test_a_change_made_meanwhile_is_read_before_it_is_written_over(alerts: Alerts) -> None:
    siem = connector(alerts, client=lambda _: Meddler(alerts))
    assert siem.carry_out(action(), siem.preview(action())).changed == 5
    assert alerts.get("a3")[TAGS][0] == "urgent"
    assert alerts.get("a3")[STATUS] == "closed"


def test_reopened_here_is_open_there_and_a_stranger_is_not_assigned(alerts: Alerts) -> None:
    siem = connector(alerts)
    siem.carry_out(action(), siem.preview(action()))
    again = action(Status(incident_id="inc-1", assignee="bo"))
    preview = siem.preview(again)
    assert "assignee stays: assignees has no bo" in preview.would
    siem.carry_out(again, preview)
    got = alerts.get("a0")
    assert (got[STATUS], got[ASSIGNEES]) == ("open", ["u_ana"])
    assert "triage:false_positive" not in got[TAGS]


def test_a_server_that_is_down_is_an_outcome(alerts: Alerts) -> None:
    preview = connector(alerts).preview(action())
    alerts_elsewhere = ElasticSettings(url="http://127.0.0.1:9", retries=0)
    settings = ConnectorSettings(name="siem", kind="elastic_status")
    outcome = ElasticStatus(settings, alerts_elsewhere, lambda _: alerts.refs).carry_out(action(), preview)
    assert (outcome.state, outcome.changed) == ("failed", 0)


@pytest.mark.parametrize("index", ["", "*", "logs-*", ".alerts-security.alerts-default,logs-*", ".kibana"])
def test_no_other_index_can_be_configured(index: str) -> None:
    with pytest.raises(ConfigError, match="index may only name"):
        ElasticStatus(
            ConnectorSettings(name="siem", kind="elastic_status", index=index),
            ElasticSettings(url="http://127.0.0.1:9"),
            lambda _: (),
        )


def light(context: RunContext) -> RunContext:
    return dataclasses.replace(context, embedder=HashEmbedder())


def test_from_the_alerts_of_a_run_to_their_status(alerts: Alerts, tmp_path: Path) -> None:
    for number in range(6):
        alerts.put(f"a{number}", security_alert(number))
    elastic = ElasticSettings(url=alerts.url, index=alerts.index, publish=False)
    siem = ConnectorSettings(name="siem", kind="elastic_status")
    settings = Settings(state=tmp_path / "state", workers=1, elasticsearch=elastic, connector=(siem,))
    with Session(settings, adapt=light) as session:
        list(session.run([alerts.url], Window(None, None), None))
        (incident,) = [one for one in session.incidents() if "fs01" in one.title or one.disposition != "benign"]
        session.decide(decision("close", [incident.incident_id], reason="true_positive"), "ana")
        request = session.responses().propose(incident.incident_id, "status", "ana")
        done = session.responses().approve(request.request_id, incident.incident_id, "ana")
    assert (done.state, done.outcome and done.outcome.changed) == ("done", incident.alert_count)
    got = [alerts.get(f"a{number}") for number in range(6)]
    assert [one[STATUS] for one in got] == ["closed"] * incident.alert_count + ["open"] * (6 - incident.alert_count)
    assert all(
        {**one, STATUS: "open", TAGS: [], "_version": 0} == {**security_alert(n), "_version": 0}
        for n, one in enumerate(got)
    )


def security_alert(number: int) -> dict[str, Any]:
    return {
        "@timestamp": f"2026-03-01T08:0{number}:00.000Z",
        "kibana.alert.uuid": f"a{number}",
        "kibana.alert.rule.name": f"Ransom note written {number}",
        "kibana.alert.rule.uuid": f"r-{number}",
        "kibana.alert.severity": "critical",
        "kibana.alert.risk_score": 99,
        STATUS: "open",
        TAGS: [],
        "event.kind": "signal",
        "host": {"name": "fs01"},
        "user": {"name": "mallory"},
        "threat": [{"framework": "MITRE ATT&CK", "tactic": {"id": "TA0040", "name": "Impact"}, "technique": []}],
    }
