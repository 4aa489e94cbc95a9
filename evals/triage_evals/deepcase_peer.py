"""DeepCASE (van Ede et al., IEEE S&P 2022; PyPI ``deepcase``) as a peer on the same alerts.

It is semi-supervised: it learns which alerts go together from the first half of the time, which is taken as judged
benign, and shows an analyst what it cannot match to that. What it cannot match is queued by (rule, host), events it
never saw first, rarest first. Its package names none of its own requirements (torch, scikit-learn, pandas).
"""

import importlib.util

import numpy as np
import numpy.typing as npt
import polars as pl

from triage_evals.answer import MEMBERS, PAIR

CONTEXT = 10
"""Earlier alerts of the same host that DeepCASE looks at; its own default."""
TIMEOUT = 86_400_000_000
"""Microseconds; context older than a day is no context, as in its paper."""
SEED = 1
REPEAT = 60_000_000
"""Microseconds; repeats of one (rule, host) within this time are one event, else hours of CPU go into noise."""
MISSING = "DeepCASE is left out: install it with pip install 'soc-triage[eval-peers]'"


def available() -> bool:
    """Tell whether the package is installed."""
    return importlib.util.find_spec("deepcase") is not None


def deepcase_queue(alerts: pl.DataFrame) -> pl.DataFrame:
    """Return the queue (MEMBERS) of what DeepCASE could not match. Raises ImportError where it is not installed."""
    events = _events(alerts)
    contexts, targets = _sequences(events)
    verdict = _verdicts(contexts, targets, _codes(events) + 1, events["known"].to_numpy())
    judged = events.with_columns(verdict=pl.Series(verdict))
    unmatched = judged.filter(~pl.col("known"), pl.col("verdict") < 0)
    order = unmatched.group_by(*PAIR).agg(pl.col("verdict").mode().min().alias("kind"), pl.len().alias("count"))
    # -2: event never seen, -3: seen, but far from every cluster, -1: no confident context.
    kinds = pl.col("kind").replace_strict({-2.0: 0, -3.0: 1, -1.0: 2}, default=3)
    placed = order.with_columns(kinds=kinds).sort("kinds", "count", *PAIR).with_row_index("place", offset=1)
    after = alerts.filter(pl.col("time") >= _middle(alerts))
    return after.join(placed, on=PAIR).select(MEMBERS.names()).cast(MEMBERS)


def _middle(alerts: pl.DataFrame) -> int:
    low, high = alerts.select(low=pl.col("time").min(), high=pl.col("time").max()).row(0)
    return int((low + high) // 2)


def _events(alerts: pl.DataFrame) -> pl.DataFrame:
    """Return one row per event in order of host and time: rule, host, time, code, known (in the first half)."""
    ordered = alerts.sort("host", "rule", "time", "id")
    fresh = (pl.col("time").diff().over(PAIR) > REPEAT).fill_null(value=True)
    events = ordered.filter(fresh).sort("host", "time", "id")
    code = pl.col("rule").rank("dense").cast(pl.Int64) - 1
    return events.with_columns(code=code, known=pl.col("time") < _middle(alerts))


def _codes(events: pl.DataFrame) -> int:
    """Return how many kinds of event there are; their codes count from 0."""
    return events["code"].n_unique()


def _sequences(events: pl.DataFrame) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the context of each event, oldest first, padded with the code after the last one, and its own code."""
    nothing = _codes(events)
    columns = []
    for back in range(CONTEXT, 0, -1):
        near = (pl.col("time") - pl.col("time").shift(back).over("host")) <= TIMEOUT
        earlier = pl.when(near).then(pl.col("code").shift(back).over("host")).fill_null(nothing)
        columns.append(earlier.alias(f"back{back}"))
    contexts = events.select(columns).to_numpy().astype(np.int64)
    return contexts, events["code"].to_numpy().astype(np.int64).reshape(-1, 1)


def _verdicts(
    contexts: npt.NDArray[np.int64], targets: npt.NDArray[np.int64], features: int, known: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """Return DeepCASE's verdict on every event: below 0 where it has no match among the known."""
    import torch
    from deepcase import DeepCASE

    torch.manual_seed(SEED)
    x, y = torch.tensor(contexts), torch.tensor(targets)
    model = DeepCASE(features=features, max_length=CONTEXT)
    half = torch.tensor(known.copy())
    model.fit(x[half], y[half], np.zeros(int(known.sum())), verbose=False)
    verdict = np.zeros(len(known))
    verdict[~known] = model.predict(x[~half], y[~half], verbose=False)
    return verdict
