"""The in-process backend: a transformers model over a slot cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

import torch
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream
from torch import Tensor
from transformers import PreTrainedModel
from transformers.cache_utils import DynamicCache, DynamicLayer

from sampling.engine import sampler
from sampling.engine.backend import DeviceLost, Draw, Layout, RowInput, Sampled
from sampling.engine.cache import LayerShape, PromptTarget, RowsTarget, SlotCache
from sampling.engine.graphs import BucketedStep, Capture
from sampling.engine.memory import GIB
from sampling.engine.protocol import Priority, Provenance, UnsupportedPolicy
from sampling.engine.validation import Limits

# Below this a slot is too short for a dialogue, and the budget rather than the prompt is at fault.
FEWEST_CONTEXT_TOKENS = 512
ELSEWHERE = "serve it with an OpenAI-compatible server"
# Two prompts of unlike length, and how far rounding may take their logits from a whole pass's, as
# a share of the largest.
PROBES = (range(1, 8), range(11, 15))
TOLERANCE = {torch.float32: 1e-3, torch.float16: 0.02, torch.bfloat16: 0.1}


Given = ParamSpec("Given")
Found = TypeVar("Found")


def on_device(
    call: Callable[Concatenate[TransformerBackend, Given], Found],
) -> Callable[Concatenate[TransformerBackend, Given], Found]:
    """Run a call without gradients; raise DeviceLost where the device will answer no other.

    After a failed assert every later call to a CUDA device of this process fails alike. Too little
    memory is another exception, and another call may fit.
    """

    @wraps(call)
    def guarded(backend: TransformerBackend, /, *args: Given.args, **kwargs: Given.kwargs) -> Found:
        try:
            with torch.inference_mode():
                return call(backend, *args, **kwargs)
        except torch.AcceleratorError as error:
            raise DeviceLost(str(error)) from error

    return guarded


class StreamDecoder:
    """Text of one completion in whole characters, without special tokens.

    Many tokenizers leave out the space before a text's first word: what goes on from `after` keeps it.
    """

    def __init__(self, tokenizer: Tokenizer, after: Sequence[int] = ()) -> None:
        self._tokenizer = tokenizer
        self._stream = DecodeStream(ids=list(after), skip_special_tokens=True)

    def step(self, token_id: int) -> str:
        """Return the text that became certain with this token; "" within a character."""
        return self._stream.step(self._tokenizer, token_id) or ""


class TransformerBackend:
    """Runs one causal transformer."""

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: Tokenizer,
        *,
        provenance: Provenance,
        stop_ids: frozenset[int],
        n_slots: int,
        n_reserved: int,
        n_kept: int,
        window_tokens: int,
        cache_bytes: int,
        budget_bytes: int | None = None,
        capture: Capture | None = None,
    ) -> None:
        """Reserve the cache; with `capture`, take steps in few shapes that it made replayable.

        Raises UnsupportedPolicy where slots cannot hold this architecture, or too little of it.
        """
        self._model = model
        self._tokenizer = tokenizer
        self.provenance = provenance
        self.stop_ids = stop_ids
        self.layout = Layout(n_slots, n_kept)
        n_rows = self.layout.n_rows
        shapes = layer_shapes(model)
        token_bytes = model.dtype.itemsize * sum(shape.values_per_token for shape in shapes)
        # One position a row is spare.
        context_tokens = min(window_tokens, cache_bytes // (n_rows * token_bytes) - 1)
        if context_tokens < min(window_tokens, FEWEST_CONTEXT_TOKENS):
            raise UnsupportedPolicy(
                f"{cache_bytes / GIB:.2f} GiB of keys and values hold {context_tokens} tokens in "
                f"each of {n_rows} rows, too few for a dialogue; allow more memory or fewer slots"
            )
        self.limits = Limits(
            vocab_size=max(tokenizer.get_vocab(with_added_tokens=True).values()) + 1,
            context_tokens=context_tokens,
            n_interactive=n_slots,
            n_batch=n_slots - n_reserved,
        )
        self._cache = SlotCache(
            shapes,
            n_rows=n_rows,
            # One more than any row uses, for rows that only fill a bucket.
            n_positions=context_tokens + 1,
            dtype=model.dtype,
            device=model.device,
        )
        n_weight_bytes: int = model.get_memory_footprint()  # type: ignore[no-untyped-call]
        self.memory_bytes: int | None = n_weight_bytes + self._cache.n_bytes
        self.memory_budget_bytes = budget_bytes
        self._positions = torch.arange(context_tokens, device=model.device)
        self._row_numbers = torch.arange(n_slots, device=model.device)
        self._prompt_logits: dict[int, Tensor] = {}
        self._bucketed: BucketedStep | None = None
        if capture is not None:
            self._bucketed = BucketedStep(
                self._forward_rows,
                capture,
                n_slots=n_slots,
                n_positions=context_tokens,
                device=model.device,
            )
            self._warm_up(self._bucketed)
        self._refuse_unless_faithful()

    def new_decoder(self, after: Sequence[int]) -> StreamDecoder:
        """Return a decoder for one completion, whose text goes on from that of the tokens `after`."""
        return StreamDecoder(self._tokenizer, after)

    @on_device
    def prefill(self, row: int, token_ids: Sequence[int], start: int) -> None:
        """Put tokens at positions [start, start + len) of a row; what lies before stays."""
        end = start + len(token_ids)
        self._cache.aim(PromptTarget(row, start, end))
        positions = self._positions[start:end]
        mask = self._positions[None, :end] <= positions[:, None]
        self._prompt_logits[row] = self._forward(
            torch.tensor([token_ids], device=self._model.device), positions[None], mask[None, None]
        )

    @on_device
    def first(self, row: int, draws: Sequence[Draw]) -> list[Sampled]:
        """Draw the tokens that follow what was last put into the row, one per draw."""
        return self._sample(self._prompt_logits[row].expand(len(draws), -1), draws)

    @on_device
    def copy(self, source: int, target: int, start: int, end: int) -> None:
        """Copy positions [start, end) of one row to the same positions of another."""
        self._cache.copy(source, target, start, end)

    @on_device
    def clear(self, row: int) -> None:
        """Forget a row whose contents may be poisoned."""
        self._cache.clear(row)

    @on_device
    def decode(self, rows: Sequence[RowInput]) -> list[Sampled]:
        """Take one step for slots [0, len(rows)), in their order."""
        logits = self._step([(row.token_id, row.position) for row in rows])
        return self._sample(logits, [row.draw for row in rows])

    def _step(self, rows: Sequence[tuple[int, int]]) -> Tensor:
        """Feed slot i its (token id, position); return the logits [n_rows, n_logits] that follow."""
        if self._bucketed is not None:
            return self._bucketed(rows)
        token_ids, positions = torch.tensor(rows, device=self._model.device).T
        return self._forward_rows(token_ids, positions, max(position for _, position in rows) + 1)

    def _forward_rows(self, token_ids: Tensor, positions: Tensor, end: int) -> Tensor:
        """Feed one token to each of the first rows, whose contexts all end before `end`."""
        self._cache.aim(RowsTarget(self._row_numbers[: len(token_ids)], positions, end))
        mask = self._positions[None, :end] <= positions[:, None]
        return self._forward(token_ids[:, None], positions[:, None], mask[:, None, None])

    @on_device
    def _warm_up(self, bucketed: BucketedStep) -> None:
        bucketed.warm_up()

    def _forward(self, token_ids: Tensor, positions: Tensor, mask: Tensor) -> Tensor:
        """Return the logits [n_rows, n_logits] that follow each row's last token."""
        output = self._model(
            input_ids=token_ids,
            position_ids=positions,
            attention_mask=mask,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits: Tensor = output.logits[:, -1]
        return logits

    @on_device
    def _refuse_unless_faithful(self) -> None:
        """Raise UnsupportedPolicy unless slots give the logits that whole passes give.

        Some architectures take positions from the mask or the cache rather than from the caller;
        they fail, or answer fluently and wrongly, as soon as rows differ in length.
        """
        prompts = [[each % self.limits.vocab_size for each in ids] for ids in PROBES]
        name = self._model.config.model_type
        try:
            lane = self.layout.lane(Priority.BATCH)
            for slot, prompt in enumerate(prompts):
                self.prefill(lane, prompt[:2], 0)
                self.prefill(lane, prompt[2:-1], 2)
                self.copy(lane, slot, 0, len(prompt) - 1)
            found = self._step([(prompt[-1], len(prompt) - 1) for prompt in prompts])
        except (torch.AcceleratorError, torch.OutOfMemoryError):
            # The device's fault says nothing of the architecture.
            raise
        except (ValueError, TypeError, RuntimeError, LookupError, AttributeError) as error:
            raise UnsupportedPolicy(
                f"{name} does not run from slots: {error}; {ELSEWHERE}"
            ) from error
        device = self._model.device
        for slot, prompt in enumerate(prompts):
            whole = self._model(input_ids=torch.tensor([prompt], device=device), use_cache=False)
            expected = whole.logits[0, -1]
            if (found[slot] - expected).abs().max() > TOLERANCE[
                self._model.dtype
            ] * expected.abs().max():
                raise UnsupportedPolicy(f"{name} computes something else from slots; {ELSEWHERE}")

    def _sample(self, logits: Tensor, draws: Sequence[Draw]) -> list[Sampled]:
        tokens, logprobs = sampler.choose(logits, draws, self.limits.vocab_size)
        pairs = zip(tokens.tolist(), logprobs.tolist(), strict=True)
        return [Sampled(token_id, logprob) for token_id, logprob in pairs]


@torch.inference_mode()
def layer_shapes(model: PreTrainedModel) -> list[LayerShape]:
    """Return what each layer keeps per token, found by passing one token through.

    Raises UnsupportedPolicy for layers that keep anything but the keys and values of all tokens.
    """
    probe = DynamicCache(config=model.config)
    refuse_unless_full_attention(probe, model.config.model_type)
    model(
        input_ids=torch.zeros(1, 1, dtype=torch.long, device=model.device),
        past_key_values=probe,
        use_cache=True,
    )
    shapes = []
    for layer in probe.layers:
        if not isinstance(layer, DynamicLayer) or layer.keys is None or layer.values is None:
            raise UnsupportedPolicy(
                f"layers of {model.config.model_type} share their cache, which slots do not hold; "
                f"{ELSEWHERE}"
            )
        keys, values = layer.keys.shape, layer.values.shape
        shapes.append(LayerShape(keys[1], keys[3], values[1], values[3]))
    return shapes


def refuse_unless_full_attention(cache: DynamicCache, model_type: str) -> None:
    """Raise UnsupportedPolicy, naming what the layers keep instead of all keys and values."""
    others = sorted({type(layer).__name__ for layer in cache.layers} - {DynamicLayer.__name__})
    if others:
        raise UnsupportedPolicy(
            f"{model_type} has layers without full attention (their cache is {', '.join(others)}), "
            f"which slots do not hold; {ELSEWHERE}"
        )
