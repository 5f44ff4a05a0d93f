"""Counts, the background, and the number of topics, on texts whose topics are known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from models.topics.choosing import LDA, NMF, Trial, as_good, chosen, matched, stability, thinned
from models.topics.corpus import (
    ENOUGH,
    as_counts,
    counted,
    pooled,
    tf_idf,
    together,
    with_subject,
)
from models.topics.mixture import fitted, ground

WORDS = 30  # of each topic


def planted(texts=240, topics=3, seed=0, common=0.25, length=60):
    """Texts about one topic each, with words that all of them share; the words of topic 1 begin with b and so on."""
    rng = np.random.default_rng(seed)
    share = 1 / np.arange(1, WORDS + 1)
    rows = []
    for number in range(texts):
        drawn = rng.choice(WORDS, length, p=share / share.sum())
        plain = rng.random(length) < common
        letter = "abcdefgh"[number % topics]
        rows.append(
            [f"z{word:02d}" if other else f"{letter}{word:02d}" for word, other in zip(drawn, plain, strict=True)]
        )
    return rows


def letters(topics, words):
    """The first letter of the ten first words of each topic."""
    first = np.argsort(-topics.words, axis=0)[:10]
    return ["".join(sorted({words[at][0] for at in column})) for column in first.T]


def test_counts_by_hand():
    corpus = counted([["b", "a", "a"], ["b"], ["c", "a"], ["d"]])
    assert corpus.words == ("a", "b")  # c and d stand in one text
    assert corpus.matrix.toarray().tolist() == [[2, 1], [0, 1], [1, 0], [0, 0]]


def test_plurals_count_as_the_singular_where_that_is_in_use():
    corpus = counted(
        [["gate", "gates"], ["gates", "glass"], ["news", "glass"], ["new", "news"], ["tools"], ["tools"]]
    )
    assert corpus.words == ("gate", "glass", "news", "tools")
    assert corpus.matrix[:, 0].toarray().ravel().tolist() == [2, 1, 0, 0, 0, 0]
    assert as_counts([["gates", "tool", "glas"]], corpus.words).toarray().tolist() == [[1, 0, 0, 0]]


def test_words_of_nearly_all_texts_are_left_out():
    texts = [["all", "even"] if number % 2 else ["all", "odd"] for number in range(10)]
    assert counted(texts).words == ("even", "odd")


def test_words_of_few_speakers_are_left_out():
    texts = [["ours", "mine"]] * 3 + [["ours"]] * 2 + [[]] * 5
    speakers = ["me", "me", "me", "you", "they", *"vwxyz"]
    assert counted(texts, speakers=speakers, fewest=3).words == ("ours",)


def test_words_spread_by_chance_are_told_from_a_topics_words():
    corpus = counted(planted(length=80, common=0.5))
    subject = dict(zip(corpus.words, with_subject(corpus.matrix), strict=True))
    assert all(subject[f"{letter}{word:02d}"] for letter in "abc" for word in range(8))
    frequent = [subject[f"z{word:02d}"] for word in range(3, 12) if f"z{word:02d}" in subject]
    assert not any(frequent)


def test_tf_idf_has_length_one_and_ignores_empty_texts():
    vectors, idf = tf_idf(csr_matrix(np.array([[1.0, 2.0], [0.0, 3.0], [0.0, 0.0]])))
    lengths = np.sqrt(vectors.multiply(vectors).sum(axis=1)).ravel().tolist()
    assert np.allclose(lengths, [1, 1, 0])
    assert idf[0] == pytest.approx(np.log(4 / 2)) and idf[1] == pytest.approx(np.log(4 / 3))


def test_what_is_taken_together_by_hand():
    taken = csr_matrix(np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 0, 1, 0]]))  # people x items
    near = together(taken).toarray()
    # Items 0 and 1: both by 2 people, the same ones: cosine 1. With item 2: 1 / sqrt(2 * 2) = 0.5.
    assert near[0] == pytest.approx([0, 2 / 3, 1 / 3, 0])
    assert near[2] == pytest.approx([0.5, 0.5, 0, 0])
    assert not near[3].any()


def test_short_texts_are_filled_up_with_what_goes_with_them():
    counts = csr_matrix(np.array([[10.0, 0.0], [0.0, 50.0], [4.0, 0.0]]))
    near = csr_matrix(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]))
    assert pooled(counts, None) is counts
    assert pooled(counts, near).toarray() == pytest.approx(np.array([[10, ENOUGH - 10], [0, 50], [4, 0]]))


def test_topics_and_background_are_found():
    corpus = counted(planted())
    topics = fitted(ground(corpus.matrix), 3)
    assert sorted(letters(topics, corpus.words)) == ["a", "b", "c"]
    assert topics.words.sum(axis=0) == pytest.approx([1, 1, 1])
    assert topics.background.sum() == pytest.approx(1) and topics.sizes.sum() == pytest.approx(1)
    common = np.array([word[0] == "z" for word in corpus.words])
    assert topics.background[common].sum() > 0.7
    mixes = topics.mixes(corpus.matrix)
    assert mixes.sum(axis=1) == pytest.approx(np.ones(240))
    assert (mixes.argmax(axis=1)[:3] == mixes.argmax(axis=1)[3:6]).all()


def test_a_fit_is_the_same_each_time():
    corpus = counted(planted())
    one, other = (fitted(ground(corpus.matrix), 3) for _ in range(2))
    assert (one.words == other.words).all() and one.background_share == other.background_share


@pytest.mark.parametrize("topics", [2, 5])
def test_the_number_of_topics_is_found(topics):
    corpus = counted(planted(topics=topics))
    choice = chosen(corpus.matrix, seed=1)
    assert choice.count == topics
    assert choice.method == LDA and "LDA ships" in choice.why
    assert choice.stability.min() > 0.9
    tried = {(row["method"], row["topics"]) for row in choice.evidence}
    assert {(LDA, 1), (NMF, 1), (LDA, topics)} <= tried


def test_texts_without_topics_have_none():
    rng = np.random.default_rng(3)
    texts = [[f"w{word:02d}" for word in rng.integers(0, 80, 50)] for _ in range(200)]
    assert chosen(counted(texts).matrix, seed=1).count == 1


def test_a_fixed_number_is_taken():
    assert chosen(counted(planted()).matrix, seed=1, count=4).count == 4


def test_one_topic_too_many_is_less_stable():
    corpus = counted(planted(topics=3))
    assert stability(corpus.matrix, 3, LDA, seed=1).min() > 0.95
    assert stability(corpus.matrix, 5, LDA, seed=1).min() < 0.9


def trial(count, by_text):
    made = ground(csr_matrix(np.ones((2, 4))))
    return Trial(LDA, fitted(made, count), np.array(by_text, dtype=float), 10.0)


def test_as_good_by_hand():
    best = trial(3, [0, 0, 0, 0])
    near = trial(2, [-1, 1, -1, 0])  # 1 nat lost, standard error sqrt(0.6875) * 2 = 1.66
    far = trial(1, [-3, -3, -3, -3])  # 12 lost, without any spread
    assert as_good([far, best, near]) == [2, 3]
    assert as_good([best, trial(1, [-1, 1, -1, 0])]) == [1]  # nothing tells texts apart


def test_perplexity_by_hand():
    assert trial(1, [np.log(0.5) * 4, np.log(0.5) * 6]).perplexity == pytest.approx(2.0)


def test_matching_is_one_to_one():
    one = np.array([[1.0, 0.9], [0.0, 0.1]])
    at, cosines = matched(one, np.array([[1.0], [0.0]]))
    assert at.tolist() == [0, -1] and cosines.tolist() == [1.0, 0.0]


@given(st.integers(0, 2**32 - 1))
def test_thinning_takes_every_word_once(seed):
    counts = csr_matrix(np.array([[3.0, 0.0, 1.0], [0.0, 7.0, 2.0]]))
    kept, aside = thinned(counts, seed=seed)
    assert (kept + aside - counts).nnz == 0
    assert kept.data.min(initial=1) > 0 and aside.data.min(initial=1) > 0
