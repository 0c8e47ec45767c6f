"""All figures of a project over 10⁵ rankings: CPU seconds and memory.

Measured: CPU of `measures.report.figures` over simulated rankings (K = 4, overlap 2, 60 people), the
memory it adds at its peak, and CPU of setting every two rankings side by side, without any interval: the
work that grows with the rankings alone, and the yardstick of the rest.

Run with `python -m benchmarks.agreement [--quick]`.
"""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable

from annotation.measures import report, simulator
from annotation.measures.agreement import meetings
from annotation.measures.simulator import SimulatedRater
from benchmarks.report import print_figures, print_header

N_RATERS, K, OVERLAP = 60, 4, 2


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="A tenth of the rankings.")
    n_rankings = 10_000 if parser.parse_args().quick else 100_000
    print_header(f"Figures over {n_rankings:,} rankings")
    judged = simulator.judged(
        [SimulatedRater(ability=1.6, tie_width=0.1)] * N_RATERS,
        n_comparisons=n_rankings // OVERLAP,
        n_candidates=K,
        overlap=OVERLAP,
        seed=1,
    )
    before = _peak_mb()
    agreement_seconds = _cpu(lambda: meetings(judged))
    all_seconds = _cpu(lambda: report.figures(judged))
    added_mb = _peak_mb() - before
    figures: dict[str, object] = {
        "rankings": n_rankings,
        "all_figures_cpu_s": round(all_seconds, 2),
        "meetings_cpu_s": round(agreement_seconds, 2),
        "figures_against_meetings": round(all_seconds / agreement_seconds),
        "added_mb": round(added_mb),
    }
    for name, value in figures.items():
        print(f"  {name:32} {value}")
    print_figures(figures)


def _cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
