"""A LangChain chat model as ``advisor.ChatModel``: it streams, bounds what it reads, and fails in one way only.

Which exceptions a provider's package raises is not known here, and no failure of a model may end a run: this is the one
place where any exception of a foreign package becomes a ``ModelError``.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import orjson
from pydantic import SecretStr

from triage.advisor.chat import Form, Reply, estimate, refuse_plain
from triage.errors import ModelError
from triage.trust.gate import Prompt
from triage.trust.untrusted import clean

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessageChunk
    from langchain_core.runnables import Runnable

CHARS_READ = 8
"""Characters read per token that was allowed; a server that does not keep to the limit is not listened to."""


class Entry(NamedTuple):
    """One model: the first one, or a fallback."""

    name: str
    model: "BaseChatModel"


class LangChainModel:
    """``advisor.ChatModel`` over one LangChain model and its fallbacks."""

    def __init__(
        self,
        entries: Sequence[Entry],
        *,
        local: bool,
        structured: Literal["json", "tools"] = "json",
        secret: SecretStr = SecretStr(""),  # noqa: B008 - immutable
    ) -> None:
        """``secret`` is the key, which no message of a server may repeat."""
        self._secret = secret
        self._entries = tuple(entries)
        self._local = local
        self._structured = structured

    @property
    def name(self) -> str:
        """Return provider:model of the first one."""
        return self._entries[0].name

    @property
    def local(self) -> bool:
        """Tell whether all of them run on machines of ours."""
        return self._local

    def ask(self, prompt: Prompt, form: Form, limit: int) -> Reply:
        """Answer, by the first model that does. Raises ModelError with what each of them said."""
        refuse_plain(prompt, local=self._local)
        failures = []
        for entry in self._entries:
            try:
                return self._from(entry, prompt, form, limit)
            except ModelError as failure:
                failures.append(f"{entry.name}: {failure}")
        raise ModelError("; ".join(failures))

    def _from(self, entry: Entry, prompt: Prompt, form: Form, limit: int) -> Reply:
        began = perf_counter()
        try:
            message = _streamed(self._prepared(entry.model, form), prompt.text, limit * CHARS_READ)
        except Exception as exc:  # see the module: any failure of a foreign package ends here
            raise ModelError(_told(exc, self._secret)) from exc
        if message is None:
            raise ModelError("the answer was empty")
        text = _text(message)
        if not text.strip():
            raise ModelError("the answer was empty")
        return _reply(entry.name, prompt, text, message, perf_counter() - began)

    def _prepared(self, model: "BaseChatModel", form: Form) -> "Runnable[Any, Any]":
        """Bind the form where tools carry it."""
        if self._structured == "json":
            return model
        function = {"name": form.name, "description": "Give the answer in this form.", "parameters": form.schema}
        return model.bind_tools([{"type": "function", "function": function}], tool_choice=form.name)


def _streamed(model: "Runnable[Any, Any]", text: str, most: int) -> "AIMessageChunk | None":
    """Read a streamed answer up to ``most`` characters; a megabyte or an endless one is not read on."""
    whole: Any = None
    size = 0
    for chunk in model.stream(text):
        whole = chunk if whole is None else whole + chunk
        size += len(chunk.text) + sum(len(call.get("args") or "") for call in getattr(chunk, "tool_call_chunks", ()))
        if size > most:
            break
    message: AIMessageChunk | None = whole
    return message


def _text(message: "AIMessageChunk") -> str:
    """Return the arguments of the first tool call as JSON, else the text."""
    if message.tool_calls:
        return orjson.dumps(message.tool_calls[0]["args"]).decode()
    return str(message.text)


def _reply(name: str, prompt: Prompt, text: str, message: "AIMessageChunk", seconds: float) -> Reply:
    usage = message.usage_metadata
    if usage and usage["input_tokens"] and usage["output_tokens"]:
        return Reply(text, usage["input_tokens"], usage["output_tokens"], seconds=seconds, model=name)
    return Reply(text, estimate(prompt.text), estimate(text), estimated=True, seconds=seconds, model=name)


def _told(exc: Exception, secret: SecretStr) -> str:
    """Return a failure in one bounded line; what a server writes into its errors is text from outside."""
    status, key = getattr(exc, "status_code", None), secret.get_secret_value()
    coded = f" (HTTP {status})" if isinstance(status, int) else ""
    said = str(exc).replace(key, "********") if key else str(exc)
    return f"no answer{coded}: {type(exc).__name__}: {clean(said, 160)}"
