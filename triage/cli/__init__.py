"""The ``triage`` command: one module per group of sub-commands, each imported only when it is called.

``triage --help`` and the configuration must import neither torch, polars, elasticsearch, langgraph nor textual, and no
command knows more of a run than ``triage.session`` tells.
"""

from triage.cli.app import main

__all__ = ["main"]
