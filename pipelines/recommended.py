"""The tables of recommendations: a list for every active person, and each item's neighbours."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from lyceum.tables import marts
from models.early_warning import is_held_out
from models.recommendation.interactions import gathered
from models.recommendation.item_neighbours import ItemNeighbours
from models.recommendation.popularity import Popularity
from pipelines import champions, recommended_before, recommenders
from pipelines.keeping import Keeper
from pipelines.recommendation_weeks import Week, week
from pipelines.recommending import NAME
from pipelines.steps import Part

PERSONAL, HOLDOUT, GENERAL = "personal", "holdout", "general"
NEIGHBOURS_SHOWN, NEIGHBOURS_LOOKED_AT = 20, 100


def recommendation_tables(keeper: Keeper, people: pd.DataFrame, /) -> Iterator[Part]:
    """recommendations for the eligible of `people` (user_id, eligible, segment_id where there is one), item_to_item.

    All lists are made anew every week, for one more purchase moves everybody's neighbours, and again only if anything
    they are made of has changed; nothing is chosen or tuned while a champion stands.
    """
    space, as_of = keeper.space, keeper.as_of
    held = champions.champion(space.ctx.home, NAME, as_of=as_of)
    known = week(space, as_of, segments=people.reindex(columns=["user_id", "segment_id"]))
    if held is None or known.used.empty:
        yield keeper.skip(marts.RECOMMENDATIONS, "no_items")
        yield keeper.skip(marts.ITEM_TO_ITEM, "no_items")
        return
    code = "rule_ships" if held.estimator == Popularity.name else ""
    arms = _arms(keeper, known, people.loc[people["eligible"], "user_id"], held)
    mark = recommended_before.mark_of(keeper, known, arms, held)
    parts = recommended_before.left(keeper, mark)
    if not parts:
        lists, near = _lists(keeper, known, arms, held), _neighbours(known, seed=space.ctx.settings.seed)
        parts = [
            keeper.keep(marts.RECOMMENDATIONS, lists, code=code, if_empty="nothing_to_show"),
            keeper.keep(marts.ITEM_TO_ITEM, near, if_empty="no_neighbours"),
        ]
        recommended_before.remember(keeper, mark, parts)
    yield from parts


def _arms(keeper: Keeper, known: Week, users: "pd.Series[str]", held: champions.Version) -> "pd.Series[str]":
    """By user_id who is shown what: PERSONAL, the general list to measure it against (HOLDOUT), or GENERAL.

    GENERAL are those who refused personalisation, and everybody where popularity ships.
    """
    settings, salt = keeper.space.ctx.settings, f"{keeper.space.ctx.platform.name} {NAME}"
    out = is_held_out(users, salt=salt, share=settings.recommendation_holdout_share)
    arms = pd.Series(np.where(out, HOLDOUT, PERSONAL), index=pd.Index(users, dtype="str"), dtype="str")
    refused = known.people.loc[known.people["refused"], "user_id"]
    arms[arms.index.isin(refused) | (held.estimator == Popularity.name)] = GENERAL
    return arms


def _lists(keeper: Keeper, known: Week, arms: "pd.Series[str]", held: champions.Version) -> pd.DataFrame:
    """user_id, rank, item_id, score, reason, model and arm, ordered by user_id and rank."""
    settings = keeper.space.ctx.settings
    general = held.card.get("tuned", {}).get(Popularity.name, {})
    own = recommenders.settings_of(held.state)
    parts = []
    for name, given, users in (
        (Popularity.name, general, arms.index[arms != PERSONAL]),
        (held.estimator, own, arms.index[arms == PERSONAL]),
    ):
        if len(users):
            model = recommenders.made(name, known, given).fit(known.used, seed=settings.seed)
            share = settings.recommendation_diversity if name != Popularity.name else 0.0
            parts.append(recommenders.listed(model, users, known, k=settings.recommendations, diversity=share))
    if not parts:
        return pd.DataFrame()
    lists = pd.concat(parts, ignore_index=True)
    lists["arm"] = arms[lists["user_id"]].to_numpy()
    return lists.sort_values(["user_id", "rank"], ignore_index=True)


def _neighbours(known: Week, /, *, seed: int) -> pd.DataFrame:
    """Each item's nearest among those on sale."""
    near = ItemNeighbours().learn(gathered(known.used), seed=seed).neighbours(NEIGHBOURS_LOOKED_AT)
    near = near[near["other_item_id"].isin(known.on_sale)]
    rank = near.groupby("item_id").cumcount() + 1
    return near.assign(rank=rank.astype("int64"))[rank <= NEIGHBOURS_SHOWN].reset_index(drop=True)
