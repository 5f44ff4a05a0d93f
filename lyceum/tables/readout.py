"""What became of what was published: whether advice and activities worked, and figures that later logs changed."""

from lyceum.schema import BIGINT, DATE, DOUBLE, VARCHAR, Column, Table

ACTIVITY_EFFECTS = Table(
    "marts.activity_effects",
    "What activities changed, against people like those who took part.",
    ("activity_id", "outcome"),
    (
        Column("activity_id", VARCHAR, "The activity", required=True),
        Column("outcome", VARCHAR, "What was measured", required=True),
        Column("participants", BIGINT, "People who took part", "people"),
        Column("effect", DOUBLE, "Estimated difference"),
        Column("low_95", DOUBLE, "Lower end of the 95 % interval"),
        Column("high_95", DOUBLE, "Upper end of the 95 % interval"),
        Column("method", VARCHAR, "How it was estimated"),
    ),
)

OUTCOMES = Table(
    "marts.outcomes",
    "Did earlier lists change anything: what people did in the 28 days from the Monday of their list, those whom "
    "it would have contacted (or with recommendations of their own) beside those drawn to be left alone. Of each "
    "kind of list the last four whose 28 days are over, and of early_warnings the last twelve together. On "
    "early_warnings everybody counts once, on the first list that named them and by which somebody might have "
    "contacted them: later lists name people whom earlier contacts left at risk, who are not alike on both sides.",
    ("list_as_of", "list", "outcome", "scope", "basis"),
    (
        Column("list_as_of", DATE, "The week of the list; of lists taken together that of the newest", required=True),
        Column("list", VARCHAR, "early_warnings or recommendations", required=True),
        Column(
            "outcome",
            VARCHAR,
            "Of early_warnings: back_28d and back_14d (an act in the first 28 or 14 days), net_spend_28d (paid less "
            "refunded, per person), and as harm complained_28d, refunded_28d and unsubscribed_28d (a consent taken "
            "back) where the logs tell of such. Of recommendations, with at least one item of one's list in 28 days: "
            "shown (impression or view), clicked (view or click), enrolled, bought (paid for)",
            required=True,
        ),
        Column("scope", VARCHAR, "list, or pooled: several lists together", required=True),
        Column(
            "basis",
            VARCHAR,
            "assigned: everybody as drawn, reached or not: the figure that tells. as_contacted: of the contacted "
            "side only who was reached; these differ from the others in more than the contact, so it proves nothing",
            required=True,
        ),
        Column("role", VARCHAR, "stated (the one outcome that lists are judged by), further, or harm"),
        Column("lists", BIGINT, "Lists behind the row", "lists"),
        Column("unit", VARCHAR, "Of effect, low_95 and high_95: ratio, or currency for amounts per person"),
        Column(
            "contacted", BIGINT, "People whom the list would have contacted, or with a list of their own", "people"
        ),
        Column("reached", BIGINT, "Of them contacted because of the list; null = contacts are not logged", "people"),
        Column("contacted_rate", DOUBLE, "Share with the outcome among them; null = fewer than 30", "ratio"),
        Column("contacted_mean", DOUBLE, "Of amounts the mean instead", "currency"),
        Column("holdout", BIGINT, "People left alone, or with the general recommendations", "people"),
        Column("holdout_reached", BIGINT, "Of them contacted all the same; null = contacts are not logged", "people"),
        Column("holdout_rate", DOUBLE, "Share with the outcome among them; null = fewer than 30", "ratio"),
        Column("holdout_mean", DOUBLE, "Of amounts the mean instead", "currency"),
        Column("effect", DOUBLE, "Difference of the two; null where either side has fewer than 30 people"),
        Column("low_95", DOUBLE, "Lower end of its 95 % interval (of shares Newcombe's, of amounts Student's)"),
        Column("high_95", DOUBLE, "Upper end of its 95 % interval"),
    ),
)

RESTATEMENTS = Table(
    "marts.restatements",
    "Figures of earlier weeks that late or corrected logs changed since the release before this one.",
    ("week", "kpi"),
    (
        Column("week", DATE, "Monday of the week", required=True),
        Column("kpi", VARCHAR, "The figure, of marts.weekly_kpis", required=True),
        Column("published", DOUBLE, "As it stood in the newest release of a week before this one's"),
        Column("restated", DOUBLE, "As it stands now"),
        Column("published_as_of", DATE, "The week of that release"),
    ),
)

TABLES = (ACTIVITY_EFFECTS, OUTCOMES, RESTATEMENTS)
