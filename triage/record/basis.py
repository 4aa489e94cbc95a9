"""What the result of a run rests on beside its alerts: settings, code and constraints, so that a change is found later.

Values are kept as digests: a summary tells which setting differs, never what it says.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import orjson
from pydantic import BaseModel, SecretStr

from triage import __version__
from triage.config import Settings
from triage.judgement.constraints import Constraint, InForce

UNRELATED = frozenset({"state", "output", "workers", "checkpointer", "keyring", "log_level"})
"""Settings that no incident depends on."""
_CODE = (".py", ".csv", ".json")
_APART = frozenset({"cli", "generator", "report", "__pycache__"})
"""Folders that no incident depends on."""


def basis(settings: Settings, constraints: Sequence[InForce]) -> Mapping[str, Any]:
    """Return the version, and digests of the code, of each setting that is not default, and of each constraint."""
    return {
        "version": __version__,
        "code": code_digest(),
        "settings": {key: _digest(value) for key, value in sorted(_values(settings, settings_default()))},
        "constraints": sorted({digest(one.constraint) for one in constraints}),
    }


def settings_default() -> Settings:
    """Return the settings of somebody who set nothing."""
    return Settings()


def _values(section: BaseModel, default: BaseModel, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield the dotted key and value of what is not default; secrets are left out."""
    for name in type(section).model_fields:
        value, usual = getattr(section, name), getattr(default, name)
        if isinstance(value, BaseModel):
            yield from _values(value, usual, f"{prefix}{name}.")
        elif not isinstance(value, SecretStr) and value != usual and f"{prefix}{name}" not in UNRELATED:
            yield f"{prefix}{name}", value


def digest(constraint: Constraint) -> str:
    """Return what tells a constraint from others, whoever made it."""
    return _digest(constraint.model_dump(mode="json"))


def _digest(value: object) -> str:
    return blake2b(orjson.dumps(value, default=str), digest_size=8).hexdigest()


@cache
def code_digest() -> str:
    """Return a digest of the program's own text: it differs where the code does, whatever the version says."""
    text = blake2b(digest_size=8)
    for path in _texts(files("triage")):
        text.update(path.name.encode() + path.read_bytes())
    return text.hexdigest()


def _texts(folder: Traversable) -> Iterator[Traversable]:
    """Yield the files that make results, in order of name."""
    for one in sorted(folder.iterdir(), key=lambda one: one.name):
        if one.is_dir() and one.name not in _APART:
            yield from _texts(one)
        elif one.is_file() and one.name.endswith(_CODE):
            yield one


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Mapping[str, tuple[str, ...]]:
    """Return what differs between two bases: ``settings`` (keys), ``code`` and ``constraints`` (digests); {} = nothing.

    A run of before bases were kept has an empty one, which says nothing.
    """
    if not before or not after:
        return {}
    found: dict[str, tuple[str, ...]] = {}
    old, new = before["settings"], after["settings"]
    if keys := tuple(sorted(key for key in {*old, *new} if old.get(key) != new.get(key))):
        found["settings"] = keys
    if (before["version"], before["code"]) != (after["version"], after["code"]):
        found["code"] = tuple(dict.fromkeys(str(one["version"]) for one in (before, after)))
    if said := sorted(set(before["constraints"]) ^ set(after["constraints"])):
        found["constraints"] = tuple(said)
    return found
