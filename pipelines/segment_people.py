"""Whom segments are about, and what these people differ by: as stored of a Monday, as of any other day, or as if.

New users, whose habits are not known yet, are a segment of their own; everybody else seen in 84 days is segmented.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from lyceum import weeks
from lyceum.engine import quoted
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.naming import NEW_USERS
from pipelines.scoring import snapshot_of, stored
from pipelines.targets import SEGMENTED_BY
from pipelines.workspace import Workspace, for_models

SEGMENTED_DAYS = 84
NEW_DAYS = 28
DONORS = 4  # weeks of one's own of which one is lived once more

# Columns by stem: what is summed, in the days of which table, and on which of them. Those of a table of days alone,
# so that they can be told of days that were drawn.
DAYS, RECEIVED = "user_days", "received_days"
GOT = "reactions_received"
SUMMED = {
    "acts": "acts",
    "active_days": "CAST(acts > 0 AS BIGINT)",
    "learning_events": "learning_events",
    "learning_days": "CAST(learning_events > 0 AS BIGINT)",
    "learning_minutes": "CASE WHEN learning_events > 0 THEN learning_ms END",
    "completions": "CASE WHEN learning_events > 0 THEN completions END",
    "submissions": "CASE WHEN learning_events > 0 THEN submissions END",
    "check_ins": "CASE WHEN learning_events > 0 THEN check_ins END",
    "purchases": "purchases",
    "spend": "paid - refunded",
    "refunds": "refunds",
    "intent_events": "intent_events",
    "carts": "carts",
    "texts_written": "texts_written",
    "interactions": "interactions",
}
PER_UNIT = {"learning_minutes": 60_000}  # milliseconds of a minute
WHOLE = {
    "tenure_days": "max(ago)",
    "recency_days": "min(ago) FILTER (acts > 0)",
    "active_weeks_84d": "count(DISTINCT (ago - 1) // 7) FILTER (acts > 0 AND ago <= 84)",
    "acts_trend": "coalesce(sum(acts) FILTER (ago <= 28), 0) * 3.0 / nullif(sum(acts) FILTER (ago <= 84), 0) - 1",
    "enrolments_total": "sum(enrolments)",
    "purchases_total": "sum(purchases)",
    "spend_total": "sum(paid) - sum(refunded)",
    "purchase_recency_days": "min(ago) FILTER (purchases > 0)",
}


@dataclass(frozen=True)
class People:
    """The people of a moment: `settled` with user_id and what they differ by, and the ids of the `new`."""

    settled: pd.DataFrame
    new: pd.Series

    def assigned(self, model: KMeansSegments, /) -> pd.DataFrame:
        """user_id and segment_id of everybody, ordered by user_id."""
        old = model.score(self.settled)
        new = pd.DataFrame({"user_id": self.new, "segment_id": NEW_USERS})
        both = pd.concat([old, new], ignore_index=True) if len(new) else old
        return both.astype({"segment_id": "int64"}).sort_values("user_id", ignore_index=True)


def people_of(space: Workspace, as_of: date, /) -> People:
    """The people of a week whose snapshot is stored."""
    columns = (*SEGMENTED_BY, "registered_days")
    return _parted(stored(space, snapshot_of(space, as_of), columns))


def people_at(space: Workspace, day: date, /) -> People:
    """The people of any day, from the log's days before it."""
    return _parted(_asked(space, _days(space, DAYS, day), _days(space, RECEIVED, day), day=day))


def lived_again(space: Workspace, day: date, /, *, seed: int, some: str = "true") -> pd.DataFrame:
    """user_id and what people would differ by seven days after `day`, had they just gone on as they did.

    The days before `day` stand as they are. In the week that follows everybody lives one of their own last four
    weeks once more, drawn by `seed`: what moves people between segments then is chance. `some` is an SQL condition
    on user_id, for a part of the people.
    """
    number = f"CAST('0x' || left(md5(concat(user_id, ' {seed}')), 8) AS BIGINT)"
    drawn = f"{number} % least({DONORS}, 1 + (tenure - 1) // 7) + 1"
    own, received = (f"{_days(space, name, day)} AND {some}" for name in (DAYS, RECEIVED))
    first = f"SELECT user_id, date_diff('day', min(event_date), DATE '{day}') AS tenure FROM ({own})"
    space.kept("segment_donors", f"SELECT user_id, {drawn} AS weeks_back FROM ({first} GROUP BY user_id)")
    once_more = (_with_donors(days, day) for days in (own, received))
    return _parted(_asked(space, *once_more, day=day + weeks.WEEK)).settled


