"""Where people move and what is taken off: from state to state, from lesson to lesson, and from the list price."""

from lyceum.schema import BIGINT, BOOLEAN, DATE, DOUBLE, MONEY, VARCHAR, Column, Table

DROP_OFF_AGE = 28  # days that everybody of a cohort of starters is given
DROP_OFF_WEEKS = 26  # of people who began, the newest of them just old enough; camps begin twice a year
DROP_OFF_COURSES = 50  # told of: those with most starters
DROP_OFF_POSITIONS = 100  # of a course at most
LEAST_STARTERS = 30
DISCOUNT_WEEKS = 26
WELL_PRICED = 0.9  # of the money paid in a week: below that a discount would be told of too small a part

LIFECYCLE_MOVES = Table(
    "marts.lifecycle_moves",
    "How the people of each weekly state of the week before moved into their state of this week.",
    ("from_state", "to_state"),
    (
        Column("from_state", VARCHAR, "State in the week before; unseen = no act by then", required=True),
        Column("to_state", VARCHAR, "State in the week", required=True),
        Column("users", BIGINT, "People who did; moves that nobody made have no row", "people"),
    ),
)

COURSE_DROP_OFF = Table(
    "marts.course_drop_off",
    f"How far people get in a course: of those who began it in the {DROP_OFF_WEEKS} weeks that ended {DROP_OFF_AGE} "
    f"days before the end of the week, who reached how many different lessons within {DROP_OFF_AGE} days of the "
    f"first. The {DROP_OFF_COURSES} courses with most starters, {LEAST_STARTERS} or more.",
    ("item_id", "position"),
    (
        Column("item_id", VARCHAR, "The course", required=True),
        Column(
            "position",
            BIGINT,
            "The n-th different lesson that a person reached, in whatever order: lessons left out or locked make no "
            f"cliff; {DROP_OFF_POSITIONS} at most",
            "ordinal",
            required=True,
        ),
        Column("starters", BIGINT, "People of the cohort: they reached a first lesson", "people"),
        Column("people_at_risk", BIGINT, "Of them: reached the position before this one", "people"),
        Column("reached", BIGINT, "Of them: reached this position", "people"),
        Column("share", DOUBLE, "reached / starters", "ratio"),
        Column(
            "stopped_share",
            DOUBLE,
            f"1 - reached / people_at_risk: who got no further; null below {LEAST_STARTERS} people_at_risk",
            "ratio",
        ),
        Column("low_95", DOUBLE, "Lower end of its 95 % Wilson interval", "ratio"),
        Column("high_95", DOUBLE, "Upper end of its 95 % Wilson interval", "ratio"),
        Column("last", BOOLEAN, "Whether nobody has ever reached a further lesson of the course"),
    ),
    foreign=(("item_id", "features.item_snapshot"),),
)

WEEKLY_DISCOUNTS = Table(
    "marts.weekly_discounts",
    "What was taken off the list price of the paid order lines of each week, as far as the catalogue told a list "
    "price when they were bought.",
    ("week",),
    (
        Column("week", DATE, "Monday of the week", required=True),
        Column("lines", BIGINT, "Paid order lines", "order lines"),
        Column("lines_priced", BIGINT, "Of them: of an item with a list price known then", "order lines"),
        Column("paid", MONEY, "Paid for all lines: the GMV", "currency"),
        Column("paid_priced", MONEY, "Paid for the priced lines", "currency"),
        Column(
            "discount",
            MONEY,
            "List price less what was paid, summed over the priced lines; 0 for a line above its list price; null "
            f"where less than {WELL_PRICED:.0%} of the money was paid for priced lines",
            "currency",
        ),
    ),
)

TABLES = (LIFECYCLE_MOVES, COURSE_DROP_OFF, WEEKLY_DISCOUNTS)
