"""The queries behind the rates of money, learning and the community, and behind the way from list prices to net."""

from collections.abc import Sequence
from datetime import date

import duckdb

from reports.query import SMALLEST_DENOMINATOR, Figure, ask

Connection = duckdb.DuckDBPyConnection

# The rates of each section in the reader's order: rate, part (all of it where none is named) and age in days.
MONEY_RATES = (
    *("conversion_14", "paying_rate", "repeat_purchase_30", "coupon_redeemed_7", "coupon_redeemed_30"),
    *("refund_orders_14", "refund_amount_14", "refund_amount_30", "refund_cash", "concentration"),
)
LEARNING_RATES = ("start_rate_7", "completion_enrolled_28", "completion_started_28", "check_in")
COMMUNITY_RATES = ("speaking", "top_5_percent", "unanswered_48h_2", "first_reply_24h_1", "solved_7d_7")
RATE = """rate || CASE WHEN part = '(all)' THEN '' ELSE '_' || part END
    || CASE WHEN age_days = 0 THEN '' ELSE '_' || age_days END"""
OLDEST = 84  # days before the reported week; a rate of long ago is no news


def figures(con: Connection, /, *, week: date) -> dict[str, Figure]:
    """The figures of this module by their names in a summary."""
    return {
        "money_rates": rates(con, MONEY_RATES, week=week),
        "learning_rates": rates(con, LEARNING_RATES, week=week),
        "community_rates": rates(con, COMMUNITY_RATES, week=week),
        "renewals": renewals(con, week=week),
        "money_steps": steps(con, week=week),
        "discounts": discounts(con, week=week),
        "replies": replies(con, week=week),
    }


def rates(con: Connection, names: Sequence[str], /, *, week: date) -> Figure:
    """The newest mature value of each of the rates beside that of the eight weeks before, together.

    Rates that do not count people, orders or items one by one have no interval, so that nothing is tested.
    """
    places = ", ".join(f"('{name}', {place})" for place, name in enumerate(names))
    return ask(
        con,
        f"""WITH told AS (SELECT *, {RATE} AS rate_name,
              row_number() OVER (PARTITION BY rate, part, age_days ORDER BY week DESC) AS back
              FROM marts.rates WHERE mature AND week <= DATE '{week}'),
            earlier AS (SELECT rate_name, sum(numerator) / sum(denominator) AS before_8w FROM told
              WHERE back BETWEEN 2 AND 9 GROUP BY rate_name HAVING sum(denominator) >= {SMALLEST_DENOMINATOR})
            SELECT rate_name AS rate, week, {{'value': value, 'low': low_95, 'high': high_95}} AS newest, before_8w,
            CASE WHEN before_8w < low_95 - 1e-9 THEN 'above' WHEN before_8w > high_95 + 1e-9 THEN 'below'
            WHEN before_8w IS NOT NULL AND low_95 IS NOT NULL THEN 'within'
            WHEN before_8w IS NOT NULL THEN 'untested' END AS against_8w
            FROM told JOIN (VALUES {places}) listed(rate_name, place) USING (rate_name)
            LEFT JOIN earlier USING (rate_name)
            WHERE back = 1 AND week >= DATE '{week}' - {OLDEST} AND value IS NOT NULL ORDER BY place""",
        table="marts.rates",
    )


def renewals(con: Connection, /, *, week: date) -> Figure:
    """Rights that ended in the 26 weeks up to the newest whose seven days are over, and those that were renewed."""
    return ask(
        con,
        f"""SELECT week, rights_due, renewed,
            CASE WHEN rights_due >= {SMALLEST_DENOMINATOR} THEN renewed / rights_due END AS share FROM (
              SELECT max(week) AS week, CAST(sum(denominator) AS BIGINT) AS rights_due,
              CAST(sum(numerator) AS BIGINT) AS renewed FROM marts.rates
              WHERE rate = 'renewal' AND part = '(all)' AND mature AND week <= DATE '{week}'
              AND week > DATE '{week}' - {7 * 26}) WHERE rights_due > 0""",
        table="marts.rates",
        cells={"rights_due": ("renewed", "share"), "renewed": ("share",)},
    )


def steps(con: Connection, /, *, week: date) -> Figure:
    """The week's way from what the catalogue asks to what stays: list value, discount, GMV, refunds, net.

    list_value and discount are null where the logs tell list prices of too few of the lines that were paid.
    """
    kpis = ", ".join(f"max(value) FILTER (kpi = '{kpi}') AS {kpi}" for kpi in ("gmv", "refunds", "net"))
    return ask(
        con,
        f"""SELECT gmv + CAST(discount AS DOUBLE) AS list_value, CAST(discount AS DOUBLE) AS discount, gmv,
            refunds, net FROM (SELECT {kpis} FROM marts.weekly_kpis WHERE week = DATE '{week}')
            LEFT JOIN (SELECT discount FROM marts.weekly_discounts WHERE week = DATE '{week}') ON true
            WHERE gmv > 0 AND net IS NOT NULL""",
        table="marts.weekly_kpis + marts.weekly_discounts",
    )


def discounts(con: Connection, /, *, week: date) -> Figure:
    """What was taken off the list price in each of the last 12 weeks, and its share of the list value."""
    return ask(
        con,
        f"""SELECT week, paid, discount, CASE WHEN lines >= {SMALLEST_DENOMINATOR} AND paid + discount > 0
            THEN CAST(discount AS DOUBLE) / CAST(paid + discount AS DOUBLE) END AS discount_share
            FROM marts.weekly_discounts WHERE week <= DATE '{week}' AND week > DATE '{week}' - 84
            AND discount IS NOT NULL ORDER BY week DESC""",
        table="marts.weekly_discounts",
    )


def replies(con: Connection, /, *, week: date) -> Figure:
    """Of each week's questions the shares answered within 24 hours and not within 48, the last 12 weeks.

    A share is null of fewer than 30 questions, or while some of them have not had their hours.
    """
    asked = {"answered": "first_reply_24h", "unanswered": "unanswered_48h"}
    chosen = ", ".join(f"max(value) FILTER (rate = '{rate}' AND mature) AS {name}" for name, rate in asked.items())
    listed = ", ".join(f"'{rate}'" for rate in asked.values())
    return ask(
        con,
        f"""SELECT week, CAST((DATE '{week}' - week) // 7 AS BIGINT) AS weeks_ago, {chosen}
            FROM marts.rates WHERE rate IN ({listed}) AND part = '(all)'
            AND week <= DATE '{week}' AND week > DATE '{week}' - 84 GROUP BY week ORDER BY week""",
        table="marts.rates",
    )
