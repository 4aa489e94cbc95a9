"""The technique table: shipped data, order of tactics, a user's own file."""

from pathlib import Path

import pytest

from triage.attack import KILL_CHAIN, kill_chain_order, load_techniques, stage
from triage.errors import ConfigError

TABLE = load_techniques()
ROOT = Path(__file__).resolve().parents[2]


def test_shipped_table_has_all_three_domains() -> None:
    assert {row.domain for row in TABLE.values()} == {"enterprise", "ics", "atlas"}
    assert len(TABLE) == 918


def test_every_tactic_of_the_table_has_its_place_in_the_kill_chain() -> None:
    assert {tactic for row in TABLE.values() for tactic in row.tactics} <= set(KILL_CHAIN)
    assert all(row.tactics for row in TABLE.values())


def test_lookup_ignores_case_and_falls_back_to_the_parent() -> None:
    assert TABLE["t1003.001"].name == "LSASS Memory"
    parent = TABLE.find("T1003.999")
    assert parent is not None
    assert parent.id == "T1003"
    assert TABLE.find("T9999") is None
    assert TABLE.find("") is None


def test_tactics_come_in_kill_chain_order_and_unknown_ones_last() -> None:
    assert kill_chain_order(["impact", "weird", "initial-access", "impact"]) == ("initial-access", "impact", "weird")
    assert TABLE.tactics(["T1003", "T1190", "T0000"]) == ("initial-access", "credential-access")
    assert stage("weird") == len(KILL_CHAIN)


def test_notice_carries_the_sentence_mitre_asks_for() -> None:
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    assert (
        "© The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation."
        in " ".join(notice.split())
    )


def test_own_table_replaces_the_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "own.csv"
    own.write_text("id,name,domain,tactics\nt9001,New Trick,enterprise,impact discovery\n", encoding="utf-8")
    table = load_techniques(own)
    assert table["T9001"].tactics == ("discovery", "impact")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name,id\n", "first line must be id,name,domain,tactics"),
        ("id,name,domain,tactics\nT1,Only two\n", "line 2"),
        ("", "first line"),
    ],
)
def test_broken_table_names_its_line(tmp_path: Path, text: str, words: str) -> None:
    own = tmp_path / "own.csv"
    own.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=words):
        load_techniques(own)


def test_missing_table_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_techniques(tmp_path / "absent.csv")
