"""What the OpenAI-compatible endpoint answers: whole, in pieces, or with a refusal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from sampling import tokens
from sampling.engine.endpoint_wire import Body
from sampling.engine.protocol import CompletionResult, Event, FinishReason

Json = dict[str, Any]
FINISH_REASONS = {
    FinishReason.STOP: "stop",
    FinishReason.STOP_STRING: "stop",
    FinishReason.LENGTH: "length",
    # Beyond OpenAI's own, since none of theirs says it.
    FinishReason.CANCELLED: "abort",
    FinishReason.ERROR: "error",
}


def refusal(message: str, *, code: str, kind: str = "invalid_request_error") -> Json:
    """Return an error in OpenAI's shape."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


class Reply(ABC):
    """The answer to one request. Pieces of one choice, joined, are what the whole says of it."""

    prefix: str
    whole_object: str
    piece_object: str

    def __init__(
        self,
        body: Body,
        *,
        wants_logprobs: bool,
        chat: tokens.ChatTokenizer,
        reply_id: str,
        created: int,
        fingerprint: str,
    ) -> None:
        self._body = body
        self._wants_logprobs = wants_logprobs
        self._chat = chat
        self._shared = {
            "id": reply_id,
            "created": created,
            "model": body.model,
            "system_fingerprint": fingerprint,
        }

    @abstractmethod
    def _piece(self, text: str) -> Json:
        """Return a choice's part that holds a stretch of text."""

    @abstractmethod
    def _whole(self, text: str) -> Json:
        """Return a choice's part that holds all its text."""

    @abstractmethod
    def _logprobs(self, texts: list[str], values: Sequence[float]) -> Json:
        """Return the log-probabilities of tokens that read `texts`."""

    def opening(self) -> Iterator[Json]:
        """Yield what a stream begins with."""
        return iter(())

    def pieces(self, events: Sequence[Event]) -> Iterator[Json]:
        """Yield one piece for each choice that the events continue."""
        for index in sorted({event.index for event in events}):
            own = [event for event in events if event.index == index]
            sampled = [event for event in own if event.token_id is not None]
            ids = [event.token_id for event in sampled if event.token_id is not None]
            values = [event.logprob for event in sampled if event.logprob is not None]
            choice = {"index": index, **self._piece("".join(event.text for event in own))}
            choice |= self._tokens(ids, values)
            choice |= self._ending(own[-1].result)
            yield {**self._shared, "object": self.piece_object, "choices": [choice]}

    def closing(self, results: Sequence[CompletionResult]) -> Iterator[Json]:
        """Yield what a stream ends with: the counts, or an error where nothing else came."""
        if self._body.stream_options.include_usage:
            yield {
                **self._shared,
                "object": self.piece_object,
                "choices": [],
                "usage": usage(results),
            }
        failure = common_failure(results)
        if failure is not None:
            yield failure

    def whole(self, results: Sequence[CompletionResult]) -> Json:
        """Return the whole answer."""
        choices = [
            {
                "index": result.index,
                **self._whole(result.text),
                **self._tokens(result.token_ids, result.logprobs),
                **self._ending(result),
            }
            for result in sorted(results, key=lambda result: result.index)
        ]
        return {
            **self._shared,
            "object": self.whole_object,
            "choices": choices,
            "usage": usage(results),
        }

    def _tokens(self, ids: Sequence[int], values: Sequence[float]) -> Json:
        found: Json = {"logprobs": None}
        if self._wants_logprobs:
            texts = [self._chat.tokenizer.decode([each], skip_special_tokens=False) for each in ids]
            found["logprobs"] = self._logprobs(texts, values)
        if self._body.return_token_ids:
            found["token_ids"] = list(ids)
        return found

    def _ending(self, result: CompletionResult | None) -> Json:
        if result is None:
            return {"finish_reason": None}
        ending: Json = {
            "finish_reason": FINISH_REASONS[result.finish_reason],
            "stop_reason": result.stop_matched,
            "seed": result.seed,
        }
        if result.failure is not None:
            ending["error"] = {
                "code": result.failure.code,
                "message": result.failure.detail,
                "retryable": result.failure.retryable,
            }
        return ending


class CompletionReply(Reply):
    """Answers POST /v1/completions."""

    prefix = "cmpl"
    whole_object = piece_object = "text_completion"

    def _piece(self, text: str) -> Json:
        return {"text": text}

    def _whole(self, text: str) -> Json:
        return {"text": text}

    def _logprobs(self, texts: list[str], values: Sequence[float]) -> Json:
        return {
            "tokens": texts,
            "token_logprobs": list(values),
            "top_logprobs": None,
            "text_offset": [],
        }


class ChatReply(Reply):
    """Answers POST /v1/chat/completions."""

    prefix = "chatcmpl"
    whole_object = "chat.completion"
    piece_object = "chat.completion.chunk"

    def opening(self) -> Iterator[Json]:
        """Yield each choice's role."""
        for index in range(self._body.n):
            choice = {
                "index": index,
                "delta": {"role": "assistant", "content": ""},
                "finish_reason": None,
            }
            yield {**self._shared, "object": self.piece_object, "choices": [choice]}

    def _piece(self, text: str) -> Json:
        return {"delta": {"content": text}}

    def _whole(self, text: str) -> Json:
        return {"message": {"role": "assistant", "content": text, "refusal": None}}

    def _logprobs(self, texts: list[str], values: Sequence[float]) -> Json:
        content = [
            {"token": text, "logprob": value, "bytes": list(text.encode()), "top_logprobs": []}
            for text, value in zip(texts, values, strict=True)
        ]
        return {"content": content, "refusal": None}


def usage(results: Sequence[CompletionResult]) -> Json:
    """Return the counts: the prompt's once, those of all completions together."""
    n_prompt = max((result.n_prompt for result in results), default=0)
    n_completion = sum(result.n_completion for result in results)
    return {
        "prompt_tokens": n_prompt,
        "completion_tokens": n_completion,
        "total_tokens": n_prompt + n_completion,
        "prompt_tokens_details": {
            "cached_tokens": min((result.n_cached for result in results), default=0)
        },
    }


def common_failure(results: Sequence[CompletionResult]) -> Json | None:
    """Return the error that an answer is where every completion failed, else None."""
    failures = [result.failure for result in results if result.failure is not None]
    if not failures or len(failures) < len(results):
        return None
    return refusal(failures[0].detail, code=failures[0].code, kind="server_error")
