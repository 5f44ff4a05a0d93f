import math
from datetime import date, timedelta

import duckdb
import pytest

from lyceum.schema import published

from .planted_groups import plant_groups
from .planted_models import plant_models
from .planted_platform import plant_platform

AS_OF = date(2026, 7, 20)
WEEK = date(2026, 7, 13)
PLATFORM = {"name": "Lyceum Demo", "timezone": "Asia/Shanghai", "currency": "CNY"}
KPI_UNITS = {
    **dict.fromkeys(("wau", "wau_learning", "wau_interacting", "new_users", "payers"), "people"),
    **dict.fromkeys(("gmv", "refunds", "net"), "currency"),
    **dict.fromkeys(("stickiness", "week1_retention", "rating_good_share"), "ratio"),
    **dict.fromkeys(("completions", "orders", "texts", "questions", "complaints"), "events"),
    **{"learning_minutes": "minutes", "rating_mean": "stars"},
}
NOW = {  # week of 13 July, the week before, mean of eight weeks
    "wau": (1200.0, 1500.0, 1480.0),
    "wau_learning": (600.0, 640.0, 650.0),
    "wau_interacting": (300.0, 280.0, 290.0),
    "new_users": (150.0, 160.0, 155.0),
    "stickiness": (0.31, 0.30, 0.30),
    "week1_retention": (0.25, 0.22, 0.24),
    "learning_minutes": (45_600.0, 44_000.0, 45_000.0),
    "completions": (820.0, 800.0, 790.0),
    "payers": (87.0, 80.0, 82.0),
    "orders": (95.0, 88.0, 90.0),
    "gmv": (128_400.0, 120_000.0, 121_000.0),
    "refunds": (8_400.0, 6_000.0, 6_100.0),
    "net": (120_000.0, 114_000.0, 114_900.0),
    "texts": (410.0, 400.0, 405.0),
    "questions": (60.0, 58.0, 55.0),
    "complaints": (4.0, 3.0, 3.2),
    "rating_mean": (4.53, 4.5, 4.48),
    "rating_good_share": (0.912, 0.9, 0.9),
}


def empty_release() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    for schema in ("marts", "features", "quality", "history"):
        con.execute(f"CREATE SCHEMA {schema}")
    for table in published():
        con.execute(table.ddl())
        if table.name.startswith("marts."):
            kept = table.name.replace("marts.", "history.")
            con.execute(f"CREATE TABLE {kept} AS SELECT NULL::DATE AS as_of, * FROM {table.name} WHERE false")
    return con


def plant(con, table, rows):
    for row in rows:
        names = ", ".join(f'"{name}"' for name in row)
        con.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", list(row.values()))


def kpi(name, week=WEEK, value=None, **more):
    return {"week": week, "kpi": name, "value": value, "unit": KPI_UNITS[name]} | more


def weeks(count):
    return [WEEK - timedelta(days=7 * back) for back in reversed(range(count))]


def plant_kpis(con):
    for name, (now, before, mean) in NOW.items():
        rate = {"numerator": now * 200, "denominator": 200.0} if KPI_UNITS[name] == "ratio" else {}
        plant(
            con,
            "marts.weekly_kpis",
            [kpi(name, week, mean * (1 + 0.04 * math.sin(k))) for k, week in enumerate(weeks(10))]
            + [kpi(name, WEEK + timedelta(days=7), 1.0)],  # a week that has only begun: never to be read
        )
        con.execute(
            "UPDATE marts.weekly_kpis SET value = ?, previous = ?, mean_8w = ?, spread_8w = ?, unusual = ?, "
            "numerator = ?, denominator = ? WHERE week = ? AND kpi = ?",
            [
                *(now, before, mean, mean / 20, name in ("wau", "refunds")),
                *(rate.get("numerator"), rate.get("denominator"), WEEK, name),
            ],
        )
        con.execute(
            "UPDATE marts.weekly_kpis SET value = ? WHERE week = ? AND kpi = ?",
            [before, WEEK - timedelta(days=7), name],
        )


def plant_growth(con):
    for k, week in enumerate(weeks(14)):
        total = {12: 1500, 13: 1200}.get(k, 1450 + 3 * k)
        new, returned, resurrected = 150 - k, 200, 60
        active = total - new - returned - resurrected
        plant(
            con,
            "marts.growth_forecast",
            [
                {
                    **{"week": week, "kind": "actual", "active_users": total},
                    **{"new": new, "active": active, "returned": returned, "resurrected": resurrected},
                    **{"at_risk": 300, "dormant": 800, "churned": 1500},
                }
            ],
        )
    for ahead in range(1, 5):
        active = 1230.0 + 20 * ahead
        plant(
            con,
            "marts.growth_forecast",
            [
                {
                    **{"week": WEEK + timedelta(days=7 * ahead), "kind": "forecast", "active_users": active},
                    **{"low_80": active - 40 * ahead, "high_80": active + 50 * ahead},
                }
            ],
        )
    states = ("new", "active", "returned", "resurrected", "at_risk", "dormant", "churned")
    reach = {
        **{"new": ("active", "at_risk"), "active": ("active", "at_risk"), "returned": ("active", "at_risk")},
        **{"resurrected": ("active", "at_risk"), "at_risk": ("returned", "dormant")},
        **{"dormant": ("returned", "resurrected", "dormant", "churned"), "churned": ("resurrected", "churned")},
    }
    for state in states:
        share = 1 / len(reach[state])
        rows = [
            {"from_state": state, "to_state": to, "users": 400, "probability": share, "weeks": 8}
            for to in reach[state]
        ]
        plant(con, "marts.lifecycle_transitions", rows)


