"""Pseudonyms: no internal name leaves, the same name is always the same, and what comes back is translated."""

import re
import string
import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from triage.models import EntityRef
from triage.trust.pseudonyms import LOCAL, SHARED, Pseudonyms, Rules

WORDS = re.compile("(host|user|address|domain|mail|resource|device|service|custom|withheld)", re.IGNORECASE)
LETTERS = string.ascii_letters + string.digits + "-_äößéñжщλ"
VOCABULARY = ["host", "user", "address", "domain", "mail", "resource", "device", "service", "custom", "(withheld)"]


def is_telling(name: str) -> bool:
    """Leave out what stands in every text anyway, and numbers."""
    plain = name.strip("-_") == name and not name.isdigit() and name.casefold() not in SHARED
    return plain and not any(name.casefold() in word for word in VOCABULARY)


NAMES: st.SearchStrategy[str] = st.text(st.sampled_from(LETTERS), min_size=4, max_size=14).filter(is_telling)
ENTITIES = st.tuples(st.sampled_from(["host", "user", "mailbox", "device", "cloud", "service"]), NAMES)
ACME = Rules(domains=("acme.example",), patterns=(re.compile(r"\bPRJ-\w+"),))


def made(*entities: tuple[str, str], rules: Rules = ACME) -> Pseudonyms:
    return Pseudonyms((EntityRef(kind, "", value) for kind, value in entities), rules)


def test_names_are_hidden_alike_and_come_back() -> None:
    names = made(("host", "dc01.acme.example"), ("user", "ACME\\mallory"), ("address", "10.1.2.3"))
    sent = names.hide("DC01.acme.example: Mallory logged on to dc01 from 10.1.2.3")
    assert sent == "HOST-1: USER-2 logged on to HOST-2 from ADDRESS-1"
    assert names.restore("USER-2 (user-2) used HOST-1; HOST-9 is invented") == (
        "mallory (mallory) used dc01.acme.example; HOST-9 is invented"
    )


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("mail bob@partner.example", "mail MAIL-1"),
        ("C:\\Users\\bob\\x.exe", "C:\\Users\\USER-1\\x.exe"),
        ("/home/bob/.ssh/id_rsa and /home/bob", "/home/USER-1/.ssh/id_rsa and /home/USER-1"),
        ("C:\\Users\\Public\\x.exe", "C:\\Users\\Public\\x.exe"),
        ("CONTOSO\\bob", "DOMAIN-1\\USER-1"),
        ("NT AUTHORITY\\SYSTEM", "NT AUTHORITY\\SYSTEM"),
        ("wiki.acme.example/x", "DOMAIN-1/x"),
        ("fe80::1 and FE80::1 and 2001:4860:4860::8888", "ADDRESS-1 and ADDRESS-1 and 2001:4860:4860::8888"),
        ("192.168.0.1 is not 192.168.0.11, 8.8.8.8 is public", "ADDRESS-1 is not ADDRESS-2, 8.8.8.8 is public"),
        ("about PRJ-nightfall", "about (withheld)"),
        ("HOST-1 says so", "(withheld) says so"),
        ("evil.example/a d41d8cd98f00b204e9800998ecf8427e", "evil.example/a d41d8cd98f00b204e9800998ecf8427e"),
        ("at 10:15:30 on 2026-01-31", "at 10:15:30 on 2026-01-31"),
    ],
)
def test_shapes_of_internal_things(text: str, sent: str) -> None:
    assert made().hide(text) == sent


def test_policy_decides_per_kind() -> None:
    withheld = Rules(policy={"user": "withhold"})
    assert (
        made(("user", "mallory"), ("host", "web01"), rules=withheld).hide("MALLORY on web01") == "(withheld) on web01"
    )
    assert made(("user", "mallory"), rules=Rules(policy=LOCAL)).hide("mallory@x.example 10.0.0.1") == (
        "mallory@x.example 10.0.0.1"
    )


def test_a_host_named_like_a_pseudonym_gets_another() -> None:
    names = made(("host", "srvfiles"), ("host", "host-1"))
    sent = names.hide("host-1 and srvfiles")
    assert "host-1" not in sent.casefold()
    assert names.restore(sent) == "host-1 and srvfiles"


def test_a_repr_shows_no_name() -> None:
    assert "mallory" not in repr(made(("user", "mallory")))


def variants(name: str) -> list[str]:
    return [name, name.upper(), name.lower(), name.title(), name.swapcase(), name.casefold()]


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


@given(
    st.lists(
        st.tuples(st.sampled_from(["host", "user", "mailbox", "device", "cloud", "service"]), NAMES),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="~"), max_size=12), min_size=8, max_size=8),
    st.integers(0, 5),
)
@example([("user", "userx"), ("host", "xuse")], [""] * 8, 0)
def test_canary_no_name_leaves_in_any_case(entities: list[tuple[str, str]], between: list[str], form: int) -> None:
    assume(not any(WORDS.search(text) for text in between))
    names = made(*entities)
    parts = [part for (_, name), gap in zip(entities, between, strict=False) for part in (gap, variants(name)[form])]
    sent = names.hide(" ".join([*parts, between[-1]]))
    remains = folded(re.sub(r"~?[A-Z]+-\d+~?|\(withheld\)", "\0", sent))
    for _, name in entities:
        assert folded(name) not in remains


@given(st.lists(NAMES, min_size=1, max_size=6, unique_by=str.casefold))
def test_what_was_sent_comes_back(values: list[str]) -> None:
    names = made(*(("user", value) for value in values))
    text = " then ".join(values)
    assert folded(names.restore(names.hide(text))) == folded(text)
    assert names.hide(text) == made(*(("user", value) for value in values)).hide(text)
