"""One stored part of a run becomes one batch: what a worker process does, importing nothing but the normalisers."""

from triage.columns import Batch
from triage.config import Limits
from triage.normalise.page import normalise_page
from triage.normalise.reading import Readings
from triage.ports import RawStore


def normalise_part(part: int, raw: RawStore, limits: Limits, received: int, readings: Readings | None = None) -> Batch:
    """Return the batch of a part; see ``normalise_page``."""
    return normalise_page(raw.page(part), part, limits, received, readings)
