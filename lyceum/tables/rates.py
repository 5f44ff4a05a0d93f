"""Rates: what part of those who could have done something did it, cohort by cohort, and what each rate means."""

from lyceum.schema import BIGINT, BOOLEAN, DATE, DOUBLE, VARCHAR, Column, Table

ALL = "(all)"

RATES = Table(
    "marts.rates",
    "Every rate by cohort, with what it is made of: read `value` only, which is null where a rate would mislead.",
    ("rate", "part", "week", "age_days"),
    (
        Column("rate", VARCHAR, "Name of the rate; marts.rate_definitions says what it means", required=True),
        Column("part", VARCHAR, f"What it is of: {ALL}, or one part that the rate is told by", required=True),
        Column("week", DATE, "Monday of the week whose people, orders or items are counted below", required=True),
        Column("age_days", BIGINT, "Days that each of them is given; 0 = the week itself", "days", required=True),
        Column("numerator", DOUBLE, "Above: those that did"),
        Column("denominator", DOUBLE, "Below: those that could have"),
        Column("value", DOUBLE, "numerator / denominator; null while immature, or with less than 30 below"),
        Column("low_95", DOUBLE, "Lower end of the 95 % Wilson interval; null for rates that do not count", "ratio"),
        Column("high_95", DOUBLE, "Upper end of the 95 % Wilson interval", "ratio"),
        Column(
            "mature", BOOLEAN, "Whether all of them have been given their days by the end of the week", required=True
        ),
    ),
    foreign=(("rate", "marts.rate_definitions"),),
)

RATE_DEFINITIONS = Table(
    "marts.rate_definitions",
    "What each rate means: what is counted above and below, within which days, and whether the logs can tell.",
    ("rate",),
    (
        Column("rate", VARCHAR, "Name of the rate", required=True),
        Column("area", VARCHAR, "engagement, retention, learning, money, word of mouth, community or satisfaction"),
        Column("numerator", VARCHAR, "What is counted above"),
        Column("denominator", VARCHAR, "What is counted below"),
        Column("parts", VARCHAR, f"What the parts are; empty where there is none but {ALL}"),
        Column("ages_days", VARCHAR, "The ages at which it is read, in days", "JSON text"),
        Column("available", BOOLEAN, "Whether the logs of this platform can tell it", required=True),
        Column("why_not", VARCHAR, "Why not; empty where they can"),
    ),
)

TABLES = (RATES, RATE_DEFINITIONS)
