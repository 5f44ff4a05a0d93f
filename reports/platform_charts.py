"""The charts about the platform itself that are more than a line or bars; each is None without enough to draw."""

from reports import drawing, flows, platform_drawing
from reports.charts import Chart, Charts
from reports.drawing import SHADES, WIDTH
from reports.intervals import wilson
from reports.movements import AGES, AWAY, BACK, EVERYBODY, HERE, UNSEEN
from reports.query import SMALLEST_DENOMINATOR, Row, known

WEEKS_BEFORE = 8
MOVES_HEIGHT = 170.0  # of all people together
NODES = (UNSEEN, EVERYBODY, *HERE, BACK, "at_risk", "dormant", "churned", AWAY)
STILL_AWAY = ("dormant", "churned", AWAY)  # who was there and is so again has not moved for a manager
CAME_BACK = ("returned", "resurrected", BACK)
ACTED, SILENT, ABSENT = 0, 1, 2
KINDS = (("acted", SHADES[1]), ("silent", SHADES[0]), ("absent", SHADES[2]))
NOT_YET, TOO_FEW = "·", "—"
LONGEST_TITLE = 26
FEWEST_WEEKS = 4  # of a line, and since when it may have ended
HALF = 0.5


def triangle(charts: Charts, /) -> Chart | None:
    """Retention by week of arrival and weeks since; what is not over yet is a dot and never a low share."""
    rows = charts.figures["triangle"]["value"]
    newest = [row for row in rows if row["age"] == 1 and known(row["share"])]
    weeks = sorted({row["week"] for row in rows})
    if len(newest) < 2 or newest[-1]["week"] != weeks[-1]:
        return None
    people = {row["week"]: charts.formats("count", row["newcomers"]) for row in rows}
    names = {
        week: charts.words("charts.triangle_cohort", day=charts.formats.day(week), people=people[week])
        for week in weeks
    }
    ages = [charts.words("charts.triangle_age", age=age) for age in AGES]
    values = [
        {"from": names[row["week"]], "to": ages[AGES.index(row["age"])], "share": _shade(row), "label": _mark(row)}
        for row in rows
    ]
    titles = (None, charts.words("charts.triangle_marks", soon=NOT_YET, few=TOO_FEW))
    darkest = max(row["share"] for row in rows if known(row["share"]))
    spec = drawing.heat(
        values,
        rows=list(names.values()),
        columns=ages,
        titles=titles,
        shades=(0, darkest),
        size=(WIDTH - 60, 290),
    )
    spec["encoding"]["x"]["axis"] |= {"labelAngle": 0}
    verdict, said = _verdict(newest, charts)
    return charts.made("triangle", f"triangle{verdict}", spec, alt="triangle_alt", **said)


def _shade(row: Row) -> float | None:
    share: float | None = row["share"]
    return share if row["mature"] and known(share) else None


def _mark(row: Row) -> str:
    if not row["mature"]:
        return NOT_YET
    return f"{100 * row['share']:.0f}%" if known(row["share"]) else TOO_FEW


def _verdict(newest: list[Row], charts: Charts) -> tuple[str, dict[str, str]]:
    """How the newest cohort kept its people beside the eight before it together: a key's ending, and its values."""
    last, before = newest[-1], newest[-1 - WEEKS_BEFORE : -1]
    said = {"day": charts.formats.date(last["week"]), "share": charts.formats.percent(last["share"])}
    said["people"] = charts.formats("count", last["newcomers"])
    people = sum(row["newcomers"] for row in before)
    if people < SMALLEST_DENOMINATOR:
        return "", said
    usual = sum(row["kept"] for row in before) / people
    low, high = wilson(last["kept"], last["newcomers"])
    verdict = "_below" if high < usual else "_above" if low > usual else "_within"
    return verdict, said | {"usual": charts.formats.percent(usual), "weeks": charts.formats.exact(len(before))}


def moves(charts: Charts, /) -> Chart | None:
    """The flow of last week's states into this week's; people who stayed away are left out."""
    rows = [row for row in charts.figures["moves"]["value"] if known(row["users"])]
    here = [row for row in rows if row["to_state"] in ("active", "at_risk") and row["from_state"] != UNSEEN]
    if not here:
        return None
    shown = [row for row in rows if row["from_state"] not in STILL_AWAY or row["to_state"] not in STILL_AWAY]
    nodes = [_node(name, shown, charts) for name in NODES if any(name in _ends(row) for row in shown)]
    told = [
        {"from_segment_id": row["from_state"], "to_segment_id": row["to_state"], "users": row["users"]}
        for row in shown
    ]

    seen = sorted({_kind(row["to_state"]) for row in shown})
    spec = flows.alluvial(
        *(nodes, told),
        kinds=[charts.words(f"charts.moves_{KINDS[place][0]}") for place in seen],
        sides=(charts.words("charts.flow_before"), charts.words("charts.flow_now")),
        kind=lambda flow: seen.index(_kind(nodes[flow.now]["segment_id"])),
        shades=[KINDS[place][1] for place in seen],
        height=MOVES_HEIGHT,
    )
    key, said = _moved(here, rows, charts)
    return charts.made("moves", key, spec, alt="moves_alt", **said)


def _moved(here: list[Row], rows: list[Row], charts: Charts) -> tuple[str, dict[str, str]]:
    """How many of last week's active people act again, and how many came back: a key and its values."""
    before = sum(row["users"] for row in here)
    silent = sum(row["users"] for row in here if row["to_state"] == "at_risk")
    back = [row["users"] for row in rows if row["to_state"] in CAME_BACK]
    said = {"before": charts.formats("count", before), "silent": charts.formats("count", silent)}
    if before >= SMALLEST_DENOMINATOR:
        said["share"] = charts.formats.percent(1 - silent / before)
    ending = "" if back else "_only"
    return f"moves{ending}" if "share" in said else "moves_few", said | {"back": charts.formats("count", sum(back))}


