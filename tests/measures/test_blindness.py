"""Whether order and length tell the original."""

import numpy as np

from annotation.measures.blindness import blindness
from annotation.measures.judged import Judged


def pages(n, *, original_words, sorted_by_id=False, seed=3):
    rng = np.random.default_rng(seed)
    found = []
    for number in range(n):
        words = rng.integers(50, 200, 4).tolist()
        words[0] = int(original_words(rng))
        order = [0, 1, 2, 3] if sorted_by_id else rng.permutation(4).tolist()
        found.append(
            Judged(number, number, [1], [[1, 2, 3, 4]], words=words, orders=[order], original=0)
        )
    return found


def test_a_blind_page_is_guessed_no_better_than_by_chance():
    found = blindness(pages(400, original_words=lambda rng: rng.integers(50, 200)))
    assert found.guessed is not None
    assert found.chance == 0.25
    assert found.guessed.low < 0.25 < found.guessed.high


def test_an_order_by_id_is_found_out():
    found = blindness(
        pages(100, original_words=lambda rng: rng.integers(50, 200), sorted_by_id=True)
    )
    assert found.guessed is not None
    assert found.guessed.value > 0.95


def test_originals_of_a_length_of_their_own_are_found_out():
    found = blindness(pages(200, original_words=lambda rng: rng.integers(280, 400)))
    assert found.guessed is not None
    assert found.guessed.low > 0.9


def test_too_few_pages_say_nothing():
    found = blindness(pages(29, original_words=lambda rng: 5))
    assert (found.n_pages, found.guessed, found.chance) == (29, None, None)
    assert blindness([Judged(1, 1, [1], [[1, 2]], words=[1, 2], orders=[[0, 1]])]).n_pages == 0
