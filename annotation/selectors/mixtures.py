"""The texts of rows that a recipe screens, and its sources' numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from annotation.datasets import benchmarks
from annotation.models import Benchmark, Candidate, Comparison, Message, Prompt, Ranking


def forbidden_runs(benchmark_ids: Sequence[int]) -> set[int]:
    """The runs of words of these benchmarks."""
    found: set[int] = set()
    for benchmark in Benchmark.objects.filter(pk__in=benchmark_ids):
        found |= benchmarks.unpacked(bytes(benchmark.runs))
    return found


def dialogue_texts(ids: Sequence[int]) -> dict[int, list[str]]:
    """The live turns of these conversations."""
    found: dict[int, list[str]] = {pk: [] for pk in ids}
    for pk, content in (
        Message.objects.filter(conversation_id__in=ids, is_live=True)
        .order_by("conversation_id", "position")
        .values_list("conversation_id", "content")
    ):
        found[pk].append(content)
    return found


def prompt_texts(ids: Sequence[int]) -> dict[int, list[str]]:
    """The turns of each prompt."""
    prompts = Prompt.objects.filter(pk__in=ids).values_list("pk", "turns_before", "text")
    return {pk: [*(turn["content"] for turn in before), text] for pk, before, text in prompts}


def ranking_texts(ids: Sequence[int]) -> dict[int, list[str]]:
    """The turns of each ranking's context, its candidates, and what the rater wrote about them."""
    rankings = list(
        Ranking.objects.filter(pk__in=ids).values_list("pk", "comparison_id", "rewrite", "comment")
    )
    comparisons = {comparison for _, comparison, _, _ in rankings}
    texts: dict[int, list[str]] = defaultdict(list)
    for pk, messages in Comparison.objects.filter(pk__in=comparisons).values_list(
        "pk", "context__messages"
    ):
        texts[pk] += [turn["content"] for turn in messages]
    for pk, content in (
        Candidate.objects.filter(comparison_id__in=comparisons)
        .order_by("comparison_id", "index")
        .values_list("comparison_id", "content")
    ):
        texts[pk].append(content)
    return {
        pk: [*texts[comparison], *(text for text in (rewrite, comment) if text)]
        for pk, comparison, rewrite, comment in rankings
    }
