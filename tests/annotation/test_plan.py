"""`manage.py plan` answers in rankings, and refuses what makes no sense."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command


def told(**options: object) -> str:
    out = StringIO()
    call_command("plan", stdout=out, **{"raters": 6, "k": 2, "margin": 0.08} | options)
    return out.getvalue()


def test_a_plan_says_rankings_and_what_came_of_trying_them() -> None:
    lines = told(overlap=2).splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "Agreement ± 8.0%",
        "Win rate of two policies ± 8.0%",
        "One person with the others ± 8.0%",
    ]
    assert all("rankings" in line and "tried" in line for line in lines)
    assert told(overlap=2).splitlines() == lines


def test_without_overlap_agreement_cannot_be_known() -> None:
    assert "Agreement ± 8.0%: needs an overlap of at least 2." in told(overlap=1)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"overlap": 0}, "--overlap must be between 1 and the 6 of --raters"),
        ({"overlap": 7}, "it is 7"),
        ({"overlap": 2, "agreement": 0.4}, "--agreement must be above 0.5 and below 1"),
        ({"overlap": 2, "k": 10}, "--k must be between 2 and 9; it is 10"),
        ({"overlap": 2, "raters": 1001}, "--raters must be between 1 and 1000; it is 1001"),
        ({"overlap": 2, "margin": 0.001}, "--margin must be between 0.005 and 0.5"),
    ],
)
def test_nonsense_is_refused_by_name(wrong: dict[str, float], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence) as refused:
        told(**wrong)
    assert refused.value.returncode == 2
