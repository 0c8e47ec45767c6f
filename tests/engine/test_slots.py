"""What only an engine with a model can get wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, decoders, models
from torch import Tensor
from transformers import AutoModelForCausalLM

from sampling import tokens
from sampling.engine import load, memory, protocol, spec
from sampling.engine.loop import EngineLoop
from sampling.engine.protocol import FinishReason, Priority
from sampling.engine.slots import StreamDecoder, TransformerBackend
from tests.engine import tiny
from tests.engine.conftest import PolicyFolder
from tests.engine.driving import complete, read, request, results, step_until_idle
from tests.engine.tiny import load_tiny

PROMPTS = tuple(tuple(range(3 + start, 3 + start + length)) for start, length in
                ((0, 1), (5, 7), (11, 30), (2, 64), (40, 23)))  # fmt: skip


def engine_over(folder: Path, **options: Any) -> EngineLoop:
    return EngineLoop(load_tiny(folder), threaded=False, **options)


def plain_model(folder: Path) -> Any:
    model: Any = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="sdpa")
    return model.eval()


@pytest.mark.parametrize("kind", ["llama", "qwen3", "gpt_neox"])
def test_greedy_equals_generate(policy_folder: PolicyFolder, kind: str) -> None:
    folder = policy_folder(kind)
    model = plain_model(folder)
    stop_ids = sorted(tokens.load(folder).stop_ids)
    known = tokens.load(folder).vocab_size
    expected = [
        model.generate(
            torch.tensor([prompt]),
            max_new_tokens=24,
            do_sample=False,
            eos_token_id=stop_ids,
            pad_token_id=0,
            suppress_tokens=list(range(known, tiny.PADDED_VOCAB_SIZE)),
        )[0, len(prompt) :].tolist()
        for prompt in PROMPTS
    ]

    engine = engine_over(folder, prefill_chunk_tokens=9)
    found = complete(
        engine,
        *(request(prompt, temperature=0, max_tokens=24) for prompt in PROMPTS),
    )

    assert [list(result.token_ids) for (result,) in found] == expected


@pytest.mark.parametrize("kind", ["llama", "qwen3", "gpt_neox"])
def test_logprobs_are_those_of_the_unwarped_model(policy_folder: PolicyFolder, kind: str) -> None:
    folder = policy_folder(kind)
    prompt = PROMPTS[2]
    warped = request(
        prompt, seeds=(1, 2), temperature=0.7, top_p=0.8, top_k=30, min_p=0.01, max_tokens=12
    )
    (group,) = complete(engine_over(folder, prefill_chunk_tokens=8), warped)
    for result in group:
        whole = torch.tensor([[*prompt, *result.token_ids]])
        with torch.inference_mode():
            logits = plain_model(folder)(whole).logits[0, len(prompt) - 1 : -1].log_softmax(-1)
        expected = logits.gather(1, torch.tensor(result.token_ids)[:, None]).squeeze(1)

        torch.testing.assert_close(torch.tensor(result.logprobs), expected, atol=1e-4, rtol=1e-4)


def test_completions_of_one_context_pay_its_prompt_once(policy_folder: PolicyFolder) -> None:
    backend = load_tiny(policy_folder("llama"))
    n_tokens = 0

    def count(module: object, args: tuple[Tensor, ...]) -> None:
        nonlocal n_tokens
        n_tokens += args[0].numel()

    backend._model.get_input_embeddings().register_forward_pre_hook(count)
    engine = EngineLoop(backend, threaded=False, prefill_chunk_tokens=16)
    prompt = PROMPTS[3]
    (group,) = complete(engine, request(prompt, seeds=tuple(range(8)), max_tokens=3))

    # The first tokens come from the prompt's own logits, the last are never fed back.
    n_fed_back = sum(len(result.token_ids) - 1 for result in group)
    assert n_tokens == len(prompt) + n_fed_back
    assert engine.health().n_prompt_tokens == len(prompt)
    assert [result.n_in_step for result in group] == [8] * 8


def test_ids_beyond_the_tokenizer_are_never_drawn(policy_folder: PolicyFolder) -> None:
    folder = policy_folder("llama")
    known = tokens.load(folder).vocab_size
    assert known < tiny.PADDED_VOCAB_SIZE
    hot = request(PROMPTS[1], seeds=tuple(range(8)), temperature=1e6, max_tokens=100)
    (group,) = complete(engine_over(folder), hot)

    assert max(max(result.token_ids) for result in group) < known


def test_texts_join_whole_characters(policy_folder: PolicyFolder) -> None:
    folder = policy_folder("llama")
    backend = load_tiny(folder)
    tokenizer = tokens.load(folder).tokenizer
    text = "naïve 🙂👩‍👩‍👧 日本語 end"
    ids = tokenizer.encode(text).ids
    assert len(ids) > len(text)  # characters span tokens
    decoder = backend.new_decoder(())
    pieces = [decoder.step(token_id) for token_id in ids]

    assert "".join(pieces) == text
    assert not any("\ufffd" in piece for piece in pieces)


def test_what_goes_on_from_a_text_keeps_the_space_before_its_first_word() -> None:
    """As tokenizers do that write a space as part of the word behind it."""
    tokenizer = Tokenizer(models.BPE(vocab={"▁hello": 0, "▁world": 1}, merges=[]))
    tokenizer.decoder = decoders.Metaspace()
    assert StreamDecoder(tokenizer).step(1) == "world"
    assert StreamDecoder(tokenizer, after=[0]).step(1) == " world"


def test_random_bytes_never_break_a_stream(policy_folder: PolicyFolder) -> None:
    folder = policy_folder("llama")
    tokenizer = tokens.load(folder).tokenizer
    engine = engine_over(folder)
    hot = request(PROMPTS[1], seeds=tuple(range(8)), temperature=50, max_tokens=120)
    handle = engine.submit(hot)
    step_until_idle(engine)
    events = read(handle)

    for result in results(events):
        assert result.failure is None
        ended = result.finish_reason is FinishReason.STOP
        whole = tokenizer.decode(list(result.token_ids[: -1 if ended else None]))
        # Bytes that never completed a character are in the ids alone.
        assert whole.startswith(result.text)
        assert set(whole[len(result.text) :]) <= {"\ufffd"}
        assert "".join(e.text for e in events if e.index == result.index) == result.text


def poison_one_token(backend: Any, token_id: int) -> None:
    with torch.no_grad():
        embeddings = backend._model.get_input_embeddings()
        embeddings.weight = torch.nn.Parameter(embeddings.weight.detach().clone())
        embeddings.weight[token_id] = torch.nan


def test_a_row_that_goes_bad_ends_alone_and_leaves_no_trace(policy_folder: PolicyFolder) -> None:
    # Untied weights, so that one token's embedding reaches no other token's logit.
    folder = policy_folder("qwen3")
    healthy = [request(prompt, seeds=(1, 2), max_tokens=30) for prompt in PROMPTS[1:3]]
    expected = [
        [result.token_ids for result in group] for group in complete(engine_over(folder), *healthy)
    ]
    drawn = {token_id for group in expected for ids in group for token_id in ids}
    used = drawn | {token_id for prompt in PROMPTS for token_id in prompt}
    ((victim,),) = complete(
        engine_over(folder), request(PROMPTS[4], seeds=(3,), temperature=3, max_tokens=30)
    )
    bad = next(token_id for token_id in victim.token_ids[:-1] if token_id not in used)
    n_good = victim.token_ids.index(bad) + 1

    backend = load_tiny(folder)
    poison_one_token(backend, bad)
    engine = EngineLoop(backend, threaded=False)
    poisoned = request(PROMPTS[4], seeds=(3,), temperature=3, max_tokens=30)
    in_prompt = request((*PROMPTS[1], bad), seeds=(1, 2, 3))
    found = complete(engine, poisoned, healthy[0], in_prompt, healthy[1])

    assert found[0][0].token_ids == victim.token_ids[:n_good]
    for result in (*found[0], *found[2]):
        assert result.failure is not None
        assert result.failure.code == "non_finite_logits"
    assert [[result.token_ids for result in found[at]] for at in (1, 3)] == expected
    # Longer rows read over the same slots afterwards.
    again = complete(engine, *healthy, *healthy)
    assert [[result.token_ids for result in group] for group in again] == expected * 2


class StumblingBackend:
    """Fails a call of the backend it stands before, as a device that is out of memory would."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner
        self.fail_next: str | None = None

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name != self.fail_next:
            return found
        self.fail_next = None

        def fail(*args: object) -> None:
            raise RuntimeError("out of memory")

        return fail


