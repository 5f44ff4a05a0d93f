"""The columns of the user snapshot about what people do by themselves: activity, habits, learning."""

from lyceum.events import ACT, LEARNING, LEARNING_TIME, LESSONS, VISITS
from lyceum.schema import BIGINT, DOUBLE, Column
from lyceum.tables.feature_columns import as_ratio, in_days, so_far, windowed

DENSE_WINDOWS = (1, 3, 7, 14, 28, 56, 84)  # days before as_of, for what happens daily
MID_WINDOWS = (7, 14, 28, 56, 84)
WINDOWS = (7, 28, 84)
RARE_WINDOWS = (28, 84)
QUARTER = 84  # days; nothing older is in a windowed column
HABIT_DAYS = 84
STALLED_DAYS = 14  # without learning in an unfinished item
LEAST_LEARNERS = 5  # of a course, below whom it has no median pace
PARTS_OF_DAY = {"night": (0, 6), "morning": (6, 12), "afternoon": (12, 18), "evening": (18, 24)}

ACTIVITY = (
    Column("tenure_days", BIGINT, "Days from the first event of the person to as_of", "days"),
    Column("recency_days", BIGINT, "Days from the last act to as_of; 1 = active on the day before", "days"),
    *windowed("acts", BIGINT, "Deliberate events", "events", needs=ACT, windows=DENSE_WINDOWS),
    *windowed("active_days", BIGINT, "Days with a deliberate event", "days", needs=ACT, windows=MID_WINDOWS),
    so_far("active_weeks_84d", "Weeks with a deliberate event in the 84 days before as_of", "weeks", ACT),
    as_ratio("acts_trend", "Acts of the last 28 days over a third of those of the last 84, less 1", ACT),
    as_ratio("active_days_trend", "Active days of the last 14 days over a half of those of the last 28, less 1", ACT),
    Column(
        "gap_mean_84d",
        DOUBLE,
        "Mean days from one active day to the next in the 84 days before as_of; null below two active days",
        "days",
        needs=ACT,
    ),
    in_days("gap_longest_84d", "Longest time from one active day to the next in the 84 days before as_of", ACT),
    as_ratio("gap_current_ratio", "recency_days over gap_mean_84d: above 1 = away for longer than usual", ACT),
    so_far("streak_days", "Days in a row with an act up to the day before as_of, 84 at most", "days", ACT),
    so_far("streak_days_longest_84d", "Longest run of active days in the 84 days before as_of", "days", ACT),
    so_far("streak_weeks", "Weeks in a row with an act up to as_of, 12 at most", "weeks", ACT),
    so_far("streak_weeks_longest_84d", "Longest run of active weeks in the 84 days before as_of", "weeks", ACT),
    *windowed("complaints", BIGINT, "Complaints made", "events", needs=("complain",), windows=(QUARTER,)),
    *windowed(
        "cancellations", BIGINT, "Plans cancelled and groups left", "events", needs=("cancel",), windows=(QUARTER,)
    ),
)
HABITS = (
    *(
        as_ratio(
            f"{part}_share_84d",
            f"Share of the acts of the 84 days before as_of from {a:02d}:00 to {b:02d}:00 local",
            ACT,
        )
        for part, (a, b) in PARTS_OF_DAY.items()
    ),
    as_ratio("weekend_share_84d", "Share of the acts of the 84 days before as_of on Saturdays and Sundays", ACT),
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
    as_ratio(
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
    so_far("items_begun_total", "Distinct items with a learning event so far", "items", LEARNING),
    so_far("items_finished_total", "Distinct items completed as a whole so far", "items", ("complete",)),
    as_ratio(
        "progress_mean_84d",
        "Mean share of the known lessons of an item that the person has reached, over the items learnt in the 84 "
        "days before as_of (each cut to four decimals)",
        (LESSONS,),
    ),
    as_ratio(
        "progress_max_84d", "The largest of the shares of progress_mean_84d: the furthest place reached", (LESSONS,)
    ),
    as_ratio("current_progress", "Share of the known lessons reached in the item learnt last", (LESSONS,)),
    in_days("current_item_days", "Days from the first learning event in the item learnt last to as_of", LEARNING),
    as_ratio(
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
