"""The rows of marts.segments: how many people a segment has, what sets them apart, what they use, when they come."""

import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from lyceum import weeks
from lyceum.tables.features_behaviour import PARTS_OF_DAY
from lyceum.tables.features_social import ATTRIBUTES
from models.segmentation import profiles
from models.segmentation.kmeans import KMeansSegments
from models.segmentation.naming import NEW_NAMES, NEW_USERS, apart
from models.segmentation.plays import plays
from pipelines.keeping import Keeper
from pipelines.scoring import snapshot_of, stored
from pipelines.segment_people import SEGMENTED_DAYS, active_since, people_at, told_before
from pipelines.targets import SEGMENTED_BY
from pipelines.workspace import Workspace, for_models

TRAITS_SHOWN = 5
NEWNESS = ("tenure_days", "acts_trend", "active_weeks_84d")  # what new users must differ by
SMALLEST_DENOMINATOR = 30  # of a rate
VALUES_SHOWN = 8  # of an attribute; the rarer ones are told together
OTHERS = "(other)"
ASSIGNED = "segments_assigned"

# What the people of each segment used, said of themselves and did when; {since} = the first of the 84 days.
USED = """
SELECT segment_id, item_id, any_value(title) AS title, count(DISTINCT user_id) AS users
FROM ({items_used}) JOIN {assigned} USING (user_id)
LEFT JOIN (
    SELECT item_id, title FROM items WHERE coalesce(known_at < {until}, true)
    QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY known_at DESC NULLS LAST, batch_id DESC) = 1
) USING (item_id)
WHERE consuming > 0 AND event_date >= DATE '{since}' AND event_date < DATE '{as_of}'
GROUP BY segment_id, item_id ORDER BY segment_id, item_id
"""
HOURS = """
SELECT segment_id, isodow(event_date) - 1 AS weekday, hour, CAST(sum(acts) AS BIGINT) AS acts
FROM ({hours}) JOIN {assigned} USING (user_id)
WHERE event_date >= DATE '{since}' AND event_date < DATE '{as_of}'
GROUP BY ALL ORDER BY ALL
"""
SAID = """
WITH told AS (
    SELECT segment_id, attribute, value FROM (UNPIVOT (SELECT user_id, {attributes} FROM ({snapshot}))
    ON {attributes} INTO NAME attribute VALUE value) JOIN {assigned} USING (user_id)
), common AS (
    SELECT attribute, value FROM (SELECT attribute, value, count(*) AS people FROM told GROUP BY ALL)
    QUALIFY row_number() OVER (PARTITION BY attribute ORDER BY people DESC, value) <= {values}
)
SELECT segment_id, attribute, coalesce(common.value, '{others}') AS value, count(*) AS users
FROM told LEFT JOIN common USING (attribute, value) GROUP BY ALL ORDER BY ALL
"""


def rows_of_segments(
    keeper: Keeper, model: KMeansSegments, assigned: pd.DataFrame, called: pd.DataFrame, scored: pd.DataFrame
) -> pd.DataFrame:
    """The rows of marts.segments.

    `assigned` has user_id and segment_id of everybody in one, `called` segment_id, name_zh, name_en and known_since
    of the model's segments, `scored` user_id and retention_28d where there are such scores.
    """
    seen = stored(keeper.space, snapshot_of(keeper.space, keeper.as_of), SEGMENTED_BY)
    people = seen[seen["user_id"].isin(assigned["user_id"])]
    effects = _effects(people, assigned)
    tables = [
        _sizes(people, assigned, scored),
        _observed(keeper, model),
        _traits(effects),
        apart(effects),
        plays(effects),
        _told(keeper, assigned),
        _named(model, called),
    ]
    found = tables[0]
    for table in tables[1:]:
        found = found.merge(table, on="segment_id", how="left")
    return found


def _effects(people: pd.DataFrame, assigned: pd.DataFrame) -> pd.DataFrame:
    """How each segment differs from the others, new users left out; and these from everybody, newness apart."""
    settled = profiles.profile(people, assigned[assigned["segment_id"] != NEW_USERS])
    new = profiles.profile(people.drop(columns=list(NEWNESS)), assigned).query("segment_id == @NEW_USERS")
    return pd.concat([new, settled], ignore_index=True) if len(settled) else new


def _named(model: KMeansSegments, called: pd.DataFrame) -> pd.DataFrame:
    """The names, beside which everybody's kind stands; new users come last, and were always there."""
    kind = model.kind if model.kind in ("natural", "rules") else "constructed"  # "kmeans" in versions of former days
    new = {"segment_id": NEW_USERS, "name_zh": NEW_NAMES[0], "name_en": NEW_NAMES[1], "kind": "new"}
    columns = ["segment_id", "name_zh", "name_en", "kind", "known_since"]
    both = pd.concat([called.assign(kind=kind), pd.DataFrame([new])], ignore_index=True).reindex(columns=columns)
    days = [date.fromisoformat(day) if isinstance(day, str) else None for day in both["known_since"]]
    return both.assign(known_since=pd.Series(days, dtype=object))