@pytest.mark.parametrize("call", ["prefill", "first", "decode"])
def test_a_failed_step_fails_its_rows_only(policy_folder: PolicyFolder, call: str) -> None:
    backend = StumblingBackend(load_tiny(policy_folder("llama")))
    engine = EngineLoop(backend, threaded=False, batch_stride=100, prefill_chunk_tokens=16)
    batch = engine.submit(request(PROMPTS[1], priority=Priority.BATCH))
    engine.step()
    draft = engine.submit(request(PROMPTS[3]))
    if call != "prefill":
        for _ in range(3):
            engine.step()
    backend.fail_next = call
    step_until_idle(engine)

    (failed,) = results(read(draft))
    assert failed.failure is not None
    assert failed.failure == protocol.Failure("step_failed", "RuntimeError: out of memory", True)
    ((alone,),) = complete(engine, request(PROMPTS[1], priority=Priority.BATCH))
    assert [result.token_ids for result in results(read(batch))] == [alone.token_ids]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("sliding", "mistral has layers without full attention .*DynamicSlidingWindowLayer"),
        ("linear", "qwen3_next has layers without full attention .*LinearAttentionLayer"),
        ("state space", "mamba has layers without full attention .*LinearAttentionLayer"),
        ("recurrent", "a rwkv: .*attention"),
        ("encoder-decoder", "t5 is an encoder-decoder"),
    ],
)
def test_what_slots_cannot_hold_is_refused_by_name_and_sent_elsewhere(
    tmp_path: Path, kind: str, reason: str
) -> None:
    tiny.save_policy(tmp_path, kind)

    with pytest.raises(protocol.UnsupportedPolicy, match=reason) as refused:
        load_tiny(tmp_path)
    assert "OpenAI-compatible server" in refused.value.detail


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("bloom", "bloom does not run from slots"), ("mpt", "mpt computes something else from slots")],
)
def test_architectures_that_answer_wrongly_from_slots_are_refused(
    tokenizer_folder: Path, kind: str, reason: str
) -> None:
    torch.manual_seed(20)
    model: Any = AutoModelForCausalLM.from_config(tiny.config_of(kind))  # type: ignore[no-untyped-call]

    with pytest.raises(protocol.UnsupportedPolicy, match=reason):
        TransformerBackend(
            model.eval(),
            tokens.load(tokenizer_folder).tokenizer,
            provenance=protocol.Provenance(engine="slots", engine_version="1", model=kind),
            stop_ids=frozenset(),
            n_slots=4,
            n_reserved=1,
            n_kept=0,
            window_tokens=tiny.CONTEXT_TOKENS,
            cache_bytes=memory.GIB,
        )


