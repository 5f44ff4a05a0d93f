"""A finished page as a reader has it: elements, texts, and the numbers of a text with how exactly they are told."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from html.parser import HTMLParser

NO_END = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
UNSEEN = ("style", "script", "title", "code")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
SCALES = {"万": 1e4, "亿": 1e8, "k": 1e3, "M": 1e6, "%": 0.01, "pp": 0.01, "个百分点": 0.01}
NUMBER = re.compile(
    r"(?P<sign>[−+-]?)(?P<mark>[¥$€£]|[A-Z]{2,3}\$?)?(?P<digits>\d[\d,]*)(?P<rest>\.\d+)?"
    r"(?: ?(?P<scale>万|亿|个百分点|pp\b|%|[kM]\b))?"
)
DAY = re.compile(
    r"(?P<year>\d{4})(?:-|年)(?P<month>\d{1,2})(?:-|月)(?P<day>\d{1,2})日?"
    r"|(?P<m>\d{2})-(?P<d>\d{2})(?!\d)"
    rf"|(?P<em>\d{{1,2}}) (?P<name>{'|'.join(MONTHS)})(?: (?P<ey>\d{{4}}))?"
)


@dataclass
class Element:
    """An element of a page with its children, which are elements and texts."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    children: "list[Element | str]" = field(default_factory=list)

    @property
    def classes(self) -> list[str]:
        return (self.attributes.get("class") or "").split()

    def all(self, tag: str = "", /, *, of: str = "") -> "Iterator[Element]":
        """Every element below with that tag and class, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                if (not tag or child.tag == tag) and (not of or of in child.classes):
                    yield child
                yield from child.all(tag, of=of)

    def texts(self, *, without: tuple[str, ...] = UNSEEN) -> "Iterator[tuple[Element, str]]":
        """Every text below that is not inside an element of `without`, and the element around it."""
        for child in self.children:
            if isinstance(child, str):
                yield self, child
            elif child.tag not in without:
                yield from child.texts(without=without)

    def text(self, *, without: tuple[str, ...] = UNSEEN) -> str:
        """All that is read here, spaces made single."""
        return " ".join("".join(text for _, text in self.texts(without=without)).split())

    def around(self) -> "Iterator[Element]":
        """The element itself and what it stands in, inside out."""
        here: Element | None = self
        while here is not None:
            yield here
            here = here.parent


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.top = self.here = Element("", {})

    def handle_starttag(self, tag, attrs):
        made = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(made)
        if tag not in NO_END:
            self.here = made

    def handle_startendtag(self, tag, attrs):
        self.here.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.here))

    def handle_endtag(self, tag):
        for each in self.here.around():
            if each.tag == tag and each.parent is not None:
                self.here = each.parent
                return

    def handle_data(self, data):
        self.here.children.append(data)


def read(html: str, /) -> Element:
    """The page as a tree."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.top


@dataclass(frozen=True)
class Told:
    """A number as a page tells it, and the largest error that its rounding excuses."""

    value: float
    error: float

    def tells(self, value: float, /) -> bool:
        """Whether `value` is written like this; its sign may be said by a word beside it."""
        allowed = self.error * 1.0001 + 1e-9 * abs(value)
        return abs(self.value - value) <= allowed or abs(self.value - abs(value)) <= allowed


def days(text: str, /) -> list[tuple[int | None, int, int]]:
    """The days of a text as (year if it is said, month, day)."""
    found = []
    for match in DAY.finditer(text):
        if match["name"]:
            found.append(
                (int(match["ey"]) if match["ey"] else None, MONTHS.index(match["name"]) + 1, int(match["em"]))
            )
        elif match["year"]:
            found.append((int(match["year"]), int(match["month"]), int(match["day"])))
        else:
            found.append((None, int(match["m"]), int(match["d"])))
    return found


def is_day(told: tuple[int | None, int, int], day: date, /) -> bool:
    """Whether `day` is the day that is told."""
    return (told[0] or day.year, *told[1:]) == (day.year, day.month, day.day)


def numbers(text: str, /) -> list[Told]:
    """The numbers of a text, days left out."""
    found = []
    for match in NUMBER.finditer(DAY.sub(" ", text)):
        scale = SCALES.get(match["scale"] or "", 1.0)
        size = float((match["digits"] + (match["rest"] or "")).replace(",", "")) * scale
        sign = -1 if match["sign"] in ("−", "-") else 1
        found.append(Told(sign * size, 0.5 * 10 ** -len((match["rest"] or ".")[1:]) * scale))
    return found
