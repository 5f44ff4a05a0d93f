"""Figures of five predictions, four of them learnt and one left to a rule, and how long people stayed."""

import math
from datetime import date, timedelta

CHAMPIONS = {
    "retention_7d": ("xgboost", 0.84),
    "retention_28d": ("blend", 0.81),
    "retention_84d": ("silence_rule", 0.72),
    "purchase_14d": ("forest", 0.74),
    "purchase_28d": ("xgboost", 0.73),
}
RULES = {"base_rate": 0.5, "silence_rule": 0.72, "recency_logistic": 0.70, "rfm_logistic": 0.69}
MEASURED = {"rows": 4000, "measured_on": date(2026, 6, 15), "trained_as_of": date(2026, 7, 13)}
SIGNALS = ("recency_days", "active_days_28d", "gap_current_ratio", "answered_48h_share_84d", "spend_84d", "acts_7d")


def figure(model, estimator, role, metric, value):
    span = {"value": value, "low_95": value - 0.012, "high_95": value + 0.011}
    return {
        "model": model,
        "estimator": estimator,
        "role": role,
        "metric": metric,
        "slice": "all",
        **span,
        **MEASURED,
    }


def metrics(model):
    used, auc = CHAMPIONS[model]
    contenders = {name: ("baseline", value) for name, value in RULES.items()} | {used: ("champion", auc)}
    if used in RULES:
        contenders["logistic"] = ("challenger", auc - 0.01)
    contenders["blend of 2026-06-15"] = ("challenger", auc - 0.005)
    for estimator, (role, value) in contenders.items():
        yield figure(model, estimator, role, "auc", value)
        yield figure(model, estimator, role, "pr_auc", value - 0.1)
        yield figure(model, estimator, role, "brier", 0.3 - value / 5)
        yield figure(model, estimator, role, "ece", 0.02)
        yield figure(model, estimator, role, "precision_top_10pct", min(1.0, value + 0.1))


def decisions():
    for number, (model, (estimator, _)) in enumerate(CHAMPIONS.items()):
        decided = ("promoted", "refused", "promoted", "rolled_back", "promoted")[number]
        newest = {"version": "2026-07-13", "decided_as_of": date(2026, 7, 13), "decision": decided}
        difference = {"auc_difference": 0.004, "low_95": -0.001, "high_95": 0.009, "compared_with": "2026-06-15"}
        why = "Its AUC is no worse than the champion's."
        yield {"model": model, "estimator": estimator, "why": why, **newest, **(difference if number < 4 else {})}
        earlier = {"version": "2026-06-15", "decided_as_of": date(2026, 6, 15), "decision": "promoted"}
        yield {"model": model, "estimator": "forest", "why": why, **earlier}


def bins(model):
    low, width = (0.4, 0.6) if model.startswith("retention") else (0.0, 0.2)
    for number in range(10):
        predicted = low + width * (number + 0.5) / 10
        observed = min(1.0, predicted + 0.01 * math.sin(number))
        span = {"low_95": max(0.0, observed - 0.03), "high_95": min(1.0, observed + 0.03)}
        yield {"model": model, "bin": number + 1, "people": 400, "predicted": predicted, "observed": observed, **span}


def coefficients(model):
    for number, feature in enumerate(SIGNALS):
        beta = (-1) ** number * 0.5 / (number + 1)
        low, high = beta - 0.1, beta + 0.1
        yield {
            **{"model": model, "feature": feature, "coefficient": beta, "standard_error": 0.05},
            **{"low_95": low, "high_95": high, "odds_ratio": math.exp(beta)},
            **{"odds_low_95": math.exp(low), "odds_high_95": math.exp(high)},
        }


def drift(model):
    for number, feature in enumerate(("acts_7d", "spend_84d", "probability")):
        moved = {"psi": 0.2, "psi_excess": 0.18 - 0.03 * number, "effect_size": 0.4, "drifted": number < 1}
        yield {"model": model, "feature": feature, "people": 900, **moved}


def curve(cohort, people, ages, rate):
    for age in range(0, ages, 7):
        stays, left = math.exp(-rate * age), people - 2 * age
        span = {"survival": stays, "low_95": max(0.0, stays - 0.03), "high_95": min(1.0, stays + 0.03)}
        yield {"cohort": cohort, "age_days": age, "people": people, "at_risk": left, "lost": age, **span}


def survival():
    yield from curve("all", 900, 300, 0.01)
    for back in range(1, 13):
        monday = date(2026, 6, 22) - timedelta(days=7 * back)
        yield from curve(str(monday), 300, 7 * back + 1, 0.008 + 0.001 * back)


def plant_models(con, plant):
    for model in CHAMPIONS:
        for table, rows in (("metrics", metrics), ("reliability", bins), ("drift", drift)):
            plant(con, f"quality.model_{table}", rows(model))
        plant(con, "marts.model_coefficients", coefficients(model))
    plant(con, "quality.model_decisions", decisions())
    plant(con, "marts.survival", survival())
    alarm = {"metric": "leak_alarm", "slice": "acts_7d", "value": 0.81, "role": "champion", "estimator": "blend"}
    others = (
        ("segments", "kmeans_segments", "champion", "silhouette"),
        ("early_warnings", "rule_table", "champion", "expected_profit"),
    )
    plant(con, "quality.model_metrics", [{"model": "retention_28d", **alarm, **MEASURED}])
    plant(con, "quality.model_metrics", [figure(*names, 512.5) for names in others])
