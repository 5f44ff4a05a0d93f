"""Scored tables about what people give to each other, and what they earn by it."""

from collections.abc import Iterator
from datetime import timedelta

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


def community_tables(keeper: Keeper, found: dict[str, pd.DataFrame], /) -> Iterator[Part]:
    """community_members and community_health; leaves the members in `found`."""
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
    found["members"] = community.members(edges, written.rename(columns={"kind": "event_type"}))
    yield keeper.keep(marts.COMMUNITY_MEMBERS, found["members"])
    acts = space.frame(
        pairs.community_acts(space.events, as_of=as_of, window_days=HEALTH_DAYS), order=("community_id", "user_id")
    )
    until = weeks.instant(as_of, timezone=space.ctx.platform.timezone)
    yield keeper.keep(scorecards.COMMUNITY_HEALTH, community.health(texts, acts, as_of_instant=until))


def points_tables(keeper: Keeper, found: dict[str, pd.DataFrame], /) -> Iterator[Part]:
    """points_ledger of the week and leaderboard; leaves balances and levels in `found`."""
    space, as_of = keeper.space, keeper.as_of
    earned = space.frame(pairs.point_days(space.events, as_of=as_of), order=("user_id", "day", "event_type"))
    ledger = incentives.ledger(earned)
    if ledger.empty:
        yield keeper.skip(marts.POINTS_LEDGER, "no_events_of_kind")
        yield keeper.skip(marts.LEADERBOARD, "no_events_of_kind")
        return
    day = pd.to_datetime(ledger["day"])
    week = ledger[day >= pd.Timestamp(as_of - timedelta(days=7))]
    yield keeper.keep(marts.POINTS_LEDGER, week)
    balances = incentives.balances(ledger)
    found["points"] = balances.assign(level=incentives.levels(balances["points"]))
    recent = ledger[day >= pd.Timestamp(as_of - timedelta(days=LEAGUE_DAYS))]
    totals = incentives.balances(recent).rename(columns={"points": "points_28d"})
    yield keeper.keep(marts.LEADERBOARD, incentives.leagues(totals[totals["points_28d"] > 0]))
