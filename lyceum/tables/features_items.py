"""The columns of the item snapshot, by feature set, and those of the labels."""

from lyceum.events import ACT, FINISHING, LEARNING, LEARNING_TIME, PRICED, RATING, SHELVED
from lyceum.schema import BIGINT, BOOLEAN, DOUBLE, MONEY, VARCHAR, Column
from lyceum.tables.feature_columns import windowed

ITEM_WINDOWS = (7, 28, 84)  # days before as_of
COHORT_DAYS = 56  # the age at which a cohort of learners is judged
LEAST_OF_A_RATE = 30  # people or orders below which a rate is no figure

SHELF = (
    Column("kind", VARCHAR, "course, lesson, book, product, membership, bundle"),
    Column("title", VARCHAR, "Its name as shown"),
    Column("category", VARCHAR, "The shelf it stands on", needs=(SHELVED,)),
    Column("price", MONEY, "List price", "currency", needs=(PRICED,)),
    Column("on_sale", BOOLEAN, "Published and not withdrawn at as_of"),
    Column("repeatable", BOOLEAN, "Makes sense to have twice"),
    Column("age_days", BIGINT, "Whole days from publication, else from the first event, to as_of", "days"),
    Column(
        "price_to_category",
        DOUBLE,
        "List price over the median list price of what is on sale in its category",
        "ratio",
        needs=(PRICED,),
    ),
)
DEMAND = (
    *windowed("users", BIGINT, "Distinct people with an act on it", "people", needs=ACT, windows=ITEM_WINDOWS),
    *windowed("learners", BIGINT, "Distinct people learning it", "people", needs=LEARNING, windows=ITEM_WINDOWS),
    *windowed("buyers", BIGINT, "Distinct people who paid for it", "people", needs=("purchase",), windows=(84,)),
    Column(
        "demand_trend",
        DOUBLE,
        "Three times the people of the last 28 days over those of the last 84, less 1: -1 gone, 0 even or all loyal",
        "ratio",
        needs=ACT,
    ),
)
SALES = (
    *windowed("item_enrolments", BIGINT, "Enrolments", "events", needs=("enrol",), windows=ITEM_WINDOWS),
    *windowed("item_completions", BIGINT, "Completions", "events", needs=("complete",), windows=ITEM_WINDOWS),
    *windowed("item_minutes", DOUBLE, "Minutes spent on it", "minutes", needs=(LEARNING_TIME,), windows=ITEM_WINDOWS),
    *windowed(
        "item_purchases",
        BIGINT,
        "Paid purchases (order lines)",
        "order lines",
        needs=("purchase",),
        windows=ITEM_WINDOWS,
    ),
    *windowed("item_revenue", MONEY, "Paid less refunded", "currency", needs=("purchase",), windows=ITEM_WINDOWS),
    *windowed("item_refunds", BIGINT, "Refunds", "order lines", needs=("refund",), windows=ITEM_WINDOWS),
    Column(
        "refund_share_84d",
        DOUBLE,
        f"item_refunds_84d over item_purchases_84d; null below {LEAST_OF_A_RATE} purchases",
        "ratio",
        needs=("refund",),
    ),
    Column("rating_count", BIGINT, "Ratings so far", "ratings", needs=(RATING,), zero=True),
    Column("rating_mean", DOUBLE, "Mean of the ratings so far, whatever their number", "stars", needs=(RATING,)),
    Column("last_used_days", BIGINT, "Days from the last act on it to as_of; 1 = the day before", "days", needs=ACT),
)
COHORT = (
    Column(
        "cohort_people",
        BIGINT,
        f"People who got it (enrolled or paid) {COHORT_DAYS} days before as_of or earlier and did not get all they "
        f"paid back within {COHORT_DAYS} days",
        "people",
        needs=(FINISHING,),
        zero=True,
    ),
    Column(
        "cohort_started",
        BIGINT,
        f"Those of cohort_people with a learning event within {COHORT_DAYS} days",
        "people",
        needs=(FINISHING,),
        zero=True,
    ),
    Column(
        "cohort_finished",
        BIGINT,
        f"Those of cohort_people who completed it as a whole within {COHORT_DAYS} days",
        "people",
        needs=(FINISHING,),
        zero=True,
    ),
    Column(
        "completion_rate",
        DOUBLE,
        f"cohort_finished over cohort_people; null below {LEAST_OF_A_RATE} people",
        "ratio",
        needs=(FINISHING,),
    ),
    Column(
        "completion_rate_started",
        DOUBLE,
        f"cohort_finished over cohort_started; null below {LEAST_OF_A_RATE} people",
        "ratio",
        needs=(FINISHING,),
    ),
)
ITEM_COLUMNS = (*SHELF, *DEMAND, *SALES, *COHORT)

RETENTION_DAYS = (7, 28, 84)
PURCHASE_DAYS = (14, 28)
SPEND_DAYS = 90
OUTCOME_DAYS = tuple(sorted({*RETENTION_DAYS, *PURCHASE_DAYS, SPEND_DAYS}))
LABEL_COLUMNS = (
    *(
        Column(
            f"retained_{days}d",
            BIGINT,
            f"1 if active within {days} days from as_of; null also where all that the person has ends in that time",
            "0 or 1",
        )
        for days in RETENTION_DAYS
    ),
    *(
        Column(f"purchased_{days}d", BIGINT, f"1 if bought (net of refunds) within {days} days from as_of", "0 or 1")
        for days in PURCHASE_DAYS
    ),
    Column(f"spend_{SPEND_DAYS}d", MONEY, f"Paid less refunded within {SPEND_DAYS} days from as_of", "currency"),
    *(
        Column(
            f"known_{days}d",
            BOOLEAN,
            f"Whether the {days} days from as_of were over when this was written: what is false is no outcome",
            required=True,
        )
        for days in OUTCOME_DAYS
    ),
)
