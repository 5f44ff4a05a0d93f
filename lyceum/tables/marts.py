"""What analysts query and managers read about: one row per key for the newest week."""

from lyceum.schema import BIGINT, BOOLEAN, DATE, DOUBLE, MONEY, VARCHAR, Column, Table
from lyceum.tables import behaviours, movements, prediction, rates, readout, scorecards, topics

USER = Column("user_id", VARCHAR, "Pseudonym of the person", required=True)
ITEM = Column("item_id", VARCHAR, "Identity of the item", required=True)
SEGMENT = Column("segment_id", BIGINT, "Number of the segment, stable from week to week", required=True)

USER_SCORES = Table(
    "marts.user_scores",
    "Everything the models say about each person seen so far; null with a score_status where a score does not apply.",
    ("user_id",),
    (
        USER,
        Column("segment_id", BIGINT, "Number of the segment; 0 = new users; null if not active in the last 84 days"),
        Column("segment_name", VARCHAR, "Name of the segment (Chinese)"),
        Column("lifecycle_state", VARCHAR, "new, active, returned, resurrected, at_risk, dormant or churned"),
        Column("eligible", BOOLEAN, "Active in the 28 days before the week: the people a churn score is about"),
        Column(
            "score_status",
            VARCHAR,
            "scored = churn_28d and purchase_28d are there; not_eligible; else why the missing one is (churn_28d "
            "before purchase_28d): no_matured_week = no earlier week's outcome is over yet, too_few_outcomes = too "
            "few people with a known outcome to learn from, no_purchases_logged = the logs hold no purchase. Scores "
            "for 7, 14 and 84 days may be null for such a reason of their own",
        ),
        Column("retention_7d", DOUBLE, "Probability of being active within 7 days", "probability"),
        Column("retention_28d", DOUBLE, "Probability of being active within 28 days", "probability"),
        Column("retention_84d", DOUBLE, "Probability of being active within 84 days", "probability"),
        Column("churn_28d", DOUBLE, "1 - retention_28d", "probability"),
        Column(
            "churn_reasons",
            VARCHAR,
            "Up to three facts most associated with leaving, strongest first: the column that speaks for the fact, "
            "the person's value (null = unknown), what the fact adds to the log-odds, whether that is exact or an "
            "approximation, and a sentence in zh and en; exact for whom the early-warning list names",
            "JSON list",
        ),
        Column("purchase_14d", DOUBLE, "Probability of a purchase within 14 days", "probability"),
        Column("purchase_28d", DOUBLE, "Probability of a purchase within 28 days", "probability"),
        Column(
            "purchase_reasons",
            VARCHAR,
            "Up to three facts most associated with buying, strongest first: the column that speaks for the fact, "
            "the person's value (null = unknown), what the fact adds to the log-odds, whether that is exact or an "
            "approximation, and a sentence in zh and en; exact for the likeliest buyers",
            "JSON list",
        ),
        Column("spend_90d", DOUBLE, "Expected net spend within 90 days", "currency"),
        Column("points", BIGINT, "Balance of points I_i", "points"),
        Column("level", BIGINT, "Level that the points give", "ordinal"),
        Column("community_value", DOUBLE, "Community value u_i: weighted interactions given and received"),
    ),
    foreign=(("user_id", "features.user_snapshot"), ("segment_id", "marts.segments")),
)

RECOMMENDATIONS = Table(
    "marts.recommendations",
    "What to show to each active person next; owned, unpublished and withdrawn items never appear.",
    ("user_id", "rank"),
    (
        USER,
        Column("rank", BIGINT, "1 = first", "ordinal", required=True),
        ITEM,
        Column("score", DOUBLE, "The recommender's own score; comparable within one person only"),
        Column(
            "reason",
            VARCHAR,
            "Why it is shown, true for this person: next_in_series:<item_id had before it>, because_of:<item_id had "
            "that speaks most for it>, similar_content:<item_id had>, same_author:<author_id of something had>, "
            "popular_in:<category> or in_category:<category> (of something had), had_before (makes sense to have "
            "twice), similar_people, new (out for less than 28 days), popular, discover (none of these)",
        ),
        Column("model", VARCHAR, "The recommender that placed it"),
        Column(
            "arm",
            VARCHAR,
            "personal = a list of one's own; holdout = the general list for a fixed random share of people, to "
            "measure the others against; general = the general list, for who refused personalisation, or for all "
            "where popularity ships",
        ),
    ),
    foreign=(("user_id", "marts.user_scores"), ("item_id", "features.item_snapshot")),
)

ITEM_TO_ITEM = Table(
    "marts.item_to_item",
    "The items most often had together.",
    ("item_id", "rank"),
    (
        ITEM,
        Column("rank", BIGINT, "1 = nearest", "ordinal", required=True),
        Column("other_item_id", VARCHAR, "The neighbour", required=True),
        Column("similarity", DOUBLE, "Cosine of the two items' users, 0 to 1"),
        Column("users_in_common", BIGINT, "People who had both", "people"),
    ),
    foreign=(("item_id", "features.item_snapshot"), ("other_item_id", "features.item_snapshot")),
)

