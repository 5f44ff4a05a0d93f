"""The queries behind "how good the predictions are" and "how long people stay".

An estimate with its 95 % interval is one value {value, low, high}, so that a cell, a point and its whisker agree.
"""

import duckdb

from reports.query import SMALLEST_DENOMINATOR, Figure, ask

Connection = duckdb.DuckDBPyConnection
MODELS = ("retention_7d", "retention_28d", "retention_84d", "purchase_14d", "purchase_28d")
RULES = ("base_rate", "silence_rule", "recency_logistic", "rfm_logistic")  # what a model must beat to be used
MEASURES = ("auc", "pr_auc", "brier", "ece")
DRAWN = ("retention_28d", "purchase_28d")  # whose coefficients the report draws
LARGEST = 10
LEAK = "leak_alarm"


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f"'{name}'" for name in names)


_ORDER = f"list_position([{_quoted(MODELS)}], model) NULLS LAST, model"


def _interval(measure: str) -> str:
    """One metric of a group of quality.model_metrics with its interval; null where it was not measured."""
    met = f"FILTER (metric = '{measure}')"
    packed = f"{{'value': max(value) {met}, 'low': max(low_95) {met}, 'high': max(high_95) {met}}}"
    return f"CASE WHEN count(value) {met} > 0 THEN {packed} END AS {measure}"


_CONTENDERS = f"""SELECT model, estimator, role, max(rows) AS rows, max(trained_as_of) AS trained_as_of,
    max(measured_on) AS measured_on, {", ".join(_interval(measure) for measure in MEASURES)}
    FROM quality.model_metrics WHERE slice = 'all' AND metric IN ({_quoted(MEASURES)}) GROUP BY model, estimator, role
    HAVING count(value) FILTER (metric = 'auc') > 0"""


def contenders(con: Connection, /) -> Figure:
    """Every estimator and rule that was measured for a prediction about people, the champion first."""
    return ask(
        con,
        f"""SELECT * FROM ({_CONTENDERS})
            ORDER BY {_ORDER}, role <> 'champion', role = 'baseline', auc.value DESC, estimator""",
        table="quality.model_metrics",
    )


def champions(con: Connection, /) -> Figure:
    """What is used for each prediction about people, beside the best of the simple rules."""
    return ask(
        con,
        f"""WITH measured AS ({_CONTENDERS}),
            best AS (SELECT model, arg_max(estimator, auc.value) AS best_rule, arg_max(auc, auc.value) AS rule_auc,
                     arg_max(pr_auc, auc.value) AS rule_pr_auc FROM measured WHERE role = 'baseline' GROUP BY model)
            SELECT model, estimator, trained_as_of, rows, measured_on, auc, pr_auc, brier, ece, best_rule, rule_auc,
            rule_pr_auc FROM measured LEFT JOIN best USING (model) WHERE role = 'champion' ORDER BY {_ORDER}""",
        table="quality.model_metrics",
    )


def other_models(con: Connection, /) -> Figure:
    """The figures of models that are not about whether a person does something: recommendation, segments.

    Of recommenders the figure that decides of all of them, and further ones of the one in use and of popularity.
    """
    return ask(
        con,
        """SELECT model, metric, estimator, role, value, rows, measured_on FROM quality.model_metrics
           WHERE slice = 'all' AND metric <> 'none' AND model <> 'early_warnings'
           AND model NOT IN (SELECT model FROM quality.model_metrics WHERE metric = 'auc')
           AND (model <> 'recommendation' OR metric = 'ndcg_at_10'
                OR metric IN ('recall_at_20', 'coverage') AND (role = 'champion' OR estimator = 'popularity'))
           ORDER BY model, metric, role = 'baseline', estimator""",
        table="quality.model_metrics",
    )


