import json
from datetime import date

import pytest

from lyceum.errors import UsageError
from reports.conclusions import falls, level
from reports.query import SMALL, WITHHELD, reproduce
from reports.summary import summarise


@pytest.fixture(scope="module")
def summary(full, support):
    return summarise(full, as_of=support.AS_OF, platform=support.PLATFORM, release="2026-07-20-r001")


def of(con, support, **more):
    return summarise(con, as_of=support.AS_OF, platform=support.PLATFORM | more, release="r")


def value(summary, name):
    return summary["figures"][name]["value"]


def every_figure(node):
    if isinstance(node, dict):
        if {"value", "table", "sql"} <= node.keys():
            yield node
        for part in node.values():
            yield from every_figure(part)
    elif isinstance(node, list):
        for part in node:
            yield from every_figure(part)


def test_the_week_is_the_one_that_ended_before_as_of(summary):
    assert (summary["as_of"], summary["week"], summary["week_number"]) == ("2026-07-20", "2026-07-13", 29)
    with pytest.raises(UsageError, match="Monday"):
        summarise(None, as_of=date(2026, 7, 21), platform={"timezone": "UTC"}, release="r")
    with pytest.raises(UsageError, match="time zone"):
        summarise(None, as_of=date(2026, 7, 20), platform={"timezone": "Mars/Base"}, release="r")


def test_it_is_json_and_holds_no_person(summary):
    assert "secret-person" not in json.dumps(summary)


def test_every_figure_comes_again_from_the_query_it_cites(full, summary):
    found = list(every_figure(summary))
    assert len(found) > 31
    for figure in found:
        assert reproduce(full, figure) == figure["value"], figure["sql"]


def test_planted_numbers(summary):
    wau = next(row for row in value(summary, "kpis") if row["kpi"] == "wau")
    assert (wau["value"], wau["previous"], wau["mean_8w"]) == (1200, 1500, 1480)
    assert value(summary, "churn") == [{"eligible": 200, "users": 200, "expected": "40.000000"}]
    assert value(summary, "buyers") == [
        {"users": 200, "expected_14d": "10.000000", "expected_28d": "20.000000", "spend_90d": "2500.00"}
    ]
    total = {"users": 150, "value_at_stake": "15075.00", "expected_loss": "12060.00", "repeated": 100, "fresh": 50}
    assert value(summary, "warnings_total") == [total]
    assert value(summary, "warning_reasons") == [
        {"reason": "acts_28d", "users": 150},
        {"reason": "recency_days", "users": 150},
    ]
    assert value(summary, "recommended_total") == [{"users": 200, "items": 12}]
    assert value(summary, "sold_items") == [{"on_sale": 16, "sold": 16}]
    total = value(summary, "deliveries_total")[0]
    assert (total["rows"], total["mapped"], total["rejected"], total["unbalanced"]) == (1000, 930, 8, 0)
    assert value(summary, "rejects") == [{"code": "bad_time", "rows": 8, "files": 1}]


def test_best_and_worst_items_do_not_overlap(summary):
    best = [row["title"] for row in value(summary, "best_items")]
    worst = [row["title"] for row in value(summary, "worst_items")]
    assert best == [f"Course {k}" for k in range(10)]
    assert worst == [f"Course {k}" for k in (15, 14, 13, 12, 11, 10)]


def test_a_week_that_has_only_begun_is_never_read(summary, support):
    assert max(row["week"] for row in value(summary, "kpi_history")) == "2026-07-13"
    actual = [row["week"] for row in value(summary, "growth") if row["kind"] == "actual"]
    assert len(actual) == 12
    assert actual[-1] == "2026-07-13"


def test_small_cells(summary):
    tiny = value(summary, "segments")
    assert [row["users"] for row in tiny] == [500, 300, 195, SMALL, WITHHELD]
    assert tiny[3]["spend_84d_sum"] == WITHHELD
    by_action = {row["suggested_action"]: row for row in value(summary, "warnings")}
    assert list(by_action)[-2:] == ["none", "holdout"]
    assert by_action["activity"]["users"] == SMALL
    assert by_action["holdout"]["users"] == WITHHELD  # or the total would tell how many the activity is for
    assert by_action["holdout"]["expected_loss"] == WITHHELD
    club = value(summary, "communities")[1]
    assert (club["members_active"], club["questions"]) == (SMALL, WITHHELD)


def test_a_rate_on_fewer_than_thirty_is_not_shown(support):
    con = support.empty_release()
    rate = support.kpi("week1_retention", value=0.5, numerator=9.0, denominator=18.0)
    support.plant(con, "marts.weekly_kpis", [rate])
    row = value(of(con, support), "kpis")[0]
    assert (row["value"], row["denominator"]) == (None, 18)
    assert "week1_retention" in of(con, support)["known_kpis"]  # the logs do hold it


