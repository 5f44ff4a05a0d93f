"""Who competes, with which settings, on a platform of two tastes that is written as frames."""

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.recommendation.blend import Blend
from models.recommendation.hybrid import Hybrid
from models.recommendation.side import COLUMNS
from pipelines import recommenders
from pipelines.recommendation_weeks import WEIGHTS, Week

AS_OF = date(2026, 7, 6)


def known(until, *, people=120, items=24, seed=5):
    """The first `until` of eight items that each person takes, in the same order whatever `until` is."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        own = rng.permutation(np.arange(person % 2, items, 2))[:8]
        rows += [(f"u{person:03d}", f"c{item:02d}") for item in own[:until].tolist()]
    used = pd.DataFrame(rows, columns=["user_id", "item_id"]).assign(**dict.fromkeys(WEIGHTS, 1.0))
    catalogue = pd.DataFrame({name: [None] * items for name in COLUMNS}).astype(
        {"price": "float64", "repeatable": "float64"}
    )
    catalogue = catalogue.assign(item_id=[f"c{item:02d}" for item in range(items)], on_sale=True, repeatable=0.0)
    crowd = pd.DataFrame(
        {"user_id": sorted(set(used["user_id"])), "channel": None, "segment": None, "refused": False}
    )
    return Week(AS_OF, used, catalogue, crowd)


@pytest.fixture(scope="module")
def settings():
    return recommenders.tuned_settings(known(5), known(8), start={}, budget_seconds=2.0, seed=1)


def test_the_blend_competes_with_parts_tuned_by_themselves(settings):
    assert Blend.name in recommenders.contenders(known(5))
    parts = dict(settings[Blend.name]["parts"])
    assert next(iter(parts)) == "graph_filter"
    for name in ("item_neighbours", "ease"):
        assert parts[name] == settings[name]
    weights = settings[Blend.name]["weights"]
    assert len(weights) == len(parts) and weights[0] == 1.0


def test_the_blend_is_no_worse_than_each_of_its_parts(settings):
    judged, after = known(5), known(8)
    wanted = after.used.merge(
        judged.used[["user_id", "item_id"]], how="left", indicator=True, on=["user_id", "item_id"]
    )
    wanted = wanted[wanted["_merge"] == "left_only"]

    def found(name):
        model = recommenders.made(name, judged, settings[name]).fit(judged.used, seed=1)
        return len(model.listed(wanted["user_id"], k=5).merge(wanted, on=["user_id", "item_id"]))

    assert found(Blend.name) >= max(found("item_neighbours"), found("ease")) * 0.95
    # Seven items of the own taste are left, three of them wanted, five shown; by chance of all 19: 3 x 5 / 19.
    assert found(Blend.name) / wanted["user_id"].nunique() > 1.5


def test_what_is_kept_of_a_blend_names_nobody(settings):
    bare = recommenders.bare(Blend.name, settings[Blend.name])
    held = recommenders.settings_of(json.loads(json.dumps({"settings": bare.settings()})))
    again = recommenders.made(Blend.name, known(5), held).settings()
    assert json.dumps(again, sort_keys=True) == json.dumps(settings[Blend.name], sort_keys=True)
    assert bare.state()["users"] == bare.state()["items"] == []


def test_all_evidence_is_weighed_where_it_can_be_afforded(monkeypatch):
    judged = known(5)
    monkeypatch.setattr(recommenders, "HYBRID_CELLS", len(judged.catalogue) * len(judged.people) - 1)
    assert Hybrid.name not in recommenders.contenders(judged)
    monkeypatch.undo()
    assert recommenders.contenders(judged)[-1] == Hybrid.name


def test_neighbours_are_asked_where_people_had_few_things_together(monkeypatch):
    judged = known(5)
    counts = judged.used["item_id"].value_counts()
    pairs = sum(count**2 for count in counts)
    assert recommenders.neighbourly_pairs(judged) == pairs
    monkeypatch.setattr(recommenders, "BLENDED_PAIRS", pairs - 1)
    assert Blend.name not in recommenders.contenders(judged)


def test_without_diversity_the_lists_are_those_of_the_model(settings):
    judged = known(5)
    model = recommenders.made("ease", judged, settings["ease"]).fit(judged.used, seed=1)
    users = judged.people["user_id"].head(10)
    plain = recommenders.listed(model, users, judged, k=4)
    pd.testing.assert_frame_equal(plain, model.recommend(users, k=4, exclude=judged.exclude))
