"""Pull: every document of the window, as it is, into the run's raw store. Nothing is parsed here."""

from triage.errors import SourceUnavailable
from triage.events import Progress
from triage.models import Incompleteness
from triage.nodes.stage import Made
from triage.ports import AlertSource
from triage.state import Pulled, RunContext, RunState


def pull(state: RunState, context: RunContext) -> Made:
    """Read all sources anew; a source that fails for good raises, one that is down makes the run incomplete."""
    del state
    raw = context.work.raw()
    raw.clear()
    part = documents = 0
    ends: list[int] = []
    problems: list[Incompleteness] = []
    for source in context.sources:
        try:
            for page in source.pages(context.window_of(source)):
                raw.append(part, page)
                part, documents = part + 1, documents + page.count
                context.tell(Progress("pull", documents, None))
        except SourceUnavailable as error:
            problems.append(_unavailable(source, error))
        problems.extend(source.problems())
        ends.append(part)
    pulled = Pulled(documents=documents, parts=part, ends=tuple(ends), incomplete=tuple(dict.fromkeys(problems)))
    return Made({"pulled": pulled}, {"documents": documents})


def _unavailable(source: AlertSource, error: SourceUnavailable) -> Incompleteness:
    return Incompleteness(
        source=source.key, reason=str(error), advice="run the same command again when the source is back"
    )
