from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix

from lyceum import artifacts
from models.recommendation.audience import Audience
from models.recommendation.exploring import gumbel, seeds
from models.recommendation.hybrid import Hybrid
from models.recommendation.interactions import Interactions
from models.recommendation.shelf_rules import ShelfRules
from models.recommendation.side import COLUMNS
from models.recommendation.teaching import taught

AS_OF = date(2026, 3, 2)
KINDS = ("art", "law")
PARTS = {"item_neighbours": {}, "ease": {"regularisation": 5.0}}


def catalogue():
    """Two categories of fifteen items: three series of three with a bundle, a new item each, and a membership."""
    rows = []
    for kind in KINDS:
        for at in range(15):
            in_series = at < 9
            rows.append(
                {
                    "item_id": f"{kind}{at:02d}",
                    "kind": "course",
                    "title": f"{kind} {'brush colour canvas' if kind == 'art' else 'contract court tort'} {at}",
                    "category": kind,
                    "author_id": f"t{kind}{at % 3}",
                    "price": 10.0 + at,
                    "series_id": f"{kind}-s{at // 3}" if in_series else None,
                    "series_position": at % 3 + 1 if in_series else None,
                    "parent_item_id": f"{kind}-all" if at < 3 else None,
                    "published_at": "2026-03-02" if at == 14 else "2025-06-01",
                    "repeatable": 0,
                }
            )
        rows.append(
            {"item_id": f"{kind}-all", "kind": "bundle", "title": f"{kind} whole", "category": kind, "price": 20.0}
            | {"published_at": "2025-06-01", "repeatable": 0}
        )
    rows.append(
        {"item_id": "month", "kind": "membership", "published_at": "2025-06-01", "repeatable": 1, "price": 5.0}
    )
    return pd.DataFrame(rows, columns=list(COLUMNS))


def people():
    users = [f"u{at:02d}" for at in range(60)]
    return pd.DataFrame(
        {
            "user_id": [*users, "new1", "new2"],
            "channel": "search",
            "segment": [KINDS[at % 2] for at in range(60)] + list(KINDS),
            "refused": [at == 7 for at in range(62)],
        }
    )


def log():
    """Everybody has five of one category, first parts before second ones; some have had the membership."""
    rng = np.random.default_rng(5)
    rows = []
    for at in range(60):
        kind = KINDS[at % 2]
        firsts = [f"{kind}{first:02d}" for first in rng.choice([0, 3, 6, 9, 10, 11, 12, 13], 4, replace=False)]
        rows += [(f"u{at:02d}", item, 1.0, 0.5) for item in firsts]
        begun = [item for item in firsts if int(item[-2:]) in (0, 3, 6)]
        rows += [(f"u{at:02d}", f"{kind}{int(item[-2:]) + 1:02d}", 1.0, 1.0) for item in begun[:1]]
        rows += [(f"u{at:02d}", "month", 1.0, 0.2)] if at % 5 == 0 else []
    return pd.DataFrame(rows, columns=["user_id", "item_id", "weight", "decayed_14d"])


def had(pairs):
    return pairs.loc[pairs["item_id"] != "month", ["user_id", "item_id"]]


@pytest.fixture(scope="module")
def hybrid():
    """Taught by people who go on with their series, take what is new, and stay in their category."""
    model = Hybrid(catalogue=catalogue(), people=people(), as_of=AS_OF, parts=PARTS, k=8)
    model = model.fit(log(), seed=3).restrict(None, rules=ShelfRules(catalogue(), as_of=AS_OF))
    rng = np.random.default_rng(6)
    taken = []
    for user, own in log().groupby("user_id"):
        kind = own["item_id"].iloc[0][:3]
        owned = set(own["item_id"])
        begun = [int(item[3:5]) for item in owned if item[3:5].isdigit() and int(item[3:5]) < 9]
        following = [f"{kind}{at + 1:02d}" for at in begun if at % 3 < 2]
        following = [item for item in following if item not in owned]
        taken += [(user, item) for item in following[:1]] + [(user, f"{kind}14")] * int(rng.random() < 0.4)
    return taught(
        model,
        [model.lesson(pd.DataFrame(taken, columns=["user_id", "item_id"]), exclude=had(log()))],
        trees=False,
        seed=3,
    )


@pytest.fixture(scope="module")
def shown(hybrid):
    return hybrid.recommend(pd.Index([*people()["user_id"], "stranger"]), k=8, exclude=had(log()))


def test_it_learns_what_people_went_on_with(hybrid, shown):
    assert hybrid.weights["next_in_series"] > 0.5
    assert hybrid.weights["category"] > 0
    first = shown[(shown["rank"] == 1) & shown["user_id"].str.startswith("u") & (shown["user_id"] != "u07")]
    assert first["reason"].str.startswith("next_in_series:").mean() > 0.8


