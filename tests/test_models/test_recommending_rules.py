from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix

from models.recommendation.content import Content, terms
from models.recommendation.item_neighbours import ItemNeighbours
from models.recommendation.next_in_series import NextInSeries
from models.recommendation.popular_in_category import PopularInCategory
from models.recommendation.popularity import Popularity
from models.recommendation.shelf_rules import ShelfRules
from models.recommendation.side import COLUMNS, aligned

AS_OF = date(2026, 3, 2)


def item(name, **said):
    plain = {"kind": "course", "title": name, "category": "art", "price": 10.0, "published_at": "2026-01-05"}
    return {**dict.fromkeys(COLUMNS), **plain, "item_id": name, "repeatable": 0, **said}


def catalogue(*items):
    return pd.DataFrame(list(items), columns=list(COLUMNS))


SERIES = catalogue(
    *(item(f"p{at}", series_id="s", series_position=at, parent_item_id="all") for at in (1, 2, 3)),
    item("all", kind="bundle", price=21.0),
    item("solo", price=0.0, category="law"),
    item("month", kind="membership", category=None, repeatable=1),
    item("soon", published_at="2026-03-09"),
)


def barred(had):
    items = pd.Index(SERIES["item_id"])
    row = csr_matrix([[name in had for name in items]], dtype=np.float32)
    return set(items[ShelfRules(SERIES, as_of=AS_OF).barred(row, items)[0]])


@pytest.mark.parametrize(
    ("had", "hidden"),
    [
        ([], {"p2", "p3", "soon"}),
        (["p1"], {"p3", "all", "soon"}),  # the other two cost 20 by themselves, the bundle 21
        (["p1", "p2"], {"all", "soon"}),
        (["p1", "p2", "p3"], {"all", "soon"}),
        (["all"], {"p1", "p2", "p3", "all", "soon"}),  # what came with the bundle is had
        (["month"], {"p2", "p3", "soon"}),
    ],
)
def test_series_and_bundles(had, hidden):
    assert barred(had) == hidden


def test_a_bundle_that_saves_money_is_shown():
    cheap = SERIES.assign(price=SERIES["price"].where(SERIES["item_id"] != "all", 15.0))
    items = pd.Index(cheap["item_id"])
    row = csr_matrix([[name == "p1" for name in items]], dtype=np.float32)
    assert "all" not in set(items[ShelfRules(cheap, as_of=AS_OF).barred(row, items)[0]])


def test_unknown_prices_bar_only_what_is_owned_whole():
    unpriced = SERIES.assign(price=np.nan)
    items = pd.Index(unpriced["item_id"])
    rows = csr_matrix([[name in had for name in items] for had in (["p1"], ["p1", "p2", "p3"])], dtype=np.float32)
    assert ShelfRules(unpriced, as_of=AS_OF).barred(rows, items)[:, items.get_loc("all")].tolist() == [False, True]


def test_positions_need_not_be_one_two_three():
    odd = catalogue(*(item(f"x{at}", series_id="s", series_position=at) for at in (10, 30, 20)), item("y"))
    side = aligned(odd, pd.Index(["y", "x30", "x10", "x20"]), as_of=AS_OF)
    assert side.previous.tolist() == [-1, 3, -1, 2]


def test_items_the_catalogue_does_not_have_are_bare():
    side = aligned(SERIES, pd.Index(["p1", "?"]), as_of=AS_OF)
    assert side.category[1] == side.author[1] == side.previous[1] == side.bundle[1] == -1
    assert np.isnan(side.price[1]) and side.texts[1].strip() == "" and side.age[1] > 1_000


HISTORIES = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from(SERIES["item_id"].tolist()[:6])), min_size=1, max_size=30
)


@given(HISTORIES, st.sampled_from(["popularity", "item_neighbours", "next_in_series", "in_category", "content"]))
def test_no_model_shows_what_the_rules_forbid(pairs, name):
    frame = pd.DataFrame(pairs, columns=["user_id", "item_id"]).drop_duplicates().assign(weight=1.0)
    platform = {"catalogue": SERIES, "as_of": AS_OF}
    models = {
        "popularity": Popularity(),
        "item_neighbours": ItemNeighbours(),
        "next_in_series": NextInSeries(**platform),
        "in_category": PopularInCategory(**platform),
        "content": Content(**platform),
    }
    fitted = models[name].fit(frame, seed=1).restrict(None, rules=ShelfRules(SERIES, as_of=AS_OF))
    shown = fitted.recommend(pd.Index([*"abcdef", "nobody"]), k=5)
    assert (shown.groupby("user_id").cumcount() + 1 == shown["rank"]).all()
    for user, rows in shown.groupby("user_id"):
        had = set(frame.loc[frame["user_id"] == user, "item_id"])
        assert not set(rows["item_id"]) & (had | barred(had))


def fitted(kind, pairs, items=SERIES):
    frame = pd.DataFrame(pairs, columns=["user_id", "item_id"]).assign(weight=1.0)
    return kind(catalogue=items, as_of=AS_OF).fit(frame, seed=1)


def test_the_next_part_is_the_one_after_a_part_that_was_had():
    shown = fitted(NextInSeries, [("a", "p1"), ("b", "solo"), ("c", "p2")]).recommend(pd.Index(["a", "c"]), k=1)
    assert shown[["user_id", "item_id", "reason"]].to_numpy().tolist() == [
        ["a", "p2", "next_in_series:p1"],
        ["c", "p3", "next_in_series:p2"],
    ]


def test_popular_in_category_by_hand():
    # Weights: p1 2, p2 1 (art, 3/4 of all) and solo 1 (law). b had one of law: P(law) = (1 + 1/4) / 2, P(art) = 3/8.
    model = fitted(PopularInCategory, [("a", "p1"), ("c", "p1"), ("a", "p2"), ("b", "solo")])
    row = model.known.users.get_indexer(["b"])
    scores = dict(zip(model.items, model._scores(row)[0].tolist(), strict=True))
    assert scores["solo"] == pytest.approx(1.25 / 2)
    assert scores["p1"] == pytest.approx(0.375 * 2 / 3)
    assert scores["p3"] == 0.0
    places = model.items.get_indexer(["p1", "p3", "solo"])
    rows = model.known.users.get_indexer(["a", "a", "a"])
    assert model._reasons(rows, places) == ["popular_in:art", "in_category:art", "popular"]


def test_words_and_pairs_of_characters():
    assert terms("Python 数据分析, SQL!") == ["python", "数据", "据分", "分析", "sql"]
    assert terms("课") == ["课"]


def test_content_finds_the_text_that_is_alike_and_says_of_which():
    texts = catalogue(
        item("zh1", title="数据分析入门", category="a"),
        item("zh2", title="数据分析进阶", category="b"),
        item("zh3", title="瑜伽基础", category="c"),
        item("en1", title="Yoga for beginners", category="d"),
    )
    shown = fitted(Content, [("u", "zh1"), ("v", "en1"), ("v", "zh3")], texts).recommend(pd.Index(["u"]), k=1)
    assert shown[["item_id", "reason"]].to_numpy().tolist() == [["zh2", "similar_content:zh1"]]


def test_items_without_texts_are_no_error():
    nothing = catalogue(*(item(name, title=None, category=None) for name in ("a", "b")))
    shown = fitted(Content, [("u", "a")], nothing).recommend(pd.Index(["u"]), k=2)
    assert shown["reason"].tolist() == ["popular"]
