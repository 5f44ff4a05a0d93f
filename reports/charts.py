"""The charts of a report: each is {title, heading, alt, svg, figure}; the title states the finding.

The heading is the title as HTML, with names in elements of their own.

Incomplete weeks are never drawn: the queries end with the reported week, and only a forecast lies after it.
"""

from typing import Any

from markupsafe import Markup

from reports import drawing
from reports.catalogue import Words
from reports.drawing import LINE, SHADES, WIDTH, Spec
from reports.formats import WAN, Formats
from reports.lineage_picture import broken
from reports.query import Figure, Row, known

# How finely the active people can be split: the first that leaves no withheld cell, or a bar would be too short.
SPLITS = (("active", "new", "returned", "resurrected"), ("others", "new"), ("active_users",))
STATES = ("new", "active", "returned", "resurrected", "at_risk", "dormant", "churned")
NAMES = ("name", "title", "topic", "before", "now")  # places in titles that a name of the platform fills
Chart = dict[str, Any]


def in_lines(name: str, /) -> str:
    """A name broken into lines that fit beside a picture."""
    return "\n".join(broken(name, LINE))


def _apart(place: str, text: str, /) -> str:
    """A name in an element of its own, so that its direction stays its own."""
    return Markup("<bdi>{}</bdi>").format(text) if place in NAMES else text


def _others(row: Row, /) -> float | None:
    """Active people who are not new."""
    people: float = row["active_users"]
    return people - row["new"] if known(row["new"]) else None