def plant_people(con):
    con.execute(
        """INSERT INTO marts.user_scores
           (user_id, segment_id, eligible, churn_28d, purchase_14d, purchase_28d, spend_90d)
           SELECT 'secret-person-' || i, i % 3, true, 0.2, 0.05, 0.1, 12.5 FROM range(200) r(i)"""
    )
    con.execute(
        """INSERT INTO marts.early_warnings BY NAME
           SELECT 'secret-person-' || i AS user_id, i AS rank, 0.8 AS risk, 100.5 AS value_at_stake,
                  80.4 AS expected_loss,
                  '[{"column": "recency_days", "value": 3.0}, {"column": "acts_28d"}]' AS reasons,
                  CASE WHEN holdout THEN 'none' WHEN i < 60 THEN 'mentor_call' WHEN i < 100 THEN 'reminder'
                  WHEN i < 104 THEN 'activity' ELSE 'none' END AS suggested_action, holdout,
                  1 + i % 3 AS weeks_listed FROM (SELECT i, i % 5 = 0 AS holdout FROM range(150) r(i))"""
    )
    con.execute(
        """INSERT INTO marts.recommendations SELECT 'secret-person-' || u, k + 1, 'item-' || (u + k) % 12, 0.5,
           CASE WHEN u % 2 = 0 THEN 'popular' ELSE 'because_of:item-1' END, 'item_neighbours', 'personal'
           FROM range(200) a(u), range(3) b(k)"""
    )
    plant(
        con,
        "marts.channel_quality",
        [
            {"channel": "app", "users": 900, "active_28d": 400, "payers": 60, "spend_total": 70000},
            {"channel": "web", "users": 100, "active_28d": 8, "payers": 3, "spend_total": 400},
        ],
    )


def plant_items(con, titles=()):
    rows = [
        {
            **{"item_id": f"item-{k}", "title": f"Course {k}", "category": "writing", "on_sale": True},
            **{"users_28d": 300 - 13 * k, "learners_28d": 200 - 9 * k, "enrolments_28d": 40, "completions_28d": 20},
            **{"purchases_28d": 30 - k, "revenue_28d": 9000 - 400 * k, "refunds_28d": 1},
        }
        for k in range(16)
    ]
    for row, title in zip(rows, titles, strict=False):
        row["title"] = title
    plant(con, "marts.item_performance", rows)
    plant(
        con,
        "marts.community_health",
        [
            {
                **{"community_id": "(all)", "members_active": 500, "speakers": 120, "texts": 900, "questions": 60},
                **{"top_5_percent_share": 0.41, "questions_unanswered": 17, "first_reply_median_hours": 2.4},
                **{"first_reply_in_24h": 0.6},
            },
            {
                **{"community_id": "club-1", "members_active": 7, "speakers": 3, "texts": 11, "questions": 2},
                **{"top_5_percent_share": 0.7, "questions_unanswered": 1, "first_reply_median_hours": 9.0},
                **{"first_reply_in_24h": 0.5},
            },
        ],
    )


def plant_quality(con):
    check = {"suite": "events", "severity": "fail", "sentence": "Every event has a time."}
    plant(
        con,
        "quality.checks",
        [
            check
            | {"expectation": "expect_column_values_to_not_be_null", "column_name": "occurred_at", "success": True},
            check
            | {"expectation": "expect_table_row_count", "column_name": "rows", "success": False, "severity": "warn"},
        ],
    )
    delivery = {"file": "events/2026-07-13.jsonl", "file_digest": "ab", "mapping": "events"}
    plant(
        con,
        "quality.deliveries",
        [
            {
                **delivery,
                **{
                    "rows": 1000,
                    "mapped": 930,
                    "skipped": 20,
                    "anonymous": 30,
                    "duplicate": 10,
                    "rejected": 8,
                    "blank": 2,
                },
            }
        ],
    )
    reject = {"file": "events/2026-07-13.jsonl", "mapping": "events", "code": "bad_time", "sentence": "No time."}
    plant(con, "quality.rejects", [reject | {"line": line} for line in range(8)])
    run = {"as_of": AS_OF, "status": "skipped", "provisional": False}
    plant(
        con,
        "quality.runs",
        [
            run
            | {"step": "readout", "part": "outcomes", "code": "no_predecessor", "why": "There is no week before."},
            run | {"step": "score", "part": "topics", "code": "brand_new_code", "why": "Something in English."},
        ],
    )


@pytest.fixture(scope="session")
def full():
    con = empty_release()
    for put in (plant_kpis, plant_growth, plant_people, plant_items, plant_quality):
        put(con)
    plant_groups(con, plant)
    plant_models(con, plant)
    plant_platform(con, plant)
    return con


@pytest.fixture(scope="session")
def support():
    """This module's helpers, for tests that plant their own rows."""
    import types

    return types.SimpleNamespace(**{k: v for k, v in globals().items() if not k.startswith("_")})