def _kind(to: str) -> int:
    """What a move means to who reads about activity, by where it ends."""
    return SILENT if to == "at_risk" else ABSENT if to in STILL_AWAY else ACTED


def _ends(row: Row) -> tuple[str, str]:
    return row["from_state"], row["to_state"]


def _node(name: str, rows: list[Row], charts: Charts) -> Row:
    """A group of the flow chart: as large as its moves, named as the catalogue names the state."""
    now = sum(row["users"] for row in rows if row["to_state"] == name)
    word = charts.words(f"moves.{name}")
    key = "charts.moves_more" if name in STILL_AWAY else "charts.moves_now"
    label = charts.words(key, name=word, users=charts.formats("count", now)) if now else ""
    there = any(row["from_state"] == name for row in rows)
    return {"segment_id": name, "name": word if there else "", "label": label, "before": None, "now": None}


def steps(charts: Charts, /) -> Chart | None:
    """From the list value of the week's orders, if the logs tell it, to the GMV and what stays of it."""
    row = next(iter(charts.figures["money_steps"]["value"]), None)
    if row is None:
        return None
    bars = _bars(row)
    divisor, unit = charts.scale([high for _, _, high, _ in bars], "money")
    names = {name: charts.words(f"steps_of_money.{name}") for name, *_ in bars}
    values = [
        {
            **{"name": names[name], "low": low / divisor, "high": high / divisor, "total": total},
            "label": charts.formats("money", high - low if total else low - high),
        }
        for name, low, high, total in bars
    ]
    said = {name: charts.formats("paid", row[name]) for name in ("gmv", "net")}
    said["refunds"] = charts.formats("paid", row["refunds"] or 0)
    if row["discount"] is None:
        return charts.made(
            "money_steps", "steps", platform_drawing.steps(values, list(names.values()), unit=unit), **said
        )
    off = row["discount"] / row["list_value"]
    said |= {"list_value": charts.formats("paid", row["list_value"]), "off": charts.formats.percent(off)}
    spec = platform_drawing.steps(values, list(names.values()), unit=unit)
    return charts.made("money_steps", "steps_listed", spec, alt="steps_alt", **said)


def _bars(row: Row) -> list[tuple[str, float, float, bool]]:
    """Name, lower and upper end of each bar, and whether it stands on the ground; what the logs lack is left out."""
    listed = [] if row["discount"] is None else [("list_value", 0.0, row["list_value"], True)]
    if row["discount"]:
        listed.append(("discount", row["gmv"], row["list_value"], False))
    refunds = [("refunds", row["net"], row["gmv"], False)] if row["refunds"] else []
    return [*listed, ("gmv", 0.0, row["gmv"], True), *refunds, ("net", 0.0, row["net"], True)]


def drop_off(charts: Charts, /) -> Chart | None:
    """How far the starters of the largest courses get; the title names a lesson only where one stands out."""
    rows = [row for row in charts.figures["drop_off"]["value"] if known(row["share"])]
    if len({row["position"] for row in rows}) < 2:
        return None
    titles = {row["course"]: f"{row['course']}. {_short(row['title'])}" for row in rows}
    values = [{"name": titles[row["course"]], "position": row["position"], "share": row["share"]} for row in rows]
    axes = (charts.words("charts.drop_off_lesson"), charts.words("charts.drop_off_share"))
    spec = platform_drawing.by_lesson(values, list(titles.values()), titles=axes)
    clear = [row for row in charts.figures["stops"]["value"] if row["clear"] == "yes"]
    if clear:
        said = {"title": clear[0]["title"], "lesson": charts.formats.exact(clear[0]["after_lesson"])}
        shares = {name: charts.formats.percent(share) for name, share in clear[0]["stopped"].items()}
        return charts.made("drop_off", "drop_off_clear", spec, alt="drop_off_alt", **said, **shares)
    largest = [row for row in rows if row["course"] == rows[0]["course"]]
    last = [row for row in largest if row["share"] >= HALF][-1]  # the end, or where half of them got to
    said = {"title": last["title"], "lesson": charts.formats.exact(last["position"])}
    return charts.made("drop_off", "drop_off", spec, share=charts.formats.percent(last["share"]), **said)


def _short(title: str) -> str:
    """A title that fits beside the line of a legend."""
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1].rstrip() + "…"


def replies(charts: Charts, /) -> Chart | None:
    """The shares of questions answered within a day and not within two, week by week."""
    rows = charts.figures["replies"]["value"]
    told = [row for row in rows if row["answered"] is not None and row["unanswered"] is not None]
    if len(told) < FEWEST_WEEKS or told[-1]["weeks_ago"] >= FEWEST_WEEKS:
        return None  # what can be told is of weeks ago
    names = {name: charts.words(f"charts.replies_{name}") for name in ("answered", "unanswered")}
    values = [
        {"week": charts.formats.day(row["week"]), "name": names[name], "share": row[name]}
        for name in names
        for row in rows
    ]
    spec = platform_drawing.by_week(values, list(names.values()), charts.days(rows), title="")
    said = {name: charts.formats.percent(told[-1][name]) for name in names}
    return charts.made("replies", "replies", spec, day=charts.formats.date(told[-1]["week"]), **said)
