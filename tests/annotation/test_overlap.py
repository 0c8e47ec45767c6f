"""When one more ranking is wanted."""

import pytest

from annotation.overlap import is_split, n_planned


@pytest.mark.parametrize(
    ("tiers", "split"),
    [
        ([[1, 2, 3, 4]], False),
        ([[1, 2, 3, 4], [1, 2, 3, 4]], False),
        ([[1, 2, 3, 4], [4, 3, 2, 1]], True),
        # The best is another one, though most pairs agree.
        ([[1, 2, 3, 4], [2, 1, 3, 4]], True),
        ([[1, 1, 2, 3], [2, 1, 3, 4]], False),
        # Two of three call the first the best.
        ([[1, 2, 3], [1, 2, 3], [2, 1, 3]], False),
        ([[1, 2, 3], [2, 1, 3], [3, 2, 1]], True),
        ([[1, 1], [1, 1]], False),
        ([[1, 1], [1, 2]], False),
        # The same best, but fewer than half of the other pairs alike.
        ([[1, 2, 3, 4, 5], [1, 5, 4, 3, 2]], True),
    ],
)
def test_split(tiers, split):
    assert is_split(tiers) is split


def test_a_seeded_fraction_gets_the_overlap():
    planned = [n_planned(seed=7, comparison_id=pk, n_overlap=3, share=0.2) for pk in range(5000)]
    assert set(planned) == {1, 3}
    # 1000 expected, standard deviation 28.
    assert 860 < planned.count(3) < 1140
    again = [n_planned(seed=7, comparison_id=pk, n_overlap=3, share=0.2) for pk in range(5000)]
    assert planned == again
    assert n_planned(seed=7, comparison_id=1, n_overlap=3, share=1.0) == 3
    assert n_planned(seed=7, comparison_id=1, n_overlap=3, share=0.0) == 1
