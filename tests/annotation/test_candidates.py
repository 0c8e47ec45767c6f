"""Which completions are ranked, and what is sampled again."""

from collections import Counter
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from annotation.candidates import Accepted, Again, Request, Sampled, assemble

texts = st.sampled_from(["", "  ", "Yes.", "yes. ", "No.", "Maybe so.", "It depends."])
reasons = st.sampled_from(["stop", "stop", "length", "stop_string", "cancelled", "error"])


def request(policy_id, *outcomes, n=None, max_tokens=100, ids=None):
    ids = ids or count(policy_id * 100)
    sampled = [Sampled(next(ids), text, reason) for text, reason in outcomes]
    return Request(policy_id, n or len(sampled), max_tokens, sampled)


@st.composite
def histories(draw):
    ids = count(1)
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(1, 3),
                st.lists(st.tuples(texts, reasons), max_size=4),
                st.integers(0, 2),
                st.sampled_from([100, 200]),
            ),
            max_size=6,
        )
    )
    return [
        request(policy, *outcomes, n=max(1, len(outcomes) + lost), max_tokens=budget, ids=ids)
        for policy, outcomes, lost, budget in rows
    ]


@given(histories(), st.one_of(st.none(), texts))
def test_candidates_are_never_blank_and_never_the_same(history, original):
    found = assemble(history, given=[] if original is None else [original])
    said = [" ".join(made.text.casefold().split()) for made in found.as_it_stands()]
    if original:
        said.append(" ".join(original.casefold().split()))

    assert all(said) or original.isspace()
    assert len(set(said)) == len(said)


@given(histories())
def test_no_policy_is_asked_for_more_than_it_owes(history):
    found = assemble(history)
    owed = {}
    for asked in history:
        owed.setdefault(asked.policy_id, asked.n)
    policy_of = {s.completion_id: r.policy_id for r in history for s in r.sampled}
    good = Counter(policy_of[made.completion_id] for made in found.accepted)

    for policy_id in owed:
        again = sum(more.n for more in found.again if more.policy_id == policy_id)
        assert again <= max(owed[policy_id] - good[policy_id], 0)


@given(histories())
def test_only_marked_texts_were_cut(history):
    reason_of = {s.completion_id: s.finish_reason for r in history for s in r.sampled}

    for made in assemble(history).as_it_stands():
        assert made.cut_by_length == (reason_of[made.completion_id] == "length")


def test_identical_and_empty_ones_are_sampled_again_from_the_same_policy():
    found = assemble(
        [request(1, ("A", "stop"), ("a", "stop")), request(2, ("", "stop"))], given=["B"]
    )

    assert found.accepted == [Accepted(100, "A")]
    assert found.again == [Again(1, 1, 100), Again(2, 1, 100)]


def test_what_repeats_the_original_is_sampled_again():
    found = assemble([request(1, ("The original. ", "stop"))], given=["the original."])

    assert found.accepted == []
    assert found.again == [Again(1, 1, 100)]


def test_cut_ones_are_sampled_once_more_with_twice_the_budget():
    found = assemble([request(1, ("A", "stop"), ("B and", "length"))])

    assert found.accepted == [Accepted(100, "A")]
    assert found.again == [Again(1, 1, 200)]
    assert found.spare == [Accepted(101, "B and", cut_by_length=True)]


def test_what_is_cut_at_twice_the_budget_takes_part_marked():
    ids = count(100)
    history = [
        request(1, ("A", "stop"), ("B and", "length"), ids=ids),
        request(1, ("B and then", "length"), max_tokens=200, ids=ids),
    ]

    found = assemble(history)
    assert found.as_it_stands() == [Accepted(100, "A"), Accepted(102, "B and then", True)]
    assert found.again == []


def test_a_cut_text_stands_in_when_its_replacement_was_lost():
    ids = count(100)
    history = [
        request(1, ("A", "stop"), ("B and", "length"), ids=ids),
        request(1, n=1, max_tokens=200, ids=ids),
    ]

    found = assemble(history)
    assert found.again == []
    assert found.as_it_stands() == [Accepted(100, "A"), Accepted(101, "B and", True)]


def test_a_failed_generation_is_not_asked_for_again():
    found = assemble([request(1, n=3), request(2, ("A", "stop"))])

    assert found.accepted == [Accepted(200, "A")]
    assert found.again == []


def test_what_is_unwanted_is_sampled_again_and_stands_in_where_nothing_replaced_it():
    ids = count(100)
    first = request(1, ("A", "stop"), ("I am X.", "stop"), ("As X, no.", "stop"), ids=ids)

    def naming(text):
        return "X" in text

    found = assemble([first], unwanted=naming)
    assert (found.accepted, found.again) == ([Accepted(100, "A")], [Again(1, 2, 100)])

    found = assemble(
        [first, request(1, ("B", "stop"), ("i am x.", "stop"), ids=ids)], unwanted=naming
    )
    assert found.accepted == [Accepted(100, "A"), Accepted(103, "B")]
    assert found.spare == [Accepted(101, "I am X.")]
