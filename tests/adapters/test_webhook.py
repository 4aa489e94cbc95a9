"""The webhook against a real server on this machine: signed, repeated with one key, never led elsewhere."""

import base64
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from support.certificates import Certificates, make_certificates
from support.responding import ISOLATE, planned, prepared, responses
from triage.adapters.connectors import build_connectors, read_secrets
from triage.adapters.connectors.webhook import Webhook, sign
from triage.adapters.database import SqliteState
from triage.config import ConnectorSettings, Settings
from triage.errors import ConfigError
from triage.models import Entity, EntityKind
from triage.responding.actions import step_action
from triage.responding.models import Action

NOON = 1_795_000_000
ACTION = step_action(planned(), ISOLATE, "soar").model_copy(update={"key": "k-1"})


class Receiver:
    """Answers with the given statuses in turn, the last one for ever, and keeps what it was sent."""

    def __init__(self, url: str, statuses: list[int]) -> None:
        self.url = url
        self.statuses = statuses
        self.answer = b"taken"
        self.location = ""
        self.kill = 0
        """Process to be killed by the next request, before it is answered."""
        self.got: list[tuple[str, dict[str, str], bytes]] = []

    def keys(self) -> list[str]:
        return [headers["webhook-id"] for _, headers, _ in self.got]