def _sizes(people: pd.DataFrame, assigned: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    joined = people.merge(assigned, on="user_id")
    rows = joined.groupby("segment_id").agg(
        users=("user_id", "size"),
        recency_days_mean=("recency_days", "mean"),
        active_days_28d_mean=("active_days_28d", "mean"),
        spend_84d_sum=("spend_84d", lambda values: values.sum(min_count=1)),
    )
    rows["share"] = rows["users"] / len(joined)
    whole = rows["spend_84d_sum"].sum(min_count=1)
    rows["spend_share"] = rows["spend_84d_sum"] / whole if whole > 0 else None
    if "retention_28d" in scored:
        probabilities = assigned.merge(scored, on="user_id").groupby("segment_id")["retention_28d"]
        rows["retention_28d_mean"] = probabilities.mean()
    return rows.reset_index()


def _observed(keeper: Keeper, model: KMeansSegments) -> pd.DataFrame:
    """Who of the people that were in each segment 28 days ago, by the same model, acted since."""
    then = told_before(keeper.space, keeper.as_of)
    if then is None:
        return pd.DataFrame({"segment_id": pd.array([], "int64")})
    before = people_at(keeper.space, then).assigned(model)
    since = active_since(keeper.space, then, keeper.as_of)
    return profiles.retained(before, since.loc[since["active"], "user_id"], smallest=SMALLEST_DENOMINATOR)


def _traits(effects: pd.DataFrame) -> pd.DataFrame:
    strongest = effects.reindex(effects["effect"].abs().sort_values(ascending=False, kind="stable").index)
    first = strongest.groupby("segment_id").head(TRAITS_SHOWN)
    told = [
        (number, json.dumps(dict(zip(part["feature"], part["effect"].round(2), strict=True))))
        for number, part in first.groupby("segment_id")
    ]
    return pd.DataFrame(told, columns=["segment_id", "traits"])


def _told(keeper: Keeper, assigned: pd.DataFrame) -> pd.DataFrame:
    """The JSON columns top_items, demographics, typical_week; null where nothing is known, or of fewer than ten."""
    space = keeper.space
    space.con.register(ASSIGNED, assigned)
    numbers, counts = np.unique(assigned["segment_id"].to_numpy(), return_counts=True)
    sizes = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    found: Mapping[str, Mapping[int, object]] = {
        "top_items": profiles.top_items(_asked(keeper, USED), sizes=sizes),
        "demographics": profiles.demographics(_said(keeper)),
        "typical_week": profiles.typical_week(_asked(keeper, HOURS), PARTS_OF_DAY),
    }
    space.con.unregister(ASSIGNED)
    large = [number for number, users in sizes.items() if users >= profiles.SMALLEST_CELL]
    texts = {name: [_json(told.get(number)) for number in large] for name, told in found.items()}
    return pd.DataFrame({"segment_id": large, **texts})


def _json(told: object) -> str | None:
    return json.dumps(told, ensure_ascii=False, sort_keys=True) if told else None


def _asked(keeper: Keeper, query: str) -> pd.DataFrame:
    space, as_of = keeper.space, keeper.as_of
    read: Mapping[str, Callable[[], str]] = {
        "items_used": lambda: space.sql(space.daily.rows("user_items")),
        "hours": lambda: space.sql(space.daily.rows("user_hours")),
        "until": lambda: _instant(space, as_of),
    }
    since = as_of - timedelta(days=SEGMENTED_DAYS)
    fixed: dict[str, Any] = {"assigned": ASSIGNED, "since": since, "as_of": as_of}
    needed = {name: make() for name, make in read.items() if f"{{{name}}}" in query}
    return for_models(space.arrow(query.format(**fixed, **needed)))


def _instant(space: Workspace, day: date) -> str:
    return f"TIMESTAMPTZ '{weeks.instant(day, timezone=space.ctx.platform.timezone).isoformat()}'"


def _said(keeper: Keeper) -> pd.DataFrame:
    listed = ", ".join(f'"{name}"' for name in ATTRIBUTES)
    snapshot = snapshot_of(keeper.space, keeper.as_of)
    query = SAID.format(attributes=listed, snapshot=snapshot, assigned=ASSIGNED, values=VALUES_SHOWN, others=OTHERS)
    return for_models(keeper.space.arrow(query))
