"""Who may call what: exact names, limits, and which failures the investigator hears of."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from langchain_core.tools import StructuredTool
from pydantic import BaseModel, ConfigDict, JsonValue

from support.fake_search import FakeSearch
from triage.adapters.assets import EmptyAssets
from triage.errors import ToolError
from triage.investigation import ToolCall
from triage_tools import ToolLimits, build_tools
from triage_tools.policy import INVESTIGATOR, PolicedTools


class Number(BaseModel):
    """Arguments of the test tool."""

    model_config = ConfigDict(extra="forbid")
    x: int


def divide(x: int) -> dict[str, JsonValue]:
    if x < 0:
        raise ToolError("negative")
    return {"total": 10 // x, "truncated": False, "query": "10/x"}


DIVIDE = StructuredTool.from_function(divide, name="divide", description="divide", args_schema=Number)


def call(x: JsonValue = 2, name: str = "divide") -> ToolCall:
    return ToolCall(name=name, args={"x": x})


def test_the_shipped_policy_names_every_tool() -> None:
    tools = build_tools(FakeSearch(), EmptyAssets(), ToolLimits())
    assert set(INVESTIGATOR) == {tool.name for tool in tools}
    PolicedTools(tools)


def test_answers_an_allowed_call() -> None:
    assert PolicedTools([DIVIDE], {"divide": 1}).call(call(), [])["total"] == 5


@pytest.mark.parametrize("name", ["Divide", "divide_all", "divid", "", "divide\n"])
def test_a_name_that_is_not_listed_exactly_is_refused(name: str) -> None:
    with pytest.raises(ToolError, match="not allowed"):
        PolicedTools([DIVIDE], {"divide": 1}).call(call(name=name), [])


def test_a_tool_that_exists_but_is_not_listed_is_refused() -> None:
    with pytest.raises(ToolError, match="not allowed"):
        PolicedTools([DIVIDE], {}).call(call(), [])


def test_the_limit_counts_earlier_calls_of_the_same_tool() -> None:
    tools = PolicedTools([DIVIDE], {"divide": 2})
    assert tools.call(call(), [call(), call(name="other")])
    with pytest.raises(ToolError, match="already called 2 times"):
        tools.call(call(), [call(), call()])


def test_bad_arguments_and_tool_errors_are_told() -> None:
    tools = PolicedTools([DIVIDE], {"divide": 9})
    with pytest.raises(ToolError, match="bad arguments for divide: x"):
        tools.call(call("much"), [])
    with pytest.raises(ToolError, match="negative"):
        tools.call(call(-1), [])


def test_other_exceptions_bubble() -> None:
    with pytest.raises(ZeroDivisionError):
        PolicedTools([DIVIDE], {"divide": 1}).call(call(0), [])


def test_a_slow_tool_is_given_up() -> None:
    release = Event()

    def wait(x: int) -> dict[str, JsonValue]:
        release.wait()
        return {"total": x}

    slow = StructuredTool.from_function(wait, name="slow", description="slow", args_schema=Number)
    with ThreadPoolExecutor(1) as executor:
        try:
            with pytest.raises(ToolError, match="no answer in time"):
                PolicedTools([slow], {"slow": 1}, executor, 0).call(call(name="slow"), [])
        finally:
            release.set()


def test_a_policy_for_a_tool_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ToolError, match="do not exist: missing"):
        PolicedTools([DIVIDE], {"missing": 1})
