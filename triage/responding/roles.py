"""Who may say yes to what. Exact names, and whoever is named nowhere is an analyst."""

from typing import Literal

from triage.config import RespondSettings
from triage.errors import UsageError

Rank = Literal["viewer", "analyst", "lead", "admin"]
_ORDER: tuple[Rank, ...] = ("viewer", "analyst", "lead", "admin")


def role_of(user: str, settings: RespondSettings) -> Rank:
    """Return the role of a user; who is named as a viewer is one, whatever else names them."""
    if user in settings.viewers:
        return "viewer"
    return "admin" if user in settings.admins else "lead" if user in settings.leads else "analyst"


def require(needed: Rank, user: str, settings: RespondSettings) -> None:
    """Raise UsageError where the user's role is below the one that is needed."""
    role = role_of(user, settings)
    if _ORDER.index(role) < _ORDER.index(needed):
        where = "respond.admins" if needed == "admin" else "respond.leads or respond.admins"
        named = f"; {where} name who may" if needed in {"lead", "admin"} else ""
        raise UsageError(f"this needs the role {needed}, and {user} is {role}{named}")
