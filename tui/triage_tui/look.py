"""How things look: styles and glyphs by meaning, so that no widget names a colour or a character of its own.

Every text of an alert goes through ``Look.text``: cleaned, bounded, never read as markup.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from rich.text import Text

from triage.trust.untrusted import for_terminal

STRIP = (
    ("reconnaissance",),
    ("resource-development",),
    ("initial-access", "ai-model-access"),
    ("execution",),
    ("persistence",),
    ("privilege-escalation",),
    ("defense-evasion", "evasion"),
    ("credential-access",),
    ("discovery",),
    ("lateral-movement",),
    ("collection", "ai-attack-staging"),
    ("command-and-control",),
    ("exfiltration",),
    ("inhibit-response-function", "impair-process-control", "impact"),
)
"""The cells of a kill-chain strip, left to right."""


@dataclass(frozen=True)
class Glyphs:
    """Characters by meaning; each one cell wide."""

    full: str = "█"
    empty: str = "░"
    on: str = "■"
    off: str = "·"
    selected: str = "✓"
    cursor: str = "▌"
    ellipsis: str = "…"
    grown: str = "↑"
    moved: str = "↕"
    rule: str = "─"
    bullet: str = "•"
    arrow: str = "→"
    linked: str = "⊕"
    ramp: str = "▁▂▃▄▅▆▇█"
    branch: str = "├"
    last_branch: str = "└"


ASCII = Glyphs(
    full="#",
    empty=".",
    on="#",
    off=".",
    selected="x",
    cursor=">",
    ellipsis="~",
    grown="^",
    moved="%",
    rule="-",
    bullet="*",
    arrow=">",
    linked="@",
    ramp=".:-=+*#@",
    branch="|",
    last_branch="`",
)


@dataclass(frozen=True)
class Styles:
    """Rich styles by meaning."""

    attack: str
    suspicious: str
    benign: str
    accent: str
    muted: str
    good: str
    warn: str
    bad: str
    cursor: str
    picked: str
    heading: str = "bold"
    strong: str = "bold"

    def of(self, word: str) -> str:
        """Return the style of a disposition or of what evidence supports."""
        return {"attack": self.attack, "suspicious": self.suspicious, "benign": self.benign}.get(word, self.muted)

    def urgency(self, value: float) -> str:
        """Return the style of an urgency of 0-100."""
        return self.attack if value >= 70 else self.suspicious if value >= 40 else self.benign


@dataclass(frozen=True)
class Look:
    """Styles and glyphs of one theme."""

    styles: Styles
    glyphs: Glyphs = field(default_factory=Glyphs)

    @property
    def plain(self) -> bool:
        """True when only ASCII may be written."""
        return self.glyphs is ASCII

    def clean(self, text: str, limit: int = 200) -> str:
        """Return one line of alert text that neither acts on the terminal nor leaves the character set."""
        safe = for_terminal(text, limit)
        return safe.encode("ascii", "replace").decode("ascii") if self.plain else safe

    def text(self, text: str, limit: int = 200, style: str = "") -> Text:
        """Return cleaned alert text; square brackets in it stay what they are."""
        return Text(self.clean(text, limit), style=style, end="")

    def cell(self, text: str, width: int, style: str = "", *, right: bool = False) -> Text:
        """Return cleaned text cut or padded to exactly ``width`` terminal cells."""
        shown = self.text(text, max(width, 1) * 2, style)
        if shown.cell_len > width:
            shown.truncate(max(width - 1, 0))
            shown.append(self.glyphs.ellipsis)
        padding = " " * max(width - shown.cell_len, 0)
        return Text.assemble(padding, shown, end="") if right else Text.assemble(shown, padding, end="")

    def bar(self, value: float, width: int) -> Text:
        """Return an urgency of 0-100 as a bar with its number before it; ``width`` counts the bar alone."""
        filled = min(round(value / 100 * width), width)
        style = self.styles.urgency(value)
        empty = (self.glyphs.empty * (width - filled), self.styles.muted)
        return Text.assemble((f"{value:3.0f} ", style), (self.glyphs.full * filled, style), empty, end="")

    def strip(self, tactics: Iterable[str], style: str = "") -> Text:
        """Return the kill chain as 14 cells, those reached filled."""
        reached = set(tactics)
        text = Text(end="")
        for cell in STRIP:
            hit = not reached.isdisjoint(cell)
            text.append(self.glyphs.on if hit else self.glyphs.off, style if hit else self.styles.muted)
        return text


def ago(delta: timedelta) -> str:
    """Return a duration in at most four characters: 12s, 45m, 17h, 262d, 1k d is 99+y."""
    seconds = max(int(delta.total_seconds()), 0)
    for unit, size, most in (("s", 1, 60), ("m", 60, 3600), ("h", 3600, 172_800), ("d", 86_400, 86_400_000)):
        if seconds < most:
            return f"{seconds // size}{unit}"
    return f"{min(seconds // 31_557_600, 999)}y"


def count(number: int) -> str:
    """Return a number in at most five characters: 16, 3,170, 473k, 12M."""
    if number < 10_000:
        return f"{number:,}"
    return f"{number / 1000:.0f}k" if number < 1_000_000 else f"{number / 1_000_000:.0f}M"
