"""Rates laid out as people read them: a row a week, a column an age."""

from collections.abc import Mapping, Sequence

from lyceum.tables.questions import Question
from lyceum.tables.rates import ALL

WEEK = "Monday of the week"
LOW = "Lower end of the 95 % interval of the share"
HIGH = "Upper end of the 95 % interval of the share"
SOON = "null until all have been given their days, and with less than 30 below"
FEWEST = 30  # FIELD 0: below it a rate is no figure


def by_week(
    name: str, asks: str, asks_zh: str, /, *, rate: str, did: tuple[str, str], of: tuple[str, str], pooled: int = 8
) -> Question:
    """A rate of one age: who `did` (name, meaning), of how many, what share, with its interval and `pooled` weeks."""
    columns = {
        "week": WEEK,
        of[0]: of[1],
        did[0]: f"{did[1]}; null until all have been given their days",
        "share": f"{did[0]} / {of[0]}; {SOON}",
        "low_95": LOW,
        "high_95": HIGH,
        f"share_{pooled}w": f"The same of this week and the {pooled - 1} before together, as far as they are mature",
    }
    query = f"""SELECT week, denominator::BIGINT AS {of[0]}, CASE WHEN mature THEN numerator::BIGINT END AS {did[0]},
        value AS share, low_95, high_95, {together(pooled)} AS share_{pooled}w
        FROM marts.rates WHERE rate = '{rate}' AND part = '{ALL}' ORDER BY week"""
    return Question(name, asks, asks_zh, query, columns)


def together(weeks: int, /, *, groups: str = "") -> str:
    """The rate of a row's week and those before it, `weeks` in all: a ratio of sums, not a mean of ratios."""
    each = f"PARTITION BY {groups} " if groups else ""
    days = 7 * (weeks - 1)
    frame = f"OVER ({each}ORDER BY week RANGE BETWEEN INTERVAL {days} DAYS PRECEDING AND CURRENT ROW)"
    above, below = (f"sum({column}) FILTER (WHERE mature) {frame}" for column in ("numerator", "denominator"))
    return f"CASE WHEN {below} >= {FEWEST} THEN {above} / {below} END"


def by_age(
    name: str,
    asks: str,
    asks_zh: str,
    /,
    *,
    rate: str,
    ages: Sequence[int],
    did: tuple[str, str],
    of: tuple[str, str],
) -> Question:
    """A rate of several ages: a row a week, for each age who `did` (name, meaning) and what share."""
    columns = {"week": WEEK, of[0]: of[1]}
    for age in ages:
        columns |= {f"{did[0]}_{age}d": f"{did[1]} within {age} days; null until then"}
        columns |= {f"share_{age}d": f"{did[0]}_{age}d / {of[0]}; {SOON}"}
    chosen = ", ".join(
        f"{counted(rate, age)} AS {did[0]}_{age}d, {at(rate, 'value', age)} AS share_{age}d" for age in ages
    )
    query = f"SELECT week, max(denominator)::BIGINT AS {of[0]}, {chosen} {of_rates(rate)}"
    return Question(name, asks, asks_zh, query, columns)


def at(rate: str, column: str, age: int = 0, /) -> str:
    """The column of a rate at an age, where it is mature, in a query by week."""
    return f"max({column}) FILTER (WHERE rate = '{rate}' AND age_days = {age} AND mature)"


def counted(rate: str, age: int = 0, /, *, column: str = "numerator") -> str:
    """The same of a number of people, orders or items."""
    return f"{at(rate, column, age)}::BIGINT"


def of_rates(*names: str) -> str:
    """Where such a query reads, and its rows."""
    listed = ", ".join(f"'{name}'" for name in names)
    return f"FROM marts.rates WHERE rate IN ({listed}) AND part = '{ALL}' GROUP BY week ORDER BY week"


def of_kpis(kpis: Mapping[str, str], /) -> str:
    """The weekly numbers `kpis` (column: name in marts.weekly_kpis), a row a week."""
    chosen = ", ".join(f"max(value) FILTER (WHERE kpi = '{kpi}') AS {column}" for column, kpi in kpis.items())
    listed = ", ".join(f"'{kpi}'" for kpi in kpis.values())
    return f"SELECT week, {chosen} FROM marts.weekly_kpis WHERE kpi IN ({listed}) GROUP BY week"
