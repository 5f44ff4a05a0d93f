"""Scored tables about the platform as a whole: states, forecast, weekly numbers, channels, items."""

from collections.abc import Iterator
from datetime import date

import pandas as pd

from features import kpis, pairs
from features.kpi_history import weekly_kpis
from lyceum import weeks
from lyceum.tables import marts
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
    """lifecycle_transitions and growth_forecast."""
    last = keeper.as_of - weeks.WEEK
    chain = lifecycle.transitions(user_weeks, last_week=last)
    yield keeper.keep(marts.LIFECYCLE_TRANSITIONS, chain)
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
    counts = space.frame(kpis.weekly_counts(space.days, as_of=as_of), order=("week",))
    voices = space.frame(kpis.weekly_voices(space.events, as_of=as_of), order=("week",))
    return keeper.keep(marts.WEEKLY_KPIS, weekly_kpis(counts, voices, signals=space.signals(as_of)))


def item_table(keeper: Keeper, /) -> Part:
    """item_performance, from the item snapshot."""
    space, as_of = keeper.space, keeper.as_of
    rows = space.stored(space.ctx.features, ITEM_SNAPSHOT, where=f"as_of = DATE '{as_of}'", order=("item_id",))
    if rows.empty:
        return keeper.skip(marts.ITEM_PERFORMANCE, "no_items")
    renamed = rows.rename(columns=lambda name: name.removeprefix("item_") if name != "item_id" else name)
    return keeper.keep(marts.ITEM_PERFORMANCE, renamed)


def channel_table(keeper: Keeper, snapshot: pd.DataFrame, /) -> Part:
    """channel_quality: what became of the people whom each channel brought."""
    space = keeper.space
    until = weeks.instant(keeper.as_of, timezone=space.ctx.platform.timezone)
    known = space.arrow(
        "SELECT user_id, arg_min(channel, known_at) AS channel FROM users WHERE channel IS NOT NULL "
        f"AND known_at <= TIMESTAMPTZ '{until.isoformat()}' GROUP BY user_id ORDER BY user_id"
    ).to_pandas()
    if known.empty:
        return keeper.skip(marts.CHANNEL_QUALITY, "no_events_of_kind", detail="No person has a channel.")
    people = snapshot.drop(columns="channel").merge(known, on="user_id")  # the first one known, not the newest
    sells = people["purchases_total"].notna().any()
    rows = people.groupby("channel").agg(users=("user_id", "size"), active_28d=("active_days_28d", _above_zero))
    if sells:
        money = people.groupby("channel").agg(payers=("spend_total", _above_zero), spend_total=("spend_total", "sum"))
        rows = rows.join(money)
    return keeper.keep(marts.CHANNEL_QUALITY, rows.reset_index())


def _above_zero(values: "pd.Series[float]") -> int:
    return int((values > 0).sum())
