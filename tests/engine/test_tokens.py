"""sampling.tokens reads and renders as transformers does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoTokenizer

from sampling import tokens
from tests.engine import tiny

DIALOGUE = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "How do I sort a list? 🙂"},
    {"role": "assistant", "content": "Use sorted."},
    {"role": "user", "content": "And <b>backwards</b>?"},
]
# Takes the paths that templates of real policies take.
ELABORATE = """{{ bos_token }}{%- set ns = namespace(n=0) %}
{%- for message in messages %}
    {%- if message.role not in ["system", "user", "assistant"] %}
        {{- raise_exception("unknown role " ~ message.role) }}
    {%- endif %}
    {%- if loop.first and message.role == "system" %}{% continue %}{% endif %}
    {%- set ns.n = ns.n + 1 %}
    {% generation %}
    [{{ ns.n }}] {{ message | tojson }} {{ message.content.strip() }}{{ eos_token }}
    {% endgeneration %}
{%- endfor %}
{%- if add_generation_prompt %}{{ dict(role="assistant").role }}: {% endif %}"""


def build(folder: Path, *, template: str | None, config: dict[str, object]) -> Path:
    tiny.save_tokenizer(folder, template=template)
    path = folder / "tokenizer_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


@pytest.mark.parametrize("template", [tiny.CHATML, ELABORATE], ids=["chatml", "elaborate"])
@pytest.mark.parametrize("add_generation_prompt", [True, False])
def test_renders_and_encodes_as_transformers(
    tmp_path: Path, *, template: str, add_generation_prompt: bool
) -> None:
    bos = {"__type": "AddedToken", "content": "<|im_start|>", "special": True}
    folder = build(tmp_path, template=template, config={"bos_token": bos})
    theirs: Any = AutoTokenizer.from_pretrained(folder)

    ours = tokens.load(folder)

    expected = theirs.apply_chat_template(
        DIALOGUE, tokenize=False, add_generation_prompt=add_generation_prompt
    )
    assert ours.render(DIALOGUE, add_generation_prompt=add_generation_prompt) == expected
    encoded = theirs.apply_chat_template(DIALOGUE, add_generation_prompt=add_generation_prompt)
    ids = ours.encode(DIALOGUE, add_generation_prompt=add_generation_prompt)
    assert ids == encoded["input_ids"]


@pytest.mark.parametrize("template", [tiny.CHATML, ELABORATE], ids=["chatml", "elaborate"])
@pytest.mark.parametrize("kept", ["It is", "Type <|im_end|> and a"])
def test_goes_on_from_the_last_message_as_transformers(
    tmp_path: Path, *, template: str, kept: str
) -> None:
    bos = {"__type": "AddedToken", "content": "<|im_start|>", "special": True}
    folder = build(tmp_path, template=template, config={"bos_token": bos})
    theirs: Any = AutoTokenizer.from_pretrained(folder)
    unfinished = [*DIALOGUE, {"role": "assistant", "content": kept}]

    ours = tokens.load(folder)

    expected = theirs.apply_chat_template(unfinished, tokenize=False, continue_final_message=True)
    # They leave their own mark where a template writes the message twice.
    expected = expected.replace("CONTINUE_FINAL_MESSAGE_TAG ", "")
    assert ours.render(unfinished, continues=True) == expected
    ids = ours.encode(unfinished, continues=True)
    assert ours.tokenizer.decode(ids, skip_special_tokens=False) == expected
    assert ours.count(unfinished, continues=True) == len(ids)
    # What was typed ends no turn.
    end = ours.tokenizer.token_to_id("<|im_end|>")
    assert ids.count(end) == ours.encode(DIALOGUE, add_generation_prompt=False).count(end)


def test_a_template_that_hides_the_last_message_cannot_go_on(tmp_path: Path) -> None:
    ours = tokens.load(build(tmp_path, template="{{ messages[0].content }}", config={}))
    with pytest.raises(tokens.ChatTemplateFailed, match="last message"):
        ours.encode([*DIALOGUE, {"role": "assistant", "content": "It is"}], continues=True)


def test_writes_the_beginning_token_once(tmp_path: Path) -> None:
    folder = build(
        tmp_path,
        template="{{ bos_token }}" + tiny.CHATML,
        config={"bos_token": "<|endoftext|>", "add_bos_token": True},
    )

    ours = tokens.load(folder)
    words = [ours.tokenizer.id_to_token(each) for each in ours.encode(DIALOGUE)]

    assert words.count("<|endoftext|>") == 1


def test_takes_the_default_of_several_templates(tmp_path: Path) -> None:
    templates = [
        {"name": "tool_use", "template": "tools"},
        {"name": "default", "template": "{{ messages[0].content }}!"},
    ]
    folder = build(tmp_path, template=None, config={"chat_template": templates})

    assert tokens.load(folder).render([{"role": "user", "content": "hello"}]) == "hello!"


def test_counts_and_checks_the_window(tokenizer_folder: Path) -> None:
    ours = tokens.load(tokenizer_folder)

    assert ours.count(DIALOGUE) == len(ours.encode(DIALOGUE))
    assert ours.fits(tiny.CONTEXT_TOKENS - 8, 8)
    assert not ours.fits(tiny.CONTEXT_TOKENS - 8, 9)


def test_finds_the_end_of_turn_beside_the_end_of_text(tokenizer_folder: Path) -> None:
    ours = tokens.load(tokenizer_folder)

    names = {ours.tokenizer.id_to_token(token_id) for token_id in ours.stop_ids}

    assert names == {"<|endoftext|>", "<|im_end|>"}


def test_hashes_what_it_read(tokenizer_folder: Path, tmp_path: Path) -> None:
    other = tokens.load(build(tmp_path, template="{{ messages }}", config={}))
    ours = tokens.load(tokenizer_folder)

    assert ours.tokenizer_sha256 == other.tokenizer_sha256
    assert ours.template_sha256 != other.template_sha256


def test_is_read_once(tokenizer_folder: Path) -> None:
    assert tokens.load(tokenizer_folder) is tokens.load(str(tokenizer_folder))


def test_ignores_truncation_saved_in_training(tmp_path: Path) -> None:
    folder = build(tmp_path, template=tiny.CHATML, config={})
    whole = tokens.load(folder).encode(DIALOGUE)
    cutting = tokens.load(folder).tokenizer.from_file(str(folder / "tokenizer.json"))
    cutting.enable_truncation(4)
    cutting.save(str(folder / "tokenizer.json"))

    assert tokens.ChatTokenizer(folder).encode(DIALOGUE) == whole


def test_refuses_a_folder_without_a_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(tokens.TokenizerMissing, match=r"no tokenizer\.json"):
        tokens.load(tmp_path)


def test_refuses_a_base_tokenizer(tmp_path: Path) -> None:
    with pytest.raises(tokens.ChatTemplateMissing, match="has no chat template"):
        tokens.load(build(tmp_path, template=None, config={}))


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ raise_exception('roles must alternate') }}", "roles must alternate"),
        ("{% for %}", "does not compile"),
        ("{{ messages.append(1) }}", "unsafe"),
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ messages[0].content + 1 }}", "can only concatenate"),
        ("{% set ns = namespace() %}{% set ns.__x__ = 1 %}", "may not store"),
    ],
)
def test_names_what_a_template_refuses(tmp_path: Path, template: str, reason: str) -> None:
    folder = build(tmp_path, template=template, config={})

    with pytest.raises(tokens.ChatTemplateFailed, match=reason):
        tokens.load(folder).encode(DIALOGUE)
