"""What people said of themselves, in the version known at the moment.

Which attributes may be used is decided by the source (`static`) and the settings (`profile_attributes`): a column
that is not allowed is null like one that the logs cannot fill (see lyceum.events.attribute).
"""

import ibis.expr.types as ir

from features.attributes import json_text
from features.joining import USER
from features.windows import FeatureSet, Past
from lyceum.tables.features_social import ATTRIBUTES, PROFILED


def _profile(past: Past) -> ir.Table:
    known = past.known("users", key="user_id")
    return known.select(*USER, **{name: json_text(known.attributes, name).nullif("") for name in ATTRIBUTES})


PROFILE_SET = FeatureSet(
    "profile",
    "user",
    (),
    {"users": ("user_id", "known_at", "batch_id", "attributes")},
    PROFILED,
    _profile,
)
