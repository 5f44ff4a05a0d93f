import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from benchmarks import market, market_models
from benchmarks.market_models import Measured, Tried, gain
from benchmarks.market_weeks import best_possible, broken_rules, mondays
from lyceum.simulator.market import live_market
from lyceum.simulator.market_shelf import BUNDLE, COURSE, MEMBERSHIP, NONE


@pytest.fixture(scope="module")
def lived():
    return live_market(users=400, weeks=12, seed=2, ask=(10,))


@pytest.fixture(scope="module")
def monday(lived):
    return mondays(lived, [10])[0]


def test_equal_arguments_give_equal_markets(lived):
    again = live_market(users=400, weeks=12, seed=2)
    assert all(np.array_equal(again.choices[name], lived.choices[name]) for name in lived.choices)
    assert not np.array_equal(live_market(users=400, weeks=12, seed=3).choices["item"], lived.choices["item"])


def test_nobody_chooses_what_cannot_be_had(lived):
    shelf, rows = lived.shelf, lived.choices
    own = rows["through"] == NONE
    weeks, items = rows["week"][own], rows["item"][own]
    assert ((shelf.published[items] <= weeks) & (shelf.withdrawn[items] > weeks)).all()
    assert (lived.people.joined[rows["person"]] <= rows["week"]).all()
    once = pd.DataFrame(rows)[shelf.kind[rows["item"]] != MEMBERSHIP]
    assert not once.duplicated(["person", "item"]).any()


def test_a_bundle_brings_its_parts(lived):
    shelf, rows = lived.shelf, pd.DataFrame(lived.choices)
    through = rows[rows["through"] != NONE]
    assert len(through) and (shelf.bundle[through["item"]] == through["through"]).all()
    had = set(zip(rows["person"], rows["item"], strict=True))
    bought = rows[shelf.kind[rows["item"]] == BUNDLE]
    assert all(
        (person, part) in had
        for person, item in bought[["person", "item"]].to_numpy().tolist()
        for part in shelf.parts(item).tolist()
    )


def test_people_choose_by_their_utilities():
    """The mean log chance of what was chosen is near the one that the truth expects of itself."""
    lived = live_market(users=1500, weeks=6, seed=5, ask=(5,))
    utility, rows = lived.utility[5], lived.choices
    chance = np.exp(utility - utility.max(axis=1, keepdims=True))
    chance /= chance.sum(axis=1, keepdims=True)
    here = (rows["week"] == 5) & (rows["through"] == NONE)
    picks = pd.DataFrame({name: rows[name][here] for name in ("person", "item")})
    single = picks[~picks["person"].duplicated(keep=False)].to_numpy()  # one choice: no drawing without replacement
    told = np.log(chance[single[:, 0], single[:, 1]])
    safe = np.where(chance > 0, chance, 1)
    expected = (chance * np.log(safe)).sum(axis=1)[single[:, 0]]
    assert told.mean() == pytest.approx(expected.mean(), abs=4 * told.std() / np.sqrt(len(told)))


def test_series_cost_and_texts(lived):
    shelf = lived.shelf
    later = shelf.previous != NONE
    assert (shelf.position[later] == shelf.position[shelf.previous[later]] + 1).all()
    assert (shelf.published[later] >= shelf.published[shelf.previous[later]]).all()
    assert (shelf.author[later] == shelf.author[shelf.previous[later]]).all()
    for bundle in np.flatnonzero(shelf.kind == BUNDLE):
        assert 0 < shelf.price[bundle] <= 0.7 * shelf.price[shelf.parts(bundle)].sum()
    latin = np.array([text.isascii() for text in shelf.descriptions])
    assert 0.15 < latin[shelf.kind == COURSE].mean() < 0.35
    assert shelf.titles[shelf.kind == MEMBERSHIP].tolist() == ["知识会员月卡"]


