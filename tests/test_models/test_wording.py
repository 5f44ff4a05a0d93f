import numpy as np
import pytest

from models.wording import rounded, sentence


def said(column, value, usual=None, *, towards="churn_28d", language="en", currency="CNY"):
    text = sentence(column, value, usual=usual, towards=towards, language=language, currency=currency)
    return text.split("，")[0] if language == "zh" else text.split(", associated")[0]


def both(column, value, usual=None, **options):
    return said(column, value, usual, language="zh", **options), said(column, value, usual, **options)


def test_what_it_goes_with_and_never_because():
    ends = {
        ("churn_28d", "zh"): "，与更高的流失可能相关",
        ("churn_28d", "en"): ", associated with a higher chance of leaving",
        ("purchase_28d", "zh"): "，与更高的购买可能相关",
        ("purchase_28d", "en"): ", associated with a higher chance of buying",
    }
    for (towards, language), end in ends.items():
        text = sentence("acts_7d", 2.0, usual=None, towards=towards, language=language, currency=None)
        assert text.endswith(end)


@pytest.mark.parametrize(
    ("column", "value", "usual", "zh", "en"),
    [
        ("recency_days", 12.0, 3.0, "距上次活跃 12 天（常见为 3 天）", "12 days since last active (3 is usual)"),
        ("acts_28d", 1.0, 1.0, "近28天行为 1 次（与常见值相同）", "1 act in the last 28 days (as is usual)"),
        ("acts_1d", 0.0, None, "近1天行为 0 次", "0 acts on the last day"),
        ("gap_mean_84d", 3.4, 3.0, "近84天两次活跃平均间隔 3.4 天（常见为 3 天）", None),
        ("partners_28d", 1.0, 5.0, None, "1 person interacted with in the last 28 days (5 is usual)"),
        ("replies_received_84d", 2.0, None, None, "2 replies received in the last 84 days"),
        ("night_share_84d", 0.4, 0.05, "近84天凌晨行为占 40%（常见为 5%）", None),
        ("orders_per_view", 0.012, 0.2, None, "1.2% of views followed by an order (20% is usual)"),
        (
            "acts_trend",
            -0.5,
            0.05,
            None,
            "acts of the last 28 days −50% against the mean of the last 84 (+5% is usual)",
        ),
        ("gap_current_ratio", 2.5, 1.0, "当前间隔为本人平时的 2.5 倍（常见为 1.0 倍）", None),
        ("main_hour_84d", 7.0, 21.0, "近84天最活跃的钟点 07:00（常见为 21:00）", None),
        ("spend_84d", 12800.0, 120.5, "近84天净消费 1.3 万元（常见为 120.50 元）", None),
        ("spend_84d", 12800.0, 0.0, None, "net spend of CNY 12,800 in the last 84 days (CNY 0 is usual)"),
        ("spend_total", -12.0, 0.0, "累计净消费 −12 元（常见为 0 元）", None),
        ("tenure_days", 1234.0, None, "首次出现至今 1,234 天", "1,234 days since first seen"),
        ("invited", 1.0, 0.0, "受邀注册", "came by invitation"),
        ("invited", 0.0, 0.0, "不是受邀注册", "did not come by invitation"),
        ("inviter_active_28d", 0.0, 1.0, "邀请人近28天没有活跃", "inviter not active in the last 28 days"),
        ("entitlements_ending_7d", 1.0, None, "7天内到期权益 1 项", "1 right ending within 7 days"),
    ],
)
def test_values_by_hand(column, value, usual, zh, en):
    found = both(column, value, usual)
    assert zh in (None, found[0])
    assert en in (None, found[1])


def test_other_currencies_and_none():
    assert both("spend_28d", 50.0, currency="USD") == (
        "近28天净消费 50 USD",
        "net spend of USD 50 in the last 28 days",
    )
    assert both("spend_28d", 50.0, currency=None) == ("近28天净消费 50", "net spend of 50 in the last 28 days")


def test_what_is_unknown_is_said_by_what_it_means():
    assert both("purchase_recency_days", None, 30.0) == ("至今没有购买", "no purchase so far")
    assert both("reciprocity_84d", None) == ("近84天没有主动互动", "nobody addressed in the last 84 days")
    assert both("weekend_share_84d", None) == (
        "近84天周末行为占比未知",
        "share of acts at weekends, 84 days: not known",
    )


def test_a_column_without_words_is_said_by_its_name():
    assert both("brand_new_28d", 3.0) == ("brand_new_28d 3", "brand_new_28d 3")


@pytest.mark.parametrize(
    ("column", "values", "shown"),
    [
        ("acts_28d", [12.0, 0.0, np.nan], [12.0, 0.0, np.nan]),
        ("session_minutes_mean_84d", [3.44, 9.96, 47.4], [3.4, 10.0, 47.0]),
        ("night_share_84d", [0.333, 0.0044, 0.0001], [0.33, 0.004, 0.0]),
        ("acts_trend", [-0.004, 12.344], [0.0, 12.34]),
        ("spend_28d", [9.987, 19.6, -0.001], [9.99, 20.0, 0.0]),
        ("price_taste_84d", [0.04, 1.26], [0.0, 1.3]),
    ],
)
def test_values_are_as_precise_as_they_are_shown(column, values, shown):
    found = rounded(np.array(values), column=column)
    np.testing.assert_allclose(found, shown, rtol=1e-12)
    assert not np.signbit(found[np.array(values) > -0.05]).any()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_share_below_zero_percent_has_no_minus(language):
    value, usual = rounded(np.array([-0.001, -0.002]), column="acts_trend").tolist()
    assert "−0%" not in said("acts_trend", value, usual, language=language)
