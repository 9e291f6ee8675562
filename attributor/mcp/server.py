"""The server of the Model Context Protocol: tools from questions, answers as text and as structured content."""

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import is_dataclass
from inspect import Parameter, Signature
from typing import Annotated, Any

from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.tools import Tool
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field
from pydantic.fields import FieldInfo

from attributor.mcp.tools import TOOLS, ToolKind
from attributor.reports.document import document
from attributor.reports.owners import UnknownTeamError
from attributor.reports.questions.asked import QuestionError
from attributor.reports.questions.books import Books

LARGEST_ANSWER = 80_000
"""Characters: more would fill what an assistant can keep in mind."""
_ROWS, _MOST_ROWS = 50, 500
_INSTRUCTIONS = """Attributor gives every cent of cloud, GPU and LLM spend an owner, exactly, and explains every number.
Amounts and quantities are exact decimal strings: add them as decimals, never as floating point. Times and days are in
UTC, spans are half-open. `unattributed` is money that no rule gave an owner, `idle` is capacity that nobody held. The
current month is known so far only; `sources` says through when. Say currency, period and basis with every amount."""

OpenBooks = Callable[[], AbstractContextManager[Books]]
"""Opens the books for one question: all that whoever asks may be told of."""


class CannotAnswerError(Exception):
    """The stores cannot be read now; the message says which, why, and the fix."""


def build_server(open_books: OpenBooks, version: str) -> MCPServer[Any]:
    """Return the server; every tool only reads. `open_books` may raise CannotAnswerError, on entry or afterwards."""
    return MCPServer(
        "attributor",
        title="Attributor",
        instructions=_INSTRUCTIONS,
        version=version,
        tools=[_tool(kind, open_books) for kind in TOOLS],
        subscriptions=False,
    )


def _tool(kind: ToolKind, open_books: OpenBooks) -> Tool:
    def answer(**given: Any) -> CallToolResult:
        with _told_to_the_model(), open_books() as books:
            return _result(kind.answer(books, kind.question.model_validate(given)))

    answer.__name__ = kind.name
    vars(answer)["__signature__"] = Signature(
        [_parameter(name, field) for name, field in kind.question.model_fields.items()],
        return_annotation=CallToolResult,
    )
    reads = ToolAnnotations(title=kind.title, read_only_hint=True, idempotent_hint=True, open_world_hint=False)
    tool = Tool.from_function(
        answer,
        kind.name,
        title=kind.title,
        description=kind.description,
        annotations=reads,
        structured_output=False,
    )
    _refuse_unknown_words(tool)
    tool.fn_metadata.output_schema = kind.schema
    return tool


def _refuse_unknown_words(tool: Tool) -> None:
    """Let the tool refuse arguments that it does not know, which would be left out of account otherwise."""
    known = tool.fn_metadata.arg_model
    known.model_config["extra"] = "forbid"
    known.model_rebuild(force=True)
    tool.parameters = known.model_json_schema()


def _parameter(name: str, field: FieldInfo) -> Parameter:
    """Return a parameter as its question has it; answers are of few rows where nobody says how many."""
    kind: Any = Annotated[(field.annotation, *field.metadata, Field(description=field.description))]
    default = Parameter.empty if field.is_required() else field.default
    if name == "limit":
        kind = Annotated[int, Field(ge=1, le=_MOST_ROWS, description="The most rows; `next` leads to those behind")]
        default = _ROWS
    return Parameter(name, Parameter.KEYWORD_ONLY, default=default, annotation=kind)


def _result(answer: object) -> CallToolResult:
    found = document(answer) if is_dataclass(answer) else answer
    text = json.dumps(found, ensure_ascii=False, separators=(",", ":"))
    if len(text) > LARGEST_ANSWER:
        raise QuestionError(
            f"the answer has {len(text):,} characters, and {LARGEST_ANSWER:,} are the most; ask for less: a lower "
            "limit, fewer dimensions, a shorter window, or one team, service or rule"
        )
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=found)


@contextmanager
def _told_to_the_model() -> Iterator[None]:
    try:
        yield
    except (QuestionError, UnknownTeamError, CannotAnswerError) as error:
        raise ToolError(str(error)) from error