def precision(con: Connection, /) -> Figure:
    """Of the tenth whom each method ranked as most likely to leave for 28 days, the share that did; the best last.

    The metric is about the rarer outcome, which its note names: where staying is rarer it does not speak of leaving.
    """
    return ask(
        con,
        f"""SELECT role, value FROM quality.model_metrics WHERE model = 'retention_28d' AND slice = 'all'
            AND metric = 'precision_top_10pct' AND note LIKE '%label 0%' AND rows >= {10 * SMALLEST_DENOMINATOR}
            ORDER BY value""",
        table="quality.model_metrics",
    )


def leak_alarm(con: Connection, /) -> Figure:
    """The columns that alone rank nearly as well as a trained model: they may tell of the outcome itself."""
    return ask(
        con,
        f"""SELECT model, slice AS feature, max(value) AS value FROM quality.model_metrics
            WHERE metric = '{LEAK}' GROUP BY model, slice ORDER BY {_ORDER}, max(value) DESC, slice""",
        table="quality.model_metrics",
    )


def decisions(con: Connection, /) -> Figure:
    """The newest decision about each prediction's models, and the comparison behind it."""
    return ask(
        con,
        f"""SELECT model, version, decided_as_of, estimator, decision, why, compared_with,
            CASE WHEN auc_difference IS NOT NULL
            THEN {{'value': auc_difference, 'low': low_95, 'high': high_95}} END AS auc_difference
            FROM quality.model_decisions
            QUALIFY row_number() OVER (PARTITION BY model ORDER BY decided_as_of DESC, version DESC) = 1
            ORDER BY {_ORDER}""",
        table="quality.model_decisions",
    )


def reliability(con: Connection, /) -> Figure:
    """What happened to people by the probability that they were given, in bins of equal mass."""
    return ask(
        con,
        f"""SELECT model, bin, people, predicted, observed, low_95, high_95 FROM quality.model_reliability
            ORDER BY {_ORDER}, bin""",
        table="quality.model_reliability",
        cells={"people": ("predicted", "observed", "low_95", "high_95")},
    )


def drift(con: Connection, /) -> Figure:
    """The columns by which this week's people differ most from those learnt from, where they differ at all."""
    return ask(
        con,
        f"""SELECT feature, count(*) AS models, max(psi_excess) AS psi_excess,
            arg_max(effect_size, psi_excess) AS effect_size FROM quality.model_drift WHERE drifted
            GROUP BY feature ORDER BY max(psi_excess) DESC, feature LIMIT {LARGEST}""",
        table="quality.model_drift",
    )


def drift_total(con: Connection, /) -> Figure:
    """How many columns were compared for each prediction, and how many have moved."""
    return ask(
        con,
        f"""SELECT model, count(*) AS columns, count(drifted) AS judged, count(*) FILTER (drifted) AS drifted
            FROM quality.model_drift GROUP BY model ORDER BY {_ORDER}""",
        table="quality.model_drift",
    )


def coefficients(con: Connection, /) -> Figure:
    """The ten columns that stand furthest from no association, in standard errors, by prediction."""
    return ask(
        con,
        f"""SELECT model, feature, odds_ratio, odds_low_95, odds_high_95, coefficient / standard_error AS z
            FROM marts.model_coefficients WHERE model IN ({_quoted(DRAWN)}) AND standard_error > 0
            AND isfinite(odds_ratio) AND isfinite(odds_low_95) AND isfinite(odds_high_95) AND odds_low_95 > 0
            QUALIFY row_number() OVER (PARTITION BY model ORDER BY abs(z) DESC, feature) <= {LARGEST}
            ORDER BY {_ORDER}, abs(z) DESC, feature""",
        table="marts.model_coefficients",
    )


def survival(con: Connection, /) -> Figure:
    """The share that stays beyond each age, as far as 30 people were still observed at it."""
    return ask(
        con,
        f"""SELECT cohort, age_days, people, survival, low_95, high_95 FROM marts.survival
            WHERE at_risk >= {SMALLEST_DENOMINATOR} ORDER BY cohort <> 'all', cohort, age_days""",
        table="marts.survival",
    )
