"""Keeps what people type from becoming control tokens. Pure: no Django, no torch.

A tokenizer turns the text of a special token (`<|im_end|>`) into that token wherever it stands, also
where a person typed it. Only the chat template may write such tokens: whoever can end a turn can
speak for the other side.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from tokenizers import Tokenizer

# Private-use characters stand in for a character while a template is at work.
STAND_INS = range(0xF0000, 0xFFFFE)


class ControlTokens:
    """The special tokens of one tokenizer, given as its `tokenizer.json`."""

    def __init__(self, serialised: bytes, tokenizer: Tokenizer) -> None:
        self._serialised = serialised
        special = [
            token.content
            for token in tokenizer.get_added_tokens_decoder().values()
            if token.special and token.content
        ]
        # As the tokenizer does: of several that begin at one place the longest counts.
        self._pattern = re.compile("|".join(map(re.escape, sorted(special, key=len, reverse=True))))
        self._openings = {text[0] for text in special}
        # Nobody can type what only this process knows.
        mark = secrets.token_hex(8)
        self._secret_names = {text: f"{mark}{text}{mark}" for text in special}

    def found(self, text: str) -> list[str]:
        """The special tokens that the tokenizer reads in `text`, in order."""
        return [found[0] for found in self._pattern.finditer(text)] if self._openings else []

    def may_be_typed(self, contents: Iterable[str]) -> bool:
        """Whether any special token could begin in `contents`; a cheap look that errs towards yes."""
        return any(opening in content for content in contents for opening in self._openings)

    def shielded(
        self, messages: Sequence[Mapping[str, str]]
    ) -> tuple[list[dict[str, str]], dict[int, str]]:
        """The messages with stand-ins where a special token could begin, and what they stand for."""
        everything = "".join(text for message in messages for text in message.values())
        unused = (chr(each) for each in STAND_INS if chr(each) not in everything)
        stand_ins = {opening: next(unused) for opening in sorted(self._openings)}
        table = str.maketrans(stand_ins)
        shielded = [
            {**message, "content": message["content"].translate(table)} for message in messages
        ]
        return shielded, {ord(stand_in): opening for opening, stand_in in stand_ins.items()}

    def encode(self, shielded: str, stand_ins: Mapping[int, str]) -> list[int]:
        """The ids of a rendering of shielded messages: special tokens are the template's own only."""
        text = self._pattern.sub(lambda found: self._secret_names[found[0]], shielded)
        text = text.translate(stand_ins)
        return self._secretive.encode(text, add_special_tokens=False).ids

    @cached_property
    def _secretive(self) -> Tokenizer:
        """The same tokenizer, whose special tokens answer to their secret names alone."""
        names = self._secret_names
        tree = json.loads(self._serialised)
        for token in tree["added_tokens"]:
            token["content"] = names.get(token["content"], token["content"])
        model = tree["model"]
        vocabulary = model["vocab"]
        if isinstance(vocabulary, dict):
            model["vocab"] = {names.get(piece, piece): n for piece, n in vocabulary.items()}
        else:
            model["vocab"] = [[names.get(piece, piece), score] for piece, score in vocabulary]
        if model.get("unk_token") in names:
            model["unk_token"] = names[model["unk_token"]]
        # It names the tokens that are added at both ends, which the template writes here.
        tree["post_processor"] = None
        tree["truncation"] = tree["padding"] = None
        return Tokenizer.from_str(json.dumps(tree))