class Charts:
    """The charts of one summary in one language; a chart without enough data is None."""

    def __init__(self, summary: dict[str, Any], /, *, words: Words, formats: Formats) -> None:
        self.figures: dict[str, Figure] = summary["figures"]
        self.words, self.formats = words, formats
        self.money_name = summary["platform"]["currency"] or ""

    def made(self, name: str, key: str, spec: Spec, /, *, alt: str = "", **values: str) -> Chart:
        """The chart `key` of the catalogue, drawn from `spec`, about the figure `name`.

        `alt` is the key of what it looks like, where several titles share it.
        """
        title = self.words(f"charts.{key}", **values)
        alt = self.words("charts.alt", title=title, what=self.words(f"charts.{alt or key + '_alt'}"))
        heading = self.words.marked(f"charts.{key}", **{place: _apart(place, text) for place, text in values.items()})
        drawn = drawing.svg(spec, alt=alt)
        return {"title": title, "heading": heading, "alt": alt, "svg": drawn, "figure": self.figures[name]}

    def scale(self, values: list[float], unit: str, /) -> tuple[float, str]:
        """What to divide an axis by, and its title: 万人, thousand people, people."""
        large = max(map(abs, values), default=0.0) >= WAN
        divisor = (float(WAN) if self.formats.chinese else 1000.0) if large else 1.0
        size = "large" if large else "small"
        return divisor, self.words(f"charts.{unit}_{size}", currency=self.money_name)

    def days(self, rows: list[Row], /) -> list[str]:
        """The weeks of `rows` in order, as an axis shows them."""
        return [self.formats.day(day) for day in sorted({row["week"] for row in rows})]

    def active(self) -> Chart | None:
        """Weekly active people by state, stacked, the last 12 complete weeks; split only as far as cells allow."""
        actual = [row for row in self.figures["growth"]["value"] if row["kind"] == "actual"]
        rows = [row | {"others": _others(row)} for row in actual if known(row["active_users"])]
        if len(rows) < 2:
            return None
        states = next(split for split in SPLITS if all(known(row[state]) for row in rows for state in split))
        divisor, unit = self.scale([row["active_users"] for row in rows], "people")
        names = [self.words(f"states.{state}") for state in states]
        values = [
            {"week": self.formats.day(row["week"]), "state": name, "place": place, "users": row[state] / divisor}
            for row in rows
            for place, (state, name) in enumerate(zip(states, names, strict=True))
        ]
        color = {"field": "state", "type": "nominal", "scale": {"domain": names, "range": list(SHADES[: len(names)])}}
        spec = drawing.bars(values, days=self.days(rows), y="users", title=unit)
        spec["encoding"] |= {"color": color, "order": {"field": "place"}}
        first, last = rows[0], rows[-1]
        return self.made(
            *("growth", "active", spec),
            first=self.formats("count", first["active_users"]),
            last=self.formats("count", last["active_users"]),
            weeks=self.formats.exact(len(rows)),
        )

    def forecast(self) -> Chart | None:
        """Counted and forecast active people with the 80 % interval."""
        rows = [row for row in self.figures["growth"]["value"] if known(row["active_users"])]
        ahead = [row for row in rows if row["kind"] == "forecast"]
        if not ahead or len(rows) == len(ahead):
            return None
        divisor, unit = self.scale([row["high_80"] or row["active_users"] for row in rows], "people")
        values = self._fan(rows, divisor=divisor)
        shared = {"x": drawing.week_axis(self.days(rows)), "y": drawing.amount_axis("users", unit)}
        band = {"x": shared["x"], "y": shared["y"] | {"field": "low"}, "y2": {"field": "high"}}
        layers = [
            {"mark": {"type": "area", "color": SHADES[2], "opacity": 0.55}, "encoding": band},
            drawing.line(shared, "actual", dash=[1, 0]),
            drawing.line(shared, "forecast", dash=[4, 3]),
        ]
        last = ahead[-1]
        return self.made(
            *("growth", "forecast", {"width": WIDTH, "height": 170, "data": {"values": values}, "layer": layers}),
            weeks=self.formats.exact(len(ahead)),
            users=self.formats("count", last["active_users"]),
            low=self.formats("count", last["low_80"]),
            high=self.formats("count", last["high_80"]),
        )

    def _fan(self, rows: list[Row], /, *, divisor: float) -> list[Row]:
        """One record a week and kind; the last counted week opens the fan, so that line and band meet."""
        last = max(row["week"] for row in rows if row["kind"] == "actual")
        joined = [row | {"kind": "forecast"} for row in rows if row["week"] == last]
        return [
            {
                "week": self.formats.day(row["week"]),
                "kind": row["kind"],
                "users": row["active_users"] / divisor,
                **self._band(row, divisor=divisor, opens=row["week"] == last),
            }
            for row in (*rows, *joined)
        ]

    def _band(self, row: Row, /, *, divisor: float, opens: bool) -> Row:
        if row["kind"] != "forecast" or (row["low_80"] is None and not opens):
            return {}
        low, high = (row["active_users"],) * 2 if opens else (row["low_80"], row["high_80"])
        return {"low": low / divisor, "high": high / divisor}

    def transitions(self) -> Chart | None:
        """The chances of moving from state to state as a table of shades with their percentages."""
        rows = [row for row in self.figures["transitions"]["value"] if known(row["probability"])]
        stay = [row for row in rows if row["from_state"] == row["to_state"] == "active"]
        if not stay:
            return None
        names = {state: self.words(f"states.{state}") for state in STATES}
        values = [
            {
                "from": names.get(row["from_state"], row["from_state"]),
                "to": names.get(row["to_state"], row["to_state"]),
                "share": row["probability"],
                "label": self.formats.percent(row["probability"]),
            }
            for row in rows
        ]
        titles = (self.words("charts.from"), self.words("charts.to"))
        order = list(names.values())
        return self.made(
            *("transitions", "transitions", drawing.heat(values, rows=order, columns=order, titles=titles)),
            share=self.formats.percent(stay[0]["probability"]),
        )

    def segments(self) -> Chart | None:
        """Sizes of the segments."""
        rows = [row for row in self.figures["segments"]["value"] if known(row["users"])]
        if len(rows) < 2:
            return None
        name = f"name_{self.words.language}"
        values = [{"name": in_lines(row[name] or str(row["segment_id"])), "users": row["users"]} for row in rows]
        for value in values:
            value["label"] = self.formats.count(value["users"])
        return self.made(
            *("segments", "segments", drawing.ranked(values, [value["name"] for value in values])),
            name=rows[0][name] or str(rows[0]["segment_id"]),
            share=self.formats("percent", rows[0]["share"]),
        )

    def _weekly(self, kpi: str, /) -> list[Row]:
        return [row for row in self.figures["kpi_history"]["value"] if row["kpi"] == kpi and known(row["value"])]

    def money(self) -> Chart | None:
        """GMV upwards, refunds downwards and the net between them, week by week."""
        series = {kpi: self._weekly(kpi) for kpi in ("gmv", "refunds", "net")}
        if len(series["net"]) < 2:
            return None
        divisor, unit = self.scale([row["value"] for row in series["gmv"]], "money")
        names = {kpi: self.words(f"kpis.{kpi}") for kpi in series}
        values = [
            {
                "week": self.formats.day(row["week"]),
                "kind": names[kpi],
                "users": (-1 if kpi == "refunds" else 1) * row["value"] / divisor,
            }
            for kpi, rows in series.items()
            for row in rows
        ]
        last = series["net"][-1]
        return self.made(
            *("kpi_history", "money", drawing.waterfall(values, names, self.days(series["net"]), unit)),
            net=self.formats.paid(last["value"]),
            mean=self.formats.paid(sum(row["value"] for row in series["net"]) / len(series["net"])),
            weeks=self.formats.exact(len(series["net"])),
        )

    def weekly(self, kpi: str, /, *, unit: str) -> Chart | None:
        """One weekly figure as bars, the last 12 weeks that have it."""
        rows = self._weekly(kpi)
        if len(rows) < 2 or not any(row["value"] for row in rows):
            return None
        divisor, title = self.scale([row["value"] for row in rows], unit)
        values = [{"week": self.formats.day(row["week"]), "users": row["value"] / divisor} for row in rows]
        return self.made(
            *("kpi_history", "weekly", drawing.bars(values, days=self.days(rows), y="users", title=title)),
            name=self.words(f"kpis.{kpi}"),
            first=self.formats("count", rows[0]["value"]),
            last=self.formats("count", rows[-1]["value"]),
            weeks=self.formats.exact(len(rows)),
        )
