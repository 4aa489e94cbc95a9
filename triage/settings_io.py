"""Reads settings from where people write them, and knows for every value where it came from.

Defaults < ``triage.toml`` < keyring < environment < flags. Everything wrong is a ``ConfigError`` that names the key
and the file and line, variable or flag. Nothing is read at import or kept: entry points call ``load_settings`` once.
"""

import difflib
import importlib.util
import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from triage.config import Section, Settings
from triage.errors import ConfigError

CONFIG_NAME: Final = "triage.toml"
ENV_PREFIX: Final = "TRIAGE_"
KEYRING_SERVICE: Final = "soc-triage"
_CREDENTIALS: Final = re.compile(r"//[^/@\s]*@")
_NOT_SETTINGS: Final = frozenset({"TRIAGE_CONFIG"})
"""Variables with our prefix that say where settings are, and are none themselves."""
_NAMES: Final[Mapping[Any, str]] = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


class Loaded(NamedTuple):
    """The effective settings and, for every dotted key, where its value comes from."""

    settings: Settings
    origins: Mapping[str, str]
    """'default', 'FILE:LINE', 'environment', 'keyring' or 'flag'."""
    file: Path | None
    """The configuration file that was read."""


class _Given(NamedTuple):
    value: Any
    origin: str
    where: str
    """The origin in the words of an error message: file and line, variable or flag."""
    inside: Mapping[str, str] = {}
    """Of a list of tables: where each key of each table is, e.g. 'mapping.0.time' -> 'triage.toml:12'."""


