"""How people take part in the community: each way in one row."""

from lyceum.schema import BIGINT, DATE, DOUBLE, VARCHAR, Column, Table

COMMUNITY_BEHAVIOURS = Table(
    "marts.community_behaviours",
    "The ways in which people take part in the community in 84 days, each in one row; reading along is one of them.",
    ("behaviour_id",),
    (
        Column(
            "behaviour_id",
            BIGINT,
            "Number of the behaviour, stable from week to week; 0 = fewer than 5 acts, too few to tell; 1 to 99 = "
            "found in the data; from 101 = by rules",
            required=True,
        ),
        Column("name_zh", VARCHAR, "Name (Chinese)"),
        Column("name_en", VARCHAR, "Name (English)"),
        Column(
            "kind",
            VARCHAR,
            "natural = a cluster that stands out; rules = no clusters stand out, so it is what people do more than "
            "others do; seldom = too few acts to tell",
        ),
        Column("known_since", DATE, "Monday of the first week that has it under this name"),
        Column("users", BIGINT, "People who take part so", "people"),
        Column("share", DOUBLE, "Of all people with an act in the community", "ratio"),
        Column("texts", BIGINT, "Posts, answers and comments that they wrote", "texts"),
        Column("replies_given", BIGINT, "Answers and comments that they wrote", "texts"),
        Column("read", BIGINT, "Views of theirs in communities", "events"),
        Column(
            "received", BIGINT, "Replies, likes, votes, accepts and follows of others that they received", "events"
        ),
        Column("days_mean", DOUBLE, "Mean days with an act in the community", "days"),
        Column("retention_28d_mean", DOUBLE, "Mean of retention_28d over its people", "probability"),
        Column(
            "traits",
            VARCHAR,
            "Share of its people's acts by kind: asked, answered, commented, reacted, read",
            "JSON object",
        ),
    ),
)
TABLES = (COMMUNITY_BEHAVIOURS,)
