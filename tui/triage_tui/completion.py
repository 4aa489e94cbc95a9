"""Offers how the filter that is being typed may go on; what is offered comes from ``triage.desk.filters``."""

from collections.abc import Callable, Iterable, Mapping

from textual.suggester import Suggester

from triage.desk.filters import complete, completion_start

Vocabulary = Mapping[str, Iterable[str]]


def suggestion(text: str, vocabulary: Vocabulary) -> str | None:
    """Return the text with its last term completed; None where nothing begins like it."""
    start = completion_start(text, len(text))
    if not text[start:]:
        return None
    whole = (text[:start] + term for term in complete(text, len(text), vocabulary))
    return next((found for found in whole if found.startswith(text) and found != text), None)


class FilterSuggester(Suggester):
    """Shows the completion behind the cursor; the right arrow takes it."""

    def __init__(self, vocabulary: Callable[[], Vocabulary]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._vocabulary = vocabulary

    async def get_suggestion(self, value: str) -> str | None:
        """Return the whole text as it could go on."""
        return suggestion(value, self._vocabulary())
