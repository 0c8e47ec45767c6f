"""What a server with its model will never serve, refused before it is asked."""

from __future__ import annotations

from sampling import tokens
from sampling.engine import validation
from sampling.engine.protocol import (
    ContextTooLong,
    GenerationRequest,
    ParameterNotSupported,
    PromptMissing,
    TooManyCompletions,
)
from sampling.engine.server_probe import CONTINUING, EXTENSIONS, Capabilities


def check_request(
    request: GenerationRequest,
    found: Capabilities,
    *,
    chat: tokens.ChatTokenizer | None,
    most_completions: int,
) -> None:
    """Raise InvalidRequest, naming bound and value."""
    validation.check_request(request)
    refuse_unsupported(request, found)
    if len(request.seeds) > most_completions:
        raise TooManyCompletions(
            f"{len(request.seeds)} seeds are given; at most {most_completions} completions of one "
            "context are asked for"
        )
    prompt = request.prompt_token_ids if found.token_prompts else ()
    if not prompt and not request.messages:
        form = "prompt_token_ids and messages are" if found.token_prompts else "messages is"
        raise PromptMissing(f"{form} empty; this server needs something to answer")
    if chat is not None:
        stop_ids = request.params.stop_token_ids
        validation.check_token_ids("prompt_token_ids", prompt, chat.vocab_size)
        validation.check_token_ids("stop_token_ids", stop_ids, chat.vocab_size)
    max_tokens, window = request.params.max_tokens, found.context_tokens
    if window is not None and len(prompt) + max_tokens > window:
        raise ContextTooLong(
            f"the prompt has {len(prompt)} tokens and max_tokens is {max_tokens}; together they "
            f"must be at most {window}"
        )


def refuse_unsupported(request: GenerationRequest, found: Capabilities) -> None:
    """Raise ParameterNotSupported where the server would ignore what shapes the text."""
    params = request.params
    sends_ids = found.token_prompts and request.prompt_token_ids
    if request.continues and not sends_ids and found.kind not in CONTINUING:
        raise ParameterNotSupported(
            f"this server ({found.kind}) renders messages itself and begins every answer anew, so "
            "a reply cannot be continued; ask for another one, or give the policy its tokenizer"
        )
    for name, extension in EXTENSIONS.items():
        value = getattr(params, name)
        if value != extension.neutral and name not in found.fields:
            raise ParameterNotSupported(
                f"{name} is {value!r:.80}, which this server ({found.kind}) does not take; "
                f"leave it at {extension.neutral!r} or serve the policy with one that does"
            )
