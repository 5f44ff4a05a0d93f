"""The read-out: what people did with what was recommended to them, beside people with the general list.

Who gets which list is drawn by a hash of the person, so that the difference of the two is what the lists change.
Everybody counts as drawn, whether or not the list was shown to them (intention to treat); a list is measured once its
28 days are over. Lists come from the tables of their own week, and what was done only from the days after.
"""

from collections.abc import Hashable
from datetime import date, timedelta
from typing import Any

import pandas as pd

from lyceum import weeks
from lyceum.schema import with_history
from lyceum.tables.marts import RECOMMENDATIONS
from models.outcomes import ASSIGNED, FURTHER, STATED, Outcome, Side, row
from models.outcomes import LIST as ONE_LIST
from pipelines.keeping import Keeper
from pipelines.recommended import HOLDOUT, PERSONAL
from pipelines.workspace import Workspace, for_models

LIST = RECOMMENDATIONS.short
FOLLOWED_DAYS = 28
LISTS = 4  # the newest that are over; older ones stand in the history of the table
OUTCOMES = {  # what counts, of the events on an item of the list
    "shown": "event_type IN ('impression', 'view')",
    "clicked": "event_type IN ('view', 'click')",
    "enrolled": "event_type = 'enrol'",
    "bought": "event_type = 'purchase' AND amount > 0",
}
JUDGED_BY = "bought"
PEOPLE = """
WITH lists AS (SELECT as_of, user_id, item_id, arm FROM ({lists})),
done AS (
    SELECT l.as_of, l.user_id, {flags} FROM lists l
    JOIN ({events}) e ON e.user_id = l.user_id AND e.item_id = l.item_id
        AND e.event_date >= l.as_of AND e.event_date < l.as_of + {days}
    GROUP BY l.as_of, l.user_id
)
SELECT as_of, arm, count(*) AS people, {counts}
FROM (SELECT DISTINCT as_of, user_id, arm FROM lists) LEFT JOIN done USING (as_of, user_id)
GROUP BY as_of, arm ORDER BY as_of, arm
"""


def rows(keeper: Keeper, /) -> pd.DataFrame:
    """The rows of marts.outcomes about recommendations: of the newest lists whose 28 days are over, one by one."""
    newest = keeper.as_of - timedelta(days=FOLLOWED_DAYS)
    return compared(followed(keeper.space, [newest - weeks.WEEK * ago for ago in reversed(range(LISTS))]))


def followed(space: Workspace, lists: list[date], /) -> pd.DataFrame:
    """as_of, arm, people, and how many of them did each of OUTCOMES in the FOLLOWED_DAYS from as_of on.

    Only lists of PERSONAL and HOLDOUT, of the weeks `lists`.
    """
    named = ", ".join(f"DATE '{each}'" for each in lists)
    arms = f"as_of IN ({named}) AND arm IN ('{PERSONAL}', '{HOLDOUT}')"
    events = space.events.filter(space.events.item_id.notnull())
    columns = ("user_id", "item_id", "event_date", "event_type", "amount")
    first, last = min(lists), max(lists) + timedelta(days=FOLLOWED_DAYS)
    near = f"event_date >= DATE '{first}' AND event_date < DATE '{last}'"
    query = PEOPLE.format(
        lists=space.ctx.scored.source(with_history(RECOMMENDATIONS), where=arms),
        events=f"SELECT * FROM ({space.sql(events.select(*columns))}) WHERE {near}",
        flags=", ".join(f"bool_or({condition}) AS {name}" for name, condition in OUTCOMES.items()),
        counts=", ".join(f"count(*) FILTER (coalesce({name}, false)) AS {name}" for name in OUTCOMES),
        days=FOLLOWED_DAYS,
    )
    return for_models(space.arrow(query))


def compared(followed: pd.DataFrame, /) -> pd.DataFrame:
    """A row of marts.outcomes per list with both arms and outcome."""
    own, held = (followed[followed["arm"] == arm].drop(columns="arm") for arm in (PERSONAL, HOLDOUT))
    both = own.merge(held, on="as_of", suffixes=("", "_held")).to_dict("records")
    return pd.DataFrame([_row(week, outcome) for week in both for outcome in OUTCOMES])


def _row(week: dict[Hashable, Any], outcome: str) -> dict[str, object]:
    sides = [
        Side(int(week[people]), int(week[found]), int(week[found]))
        for found, people in ((outcome, "people"), (f"{outcome}_held", "people_held"))
    ]
    told = {"list_as_of": week["as_of"], "list": LIST, "scope": ONE_LIST, "basis": ASSIGNED, "lists": 1}
    return row(Outcome(outcome, STATED if outcome == JUDGED_BY else FURTHER), *sides, **told)
