"""KQL for the analyst to run again: quoted values on ECS fields. Nothing here is ever executed by this program."""

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

_VALUE_CHARS = 1000
"""Characters of a value; what an alert says is not longer."""


def quoted(value: str) -> str:
    """Return a KQL string literal, bounded, in which no value can end the string or act on a terminal."""
    return '"' + "".join(map(_escaped, value[:_VALUE_CHARS])) + '"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return "\\" + character
    if character.isprintable():
        return character
    utf16 = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{utf16[i]:02x}{utf16[i + 1]:02x}" for i in range(0, len(utf16), 2))


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
