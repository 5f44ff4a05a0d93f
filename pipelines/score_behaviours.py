"""Scored tables about the ways in which people take part in the community."""

import json

import pandas as pd

from lyceum.tables.behaviours import COMMUNITY_BEHAVIOURS
from models.segmentation.behaviour import PARTS, RULES_FROM, SELDOM, Behaviours
from pipelines import champions
from pipelines.keeping import Keeper
from pipelines.steps import Part
from pipelines.train_behaviours import NAME, acts_of

WRITTEN = ("asked", "answered", "commented")


def find_behaviours(keeper: Keeper, people: "pd.Series[str]", found: dict[str, pd.DataFrame], /) -> None:
    """Leave in `found["behaviours"]` how each of `people` who did anything in the community takes part.

    Columns: user_id, behaviour_id, behaviour (the Chinese name, as segment_name is), name_en, kind, known_since, and
    what the person did. Nothing is left where nobody did anything or nothing was trained.
    """
    held = champions.champion(keeper.space.ctx.home, NAME, as_of=keeper.as_of)
    acts = acts_of(keeper.space, keeper.as_of)
    acts = acts[acts["user_id"].isin(people)].reset_index(drop=True)
    if held is None or acts.empty:
        return
    called = pd.DataFrame(held.card["names"]).rename(columns={"name_zh": "behaviour"})
    scored = Behaviours.restore(held.state).score(acts)
    found["behaviours"] = acts.merge(scored, on="user_id").merge(called, on="behaviour_id", how="left")


def behaviours_table(keeper: Keeper, scored: pd.DataFrame, found: dict[str, pd.DataFrame], /) -> Part:
    """community_behaviours, of what `find_behaviours` left; `scored` has people's probabilities."""
    if "behaviours" not in found:
        return keeper.skip(COMMUNITY_BEHAVIOURS, "no_communities")
    people = found["behaviours"]
    if "retention_28d" in scored:
        people = people.merge(scored[["user_id", "retention_28d"]], on="user_id", how="left")
    return keeper.keep(COMMUNITY_BEHAVIOURS, rows_of(people))


def rows_of(people: pd.DataFrame, /) -> pd.DataFrame:
    """The rows of marts.community_behaviours without names that nobody has, largest first."""
    told = people.assign(
        texts=people[list(WRITTEN)].sum(axis=1), replies_given=people["answered"] + people["commented"]
    )
    grouped = told.groupby(["behaviour_id", "behaviour", "name_en", "known_since"], sort=True)
    sums = {name: (name, "sum") for name in ("texts", "replies_given", "read", "received")}
    rows = grouped.agg(users=("user_id", "size"), days_mean=("days", "mean"), **sums)
    if "retention_28d" in told:
        rows["retention_28d_mean"] = grouped["retention_28d"].mean()
    rows["traits"] = [_shares(told.loc[positions]) for positions in grouped.groups.values()]
    rows = rows.reset_index().rename(columns={"behaviour": "name_zh"})
    rows["known_since"] = pd.to_datetime(rows["known_since"]).dt.date
    return rows.assign(share=rows["users"] / len(told), kind=rows["behaviour_id"].map(_kind))


def _shares(part: pd.DataFrame) -> str:
    """Which share of the acts of these people is of which kind, as JSON."""
    sums = {name: int(part[list(columns)].to_numpy().sum()) for name, columns in PARTS.items()}
    total = max(sum(sums.values()), 1)
    return json.dumps({name: round(count / total, 4) for name, count in sums.items()})


def _kind(number: int) -> str:
    if number == SELDOM:
        return "seldom"
    return "rules" if number > RULES_FROM else "natural"
