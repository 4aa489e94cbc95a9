"""Suricata: bare ``eve.json`` alert events, as a shipper puts them into an index of their own."""

from typing import NamedTuple

from triage.generator.detectors.shapes import doc_id, micro, prune
from triage.generator.events import Alert, Document, Moment
from triage.generator.stage import digest


class Signature(NamedTuple):
    """A rule of the intrusion detection system."""

    text: str
    category: str
    severity: int
    """1 is worst, 3 mildest."""
    app: str = ""
    """Application protocol."""

    @property
    def sid(self) -> int:
        """Number of the rule, in the range for local rules."""
        return 1_000_000 + int(digest("sid", self.text)[:4], 16)


def eve_alert(
    moment: Moment, signature: Signature, source: str, destination: str, port: int, **layers: Document
) -> Alert:
    """Return an alert event; ``layers`` are ``http``, ``tls``, ``dns``, ``flow``."""
    number = int(moment.uid[:12], 16)
    stamp = micro(moment.at, "+0000")
    body: Document = {
        "timestamp": stamp,
        "flow_id": int(moment.uid[12:25], 16),
        "in_iface": "ens5",
        "event_type": "alert",
        "src_ip": source,
        "src_port": 32768 + number % 28000,
        "dest_ip": destination,
        "dest_port": port,
        "proto": "TCP" if signature.app != "dns" else "UDP",
        "alert": {
            "action": "allowed",
            "gid": 1,
            "signature_id": signature.sid,
            "rev": 2,
            "signature": signature.text,
            "category": signature.category,
            "severity": signature.severity,
        },
        "app_proto": signature.app,
        **layers,
        "flow": {**_flow(number, stamp), **layers.get("flow", {})},
    }
    return Alert(moment.at, f"suricata-{moment.at:%Y.%m.%d}", doc_id(moment.uid), prune(body))


def _flow(number: int, start: str) -> Document:
    return {
        "pkts_toserver": 3 + number % 40,
        "pkts_toclient": 2 + number % 37,
        "bytes_toserver": 400 + number % 9000,
        "bytes_toclient": 300 + number % 60000,
        "start": start,
    }


def http(host: str, url: str, status: int = 200, agent: str = "Mozilla/5.0", method: str = "GET") -> Document:
    """Return the ``http`` layer."""
    return {
        "hostname": host,
        "url": url,
        "http_user_agent": agent,
        "http_method": method,
        "protocol": "HTTP/1.1",
        "status": status,
        "length": 200 + len(url) * 7,
    }


def tls(name: str) -> Document:
    """Return the ``tls`` layer of a server name."""
    return {"sni": name, "version": "TLS 1.2", "ja3": {"hash": digest("ja3", name)[:32]}}
