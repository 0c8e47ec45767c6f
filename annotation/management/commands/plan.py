"""How many rankings a figure of a given margin takes, from the simulator."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from annotation.measures import simulator
from annotation.measures.agreement import REPORTED
from annotation.measures.simulator import Cost

REFUSED = 2
# The most a simulated trial may cost: larger margins or teams are asked for instead.
SMALLEST_MARGIN = 0.005
LARGEST_TEAM = 1000


class Command(BaseCommand):
    help = (
        "Say how many rankings make agreement, a win rate and one person's agreement with the others"
        " known to within a margin. A simulated team answers: its abilities differ, and it agrees as"
        " often as --agreement says."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--raters", type=int, required=True, help="People in the team.")
        parser.add_argument("--overlap", type=int, required=True, help="Rankings a comparison.")
        parser.add_argument("--k", type=int, required=True, help="Candidates a comparison, 2 to 9.")
        parser.add_argument(
            "--agreement",
            type=float,
            default=REPORTED["training"],
            help="Share of pairs two people order alike (%(default)s, as InstructGPT reports).",
        )
        parser.add_argument(
            "--margin",
            type=float,
            default=0.03,
            help="Half of the 95 %% interval: 0.03 is ± 3 %% (%(default)s).",
        )
        parser.add_argument(
            "--seed", type=int, default=1, help="Of the simulation; the same one says the same."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        n_raters, overlap, k = options["raters"], options["overlap"], options["k"]
        for wrong, sentence in (
            (
                not 1 <= n_raters <= LARGEST_TEAM,
                f"--raters must be between 1 and {LARGEST_TEAM}; it is {n_raters}.",
            ),
            (
                not 1 <= overlap <= n_raters,
                f"--overlap must be between 1 and the {n_raters} of --raters, who rank a comparison"
                f" once each; it is {overlap}.",
            ),
            (not 2 <= k <= 9, f"--k must be between 2 and 9; it is {k}."),
            (not 0.5 < options["agreement"] < 1, "--agreement must be above 0.5 and below 1."),
            (
                not SMALLEST_MARGIN <= options["margin"] < 0.5,
                f"--margin must be between {SMALLEST_MARGIN} and 0.5.",
            ),
        ):
            if wrong:
                raise CommandError(sentence, returncode=REFUSED)
        plan = simulator.plan(
            n_raters=n_raters,
            overlap=overlap,
            n_candidates=k,
            agreed=options["agreement"],
            margin=options["margin"],
            seed=options["seed"],
        )
        margin = f"± {options['margin']:.1%}"
        self._tell(f"Agreement {margin}", plan.agreement, n_raters)
        self._tell(f"Win rate of two policies {margin}", plan.win_rate, n_raters)
        self._tell(f"One person with the others {margin}", plan.rater, None)

    def _tell(self, figure: str, cost: Cost | None, n_raters: int | None) -> None:
        if cost is None:
            self.stdout.write(f"{figure}: needs an overlap of at least 2.")
            return
        of_each = f", {cost.n_rankings / n_raters:.0f} a person" if n_raters else " of that person"
        comparisons = f"{cost.n_comparisons:,} comparisons, " if n_raters else ""
        self.stdout.write(
            f"{figure}: {comparisons}{cost.n_rankings:,} rankings{of_each}"
            f" (tried: {cost.value:.1%} ± {cost.margin:.1%})."
        )