def test_conclusions_lead_with_alerts_and_are_three_to_five(summary):
    codes = [line["code"] for line in summary["conclusions"]]
    assert codes == ["wau", "net", "risk", "community", "trust"]
    assert [line["level"] for line in summary["conclusions"]] == ["alert", "alert", "watch", "watch", "watch"]
    assert summary["state"] == "alert"
    wau = summary["conclusions"][0]
    assert wau["why"]["values"]["state"]["value"] == "states.active"
    assert wau["why"]["values"]["move"]["value"] == -299
    assert wau["do"]["key"] == "conclusions.wau_do_down"


def test_actions_leave_the_holdout_out(summary):
    first = summary["actions"][0]
    assert first["what"]["key"] == "actions.mentor_call"
    assert first["due"] == "2026-07-22"
    keys = [line["what"]["key"] for line in summary["actions"]]
    assert keys[-3:] == ["actions.recommend", "actions.answer", "actions.repair"]  # 20 buyers, 17 questions, data
    assert "actions.none" not in keys


def listed(con, people, **columns):
    """`people` rows of the early-warning list; a column is SQL over i, the number of the row."""
    row = {"value_at_stake": "10", "expected_loss": "5", "weeks_listed": "1", "holdout": "false"} | columns
    chosen = ", ".join(f"{sql} AS {name}" for name, sql in row.items())
    con.execute(
        f"INSERT INTO marts.early_warnings BY NAME SELECT 'u' || i AS user_id, {chosen} FROM range({people}) r(i)"
    )


def test_the_holdout_is_a_line_of_its_own_and_nobody_acts_on_it(support):
    con = support.empty_release()
    action = "CASE WHEN i < 15 THEN 'none' WHEN i < 30 THEN 'coupon' ELSE 'reminder' END"
    listed(con, 60, suggested_action=action, holdout="i < 15")
    summary = of(con, support)
    assert [(row["suggested_action"], row["users"]) for row in value(summary, "warnings")] == [
        *(("reminder", 30), ("coupon", 15)),
        ("holdout", 15),
    ]
    assert [line["what"]["key"] for line in summary["actions"]] == ["actions.reminder", "actions.coupon"]
    who = summary["actions"][0]["who"]
    assert (who["values"]["users"]["value"], who["values"]["value"]["value"]) == (30, "300.00")


def test_who_is_new_on_the_list_does_not_follow_from_who_is_not(support):
    con = support.empty_release()
    listed(con, 60, suggested_action="'reminder'", weeks_listed="CASE WHEN i < 4 THEN 1 ELSE 2 END")
    total = value(of(con, support), "warnings_total")[0]
    assert (total["users"], total["fresh"], total["repeated"]) == (60, SMALL, WITHHELD)


def test_a_platform_that_sells_nothing_has_a_list_without_money(support):
    con = support.empty_release()
    listed(con, 60, suggested_action="'reminder'", value_at_stake="NULL", expected_loss="NULL")
    summary = of(con, support)
    assert summary["actions"][0]["who"]["key"] == "actions.people"
    assert summary["conclusions"][0]["what"]["key"] == "conclusions.risk_unsold"


def test_an_assumed_profit_of_a_few_people_is_withheld(support):
    con = support.empty_release()
    row = {"model": "early_warnings", "estimator": "rule_table", "metric": "expected_profit", "slice": "all"}
    support.plant(con, "quality.model_metrics", [row | {"value": 80.5, "rows": 9}])
    assert value(of(con, support), "expected_profit") == [{"value": WITHHELD, "users": SMALL}]


def test_levels():
    row = {"kpi": "wau", "unusual": True, "mean_8w": 10, "value": 5}
    assert level(row) == "alert"
    assert level(row | {"value": 20}) == "watch"
    assert level(row | {"kpi": "refunds", "value": 20}) == "alert"
    assert level(row | {"kpi": "refunds"}) == "watch"
    assert level(row | {"unusual": None}) == "normal"


def test_falls():
    assert falls([5, 6, 4, 3]) == 2
    assert falls([1, 2]) == 0
    assert falls([3, 2, 1]) == 2
    assert falls([]) == 0


def test_a_platform_without_purchases_says_why(support):
    con = support.empty_release()
    support.plant(con, "marts.weekly_kpis", [support.kpi("wau", value=100.0), support.kpi("net")])
    run = {"as_of": support.AS_OF, "step": "train", "part": "purchase_28d", "status": "skipped"}
    support.plant(con, "quality.runs", [run | {"code": "no_purchases_logged", "why": "No purchases."}])
    summary = of(con, support, currency=None)
    assert summary["absent"]["money"] == "no_purchases_logged"
    assert summary["absent"]["buyers"] == "no_purchases_logged"
    assert summary["absent"]["learning"] == "no_events_of_kind"
    assert summary["known_kpis"] == ["wau"]
    assert "net" in summary["unknown_kpis"]


def test_an_empty_release_is_all_absent_and_concludes_nothing(support):
    summary = of(support.empty_release(), support)
    assert summary["conclusions"] == []
    assert summary["actions"] == []
    assert summary["state"] == "none"
    assert set(summary["absent"]) == {
        *("growth", "segments", "learning", "money", "community", "risk", "buyers", "recommendations", "items"),
        *("outcomes", "survival", "models", "interests", "voices", "drivers"),
    }
