"""Every rate, in the order in which people ask."""

from collections.abc import Collection, Mapping

from features.rates import community, engagement, learning, money, referral, refunds, retention, sales, satisfaction
from features.rates.rate import Rate

RATES: tuple[Rate, ...] = (
    *(*engagement.RATES, *retention.RATES, *learning.RATES),
    *(*money.RATES, *refunds.RATES, *sales.RATES),
    *(*referral.RATES, *community.RATES, *satisfaction.RATES),
)


def definitions(signals: Collection[str], /) -> list[Mapping[str, object]]:
    """The rows of marts.rate_definitions on a platform whose logs hold `signals`."""
    return [_definition(rate, rate.missing(signals)) for rate in RATES]


def _definition(rate: Rate, missing: Collection[str]) -> Mapping[str, object]:
    return {
        **{"rate": rate.name, "area": rate.area, "numerator": rate.numerator, "denominator": rate.denominator},
        **{"parts": rate.parts, "ages_days": str(list(rate.ages)), "available": not missing},
        "why_not": f"The logs hold no {', no '.join(missing)}." if missing else "",
    }