def fields(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield (dotted key, field) for every setting that has a value of its own, in the order they are declared."""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from fields(field.annotation, f"{prefix}{name}.")
        else:
            yield prefix + name, field


def variable(key: str) -> str:
    """Return the environment variable of a dotted key: ``elasticsearch.url`` -> ``TRIAGE_ELASTICSEARCH__URL``."""
    return ENV_PREFIX + key.replace(".", "__").upper()


def find_config(env: Mapping[str, str]) -> Path | None:
    """Return TRIAGE_CONFIG, else ./triage.toml, else the one in the XDG configuration folder, else None."""
    if named := env.get("TRIAGE_CONFIG"):
        return Path(named).expanduser()
    home = Path(env.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    places = (Path(CONFIG_NAME), home / "triage" / CONFIG_NAME)
    return next((place for place in places if place.is_file()), None)


def load_settings(config_file: Path | None, env: Mapping[str, str], flags: Mapping[str, object]) -> Loaded:
    """Merge defaults, file, keyring, environment and flags into settings with their origins.

    Args:
        config_file: the file to read; None looks in the usual places (``find_config``) and accepts none.
        env: the process environment; only ``TRIAGE_*`` and ``XDG_CONFIG_HOME`` are looked at.
        flags: dotted key -> value; a None value means the flag was not given.

    Raises:
        ConfigError: an unknown key, a wrong type or range, a secret in the file, an unreadable file; the message
            names the key and the file and line, variable or flag.

    """
    path = config_file or find_config(env)
    given = _from_file(path) if path else {}
    above = _from_environment(env) | {k: _Given(v, "flag", "command line") for k, v in flags.items() if v is not None}
    wanted = above.get("keyring", given.get("keyring"))
    if wanted and str(wanted.value).lower() in {"1", "true", "yes", "on"}:
        given |= _from_keyring()
    given |= above
    settings = _validate(given)
    origins = {key: given[key].origin if key in given else "default" for key, _ in fields()}
    return Loaded(settings, origins, path)


def table_of(field: FieldInfo) -> type[Section] | None:
    """Return what one table is of a setting that is a list of tables ([[key]] in the file), or None."""
    inner = get_args(field.annotation)[:1]
    return inner[0] if inner and isinstance(inner[0], type) and issubclass(inner[0], Section) else None


def is_secret(field: FieldInfo) -> bool:
    """Tell whether a setting may come only from the environment or the keyring."""
    return field.annotation is SecretStr


def _from_file(path: Path) -> dict[str, _Given]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"{path}: cannot be read: {getattr(exc, 'strerror', None) or 'it is not UTF-8'}") from exc
    except tomllib.TOMLDecodeError as exc:
        raise ConfigError(f"{path}: {exc}") from exc
    places, known = {key: f"{path}:{line}" for key, line in _lines(text).items()}, dict(fields())
    given = {}
    for key, value in _flatten(document):
        where = places.get(key, str(path))
        _check_known(key, key, where)
        _check_file_value(key, known[key], value, where)
        inside = {name: place for name, place in places.items() if name.startswith(f"{key}.")}
        given[key] = _Given(value, where, where, inside)
    return given


def _flatten(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield (dotted key, value); a table is descended into only where a section is expected."""
    sections = {key.rpartition(".")[0] for key, _ in fields()}
    for name, value in table.items():
        key = prefix + name
        if isinstance(value, dict) and key in sections:
            yield from _flatten(value, f"{key}.")
        else:
            yield key, value


def _lines(text: str) -> dict[str, int]:
    """Find the line of each dotted key; keys written in unusual ways are simply not found."""
    section = ""
    found: dict[str, int] = {}
    tables: Counter[str] = Counter()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := re.match(r"\s*\[\[\s*([\w.-]+)\s*\]\]", line):
            section = f"{header[1]}.{tables[header[1]]}."
            tables[header[1]] += 1
            found.setdefault(header[1], number)
            found[section[:-1]] = number
        elif header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            section = header[1] + "."
            found.setdefault(header[1], number)
        elif key := re.match(r"\s*([\w.-]+)\s*=", line):
            found.setdefault(section + key[1], number)
    return found


def _check_known(key: str, shown: str, where: str) -> None:
    known = [name for name, _ in fields()]
    if key in known:
        return
    if any(name.startswith(f"{key}.") for name in known):
        raise ConfigError(f"{where}: {shown} is a section, not a value; write its keys below [{key}]")
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    hint = f"; did you mean {close[0] if shown == key else variable(close[0])!r}?" if close else ""
    raise ConfigError(f"{where}: unknown {'key' if shown == key else 'variable'} {shown!r}{hint}")


def _check_file_value(key: str, field: FieldInfo, value: object, where: str) -> None:
    """TOML has types of its own, so a number in quotes is a mistake there, unlike in the environment."""
    if is_secret(field):
        raise ConfigError(f"{where}: {key} is a secret and must not be in a file; set {variable(key)} or the keyring")
    if table_of(field) and not (isinstance(value, list) and all(isinstance(one, dict) for one in value)):
        raise ConfigError(f"{where}: {key} is a list of tables; write each below a line [[{key}]], in two brackets")
    wanted = field.annotation
    fits = type(value) is wanted or (wanted is float and type(value) is int)
    if wanted in {int, float, bool, str} and not fits:
        raise ConfigError(f"{where}: {key} should be {_NAMES[wanted]}, not {_shorten(value)}")


def _from_environment(env: Mapping[str, str]) -> dict[str, _Given]:
    given = {}
    for name in sorted(env):
        if name.startswith(ENV_PREFIX) and name not in _NOT_SETTINGS:
            key = name.removeprefix(ENV_PREFIX).lower().replace("__", ".")
            _check_known(key, name, "environment")
            if table_of(dict(fields())[key]):
                raise ConfigError(f"environment: {name}: {key} is a list of tables and can only be in a file")
            given[key] = _Given(env[name], "environment", f"environment variable {name}")
    return given


def _from_keyring() -> dict[str, _Given]:
    if importlib.util.find_spec("keyring") is None:
        raise ConfigError("keyring = true needs the keyring extra: pip install 'soc-triage[keyring]'")
    import keyring
    from keyring.errors import KeyringError

    given = {}
    for key in (key for key, field in fields() if is_secret(field)):
        try:
            value = keyring.get_password(KEYRING_SERVICE, key)
        except KeyringError as exc:
            raise ConfigError(f"the keyring did not answer for {key}: unlock it, or set {variable(key)}") from exc
        if value:
            given[key] = _Given(value, "keyring", "keyring")
    return given


def _validate(given: Mapping[str, _Given]) -> Settings:
    nested: dict[str, Any] = {}
    for key, entry in given.items():
        section, _, name = key.rpartition(".")
        (nested.setdefault(section, {}) if section else nested)[name] = entry.value
    try:
        return Settings(**nested)
    except ValidationError as exc:
        raise ConfigError("; ".join(_sentences(exc, given))) from None


def _sentences(error: ValidationError, given: Mapping[str, _Given]) -> Iterator[str]:
    known = dict(fields())
    for detail in error.errors(include_url=False, include_context=False):
        loc = tuple(str(part) for part in detail["loc"])
        key = next(".".join(loc[:n]) for n in range(len(loc), 0, -1) if ".".join(loc[:n]) in known)
        if (table := table_of(known[key])) and len(loc) > 1:
            yield _in_table(key, loc[1:], detail, given[key], table)
            continue
        message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
        shown = "" if is_secret(known[key]) or "@" in str(given[key].value) else f", not {_shorten(given[key].value)}"
        yield f"{given[key].where}: {key} {message}{shown}"


def _in_table(key: str, loc: Sequence[str], detail: ErrorDetails, given: _Given, table: type[Section]) -> str:
    """Say what is wrong in one of several tables: which one by its name, which key, and on which line."""
    number, *inner = loc
    tables = given.value[int(number)]
    name = tables.get("name") or f"number {int(number) + 1}"
    paths = (".".join((key, number, *inner[:depth])) for depth in range(len(inner), -1, -1))
    where = next((given.inside[path] for path in paths if path in given.inside), given.where)
    what = f"{where}: {key} {_shorten(name)}"
    if detail["type"] == "extra_forbidden":
        close = difflib.get_close_matches(inner[-1], table.model_fields, n=1, cutoff=0.6)
        return f"{what}: unknown key {inner[-1]!r}" + (f"; did you mean {close[0]!r}?" if close else "")
    message = detail["msg"].removeprefix("Value error, ").removeprefix("Input ")
    shown = f", not {_shorten(detail['input'])}" if inner and detail["type"] != "missing" else ""
    return f"{what}: {'.'.join(inner)} {message}{shown}".replace(":  ", ": ")


def _shorten(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


class Row(NamedTuple):
    """One effective setting, fit to be shown: secrets and credentials are masked."""

    key: str
    value: str
    origin: str


def describe(loaded: Loaded) -> list[Row]:
    """Return every setting with its value as text and its origin."""
    return [row for key, field in fields() for row in _rows(key, field, loaded)]


def _rows(key: str, field: FieldInfo, loaded: Loaded) -> Iterator[Row]:
    """Yield the row of a setting, of a list of tables one row for each of them."""
    value = _value(loaded.settings, key)
    if not (table_of(field) and isinstance(value, tuple) and value):
        yield Row(key, _shown(value), loaded.origins[key])
        return
    for table in value:
        said = {name: inner for name, inner in table.model_dump(exclude_defaults=True).items() if name != "name"}
        shown = ", ".join(f"{name} = {_shown(inner)}" for name, inner in said.items())
        yield Row(f"{key}.{table.name}", shown, loaded.origins[key])


def _value(settings: Settings, key: str) -> object:
    value: object = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return "********" if value.get_secret_value() else ""
    return _CREDENTIALS.sub("//********@", _text(value))


def _text(value: object) -> str:
    """Write a value the way a person would in the file, without quotes."""
    if isinstance(value, timedelta):
        return write_duration(value)
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_text(inner)}" for name, inner in value.items()) + "}"
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def write_duration(value: timedelta) -> str:
    """Return a duration in the short form that ``parse_duration`` reads: ``7d``, ``1h30m``, ``0s``."""
    text, left = f"{value.days}d" if value.days else "", value.seconds
    for unit, size in (("h", 3600), ("m", 60)):
        count, left = divmod(left, size)
        text += f"{count}{unit}" if count else ""
    fraction = f".{value.microseconds:06}".rstrip("0").rstrip(".")
    return text + (f"{left}{fraction}s" if left or fraction or not text else "")