def test_weights_that_are_no_safetensors_are_refused(tmp_path: Path) -> None:
    tiny.save_tokenizer(tmp_path)
    torch.save({}, tmp_path / "pytorch_model.bin")

    with pytest.raises(protocol.UnsupportedPolicy, match="no safetensors"):
        load_tiny(tmp_path)


def test_an_unknown_architecture_is_refused(policy_folder: PolicyFolder, tmp_path: Path) -> None:
    tiny.save_tokenizer(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "nothing_known"}')
    (tmp_path / "model.safetensors").write_bytes(b"")

    with pytest.raises(protocol.UnsupportedPolicy, match="nothing_known"):
        load_tiny(tmp_path)


def test_a_cache_too_small_for_the_slots_is_refused(policy_folder: PolicyFolder) -> None:
    with pytest.raises(protocol.UnsupportedPolicy, match="allow more memory or fewer slots"):
        load.load_backend(
            policy_folder("llama"),
            name="tiny",
            revision=None,
            device=torch.device("cpu"),
            allowance=memory.Allowance(
                n_slots=12, memory_bytes=memory.WORKING_BYTES["cpu"] + 1_500_000
            ),
        )


def test_load_engine_serves_a_folder(policy_folder: PolicyFolder) -> None:
    folder = policy_folder("llama")
    engine = load.load_engine(
        str(folder), device="cpu", allowance=memory.Allowance.stated(n_slots=12, memory_gib=0.75)
    )
    health = engine.health()
    assert (health.n_slots, engine.limits.n_batch) == (12, 8)
    assert health.memory_budget_bytes == 3 * memory.GIB // 4
    assert health.memory_bytes is not None
    assert health.memory_bytes < health.memory_budget_bytes
    chat = tokens.load(folder)
    prompt = tuple(chat.encode([{"role": "user", "content": "hello there"}]))
    found = results(engine.submit(request(prompt, seeds=(1, 2))))
    engine.close()

    assert len(found) == 2
    provenance = found[0].provenance
    assert provenance.template_sha256 == chat.template_sha256
    assert provenance.tokenizer_sha256 == chat.tokenizer_sha256
    assert provenance.weights_sha256 == spec.weights_sha256(folder)
    assert (provenance.dtype, provenance.device) == ("float32", "cpu")
