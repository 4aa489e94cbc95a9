"""Zeek notices through the Elastic integration: no severity, the kind is in ``note``."""

import json

from triage.generator.detectors.shapes import ecs_alert, iso
from triage.generator.events import Alert, Document, Moment


def notice(moment: Moment, note: str, text: str, source: str, destination: str = "", port: int = 0) -> Alert:
    """Return a notice, e.g. ``Scan::Port_Scan``; ``text`` is its message."""
    raw = {"ts": moment.at.timestamp(), "note": note, "msg": text, "src": source, "dst": destination or None}
    own: Document = {
        "note": note,
        "msg": text,
        "actions": ["Notice::ACTION_LOG"],
        "peer_descr": "sensor-1",
        "suppress_for": 3600.0,
        "dropped": False,
    }
    body: Document = {
        "event": {
            "category": ["intrusion_detection"],
            "created": iso(moment.at),
            "dataset": "zeek.notice",
            "kind": "alert",
            "module": "zeek",
            "original": json.dumps({k: v for k, v in raw.items() if v is not None}),
            "type": ["info", "allowed"],
        },
        "rule": {"name": note, "description": text},
        "zeek": {"notice": own, "session_id": f"C{moment.uid[:16]}"},
        "source": {"address": source, "ip": source},
        "destination": {"address": destination, "ip": destination, "port": port or None} if destination else None,
        "related": {"ip": [x for x in (source, destination) if x]},
    }
    return ecs_alert(moment, "zeek.notice", body)
