import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.catalogue import Words
from reports.formats import Formats


def formats(language, currency="CNY", timezone="Asia/Shanghai"):
    return Formats(Words(language), currency=currency, timezone=timezone)


@pytest.mark.parametrize(
    ("kind", "value", "zh", "en"),
    [
        ("count", 1280, "1,280", "1,280"),
        ("count", 0, "0", "0"),
        ("count", 128_000, "12.8 万", "128,000"),
        ("count", 128_000_000, "1.28 亿", "128.0M"),
        ("count", 99_999_999, "1.00 亿", "100.0M"),
        ("money", "1280", "¥1,280.00", "¥1,280.00"),
        ("money", "128400.00", "¥12.8 万", "¥128k"),
        ("money", "-8400", "−¥8,400.00", "−¥8,400.00"),
        ("money", "12800000", "¥1,280.0 万", "¥12.8M"),
        ("money", "999950", "¥100.0 万", "¥1.0M"),
        ("paid", "1280", "1,280 元", "¥1,280.00"),
        ("paid", "128400", "12.8 万元", "¥128k"),
        ("percent", 0.183, "18.3%", "18.3%"),
        ("percent", 0.0046, "0.46%", "0.46%"),
        ("percent", 0, "0.0%", "0.0%"),
        ("points", 0.021, "+2.1 个百分点", "+2.1 pp"),
        ("day", "2026-07-14", "07-14", "14 Jul"),
        ("date", "2026-07-14", "2026年7月14日", "14 Jul 2026"),
        ("span", "2026-07-13", "2026年7月13日—7月19日", "13–19 Jul 2026"),
        ("span", "2025-12-29", "2025年12月29日—2026年1月4日", "29 Dec 2025 – 4 Jan 2026"),
        ("span", "2026-06-29", "2026年6月29日—7月5日", "29 Jun – 5 Jul 2026"),
        ("cutoff", "2026-07-20", "7月20日 00:00（UTC+8）", "20 Jul 00:00 CST"),
        ("count", None, "— 无数据", "— no data"),
        ("count", "<10", "<10", "<10"),
        ("money", "withheld", "— 已隐去", "— withheld"),
    ],
)
def test_as_each_language_writes_it(kind, value, zh, en):
    assert formats("zh")(kind, value) == zh
    assert formats("en")(kind, value) == en


@pytest.mark.parametrize(
    ("now", "before", "unit", "text"),
    [
        (1032, 1000, "people", "+3.2%"),
        (936, 1000, "people", "−6.4%"),
        (1000, 1000, "people", "0.0%"),
        (0.183, 0.162, "ratio", "+2.1 pp"),
        (4.53, 4.50, "stars", "+0.03"),
        (5000, 1000, "people", "5.0 times last week"),
        (5, 0, "people", "— nothing to compare"),
        (-5, -10, "currency", "— nothing to compare"),
    ],
)
def test_changes(now, before, unit, text):
    assert formats("en").change({"now": now, "before": before, "unit": unit}) == text


def test_a_foreign_currency_never_reads_yuan():
    assert formats("zh", currency="GBP")("paid", "1280") == "£1,280.00"
    assert formats("zh", currency=None)("paid", "1280") == "1,280.00"
    assert formats("en", currency="CNY")("money", "5") == "¥5.00"


def test_a_zone_without_a_letter_name_is_written_as_its_offset():
    assert formats("en", timezone="America/Sao_Paulo").cutoff("2026-07-20") == "20 Jul 00:00 UTC-3"
    assert formats("zh", timezone="Asia/Kolkata").cutoff("2026-07-20") == "7月20日 00:00（UTC+5.5）"


@given(
    st.integers(-(10**12), 10**12),
    st.sampled_from(["zh", "en"]),
    st.sampled_from(["count", "money", "paid", "exact"]),
)
def test_a_minus_stands_first_and_once(value, language, kind):
    text = formats(language)(kind, value)
    assert "-" not in text
    assert text.startswith("−") == (value < 0)
    assert text.count("−") == (value < 0)
