"""What became of the people whom early warnings named: contacted as drawn, beside those drawn to be left alone.

Lists, events, contacts and consents are read as they are known now, so that what arrives late is counted the next
time. Whom nobody may contact by the list's own rule stands on neither side.
"""

from collections.abc import Iterator
from datetime import timedelta

import pandas as pd

from lyceum import weeks
from lyceum.contact_rules import COMPLAINT, NONE, NOTHING_FITS, REFUSED
from lyceum.engine import quoted
from lyceum.schema import with_history
from lyceum.tables.prediction import EARLY_WARNINGS
from models.early_warning import EXPIRES_DAYS
from models.outcomes import CURRENCY, HARM, STATED, Outcome, compared, first_listed
from pipelines.keeping import Keeper
from pipelines.workspace import for_models

NAME = EARLY_WARNINGS.short
FOLLOWED_DAYS = 28
LISTS, POOLED_LISTS = 4, 12  # the newest that are over: told one by one, and together
BACK = (Outcome("back_28d", STATED), Outcome("back_14d"))
BY_SIGNAL = {  # an outcome that only a platform has which tells of such events
    "purchase": Outcome("net_spend_28d", unit=CURRENCY),
    "complain": Outcome("complained_28d", HARM),
    "refund": Outcome("refunded_28d", HARM),
}
UNSUBSCRIBED = Outcome("unsubscribed_28d", HARM)

# The days and the local dates of what is said and done from the Monday of each person's list on.
PEOPLE = """
WITH done AS (
    SELECT user_id, bool_or(acts > 0) AS back_28d, bool_or(acts > 0 AND event_date < l.as_of + 14) AS back_14d,
        sum(paid) - sum(refunded) AS net_spend_28d,
        bool_or(complaints > 0) AS complained_28d, bool_or(refunds > 0 OR refunded > 0) AS refunded_28d
    FROM listed l JOIN ({days}) d USING (user_id)
    WHERE d.event_date >= l.as_of AND d.event_date < l.as_of + {followed}
    GROUP BY user_id
), touched AS (
    SELECT DISTINCT user_id FROM listed l JOIN contacts c USING (user_id)
    WHERE CAST(c.contacted_at AT TIME ZONE {zone} AS DATE) >= l.as_of
        AND CAST(c.contacted_at AT TIME ZONE {zone} AS DATE) < l.as_of
            + CASE WHEN c.list_as_of = l.as_of THEN {followed} WHEN c.list_as_of IS NULL THEN {expires} ELSE 0 END
), refusing AS (
    SELECT DISTINCT user_id FROM listed l JOIN consents c USING (user_id)
    WHERE c.granted = 0 AND CAST(c."at" AT TIME ZONE {zone} AS DATE) >= l.as_of
        AND CAST(c."at" AT TIME ZONE {zone} AS DATE) < l.as_of + {followed}
)
SELECT l.as_of, user_id, CAST(l.holdout AS INTEGER) AS holdout,
    CAST(user_id IN (FROM touched) AS INTEGER) AS reached,
    {shares}, CAST(user_id IN (FROM refusing) AS INTEGER) AS unsubscribed_28d,
    coalesce(net_spend_28d, 0) AS net_spend_28d
FROM listed l LEFT JOIN done USING (user_id) ORDER BY l.as_of, user_id
"""
SHARES = ("back_28d", "back_14d", "complained_28d", "refunded_28d")


def rows(keeper: Keeper, /) -> pd.DataFrame:
    """The rows of marts.outcomes about early_warnings; none before a list is FOLLOWED_DAYS old."""
    listed = entered(keeper)
    if listed.empty:
        return pd.DataFrame()
    outcomes = list(_outcomes(keeper))
    return compared(
        followed(keeper, listed), outcomes=outcomes, lists=LISTS, logged=_told(keeper, "contacts"), list=NAME
    )


def entered(keeper: Keeper, /) -> pd.DataFrame:
    """as_of, user_id and holdout of everybody whose first list is one of the newest POOLED_LISTS that are over.

    The first of all lists counts that are kept, not of these; a list by which nobody might contact a person is none.
    """
    space, newest = keeper.space, keeper.as_of - timedelta(days=FOLLOWED_DAYS)
    idle = [rule.name for rule in space.ctx.settings.actions if rule.action == NONE]
    spared = ", ".join(quoted(name) for name in (COMPLAINT, REFUSED, NOTHING_FITS, *idle))
    where = f"as_of <= DATE '{newest}' AND coalesce(rule, '') NOT IN ({spared})"
    lists = space.ctx.scored.source(with_history(EARLY_WARNINGS), where=where)
    first = first_listed(for_models(space.arrow(f"SELECT user_id, as_of, holdout FROM ({lists})")))
    return first[first["as_of"] > newest - weeks.WEEK * POOLED_LISTS].reset_index(drop=True)


def followed(keeper: Keeper, listed: pd.DataFrame, /) -> pd.DataFrame:
    """`listed` with reached and every outcome, one row per person; whoever did nothing has 0."""
    space = keeper.space
    first, last = listed["as_of"].min(), listed["as_of"].max() + timedelta(days=FOLLOWED_DAYS)
    near = f"event_date >= DATE '{first}' AND event_date < DATE '{last}'"
    space.con.register("listed", listed)
    query = PEOPLE.format(
        days=f"SELECT * FROM ({space.sql(space.days)}) WHERE {near}",
        shares=", ".join(f"CAST(coalesce({name}, false) AS INTEGER) AS {name}" for name in SHARES),
        zone=quoted(space.ctx.platform.timezone),
        followed=FOLLOWED_DAYS,
        expires=EXPIRES_DAYS,
    )
    found = for_models(space.arrow(query))
    space.con.unregister("listed")
    return found


def _outcomes(keeper: Keeper) -> Iterator[Outcome]:
    """What the platform's logs can tell, the stated one first."""
    yield from BACK
    signals = keeper.space.signals(keeper.as_of)
    yield from (outcome for signal, outcome in BY_SIGNAL.items() if signal in signals)
    if _told(keeper, "consents"):
        yield UNSUBSCRIBED


def _told(keeper: Keeper, table: str) -> bool:
    """Whether the platform had told of any contact or consent by the keeper's week."""
    moment = {"contacts": "contacted_at", "consents": '"at"'}[table]
    until = weeks.instant(keeper.as_of, timezone=keeper.space.ctx.platform.timezone)
    query = f"SELECT count(*) FROM {table} WHERE {moment} < TIMESTAMPTZ {quoted(until.isoformat())}"
    return bool(keeper.space.con.execute(query).fetchall()[0][0])
