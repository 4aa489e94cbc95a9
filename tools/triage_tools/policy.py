"""Which tools an investigation may call, and how often. A name that is not listed exactly is refused.

A refusal, bad arguments, a tool's own ToolError and a tool that is too slow are ToolErrors: the investigator hears of
them and goes on. Any other exception is a fault of the program and is not caught here.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from types import MappingProxyType

from langchain_core.tools import StructuredTool
from pydantic import BaseModel, JsonValue, ValidationError

from triage.errors import ToolError
from triage.investigation import ToolCall

INVESTIGATOR: Mapping[str, int] = MappingProxyType(
    {
        "alerts_around_entity": 8,
        "asset_lookup": 12,
        "attack_lookup": 4,
        "beacon_test": 4,
        "entity_history": 8,
        "events_around": 4,
        "first_last_seen": 16,
        "logon_events": 2,
        "logon_history": 4,
        "peers": 4,
        "planned_changes": 4,
        "process_events": 4,
        "process_tree": 4,
        "rule_guide": 4,
        "rule_prevalence": 12,
        "similar_incidents": 2,
        "threat_intelligence": 8,
        "usual_times": 4,
    }
)
"""Calls that one investigation may make to each tool."""


class PolicedTools:
    """The toolbox of investigations: stateless, so that one serves any number of them at a time."""

    def __init__(
        self,
        tools: Sequence[StructuredTool],
        policy: Mapping[str, int] = INVESTIGATOR,
        executor: Executor | None = None,
        seconds: float | None = None,
    ) -> None:
        """With an executor, a call that takes longer than ``seconds`` is given up; its thread ends on its own.

        Raises ToolError when the policy allows a tool that is not there, which would be a typing error.
        """
        self._tools = {tool.name: tool for tool in tools}
        self._policy = dict(policy)
        self._executor = executor
        self._seconds = seconds
        if missing := sorted(self._policy.keys() - self._tools.keys()):
            raise ToolError(f"the policy allows tools that do not exist: {', '.join(missing)}")

    def call(self, call: ToolCall, earlier: Sequence[ToolCall]) -> Mapping[str, JsonValue]:
        """Answer a call, given the calls this investigation made before. Raises ToolError."""
        allowed = self._policy.get(call.name)
        if allowed is None:
            raise ToolError(f"tool {call.name[:60]!r} is not allowed here")
        if sum(other.name == call.name for other in earlier) >= allowed:
            raise ToolError(f"tool {call.name!r} was already called {allowed} times, which is its limit")
        return self._answer(self._tools[call.name], call)

    def _answer(self, tool: StructuredTool, call: ToolCall) -> dict[str, JsonValue]:
        function = _bound(tool, call)
        if self._executor is None:
            return function()
        try:
            return self._executor.submit(function).result(self._seconds)
        except TimeoutError as exc:
            raise ToolError(f"{call.name} gave no answer in time") from exc


def _bound(tool: StructuredTool, call: ToolCall) -> Callable[[], dict[str, JsonValue]]:
    """Validate the arguments and bind them; going through ``tool.invoke`` costs more than most answers (0.3 ms)."""
    schema = tool.args_schema
    if tool.func is None or not (isinstance(schema, type) and issubclass(schema, BaseModel)):
        raise TypeError(f"tool {tool.name!r} needs a synchronous function and a pydantic argument schema")
    try:
        arguments = schema.model_validate(call.args)
    except ValidationError as exc:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in exc.errors()[:3])
        raise ToolError(f"bad arguments for {call.name}: {problems}") from exc
    return partial(tool.func, **{name: getattr(arguments, name) for name in schema.model_fields})
