"""KQL for the analyst to run again: quoted values on ECS fields. Nothing here is ever executed by this program."""

import re
from datetime import datetime, timedelta

FIELDS: dict[str, tuple[str, ...]] = {
    "host": ("host.name",),
    "user": ("user.name",),
    "address": ("source.ip", "destination.ip", "host.ip"),
    "process": ("process.name",),
    "lineage": ("process.entity_id",),
    "logon": ("winlog.logon.id",),
    "hash": ("file.hash.sha256", "process.hash.sha256"),
    "file": ("file.path",),
    "domain": ("dns.question.name", "destination.domain", "url.domain"),
    "url": ("url.full",),
    "mailbox": ("email.to.address", "email.from.address"),
    "cloud": ("cloud.instance.id", "cloud.account.id"),
    "device": ("device.id",),
    "model": ("gen_ai.request.model",),
    "service": ("service.name",),
}
"""ECS fields that hold each entity kind."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")


def quoted(value: str) -> str:
    """Return a KQL string literal, bounded, in which no value can end the string."""
    cleaned = _CONTROL.sub(" ", value[:300])
    return '"' + cleaned.replace("\\", "\\\\").replace('"', '\\"') + '"'


def entity(kind: str, value: str) -> str:
    """Return a condition that an event names the entity."""
    terms = [f"{field} : {quoted(value)}" for field in FIELDS.get(kind, ("related.entity",))]
    return terms[0] if len(terms) == 1 else f"({' or '.join(terms)})"


def rule(name: str) -> str:
    """Return a condition that an alert was written by the rule."""
    return f"(rule.name : {quoted(name)} or kibana.alert.rule.name : {quoted(name)})"


def within(since: datetime | None, until: datetime | None) -> str:
    """Return a condition on [since, until); '' when both are open."""
    terms = [
        f'@timestamp {sign} "{time:%Y-%m-%dT%H:%M:%S.%fZ}"' for sign, time in ((">=", since), ("<", until)) if time
    ]
    return " and ".join(terms)


def every(*conditions: str) -> str:
    """Join non-empty conditions by 'and'."""
    return " and ".join(condition for condition in conditions if condition)


def just_after(time: datetime) -> datetime:
    """Return the exclusive end of a window that is to include ``time``."""
    return time + timedelta(milliseconds=1)
