"""One stream from a server: what it has given to each of its completions so far."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sampling.engine import chat_wire as wire
from sampling.engine.chat_wire import Choice, Chunk, Ending
from sampling.engine.handle import EventStream
from sampling.engine.protocol import (
    CompletionResult,
    Event,
    Failure,
    FinishReason,
    GenerationRequest,
    Provenance,
)
from sampling.engine.text import StopScanner


@dataclass(eq=False, slots=True)
class _Completion:
    """One completion of the stream."""

    index: int  # in the request
    scanner: StopScanner
    texts: list[str] = field(default_factory=list)
    n_characters: int = 0
    token_ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    # A token and text that came with the ending, for the last event.
    last: tuple[int, float | None] | None = None
    last_text: str = ""
    ending: Ending | None = None
    t_first: float | None = None
    t_last: float | None = None


class ServerCall:
    """The completions `indexes` of a request, as one stream gives them.

    `now` tells the seconds since submit. Events go to the request's handle as they come; the last
    ones when `end` is called, since the counts come after the last word.
    """

    def __init__(
        self,
        request: GenerationRequest,
        indexes: Sequence[int],
        events: EventStream,
        now: Callable[[], float],
    ) -> None:
        self.request = request
        self.indexes = tuple(indexes)
        self.begun = False  # something of an answer has come: it must not be asked for again
        self.prompt_was_ids = False  # the policy reads the request's own ids, no server's rendering
        self.t_queue: float | None = None
        self.n_prompt = 0
        self.n_sampled = 0
        self._n_cached = 0
        self._n_told: int | None = None
        self._seen: set[int] = set()
        self._system_fingerprint: str | None = None
        self._events = events
        self._now = now
        self._completions = [
            _Completion(index, StopScanner(request.params.stop)) for index in indexes
        ]

    @property
    def ended(self) -> bool:
        """Whether no completion expects anything more."""
        return all(each.ending is not None for each in self._completions)

    @property
    def cut_short(self) -> bool:
        """Whether a stop string ended every text here, whatever the server would still send."""
        return all(
            each.ending is not None and each.scanner.matched is not None
            for each in self._completions
        )

    def mark_started(self) -> None:
        """Note that waiting is over."""
        self.t_queue = self._now()

    def take(self, chunk: Chunk) -> None:
        """Send on what one chunk adds. Raises ValueError for a choice that was not asked for."""
        self._system_fingerprint = chunk.system_fingerprint or self._system_fingerprint
        if chunk.usage is not None:
            self.n_prompt = chunk.usage.prompt_tokens
            self._n_told = chunk.usage.completion_tokens
            if chunk.usage.prompt_tokens_details is not None:
                self._n_cached = chunk.usage.prompt_tokens_details.cached_tokens or 0
        for choice in chunk.choices:
            if not 0 <= choice.index < len(self._completions):
                raise ValueError(
                    f"choice {choice.index} of {len(self._completions)} that were asked for"
                )
            self._seen.add(choice.index)
            completion = self._completions[choice.index]
            if completion.ending is None:
                self._add(completion, choice)

    def missing(self) -> Failure:
        """Return why the stream's end left completions without one."""
        n_asked, n_seen = len(self._completions), len(self._seen)
        if 0 < n_seen < n_asked:
            return Failure(
                "fewer_choices", f"The server gave {n_seen} of {n_asked} completions.", True
            )
        return Failure("stream_ended_early", "The server closed the stream mid-answer.", True)

    def end(self, otherwise: Ending, provenance: Provenance) -> None:
        """Send every completion's last event; what had not ended ends as `otherwise` says."""
        for completion in self._completions:
            self._finish(completion, completion.ending or otherwise, provenance)

    def _add(self, completion: _Completion, choice: Choice) -> None:
        tokens = self._tokens(choice)
        text = choice.new_text
        if text or tokens:
            self.begun = True
            completion.t_last = self._now()
            if completion.t_first is None:
                completion.t_first = completion.t_last
        shown = completion.scanner.push(text) if text else ""
        completion.token_ids += [token_id for token_id, _ in tokens]
        completion.logprobs += [value for _, value in tokens if value is not None]
        if completion.scanner.matched is not None:
            completion.ending = Ending(FinishReason.STOP_STRING, completion.scanner.matched)
        else:
            completion.ending = wire.ending_of(choice, self.request.params)
        if completion.ending is not None:
            completion.last_text, shown = shown, ""
            completion.last = tokens.pop() if tokens else None
        for token_id, logprob in tokens[:-1]:
            self._put(completion, token_id, logprob, "")
        if tokens:
            self._put(completion, *tokens[-1], shown)
        elif shown:
            self._put(completion, None, None, shown)

    def _tokens(self, choice: Choice) -> list[tuple[int, float | None]]:
        """Return the choice's new tokens; log-probabilities only where each token has one."""
        ids = choice.token_ids or []
        values = choice.logprobs.values if choice.logprobs else []
        if len(values) != len(ids):
            return [(each, None) for each in ids]
        return list(zip(ids, values, strict=True))

    def _finish(self, completion: _Completion, ending: Ending, provenance: Provenance) -> None:
        text = completion.last_text + completion.scanner.flush()
        n_completion = len(completion.token_ids)
        if not n_completion and len(self._completions) == 1:
            n_completion = self._n_told or 0
        self.n_sampled += n_completion
        whole_logprobs = len(completion.logprobs) == len(completion.token_ids)
        prompt = self.request.prompt_token_ids if self.prompt_was_ids else ()
        token_id, logprob = completion.last or (None, None)
        result = CompletionResult(
            index=completion.index,
            seed=self.request.seeds[completion.index],
            prompt_token_ids=prompt,
            params=self.request.params,
            token_ids=tuple(completion.token_ids),
            logprobs=tuple(completion.logprobs) if whole_logprobs else (),
            text="".join([*completion.texts, text]),
            finish_reason=ending.reason,
            stop_matched=ending.stop_matched,
            failure=ending.failure,
            n_prompt=self.n_prompt or len(prompt),
            n_cached=self._n_cached,
            n_completion=n_completion,
            n_in_step=0,
            t_queue=self.t_queue,
            t_first=completion.t_first,
            t_last=completion.t_last,
            provenance=provenance,
            system_fingerprint=self._system_fingerprint,
        )
        self._put(completion, token_id, logprob, text, result)

    def _put(
        self,
        completion: _Completion,
        token_id: int | None,
        logprob: float | None,
        text: str,
        result: CompletionResult | None = None,
    ) -> None:
        self._events.put(
            Event(
                index=completion.index,
                token_id=token_id,
                logprob=logprob,
                text=text,
                offset=completion.n_characters,
                t=self._now(),
                result=result,
            )
        )
        completion.texts.append(text)
        completion.n_characters += len(text)
