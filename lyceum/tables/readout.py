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
    "What became of earlier weeks' lists and recommendations.",
    ("list_as_of", "list", "outcome"),
    (
        Column("list_as_of", DATE, "The week of the list", required=True),
        Column("list", VARCHAR, "early_warnings or recommendations", required=True),
        Column("outcome", VARCHAR, "What was measured", required=True),
        Column("contacted", BIGINT, "People contacted or shown", "people"),
        Column("contacted_rate", DOUBLE, "Share with the outcome among them", "ratio"),
        Column("holdout", BIGINT, "People left alone", "people"),
        Column("holdout_rate", DOUBLE, "Share with the outcome among them", "ratio"),
        Column("effect", DOUBLE, "Difference of the two shares", "ratio"),
        Column("low_95", DOUBLE, "Lower end of the 95 % interval", "ratio"),
        Column("high_95", DOUBLE, "Upper end of the 95 % interval", "ratio"),
    ),
)

RESTATEMENTS = Table(
    "marts.restatements",
    "Figures of earlier weeks that late or corrected logs changed.",
    ("week", "kpi"),
    (
        Column("week", DATE, "Monday of the week", required=True),
        Column("kpi", VARCHAR, "The figure", required=True),
        Column("published", DOUBLE, "As it stood in the last release"),
        Column("restated", DOUBLE, "As it stands now"),
        Column("published_as_of", DATE, "The release that printed the old figure"),
    ),
)

TABLES = (ACTIVITY_EFFECTS, OUTCOMES, RESTATEMENTS)
