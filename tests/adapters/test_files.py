import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from triage.adapters import files
from triage.adapters.files import FileSource, whole_lines
from triage.adapters.json_elements import elements, unfold
from triage.errors import SourceError, SourceMissing
from triage.ports import RawPage, Window

ALWAYS = Window(None, None)
DOCUMENTS = [{"_index": "alerts", "_id": str(n), "_source": {"message": f"line {n} ü"}} for n in range(50)]
NDJSON = "".join(json.dumps(document) + "\n" for document in DOCUMENTS).encode()


def read(source: FileSource) -> list[RawPage]:
    pages = list(source.pages(ALWAYS))
    for page in pages:
        assert page.count == page.lines.count(b"\n") > 0
        assert page.lines.endswith(b"\n")
    return pages


def lines(source: FileSource) -> list[bytes]:
    return b"".join(page.lines for page in read(source)).splitlines()


def documents(source: FileSource) -> list[object]:
    return [json.loads(line) for line in lines(source)]


def from_bytes(content: bytes, line_bytes: int = 2_000_000) -> FileSource:
    return FileSource(["-"], line_bytes, stdin=io.BytesIO(content))


@pytest.mark.parametrize(
    "pack",
    [
        bytes,
        gzip.compress,
        zstandard.compress,
        lambda data: gzip.compress(data[:500]) + gzip.compress(data[500:]) + b"\0" * 9000,
        lambda data: zstandard.compress(data[:500]) + zstandard.compress(data[500:]),
        lambda data: data.removesuffix(b"\n"),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data.decode().encode("utf-16"),
        lambda data: data.replace(b"\n", b"\n\n"),
        lambda data: b"\n\n" + data,
        lambda data: b"[" + b",".join(data.splitlines()) + b"]",
        lambda data: json.dumps([json.loads(line) for line in data.splitlines()], indent=2).encode(),
        lambda data: b"".join(json.dumps(json.loads(line), indent=2).encode() + b"\n" for line in data.splitlines()),
        lambda data: b'{"took":3,"hits":{"total":50,"hits":[' + b",".join(data.splitlines()) + b"]}}",
    ],
)
def test_every_packing_gives_the_same_documents(tmp_path: Path, pack: Callable[[bytes], bytes]) -> None:
    path = tmp_path / "alerts"
    path.write_bytes(pack(NDJSON))
    source = FileSource([str(path)])
    assert documents(source) == DOCUMENTS
    assert source.problems() == ()
    assert documents(source) == DOCUMENTS, "reading is repeatable"


def test_ndjson_is_passed_on_byte_for_byte_with_line_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PAGE_BYTES", 1000)
    monkeypatch.setattr("triage.adapters.inflate.PIECE", 300)
    pages = read(from_bytes(NDJSON * 5))
    assert b"".join(page.lines for page in pages) == NDJSON * 5
    assert len(pages) > 5
    assert [page.first_line for page in pages] == [1 + sum(p.count for p in pages[:n]) for n in range(len(pages))]
    assert {page.origin for page in pages} == {"-"}


def test_blank_lines_are_left_out_and_line_numbers_stay_true() -> None:
    pages = read(from_bytes(b'\n{"a":1}\n\n\n{"a":2}\n{"a":3}\n'))
    assert [(page.first_line, page.lines) for page in pages] == [(2, b'{"a":1}\n'), (5, b'{"a":2}\n{"a":3}\n')]


def test_a_page_has_a_bounded_number_of_lines() -> None:
    pages = read(from_bytes(b"{}\n" * 9001))
    assert [page.count for page in pages] == [4000, 4000, 1001]
    assert [page.first_line for page in pages] == [1, 4001, 8001]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_truncated_file_keeps_what_was_read_and_says_so(pack: Callable[[bytes], bytes]) -> None:
    many = b"".join(b'{"n":%d,"x":"%x"}\n' % (n, n * 7919**9) for n in range(20_000))
    source = from_bytes(pack(many)[:-1000])
    kept = lines(source)
    assert kept[:1000] == many.splitlines()[:1000]
    (problem,) = source.problems()
    assert problem.source == "-"
    assert "ends early" in problem.reason
    assert problem.advice


