"""Choices that several models share."""

from django.db.models import TextChoices


class TaskKind(TextChoices):
    DEMONSTRATION = "demonstration"  # write both sides of a dialogue
    CHAT = "chat"  # talk with a policy
    RANKING = "ranking"  # order the candidates of a comparison
    REVIEW = "review"  # judge a demonstration


class Purpose(TextChoices):
    """What the answers are for. Only `train` may ever enter a dataset (DATA.md §4)."""

    TRAIN = "train"  # becomes training data
    EVAL = "eval"  # measures policies
    GOLD = "gold"  # has a known answer; measures raters
    EXAM = "exam"  # decides who joins
    RETEST = "retest"  # an old comparison again; measures a rater against themselves


class AllowedUse(TextChoices):
    """What a source's licence or purpose lets a row be used for (DATA.md §6)."""

    SFT = "sft"
    COMPARISON = "comparison"
    RL_PROMPT = "rl-prompt"
    EVAL = "eval"


def every_use() -> list[str]:
    return list(AllowedUse.values)
