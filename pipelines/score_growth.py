"""Scored tables about the platform as a whole: states, forecast, weekly numbers, channels, items."""

from collections.abc import Iterator
from datetime import date

import pandas as pd

from features import deals, kpi_counts, pairs
from features.channels import channel_quality
from features.drop_off import course_drop_off
from features.item_performance import item_performance
from features.kpi_history import weekly_kpis
from features.origins import origins
from lyceum import weeks
from lyceum.tables import marts, movements, scorecards
from lyceum.tables.features import ITEM_SNAPSHOT
from models import growth, lifecycle
from pipelines.keeping import Keeper
from pipelines.steps import Part
from pipelines.workspace import Workspace

STATE_WEEKS = 26  # of history shown beside a forecast


def active_weeks(space: Workspace, as_of: date, /) -> pd.DataFrame:
    """user_id and week of every week in which a person acted."""
    return space.frame(pairs.user_weeks(space.days, as_of=as_of), order=("user_id", "week"))


def growth_tables(keeper: Keeper, user_weeks: pd.DataFrame, /) -> Iterator[Part]:
    """lifecycle_transitions, lifecycle_moves and growth_forecast."""
    last = keeper.as_of - weeks.WEEK
    chain = lifecycle.transitions(user_weeks, last_week=last)
    yield keeper.keep(marts.LIFECYCLE_TRANSITIONS, chain)
    moved = lifecycle.moves(user_weeks, week=last)
    yield keeper.keep(movements.LIFECYCLE_MOVES, moved, if_empty="no_predecessor")
    first = weeks.monday_of(pd.Timestamp(user_weeks["week"].min()).date())
    shown = [week for week in weeks.weeks_before(last, STATE_WEEKS) if week >= first]
    history = lifecycle.state_history(user_weeks, weeks=shown)
    settings = keeper.space.ctx.settings
    yield keeper.keep(
        marts.GROWTH_FORECAST,
        growth.forecast(history, chain, horizon=settings.forecast_weeks, seed=settings.seed),
    )


def kpi_table(keeper: Keeper, /) -> Part:
    """weekly_kpis."""
    space, as_of = keeper.space, keeper.as_of
    came = origins(space.backend.table("users"), before=space.before(as_of))
    counts = space.frame(kpi_counts.weekly_counts(space.days, came, as_of=as_of), order=("week",))
    ratings = space.frame(kpi_counts.weekly_ratings(space.events, as_of=as_of), order=("week",))
    return keeper.keep(
        scorecards.WEEKLY_KPIS, weekly_kpis(counts, ratings, signals=space.signals(as_of), as_of=as_of)
    )


def item_table(keeper: Keeper, /) -> Part:
    """item_performance, from the item snapshot and what people did with items."""
    space, as_of = keeper.space, keeper.as_of
    source = space.ctx.features.source(ITEM_SNAPSHOT, where=f"as_of = DATE '{as_of}'")
    rows = item_performance(
        space.kept("items_told", f"SELECT * FROM ({source})"),
        space.past([as_of]).known("items", key="item_id"),
        space.inputs["user_items"],
        space.inputs["order_lines"],
        as_of=as_of,
        before=space.before(as_of),
        signals=space.signals(as_of),
    )
    return keeper.keep(scorecards.ITEM_PERFORMANCE, space.frame(rows, order=("item_id",)), if_empty="no_items")


def drop_off_table(keeper: Keeper, /) -> Part:
    """course_drop_off: how far those who began a course long enough ago got in it."""
    space = keeper.space
    frame = space.frame(
        course_drop_off(space.inputs["user_lessons"], as_of=keeper.as_of), order=("item_id", "position")
    )
    return keeper.keep(movements.COURSE_DROP_OFF, frame, if_empty="too_few_users")


def discount_table(keeper: Keeper, /) -> Part:
    """weekly_discounts: what was taken off the list prices."""
    space = keeper.space
    rows = deals.weekly_discounts(space.inputs["order_lines"], space.items, as_of=keeper.as_of)
    return keeper.keep(movements.WEEKLY_DISCOUNTS, space.frame(rows, order=("week",)), if_empty="no_events_of_kind")


def channel_table(keeper: Keeper, /) -> Part:
    """channel_quality: what became of the people whom each channel brought."""
    space, as_of = keeper.space, keeper.as_of
    rows = channel_quality(
        space.days,
        origins(space.backend.table("users"), before=space.before(as_of)),
        as_of=as_of,
        begin=space.before(space.first_day()),
        sells="purchase" in space.signals(as_of),
    )
    frame = space.frame(rows, order=("channel",))
    if frame.empty:
        return keeper.skip(
            scorecards.CHANNEL_QUALITY, "no_events_of_kind", detail="No person with an event has a channel."
        )
    return keeper.keep(scorecards.CHANNEL_QUALITY, frame)
