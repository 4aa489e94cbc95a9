"""Blast radius: who and what a step would hit, and which steps are kept."""

from itertools import permutations

import polars as pl

from support.incidents import incident
from triage.casework.blast import NOWHERE, PER_PHASE, Reach, home_domains, reach, weigh, weigh_plans
from triage.columns import ACTIVITIES
from triage.models import EntityKind, ResponseStep
from triage.ports import Asset

DAY = 86_400_000_000


class Inventory:
    def __init__(self, *assets: Asset) -> None:
        self._assets = {(asset.kind, asset.value): asset for asset in assets}

    def lookup(self, kind: EntityKind, value: str) -> Asset | None:
        return self._assets.get((kind.value, value))


def activity(number: int, principal: str, *names: str) -> dict[str, object]:
    pairs = [name.partition(":") for name in names]
    row = dict.fromkeys(ACTIVITIES.names())
    entities = [{"kind": kind, "role": "", "value": value} for kind, _, value in pairs]
    return row | {"activity": f"a{number}", "principal": principal, "first": number * DAY, "entities": entities}


def compared(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(list(rows), schema=ACTIVITIES)


def step(target: str, measure: str = "block_hash", phase: str = "containment") -> ResponseStep:
    values = {"phase": phase, "action": f"{measure} {target}", "reason": "r", "role": "lead", "target": target}
    return ResponseStep.model_validate(values | {"measure": measure, "step_id": f"{measure}-{target}"})


ROWS = (
    activity(0, "host:a", "hash:1", "user:ana", "host:a"),
    activity(1, "host:b", "hash:1", "user:ana"),
    activity(3, "host:c", "hash:2"),
    activity(2, "", "user:ana"),
)


def test_reach_counts_others_and_days_whatever_the_order() -> None:
    wanted = {("hash", "1"), ("user", "ana"), ("host", "c"), ("hash", "unknown")}
    expected = {
        ("hash", "1"): Reach({"host": 2, "user": 1}, 2),
        ("user", "ana"): Reach({"host": 2}, 3),
        ("host", "c"): Reach({}, 1),
    }
    for order in permutations(ROWS):
        assert reach(compared(*order), wanted) == expected
    assert reach(compared(), wanted) == {}
    assert reach(compared(*ROWS), set()) == {}


def test_a_step_says_whom_it_hits() -> None:
    inventory = Inventory(Asset("user", "ana", 90, "Bo", "payroll", ""))
    (told,) = weigh([step("user:ana", "suspend_user")], {("user", "ana"): Reach({"host": 2}, 3)}, inventory)
    assert told.blast_radius == (
        "user:ana is seen with 2 hosts on 3 days; criticality 90 of 100, role payroll, owner Bo"
    )
    assert told.role == "admin"
    (looked,) = weigh([step("user:ana", "ask_owner", "investigation")], {}, inventory)
    assert (looked.blast_radius, looked.role) == ("nothing is changed", "lead")
    (unknown,) = weigh([step("hash:9")], {}, Inventory())
    assert "not in the asset inventory" in unknown.blast_radius


def test_what_every_host_uses_is_blocked_last_and_by_an_administrator() -> None:
    everywhere, rare = step("hash:powershell"), step("hash:dropper")
    reached = {("hash", "powershell"): Reach({"host": 18}, 7), ("hash", "dropper"): Reach({"host": 1}, 1)}
    plan = weigh([everywhere, rare], reached, Inventory())
    assert [one.target for one in plan] == ["hash:dropper", "hash:powershell"]
    assert (plan[1].role, "in wide use" in plan[1].reason) == ("admin", True)
    assert plan[0].role == "lead"


def test_an_address_of_our_own_is_not_blocked_however_public_it_looks() -> None:
    inventory = Inventory(Asset("address", "8.8.8.8", 10, "", "nat", ""))
    plan = weigh([step("address:8.8.8.8", "block_address"), step("address:9.9.9.9", "block_address")], {}, inventory)
    assert [one.target for one in plan] == ["address:9.9.9.9"]


def test_a_plan_is_short_and_varied() -> None:
    hosts = [step(f"host:h{n}", "isolate_host") for n in range(6)]
    plan = weigh([*hosts, step("user:ana", "suspend_user"), step("hash:1")], {}, Inventory())
    assert len(plan) == PER_PHASE
    assert [one.measure for one in plan][:4] == ["isolate_host", "isolate_host", "suspend_user", "block_hash"]


def test_our_domains_are_those_of_several_hosts() -> None:
    names = ["a.corp.example", "B.CORP.example", "c.corp.example", "x.evil.example", "plain"]
    rows = compared(*(activity(n, f"host:{name}") for n, name in enumerate(names)))
    assert home_domains(rows) == {"corp.example"}
    assert home_domains(compared()) == frozenset()
    plan = (step("domain:www.corp.example", "block_domain"), step("domain:evil.example", "block_domain"))
    one = incident("inc-1").model_copy(update={"response_plan": plan})
    (weighed,) = weigh_plans([one], rows, Inventory())
    assert [kept.target for kept in weighed.response_plan] == ["domain:evil.example"]


def test_a_step_without_a_target_is_kept() -> None:
    (kept,) = weigh([step("", "ask_owner", "investigation")], {}, Inventory())
    assert kept.blast_radius == "nothing is changed"
    assert not NOWHERE.wide
