"""Numbers, money and dates as each language writes them (FIELD.md 2.1)."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent, get_currency_symbol

from reports.catalogue import Words
from reports.query import SMALL, WITHHELD, Value

WAN = 10_000
YI = 100_000_000
LOCALES = {"zh": Locale.parse("zh_CN"), "en": Locale.parse("en")}
DAY = {"zh": "M月d日", "en": "d MMM"}
DAY_IN_TABLE = {"zh": "MM-dd", "en": "d MMM"}
DATE = {"zh": "y年M月d日", "en": "d MMM y"}
MINUS = "−"


def rounded(value: object, /, *, places: int) -> Decimal:
    """`value` to `places` decimals, halves away from zero, from its shortest decimal text (never binary dust)."""
    return Decimal(str(value)).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


@lru_cache(maxsize=10_000)  # the checks' pages write few numbers often, and Babel reads its pattern anew each time
def _written(number: str, pattern: str, locale: Locale) -> str:
    write = format_percent if pattern.endswith("%") else format_decimal
    return str(write(Decimal(number), pattern, locale=locale)).replace("-", MINUS)


@cache  # Babel looks through its folder of locales at every call
def _symbol(currency: str) -> str:
    return str(get_currency_symbol(currency, locale="zh_CN"))


class Formats:
    """How one language writes the figures of one platform."""

    def __init__(self, words: Words, /, *, currency: str | None, timezone: str) -> None:
        self.words = words
        self.chinese = words.language == "zh"
        self.currency = currency or ""
        self.zone = ZoneInfo(timezone)
        self.locale = LOCALES[words.language]

    def __call__(self, kind: str, value: Value, /) -> str:
        """`value` written as `kind`; an unknown value is a dash with its reason, a small cell is <10."""
        if value is None:
            return self.nothing("no_data")
        if value == SMALL:
            return SMALL
        if value == WITHHELD:
            return self.nothing("withheld")
        return str(getattr(self, kind)(value))

    def nothing(self, reason: str, /) -> str:
        """A dash and why: no_data, small_sample, withheld, no_base, no_history."""
        return f"— {self.words('none.' + reason)}"

    def decimal(self, value: object, /, *, places: int) -> str:
        """A number with grouping commas and exactly `places` decimals."""
        pattern = "#,##0." + "0" * places if places else "#,##0"
        return _written(str(rounded(value, places=places)), pattern, self.locale)

    def exact(self, value: object, /) -> str:
        """A count in full."""
        return self.decimal(value, places=0)

    def tenth(self, value: object, /) -> str:
        """A mean, with one decimal."""
        return self.decimal(value, places=1)

    def hundredth(self, value: object, /) -> str:
        """A mean or ratio with two decimals."""
        return self.decimal(value, places=2)

    def thousandth(self, value: object, /) -> str:
        """A model's metric, with three decimals."""
        return self.decimal(value, places=3)

    def count(self, value: object, /) -> str:
        """A count as prose writes it: 12.8 万 and 1.28 亿, or 128,000 and 1.3M."""
        size = abs(Decimal(str(value)))
        if self.chinese:
            return self._wan(value, size) if size >= WAN else self.exact(value)
        return (
            f"{self.decimal(Decimal(str(value)) / 1_000_000, places=1)}M" if size >= 1_000_000 else self.exact(value)
        )

    def _wan(self, value: object, size: Decimal, /) -> str:
        if rounded(size / WAN, places=1) < WAN:
            return f"{self.decimal(Decimal(str(value)) / WAN, places=1)} 万"
        return f"{self.decimal(Decimal(str(value)) / YI, places=2)} 亿"

    @property
    def symbol(self) -> str:
        """The sign of the platform's currency, empty where it has none."""
        return _symbol(self.currency) if self.currency else ""

    def money(self, value: object, /) -> str:
        """Money in a table: ¥1,280.00, ¥12.8 万 or ¥128k; from the exact amount, never from rounded text."""
        amount = Decimal(str(value))
        sign, size = (MINUS if amount < 0 else ""), abs(amount)
        if self.chinese:
            return sign + self.symbol + (self._wan(size, size) if size >= WAN else self.decimal(size, places=2))
        return sign + self.symbol + self._thousands(size)

    def _thousands(self, size: Decimal, /) -> str:
        if rounded(size / 1000, places=0) >= 1000:
            return f"{self.decimal(size / 1_000_000, places=1)}M"
        if size >= WAN:
            return f"{self.decimal(size / 1000, places=1 if size < 100_000 else 0)}k"
        return self.decimal(size, places=2)

    def paid(self, value: object, /) -> str:
        """Money in a sentence: 12.8 万元 or ¥128k."""
        amount = Decimal(str(value))
        if not self.chinese or self.currency != "CNY":
            return self.money(value)
        if abs(amount) >= WAN:
            return self._wan(amount, abs(amount)) + "元"
        return f"{self.exact(amount)} 元"

    def percent(self, value: object, /) -> str:
        """A ratio as a percentage: one decimal, two where it is below one percent."""
        share = Decimal(str(value))
        places = 2 if 0 < abs(share) < Decimal("0.01") else 1
        return _written(str(rounded(share, places=places + 2)), "#,##0." + "0" * places + "%", self.locale)

    def signed(self, value: object, /, *, places: int) -> str:
        """A difference with its sign; a true zero has none."""
        text = self.decimal(value, places=places)
        return f"+{text}" if rounded(value, places=places) > 0 else text

    def difference(self, value: object, /) -> str:
        """A difference of counts with its sign."""
        return self.signed(value, places=0)

    def gain(self, value: object, /) -> str:
        """A difference of money in a table, with its sign."""
        text = self.money(value)
        return f"+{text}" if Decimal(str(value)) > 0 else text

    def moved_people(self, value: object, /) -> str:
        """A difference of people in a sentence: +12 人 or +12 people."""
        return self.words("change.people", value=self.difference(value))

    def moved_money(self, value: object, /) -> str:
        """A difference of money in a sentence: +1,280 元 or +¥1,280.00."""
        text = self.paid(value)
        return f"+{text}" if Decimal(str(value)) > 0 else text

    def points(self, value: object, /) -> str:
        """A difference of ratios in percentage points."""
        return self.words("change.points", value=self.signed(Decimal(str(value)) * 100, places=1))

    def change(self, pair: dict[str, Any], /) -> str:
        """{now, before, unit} as a change: points for ratios, stars as they are, else percent or times."""
        now, before = Decimal(str(pair["now"])), Decimal(str(pair["before"]))
        if pair["unit"] == "ratio":
            return self.points(now - before)
        if pair["unit"] == "stars":
            return self.signed(now - before, places=2)
        if now == before:
            return f"{self.decimal(0, places=1)}%"
        if before <= 0:
            return self.nothing("no_base")
        share = (now - before) / before * 100
        if abs(share) > 300:
            return self.words("change.times", value=self.decimal(now / before, places=1))
        return f"{self.signed(share, places=1)}%"

    def measure(self, pair: dict[str, Any], /) -> str:
        """{value, unit} by the unit of a weekly figure."""
        kind = {"currency": "money", "ratio": "percent", "stars": "hundredth"}.get(pair["unit"], "count")
        return self(kind, pair["value"])

    def interval(self, estimate: dict[str, Any], /) -> str:
        """An estimate {value, low, high} with three decimals: 0.812 (0.801–0.823), or alone without an interval."""
        return self._estimate(estimate, self.thousandth)

    def signed_interval(self, estimate: dict[str, Any], /) -> str:
        """The same of a difference, with its signs."""
        return self._estimate(estimate, lambda value: self.signed(value, places=3))

    def ratio_interval(self, estimate: dict[str, Any], /) -> str:
        """The same of an odds ratio, with two decimals."""
        return self._estimate(estimate, self.hundredth)

    def share_interval(self, estimate: dict[str, Any], /) -> str:
        """The same of a ratio as percentages."""
        return self._estimate(estimate, self.percent)

    def _estimate(self, estimate: dict[str, Any], write: Callable[[object], str], /) -> str:
        value = write(estimate["value"])
        if estimate["low"] is None or estimate["high"] is None:
            return value
        return self.words("change.interval", value=value, low=write(estimate["low"]), high=write(estimate["high"]))

    def word(self, key: str, /) -> str:
        """A word of the catalogue."""
        return self.words(key)

    def text(self, value: object, /) -> str:
        """Text of the platform, as it is."""
        return str(value)

    def _dated(self, value: str, patterns: dict[str, str], /) -> str:
        return str(format_date(date.fromisoformat(value), patterns[self.words.language], locale=self.locale))

    def day(self, value: str, /) -> str:
        """An ISO date in a table or on an axis: 07-14 or 14 Jul."""
        return self._dated(value, DAY_IN_TABLE)

    def date(self, value: str, /) -> str:
        """An ISO date in a sentence: 2026年7月14日 or 14 Jul 2026."""
        return self._dated(value, DATE)

    def span(self, monday: str, /) -> str:
        """The week of `monday`: 2026年7月13日—7月19日 or 13–19 Jul 2026."""
        first = date.fromisoformat(monday)
        last = first + timedelta(days=6)
        end = last.isoformat()
        if self.chinese:
            return f"{self.date(monday)}—{self._dated(end, DATE if last.year != first.year else DAY)}"
        if first.month == last.month:
            return f"{first.day}–{self.date(end)}"
        start = self.date(monday) if first.year != last.year else self.day(monday)
        return f"{start} – {self.date(end)}"

    def cutoff(self, monday: str, /) -> str:
        """Monday 00:00 in the platform's own zone: 7月20日 00:00（UTC+8） or 20 Jul 00:00 CST."""
        moment = datetime.combine(date.fromisoformat(monday), datetime.min.time(), tzinfo=self.zone)
        hours = (moment.utcoffset() or timedelta()).total_seconds() / 3600
        offset = f"UTC{hours:+g}" if hours else "UTC"
        if self.chinese:
            return f"{self._dated(monday, DAY)} 00:00（{offset}）"
        name = moment.tzname() or ""
        return f"{self.day(monday)} 00:00 {name if name.isalpha() else offset}"
