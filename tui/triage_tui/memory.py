"""What is remembered between sittings: whether the tour was seen, and saved views.

That it cannot be written is no reason to stop.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from platformdirs import user_state_path
from pydantic import ValidationError

from triage.atomic import replacing
from triage_tui.preferences import View


class Memory:
    """A small JSON file in the user's state folder (XDG)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(user_state_path("soc-triage"))
        self._file = self.folder / "tui.json"

    def tour_seen(self) -> bool:
        """Tell whether the tour was seen; an unreadable file means that it was not."""
        return bool(self._values().get("tour_seen"))

    def remember_tour(self) -> None:
        """Remember that the tour was seen."""
        self._write(self._values() | {"tour_seen": True})

    def views(self) -> Mapping[str, View]:
        """Return the views that were saved; one that cannot be read is left out."""
        saved = self._values().get("views")
        found: dict[str, View] = {}
        for name, values in saved.items() if isinstance(saved, dict) else ():
            with suppress(ValidationError):
                found[name] = View.model_validate(values)
        return found

    def save_view(self, name: str, view: View) -> None:
        """Keep a view under a name."""
        views = {known: one.model_dump() for known, one in self.views().items()}
        self._write(self._values() | {"views": views | {name: view.model_dump()}})

    def _values(self) -> dict[str, Any]:
        try:
            values = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return values if isinstance(values, dict) else {}

    def _write(self, values: Mapping[str, Any]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with replacing(self._file) as file:
                file.write(json.dumps(values, indent=1).encode())
        except OSError:
            return
