"""The bytes that reach a real terminal: what attackers wrote adds no control sequence to them, on any screen."""

import json
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path

from support.desk import NOW, START, incident, opened
from support.openai_server import Say, serving
from support.program import terminal
from support.stored import store_segments
from triage.adapters.database import SqliteState
from triage.intelligence.adversary import Campaign, CampaignLink, Resemblance

CSI = re.compile(rb"\x1b\[([0-9;:?<>=]*)([ -/]*[@-~])")
POINTER = re.compile(rb"\x1b\]22;default\x07")
"""What Textual asks of the mouse pointer's shape."""
ESCAPE = b"\x1b"
TABS = tuple(b"%d" % tab for tab in range(2, 10))
WALK = (
    ((b"j", b"o", *TABS), "Similar incidents"),
    ((ESCAPE, b"f"), "most frequent value"),
    ((b"\r",), "rule"),
    ((b"\r", b"a"), "this night"),
    ((ESCAPE, ESCAPE, ESCAPE, ESCAPE, b"n", b"x\r", b"@"), "Decisions, newest first"),
    ((ESCAPE, b"5"), "not JSON"),
    ((b"1", b"t", b"B"), "Waiting for an answer (8)"),
    ((ESCAPE, b"6"), "over two nights"),
    ((b"o", b"G"), "never an attribution"),
    ((ESCAPE, b"1", b":incident inc-0001\r", b"3", b"w"), "In 2 incidents"),
    ((ESCAPE, b"i", b"what is gone?\r"), "Asked the language model"),
    ((ESCAPE, b"6", b"\r"), "What it would do"),
    ((ESCAPE, ESCAPE, b":incident inc-0009\r", b"D"), "Draft of a rule exception"),
    ((ESCAPE, ESCAPE, ESCAPE, b"x", b"j", b"x", b"m"), "What would come of it"),
)
"""Keys, and what the screen they lead to says once it is there."""
ATTACKS = (
    "\x1b]0;owned\x07title",
    "\x1b[2J\x1b[31mred",
    "\x9b31m\x90q\x9c",
    "\x1bPq#0;2;0;0;0\x1b\\",
    "\x1b]52;c;b3duZWQ=\x07",
    "\u202egnp.exe\u2066x\u2069",
    "a\rb\x08\x08\x7f\x0e\x0f",
    "[bold red]not markup[/] [@click=app.quit]z[/]",
)
FORBIDDEN = re.compile("[\x00-\x07\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def campaign(text: str) -> Campaign:
    """Return a campaign of two incidents that says a text wherever it says anything of others."""
    link = CampaignLink(
        left="inc-0001",
        right="inc-0002",
        ground="indicator",
        what=(text,),
        reason=text,
        strength=0.8,
        since=START,
    )
    return Campaign(
        campaign_id="cmp-1",
        title=f"over two nights {text}",
        first_seen=START,
        last_seen=NOW,
        incident_ids=("inc-0001", "inc-0002"),
        assets=(f"host:{text}",),
        techniques=("T1490",),
        links=(link,),
        link_count=1,
        resembles=(Resemblance(name=text, kind="intrusion-set", shared=("T1490",), own=1, profile=9, chance=0.2),),
    )


def told(text: str) -> str:
    """Return a model's answer that says a text in a sentence, in a citation, and where nothing belongs."""
    sentences = [
        {"text": f"Of 'copies', 3 alerts are gone. {text}", "cites": ["E1", text]},
        {"text": text, "cites": []},
    ]
    return json.dumps({"sentences": sentences, text: text})


def asking(url: str) -> dict[str, str]:
    """Return settings by which a model on loopback is asked."""
    names = {"NAME": "openai:m1", "BASE_URL": url, "API_KEY": "none", "LOCAL": "true", "RETRIES": "0"}
    return {f"TRIAGE_MODEL__{name}": value for name, value in names.items()}


def raw(folder: Path, dress: Callable[[str], str]) -> bytes:
    """Return all bytes of a walk over the screens, on incidents whose texts were dressed."""
    night = tuple(
        incident(rank, disposition, title=dress(f"{text} {rank}"), rule=dress(text), value=dress(text))
        for rank, (disposition, text) in enumerate(product(("attack", "benign"), ATTACKS), start=1)
    )
    every = dress(" ".join(ATTACKS))
    folder.mkdir()
    with opened(folder, night, excerpt=every, sample=len(ATTACKS)):
        store_segments(folder, night)
    with SqliteState(folder / "state") as store:
        store.campaigns.save((), (), [campaign(every)])
    with serving(lambda _: Say(told(every))) as server, terminal(folder, settings=asking(server.url)) as program:
        program.until(b"help")
        for keys, words in WALK:
            for key in keys:
                program.press(key)
            program.until(words.encode())
        return program.raw


def controls(output: bytes) -> set[tuple[bytes, bytes]]:
    """Return the control sequences but for colours, places and how far the cursor goes, which no two runs share."""
    found = {(values, final) for values, final in CSI.findall(output)}
    return {(values, final) for values, final in found if final not in {b"m", b"H", b"A", b"B", b"C", b"D"}}


def test_no_control_sequence_of_a_document_reaches_the_terminal(tmp_path: Path) -> None:
    hostile = raw(tmp_path / "hostile", lambda text: text)
    tame = raw(tmp_path / "tame", lambda text: "".join(one for one in text if one.isalnum()) or "x")
    assert controls(hostile) <= controls(tame)
    shown = POINTER.sub(b"", CSI.sub(b"", hostile)).decode("utf-8")
    assert "not markup[/]" in shown
    assert not FORBIDDEN.search(shown), ascii(FORBIDDEN.findall(shown))
