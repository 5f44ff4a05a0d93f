"""The snapshots that models and analysts read: one row per user or item as of a Monday."""

from collections.abc import Mapping

from lyceum.schema import BIGINT, BOOLEAN, DOUBLE, VARCHAR, Column, Table
from lyceum.tables import features_behaviour as behaviour
from lyceum.tables import features_intent as intent
from lyceum.tables import features_items as item
from lyceum.tables import features_money as money
from lyceum.tables import features_social as social
from lyceum.tables.feature_columns import AS_OF

USER_SETS: Mapping[str, tuple[Column, ...]] = {
    "activity": behaviour.ACTIVITY,
    "habits": behaviour.HABITS,
    "learning": behaviour.LEARNED,
    "progress": behaviour.PROGRESSED,
    "money": money.SPENT,
    "prices": money.PRICED_AT,
    "entitlements": money.HELD,
    "intent": intent.INTENDED,
    "shopping": intent.SHOPPED,
    "comparing": intent.COMPARED,
    "cart": intent.CARTED,
    "community": social.TALKED,
    "partners": social.PARTNERED,
    "replies": social.REPLIED,
    "communities": social.GATHERED,
    "growth": social.GROWN,
    "profile": social.PROFILED,
    "taste": social.TASTED,
}
ITEM_SETS: Mapping[str, tuple[Column, ...]] = {
    "shelf": item.SHELF,
    "demand": item.DEMAND,
    "sales": item.SALES,
    "cohort": item.COHORT,
}

USER_SNAPSHOT = Table(
    "features.user_snapshot",
    "What was known about each person on a Monday 00:00 local, one row per person seen so far. "
    "Null = unknown: the logs hold no event of the kind, or nothing to compute it from (see features.catalogue).",
    ("user_id",),
    (
        Column("user_id", VARCHAR, "Pseudonym of the person", required=True),
        AS_OF,
        *(column for columns in USER_SETS.values() for column in columns),
    ),
    partition="as_of",
)

ITEM_SNAPSHOT = Table(
    "features.item_snapshot",
    "What was known about each item on a Monday 00:00 local, one row per item.",
    ("item_id",),
    (
        Column("item_id", VARCHAR, "Identity of the item", required=True),
        AS_OF,
        *(column for columns in ITEM_SETS.values() for column in columns),
    ),
    partition="as_of",
)

LABELS = Table(
    "features_labels",
    "What followed a snapshot, for people eligible then. Null = not yet known. Never published.",
    ("user_id",),
    (
        Column("user_id", VARCHAR, "Pseudonym of the person", required=True),
        AS_OF,
        *item.LABEL_COLUMNS,
    ),
    partition="as_of",
)

CATALOGUE = Table(
    "features.catalogue",
    "The dictionary of the snapshots: what each column means, what it holds this week, whether it has moved since "
    "the week before, and how it is computed.",
    ("table_name", "name"),
    (
        Column("table_name", VARCHAR, "The snapshot", required=True),
        Column("name", VARCHAR, "The column", required=True),
        Column("grain", VARCHAR, "user or item"),
        Column("feature_set", VARCHAR, "The columns computed together with it"),
        Column("window_days", BIGINT, "How many days before as_of it covers; null = all of them", "days"),
        Column("meaning", VARCHAR, "What it says"),
        Column("unit", VARCHAR, "Its unit"),
        Column("available", BOOLEAN, "False where the logs hold no event it could come from"),
        Column("why_not", VARCHAR, "Why it is null: for everybody (which events are missing) or for some"),
        Column("null_share", DOUBLE, "Share of the rows in which it is null", "ratio"),
        Column("minimum", DOUBLE, "Smallest value", "as unit"),
        Column("p25", DOUBLE, "A quarter of the known values are at most this", "as unit"),
        Column("median", DOUBLE, "Half of the known values are at most this", "as unit"),
        Column("p75", DOUBLE, "Three quarters of the known values are at most this", "as unit"),
        Column("maximum", DOUBLE, "Largest value", "as unit"),
        Column(
            "categories", VARCHAR, "Of a text, the most frequent values with their shares; under 10 rows withheld"
        ),
        Column(
            "drift", DOUBLE, "Population stability index against the week before, less its mean without any drift"
        ),
        Column(
            "drift_verdict", VARCHAR, "steady (below 0.1), shifted (below 0.25) or shifted strongly, and what moved"
        ),
        Column("expression", VARCHAR, "What is computed, in SQL"),
        Column("sql", VARCHAR, "The whole query of its feature set, over the inputs of features/inputs.py"),
    ),
)

SETS: Mapping[str, Mapping[str, tuple[Column, ...]]] = {USER_SNAPSHOT.name: USER_SETS, ITEM_SNAPSHOT.name: ITEM_SETS}
TABLES = (USER_SNAPSHOT, ITEM_SNAPSHOT, LABELS, CATALOGUE)
