"""How far to trust a week: checks, rejects, model metrics, and what every step read and wrote."""

from lyceum.schema import BIGINT, BOOLEAN, DATE, DOUBLE, INSTANT, VARCHAR, Column, Table
from lyceum.tables import canonical

CHECKS = Table(
    "quality.checks",
    "Every rule by which the week's tables were judged, and its verdict.",
    ("suite", "rule"),
    (
        Column("suite", VARCHAR, "The table judged", required=True),
        Column("rule", VARCHAR, "Name of the rule in the suite", required=True),
        Column("expectation", VARCHAR, "Its type in Great Expectations", required=True),
        Column("column_name", VARCHAR, "The column or columns judged"),
        Column("severity", VARCHAR, "fail = nothing is published, warn = a banner"),
        Column("success", BOOLEAN, "The verdict", required=True),
        Column("unexpected", BIGINT, "Rows (or days) that break the rule; null where the rule counts none"),
        Column("share", DOUBLE, "Of all rows of the table", "ratio"),
        Column("observed", VARCHAR, "The same as text; never a value from the logs"),
        Column("expected", VARCHAR, "What was asked"),
        Column("sentence", VARCHAR, "The same in plain words"),
        Column("sentence_zh", VARCHAR, "The same in Chinese"),
        Column("sample", VARCHAR, "Up to three keys of rows that break the rule; never a person's id", "JSON list"),
    ),
)


def _told(table: Table, *hidden: str) -> tuple[Column, ...]:
    """The columns of a lake table that may be published: without its batch's, and without `hidden`."""
    left_out = {*hidden, *(column.name for column in canonical.BATCH)}
    return tuple(column for column in table.columns if column.name not in left_out)


REJECTS = Table(
    "quality.rejects",
    "Rows that could not be used: where and why, never what they held.",
    ("file", "line", "mapping"),
    _told(canonical.REJECTS, "raw", "header"),
)

DELIVERIES = Table(
    "quality.deliveries",
    canonical.DELIVERIES.meaning,
    ("file", "file_digest", "mapping"),
    _told(canonical.DELIVERIES),
)

MODEL_METRICS = Table(
    "quality.model_metrics",
    "Every model beside its baselines, measured on weeks later than it was trained on.",
    ("model", "estimator", "metric", "slice"),
    (
        Column("model", VARCHAR, "retention_28d, purchase_28d, recommendation, segments, ...", required=True),
        Column("estimator", VARCHAR, "The estimator or baseline measured", required=True),
        Column("role", VARCHAR, "champion, challenger or baseline"),
        Column("metric", VARCHAR, "auc, pr_auc, brier, ece, ndcg_at_10, ...", required=True),
        Column("slice", VARCHAR, "all, or the part of the users measured", required=True),
        Column("value", DOUBLE, "The figure"),
        Column("low_95", DOUBLE, "Lower end of its 95 % interval, drawn by person"),
        Column("high_95", DOUBLE, "Upper end of its 95 % interval, drawn by person"),
        Column("rows", BIGINT, "Rows it was measured on", "rows"),
        Column("trained_as_of", DATE, "The week whose run trained it"),
        Column("measured_on", DATE, "The snapshot it was measured on"),
        Column("note", VARCHAR, "Why there is no figure, or what to know about it"),
    ),
)

MODEL_DECISIONS = Table(
    "quality.model_decisions",
    "Every model that was trained for a prediction up to this week, and whether it became the champion.",
    ("model", "version", "decided_as_of"),
    (
        Column("model", VARCHAR, "retention_28d, purchase_28d, ...", required=True),
        Column("version", VARCHAR, "The Monday whose run trained it", required=True),
        Column("decided_as_of", DATE, "The Monday from which the decision holds", required=True),
        Column("estimator", VARCHAR, "The estimator or baseline"),
        Column("decision", VARCHAR, "promoted, refused or rolled_back (to this version)"),
        Column("why", VARCHAR, "The reason as a sentence (English)"),
        Column("compared_with", VARCHAR, "Version of the champion it was measured against; null = there was none"),
        Column("auc_difference", DOUBLE, "AUC less the champion's, on the same later week"),
        Column("low_95", DOUBLE, "Lower end of its paired 95 % interval, drawn by person"),
        Column("high_95", DOUBLE, "Upper end of its paired 95 % interval, drawn by person"),
    ),
)

MODEL_RELIABILITY = Table(
    "quality.model_reliability",
    "What happened to people by the probability that the champion gave them, on a week later than it learnt from.",
    ("model", "bin"),
    (
        Column("model", VARCHAR, "retention_28d, purchase_28d, ...", required=True),
        Column("bin", BIGINT, "Bin of equal mass, 1 = lowest probabilities", "ordinal", required=True),
        Column("people", BIGINT, "People in it", "people"),
        Column("predicted", DOUBLE, "Mean probability", "probability"),
        Column("observed", DOUBLE, "Share with the outcome", "ratio"),
        Column("low_95", DOUBLE, "Lower end of its Wilson interval", "ratio"),
        Column("high_95", DOUBLE, "Upper end of its Wilson interval", "ratio"),
    ),
)

MODEL_DRIFT = Table(
    "quality.model_drift",
    "How far this week's people lie from those that the champion learnt from, by column.",
    ("model", "feature"),
    (
        Column("model", VARCHAR, "retention_28d, purchase_28d, ...", required=True),
        Column("feature", VARCHAR, "The column, or probability for the score itself", required=True),
        Column("psi", DOUBLE, "Population stability index over ten bins of the training weeks"),
        Column("psi_excess", DOUBLE, "The same less its mean without drift, (B - 1)(1/n + 1/m)"),
        Column("effect_size", DOUBLE, "Difference of the means in standard deviations of the training weeks"),
        Column("people", BIGINT, "People compared this week", "people"),
        Column(
            "drifted",
            BOOLEAN,
            "psi_excess above 0.1, also less the steady weekly step of the training weeks; null where a bin expects "
            "fewer than 50 people",
        ),
    ),
)

RUNS = Table(
    "quality.runs",
    "What each step of the week read and wrote, what it skipped and why.",
    ("as_of", "step", "part"),
    (
        Column("as_of", DATE, "The week", required=True),
        Column("step", VARCHAR, "ingest, validate, featurise, train, score, readout or forget", required=True),
        Column("part", VARCHAR, "The table or model concerned", required=True),
        Column("status", VARCHAR, "done, skipped or failed", required=True),
        Column("code", VARCHAR, "Short reason for machines: why it was skipped"),
        Column("why", VARCHAR, "The same as a sentence (English)"),
        Column("rows", BIGINT, "Rows written", "rows"),
        Column("digest", VARCHAR, "Digest of what was written"),
        Column("reads", VARCHAR, "Canonical tables of the lake and their versions", "JSON object"),
        Column(
            "provisional",
            BOOLEAN,
            "The week before had not been published, or was provisional itself, when this week ran",
        ),
        Column("ran_at", INSTANT, "When the step ended", "UTC"),
        Column("seconds", DOUBLE, "How long it took", "seconds"),
        Column("peak_mb", DOUBLE, "Peak memory of the process so far", "MB"),
    ),
    volatile=("ran_at", "seconds", "peak_mb", "reads", "digest", "rows", "provisional"),
)

TABLES = (
    *(CHECKS, REJECTS, DELIVERIES),
    *(MODEL_METRICS, MODEL_DECISIONS, MODEL_RELIABILITY, MODEL_DRIFT, RUNS),
)
