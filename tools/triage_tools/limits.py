"""Bounds on what a tool takes and gives back."""

from datetime import timedelta

from pydantic import Field

from triage.config import Section, Settings
from triage.wording import plain


class ToolLimits(Section):
    """Bounds of one tool answer; whatever is cut off is counted in ``total`` and marked ``truncated``."""

    rows: int = Field(50, ge=1, le=1000, description="alerts per answer")
    field_chars: int = Field(300, ge=20, description="characters of any text in an answer")
    guide_chars: int = Field(2000, ge=20, description="characters of the guide of a rule")
    entities: int = Field(16, ge=1, description="entities per alert")
    window: timedelta = Field(timedelta(days=90), description="longest time window of a question")
    beats: int = Field(1000, ge=10, le=10_000, description="alerts looked through for a beat or a history")
    ids: int = Field(50, ge=1, le=1000, description="technique ids per question")

    @classmethod
    def of(cls, settings: Settings) -> "ToolLimits":
        """Derive the bounds from the settings of the program."""
        chars = min(300, settings.limits.field_chars)
        return cls(rows=max(50, settings.investigate.evidence_alerts), field_chars=chars)

    def text(self, value: object) -> str:
        """Return alert text fit for an answer: one clean, bounded line."""
        return plain(str(value), self.field_chars)