@contextmanager
def receiving(*statuses: int, tls: Certificates | None = None) -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, content))
            status = receiver.statuses[min(len(receiver.got), len(receiver.statuses)) - 1]
            if receiver.kill:
                os.kill(receiver.kill, signal.SIGKILL)
                receiver.kill = 0
            if status == 0:
                self.connection.close()
                return
            self.send_response(status)
            if receiver.location:
                self.send_header("location", receiver.location)
            self.end_headers()
            self.wfile.write(receiver.answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.server.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    receiver = Receiver(f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}/hook?x=1", list(statuses))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def webhook(url: str, secret: str = "", **values: Any) -> Webhook:
    settings = ConnectorSettings(name="soar", kind="webhook", measures=("isolate_host",), url=url, **values)
    return Webhook(settings, SecretStr(secret) if secret else None, sleep=lambda _: None, clock=lambda: NOON)


def carried_out(hook: Webhook, action: Action = ACTION) -> tuple[str, str]:
    outcome = hook.carry_out(action, hook.preview(action))
    return outcome.state, outcome.detail


def test_one_typed_signed_document(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with receiving(200, tls=certificates) as receiver:
        assert carried_out(webhook(receiver.url, "s3cret", ca_file=certificates.authority))[0] == "done"
    ((path, headers, content),) = receiver.got
    document = json.loads(content)
    assert (path, document["schema"], document["measure"]) == (
        "/hook?x=1",
        "triage.response/1",
        "isolate_host",
    )
    assert document["target"] == {"kind": "host", "value": "dc01"}
    message = f"k-1.{NOON}.".encode() + content
    expected = base64.b64encode(hmac.new(b"s3cret", message, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert headers["idempotency-key"] == headers["webhook-id"] == "k-1"


def test_signature_of_the_published_example() -> None:
    """Keys, id, time and body of the test vector in the Standard Webhooks specification's reference libraries."""
    signed = sign(
        SecretStr("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "1614265330",
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_dry_run_sends_nothing() -> None:
    with receiving(200) as receiver:
        preview = webhook(receiver.url).preview(ACTION)
    assert receiver.got == []
    assert "not signed" in preview.would[0]
    assert "x=1" not in preview.would[0]


@pytest.mark.parametrize("status", [429, 503, 0])
def test_tries_again_with_the_same_key_and_bytes(status: int) -> None:
    with receiving(status, status, 201) as receiver:
        assert carried_out(webhook(receiver.url))[0] == "done"
    assert receiver.keys() == ["k-1"] * 3
    assert len({content for _, _, content in receiver.got}) == 1


def test_what_never_answers_well_may_have_arrived() -> None:
    with receiving(503) as receiver:
        state, detail = carried_out(webhook(receiver.url, retries=2))
    assert (state, len(receiver.got)) == ("unknown", 3)
    assert "may have arrived" in detail


def test_a_receiver_without_keys_is_asked_once() -> None:
    with receiving(503) as receiver:
        assert carried_out(webhook(receiver.url, idempotent=False))[0] == "unknown"
    assert len(receiver.got) == 1


def test_a_refusal_is_final_and_bounded() -> None:
    with receiving(403) as receiver:
        receiver.answer = b"\x1b[31mno\n" * 100_000
        state, detail = carried_out(webhook(receiver.url))
    assert (state, len(receiver.got)) == ("failed", 1)
    assert detail.isprintable()
    assert len(detail) < 500


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(status: int) -> None:
    with receiving(200) as elsewhere, receiving(status) as receiver:
        receiver.location = elsewhere.url
        state, detail = carried_out(webhook(receiver.url))
    assert (state, elsewhere.got) == ("failed", [])
    assert "redirects are not followed" in detail


def test_a_server_that_is_not_there_was_sent_nothing() -> None:
    with receiving(200) as receiver:
        gone = receiver.url
    state, detail = carried_out(webhook(gone, retries=1))
    assert (state, "nothing was sent" in detail) == ("failed", True)


def test_a_certificate_of_a_stranger_is_refused(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path)
    with receiving(200, tls=certificates) as receiver:
        state, detail = carried_out(webhook(receiver.url, "s3cret", ca_file=certificates.stranger))
    assert (state, receiver.got) == ("failed", [])
    assert "certificate" in detail
    assert "s3cret" not in detail


@pytest.mark.parametrize("value", ["http://169.254.169.254/latest", "x@evil.example/#", "a\r\nHost: evil.example"])
def test_no_text_of_an_alert_chooses_where_anything_goes(value: str) -> None:
    action = ACTION.model_copy(update={"target": value, "title": value, "reason": value})
    with receiving(200) as receiver:
        assert carried_out(webhook(receiver.url), action)[0] == "done"
        host = receiver.url.split("/")[2]
    ((path, headers, content),) = receiver.got
    assert (path, headers["host"]) == ("/hook?x=1", host)
    assert json.loads(content)["target"]["value"] == value


def test_what_changed_since_the_dry_run_is_not_sent() -> None:
    with receiving(200) as receiver:
        hook = webhook(receiver.url)
        preview = hook.preview(ACTION)
        other = ACTION.model_copy(update={"target": "dc02"})
        assert hook.carry_out(other, preview).state == "failed"
    assert receiver.got == []


@pytest.mark.parametrize(
    "url", ["", "ftp://x/", "http://soar.example/", "https://", "https://a:b@soar.example/", "https://[::1", "//x"]
)
def test_an_unsafe_url_is_no_configuration(url: str) -> None:
    with pytest.raises(ConfigError, match="connector soar"):
        webhook(url)


def test_names_and_secrets_are_checked() -> None:
    one = ConnectorSettings(name="soar", kind="webhook", url="https://soar.example/", measures=("isolate_host",))

    def built(*connectors: ConnectorSettings, secrets: str = "") -> None:
        build_connectors(Settings(connector=connectors, connector_secrets=SecretStr(secrets)), lambda _: ())

    built(one, secrets="soar=a=b")
    with pytest.raises(ConfigError, match="used twice"):
        built(one, one)
    with pytest.raises(ConfigError, match="no measure 'isolate_hosts'"):
        built(one.model_copy(update={"measures": ("isolate_hosts",)}))
    with pytest.raises(ConfigError, match="no connector 'other'"):
        built(one, secrets="other=geheim")
    with pytest.raises(ConfigError, match="not base64"):
        built(one, secrets="soar=whsec_x")
    with pytest.raises(ConfigError) as wrong:
        read_secrets(SecretStr("geheim"))
    assert "geheim" not in str(wrong.value)
    assert "a=b" not in repr(Settings(connector=(one,), connector_secrets=SecretStr("soar=a=b")))


def test_only_named_measures_are_taken() -> None:
    hook = webhook("https://soar.example/")
    assert hook.takes("isolate_host")
    assert not any(hook.takes(name) for name in ("isolate", "isolate_host ", "*", "write_status", ""))


def test_a_name_with_anything_in_it_is_only_data() -> None:
    entity = Entity(kind=EntityKind.HOST, value='dc"},"measure":"wipe', alert_count=1)
    incident = planned().model_copy(update={"entities": (entity,)})
    action = step_action(incident, ISOLATE.model_copy(update={"target": f"host:{entity.value}"}), "soar")
    with receiving(200) as receiver:
        assert carried_out(webhook(receiver.url), action)[0] == "done"
    assert json.loads(receiver.got[0][2])["measure"] == "isolate_host"


PROGRAM = """
import sys
from pathlib import Path
from support.responding import responses
from triage.adapters.connectors.webhook import Webhook
from triage.adapters.database import SqliteState
from triage.config import ConnectorSettings

state, url = Path(sys.argv[1]), sys.argv[2]
settings = ConnectorSettings(name="soar", kind="webhook", measures=("isolate_host",), url=url)
with SqliteState(state) as store:
    ours = responses(store, state, Webhook(settings, None))
    request = ours.propose("inc-1", "1", "ana")
    input()
    ours.approve(request.request_id, "dc01", "lena")
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL")
def test_killed_while_the_receiver_works_it_is_sent_again_as_the_same(tmp_path: Path) -> None:
    prepared(tmp_path)
    root = Path(__file__).resolve().parents[2]
    path = os.pathsep.join(str(root / part) for part in (".", "tools", "evals", "tui", "tests"))
    with receiving(200) as receiver:
        command = [sys.executable, "-c", PROGRAM, str(tmp_path), receiver.url]
        env = {**os.environ, "PYTHONPATH": path}
        with subprocess.Popen(command, stdin=subprocess.PIPE, env=env) as child:
            receiver.kill = child.pid
            child.communicate(b"\n")
        assert (child.returncode, len(receiver.got)) == (-signal.SIGKILL, 1)
        with SqliteState(tmp_path) as state:
            after = responses(state, tmp_path, webhook(receiver.url))
            (request,) = after.requests()
            assert request.interrupted
            assert after.approve(request.request_id, "dc01", "lena").state == "done"
    assert receiver.keys() == [request.action.key] * 2
    assert receiver.got[0][2] == receiver.got[1][2]
