"""Sources of intelligence: files of every kind, a TAXII server and a MISP feed on loopback, and what may fail."""

import gzip
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pytest
from pydantic import SecretStr

from triage.adapters.database import SqliteState
from triage.adapters.intelligence import files
from triage.adapters.intelligence.desk import IntelligenceDesk
from triage.adapters.intelligence.http import TAXII
from triage.cli.app import main
from triage.config import IntelligenceSettings
from triage.fakes import MemorySource

OBJECTS = [
    {"type": "indicator", "id": f"indicator--{n}", "pattern": f"[domain-name:value = 'h{n}.evil.com']"}
    for n in range(7)
]
EVENT = {"Event": {"info": "wave", "Attribute": [{"type": "domain", "value": "misp.com", "to_ids": True}]}}


class Server(BaseHTTPRequestHandler):
    """A TAXII 2.1 collection in pages of three, and a MISP feed."""

    seen: list[tuple[str, str]]

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        self.seen.append((self.path, self.headers.get("Authorization", "")))
        if url.path.endswith("/down/objects/"):
            return self._say(503, {})
        if url.path.endswith("/objects/"):
            assert self.headers["Accept"] == TAXII
            start = int(parse_qs(url.query).get("next", ["0"])[0])
            more = start + 3 < len(OBJECTS)
            page = {"objects": OBJECTS[start : start + 3], "more": more, **({"next": str(start + 3)} if more else {})}
            return self._say(200, page)
        feed = {"/feed/manifest.json": {"5f-1": {"info": "wave"}, "../x": {}}, "/feed/5f-1.json": EVENT}
        return self._say(200 if url.path in feed else 404, feed.get(url.path, {}))

    def _say(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Be quiet."""


@pytest.fixture
def server() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    seen: list[tuple[str, str]] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), type("S", (Server,), {"seen": seen})) as httpd:
        thread = Thread(target=httpd.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_port}", seen
        httpd.shutdown()
        thread.join()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Callable[..., IntelligenceDesk]]:
    with SqliteState(tmp_path / "state") as store:
        yield lambda source=None, **settings: IntelligenceDesk(
            IntelligenceSettings(**settings), store.intelligence, source
        )


def known(desk: IntelligenceDesk, *domains: str) -> list[str]:
    asked = pl.DataFrame({"kind": ["domain"] * len(domains), "value": domains})
    return sorted(desk.match(desk.pinned(), asked)["indicator_value"].unique().to_list())


def test_a_taxii_collection_is_read_page_by_page(desk: Any, server: Any) -> None:
    url, seen = server
    made = desk(taxii=(f"{url}/api/collections/1/",), username="u", password=SecretStr("secret"))
    (done,) = made.update(remote=True)
    assert (done.problem, done.version.contents.indicators) == ("", 7)
    assert len(seen) == 3
    assert all(auth.startswith("Basic ") for _, auth in seen)
    assert known(made, "h6.evil.com", "h7.evil.com") == ["h6.evil.com"]
    assert not made.update(remote=True)[0].changed


def test_a_misp_feed_is_read_by_its_manifest(desk: Any, server: Any) -> None:
    url, seen = server
    made = desk(misp_feeds=(f"{url}/feed",))
    (done,) = made.update(remote=True)
    assert known(made, "misp.com") == ["misp.com"]
    assert done.version.contents.left_out == {"event with an unsafe name": 1}
    assert [path for path, _ in seen] == ["/feed/manifest.json", "/feed/5f-1.json"]


def test_a_source_that_is_down_keeps_its_last_copy(desk: Any, server: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("evil.com\n")
    made = desk(files=(str(path),), taxii=(f"{server[0]}/missing",))
    made.update(remote=False)
    path.unlink()
    done = {one.source: one for one in made.update(remote=False)}
    assert "no such file" in done[str(path)].problem
    assert known(made, "evil.com") == ["evil.com"]


def test_plain_http_and_unknown_places_are_refused(desk: Any, server: Any) -> None:
    done = desk(taxii=("http://taxii.example.com/c/",), misp_feeds=(f"{server[0]}/nothing",)).update(remote=True)
    assert ["over https only" in one.problem or "does not exist" in one.problem for one in done] == [True, True]


def test_a_run_reads_local_files_and_asks_nobody(desk: Any, server: Any, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("evil.com\n")
    made = desk(files=(str(tmp_path / "list.txt"),), taxii=(f"{server[0]}/api/collections/1/",))
    told: list[Any] = []
    assert made.pin(told.append)["source"].to_list() == [str(tmp_path / "list.txt")]
    assert known(made, "evil.com") == ["evil.com"]
    assert not server[1]
    assert not told


def test_files_of_every_kind_are_told_apart(desk: Any, tmp_path: Path) -> None:
    folder = tmp_path / "intel"
    folder.mkdir()
    (folder / "bundle.json").write_text(json.dumps({"type": "bundle", "objects": OBJECTS}))
    (folder / "event.json").write_text(json.dumps(EVENT))
    (folder / "list.csv").write_text("indicator,confidence\ncsv.com,90\n")
    (folder / "packed.json.gz").write_bytes(
        gzip.compress(
            json.dumps({"id": "bundle--1", "objects": [{**OBJECTS[0], "pattern": "[url:value = 'gz.com/a']"}]}).encode()
        )
    )
    (folder / "junk.txt").write_bytes(bytes(range(256)) * 50)
    made = desk(files=(str(folder),))
    (done,) = made.update(remote=False)
    assert not done.problem
    assert known(made, "h3.evil.com", "misp.com", "csv.com") == ["csv.com", "h3.evil.com", "misp.com"]
    assert done.version.contents.indicators == 10


def test_a_large_bundle_is_read_object_by_object(desk: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "_WHOLE", 10)
    path = tmp_path / "bundle.json"
    path.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": OBJECTS}, indent=1))
    made = desk(files=(str(path),))
    assert made.update(remote=False)[0].version.contents.indicators == 7


def test_broken_json_is_a_problem_and_not_an_empty_list(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "bundle.json").write_text('{"objects": [')
    (done,) = desk(files=(str(tmp_path / "bundle.json"),)).update(remote=False)
    assert "no whole JSON document" in done.problem
    assert done.version is None


def test_an_indicator_index_is_read_like_any_source(desk: Any) -> None:
    hits = [{"_index": "ti", "_id": "1", "_source": {"threat": {"indicator": {"ip": "9.8.7.6", "confidence": "High"}}}}]
    made = desk(lambda: MemorySource(hits), index="ti")
    (done,) = made.update(remote=True)
    assert (done.source, done.version.contents.indicators) == ("ti", 1)


def test_a_source_taken_out_of_the_settings_is_not_in_force_any_more(desk: Any, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("evil.com\n")
    desk(files=(str(tmp_path / "list.txt"),)).update(remote=False)
    after = desk()
    after.update(remote=False)
    assert not after.current()
    assert known(after, "evil.com") == []


def test_the_commands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "list.txt").write_text("evil\x1b[31m.com\nevil.com\n8.8.8.8\n")
    config = tmp_path / "triage.toml"
    config.write_text(f'[intelligence]\nfiles = ["{tmp_path / "list.txt"}"]\n')
    at = ["--config", str(config), "--state", str(tmp_path / "state")]
    assert main(["intel", "match", "evil.com", *at]) == 1
    assert main(["intel", "update", *at]) == 0
    assert "read, 1 indicators, 2 left out" in capsys.readouterr().out
    assert main(["intel", "match", "hxxp://a.evil[.]com/x", *at]) == 0
    assert "matches domain:evil.com" in capsys.readouterr().out
    assert main(["intel", "list", "--json", *at]) == 0
    assert json.loads(capsys.readouterr().out)[0]["contents"]["indicators"] == 1
    assert main(["intel", "show", str(tmp_path / "list.txt"), *at]) == 0
    assert "public resolver" in capsys.readouterr().out
    assert main(["intel", "show", "nothing", *at]) == 2
    assert main(["campaigns", *at]) == 0
    assert main(["campaigns", "camp-x", *at]) == 2
