"""What each published table is made from, and by which module: the lineage of tables.

The columns of the snapshots, the rates and the inputs that they share are told more exactly: lineage.json beside this
module has the columns behind each, as features.lineage reads them off what is computed.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Feed:
    """Where a table comes from: tables of the lake, inputs or published tables, and the module that makes it."""

    tables: tuple[str, ...]
    module: str


USERS, ITEMS = "features.user_snapshot", "features.item_snapshot"
LABELS = "features_labels"
NOT_BUILT = Feed((), "")  # declared, and empty so far

FEEDS: Mapping[str, Feed] = {
    USERS: Feed(("events", "users", "items", "entitlements", "communities"), "features.snapshot"),
    ITEMS: Feed(("events", "items"), "features.items"),
    "features.catalogue": Feed((USERS, ITEMS), "pipelines.cataloguing"),
    "marts.user_scores": Feed(
        (USERS, "marts.segments", "marts.points_ledger", "marts.community_members", "user_days"), "pipelines.scoring"
    ),
    "marts.recommendations": Feed(
        ("user_items", "items", "users", "entitlements", "consents", "marts.user_scores"), "pipelines.recommended"
    ),
    "marts.item_to_item": Feed(("user_items", "items", "entitlements"), "pipelines.recommended"),
    "marts.segments": Feed((USERS, "marts.user_scores", "user_items", "user_hours"), "pipelines.score_segments"),
    "marts.segment_migration": Feed((USERS, "marts.segments"), "pipelines.score_segments"),
    "marts.segment_changes": Feed((USERS, "user_days", "received_days"), "models.segmentation.migration"),
    "marts.interests": Feed(("user_items", "marts.topics"), "models.topics.interests"),
    "marts.topics": Feed(("items", "user_items"), "models.topics.topic_model"),
    "marts.segment_interests": Feed(("marts.interests", "marts.user_scores"), "models.topics.interests"),
    "marts.voice_topics": Feed(("events", "posts", "roles", "marts.user_scores"), "models.topics.voice"),
    "marts.community_behaviours": Feed(("events", "user_days"), "pipelines.score_behaviours"),
    "marts.lifecycle_transitions": Feed(("user_days",), "models.lifecycle"),
    "marts.lifecycle_moves": Feed(("user_days",), "models.lifecycle"),
    "marts.course_drop_off": Feed(("user_lessons",), "features.drop_off"),
    "marts.weekly_discounts": Feed(("order_lines", "items"), "features.deals"),
    "marts.growth_forecast": Feed(("user_days", "marts.lifecycle_transitions"), "models.lifecycle"),
    "marts.channel_quality": Feed(("user_days", "users"), "features.channels"),
    "marts.item_performance": Feed((ITEMS, "items", "user_items", "order_lines"), "features.item_performance"),
    "marts.community_members": Feed(("events",), "models.community"),
    "marts.community_health": Feed(("events", "communities"), "models.community"),
    "marts.points_ledger": Feed(("events",), "models.incentives"),
    "marts.leaderboard": Feed(("events",), "models.incentives"),
    "marts.weekly_kpis": Feed(("user_days", "users", "events"), "features.kpi_counts"),
    "marts.rates": Feed(("events", "users", "items", "entitlements"), "features.rates.registry"),
    "marts.rate_definitions": Feed(("events",), "features.rates.registry"),
    "marts.early_warnings": Feed(
        ("marts.user_scores", USERS, "events", "contacts", "consents"), "pipelines.warning_list"
    ),
    "marts.survival": Feed(("user_days",), "features.lifetimes"),
    "marts.model_coefficients": Feed((USERS, LABELS), "models.classification.logistic"),
    "marts.activity_effects": NOT_BUILT,
    "marts.outcomes": Feed(
        ("marts.early_warnings", "marts.recommendations", "user_days", "events", "contacts", "consents"),
        "pipelines.readout",
    ),
    "marts.restatements": Feed(("marts.weekly_kpis",), "pipelines.restating"),
    "quality.checks": Feed(("every table",), "expectations.checkpoint"),
    "quality.rejects": Feed(("rejects",), "pipelines.ingest"),
    "quality.deliveries": Feed(("deliveries",), "pipelines.accounting"),
    "quality.model_metrics": Feed((USERS, LABELS), "pipelines.model_tables"),
    "quality.model_decisions": Feed((USERS, LABELS), "pipelines.model_tables"),
    "quality.model_reliability": Feed((USERS, LABELS), "pipelines.model_tables"),
    "quality.model_drift": Feed((USERS,), "pipelines.drifting"),
    "quality.runs": Feed(("every table",), "pipelines.steps"),
}


@dataclass(frozen=True)
class Lineage:
    """What is computed from what: `table.column` names of prepared inputs or of the lake.

    `features` is by `grain.column`, `rates` by name; `inputs` has for each column of each prepared input the columns
    of the lake behind it.
    """

    features: Mapping[str, tuple[str, ...]]
    rates: Mapping[str, tuple[str, ...]]
    inputs: Mapping[str, Mapping[str, tuple[str, ...]]]

    def lowest(self, names: Iterable[str], /) -> list[str]:
        """The columns of the lake behind `names`, in order."""
        found: set[str] = set()
        for name in names:
            table, _, column = name.partition(".")
            found |= set(self.inputs[table][column]) if table in self.inputs else {name}
        return sorted(found)


@cache
def lineage() -> Lineage:
    """The stored lineage of columns."""
    told = json.loads((files("lyceum.tables") / "lineage.json").read_text(encoding="utf-8"))
    return Lineage(**told)
