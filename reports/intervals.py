"""Intervals that a reader may want beside a number: what is normal for it, and how sure a share of people is."""

from math import sqrt

from reports.query import SMALLEST_DENOMINATOR, Row, known

Z_95 = 1.959963984540054
# Rates whose numerator and denominator count people or ratings one by one; person-days and money are no such counts.
OF_PEOPLE = (
    *("week1_retention", "active_retention", "returning_share", "paying_rate", "rating_good_share"),
    *("invited_share", "share_rate", "referral_share"),
)


def wilson(successes: float, trials: float, /) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): 81 of 263 gives 0.2553 to 0.3662. `trials` is above nought."""
    share, weight = successes / trials, Z_95 * Z_95 / trials
    centre = share + weight / 2
    reach = sqrt(max(0.0, share * (1 - share) * weight + weight * weight / 4))
    return max(0.0, (centre - reach) / (1 + weight)), min(1.0, (centre + reach) / (1 + weight))


def sampled(row: Row, /) -> tuple[float, float] | None:
    """The interval of a weekly figure that is a share of people; None for other figures and small denominators."""
    people = row["denominator"]
    if row["kpi"] not in OF_PEOPLE or not known(row["value"]) or people is None or row["numerator"] is None:
        return None
    return wilson(row["numerator"], people) if people >= SMALLEST_DENOMINATOR else None


def normal_range(row: Row, /) -> tuple[float, float] | None:
    """What is usual: the mean of the eight weeks before, two spreads down and up; what cannot be below 0 is not."""
    if row["mean_8w"] is None or row["spread_8w"] is None:
        return None
    low, high = (row["mean_8w"] + sign * 2 * row["spread_8w"] for sign in (-1, 1))
    high = min(high, 1.0) if row["unit"] == "ratio" else high
    return (low if row["kpi"] == "net" else max(low, 0.0)), high
