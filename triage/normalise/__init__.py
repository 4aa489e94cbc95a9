"""Vendor documents become columnar batches in ECS terms. Nothing is lost: what cannot be read is a dead letter.

``normalise_page`` turns one raw page into a batch, in any worker process; ``merge`` turns many batches into one.
Each vendor's shape of alert is one module in ``families``; ``registry`` says in which order they are asked.
"""

from triage.normalise.batches import Merged, merge
from triage.normalise.page import normalise_page

__all__ = ["Merged", "merge", "normalise_page"]
