"""Language models of any provider that LangChain speaks to; imports a provider's package only when it is asked for."""

from triage.adapters.models.chat import LangChainModel
from triage.adapters.models.factory import connect_model
from triage.adapters.models.providers import PROVIDERS, installed

__all__ = ["PROVIDERS", "LangChainModel", "connect_model", "installed"]