def test_damage_in_the_middle_is_a_problem_not_a_crash() -> None:
    packed = bytearray(gzip.compress(NDJSON * 200))
    packed[len(packed) // 2] ^= 0xFF
    source = from_bytes(bytes(packed))
    lines(source)
    assert "damaged" in source.problems()[0].reason


def test_a_truncated_array_keeps_its_whole_elements_and_the_torn_one() -> None:
    source = from_bytes(b'[{"a":1},{"a":[2,{}]},{"a":"3')
    assert lines(source) == [b'{"a":1}', b'{"a":[2,{}]}', b'{"a":"3']
    assert "brackets" in source.problems()[0].reason


def test_a_huge_line_is_cut_and_its_neighbours_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PAGE_BYTES", 100)
    monkeypatch.setattr("triage.adapters.inflate.PIECE", 64)
    content = b'{"a":1}\n{"a":"' + b"x" * 5000 + b'"}\n{"a":2}\n'
    kept = lines(from_bytes(content, line_bytes=1000))
    assert [kept[0], kept[-1]] == [b'{"a":1}', b'{"a":2}']
    assert [len(line) for line in kept] == [7, 1001, 7]


def test_empty_files_are_fine(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "b").write_bytes(gzip.compress(b""))
    (tmp_path / "c").write_bytes(b"[]")
    source = FileSource([str(tmp_path / "*")])
    assert (read(source), source.problems()) == ([], ())


def test_globs_and_names_give_each_file_once(tmp_path: Path) -> None:
    for name in ("b.ndjson", "a.ndjson", "deep/c.ndjson"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(json.dumps({"file": name}))
    source = FileSource([str(tmp_path / "b.ndjson"), str(tmp_path / "**" / "*.ndjson")])
    assert documents(source) == [{"file": name} for name in ("b.ndjson", "a.ndjson", "deep/c.ndjson")]
    assert source.key == FileSource([str(tmp_path / "b.ndjson"), str(tmp_path / "**" / "*.ndjson")]).key
    assert source.key != FileSource([str(tmp_path / "b.ndjson")]).key


def test_what_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceMissing, match=r"none\.ndjson"):
        read(FileSource([str(tmp_path / "none.ndjson")]))
    with pytest.raises(SourceMissing, match=r"\*\.json"):
        read(FileSource([str(tmp_path / "*.json")]))
    with pytest.raises(SourceError, match="folder"):
        read(FileSource([str(tmp_path)]))


def test_a_file_with_glob_characters_in_its_name_is_itself(tmp_path: Path) -> None:
    (tmp_path / "a[1].ndjson").write_bytes(b"{}\n")
    assert lines(FileSource([str(tmp_path / "a[1].ndjson")])) == [b"{}"]


def test_standard_input_is_read_once() -> None:
    source = from_bytes(NDJSON)
    assert len(lines(source)) == 50
    with pytest.raises(SourceError, match="only once"):
        read(source)


def test_zircolite_matches_become_alerts_of_their_own() -> None:
    rule = {"title": "Rule", "id": "1", "rule_level": "high", "tags": ["attack.t1059"], "count": 2}
    found = documents(from_bytes(json.dumps([rule | {"matches": [{"Computer": "a"}, {"Computer": "b"}]}]).encode()))
    kept = {key: rule[key] for key in ("title", "id", "rule_level", "tags")}
    assert found == [kept | {"match": {"Computer": "a"}}, kept | {"match": {"Computer": "b"}}]


def test_unfold_leaves_other_documents_as_they_are() -> None:
    for line in (b'{"matches": 3}', b'{"hits": 2}', b'{"matches": [broken', b'{"a": "\\"hits\\""}'):
        assert unfold(line) == [line]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=8), st.integers(1, 9), st.sampled_from([None, 1]))
def test_an_array_is_cut_into_its_elements_wherever_the_pieces_break(
    values: list[object], size: int, indent: int | None
) -> None:
    content = json.dumps(values, indent=indent, ensure_ascii=False).encode("utf-8", "surrogatepass")
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    found = list(elements(pieces, array=True))
    assert [json.loads(element.line) for element in found] == values
    assert all(element.whole for element in found)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_read_without_an_error(content: bytes, line_bytes: int) -> None:
    source = from_bytes(content, line_bytes)
    lines(source)


@given(st.lists(st.binary(max_size=30)), st.integers(1, 20))
def test_lines_up_to_the_limit_are_never_changed(pieces: list[bytes], page: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "PAGE_BYTES", page)
        joined = b"".join(pieces)
        read_back = b"".join(whole_lines(pieces, line_bytes=10_000))
    assert read_back.removesuffix(b"\n") == joined.removesuffix(b"\n")