def template() -> str:
    """Return a triage.toml in which every setting stands as a comment with its default and its meaning."""
    lines = [
        "# Settings of triage; uncomment what you change. Weaker than TRIAGE_* variables, which are weaker than flags.",
        "# 'triage config' shows what is in force and where it comes from. Secrets do not belong here: set the",
        "# variable that is named instead.",
    ]
    section = ""
    for key, field in fields():
        if table_of(field):
            continue  # a table in the middle would swallow the settings that follow
        parent, _, name = key.rpartition(".")
        if parent != section:
            section = parent
            lines += ["", f"# {_section_doc(parent)}", f"[{parent}]"]
        lines += ["", f"# {field.description}"]
        lines.append(f"# environment: {variable(key)}" if is_secret(field) else f"# {name} = {_toml(field.default)}")
    for key, field in fields():
        if table := table_of(field):
            lines += ["", f"# {_first_line(table)}", f"# {field.description}; as often as you like:", "#"]
            lines += [f"#     {line}" for line in (f"[[{key}]]", *_EXAMPLES.get(key, ()))]
    return "\n".join(lines) + "\n"


_EXAMPLES: Final = {
    "mapping": (
        'name = "acme"',
        'when = { field = "vendor", equals = "acme" }     # without equals: the field is there',
        'time = "ts"                                      # or several: ["ts", "received"]',
        'rule = "sig.name"',
        'severity = "prio"',
        "severity_scale = [1, 10]                         # the mildest and the worst; [4, 1] where 1 is the worst",
        "severity_words = { P1 = 99, P2 = 73 }            # 0-100",
        'host = "dev.name"                                # user, source_ip, destination_ip, hash, domain, cloud, ...',
        'technique = "mitre"',
    )
}


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip().splitlines()[0]


def _section_doc(name: str) -> str:
    annotation = Settings.model_fields[name].annotation
    return _first_line(annotation) if isinstance(annotation, type) and issubclass(annotation, BaseModel) else ""


def _toml(value: object) -> str:
    """Write a default as a TOML value; an unset one as an empty text, which reads back as unset."""
    if isinstance(value, tuple):
        return "[" + ", ".join(_toml(part) for part in value) + "]"
    if isinstance(value, bool | int | float):
        return _text(value)
    return json.dumps(_text(value))
