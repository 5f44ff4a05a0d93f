"""What recommenders may know on a Monday: who had what, what stands on the shelf, and who people are."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import pandas as pd

from features import pairs
from features.items import SHELF_SET
from features.joining import ITEM, beside
from features.windows import Past, compute
from lyceum import weeks
from lyceum.contact_rules import PERSONALISATION
from lyceum.engine import quoted
from lyceum.schema import with_history
from lyceum.tables.marts import USER_SCORES
from models.recommendation.shelf_rules import ShelfRules
from models.recommendation.side import COLUMNS
from pipelines.workspace import Workspace, for_models

OWNED_LONG_AGO = 2**-20  # weight of what is owned and was not used in the window: it counts, and moves no popularity
WEIGHTS = ("weight", "decayed_14d", "decayed_56d")

RIGHTS = "SELECT DISTINCT user_id, item_id FROM entitlements WHERE starts_at < {until} ORDER BY user_id, item_id"
PEOPLE = """
SELECT user_id, channel, CAST(segment_id AS VARCHAR) AS segment, coalesce(granted = 0, false) AS refused
FROM (SELECT DISTINCT user_id FROM ({days}) WHERE event_date < DATE '{as_of}')
LEFT JOIN (
    SELECT user_id, channel FROM users WHERE coalesce(known_at < {until}, true)
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY known_at DESC NULLS LAST, batch_id DESC) = 1
) USING (user_id)
LEFT JOIN ({segments}) USING (user_id)
LEFT JOIN (
    SELECT user_id, granted FROM consents WHERE purpose = {purpose} AND "at" < {until}
    QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY "at" DESC, granted) = 1
) USING (user_id)
ORDER BY user_id
"""


@dataclass(frozen=True)
class Week:
    """Everything known before `as_of`.

    used: user_id, item_id, WEIGHTS, of what was used in the window or owned at any time · catalogue: the columns of
    models.recommendation.side and on_sale · people: user_id, channel, segment (null = not known) and refused (they
    said no to personalisation), of everybody seen so far.
    """

    as_of: date
    used: pd.DataFrame
    catalogue: pd.DataFrame
    people: pd.DataFrame

    @cached_property
    def on_sale(self) -> pd.Series:
        """The items that may be shown."""
        items: pd.Series = self.catalogue.loc[self.catalogue["on_sale"], "item_id"]
        return items

    @cached_property
    def exclude(self) -> pd.DataFrame:
        """user_id, item_id never to be shown: all that was had, but for what makes sense to have twice."""
        again = self.catalogue.loc[self.catalogue["repeatable"], "item_id"]
        return self.used.loc[~self.used["item_id"].isin(again), ["user_id", "item_id"]]

    @cached_property
    def rules(self) -> ShelfRules:
        """The rules of series and bundles."""
        return ShelfRules(self.catalogue[list(COLUMNS)], as_of=self.as_of)

    @cached_property
    def ages(self) -> pd.Series:
        """Days since each item was published, by item_id; those that do not say when are left out."""
        dated = self.catalogue.dropna(subset="published_at").set_index("item_id")["published_at"]
        days: pd.Series = (pd.Timestamp(self.as_of, tz="UTC") - pd.to_datetime(dated, utc=True)) / pd.Timedelta(
            days=1
        )
        return days


def had(space: Workspace, as_of: date, /) -> pd.DataFrame:
    """user_id, item_id, WEIGHTS and owned: who used or owned what before a Monday (see features.pairs)."""
    used = space.daily.rows("user_items")
    rows = pairs.interactions(used, as_of=as_of, window_days=space.ctx.settings.interaction_days)
    return space.frame(rows.select("user_id", "item_id", *WEIGHTS, "owned"), order=("user_id", "item_id"))


def week(space: Workspace, as_of: date, /, *, segments: pd.DataFrame | None = None) -> Week:
    """The week before `as_of`; `segments` has user_id and segment_id, None = as the scored week has stored them."""
    until = f"TIMESTAMPTZ '{weeks.instant(as_of, timezone=space.ctx.platform.timezone).isoformat()}'"
    people = _people(space, as_of, until, segments)
    return Week(as_of, _used(space, as_of, until, people["user_id"]), _catalogue(space, as_of, until), people)


def _used(space: Workspace, as_of: date, until: str, people: "pd.Series[str]") -> pd.DataFrame:
    """`had` and what people have a right to; a right without a trace of use weighs like what is owned long ago."""
    used = had(space, as_of)
    rights = for_models(space.arrow(RIGHTS.format(until=until)))
    rights = rights[rights["user_id"].isin(people)]
    found = used.merge(rights, on=["user_id", "item_id"], how="outer") if len(rights) else used
    weights = found[list(WEIGHTS)].fillna(0.0)
    return pd.concat([found[["user_id", "item_id"]], weights.where(weights > 0, OWNED_LONG_AGO)], axis="columns")


def _catalogue(space: Workspace, as_of: date, until: str) -> pd.DataFrame:
    """Every item described or touched, in the version known then."""
    moment = space.kept("recommendation_moment", f"SELECT DATE '{as_of}' AS as_of, {until} AS before")
    past = Past({"items": space.items, "user_items": space.daily.rows("user_items")}, moment, (as_of, as_of))
    shelf = compute(SHELF_SET, past)
    told = [name for name in COLUMNS if name not in shelf.columns]
    both = beside(shelf, past.known("items", key="item_id").select(*ITEM, *told), key=ITEM)
    return space.frame(both.select(*COLUMNS, "on_sale"), order=("item_id",))


def _people(space: Workspace, as_of: date, until: str, segments: pd.DataFrame | None) -> pd.DataFrame:
    stored = "SELECT user_id, segment_id FROM recommendation_segments"
    if segments is None:
        scored = space.ctx.scored.source(with_history(USER_SCORES), where=f"as_of = DATE '{as_of}'")
        stored = f"SELECT user_id, segment_id FROM ({scored})"
    else:
        space.con.register("recommendation_segments", segments[["user_id", "segment_id"]])
    told = {"days": space.sql(space.days.select("user_id", "event_date")), "segments": stored}
    query = PEOPLE.format(**told, as_of=as_of, until=until, purpose=quoted(PERSONALISATION))
    return for_models(space.arrow(query))
