"""What is remembered between sittings: whether the tour was seen. That it cannot be written is no reason to stop."""

import json
from pathlib import Path

from platformdirs import user_state_path


class Memory:
    """A small JSON file in the user's state folder (XDG)."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(user_state_path("soc-triage"))
        self._file = self.folder / "tui.json"

    def tour_seen(self) -> bool:
        """Tell whether the tour was seen; an unreadable file means that it was not."""
        try:
            return bool(json.loads(self._file.read_text(encoding="utf-8")).get("tour_seen"))
        except (OSError, ValueError, AttributeError):
            return False

    def remember_tour(self) -> None:
        """Remember that the tour was seen."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps({"tour_seen": True}), encoding="utf-8")
        except OSError:
            return
