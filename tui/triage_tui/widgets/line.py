"""One or more lines of text that a screen writes anew whenever what they tell has changed."""

from rich.text import Text
from textual.widgets import Static


class TextLine(Static):
    """Shows text as it is: nothing in it is read as markup."""

    DEFAULT_CSS = "TextLine { height: 1; width: 1fr; padding: 0 0; }"

    def __init__(self, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__("", id=id, markup=False)
        self.told = Text("")

    def tell(self, text: Text | str) -> None:
        """Show a text."""
        self.told = text if isinstance(text, Text) else Text(text)
        self.told.no_wrap = True
        self.update(self.told, layout=False)
