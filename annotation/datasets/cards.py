"""A dataset's card: README.md with the front matter that the Hugging Face hub and `datasets` read.

Source: https://huggingface.co/docs/hub/datasets-cards and its specification of the metadata.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import yaml

from annotation.datasets.card_words import LINES, REASONS, TAKEN
from annotation.datasets.licences import collapsed, hub_names
from annotation.datasets.mixtures import Origins, PersonalData

Json = Mapping[str, Any]

_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
_TASKS = {"sft": "text-generation", "comparisons": "reinforcement-learning"}
_PERSONAL_DATA = {
    PersonalData.HOLD: "held back until a person had decided",
    PersonalData.MASK: "masked, as [email]",
    PersonalData.KEEP: "kept",
}
# How files of a split are called in front matter; `datasets` knows these three by name.
_WHOLE = "train"
HELD_OUT = "held_out_raters"


def card(manifest: Json, plots: Sequence[str]) -> str:
    """The card of a version's manifest; `plots` are the names of pictures that lie beside it."""
    front = yaml.safe_dump(
        _front_matter(manifest), sort_keys=False, allow_unicode=True, default_flow_style=False
    )
    sections = [
        _summary(manifest),
        _loading(manifest),
        _rows(manifest, plots),
        _left_out(manifest),
        *([_agreement(manifest["agreement"])] if manifest["agreement"] else []),
        _people(manifest["people"]),
        _use(manifest),
        _making(manifest),
    ]
    return f"---\n{front}---\n\n" + "\n\n".join(sections) + "\n"


def split_names(manifest: Json) -> list[str]:
    """The split of each file, in order: what `datasets.load_dataset` calls it."""
    names = [*manifest["options"]["split"]] or [_WHOLE]
    if len(manifest["files"]) > len(names):
        names.append(HELD_OUT)
    return names


def _front_matter(manifest: Json) -> dict[str, Any]:
    languages = [row["name"] for row in manifest["table"]["languages"] if row["name"]]
    # The hub's key for tags that say more than the language.
    tagged = {"language_bcp47": languages} if any("-" in name for name in languages) else {}
    return {
        "pretty_name": f"{manifest['name']} v{manifest['version']}",
        "license": ["other"] if manifest["without_licence"] else hub_names(manifest["licences"]),
        "language": list(dict.fromkeys(name.partition("-")[0] for name in languages)),
        **tagged,
        "task_categories": [_TASKS[manifest["dataset"]["kind"]]],
        "size_categories": [
            next((name for top, name in _SIZES if manifest["kept"] < top), "1M<n<10M")
        ],
        "tags": ["human-feedback", manifest["format"]],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": split.replace("-", "_"), "path": file["name"]}
                    for split, file in zip(split_names(manifest), manifest["files"], strict=True)
                ],
            }
        ],
    }


def _summary(manifest: Json) -> str:
    kind = {"sft": "dialogues to train on", "comparisons": "rankings of replies"}
    table = manifest["table"]
    tokens = "" if table["tokens"] is None else f", {table['tokens']:,} tokens"
    return (
        f"# {manifest['name']} v{manifest['version']}\n\n"
        f"{manifest['kept']:,} {kind[manifest['dataset']['kind']]}{tokens}, as “{manifest['format']}”, "
        f"frozen on {manifest['frozen_at'].partition('T')[0]}. Collected with labelhub."
    )


def _loading(manifest: Json) -> str:
    splits = split_names(manifest)
    named = ", ".join(f"`{split.replace('-', '_')}`" for split in splits)
    lines = [
        "## How to read it",
        LINES[manifest["format"]],
        "```python\nfrom datasets import load_dataset\n\n"
        'rows = load_dataset("path/to/this/folder")\n```',
        f"Splits: {named}." if len(splits) > 1 else f"There is one split, {named}.",
    ]
    if manifest["options"]["split"]:
        by = manifest["options"]["split_by"]
        lines[-1] += (
            f" Rows are split by {'the author of their prompt' if by == 'author' else 'their prompt'}: a"
            " prompt that is in one split here is in that split of every version, and prompts that are"
            " nearly the same share one."
        )
    if HELD_OUT in splits:
        lines[-1] += (
            f" `{HELD_OUT}` holds the rows of people of whom the others hold none: for how well a model"
            " judges like people whom it never saw."
        )
    return "\n\n".join(lines)


def _rows(manifest: Json, plots: Sequence[str]) -> str:
    table = manifest["table"]
    declared = manifest["filters"]["contents"]["sources"]
    # Nobody counted them unless a tokenizer was chosen.
    tokens = ("tokens",) if manifest["tokenizer"] else ()
    pictures = "\n".join(
        f"![{name.removesuffix('.svg').replace('_', ' ')}]({name})" for name in plots
    )
    return "\n\n".join(
        [
            "## What is in it",
            _table(
                ("file", "lines", "sha256"),
                ((f["name"], f"{f['rows']:,}", f"`{f['sha256']}`") for f in manifest["files"]),
            ),
            f"The whole: sha256 `{manifest['sha256']}`, over these lines as sha256sum writes them.",
            _table(
                ("source", "project", "what", "rows", *tokens, "left out"),
                (
                    (
                        row["name"],
                        row["project"],
                        TAKEN[source.get("origins", Origins.ALL)],
                        f"{row['rows']:,}",
                        *(_number(row[name]) for name in tokens),
                        f"{sum(row['excluded'].values()):,}",
                    )
                    for row, source in zip(table["sources"], declared, strict=True)
                ),
            ),
            *(
                _table(
                    (heading, "rows", *tokens),
                    (
                        (
                            row["name"] or "none",
                            f"{row['rows']:,}",
                            *(_number(row[name]) for name in tokens),
                        )
                        for row in counts
                    ),
                )
                for heading, counts in (
                    ("category", table["categories"]),
                    ("language", table["languages"]),
                )
            ),
            *([pictures] if pictures else []),
        ]
    )


