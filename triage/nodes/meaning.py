"""What incidents mean, as one vector each: the mean of the vectors of their kinds of alert."""

from collections.abc import Mapping, Sequence

import numpy as np

from triage.intelligence.adversary import Meaning
from triage.models import Incident
from triage.state import Frames, RunContext
from triage.times import micros


def incident_vectors(incidents: Sequence[Incident], context: RunContext) -> Mapping[str, Sequence[float]]:
    """Return a unit vector per incident that has a kind of alert with a vector."""
    vectors = dict(context.work.get(Frames.VECTORS).select("signature", "vector").iter_rows())
    signatures = dict(context.work.get(Frames.COMPARED).select("activity", "signature").iter_rows())
    found = {}
    for incident in incidents:
        own = {signatures[entry.activity] for entry in incident.timeline if entry.activity in signatures}
        if rows := [vectors[signature] for signature in sorted(own) if signature in vectors]:
            mean = np.mean(np.asarray(rows, dtype=np.float32), axis=0)
            found[incident.incident_id] = (mean / (np.linalg.norm(mean) or 1.0)).tolist()
    return found


def meanings(incidents: Sequence[Incident], context: RunContext) -> list[Meaning]:
    """Return what incidents mean, as it is kept for later nights."""
    vectors = incident_vectors(incidents, context)
    return [
        Meaning(
            one.incident_id,
            context.embedder.model_id,
            micros(one.first_seen),
            micros(one.last_seen),
            one.title,
            np.asarray(vectors[one.incident_id], dtype="<f4").tobytes(),
        )
        for one in incidents
        if one.incident_id in vectors
    ]