SEGMENTS = Table(
    "marts.segments",
    "Each segment in one row: who its people are, how they behave, and what to do for them.",
    ("segment_id",),
    (
        SEGMENT,
        Column(
            "kind",
            VARCHAR,
            "natural = found in the data, they stand out from a world without groups; constructed = people are cut "
            "into groups that no gap parts; rules = fixed cuts, for too few people; new = first seen (registered or "
            "with a first event) in the last 28 days",
        ),
        Column("name_zh", VARCHAR, "Name (Chinese)"),
        Column("name_en", VARCHAR, "Name (English)"),
        Column("users", BIGINT, "People in it", "people"),
        Column("known_since", DATE, "Monday since which the segment has its name; null for new users"),
        Column("share", DOUBLE, "Of all people in a segment, new users included", "ratio"),
        Column("recency_days_mean", DOUBLE, "Mean days since the last act", "days"),
        Column("active_days_28d_mean", DOUBLE, "Mean active days in 28", "days"),
        Column("spend_84d_sum", MONEY, "Net spend of its people in 84 days", "currency"),
        Column("spend_share", DOUBLE, "Of the net spend of all segments; null if that is not above 0", "ratio"),
        Column("retention_28d_mean", DOUBLE, "Mean of retention_28d over its people who have one", "probability"),
        Column("base_28d", BIGINT, "People who were in it 28 days before, by the same model", "people"),
        Column("retained_28d", BIGINT, "Of them: active in these 28 days; null for fewer than 30", "people"),
        Column("retained_share_28d", DOUBLE, "retained_28d / base_28d", "ratio"),
        Column(
            "traits", VARCHAR, "Columns that differ most, with effect sizes (Cohen's d, signed logs)", "JSON object"
        ),
        Column("apart_zh", VARCHAR, "Up to four phrases of what sets its people apart, strongest first (Chinese)"),
        Column("apart_en", VARCHAR, "The same in English"),
        Column("play_zh", VARCHAR, "What is suggested for them: a contact plan, not a judgement (Chinese)"),
        Column("play_en", VARCHAR, "The same in English"),
        Column(
            "top_items",
            VARCHAR,
            "Items most used in 84 days beside all other segments: item_id, title, users (10 or more of the segment) "
            "and lift (share of its people who used it over that of all)",
            "JSON list",
        ),
        Column(
            "demographics",
            VARCHAR,
            "People by what they said of themselves: attribute, value, people; null where the cell holds fewer than "
            "10 or would give such a cell away",
            "JSON object",
        ),
        Column(
            "typical_week",
            VARCHAR,
            "Shares of the acts of 84 days: weekdays (Monday first) and parts of the day (night from 0, morning from "
            "6, afternoon from 12, evening from 18)",
            "JSON object",
        ),
    ),
)

SEGMENT_MIGRATION = Table(
    "marts.segment_migration",
    "Who moved between segments since the week before, under the same frozen model.",
    ("from_segment_id", "to_segment_id"),
    (
        Column("from_segment_id", BIGINT, "Segment the week before; 0 = new users then, -1 = in none", required=True),
        Column("to_segment_id", BIGINT, "Segment this week; 0 = new users, -1 = in none", required=True),
        Column("users", BIGINT, "People who did", "people"),
        Column("share", DOUBLE, "Of the people of from_segment_id", "ratio"),
    ),
)

SEGMENT_CHANGES = Table(
    "marts.segment_changes",
    "How many people truly changed their segment since the week before, apart from chance and from a new model.",
    ("week",),
    (
        Column("week", DATE, "Monday that begins the week", required=True),
        Column("people", BIGINT, "People whom the model segments in both weeks, new users left out", "people"),
        Column("moved", BIGINT, "Of them: in another segment by the same model", "people"),
        Column("moved_share", DOUBLE, "moved / people", "ratio"),
        Column(
            "moved_by_chance",
            DOUBLE,
            "Share that moves if the week is lived once more: one of everybody's own last four, drawn by chance",
            "ratio",
        ),
        Column("moved_truly", DOUBLE, "Share that truly changed: moved_share corrected by moved_by_chance", "ratio"),
        Column("low_95", DOUBLE, "Lower end of the 95 % interval of moved_truly", "ratio"),
        Column("high_95", DOUBLE, "Upper end of the 95 % interval of moved_truly", "ratio"),
        Column(
            "model_changed",
            DOUBLE,
            "Share of this week's people whom the model fitted this week places elsewhere than the one before; null "
            "unless one was fitted",
            "ratio",
        ),
        Column("jaccard_min", DOUBLE, "Overlap of the two models' segments that match worst; null likewise", "ratio"),
    ),
)

