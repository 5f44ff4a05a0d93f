"""What somebody pays and takes back, and what hints at the next purchase."""

import ibis.expr.types as ir

from features.windows import FeatureSet, sums, total
from lyceum.tables.features import INTENDED, SPENT


def _spent(seen: ir.Table) -> dict[str, ir.Value]:
    paid, refunded = (sums(seen, measure, "spend") for measure in ("paid", "refunded"))
    return {
        **sums(seen, "purchases", "purchases"),
        **{name: (paid[name] - refunded[name]).cast("decimal(18,2)") for name in paid},
        **sums(seen, "refunds", "refunds"),
        "purchases_total": total(seen.purchases),
        "spend_total": (total(seen.paid) - total(seen.refunded)).cast("decimal(18,2)"),
        "purchase_recency_days": seen.ago.min(where=seen.purchases > 0),
    }


def _intended(seen: ir.Table) -> dict[str, ir.Value]:
    return {**sums(seen, "intent_events", "intent_events"), **sums(seen, "carts", "carts")}


MONEY_SET = FeatureSet("money", SPENT, _spent)
INTENT_SET = FeatureSet("intent", INTENDED, _intended)
