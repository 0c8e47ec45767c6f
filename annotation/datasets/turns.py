"""The turns of a row → messages in a known order.

A dialogue reads: an optional system turn, then user and assistant turns in alternation, the last
one the assistant's; tool turns stand between two assistant turns. A context is the same cut
before an assistant turn. Other orders are refused, as most chat templates and trainers refuse
them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from annotation.datasets.fields import wrong_shape
from annotation.datasets.records import MessageRecord, RejectCode
from annotation.datasets.sources import RowError

_ROLES = {role: role for role in ("system", "user", "assistant", "tool")}
_SHAREGPT_ROLES = _ROLES | {"human": "user", "gpt": "assistant"}
_TEXT_KEYS = frozenset({"role", "content"})
_MESSAGE_KEYS = _TEXT_KEYS | {"weight"}
_TOOL_CALL_KEYS = ("tool_calls", "function_call")
_MAY_FOLLOW = {
    None: {"system", "user"},
    "system": {"user"},
    "user": {"assistant"},
    "assistant": {"user", "tool"},
    "tool": {"tool", "assistant"},
}


def read_messages(turns: Sequence[Any], *, key: str, trainable: bool) -> tuple[MessageRecord, ...]:
    """The turns of a `[{"role", "content"}…]` list.

    `trainable` holds for its assistant turns, but for those whose `weight` is 0. Raises RowError
    for a turn that is not an object with a known role and text.
    """
    messages = []
    for number, turn in enumerate(turns, start=1):
        if type(turn) is not dict:
            raise wrong_shape(f"{key}[{number - 1}]", "an object", turn)
        role = _role(turn.get("role"), _ROLES, number)
        learns = trainable and role == "assistant"
        if len(turn) > len(_TEXT_KEYS) or "content" not in turn:
            _require_text_only(turn, number)
            learns = learns and _weight(turn, f"{key}[{number - 1}].weight") == 1
        messages.append(MessageRecord(role, _text(turn.get("content"), number), learns))
    return tuple(messages)


def read_sharegpt(turns: Sequence[Any]) -> tuple[MessageRecord, ...]:
    """The turns of a `[{"from", "value"}…]` list; every assistant turn is trainable."""
    messages = []
    for number, turn in enumerate(turns, start=1):
        if type(turn) is not dict:
            raise wrong_shape(f"conversations[{number - 1}]", "an object", turn)
        role = _role(turn.get("from"), _SHAREGPT_ROLES, number)
        messages.append(MessageRecord(role, _text(turn.get("value"), number), role == "assistant"))
    return tuple(messages)


def extra_fields(turns: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """What the turns of a `messages` list say beside role, content and weight, by index."""
    return {
        str(index): {key: turn[key] for key in turn if key not in _MESSAGE_KEYS}
        for index, turn in enumerate(turns)
        if len(turn) > len(_TEXT_KEYS) and not _MESSAGE_KEYS.issuperset(turn)
    }


def require_dialogue(messages: Sequence[MessageRecord]) -> None:
    """Raises RowError unless the messages are a dialogue."""
    _require_order(messages)
    if messages[-1].role != "assistant":
        raise RowError(
            RejectCode.WRONG_LAST_TURN,
            f"The last turn is of the role {messages[-1].role}; a dialogue ends on an"
            " assistant turn.",
        )


def require_context(messages: Sequence[MessageRecord]) -> None:
    """Raises RowError unless the messages are a context that asks for a completion."""
    _require_order(messages)
    if messages[-1].role not in ("user", "tool"):
        raise RowError(
            RejectCode.WRONG_LAST_TURN,
            f"The last turn is of the role {messages[-1].role}; a prompt ends on a user turn.",
        )


def _require_order(messages: Sequence[MessageRecord]) -> None:
    if not messages:
        raise RowError(RejectCode.EMPTY_MESSAGE, "The row holds no turns.")
    previous = None
    for number, message in enumerate(messages, start=1):
        if message.role not in _MAY_FOLLOW[previous]:
            due = " or ".join(sorted(_MAY_FOLLOW[previous]))
            place = "A dialogue opens with" if previous is None else f"After {previous} comes"
            raise RowError(
                RejectCode.WRONG_TURN_ORDER,
                f"Turn {number} is of the role {message.role}. {place} {due}.",
            )
        previous = message.role


def _require_text_only(turn: Mapping[str, Any], number: int) -> None:
    if any(turn.get(calls) for calls in _TOOL_CALL_KEYS):
        raise RowError(
            RejectCode.UNSUPPORTED_CONTENT, f"Turn {number} calls a tool; only text is held."
        )


def _weight(turn: Mapping[str, Any], key: str) -> int:
    weight = turn.get("weight")
    if weight is None:
        return 1
    if weight not in (0, 1):
        raise wrong_shape(key, "0 or 1", weight)
    return int(weight)


def _role(name: Any, roles: Mapping[str, str], number: int) -> str:
    role = roles.get(name) if type(name) is str else None
    if role is None:
        shown = ascii(name)[:40]
        raise RowError(
            RejectCode.UNKNOWN_ROLE,
            f"Turn {number} has the role {shown}; known are {', '.join(roles)}.",
        )
    return role


def _text(content: Any, number: int) -> str:
    if type(content) is str:
        if content and not content.isspace():
            return content
    elif content is not None:
        raise RowError(
            RejectCode.UNSUPPORTED_CONTENT,
            f"The content of turn {number} is not plain text.",
        )
    raise RowError(RejectCode.EMPTY_MESSAGE, f"Turn {number} holds no text.")
