"""Names of machines that only their place tells to be ours do not leave."""

import pytest

from support.briefs import activity, candidate
from triage.advisor.names import Speech
from triage.config import ModelSettings
from triage.models import EntityRef
from triage.trust.gate import prompt
from triage.trust.pseudonyms import Pseudonyms

STATION = "ews01.plant.example"


def told(*entities: EntityRef) -> str:
    """Return how a remote model is told about a domain, in an incident with these entities."""
    speech = Speech(candidate(activity(entities=entities)), ModelSettings(name="a:b"))
    statement = f"domain:{STATION} was first named today"
    speech.learn([statement], ())
    return prompt("\n{marker}\n{x}\n{marker}\n", x=speech.tell(statement)).text


def test_the_name_of_an_internal_address_is_a_machine_of_ours() -> None:
    assert STATION not in told(EntityRef("address", "source", "10.61.0.25"), EntityRef("domain", "source", STATION))


@pytest.mark.parametrize(
    "entities",
    [
        (EntityRef("domain", "source", STATION),),
        (EntityRef("address", "source", "10.0.0.1"), EntityRef("domain", "destination", STATION)),
        (EntityRef("address", "destination", "8.8.8.8"), EntityRef("domain", "destination", STATION)),
    ],
)
def test_a_domain_of_elsewhere_is_sent(entities: tuple[EntityRef, ...]) -> None:
    assert STATION in told(*entities)


@pytest.mark.parametrize(
    "known",
    [
        EntityRef("host", "", "EWS01"),
        EntityRef("host", "", STATION),
        EntityRef("host", "", "db01.plant.example"),
        EntityRef("user", "", "kim@plant.example"),
    ],
)
def test_a_domain_beside_a_host_or_account_of_the_same_name_is_as_internal_as_that(known: EntityRef) -> None:
    names = Pseudonyms([EntityRef("domain", "", STATION), known])
    assert STATION not in names.hide(f"{STATION} answered")


def test_a_public_domain_beside_hosts_of_ours_is_sent() -> None:
    names = Pseudonyms([EntityRef("domain", "", "evil.example.com"), EntityRef("host", "", "db01.plant.example")])
    assert names.hide("evil.example.com answered") == "evil.example.com answered"
