"""What somebody pays and takes back, and what hints at the next purchase."""

from datetime import date

import ibis.expr.types as ir

from features.windows import FeatureSet, days_since, sums, total
from lyceum.tables.features import INTENDED, SPENT


def _spent(days: ir.Table, as_of: date) -> dict[str, ir.Value]:
    paid = sums(days, "paid", "spend", as_of=as_of)
    refunded = sums(days, "refunded", "spend", as_of=as_of)
    return {
        **sums(days, "purchases", "purchases", as_of=as_of),
        **{name: (paid[name] - refunded[name]).cast("decimal(18,2)") for name in paid},
        **sums(days, "refunds", "refunds", as_of=as_of),
        "purchases_total": total(days.purchases),
        "spend_total": (total(days.paid) - total(days.refunded)).cast("decimal(18,2)"),
        "purchase_recency_days": days_since(days, as_of=as_of, where=days.purchases > 0),
    }


def _intended(days: ir.Table, as_of: date) -> dict[str, ir.Value]:
    return {
        **sums(days, "intent_events", "intent_events", as_of=as_of),
        **sums(days, "carts", "carts", as_of=as_of),
    }


MONEY_SET = FeatureSet("money", SPENT, _spent)
INTENT_SET = FeatureSet("intent", INTENDED, _intended)