INTERESTS = Table(
    "marts.interests",
    "What people are interested in, by topic.",
    ("user_id", "topic"),
    (
        USER,
        Column("topic", VARCHAR, "The topic or category", required=True),
        Column("weight", DOUBLE, "Share of the person's consumption in 84 days", "ratio"),
    ),
    foreign=(("user_id", "marts.user_scores"),),
)

LIFECYCLE_TRANSITIONS = Table(
    "marts.lifecycle_transitions",
    "The Markov chain of weekly states, pooled over the last weeks.",
    ("from_state", "to_state"),
    (
        Column("from_state", VARCHAR, "State in a week", required=True),
        Column("to_state", VARCHAR, "State in the next week", required=True),
        Column("users", BIGINT, "Person-weeks that did", "person-weeks"),
        Column("probability", DOUBLE, "Of the person-weeks in from_state", "ratio"),
        Column("weeks", BIGINT, "Weeks pooled", "weeks"),
    ),
)

GROWTH_FORECAST = Table(
    "marts.growth_forecast",
    "Weekly active people, counted and forecast by the chain, with its arrivals held at their mean.",
    ("week",),
    (
        Column("week", DATE, "Monday of the week", required=True),
        Column("kind", VARCHAR, "actual or forecast", required=True),
        Column("active_users", DOUBLE, "People with an act in the week", "people"),
        Column("new", DOUBLE, "Of them: first act ever", "people"),
        Column("active", DOUBLE, "Of them: active the week before too", "people"),
        Column("returned", DOUBLE, "Of them: back after 1 to 3 weeks", "people"),
        Column("resurrected", DOUBLE, "Of them: back after 4 weeks or more", "people"),
        Column("at_risk", DOUBLE, "Not active, but the week before", "people"),
        Column("dormant", DOUBLE, "Absent 2 to 8 weeks", "people"),
        Column("churned", DOUBLE, "Absent more than 8 weeks", "people"),
        Column("low_80", DOUBLE, "Lower end of the 80 % interval", "people"),
        Column("high_80", DOUBLE, "Upper end of the 80 % interval", "people"),
    ),
)

COMMUNITY_MEMBERS = Table(
    "marts.community_members",
    "What each person gives to and gets from the community in 84 days.",
    ("user_id",),
    (
        USER,
        Column("texts_written", BIGINT, "Posts, answers and comments", "events"),
        Column("interactions_given", BIGINT, "Interactions addressed to others", "events"),
        Column("interactions_received", BIGINT, "Interactions of others addressed to the person", "events"),
        Column("partners", BIGINT, "Distinct people on the other end", "people"),
        Column("community_value", DOUBLE, "u_i: sum over partners of weight times interactions, both directions"),
        Column("shapley_value", DOUBLE, "Own texts' weight plus half of u_i: the person's share of the whole"),
        Column(
            "behaviour_id",
            BIGINT,
            "Way of taking part, see marts.community_behaviours; null without an act of one's own in 84 days",
        ),
    ),
    foreign=(("user_id", "marts.user_scores"), ("behaviour_id", "marts.community_behaviours")),
)

POINTS_LEDGER = Table(
    "marts.points_ledger",
    "Points earned and revoked in the week, by person and rule, after daily caps.",
    ("user_id", "day", "rule"),
    (
        USER,
        Column("day", DATE, "The local day", required=True),
        Column("rule", VARCHAR, "The event type that earns or revokes", required=True),
        Column("events", BIGINT, "Events counted", "events"),
        Column("points", BIGINT, "Points, negative when revoked", "points"),
    ),
    foreign=(("user_id", "marts.user_scores"),),
)

LEADERBOARD = Table(
    "marts.leaderboard",
    "Small leagues by points of the last 28 days.",
    ("league", "rank"),
    (
        Column("league", BIGINT, "Number of the league; 1 = the highest", required=True),
        Column("rank", BIGINT, "1 = first", "ordinal", required=True),
        USER,
        Column("points_28d", BIGINT, "Points earned in 28 days", "points"),
    ),
    foreign=(("user_id", "marts.user_scores"),),
)

TABLES = (
    *(USER_SCORES, RECOMMENDATIONS, ITEM_TO_ITEM, SEGMENTS, SEGMENT_MIGRATION, SEGMENT_CHANGES),
    *(INTERESTS, *topics.TABLES, *behaviours.TABLES),
    *(LIFECYCLE_TRANSITIONS, GROWTH_FORECAST, scorecards.CHANNEL_QUALITY, scorecards.ITEM_PERFORMANCE),
    *(COMMUNITY_MEMBERS, scorecards.COMMUNITY_HEALTH, POINTS_LEDGER, LEADERBOARD),
    *(scorecards.WEEKLY_KPIS, *movements.TABLES),
    *(*rates.TABLES, *prediction.TABLES, *readout.TABLES),
)
