"""The words analysts filter the queue with: ``host:dc01 urgency:>60 -is:closed (is:new or is:grown) "free text"``.

Terms that follow each other must all hold; ``or`` and parentheses group them, ``-`` negates the next one. Nothing of a
filter is ever sent anywhere or executed: it is read here and compared with incidents in memory.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from triage.desk.decisions import Status
from triage.desk.filter_fields import FIELDS, Row, Subject, Told, free_text
from triage.errors import UsageError

DEFAULT_VIEW = "is:open"
"""What is shown when nothing is asked for: open, and not judged benign."""

MAX_CHARS = 2000
MAX_DEPTH = 32
_TOKEN = re.compile(
    r"""
    \s*(?:
        (?P<open>\() | (?P<close>\)) | (?P<minus>-)
      | (?P<term>(?:"(?:[^"\\]|\\.)*"|[^\s()"])+)
      | (?P<torn>\S)
    )""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)

Test = Callable[[Row], bool]


class FilterError(UsageError):
    """A filter cannot be read. ``position`` is the 0-based character where; ``unfinished``: typing on may mend it."""

    def __init__(self, message: str, position: int, *, unfinished: bool = False) -> None:
        super().__init__(f"filter, character {position + 1}: {message}")
        self.position = position
        self.reason = message
        self.unfinished = unfinished


class Validity(NamedTuple):
    """What to show beside a filter that is being typed."""

    state: Literal["valid", "unfinished", "wrong"]
    message: str = ""
    position: int = 0


class Filter:
    """A filter that was read. An empty one matches everything."""

    def __init__(self, text: str, test: Test) -> None:
        self.text = text
        self._test = test

    def __repr__(self) -> str:
        return f"Filter({self.text!r})"

    def matches(self, incident: Told | Subject, status: Status | None = None, change: str = "") -> bool:
        """Tell whether an incident is wanted; ``status`` None = nothing was decided yet.

        Whoever filters the same incidents again and again keeps a Subject of each, which is several times faster.
        """
        subject = incident if isinstance(incident, Subject) else Subject(incident)
        return self._test(Row(subject, status, change))

    @staticmethod
    def validity(text: str) -> Validity:
        """Tell whether a text is a filter, not yet one, or none; never raises."""
        try:
            parse(text)
        except FilterError as error:
            return Validity("unfinished" if error.unfinished else "wrong", error.reason, error.position)
        return Validity("valid")


def parse(text: str, *, me: str = "", now: datetime | None = None) -> Filter:
    """Read a filter. ``me`` is whose incidents ``is:mine`` means; ``now`` (default: this moment) is what ages end at.

    Raises FilterError, which says where and why.
    """
    if len(text) > MAX_CHARS:
        raise FilterError(f"more than {MAX_CHARS} characters", MAX_CHARS)
    parser = _Parser(_tokens(text), Context(me, now or datetime.now(UTC)), len(text))
    return Filter(text, parser.whole())


class Context(NamedTuple):
    """Who asks, and when."""

    me: str
    now: datetime


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def _tokens(text: str) -> list[_Token]:
    found = []
    for match in _TOKEN.finditer(text):
        kind = str(match.lastgroup)
        token = _Token(kind, match[kind], match.start(kind))
        if kind == "torn":
            raise FilterError("the closing quotation mark is missing", token.position, unfinished=True)
        found.append(_Token("or", "or", token.position) if token.text.lower() == "or" else token)
    return [token for token in found if token.text.lower() != "and"]


