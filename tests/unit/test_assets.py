"""The CSV asset inventory."""

from pathlib import Path

import pytest

from triage.adapters.assets import CsvAssets, EmptyAssets, IndexAssets
from triage.errors import ConfigError
from triage.fakes import MemorySource
from triage.models import EntityKind, Incompleteness

HEADER = "kind,value,criticality,owner,role,note\n"


def inventory(tmp_path: Path, body: str, header: str = HEADER) -> CsvAssets:
    file = tmp_path / "assets.csv"
    file.write_text(header + body, encoding="utf-8")
    return CsvAssets(file)


def test_finds_an_asset_whatever_the_case(tmp_path: Path) -> None:
    assets = inventory(tmp_path, 'host,DC01,95,"Ops, night",domain controller,\n\nuser,anna,40,HR,,\n')
    found = assets.lookup(EntityKind.HOST, "dc01")
    assert found is not None
    assert (found.criticality, found.owner, found.role) == (95, "Ops, night", "domain controller")
    assert assets.lookup(EntityKind.USER, "dc01") is None


def test_reads_a_file_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert inventory(tmp_path, "host,a,1,,,\n", "\ufeff" + HEADER).lookup(EntityKind.HOST, "a")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("host,a,1,,,\nrobot,b,1,,,\n", "line 3: kind 'robot' is unknown"),
        ("host,,1,,,\n", "line 2: value is empty"),
        ("host,a,high,,,\n", "line 2: criticality 'high'"),
        ("host,a,101,,,\n", "line 2: criticality '101'"),
        ("host,a,-1,,,\n", "line 2: criticality '-1'"),
        ("host,a,1\n", "line 2: expected 6 fields, found 3"),
        ("host,a,1,,,\nhost,A,2,,,\n", "host:A is listed more than once"),
        ('host,a,1,"unclosed,,\n', "line 2"),
    ],
)
def test_names_the_line_that_is_wrong(tmp_path: Path, body: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        inventory(tmp_path, body)


def test_wrong_header_and_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 1: the columns must be"):
        inventory(tmp_path, "", "host,criticality\n")
    with pytest.raises(ConfigError, match="cannot be read"):
        CsvAssets(tmp_path / "absent.csv")


def test_empty_inventory_knows_nothing() -> None:
    assert EmptyAssets().lookup(EntityKind.HOST, "a") is None


def document(**fields: object) -> dict[str, object]:
    return {"_index": "assets", "_id": "1", "_source": {"kind": "host", "value": "DC01", "criticality": 95} | fields}


def test_an_index_is_an_inventory_too() -> None:
    found = IndexAssets(MemorySource([document(owner="Ops")])).lookup(EntityKind.HOST, "dc01")
    assert found is not None
    assert (found.criticality, found.owner, found.note) == (95, "Ops", "")


def test_a_wrong_document_of_the_index_is_named() -> None:
    with pytest.raises(ConfigError, match=r"document 1: criticality '400'"):
        IndexAssets(MemorySource([document(criticality=400)]))


def test_an_index_that_answers_in_part_is_refused() -> None:
    problem = Incompleteness(source="assets", reason="a shard is down")
    with pytest.raises(ConfigError, match="could not be read whole: a shard is down"):
        IndexAssets(MemorySource([document()], problems=[problem]))
