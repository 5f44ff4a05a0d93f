"""What the models say beside the scores: whom to contact, how long people stay, what goes with an outcome."""

from lyceum.schema import BIGINT, BOOLEAN, DATE, DOUBLE, VARCHAR, Column, Table

EARLY_WARNINGS = Table(
    "marts.early_warnings",
    "Whom to contact first; the holdout must be left alone so that the effect can be measured.",
    ("user_id",),
    (
        Column("user_id", VARCHAR, "Pseudonym of the person", required=True),
        Column("rank", BIGINT, "1 = first: the largest risk times value at stake", "ordinal"),
        Column("risk", DOUBLE, "churn_28d", "probability"),
        Column(
            "value_at_stake",
            DOUBLE,
            "Net spend of the last 84 days, at least 0; null where nothing is sold",
            "currency",
        ),
        Column("expected_loss", DOUBLE, "risk times value_at_stake", "currency"),
        Column("reasons", VARCHAR, "churn_reasons of exact contributions", "JSON list"),
        Column("reasons_zh", VARCHAR, "The same as sentences (Chinese)"),
        Column("reasons_en", VARCHAR, "The same as sentences (English)"),
        Column(
            "suggested_action",
            VARCHAR,
            "reminder, mentor_call, coupon, activity; none for people held out and people whom nobody may contact",
        ),
        Column("channel", VARCHAR, "The channel that the action uses and the person allows; null for none"),
        Column(
            "rule",
            VARCHAR,
            "The line of the rule table that chose the action, or would have for people held out; complaint_pause, "
            "personalisation_refused or no_rule_fits where nobody may contact them",
        ),
        Column("contact_from", VARCHAR, "Local time of day from which the channel may be used", "HH:MM"),
        Column("contact_until", VARCHAR, "Local time of day until which it may", "HH:MM"),
        Column("last_active_on", DATE, "Local day of the last act: what the reasons rest on"),
        Column("last_contacted_on", DATE, "Local day of the last contact; null = never"),
        Column("contacts_left", BIGINT, "Contacts that the weekly cap still allows", "contacts"),
        Column("weeks_listed", BIGINT, "Weeks in a row on this list, this one included", "weeks"),
        Column("expires_on", DATE, "The list is stale from this day on"),
        Column("holdout", BOOLEAN, "True = must not be contacted"),
    ),
    foreign=(("user_id", "marts.user_scores"),),
)

SURVIVAL = Table(
    "marts.survival",
    "How long people stay: Kaplan-Meier curves by cohort. Lost = the first silence of 28 days began; censored = not "
    "silent that long yet.",
    ("cohort", "age_days"),
    (
        Column("cohort", VARCHAR, "all, or the Monday of the week of the first act", required=True),
        Column("age_days", BIGINT, "Days since the first act", "days", required=True),
        Column("people", BIGINT, "People of the cohort", "people"),
        Column("at_risk", BIGINT, "Of them neither lost nor censored before this age", "people"),
        Column("lost", BIGINT, "Of them lost by this age", "people"),
        Column("survival", DOUBLE, "Share estimated to stay beyond this age", "ratio"),
        Column("low_95", DOUBLE, "Lower end of its 95 % interval", "ratio"),
        Column("high_95", DOUBLE, "Upper end of its 95 % interval", "ratio"),
    ),
)

MODEL_COEFFICIENTS = Table(
    "marts.model_coefficients",
    "The reference beside every model: a logistic regression on standardised signed logs, with 95 % intervals that "
    "allow for weeks of one person being alike. Associated with the outcome, not its cause.",
    ("model", "feature"),
    (
        Column("model", VARCHAR, "retention_7d, retention_28d, ...", required=True),
        Column("feature", VARCHAR, "The column", required=True),
        Column("coefficient", DOUBLE, "Change of log-odds per standard deviation"),
        Column("standard_error", DOUBLE, "Clustered by person"),
        Column("low_95", DOUBLE, "Lower end of the coefficient's interval"),
        Column("high_95", DOUBLE, "Upper end of the coefficient's interval"),
        Column("odds_ratio", DOUBLE, "exp(coefficient)", "ratio"),
        Column("odds_low_95", DOUBLE, "exp(low_95)", "ratio"),
        Column("odds_high_95", DOUBLE, "exp(high_95)", "ratio"),
    ),
)

TABLES = (EARLY_WARNINGS, SURVIVAL, MODEL_COEFFICIENTS)