def test_a_monday_knows_nothing_of_its_week(lived, monday):
    rows = lived.choices
    cut = {name: values[rows["week"] < 10] for name, values in rows.items()}
    blind = mondays(replace(lived, choices=cut), [10])[0]
    pd.testing.assert_frame_equal(blind.before, monday.before)
    pd.testing.assert_series_equal(blind.cold, monday.cold)
    assert blind.active.equals(monday.active)
    assert blind.after.empty and len(monday.after)


def test_weights_fade_by_half_in_a_fortnight(monday):
    once = monday.before[monday.before["weight"] == 1]
    weeks = np.log2(1 / once["decayed_14d"]) * 2
    assert np.allclose(weeks + 0.5, np.rint(weeks + 0.5))
    assert weeks.min() == pytest.approx(0.5)


def test_cold_items_are_on_sale_and_nobody_had_them(lived, monday):
    cold = np.array([int(item[1:]) for item in monday.cold])
    assert len(cold) and lived.shelf.on_sale(10)[cold].all()
    assert not np.isin(cold, lived.choices["item"][lived.choices["week"] < 10]).any()


def test_a_membership_that_runs_is_not_shown_again(lived, monday):
    rows = pd.DataFrame(lived.choices)
    bought = (
        rows[(lived.shelf.kind[rows["item"]] == MEMBERSHIP) & (rows["week"] < 10)].groupby("person")["week"].max()
    )
    kept = monday.exclude.merge(monday.catalogue.loc[monday.catalogue["repeatable"] == 1, ["item_id"]])
    assert set(kept["user_id"]) == {f"u{person:06d}" for person in bought.index[bought > 6]}


def test_somebody_who_knows_the_truth_beats_chance_and_breaks_no_rule(lived, monday):
    shown = best_possible(monday, k=20)
    assert (shown.groupby("user_id").size() == 20).all()
    found = len(shown.merge(monday.after))
    assert found > 4 * len(monday.after) * 20 / len(monday.allowed)
    broken = broken_rules(shown, monday)
    assert broken["owned"] == broken["not_on_sale"] == broken["whole_bundles"] == 0


def test_broken_rules_are_counted(lived, monday):
    shelf = lived.shelf
    owned = monday.exclude.iloc[[0]]
    gone = np.flatnonzero(~shelf.on_sale(10))[0]
    later = np.flatnonzero(shelf.previous != NONE)[0]
    extra = pd.DataFrame({"user_id": "u000399", "item_id": [f"i{gone:05d}", f"i{later:05d}"]})
    found = broken_rules(pd.concat([owned, extra]), monday)
    assert found["owned"] == 1
    assert found["not_on_sale"] >= 1
    assert found["out_of_order"] >= 1


def test_the_gain_is_over_the_best_single_model_with_its_interval(monday):
    users = monday.after["user_id"].unique()[:40]
    after = monday.after[monday.after["user_id"].isin(users)].drop_duplicates("user_id")
    at = replace(monday, after=after)
    at.__dict__["active"] = pd.Index(after["user_id"])

    def tried(name, rank):
        return Tried(name, at, after.assign(rank=rank))

    world = Measured(1, "weights", {}, {}, [tried("poor", 9), tried("good", 3), tried("hybrid", 1)], [])
    found = gain([world, world], seed=1, draws=50)
    assert found["best_single"] == "good"
    assert found["hybrid_gain"] == pytest.approx(1.0)  # first place gives 1, third 1 / log2(4)
    assert found["hybrid_gain_95"] == pytest.approx([1.0, 1.0])


@pytest.mark.slow
def test_the_command_ends_with_one_json_object(capsys, monkeypatch):
    assert market.main(["--worlds", "1", "--users", "1200"]) == 0
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"hybrid_gain", "cold_ratio", "coverage", "owned_shown", "worlds"} <= last.keys()
    assert last["owned_shown"] == last["rules_broken"] == 0
    assert last["hybrid_gain"] > 0
    assert set(market_models.MOVES) < last["ndcg"].keys()
