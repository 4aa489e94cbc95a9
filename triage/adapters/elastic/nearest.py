"""Earlier incidents that mean much the same, by kNN over the index that our incidents are published to.

Several teams may publish there, so only incidents that this state knows are asked for, and of the answer only their
likeness is used: what they are called comes from the state.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from elasticsearch import Elasticsearch

from triage.adapters.campaigns import CampaignMemory
from triage.adapters.elastic.asking import Asking
from triage.adapters.past import MOST_PAST, SEARCHED, ended_within, nearest_first
from triage.config import ElasticSettings
from triage.ports import PastIncident
from triage.times import span

_CANDIDATES = 200
"""Vectors looked at in each shard: ten for each that is wanted."""


class PublishedNearest:
    """``past.Nearest`` over ``settings.index``, the index of published incidents."""

    def __init__(
        self,
        client: Elasticsearch,
        settings: ElasticSettings,
        memory: CampaignMemory,
        model: str,
        reach: timedelta,
        seconds: float = 10,
    ) -> None:
        """``memory``: of the state whose incidents count; ``reach`` as in ``past.LocalNearest``."""
        self._asking = Asking(client, settings, (), seconds)
        self._memory = memory
        self._model = model
        self._reach = span(reach)

    def __call__(self, vector: Sequence[float], before: datetime) -> Sequence[PastIncident]:
        """Return incidents that ended before a time, the most alike first. Raises ToolError."""
        every = self._memory.meanings(self._model, SEARCHED)
        known = {one.incident_id: one for one in every if ended_within(one, before, self._reach)}
        if not known:
            return ()
        knn = {"field": "vector", "query_vector": list(vector), "k": MOST_PAST, "num_candidates": _CANDIDATES}
        body = self._asking.nearest({**knn, "filter": {"terms": {"incident_id": sorted(known)}}}, MOST_PAST)
        # for a cosine similarity c, Elasticsearch scores (1 + c) / 2
        return nearest_first([(known[hit["_id"]], 2 * hit["_score"] - 1) for hit in body["hits"]["hits"]])