def test_every_list_is_whole_and_falls(shown):
    assert (shown.groupby("user_id").size() == 8).all()
    assert (shown.groupby("user_id").cumcount() + 1 == shown["rank"]).all()
    assert (shown.groupby("user_id")["score"].diff().fillna(0) <= 0).all()


def test_nothing_owned_and_nothing_out_of_order(shown):
    owned = {user: set(rows["item_id"]) for user, rows in log().groupby("user_id")}
    items = catalogue().set_index("item_id")
    for user, item in zip(shown["user_id"], shown["item_id"], strict=True):
        own = owned.get(user, set())
        assert item == "month" or item not in own
        if items.loc[item, "series_position"] in (2, 3):
            assert f"{item[:-2]}{int(item[-2:]) - 1:02d}" in own
        if item.endswith("-all"):
            parts = [f"{item[:3]}{at:02d}" for at in range(3)]
            assert not own & set(parts) or items.loc[[part for part in parts if part not in own], "price"].sum() > 20


def holds(kind, about, item, own, *, items, demand):
    """Whether a reason is true of an item and of what a person had."""
    shelf, median = items.loc[item, "category"], demand[demand > 0].median()
    match kind:
        case "next_in_series":
            return about in own and about[:-2] == item[:-2] and int(about[-2:]) == int(item[-2:]) - 1
        case "because_of" | "similar_content":
            return about in own
        case "same_author":
            return items.loc[item, "author_id"] == about and about in set(items.loc[list(own), "author_id"])
        case "popular_in" | "in_category":
            return shelf == about and about in set(items.loc[list(own), "category"])
        case "had_before":
            return item in own and items.loc[item, "repeatable"] == 1
        case "new":
            return items.loc[item, "published_at"] == "2026-03-02"
        case "popular":
            return demand[item] >= median
    return kind == "discover" and demand[item] < median


def test_every_reason_is_true_of_its_row(hybrid, shown):
    items, pairs = catalogue().set_index("item_id"), log()
    owned = {user: set(rows["item_id"]) for user, rows in pairs.groupby("user_id")}
    demand = pairs.groupby("item_id")["weight"].sum().reindex(items.index, fill_value=0)
    kinds = set()
    own_rows = shown[(shown["model"] == "hybrid") & (shown["user_id"] != "u07")]
    for user, item, reason in own_rows[["user_id", "item_id", "reason"]].to_numpy().tolist():
        kind, _, about = reason.partition(":")
        own = owned.get(user, set())
        kinds.add(kind)
        assert holds(kind, about, item, own, items=items, demand=demand), (user, item, reason)
    assert len(kinds) >= 4


def test_who_refused_gets_the_general_list(hybrid, shown):
    rows = shown[shown["user_id"] == "u07"]
    assert set(rows["reason"]) == {"popular"}
    lately = log().groupby("item_id")["decayed_14d"].sum()
    own = set(log().loc[log()["user_id"] == "u07", "item_id"])
    series = {f"{kind}{at:02d}" for kind in KINDS for at in range(9) if at % 3}
    best = lately.drop([item for item in lately.index if item in own | series]).max()
    assert lately[rows["item_id"].iloc[0]] == pytest.approx(best)
    assert not set(rows["item_id"]) & own


def test_people_without_a_history_follow_their_segment(hybrid):
    model = hybrid.taught({**dict.fromkeys(hybrid.evidence.names, 0.0), "audience": 1.0, "recent_demand": 1.0})
    listed = model.recommend(pd.Index(["new1", "new2"]), k=5, exclude=had(log()))
    top = listed[listed["rank"] <= 4]
    assert top.groupby("user_id")["item_id"].agg(lambda items: set(items.str[:3])).to_dict() == {
        "new1": {"art"},
        "new2": {"law"},
    }


def test_audience_by_hand():
    known = Interactions(pd.Index(["a", "b"]), pd.Index(["x", "y"]), csr_matrix([[3.0, 0.0], [0.0, 1.0]]))
    traits = pd.DataFrame({"user_id": ["a", "b", "c"], "channel": ["p", "q", "q"], "segment": None})
    model = Audience(catalogue=catalogue().head(0), people=traits, as_of=AS_OF).learn(known, seed=1)
    # Shares are 3/4 and 1/4. Of channel q: (0 + 30 * 3/4) / 31 and (1 + 30 / 4) / 31.
    scores = model._scores(model.known.users.get_indexer(["c"]))
    assert scores[0] == pytest.approx([22.5 / 31, 8.5 / 31], rel=1e-5)


