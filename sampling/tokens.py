"""A policy's words: its chat template rendered and tokenised once, without torch or transformers.

Renders as transformers' `apply_chat_template` does and encodes with `tokenizer.json` itself, so
the ids are those the policy was trained on. The template writes the special tokens; encoding adds
none, hence never a second beginning-of-sequence token, and what people typed makes none either.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace
from tokenizers import Tokenizer

from sampling.control_tokens import ControlTokens

# The names under which transformers shows a tokenizer's special tokens to its template.
SPECIAL_TOKENS = (
    "bos_token",
    "eos_token",
    "unk_token",
    "sep_token",
    "pad_token",
    "cls_token",
    "mask_token",
)
# Stands behind the text that a policy is to go on from while a template is at work.
END_OF_KEPT = "\U000ffffelabelhub"
# What the families of configurations call their number of positions.
CONTEXT_KEYS = ("max_position_embeddings", "n_positions", "max_sequence_length")


class TokensError(Exception):
    """The policy's folder or template cannot serve chat; the message says why and what to do."""

    code = "tokens_error"


class TokenizerMissing(TokensError):
    """The folder holds no tokenizer.json."""

    code = "tokenizer_missing"


class ChatTemplateMissing(TokensError):
    """A base tokenizer: it has no chat template, so a dialogue has no tokens."""

    code = "chat_template_missing"


class ChatTemplateFailed(TokensError):
    """The template is broken, or refuses these messages (roles that must alternate, say)."""

    code = "chat_template_failed"


class ChatTokenizer:
    """The tokenizer and chat template of one policy folder. Safe to share between threads."""

    def __init__(self, folder: Path) -> None:
        """Read the folder; raises TokenizerMissing or ChatTemplateMissing."""
        tokenizer_path = folder / "tokenizer.json"
        if not tokenizer_path.is_file():
            raise TokenizerMissing(
                f"{folder} has no tokenizer.json; save the tokenizer with save_pretrained first"
            )
        serialised = tokenizer_path.read_bytes()
        self.tokenizer_sha256 = hashlib.sha256(serialised).hexdigest()
        self.tokenizer: Tokenizer = Tokenizer.from_buffer(serialised)
        # A tokenizer saved in training may still cut or pad, which would change a context.
        self.tokenizer.no_truncation()
        self.tokenizer.no_padding()
        self._control_tokens = ControlTokens(serialised, self.tokenizer)
        config = _read_json(folder / "tokenizer_config.json")
        self.special_tokens = _special_tokens(config)
        self.template = _chat_template(folder, config)
        self.template_sha256 = hashlib.sha256(self.template.encode()).hexdigest()
        self.context_tokens = _context_tokens(_read_json(folder / "config.json"))
        self._compiled = _compile(self.template)

    @cached_property
    def vocab_size(self) -> int:
        """Return one more than the largest id that decodes to anything."""
        return max(self.tokenizer.get_vocab(with_added_tokens=True).values()) + 1

    @cached_property
    def stop_ids(self) -> frozenset[int]:
        """Return the ids that end a turn: the tokenizer's eos and what the template writes.

        Configurations often name only an end-of-text token, which a chat policy never samples
        between turns; the template's own end-of-turn token is found by rendering one.
        """
        ids = set()
        eos = self.special_tokens.get("eos_token")
        if eos is not None and (eos_id := self.tokenizer.token_to_id(eos)) is not None:
            ids.add(eos_id)
        answer = "labelhub answer"
        turns = [
            {"role": "user", "content": "hello"},
            {"role": "assistant", "content": answer},
        ]
        rendered = self.render(turns, add_generation_prompt=False)
        after = self._encode(rendered[rendered.rindex(answer) + len(answer) :])
        added = self.tokenizer.get_added_tokens_decoder()
        if after and after[0] in added and added[after[0]].special:
            ids.add(after[0])
        return frozenset(ids)

    def render(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        add_generation_prompt: bool = True,
        continues: bool = False,
    ) -> str:
        """Return the dialogue as the policy reads it; raises ChatTemplateFailed.

        With `continues` it ends with the last message's own text, which the policy goes on from.
        """
        if continues:
            *before, last = messages
            marked = [*before, {**last, "content": last["content"] + END_OF_KEPT}]
            rendered, mark, _ = self.render(marked, add_generation_prompt=False).rpartition(
                END_OF_KEPT
            )
            if not mark:
                raise ChatTemplateFailed("the chat template leaves the last message's end out")
            # A template may have written the message before, as JSON for instance.
            return rendered.replace(END_OF_KEPT, "")
        try:
            return self._compiled.render(
                messages=[dict(message) for message in messages],
                add_generation_prompt=add_generation_prompt,
                tools=None,
                documents=None,
                **self.special_tokens,
            )
        except (
            jinja2.TemplateError,
            TypeError,
            ValueError,
            KeyError,
            ArithmeticError,
        ) as error:
            raise ChatTemplateFailed(
                f"the chat template cannot render these messages: {error}"
            ) from error

    def encode(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        add_generation_prompt: bool = True,
        continues: bool = False,
    ) -> list[int]:
        """Return the token ids of the rendered dialogue; raises ChatTemplateFailed.

        The text of a special token inside a message is text: when what people typed changes which
        special tokens the rendering holds, their contents are shielded from the tokenizer.
        """
        how = {"add_generation_prompt": add_generation_prompt, "continues": continues}
        rendered = self.render(messages, **how)
        control = self._control_tokens
        if control.may_be_typed(message["content"] for message in messages):
            shielded, stand_ins = control.shielded(messages)
            safe = self.render(shielded, **how)
            if control.found(rendered) != control.found(safe):
                return control.encode(safe, stand_ins)
        return self._encode(rendered)

    def count(self, messages: Sequence[Mapping[str, str]], *, continues: bool = False) -> int:
        """Return how many tokens the policy reads before it answers, or goes on from the last one."""
        return len(self.encode(messages, continues=continues))

    def count_text(self, text: str) -> int:
        """Return how many tokens a text alone is, without what the template puts around it."""
        return len(self._encode(text))

    def fits(self, n_prompt: int, max_tokens: int) -> bool:
        """Say whether prompt and completion fit the policy's window, where it states one."""
        return self.context_tokens is None or n_prompt + max_tokens <= self.context_tokens

    def _encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids


def load(folder: Path | str) -> ChatTokenizer:
    """Return the folder's ChatTokenizer, read once per process; raises TokensError."""
    return _load(Path(folder).resolve())


@lru_cache(maxsize=16)
def _load(folder: Path) -> ChatTokenizer:
    return ChatTokenizer(folder)


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise TokensError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise TokensError(f"{path} must hold a JSON object")
    return content


def _special_tokens(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the tokens by name; a token is stored as its text or as an AddedToken object."""
    tokens = {name: config.get(name) for name in SPECIAL_TOKENS}
    texts = {
        name: token.get("content") if isinstance(token, dict) else token
        for name, token in tokens.items()
    }
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def _chat_template(folder: Path, config: Mapping[str, Any]) -> str:
    """Return chat_template.jinja, else the configuration's template, of several the default."""
    path = folder / "chat_template.jinja"
    if path.is_file():
        return path.read_text(encoding="utf-8")
    template = config.get("chat_template")
    if isinstance(template, list):
        template = {entry["name"]: entry["template"] for entry in template}.get("default")
    if not isinstance(template, str):
        raise ChatTemplateMissing(
            f"{folder} has no chat template: neither chat_template.jinja nor a chat_template in "
            "tokenizer_config.json. Use the chat-tuned variant of this policy, or add the "
            "template it was trained with"
        )
    return template


def _context_tokens(config: Mapping[str, Any]) -> int | None:
    """Return the window of the text part of a model configuration."""
    text_config = config.get("text_config", config)
    for key in CONTEXT_KEYS:
        if isinstance(text_config.get(key), int):
            return int(text_config[key])
    return None


class _GenerationTag(Extension):
    """Accepts {% generation %}…{% endgeneration %}, with which training marks assistant tokens."""

    tags = {"generation"}

    def parse(self, parser: Parser) -> list[nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _TemplateNamespace(Namespace):
    """A jinja namespace that refuses underscored names, which reach into the interpreter."""

    def __setitem__(self, name: str, value: object) -> None:
        if name.startswith("_"):
            raise jinja2.exceptions.SecurityError(f"a chat template may not store {name!r}")
        super().__setitem__(name, value)


class _TemplateDict:
    """`dict` as templates call it, without the attributes of the type itself."""

    def __call__(self, *args: Any, **kwargs: Any) -> dict[Any, Any]:
        return dict(*args, **kwargs)


def _compile(template: str) -> jinja2.Template:
    """Compile in the sandbox that transformers uses: a template is code somebody else wrote."""
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTag, loopcontrols]
    )
    environment.filters["tojson"] = _to_json
    environment.globals.update(
        raise_exception=_raise_exception,
        strftime_now=_strftime_now,
        dict=_TemplateDict(),
        namespace=_TemplateNamespace,
    )
    try:
        return environment.from_string(template)
    except jinja2.TemplateError as error:
        raise ChatTemplateFailed(f"the chat template does not compile: {error}") from error


def _raise_exception(message: str) -> str:
    raise jinja2.TemplateError(message)


def _strftime_now(pattern: str) -> str:
    # Local time without a zone, as transformers gives it: templates print a plain date.
    return datetime.now().strftime(pattern)


def _to_json(
    value: Any,
    ensure_ascii: bool = False,  # noqa: FBT001, FBT002
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,  # noqa: FBT001, FBT002
) -> str:
    # jinja's own filter escapes HTML, which a policy has never seen. Templates may pass these
    # by position, as to transformers' filter.
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )
