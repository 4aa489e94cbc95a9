"""What links incidents without and with intelligence, and what keeps a campaign the same one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from triage.intelligence.adversary import Trait, Traits
from triage.intelligence.campaigns import Known, campaigns, linked

NIGHT = datetime(2026, 3, 2, 2, tzinfo=UTC)


def trait(kind: str, value: str, assets: int = 1) -> Trait:
    return Trait(kind=kind, value=value, assets=assets, first=NIGHT)


def incident(
    number: int, *indicators: Trait, tools: tuple[Trait, ...] = (), day: int | None = None, **more: object
) -> Traits:
    first = NIGHT + timedelta(days=number if day is None else day)
    fields: dict[str, object] = {
        "incident_id": f"inc-{number}",
        "title": f"Incident {number}",
        "first": first,
        "last": first + timedelta(hours=1),
        "assets": (f"host:h{number}",),
        "indicators": indicators,
        "tooling": tools,
        "techniques": (),
    }
    return Traits.model_validate(fields | more)


HASH, DOMAIN, TOOL = trait("hash", "ab" * 16), trait("domain", "evil.com"), trait("signature", "s1")


def test_two_rare_things_link_and_one_does_not() -> None:
    assert not linked([incident(1, HASH), incident(2, HASH)], {})
    (link,) = linked([incident(1, HASH, tools=(TOOL,)), incident(2, HASH, tools=(TOOL,))], {})
    assert (link.left, link.right, link.ground) == ("inc-1", "inc-2", "indicator")
    assert f"hash:{'ab' * 16} (on 1 asset(s) in all)" in link.reason
    assert "since 2026-03-02 02:00 UTC" in link.reason


def test_tools_alone_do_not_link() -> None:
    tools = (TOOL, trait("signature", "s2"), trait("signature", "s3"))
    assert not linked([incident(1, tools=tools), incident(2, tools=tools)], {})


def test_what_many_assets_or_incidents_show_is_not_rare() -> None:
    wide = trait("domain", "cdn.com", assets=40)
    assert not linked([incident(1, wide, tools=(TOOL,)), incident(2, wide, tools=(TOOL,))], {})
    assert not linked([incident(n, HASH, DOMAIN) for n in range(11)], {})


def test_one_asset_in_one_night_is_for_correlation() -> None:
    same: dict[str, Any] = {"assets": ("host:h1",)}
    assert not linked([incident(1, HASH, DOMAIN), incident(2, HASH, DOMAIN, day=1, **same)], {})
    assert linked([incident(1, HASH, DOMAIN), incident(2, HASH, DOMAIN, day=3, **same)], {})


def test_the_same_order_of_techniques_counts_beside_an_indicator() -> None:
    steps: dict[str, Any] = {"techniques": ("T1566", "T1059", "T1003", "T1048")}
    (link,) = linked([incident(1, HASH, **steps), incident(2, HASH, **steps)], {})
    assert "the same order of 4 techniques: T1566 > T1059 > T1003 > T1048" in link.reason
    mixed: dict[str, Any] = {"techniques": ("T1048", "T1003", "T1059", "T1566")}
    assert not linked([incident(1, HASH, **steps), incident(2, HASH, **mixed)], {})


def test_intelligence_links_what_shares_nothing_until_it_expires() -> None:
    pair = [incident(1, HASH), incident(2, DOMAIN)]
    known = {
        ("hash", HASH.value): [Known(HASH.value, "feed", 80, ("MOTH",))],
        ("domain", DOMAIN.value): [Known(DOMAIN.value, "feed", 60, ("MOTH",))],
    }
    (link,) = linked(pair, known)
    assert (link.ground, link.strength) == ("threat", 0.6)
    assert "both signs of 'MOTH' by feed, confidence 60 of 100" in link.reason
    expired = known | {("hash", HASH.value): [known["hash", HASH.value][0]._replace(until=NIGHT - timedelta(days=1))]}
    assert not linked(pair, expired)
    assert not linked(pair, {})


def test_a_campaign_keeps_its_id_as_it_grows_and_never_lends_it() -> None:
    two = [incident(1, HASH, DOMAIN), incident(2, HASH, DOMAIN)]
    (first,) = campaigns(two, linked(two, {}), ())
    three = [*two, incident(3, HASH, DOMAIN)]
    (grown,) = campaigns(three, linked(three, {}), (first,))
    assert grown.campaign_id == first.campaign_id
    assert grown.incident_ids == ("inc-1", "inc-2", "inc-3")
    assert grown.link_count == len(grown.links) == 3
    other = [trait("hash", "cd" * 16), trait("domain", "worse.com")]
    pair = [incident(7, *other), incident(8, *other)]
    both = campaigns([*three, *pair], linked([*three, *pair], {}), (grown,))
    assert len({one.campaign_id for one in both}) == 2
    assert {one.campaign_id for one in both} > {grown.campaign_id}


@pytest.mark.parametrize("count", [0, 1])
def test_no_campaign_without_a_pair(count: int) -> None:
    alone = [incident(n, HASH, DOMAIN) for n in range(count)]
    assert campaigns(alone, linked(alone, {}), ()) == ()
