"""Tells readers what was sampled for them, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Callable

from sampling.engine.backend import Backend, Sampled
from sampling.engine.protocol import CompletionResult, Event, Failure, FinishReason
from sampling.engine.schedule import Row

NOT_FINITE = Failure(
    "non_finite_logits",
    "The policy's logits for this completion are not finite.",
    False,
)


class Teller:
    """Turns drawn tokens into events, until a completion has its end."""

    def __init__(self, backend: Backend, clock: Callable[[], float]) -> None:
        self._backend = backend
        self._clock = clock

    def accept(self, row: Row, sampled: Sampled) -> bool:
        """Add a token to its row and send it; True when the completion ended with it."""
        if not math.isfinite(sampled.logprob):
            row.poisoned = True
            self.end(row, FinishReason.ERROR, failure=NOT_FINITE)
            return True
        row.token_ids.append(sampled.token_id)
        row.logprobs.append(sampled.logprob)
        row.t_last = self._clock() - row.job.submitted_at
        row.t_first = row.t_last if row.t_first is None else row.t_first
        params = row.job.request.params
        if sampled.token_id in params.stop_token_ids:
            self.end(row, FinishReason.STOP, sampled, stop_matched=sampled.token_id)
            return True
        if sampled.token_id in self._backend.stop_ids:
            self.end(row, FinishReason.STOP, sampled)
            return True
        try:
            text = row.scanner.push(row.decoder.step(sampled.token_id))
        except Exception as error:  # noqa: BLE001
            # The tokenizer's decoder raises bare exceptions; one row's text is no other's concern.
            failure = Failure("undecodable_token", f"token {sampled.token_id}: {error}", False)
            self.end(row, FinishReason.ERROR, sampled, failure=failure)
            return True
        if row.scanner.matched is not None:
            stop = row.scanner.matched
            self.end(row, FinishReason.STOP_STRING, sampled, text=text, stop_matched=stop)
            return True
        if len(row.token_ids) == params.max_tokens:
            self.end(row, FinishReason.LENGTH, sampled, text=text)
            return True
        self._send(row, sampled, text, None)
        return False

    def end(
        self,
        row: Row,
        reason: FinishReason,
        sampled: Sampled | None = None,
        *,
        text: str = "",
        stop_matched: str | int | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Send the row's last event, with whatever text was held back."""
        text += row.scanner.flush()
        job = row.job
        result = CompletionResult(
            index=row.index,
            seed=row.seed,
            prompt_token_ids=job.request.prompt_token_ids,
            params=job.request.params,
            token_ids=tuple(row.token_ids),
            logprobs=tuple(row.logprobs),
            text="".join([*row.texts, text]),
            finish_reason=reason,
            stop_matched=stop_matched,
            failure=failure,
            n_prompt=job.n_prompt,
            n_cached=job.n_cached,
            n_completion=len(row.token_ids),
            n_in_step=row.n_in_step,
            t_queue=job.t_queue,
            t_first=row.t_first,
            t_last=row.t_last,
            provenance=self._backend.provenance,
        )
        self._send(row, sampled, text, result)

    def _send(
        self,
        row: Row,
        sampled: Sampled | None,
        text: str,
        result: CompletionResult | None,
    ) -> None:
        row.job.stream.put(
            Event(
                index=row.index,
                token_id=None if sampled is None else sampled.token_id,
                logprob=None if sampled is None else sampled.logprob,
                text=text,
                offset=row.n_characters,
                t=self._clock() - row.job.submitted_at,
                result=result,
            )
        )
        row.texts.append(text)
        row.n_characters += len(text)
