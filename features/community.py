"""What somebody gives to the community and gets from it."""

import ibis.expr.types as ir

from features.windows import FeatureSet, sums
from lyceum.tables.features import TALKED


def _aggregates(seen: ir.Table) -> dict[str, ir.Value]:
    return {
        **sums(seen, "texts_written", "texts_written"),
        **sums(seen, "interactions", "interactions"),
        **sums(seen, "reactions_received", "reactions_received"),
    }


COMMUNITY_SET = FeatureSet("community", TALKED, _aggregates)
