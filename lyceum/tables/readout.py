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
    "What became of earlier weeks' lists in the 28 days from their Monday; of recommendations the last four lists "
    "whose 28 days are over, by person: those with a list of their own beside those held out, whether or not it was "
    "ever shown to them.",
    ("list_as_of", "list", "outcome"),
    (
        Column("list_as_of", DATE, "The week of the list", required=True),
        Column("list", VARCHAR, "early_warnings or recommendations", required=True),
        Column(
            "outcome",
            VARCHAR,
            "Of recommendations, with at least one item of one's list: shown (impression or view), clicked (view or "
            "click), enrolled, bought (paid for)",
            required=True,
        ),
        Column("contacted", BIGINT, "People contacted, or with recommendations of their own", "people"),
        Column("contacted_rate", DOUBLE, "Share with the outcome among them", "ratio"),
        Column("holdout", BIGINT, "People left alone, or with the general recommendations", "people"),
        Column("holdout_rate", DOUBLE, "Share with the outcome among them", "ratio"),
        Column("effect", DOUBLE, "Difference of the two shares", "ratio"),
        Column("low_95", DOUBLE, "Lower end of its 95 % interval (Newcombe)", "ratio"),
        Column("high_95", DOUBLE, "Upper end of its 95 % interval (Newcombe)", "ratio"),
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