def test_new_items_get_their_places(hybrid):
    few = hybrid.taught({**dict.fromkeys(hybrid.evidence.names, 0.0), "recent_demand": 1.0})
    for quota in (0, 1, 2):
        few.quota = quota
        listed = few.recommend(people()["user_id"].drop(7), k=6, exclude=had(log()))
        new = listed[listed["item_id"].isin(["art14", "law14"])]
        assert new.groupby("user_id").size().reindex(listed["user_id"].unique(), fill_value=0).eq(quota).all()
        assert (new["rank"] > 6 - quota).all()
    few.quota = 1


def test_the_list_of_a_person_hangs_on_nobody_else(hybrid, shown):
    alone = hybrid.recommend(pd.Index(["u11"]), k=8, exclude=had(log()))
    pd.testing.assert_frame_equal(alone, shown[shown["user_id"] == "u11"].reset_index(drop=True), rtol=1e-4)


def test_a_week_in_which_nobody_took_anything_teaches_nothing(hybrid):
    nobody = hybrid.lesson(pd.DataFrame({"user_id": [], "item_id": []}, dtype="str"), exclude=had(log()))
    users, items = hybrid.known.users[:20], hybrid.items[-3:]
    taken = pd.DataFrame({"user_id": np.repeat(users, 3), "item_id": np.tile(items, 20)})
    some = hybrid.lesson(taken, exclude=had(log()).head(0))
    alone = taught(hybrid, [some], trees=False, seed=1).weights
    assert taught(hybrid, [nobody, some], trees=False, seed=1).weights == alone
    assert taught(hybrid, [nobody], trees=False, seed=1).weights["recent_demand"] == 1.0


def test_noise_is_gumbel_and_the_same_everywhere():
    noise = gumbel(seeds([f"u{at}" for at in range(400)]), seeds([f"i{at}" for at in range(50)]), week=3)
    assert noise.mean() == pytest.approx(0.5772, abs=0.03)
    assert noise.var() == pytest.approx(np.pi**2 / 6, abs=0.1)
    again = gumbel(seeds(["u7"]), seeds(["i3", "i9"]), week=3)
    assert again[0].tolist() == noise[7, [3, 9]].tolist()
    assert (gumbel(seeds(["u7"]), seeds(["i3"]), week=4) != noise[7, 3]).all()


def test_same_seed_same_lists_and_a_second_fit_forgets(hybrid, shown):
    learnt = {"parts": hybrid.parts, "weights": hybrid.weights, "trees": hybrid.trees, "quota": hybrid.quota}
    again = Hybrid(catalogue=catalogue(), people=people(), as_of=AS_OF, k=hybrid.k, **learnt)
    again.fit(log().tail(40), seed=9)
    again.fit(log().sample(frac=1.0, random_state=1), seed=3)
    listed = again.restrict(None, rules=ShelfRules(catalogue(), as_of=AS_OF)).recommend(
        pd.Index([*people()["user_id"], "stranger"]), k=8, exclude=had(log())
    )
    pd.testing.assert_frame_equal(listed, shown, check_exact=True)


def test_state_and_restore_change_nothing(hybrid, tmp_path):
    artifacts.save(tmp_path / "model", hybrid.state(), card={})
    stored = Hybrid.restore(artifacts.load(tmp_path / "model")[0])
    users = pd.Index(["u01", "u07", "new1", "stranger"])
    after, before = (model.recommend(users, k=5) for model in (stored, hybrid.restrict(None)))
    pd.testing.assert_frame_equal(after, before, rtol=1e-5)  # products of matrices differ in their last bits


def test_nothing_at_all_is_an_empty_table():
    empty = Hybrid(catalogue=catalogue().head(0), people=people().head(0), as_of=AS_OF, parts=PARTS)
    nothing = empty.fit(log().head(0), seed=1)
    assert nothing.recommend(pd.Index(["a"]), k=5).empty
    assert list(nothing.recommend(pd.Index([], dtype="str"), k=5).columns) == list(Hybrid.outputs)


def test_ids_with_commas_and_newlines():
    odd = {"art03": "art,\n03", "art09": "艺术 9"}
    renamed = log().replace({"item_id": odd, "user_id": {"u01": "u,\n1"}})
    model = Hybrid(catalogue=catalogue().replace({"item_id": odd}), people=people(), as_of=AS_OF, parts=PARTS)
    listed = model.fit(renamed, seed=1).recommend(pd.Index(["u,\n1"]), k=40)
    assert set(listed["user_id"]) == {"u,\n1"}
    assert "art,\n03" in set(listed["item_id"]) | set(renamed.loc[renamed["user_id"] == "u,\n1", "item_id"])
