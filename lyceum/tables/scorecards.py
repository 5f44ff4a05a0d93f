"""What managers and analysts look at first: the numbers of each week, and how items, channels and communities do."""

from lyceum.events import ACT, FINISHING, LEARNING
from lyceum.schema import BIGINT, BOOLEAN, DATE, DOUBLE, MONEY, VARCHAR, Column, Table

SMALLEST_DENOMINATOR = 30  # FIELD 0: below it a rate is no figure
AREAS = ("engagement", "satisfaction", "retention", "word_of_mouth", "money")

WINDOW_DAYS = 28
COHORT_AGE = 28  # days that everybody of a cohort of learners is given
COHORT_WEEKS = 12  # of people who got an item, the newest of them just old enough
CONVERSION_DAYS = 7  # from the first view to the payment, FIELD's funnel
CHANNEL_WEEKS = 26  # of people who came: a channel's quality is that of lately
PAYING_DAYS = 30  # from the first act to the first payment

_FEW = f"null below {SMALLEST_DENOMINATOR}"

WEEKLY_KPIS = Table(
    "marts.weekly_kpis",
    "The numbers that count, week by week, with their own history beside them: a scorecard of engagement, "
    "satisfaction, retention and word of mouth, and money.",
    ("week", "kpi"),
    (
        Column("week", DATE, "Monday of the week", required=True),
        Column("area", VARCHAR, ", ".join(AREAS), required=True),
        Column("kpi", VARCHAR, "Name of the number: wau, new_users, week1_retention, net, ...", required=True),
        Column(
            "value",
            DOUBLE,
            "The figure; null = not known on this platform, or a rate of fewer than "
            f"{SMALLEST_DENOMINATOR} (refund_rate: of fewer orders)",
        ),
        Column("numerator", DOUBLE, "Of rates, means and shares: what is counted above"),
        Column("denominator", DOUBLE, "Of rates, means and shares: what is counted below"),
        Column("previous", DOUBLE, "The value of the week before"),
        Column("mean_8w", DOUBLE, "Mean of the eight weeks before; null with fewer than four values among them"),
        Column("spread_8w", DOUBLE, "Standard deviation of the same weeks"),
        Column("year_ago", DOUBLE, "The value of the same ISO week a year (52 weeks) before; null without"),
        Column(
            "unusual",
            BOOLEAN,
            "More than two spreads from the mean, on the platform's own history; null without a history",
        ),
        Column(
            "unit",
            VARCHAR,
            "people, events, ratings, minutes, stars, currency, ratio, minutes per person, events per person, or "
            "events per 1,000 people",
        ),
    ),
)

CHANNEL_QUALITY = Table(
    "marts.channel_quality",
    "What became of the people each channel brought; a person's channel is the first that was told of them. The "
    f"rates are of people whose first act lies in the last {CHANNEL_WEEKS} weeks, less those registered before the "
    "logs began, who did not come then.",
    ("channel",),
    (
        Column("channel", VARCHAR, "The channel", required=True),
        Column("users", BIGINT, "People it brought so far", "people"),
        Column("active_28d", BIGINT, "Of them active in the last 28 days", "people"),
        Column("payers", BIGINT, "Of them with more paid than refunded so far", "people"),
        Column("spend_total", MONEY, "Their net spend so far: paid less refunded", "currency"),
        Column("spend_per_person", DOUBLE, f"spend_total / users; {_FEW} people", "currency"),
        Column("invited", BIGINT, "Of users: invited by somebody", "people"),
        Column("invited_share", DOUBLE, f"invited / users; {_FEW} people", "ratio"),
        Column(
            "week1_people",
            BIGINT,
            "People of its cohorts (ISO weeks of the first act) whose next week is over",
            "people",
        ),
        Column("week1_kept", BIGINT, "Of them active in the ISO week after that of their first act", "people"),
        Column("week1_retention", DOUBLE, f"week1_kept / week1_people; {_FEW} people", "ratio"),
        Column(
            "paying_people",
            BIGINT,
            f"People of its cohorts whose first act is {PAYING_DAYS} days past or more",
            "people",
        ),
        Column(
            "paying_30d",
            BIGINT,
            f"Of them with a first payment within {PAYING_DAYS} days, that day included",
            "people",
        ),
        Column(
            "payer_conversion_30d",
            DOUBLE,
            f"paying_30d / paying_people, within {PAYING_DAYS} days; {_FEW} people",
            "ratio",
        ),
    ),
)

_BUY, _REFUND = ("purchase",), ("refund",)