def _left_out(manifest: Json) -> str:
    rows = [
        (f"`{reason}`", REASONS[reason], f"{n:,}") for reason, n in manifest["excluded"].items()
    ]
    screened = [
        f"Benchmark “{one['name']}” ({one['n_runs']:,} runs of 13 words, {one['n_too_short']:,} texts too"
        f" short to be told): rows that share a run are left out."
        for one in manifest["benchmarks"]
    ]
    return "\n\n".join(
        [
            "## What was left out",
            _table(("reason", "because", "rows"), rows) if rows else "Nothing.",
            *screened,
        ]
    )


def _agreement(found: Json) -> str:
    if found["same_order"] is None:
        return (
            "## Agreement\n\nNot enough overlap to say how far people agree: "
            f"{_counted(found['n_comparisons'], 'comparison was', 'comparisons were')} ranked by two people"
            " or more."
        )
    lines = [
        f"Two people who both order a pair of replies order it alike in {_share(found['same_order'])}"
        f" of pairs, over {found['n_comparisons']:,} comparisons; Kendall's tau-b is"
        f" {found['tau_b']['value']:.2f}."
    ]
    if found["noise_ceiling"] is not None:
        lines.append(
            "Noise ceiling: an oracle of the consensus would match one rater in"
            f" {_share(found['noise_ceiling'])} of pairs, were raters equally able and their errors"
            " independent. A reward model's accuracy on these pairs is to be read against it."
        )
    lines.append("Reported by InstructGPT for its own labellers: 72.6% and, held out, 77.3%.")
    return "## Agreement\n\n" + "\n\n".join(lines)


def _people(people: Json) -> str:
    heading = "## How the people were treated\n\n"
    if not people["n_raters"]:
        return (
            heading + "All rows came in files: nothing is known here of the people who wrote them."
        )
    documents = ", ".join(str(version) for version in people["consent_documents"]) or "none"
    lines = [
        f"- {_counted(people['n_raters'], 'person', 'people')} made these rows or part of them;"
        f" {people['n_consented']:,} had agreed to a consent document (versions: {documents}) when this was"
        " frozen. They appear under pseudonyms.",
        f"- {_counted(people['hours'], 'hour', 'hours')} of active time went into the rows that are in, as"
        " the people themselves saw it counted and could contest it.",
    ]
    if people["n_demonstrations"]:
        share = people["n_reviewed"] / people["n_demonstrations"]
        lines.append(
            f"- {people['n_reviewed']:,} of {people['n_demonstrations']:,} demonstrations ({share:.0%}) were"
            " read by a reviewer; the others were accepted by sampling."
        )
    return heading + "\n".join(lines)


def _use(manifest: Json) -> str:
    told = [
        name if ways == [name] else f"{name} (given as {', '.join(f'“{way}”' for way in ways)})"
        for name, ways in collapsed(manifest["licences"]).items()
    ]
    lines = [f"Licences of the rows: {', '.join(told) or 'none stated'}."]
    if told and manifest["without_licence"]:
        n = manifest["without_licence"]
        lines[-1] += f" {_counted(n, 'row names', 'rows name')} none."
    if "criterion" in manifest["filters"]:
        lines.append(f"The question that people answered: “{manifest['filters']['criterion']}”.")
    if "pair_weight" in LINES[manifest["format"]]:
        lines.append(
            "Trainers that shuffle pairs apart should be given `pairs: one` or `best-worst`, else one"
            " comparison of nine counts 36 times; listwise ones the format `ranking`. This file has"
            f" `pairs: {manifest['options']['pairs']}`."
        )
    return "## Use\n\n" + "\n\n".join(lines)


def _making(manifest: Json) -> str:
    contents = manifest["filters"]["contents"]
    rows = [
        ("seed", contents["seed"]),
        ("near-duplicates", "left out" if contents["near_duplicates"] else "kept"),
        ("personal data", _PERSONAL_DATA[contents["personal_data"]]),
        ("tokenizer", manifest["tokenizer"]["policy"] if manifest["tokenizer"] else "none"),
        ("guideline versions", _listed(manifest["guidelines"])),
        ("rating schemas", _listed(manifest["rating_schemas"])),
        ("policies", _listed(manifest["policies"])),
        ("libraries", ", ".join(f"{k} {v}" for k, v in manifest["libraries"].items())),
    ]
    return "## How it was made\n\n" + _table(("what", "how"), ((k, str(v)) for k, v in rows))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines
    )


def _listed(values: Sequence[Any]) -> str:
    return ", ".join(str(value) for value in values) or "none"


def _counted(n: float, one: str, many: str) -> str:
    return f"{n:,} {one if n == 1 else many}"


def _number(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _share(estimate: Json) -> str:
    return f"{estimate['value']:.1%} (95 %: {estimate['low']:.1%} to {estimate['high']:.1%})"
