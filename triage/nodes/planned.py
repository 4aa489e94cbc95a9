"""What the calendar says of candidates."""

from collections.abc import Mapping, Sequence

import polars as pl

from triage.judgement.candidates import Settle
from triage.judgement.known_bad import KnownBad
from triage.judgement.planned import settled
from triage.judgement.urgency import Rating
from triage.state import RunContext


def settling_by(known_bad: Mapping[str, Sequence[KnownBad]], context: RunContext) -> Settle:
    """Return what settles the rating of a candidate by what was planned; a telling indicator rules that out."""
    least, calendar = context.settings.intelligence.least_confidence, context.calendar

    def settle_by(rating: Rating, rows: pl.DataFrame) -> Rating:
        if not calendar.entries:
            return rating
        found = [bad for key in rows["activity"] for bad in known_bad.get(key, ())]
        telling = any(one.telling and one.confidence >= least for one in found)
        core, company = rows.filter("core").to_dicts(), rows.filter(~pl.col("core")).to_dicts()
        return settled(rating, core, company, calendar, known_bad=telling)

    return settle_by
