"""Write a project's demonstrations, comparisons or prompts to a file."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db import transaction

from annotation.datasets.aggregation import Aggregate
from annotation.datasets.formats import rfc3339
from annotation.datasets.mixtures import PersonalData
from annotation.datasets.pairs import Margin, Pairs, Ties
from annotation.management.progress import Progress
from annotation.models import Dataset, Draft
from annotation.services import dataset_files, datasets, recipes
from annotation.services.dataset_files import Written
from annotation.services.file_options import (
    FORMATS,
    MARGIN_AS_COLLECTED,
    SYSTEM_TURNS,
    TURNS,
    FileOptions,
)
from annotation.services.row_splits import BY_PROMPT, SPLIT_BY
from labelhub.accounts.models import Project
from labelhub.commands import REFUSED, DatabaseCommand
from labelhub.exceptions import LabelhubError

STDOUT = "-"


def _share(text: str) -> float:
    share = float(text)
    if not 0 <= share < 1:
        raise ValueError
    return share


def _people(text: str) -> int:
    people = int(text)
    if people < 1:
        raise ValueError
    return people


class Command(DatabaseCommand):
    help = (
        "Freeze what may leave now and write it as JSON lines or Parquet, with a manifest beside it. "
        "Exit status: 0 done, 2 refused."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=Dataset.Kind.values)
        parser.add_argument("--project", required=True, metavar="SLUG")
        parser.add_argument(
            "--format",
            help="; ".join(f"{kind}: {', '.join(names)}" for kind, names in FORMATS.items())
            + "; by default the first",
        )
        target = parser.add_mutually_exclusive_group(required=True)
        target.add_argument(
            "--out",
            metavar="PATH",
            help="- is standard output; .gz and .zst pack, .parquet makes columns",
        )
        target.add_argument(
            "--dry-run",
            action="store_true",
            help="freeze and write nothing; say how many rows would be kept and left out, and why",
        )
        parser.add_argument(
            "--afresh",
            action="store_true",
            help="do not go on with files that were begun and not finished: freeze what may leave now",
        )
        parser.add_argument("--with-metadata", action="store_true", help="add `metadata` to lines")
        parser.add_argument(
            "--split", default="", metavar="train=0.9,test=0.1", help="write a file a split"
        )
        parser.add_argument(
            "--turns",
            choices=TURNS,
            default="all",
            help="prompt-completion: a row for each trainable turn, or for the last",
        )
        parser.add_argument(
            "--pairs",
            choices=[*Pairs],
            default=Pairs.ALL.value,
            help="which pairs of a ranking; one or best-worst for trainers that shuffle pairs",
        )
        parser.add_argument(
            "--margin",
            choices=[*Margin],
            default=MARGIN_AS_COLLECTED,
            help="reward: what margins are made of; by default strength where it was collected",
        )
        parser.add_argument(
            "--ties",
            choices=[*Ties],
            default=Ties.DROP.value,
            help="half: both orders, half weight",
        )
        parser.add_argument(
            "--system",
            choices=SYSTEM_TURNS,
            default="drop",
            help="hh, nectar, alpaca: leave out rows with a system turn, or put it before the user's",
        )
        parser.add_argument(
            "--thumbs",
            action="store_true",
            help="kto: replies in chats too, good or bad by the thumb they got",
        )
        parser.add_argument(
            "--aggregate",
            choices=[*Aggregate],
            default=Aggregate.RATERS.value,
            help="comparisons: each person's ranking, the pairs most agree on, or one order",
        )
        parser.add_argument(
            "--min-agreement",
            type=_share,
            default=0.0,
            metavar="SHARE",
            help="comparisons: leave out those whose rankings agree less, or were ranked once",
        )
        parser.add_argument(
            "--min-raters",
            type=_people,
            default=1,
            metavar="N",
            help="comparisons: leave out those that fewer of our people gave an opinion of",
        )
        parser.add_argument(
            "--max-model-share",
            type=_share,
            default=1.0,
            metavar="SHARE",
            help="sft: leave out dialogues with an answer that took more than this from a draft",
        )
        parser.add_argument(
            "--without-drafts",
            nargs="+",
            choices=Draft.Outcome.values,
            default=[],
            metavar="OUTCOME",
            help="sft: leave out dialogues in which a draft came to one of these ends: "
            + ", ".join(Draft.Outcome.values),
        )
        parser.add_argument(
            "--allow-use",
            action="store_true",
            help="rows too whose source does not allow this use; the manifest says so",
        )
        parser.add_argument(
            "--split-by",
            choices=SPLIT_BY,
            default=BY_PROMPT,
            help="author: all prompts of one person into one split, as in InstructGPT",
        )
        parser.add_argument(
            "--hold-out-raters",
            type=_share,
            default=0.0,
            metavar="SHARE",
            help="rows of this share of the people go into a file of their own",
        )
        parser.add_argument("--seed", type=int, default=0, help="draws the people held out")
        parser.add_argument(
            "--pii",
            choices=[*PersonalData],
            default=PersonalData.HOLD.value,
            help="rows in which something looks like personal data: hold them back until a manager "
            "decides (the usual), mask it, or keep it",
        )
        parser.add_argument(
            "--decontaminate",
            nargs="+",
            type=Path,
            default=[],
            metavar="FILE",
            help="leave out rows that share 13 words in a row with these benchmark files",
        )
        parser.add_argument(
            "--criterion",
            default="",
            help="comparisons: the question they answer, or `any`; needed where several were asked",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            written = self._export(options)
        except BrokenPipeError:
            # Whoever read the output wanted no more; Python must not flush into the closed pipe.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(REFUSED) from None
        except (LabelhubError, OSError) as error:
            raise CommandError(str(error), returncode=REFUSED) from error
        self._report(written, dry_run=options["dry_run"])

    def _export(self, options: dict[str, Any]) -> Written:
        if options["out"] == STDOUT and (options["split"] or options["hold_out_raters"]):
            raise CommandError(
                "Several files need a name to be named after; give --out a path.",
                returncode=REFUSED,
            )
        project = Project.objects.filter(slug=options["project"]).first()
        if project is None:
            raise CommandError(f"There is no project “{options['project']}”.", returncode=REFUSED)
        progress = Progress(sys.stderr)
        progress.show("freezing")
        try:
            if options["dry_run"]:
                return self._try_out(project, options, progress)
            return self._write(
                project,
                self._file_options(project, options),
                progress,
                out=options["out"],
                afresh=options["afresh"],
            )
        finally:
            progress.close()

    def _try_out(self, project: Project, options: dict[str, Any], progress: Progress) -> Written:
        with transaction.atomic():
            written = dataset_files.try_out(
                project=project,
                options=self._file_options(project, options),
                progress=lambda n: progress.show(f"{n:,} rows"),
            )
            # Benchmark files are not kept either.
            transaction.set_rollback(True)
        return written

    def _file_options(self, project: Project, options: dict[str, Any]) -> FileOptions:
        """Raises what FileOptions.checked and recipes.add_benchmark do."""
        kind = Dataset.Kind(options["kind"])
        return FileOptions.checked(
            kind=kind.value,
            file_format=options["format"] or next(iter(FORMATS[kind])),
            split=options["split"],
            with_metadata=options["with_metadata"],
            turns=options["turns"],
            criterion=options["criterion"],
            pairs=options["pairs"],
            margin=options["margin"],
            ties=options["ties"],
            system=options["system"],
            thumbs=options["thumbs"],
            aggregate=options["aggregate"],
            min_agreement=options["min_agreement"],
            min_raters=options["min_raters"],
            max_model_share=options["max_model_share"],
            without_drafts=sorted(set(options["without_drafts"])),
            allow_use=options["allow_use"],
            split_by=options["split_by"],
            hold_out_raters=options["hold_out_raters"],
            seed=options["seed"],
            personal_data=options["pii"],
            benchmarks=sorted(
                recipes.add_benchmark(
                    project=project, name=path.name, content=path.read_bytes(), added_by=None
                ).pk
                for path in options["decontaminate"]
            ),
        )

    def _write(
        self,
        project: Project,
        options: FileOptions,
        progress: Progress,
        *,
        out: str,
        afresh: bool,
    ) -> Written:
        path = Path(out)
        if not path.absolute().parent.is_dir():
            raise CommandError(f"There is no folder {path.parent}.", returncode=REFUSED)
        dataset = None
        if out != STDOUT and not afresh:
            dataset = dataset_files.begun(path=path, project=project, options=options)
        if dataset is not None:
            frozen_at = rfc3339(dataset.created_at)
            self.stderr.write(
                f"goes on with the rows frozen at {frozen_at}; --afresh freezes others"
            )
        else:
            dataset = datasets.freeze(
                project=project,
                kind=Dataset.Kind(options.kind),
                criterion=options.criterion,
                grouped=options.grouped,
                thumbs=options.thumbs,
                allow_use=options.allow_use,
            )

        def show(n_through: int) -> None:
            progress.show(f"{n_through:,} of {dataset.n_rows:,} rows")

        if out == STDOUT:
            return dataset_files.write_stream(
                dataset=dataset, options=options, sink=sys.stdout.buffer, progress=show
            )
        return dataset_files.write_files(dataset=dataset, options=options, path=path, progress=show)

    def _report(self, written: Written, *, dry_run: bool) -> None:
        manifest = written.manifest
        for reason, count in manifest["excluded"].items():
            self.stderr.write(f"left out, {reason}: {count:,}")
        for note, count in manifest["notes"].items():
            self.stderr.write(f"noted, {note}: {count:,}")
        for file in written.files:
            self.stderr.write(f"{file.name}: {file.rows:,} lines, {file.bytes:,} bytes")
        dataset, kept = manifest["dataset"], manifest["kept"]
        self.stderr.write(
            f"{dataset['kind']}: {kept:,} rows would be written"
            if dry_run
            else f"dataset {dataset['kind']} {dataset['number']}: {kept:,} rows written"
        )
