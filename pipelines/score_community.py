"""Scored tables about what people give to each other, and what they earn by it."""

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from features import pairs
from lyceum import weeks
from lyceum.tables import marts, scorecards
from models import community, incentives
from pipelines.keeping import Keeper
from pipelines.steps import Part

EDGE_DAYS = 84
HEALTH_DAYS = 28
LEAGUE_DAYS = 28
PEOPLE_AT_ONCE = 100_000  # whose ledger is in memory


def community_tables(keeper: Keeper, people: "pd.Series[str]", found: dict[str, pd.DataFrame], /) -> Iterator[Part]:
    """community_members and community_health; leaves the members in `found`.

    Others may turn to somebody of whom no deed is known, or to staff: that counts for those who did it, and only
    `people` have a row of their own.
    """
    space, as_of = keeper.space, keeper.as_of
    edges = space.frame(
        pairs.edges(space.events, as_of=as_of, window_days=EDGE_DAYS),
        order=("user_id", "target_user_id", "event_type"),
    )
    texts = space.frame(pairs.texts(space.events, as_of=as_of, window_days=EDGE_DAYS), order=("object_id",))
    if edges.empty and texts.empty:
        yield keeper.skip(marts.COMMUNITY_MEMBERS, "no_communities")
        yield keeper.skip(scorecards.COMMUNITY_HEALTH, "no_communities")
        return
    written = texts.groupby(["user_id", "kind"]).size().rename("texts").reset_index()
    members = community.members(edges, written.rename(columns={"kind": "event_type"}))
    found["members"] = members[members["user_id"].isin(people)]
    yield keeper.keep(marts.COMMUNITY_MEMBERS, _with_behaviours(found))
    acts = space.frame(
        pairs.community_acts(space.events, as_of=as_of, window_days=HEALTH_DAYS), order=("community_id", "user_id")
    )
    until = weeks.instant(as_of, timezone=space.ctx.platform.timezone)
    yield keeper.keep(scorecards.COMMUNITY_HEALTH, community.health(texts, acts, as_of_instant=until))


def _with_behaviours(found: dict[str, pd.DataFrame], /) -> pd.DataFrame:
    """The members and the way in which each takes part, where that was found (see pipelines.score_behaviours)."""
    if "behaviours" not in found:
        return found["members"]
    return found["members"].merge(found["behaviours"][["user_id", "behaviour_id"]], on="user_id", how="left")


def points_tables(keeper: Keeper, people: "pd.Series[str]", found: dict[str, pd.DataFrame], /) -> Iterator[Part]:
    """points_ledger of the week and leaderboard; leaves balances and levels of `people` in `found`."""
    as_of = keeper.as_of
    totals = [_points(rows, as_of) for rows in _ledgers(keeper, people)]
    week, balances, recent = (pd.concat(each, ignore_index=True) for each in zip(*totals, strict=True))
    if balances.empty:
        yield keeper.skip(marts.POINTS_LEDGER, "no_events_of_kind")
        yield keeper.skip(marts.LEADERBOARD, "no_events_of_kind")
        return
    yield keeper.keep(marts.POINTS_LEDGER, week)
    found["points"] = balances.assign(level=incentives.levels(balances["points"]))
    yield keeper.keep(marts.LEADERBOARD, incentives.leagues(recent[recent["points_28d"] > 0]))


def _ledgers(keeper: Keeper, people: "pd.Series[str]") -> Iterator[pd.DataFrame]:
    """The whole ledger, of some people at a time: a year of a million people's days does not fit into memory.

    What points are given for is held in order, so that of it only the part of the people whose turn it is is read.
    """
    space = keeper.space
    days = pairs.point_days(space.events, as_of=keeper.as_of)
    counted = space.sql(days.filter(days.event_type.isin(list(incentives.RULES))))
    rows = space.kept("point_days", f"SELECT * FROM ({counted}) ORDER BY user_id, day, event_type")
    borders = list(people.iloc[::PEOPLE_AT_ONCE]) or [""]
    for low, high in zip(borders, [*borders[1:], None], strict=True):
        some = rows.filter(rows.user_id >= low)
        some = some if high is None else some.filter(rows.user_id < high)
        yield incentives.ledger(space.frame(some, order=("user_id", "day", "event_type")))


def _points(ledger: pd.DataFrame, as_of: date, /) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """The rows of the week, everybody's balance, and everybody's points of the last 28 days."""
    day = pd.to_datetime(ledger["day"])
    week, recent = (ledger[day >= pd.Timestamp(as_of - timedelta(days=days))] for days in (7, LEAGUE_DAYS))
    of_late = incentives.balances(recent).rename(columns={"points": "points_28d"})
    return week, incentives.balances(ledger), of_late
