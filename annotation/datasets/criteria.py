"""The question of a comparison as the one word of a `ranking` line, and back.

A ranking needs its question: whether rank 1 is the most or the least of the criterion, and the
words of a project's own one.
"""

from dataclasses import dataclass

KNOWN_CRITERIA = ("overall", "helpfulness", "harmlessness")

_LEAST = "least:"
_CUSTOM = "custom"
_OWN_WORDS = "custom:"


@dataclass(frozen=True, slots=True)
class Question:
    """`criterion` is one of KNOWN_CRITERIA or `custom`; `text` the words of a custom one."""

    criterion: str
    text: str = ""
    least: bool = False


def question_label(question: Question) -> str:
    """`overall`, `least:harmlessness`, or a custom question's own words."""
    label = question.criterion
    if question.criterion == _CUSTOM and question.text:
        own = question.text
        mistakable = own in (*KNOWN_CRITERIA, _CUSTOM) or own.startswith((_LEAST, _OWN_WORDS))
        label = _OWN_WORDS + own if mistakable else own
    return _LEAST + label if question.least else label


def question_of(label: str) -> Question:
    """What `question_label` wrote; words that it does not know are a custom question."""
    least = label.startswith(_LEAST)
    words = label.removeprefix(_LEAST)
    if words in KNOWN_CRITERIA or words == _CUSTOM:
        return Question(words, least=least)
    return Question(_CUSTOM, words.removeprefix(_OWN_WORDS), least)
