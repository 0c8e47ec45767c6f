"""Sampling's figures for Prometheus, read from PostgreSQL when somebody scrapes: any web process will do."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import REGISTRY
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sampling import figures, selectors
from sampling.models import Gate


class SamplingCollector(Collector):
    """The same figures as on the managers' page; counts of a window are gauges, not counters."""

    def describe(self) -> Iterable[Metric]:
        """Nothing: whoever registers this does not ask PostgreSQL yet."""
        return []

    def collect(self) -> Iterable[Metric]:
        yield from _queue()
        yield from _workers()
        yield from _last_hour()
        gate = GaugeMetricFamily(
            "labelhub_sampling_gate", "1 for the mode that holds.", labels=["mode"]
        )
        mode = selectors.gate_mode()
        for each in Gate.Mode.values:
            gate.add_metric([each], float(each == mode))
        yield gate


def _queue() -> Iterable[Metric]:
    waiting = GaugeMetricFamily(
        "labelhub_generations_waiting",
        f"Generations that wait for a worker; counting stops at {figures.COUNT_BOUND}.",
        labels=["priority"],
    )
    running = GaugeMetricFamily(
        "labelhub_generations_running", "Generations under way.", labels=["priority"]
    )
    oldest = GaugeMetricFamily(
        "labelhub_generations_oldest_seconds",
        "How long the first in line has waited; 0 where nothing waits.",
        labels=["priority"],
    )
    for line in figures.lines():
        waiting.add_metric([line.priority], line.n_waiting)
        running.add_metric([line.priority], line.n_running)
        oldest.add_metric([line.priority], line.oldest_seconds or 0.0)
    return waiting, running, oldest


WORKER_FIGURES = {
    "n_threads": ("labelhub_worker_threads", "Generations it can run at once."),
    "n_running": ("labelhub_worker_running", "Generations it runs."),
    "n_prompt_tokens": ("labelhub_worker_prompt_tokens", "Tokens read since it began."),
    "n_sampled_tokens": ("labelhub_worker_sampled_tokens", "Tokens written since it began."),
    "prompt_tokens_per_second": (
        "labelhub_worker_prompt_tokens_per_second",
        "Its pace of reading.",
    ),
    "sampled_tokens_per_second": (
        "labelhub_worker_sampled_tokens_per_second",
        "Its pace of writing.",
    ),
    "utilisation": ("labelhub_worker_utilisation", "Share of time its engines spent on steps."),
    "memory_bytes": ("labelhub_worker_memory_bytes", "Device memory its engines hold."),
    "memory_budget_bytes": ("labelhub_worker_memory_budget_bytes", "What they may hold."),
}


def _workers() -> Iterable[Metric]:
    runners = figures.runners()
    for field, (name, documentation) in WORKER_FIGURES.items():
        family = GaugeMetricFamily(name, documentation, labels=["worker", "host", "device"])
        for runner in runners:
            value = getattr(runner, field)
            if value is not None:
                family.add_metric([str(runner.id), runner.host, runner.device], value)
        yield family


def _last_hour() -> Iterable[Metric]:
    first_token = GaugeMetricFamily(
        "labelhub_first_token_seconds",
        "From asking to the first token, over people's requests of the last hour.",
        labels=["policy", "quantile"],
    )
    ended = GaugeMetricFamily(
        "labelhub_generations_ended",
        "Generations that ended in the last hour.",
        labels=["policy", "state"],
    )
    tokens = GaugeMetricFamily(
        "labelhub_completion_tokens", "Tokens of the last hour's completions.", labels=["policy"]
    )
    for row in figures.by_policy():
        name = row.policy.name
        for quantile, seconds in (
            ("0.5", row.first_token.p50_seconds),
            ("0.95", row.first_token.p95_seconds),
        ):
            if seconds is not None:
                first_token.add_metric([name, quantile], seconds)
        for state, n in (
            ("done", row.n_done),
            ("failed", row.n_failed),
            ("cancelled", row.n_cancelled),
        ):
            ended.add_metric([name, state], n)
        tokens.add_metric([name], row.n_tokens)
    faults = GaugeMetricFamily(
        "labelhub_generation_faults",
        "Attempts that failed within a day, by reason; final ones ended their generation.",
        labels=["policy", "code", "final"],
    )
    for fault in figures.faults_by_policy():
        faults.add_metric([fault.policy_name, fault.code, "true"], fault.n_final)
        faults.add_metric([fault.policy_name, fault.code, "false"], fault.n - fault.n_final)
    return first_token, ended, tokens, faults


def register() -> None:
    """Have /metrics show them; once in a process."""
    REGISTRY.register(SamplingCollector())
