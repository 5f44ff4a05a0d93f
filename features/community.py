"""What somebody gives to the community and gets from it."""

from datetime import date

import ibis.expr.types as ir

from features.windows import FeatureSet, sums
from lyceum.tables.features import TALKED


def _aggregates(days: ir.Table, as_of: date) -> dict[str, ir.Value]:
    return {
        **sums(days, "texts_written", "texts_written", as_of=as_of),
        **sums(days, "interactions", "interactions", as_of=as_of),
        **sums(days, "reactions_received", "reactions_received", as_of=as_of),
    }


COMMUNITY_SET = FeatureSet("community", TALKED, _aggregates)
