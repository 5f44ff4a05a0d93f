"""The columns of the user snapshot about what people do by themselves: activity, habits, learning, money, intent."""

from lyceum.events import ACT, ENTITLED, INTENT, LEARNING, LEARNING_TIME, LESSONS, PRICED, VISITS
from lyceum.schema import BIGINT, DOUBLE, MONEY, Column
from lyceum.tables.feature_columns import windowed

DENSE_WINDOWS = (1, 3, 7, 14, 28, 56, 84)  # days before as_of, for what happens daily
MID_WINDOWS = (7, 14, 28, 56, 84)
WINDOWS = (7, 28, 84)
RARE_WINDOWS = (28, 84)
MONEY_WINDOWS = (7, 28, 56, 84)
QUARTER = 84  # days; nothing older is in a windowed column
HABIT_DAYS = 84
STALLED_DAYS = 14  # without learning in an unfinished item
ENDING_DAYS = (7, 28)
LEAST_LEARNERS = 5  # of a course, below whom it has no median pace
PARTS_OF_DAY = {"night": (0, 6), "morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24)}


def _ratio(name: str, meaning: str, needs: tuple[str, ...]) -> Column:
    return Column(name, DOUBLE, meaning, "ratio", needs=needs)


def _days(name: str, meaning: str, needs: tuple[str, ...]) -> Column:
    return Column(name, BIGINT, meaning, "days", needs=needs)


def _so_far(name: str, meaning: str, unit: str, needs: tuple[str, ...]) -> Column:
    return Column(name, BIGINT, meaning, unit, needs=needs, zero=True)


ACTIVITY = (
    Column("tenure_days", BIGINT, "Days from the first event of the person to as_of", "days"),
    Column("recency_days", BIGINT, "Days from the last act to as_of; 1 = active on the day before", "days"),
    *windowed("acts", BIGINT, "Deliberate events", "events", needs=ACT, windows=DENSE_WINDOWS),
    *windowed("active_days", BIGINT, "Days with a deliberate event", "days", needs=ACT, windows=MID_WINDOWS),
    _so_far("active_weeks_84d", "Weeks with a deliberate event in the 84 days before as_of", "weeks", ACT),
    _ratio("acts_trend", "Acts of the last 28 days over a third of those of the last 84, less 1", ACT),
    _ratio("active_days_trend", "Active days of the last 14 days over a half of those of the last 28, less 1", ACT),
    Column(
        "gap_mean_84d",
        DOUBLE,
        "Mean days from one active day to the next in the 84 days before as_of; null below two active days",
        "days",
        needs=ACT,
    ),
    _days("gap_longest_84d", "Longest time from one active day to the next in the 84 days before as_of", ACT),
    _ratio("gap_current_ratio", "recency_days over gap_mean_84d: above 1 = away for longer than usual", ACT),
    _so_far("streak_days", "Days in a row with an act up to the day before as_of, 84 at most", "days", ACT),
    _so_far("streak_days_longest_84d", "Longest run of active days in the 84 days before as_of", "days", ACT),
    _so_far("streak_weeks", "Weeks in a row with an act up to as_of, 12 at most", "weeks", ACT),
    _so_far("streak_weeks_longest_84d", "Longest run of active weeks in the 84 days before as_of", "weeks", ACT),
    *windowed("complaints", BIGINT, "Complaints made", "events", needs=("complain",), windows=(QUARTER,)),
    *windowed(
        "cancellations", BIGINT, "Plans cancelled and groups left", "events", needs=("cancel",), windows=(QUARTER,)
    ),
)
HABITS = (
    *(
        _ratio(
            f"{part}_share_84d",
            f"Share of the acts of the 84 days before as_of from {a:02d}:00 to {b:02d}:00 local",
            ACT,
        )
        for part, (a, b) in PARTS_OF_DAY.items()
    ),
    _ratio("weekend_share_84d", "Share of the acts of the 84 days before as_of on Saturdays and Sundays", ACT),
    Column(
        "main_hour_84d",
        BIGINT,
        "Local hour with most acts in the 84 days before as_of (0-23, the earliest of equals)",
        "hour",
        needs=ACT,
    ),
    Column(
        "hour_entropy_84d",
        DOUBLE,
        "Entropy of the acts of the 84 days before as_of over the local hours: 0 = always the same hour, ln 24 = any",
        "nats",
        needs=ACT,
    ),
    *windowed(
        "sessions",
        BIGINT,
        "Visits with an act (one over midnight counts twice)",
        "visits",
        needs=(VISITS,),
        windows=RARE_WINDOWS,
    ),
    Column(
        "session_minutes_mean_84d",
        DOUBLE,
        "Mean minutes from the first to the last event of a visit in the 84 days before as_of",
        "minutes",
        needs=(VISITS,),
    ),
)
LEARNED = (
    *windowed("learning_events", BIGINT, "Learning events", "events", needs=LEARNING, windows=DENSE_WINDOWS),
    *windowed("learning_days", BIGINT, "Days with a learning event", "days", needs=LEARNING, windows=WINDOWS),
    *windowed(
        "learning_minutes", DOUBLE, "Minutes spent learning", "minutes", needs=(LEARNING_TIME,), windows=MID_WINDOWS
    ),
    *windowed(
        "completions",
        BIGINT,
        "Lessons and courses completed (times, not people)",
        "events",
        needs=("complete",),
        windows=WINDOWS,
    ),
    *windowed("submissions", BIGINT, "Exercises handed in", "events", needs=("submit",), windows=WINDOWS),
    *windowed("check_ins", BIGINT, "Check-ins", "events", needs=("check_in",), windows=WINDOWS),
    *windowed("attendances", BIGINT, "Live lessons attended", "events", needs=("attend",), windows=RARE_WINDOWS),
    _ratio(
        "learning_trend", "Learning events of the last 28 days over a third of those of the last 84, less 1", LEARNING
    ),
)
PROGRESSED = (
    *windowed(
        "items_learnt", BIGINT, "Distinct items with a learning event", "items", needs=LEARNING, windows=WINDOWS
    ),
    *windowed(
        "lessons_reached", BIGINT, "Lessons reached for the first time", "lessons", needs=(LESSONS,), windows=WINDOWS
    ),
    _so_far("items_begun_total", "Distinct items with a learning event so far", "items", LEARNING),
    _so_far("items_finished_total", "Distinct items completed as a whole so far", "items", ("complete",)),
    _ratio(
        "progress_mean_84d",
        "Mean share of the known lessons of an item that the person has reached, over the items learnt in the 84 "
        "days before as_of (each cut to four decimals)",
        (LESSONS,),
    ),
    _ratio(
        "progress_max_84d", "The largest of the shares of progress_mean_84d: the furthest place reached", (LESSONS,)
    ),
    _ratio("current_progress", "Share of the known lessons reached in the item learnt last", (LESSONS,)),
    _days("current_item_days", "Days from the first learning event in the item learnt last to as_of", LEARNING),
    _ratio(
        "current_pace_ratio",
        "Lessons reached a week since its beginning in the item learnt last, over that of the median learner of the "
        f"item in the 84 days before as_of; null below {LEAST_LEARNERS} learners",
        (LESSONS,),
    ),
    *windowed(
        "stalled_items",
        BIGINT,
        f"Items learnt but not in the last {STALLED_DAYS} days, and not completed as a whole",
        "items",
        needs=LEARNING,
        windows=(QUARTER,),
    ),
)
SPENT = (
    *windowed("purchases", BIGINT, "Paid orders", "orders", needs=("purchase",), windows=MONEY_WINDOWS),
    *windowed("spend", MONEY, "Paid less refunded", "currency", needs=("purchase",), windows=MONEY_WINDOWS),
    *windowed("refunds", BIGINT, "Orders refunded", "orders", needs=("refund",), windows=WINDOWS),
    _so_far("enrolments_total", "Enrolments so far", "events", ("enrol",)),
    _so_far("purchases_total", "Paid orders so far", "orders", ("purchase",)),
    Column("spend_total", MONEY, "Paid less refunded so far", "currency", needs=("purchase",), zero=True),
    _so_far("refunds_total", "Orders refunded so far", "orders", ("refund",)),
    _days("purchase_recency_days", "Days from the last paid order to as_of", ("purchase",)),
    _days("first_purchase_days", "Days from the first paid order to as_of", ("purchase",)),
    Column(
        "purchase_gap_mean_days",
        DOUBLE,
        "Mean days from one day with a paid order to the next so far; null below two",
        "days",
        needs=("purchase",),
    ),
    Column("order_value_mean", DOUBLE, "Mean amount of a paid order so far", "currency", needs=("purchase",)),
)
PRICED_AT = (
    _ratio(
        "discount_share_84d",
        "What was taken off the list prices known at the time, over these prices, in the paid orders of the 84 days "
        "before as_of",
        (PRICED,),
    ),
    _ratio(
        "price_level_84d",
        "Mean list price of the order lines of the 84 days before as_of over that of the priced items known at as_of",
        (PRICED,),
    ),
)
HELD = (
    _so_far(
        "entitlements_active", "Rights to use an item that have begun and not ended at as_of", "rights", (ENTITLED,)
    ),
    *(
        _so_far(
            f"entitlements_ending_{n}d",
            f"Those of entitlements_active that end within {n} days",
            "rights",
            (ENTITLED,),
        )
        for n in ENDING_DAYS
    ),
    *windowed("entitlements_ended", BIGINT, "Rights that ended", "rights", needs=(ENTITLED,), windows=(28,)),
    _days("entitlement_next_end_days", "Days, begun ones included, to the next end of an active right", (ENTITLED,)),
)
INTENDED = (
    *windowed(
        "intent_events",
        BIGINT,
        "Views, clicks, searches, favourites and carts",
        "events",
        needs=INTENT,
        windows=DENSE_WINDOWS,
    ),
    *windowed("views", BIGINT, "Items and pages viewed", "events", needs=("view",), windows=RARE_WINDOWS),
    *windowed("searches", BIGINT, "Searches", "events", needs=("search",), windows=RARE_WINDOWS),
    *windowed("favourites", BIGINT, "Items kept as favourites", "events", needs=("favourite",), windows=(QUARTER,)),
    *windowed("carts", BIGINT, "Items put into the cart", "events", needs=("add_to_cart",), windows=WINDOWS),
    *windowed(
        "coupons", BIGINT, "Coupons offered, claimed or redeemed", "events", needs=("coupon",), windows=RARE_WINDOWS
    ),
)
