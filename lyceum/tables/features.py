"""The snapshots that models and analysts read: one row per user or item as of a Monday."""

from lyceum.events import ACT, INTENT, INTERACTING, LEARNING, LEARNING_TIME, WRITING
from lyceum.schema import BIGINT, BOOLEAN, DATE, DOUBLE, MONEY, VARCHAR, Column, Table

WINDOWS = (7, 28, 84)  # days before the snapshot's Monday
AS_OF = Column("as_of", DATE, "The Monday 00:00 local before which everything in the row was known", required=True)


def _windowed(stem: str, type_name: str, meaning: str, unit: str, needs: tuple[str, ...]) -> tuple[Column, ...]:
    return tuple(
        Column(f"{stem}_{days}d", type_name, f"{meaning} in the {days} days before as_of", unit, needs=needs)
        for days in WINDOWS
    )


ACTIVITY = (
    Column("tenure_days", BIGINT, "Days from the first event of the person to as_of", "days"),
    Column("recency_days", BIGINT, "Days from the last act to as_of; 1 = active on the day before", "days"),
    *_windowed("acts", BIGINT, "Deliberate events", "events", ACT),
    *_windowed("active_days", BIGINT, "Days with a deliberate event", "days", ACT),
    Column("active_weeks_84d", BIGINT, "Weeks with a deliberate event in the 84 days before as_of", "weeks"),
    Column("acts_trend", DOUBLE, "Acts of the last 28 days over a third of those of the last 84, less 1", "ratio"),
)
LEARNED = (
    *_windowed("learning_events", BIGINT, "Learning events", "events", LEARNING),
    *_windowed("learning_days", BIGINT, "Days with a learning event", "days", LEARNING),
    *_windowed("learning_minutes", DOUBLE, "Minutes spent learning", "minutes", (LEARNING_TIME,)),
    *_windowed("completions", BIGINT, "Lessons and courses completed (times, not people)", "events", ("complete",)),
    *_windowed("submissions", BIGINT, "Exercises handed in", "events", ("submit",)),
    *_windowed("check_ins", BIGINT, "Check-ins", "events", ("check_in",)),
    Column("enrolments_total", BIGINT, "Enrolments so far", "events", needs=("enrol",)),
)
SPENT = (
    *_windowed("purchases", BIGINT, "Paid orders", "orders", ("purchase",)),
    *_windowed("spend", MONEY, "Paid less refunded", "currency", ("purchase",)),
    *_windowed("refunds", BIGINT, "Orders refunded", "orders", ("refund",)),
    Column("purchases_total", BIGINT, "Paid orders so far", "orders", needs=("purchase",)),
    Column("spend_total", MONEY, "Paid less refunded so far", "currency", needs=("purchase",)),
    Column(
        "purchase_recency_days",
        BIGINT,
        "Days from the last paid order to as_of",
        "days",
        needs=("purchase",),
    ),
)
INTENDED = (
    *_windowed("intent_events", BIGINT, "Views, clicks, searches, favourites and carts", "events", INTENT),
    *_windowed("carts", BIGINT, "Items put into the cart", "events", ("add_to_cart",)),
)
TALKED = (
    *_windowed("texts_written", BIGINT, "Posts, answers and comments written", "events", WRITING),
    *_windowed(
        "interactions",
        BIGINT,
        "Texts, likes, votes, accepts, follows and ratings given",
        "events",
        INTERACTING,
    ),
    *_windowed("reactions_received", BIGINT, "Interactions of others addressed to the person", "events", INTERACTING),
)

USER_SNAPSHOT = Table(
    "features.user_snapshot",
    "What was known about each person on a Monday 00:00 local, one row per person seen so far. "
    "Null = the platform's logs hold no event of the kind, so nothing is known.",
    ("user_id",),
    (
        Column("user_id", VARCHAR, "Pseudonym of the person", required=True),
        AS_OF,
        *ACTIVITY,
        *LEARNED,
        *SPENT,
        *INTENDED,
        *TALKED,
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
        Column("kind", VARCHAR, "course, lesson, book, product, membership, bundle"),
        Column("title", VARCHAR, "Its name as shown"),
        Column("category", VARCHAR, "The shelf it stands on"),
        Column("price", MONEY, "List price", "currency"),
        Column("on_sale", BOOLEAN, "Published and not withdrawn at as_of"),
        Column("repeatable", BOOLEAN, "Makes sense to have twice"),
        Column("age_days", BIGINT, "Days from publication, else from the first event, to as_of", "days"),
        *_windowed("users", BIGINT, "Distinct people with an act on it", "people", ACT),
        *_windowed("learners", BIGINT, "Distinct people learning it", "people", LEARNING),
        *_windowed("item_enrolments", BIGINT, "Enrolments", "events", ("enrol",)),
        *_windowed("item_completions", BIGINT, "Completions", "events", ("complete",)),
        *_windowed("item_purchases", BIGINT, "Paid purchases (order lines)", "events", ("purchase",)),
        *_windowed("item_revenue", MONEY, "Paid less refunded", "currency", ("purchase",)),
        *_windowed("item_refunds", BIGINT, "Refunds", "events", ("refund",)),
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
        *(
            Column(f"retained_{days}d", BIGINT, f"1 if active within {days} days from as_of", "0 or 1")
            for days in (7, 28, 84)
        ),
        *(
            Column(f"purchased_{days}d", BIGINT, f"1 if bought (net of refunds) within {days} days", "0 or 1")
            for days in (14, 28)
        ),
        Column("spend_90d", MONEY, "Paid less refunded within 90 days", "currency"),
    ),
    partition="as_of",
)

CATALOGUE = Table(
    "features.catalogue",
    "The dictionary of the snapshots: what each column means and how it is computed.",
    ("table_name", "name"),
    (
        Column("table_name", VARCHAR, "The snapshot", required=True),
        Column("name", VARCHAR, "The column", required=True),
        Column("grain", VARCHAR, "user or item"),
        Column("meaning", VARCHAR, "What it says"),
        Column("unit", VARCHAR, "Its unit"),
        Column("available", BOOLEAN, "False where the logs hold no event it could come from"),
        Column("why_not", VARCHAR, "Which events are missing"),
        Column("sql", VARCHAR, "The query that computes its feature set"),
    ),
)

TABLES = (USER_SNAPSHOT, ITEM_SNAPSHOT, LABELS, CATALOGUE)