class _Parser:
    """Recursive descent: any := all ('or' all)*, all := one+, one := '-' one | '(' any ')' | term."""

    def __init__(self, tokens: Sequence[_Token], context: Context, end: int) -> None:
        self._tokens = tokens
        self._context = context
        self._end = end
        self._at = 0

    def whole(self) -> Test:
        if not self._tokens:
            return _every([])
        test = self._any(0)
        if left := self._peek():
            raise FilterError(f"{left.text!r} has no opening parenthesis", left.position)
        return test

    def _peek(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _take(self, kind: str) -> _Token | None:
        token = self._peek()
        if token is None or token.kind != kind:
            return None
        self._at += 1
        return token

    def _any(self, depth: int) -> Test:
        tests = [self._all(depth)]
        while self._take("or"):
            tests.append(self._all(depth))
        return tests[0] if len(tests) == 1 else _some(tests)

    def _all(self, depth: int) -> Test:
        tests = []
        while (token := self._peek()) and token.kind not in {"or", "close"}:
            tests.append(self._one(depth))
        if not tests:
            raise FilterError("a term is missing", token.position if token else self._end, unfinished=token is None)
        return tests[0] if len(tests) == 1 else _every(tests)

    def _one(self, depth: int) -> Test:
        token = self._tokens[self._at]
        if depth >= MAX_DEPTH:
            raise FilterError(f"more than {MAX_DEPTH} parentheses or signs deep", token.position)
        self._at += 1
        if token.kind == "minus":
            return self._negated(token, depth)
        if token.kind == "term":
            return _term(token, self._context)
        test = self._any(depth + 1)
        if not self._take("close"):
            raise FilterError("a closing parenthesis is missing", token.position, unfinished=True)
        return test

    def _negated(self, sign: _Token, depth: int) -> Test:
        token = self._peek()
        if token is None or token.kind in {"or", "close"}:
            raise FilterError("nothing follows the minus sign", sign.position, unfinished=token is None)
        test = self._one(depth + 1)
        return lambda row: not test(row)


def _every(tests: Sequence[Test]) -> Test:
    return lambda row: all(test(row) for test in tests)


def _some(tests: Sequence[Test]) -> Test:
    return lambda row: any(test(row) for test in tests)


def _term(token: _Token, context: Context) -> Test:
    name, colon, value = token.text.partition(":")
    if not colon or '"' in name:
        return free_text(_plain(token.text))
    field = FIELDS.get(name.lower())
    if field is None:
        unfinished = any(known.startswith(name.lower()) for known in FIELDS)
        advice = f"{name!r} is no field; put quotation marks around the text to search for it"
        raise FilterError(advice, token.position, unfinished=unfinished)
    at = token.position + len(name) + 1
    if not value:
        raise FilterError(f"{name}: needs a value{field.example}", at, unfinished=True)
    try:
        return field.compile(_plain(value), context.me, context.now)
    except ValueError as error:
        raise FilterError(f"{name}: {error}", at, unfinished=field.begins(_plain(value))) from error


def _plain(value: str) -> str:
    """Return a value without its quotation marks and escapes; a backslash outside of them stands for itself."""
    pieces = re.split(r'("(?:[^"\\]|\\.)*")', value)
    return "".join(_ESCAPED.sub(r"\1", piece[1:-1]) if piece[:1] == '"' else piece for piece in pieces)


# --- completion -----------------------------------------------------------------------------------------------------

_SUGGESTED = 50
_PLAIN_VALUE = re.compile(r'[^\s()"]+')


def complete(text: str, cursor: int, vocabulary: Mapping[str, Iterable[str]]) -> list[str]:
    """Return what the term under the cursor may become, best first: each replaces the term up to the cursor.

    ``vocabulary`` holds known values per field, see ``vocabulary``; words of fixed fields are known here.
    """
    start = _start(text[:cursor])
    term = text[start:cursor]
    sign = "-" if term.startswith("-") else ""
    name, colon, begun = term.removeprefix("-").partition(":")
    name = name.lower()
    if not colon:
        return [f"{sign}{field}:" for field in FIELDS if field.startswith(name)][:_SUGGESTED]
    if name not in FIELDS:
        return []
    known = FIELDS[name].words or vocabulary.get(name, ())
    wanted = begun.strip('"').casefold()
    fitting = [value for value in dict.fromkeys(known) if wanted in value.casefold()]
    fitting.sort(key=lambda value: not value.casefold().startswith(wanted))
    return [f"{sign}{name}:{quoted(value)}" for value in fitting[:_SUGGESTED]]


def completion_start(text: str, cursor: int) -> int:
    """Return where the term begins that ``complete`` would replace."""
    return _start(text[:cursor])


def _start(before: str) -> int:
    """Return where the last term of a text begins, taking an open quotation mark into account."""
    start, quoting, escaped = 0, False, False
    for position, character in enumerate(before):
        if escaped:
            escaped = False
        elif quoting and character == "\\":
            escaped = True
        elif character == '"':
            quoting = not quoting
        elif not quoting and (character.isspace() or character in "()"):
            start = position + 1
    return start


def quoted(value: str) -> str:
    """Return a value as a filter spells it, in quotation marks where it needs them."""
    if _PLAIN_VALUE.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def vocabulary(incidents: Iterable[Told], limit: int = 2000) -> Mapping[str, Sequence[str]]:
    """Return the values that occur in incidents, per field, in the order of the queue; at most ``limit`` each."""
    found: dict[str, dict[str, None]] = {name: {} for name, field in FIELDS.items() if field.values}
    for incident in incidents:
        for name, known in found.items():
            values = FIELDS[name].values
            if values is not None and len(known) < limit:
                known.update(dict.fromkeys(values(incident)))
    return {name: list(known)[:limit] for name, known in found.items()}