def _with_donors(days: str, day: date, /) -> str:
    """`days` and after them each person's drawn week, moved to the week that begins with `day`."""
    moved = f"""
        SELECT days.* REPLACE (CAST(event_date + CAST(7 * weeks_back AS INTEGER) AS DATE) AS event_date)
        FROM ({days}) AS days JOIN segment_donors USING (user_id)
        WHERE event_date >= DATE '{day}' - CAST(7 * weeks_back AS INTEGER)
          AND event_date < DATE '{day}' - CAST(7 * weeks_back - 7 AS INTEGER)"""
    return f"{days} UNION ALL BY NAME ({moved})"


def _days(space: Workspace, name: str, until: date, /) -> str:
    """The rows of a table of days before `until`."""
    return f"SELECT * FROM ({space.sql(space.daily.rows(name))}) WHERE event_date < DATE '{until}'"


def _asked(space: Workspace, days: str, received: str, /, *, day: date) -> pd.DataFrame:
    """What people differ by on `day`, from tables of days in the shape of `user_days` and `received_days`."""
    wanted = {name: sql for name, sql in WHOLE.items() if name in SEGMENTED_BY}
    ago = f"*, date_diff('day', event_date, DATE '{day}') AS ago"
    own = ", ".join(f"{sql} AS {name}" for name, sql in {**wanted, **_windowed(SUMMED)}.items())
    got = _windowed({GOT: GOT})
    sums = ", ".join(f"{sql} AS {name}" for name, sql in got.items())
    zone = quoted(space.ctx.platform.timezone)
    registered = f"date_diff('day', CAST(min(registered_at) AT TIME ZONE {zone} AS DATE), DATE '{day}')"
    known = ", ".join(f"coalesce({name}, 0) AS {name}" for name in got)
    query = f"""
        SELECT * REPLACE ({known}) FROM (SELECT user_id, {own} FROM (SELECT {ago} FROM ({days})) GROUP BY user_id)
        LEFT JOIN (SELECT user_id, {sums} FROM (SELECT {ago} FROM ({received})) GROUP BY user_id) USING (user_id)
        LEFT JOIN (SELECT user_id, {registered} AS registered_days FROM users GROUP BY user_id) USING (user_id)
        ORDER BY user_id"""
    return for_models(space.arrow(query))


def _windowed(stems: dict[str, str], /) -> dict[str, str]:
    """The columns of SEGMENTED_BY that are sums over so many days, as SQL over a table of days with `ago`."""
    found = {}
    for stem, measure in stems.items():
        for days in (7, 28, 84):
            if (name := f"{stem}_{days}d") in SEGMENTED_BY:
                summed = f"coalesce(sum({measure}) FILTER (ago <= {days}), 0)"
                found[name] = f"{summed} / {float(PER_UNIT[stem])}" if stem in PER_UNIT else summed
    return found


def _parted(snapshot: pd.DataFrame, /) -> People:
    seen = snapshot[snapshot["recency_days"] <= SEGMENTED_DAYS]
    registered = pd.to_numeric(seen["registered_days"]).fillna(0)
    new = pd.to_numeric(seen["tenure_days"]).clip(lower=registered) <= NEW_DAYS
    columns = ["user_id", *(name for name in SEGMENTED_BY if name in seen)]
    return People(seen.loc[~new, columns].reset_index(drop=True), seen.loc[new, "user_id"].reset_index(drop=True))


def active_since(space: Workspace, since: date, until: date, /) -> pd.DataFrame:
    """user_id, spend (net, may be negative), active and active_days of those seen from `since` to before `until`."""
    days = _days(space, DAYS, until)
    query = f"""
        SELECT user_id, sum(paid) - sum(refunded) AS spend, sum(acts) > 0 AS active,
            count(*) FILTER (acts > 0) AS active_days
        FROM ({days})
        WHERE event_date >= DATE '{since}' GROUP BY user_id ORDER BY user_id"""
    return for_models(space.arrow(query))


def told_before(space: Workspace, as_of: date, /, *, days: int = 28) -> date | None:
    """The day so many days before a Monday, if a week of the log or more lies before it."""
    then = as_of - timedelta(days=days)
    return then if space.first_day() + weeks.WEEK <= then else None
