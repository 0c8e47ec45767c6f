"""How long things are in the tokens of the policy that would read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from annotation.models import Conversation, Message, RoundPolicy
from annotation.selectors.conversations import as_context, live_messages, serving_policies
from sampling import policies, tokens
from sampling.engine import protocol
from sampling.models import Policy

# Which policy's tokens count, for want of one that already speaks in the conversation.
USES = (RoundPolicy.Use.DRAFT, RoundPolicy.Use.CHAT, RoundPolicy.Use.CANDIDATE)


@dataclass(frozen=True)
class Lengths:
    """Tokens, or None where nobody can count.

    `turn` is the turn being written alone, `total` what a policy would read with it, `window` all
    that it can hold, and `reply` what is set aside for its answer.
    """

    turn: int | None
    total: int | None
    window: int | None
    reply: int | None
    limit: int | None


def lengths_of(*, conversation: Conversation, role: str, content: str) -> Lengths:
    """The lengths with `content` as the next turn of the live path."""
    limit = conversation.project.max_turn_tokens
    serving = _reader(conversation)
    if serving is None:
        return Lengths(None, None, None, None, limit)
    policy, reply = serving
    chat = tokenizer_of(policy)
    if chat is None:
        return Lengths(None, None, policy.context_window_tokens, reply, limit)
    messages = as_context(live_messages(conversation=conversation))
    if content.strip():
        messages.append({"role": role, "content": content})
    try:
        total = chat.count(messages)
    except tokens.TokensError:
        # The template refuses an unfinished dialogue; the turn alone can still be counted.
        total = None
    return Lengths(chat.count_text(content), total, policy.context_window_tokens, reply, limit)


def count_turns(*, conversation: Conversation, contents: Sequence[str]) -> list[int] | None:
    """The tokens of each text, or None where nobody can count."""
    serving = _reader(conversation)
    chat = tokenizer_of(serving[0]) if serving else None
    return [chat.count_text(content) for content in contents] if chat else None


def tokenizer_of(policy: Policy) -> tokens.ChatTokenizer | None:
    """None too where the files of the policy cannot be read at this moment."""
    try:
        return policies.chat_tokenizer(policy)
    except (protocol.EngineError, tokens.TokensError):
        return None


def _reader(conversation: Conversation) -> tuple[Policy, int] | None:
    """The policy that reads the conversation and the tokens of its reply: the chat's own, else by round."""
    spoken = conversation.reply_generation
    if spoken is not None:
        return spoken.policy, spoken.max_tokens
    uses = (RoundPolicy.Use.CHAT,) if conversation.kind == Conversation.Kind.CHAT else USES
    for use in uses:
        serving = serving_policies(project=conversation.project, round_=conversation.round, use=use)
        if serving:
            return serving[0].policy, serving[0].max_tokens
    return None


def pasted_share(message: Message) -> float:
    """The share of a turn's characters that were pasted into it, at most 1."""
    return min(1.0, message.pasted_characters / len(message.content)) if message.content else 0.0
