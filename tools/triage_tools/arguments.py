"""What tools are asked: shared pieces of the argument schemas."""

from datetime import timedelta
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from triage.errors import ToolError
from triage.models import EntityKind

Name = Annotated[str, Field(min_length=1, max_length=1000)]


class Arguments(BaseModel):
    """Base of all argument schemas: an unknown argument is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AboutEntity(Arguments):
    """A question about one entity."""

    kind: EntityKind = Field(description="kind of entity")
    value: Name = Field(description="its name, address, hash, ...")


class Within(Arguments):
    """A question about a half-open time window [since, until)."""

    since: AwareDatetime = Field(description="start, ISO 8601 with offset")
    until: AwareDatetime = Field(description="end (exclusive), ISO 8601 with offset")

    @model_validator(mode="after")
    def _ordered(self) -> "Within":
        if self.since >= self.until:
            raise ValueError("since must be before until")
        return self


def check_length(length: timedelta, longest: timedelta) -> None:
    """Refuse a window that is longer than allowed."""
    if length > longest:
        raise ToolError(f"the window is {length.days} days long, at most {longest.days} are allowed")
