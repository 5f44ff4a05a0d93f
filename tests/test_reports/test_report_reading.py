"""The reader of finished pages, on which the other tests of the report rely."""

from datetime import date

import pytest

from ..report_reading import days, is_day, numbers, read


@pytest.mark.parametrize(
    ("text", "value", "error"),
    [
        ("1,280", 1280, 0.5),
        ("¥1,280.00", 1280, 0.005),
        ("¥12.8 万", 128_000, 500),
        ("1.28 亿", 128_000_000, 500_000),
        ("¥128k", 128_000, 500),
        ("CA$12.8M", 12_800_000, 50_000),
        ("−6.4%", -0.064, 0.0005),
        ("+2.1 个百分点", 0.021, 0.0005),
        ("+2.1 pp", 0.021, 0.0005),
        ("0.812", 0.812, 0.0005),
    ],
)
def test_a_number_is_read_with_its_scale_and_rounding(text, value, error):
    (told,) = numbers(text)
    assert (told.value, told.error) == pytest.approx((value, error))


def test_a_rounded_number_tells_what_rounds_to_it_and_nothing_else():
    (told,) = numbers("12.8 万")
    assert told.tells(127_500) and told.tells(128_499) and told.tells(-128_000)
    assert not told.tells(127_400) and not told.tells(128_600)


def test_days_are_no_numbers():
    text = "2026年7月13日 to 14 Jul 2026, 07-15: 3 times"
    assert days(text) == [(2026, 7, 13), (2026, 7, 14), (None, 7, 15)]
    assert [told.value for told in numbers(text)] == [3]
    assert is_day((None, 7, 15), date(2025, 7, 15)) and not is_day((2026, 7, 15), date(2025, 7, 15))


def test_a_page_is_read_as_a_tree():
    top = read(
        '<p class="a b">one <bdi>two</bdi><br> three<style>x</style></p><svg><path d="M0"/><text>4</text></svg>'
    )
    (paragraph,) = top.all("p", of="b")
    assert paragraph.text() == "one two three"
    assert [(where.tag, text) for where, text in top.texts()][1] == ("bdi", "two")
    assert next(top.all("text")).parent.tag == "svg"
