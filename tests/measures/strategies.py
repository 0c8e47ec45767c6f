"""Rankings with holes and ties, as raters leave them."""

from hypothesis import strategies as st

from annotation.measures.judged import Judged


@st.composite
def tiers(draw: st.DrawFn, n_candidates: int) -> list[int]:
    """A tier a candidate, dense from 1."""
    given = draw(
        st.lists(st.integers(1, n_candidates), min_size=n_candidates, max_size=n_candidates)
    )
    dense = {tier: rank for rank, tier in enumerate(sorted(set(given)), start=1)}
    return [dense[tier] for tier in given]


@st.composite
def judged(draw: st.DrawFn, comparison: int = 0, max_raters: int = 4) -> Judged:
    """One comparison, ranked by some of six people."""
    n_candidates = draw(st.integers(2, 5))
    raters = draw(st.lists(st.integers(1, 6), min_size=1, max_size=max_raters, unique=True))
    return Judged(
        comparison=comparison,
        cluster=draw(st.integers(0, 20)),
        raters=raters,
        tiers=[draw(tiers(n_candidates)) for _ in raters],
        words=draw(st.lists(st.integers(1, 400), min_size=n_candidates, max_size=n_candidates)),
        orders=[draw(st.permutations(range(n_candidates))) for _ in raters],
        eras=[draw(st.integers(0, 1)) for _ in raters],
        ratings=[
            draw(
                st.lists(
                    st.none() | st.integers(1, 7), min_size=n_candidates, max_size=n_candidates
                )
            )
            for _ in raters
        ],
    )


@st.composite
def tables(draw: st.DrawFn) -> list[Judged]:
    n = draw(st.integers(0, 8))
    return [draw(judged(comparison=number)) for number in range(n)]