ITEM_PERFORMANCE = Table(
    "marts.item_performance",
    f"How each item did in the last {WINDOW_DAYS} days, beside the {WINDOW_DAYS} days before and its cohorts.",
    ("item_id",),
    (
        Column("item_id", VARCHAR, "Identity of the item", required=True),
        Column("title", VARCHAR, "Its name as shown"),
        Column("kind", VARCHAR, "course, lesson, book, product, membership, bundle"),
        Column("category", VARCHAR, "The shelf it stands on"),
        Column("author_id", VARCHAR, "Who made or teaches it, as the catalogue names them"),
        Column("price", MONEY, "List price", "currency"),
        Column("on_sale", BOOLEAN, "Published and not withdrawn"),
        Column(
            "days_on_sale",
            BIGINT,
            "Whole days from publication to withdrawal or the end of the week; null before or without a date",
            "days",
        ),
        Column(
            "rank_28d",
            BIGINT,
            "Place by revenue_28d, then users_28d, of the 28 days: 1 = first; null where nobody used it",
            "ordinal",
        ),
        Column("rank_previous_28d", BIGINT, "The same of the 28 days before these", "ordinal"),
        Column("users_28d", BIGINT, "Distinct people with an act on it in the 28 days", "people"),
        Column("users_previous_28d", BIGINT, "The same of the 28 days before these", "people", needs=ACT, zero=True),
        Column("learners_28d", BIGINT, "Distinct people learning it in the 28 days", "people"),
        Column("enrolments_28d", BIGINT, "Enrolments in the 28 days", "events"),
        Column(
            "completions_28d", BIGINT, "Lessons and courses completed in the 28 days (times, not people)", "events"
        ),
        Column("purchases_28d", BIGINT, "Paid purchases in the 28 days (order lines)", "events"),
        Column(
            "orders_28d",
            BIGINT,
            "Paid orders with it in the 28 days, each counted once",
            "orders",
            needs=_BUY,
            zero=True,
        ),
        Column(
            "buyers_28d", BIGINT, "Distinct people who paid for it in the 28 days", "people", needs=_BUY, zero=True
        ),
        Column(
            "paid_28d", MONEY, "Paid for it in the 28 days, refunds not deducted", "currency", needs=_BUY, zero=True
        ),
        Column(
            "refunded_28d",
            MONEY,
            "Paid back for it in the 28 days, by the day of the refund",
            "currency",
            needs=_REFUND,
            zero=True,
        ),
        Column("revenue_28d", MONEY, "Net of the 28 days: paid_28d less refunded_28d", "currency"),
        Column(
            "revenue_previous_28d", MONEY, "The same of the 28 days before these", "currency", needs=_BUY, zero=True
        ),
        Column("refunds_28d", BIGINT, "Refunds in the 28 days (order lines)", "events"),
        Column(
            "refund_rate_28d",
            DOUBLE,
            f"refunded_28d / paid_28d of the 28 days (cash form: some of it was paid before them); {_FEW} orders",
            "ratio",
            needs=_REFUND,
        ),
        Column(
            "viewers",
            BIGINT,
            "People who first viewed it in the 28 days that ended 7 days before the end of the week (first within "
            "those days) and had not paid for it before that day",
            "people",
            needs=("view",),
            zero=True,
        ),
        Column(
            "viewers_bought",
            BIGINT,
            f"Of them: paid for it within {CONVERSION_DAYS} days, the day of the view included",
            "people",
            needs=_BUY,
            zero=True,
        ),
        Column(
            "view_conversion_7d",
            DOUBLE,
            f"viewers_bought / viewers, within {CONVERSION_DAYS} days; {_FEW} people, or where it is free",
            "ratio",
            needs=_BUY,
        ),
        Column(
            "cohort_28d_people",
            BIGINT,
            f"People who first got it (enrolled or paid) in the {COHORT_WEEKS} weeks that ended {COHORT_AGE} days "
            f"before the end of the week, less those who got all they paid back within {COHORT_AGE} days",
            "people",
            needs=("enrol", "purchase"),
            zero=True,
        ),
        Column(
            "cohort_28d_started",
            BIGINT,
            f"Of them with a learning event on it within {COHORT_AGE} days",
            "people",
            needs=LEARNING,
            zero=True,
        ),
        Column(
            "cohort_28d_completed",
            BIGINT,
            f"Of them: completed it as a whole within {COHORT_AGE} days",
            "people",
            needs=(FINISHING,),
            zero=True,
        ),
        Column(
            "start_rate_28d",
            DOUBLE,
            f"cohort_28d_started / cohort_28d_people, within {COHORT_AGE} days; {_FEW} people, and where nobody "
            "started (a book to download)",
            "ratio",
            needs=LEARNING,
        ),
        Column(
            "completion_rate_28d",
            DOUBLE,
            f"cohort_28d_completed / cohort_28d_people, within {COHORT_AGE} days; {_FEW} people, and where nobody "
            "started",
            "ratio",
            needs=(FINISHING,),
        ),
        Column(
            "completion_rate_started_28d",
            DOUBLE,
            f"cohort_28d_completed / cohort_28d_started, within {COHORT_AGE} days; {_FEW} people",
            "ratio",
            needs=(FINISHING,),
        ),
        Column("rating_count", BIGINT, "Ratings so far", "ratings"),
        Column("rating_mean", DOUBLE, "Mean of the ratings so far, whatever their number", "stars"),
    ),
    foreign=(("item_id", "features.item_snapshot"),),
)

COMMUNITY_HEALTH = Table(
    "marts.community_health",
    "How each community is doing over 28 days.",
    ("community_id",),
    (
        Column("community_id", VARCHAR, "The community; (all) = all of them together", required=True),
        Column("members_active", BIGINT, "People with an act in it", "people"),
        Column("speakers", BIGINT, "Of them with a text", "people"),
        Column("texts", BIGINT, "Posts, answers and comments", "events"),
        Column("top_5_percent_share", DOUBLE, "Share of texts by the 5 % who write most", "ratio"),
        Column("questions", BIGINT, "Posts at least 48 hours old", "events"),
        Column("questions_unanswered", BIGINT, "Of them without a reply by another person in 48 hours", "events"),
        Column(
            "first_reply_median_hours",
            DOUBLE,
            "Median time to the first reply, over questions answered within 48 hours: the others are censored, so "
            "read it beside questions_unanswered; null below 30 answered",
            "hours",
        ),
        Column(
            "first_reply_p90_hours",
            DOUBLE,
            "90 % of the same questions had their first reply within this time; censored at 48 hours in the same way",
            "hours",
        ),
        Column("first_reply_in_24h", DOUBLE, "Share of questions answered within 24 hours", "ratio"),
    ),
)

TABLES = (CHANNEL_QUALITY, ITEM_PERFORMANCE, COMMUNITY_HEALTH, WEEKLY_KPIS)
