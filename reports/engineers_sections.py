"""The sections of the page for engineers, in its reader's order, as plain data for the template."""

from collections.abc import Callable
from statistics import median

from reports import engineers_charts as drawn
from reports import model_charts
from reports.audit import DELIVERY_COLUMNS, FILE_COLUMNS
from reports.drawing import sparkline
from reports.engineers_needs import earlier_seconds
from reports.grids import Columns, Grid, grid
from reports.modelling import CONTENDERS, OTHERS, USED, card_file
from reports.query import Row, Value, known
from reports.sections import Page, Section, section
from reports.voice import Voice

STEPS: Columns = (
    *(("step", "known:steps"), ("ended", "text"), ("seconds", "tenth"), ("seconds_before", "tenth")),
    *(("seconds_usual", "tenth"), ("peak_mb", "exact"), ("done", "exact"), ("skipped", "exact"), ("failed", "exact")),
)
RUNS: Columns = (
    *(("step", "known:steps"), ("part", "code"), ("status", "known:statuses"), ("why", "text"), ("rows", "exact")),
)
READS: Columns = (("table_name", "code"), ("version", "exact"), ("read_by", "text"))
ACCOUNTS: Columns = (*DELIVERY_COLUMNS[:2], ("unbalanced", "exact"), *DELIVERY_COLUMNS[2:])
REJECTS: Columns = (("code", "reject"), ("rows", "exact"), ("files", "exact"), ("todo", "text"))
REJECTS_BY_FILE: Columns = (
    *(("file", "code"), ("code", "reject"), ("rows", "exact"), ("first_line", "exact"), ("last_line", "exact")),
)
TABLES: Columns = (
    *(("table_name", "code"), ("rows", "exact"), ("rows_before", "exact"), ("rows_change", "difference")),
    ("columns", "exact"),
)
KEPT: Columns = (("table_name", "code"), ("rows", "exact"), ("columns", "exact"))
DECISIONS: Columns = (
    *(("decided_as_of", "date"), ("model", "known:models"), ("decision", "known:decisions")),
    *(
        ("estimator", "estimator"),
        ("version", "code"),
        ("compared_with", "code"),
        ("auc_difference", "signed_interval"),
    ),
)
DRIFT: Columns = (
    *(("feature", "feature"), ("psi_excess", "hundredth"), ("effect_size", "hundredth")),
    *(("models", "exact"), ("models_drifted", "exact")),
)
SCORES: Columns = (
    *(("model", "known:models"), ("psi_excess", "thousandth"), ("effect_size", "hundredth"), ("people", "count")),
    ("has_moved", "text"),
)


def _folded(table: Grid | None) -> Grid | None:
    return table and table | {"folded": True}


def _made(page: Page, name: str, rows: list[Row], columns: Columns) -> Grid | None:
    """The table of the figure `name` with `rows` in place of its own."""
    return grid(name, page.figures[name] | {"value": rows}, columns=columns, voice=page.voice)


def runs(page: Page, /) -> Section:
    """What each step did, how long it took beside earlier weeks, and what it read."""
    parts = [row | {"why": _why(row, page.voice)} for row in page.figures["runs"]["value"]]
    read = [
        row | {"read_by": page.voice.listed([page.voice.code("steps", step) for step in row["read_by"].split(", ")])}
        for row in page.figures["reads"]["value"]
    ]
    unfinished = [row for row in parts if row["status"] != "done"]
    return section(
        *("runs", page),
        leads=[*_compared(page), *([] if parts else [page.lead("no_runs")])],
        grids=[
            _steps(page),
            grid("skipped", page.figures["runs"] | {"value": unfinished}, columns=RUNS[:4], voice=page.voice),
            _folded(_made(page, "runs", parts, RUNS)),
            _folded(_made(page, "reads", read, READS)),
        ],
        charts=[drawn.seconds(page.charts, page.voice)],
    )


def _compared(page: Page) -> list[str]:
    past = page.summary["past"]
    if not past:
        return [page.lead("no_past")]
    said = {"release": ("text", past[0]["release"]), "weeks": ("exact", len(past))}
    return [page.lead("past", **said)]


def _steps(page: Page) -> Grid | None:
    """Each step beside the last week and the median of the earlier ones, with a line of all weeks."""
    past, rows = page.summary["past"], []
    for row in page.figures["steps"]["value"]:
        before = earlier_seconds(past, row["step"])
        last = earlier_seconds(past[:1], row["step"])
        compared = {"seconds_before": last[0] if last else None, "seconds_usual": median(before) if before else None}
        rows.append(row | compared | {"line": [*reversed(before), row["seconds"]]})
    made = _made(page, "steps", rows, STEPS)
    return _with_lines(made, rows, page.voice) if made and past else made


def _with_lines(made: Grid, rows: list[Row], voice: Voice) -> Grid:
    for cells, row in zip(made["rows"], rows, strict=True):
        alt = voice.words("charts.step_spark", step=voice.code("steps", row["step"]))
        cells.append(
            {"text": "", "left": False, "code": False, "none": False, "svg": sparkline(row["line"], alt=alt)}
        )
    return made | {"head": [*made["head"], {"text": voice.words("columns.earlier_weeks"), "left": False}]}


def _why(row: Row, voice: Voice) -> str:
    """The reason of a part: its code in words; without a code the sentence of the step, which is English only."""
    if row["code"]:
        known_as = voice.words.known("decisions", row["code"])
        return known_as or voice.reason(row["code"], english=row["why"])
    return "" if voice.formats.chinese else str(row["why"] or "")


def checks(page: Page, /) -> Section:
    """The verdicts; the template shows them as the page of verdicts does."""
    none = [] if page.figures["verdicts"]["value"] else [page.lead("no_checks")]
    return section("checks", page, leads=none, grids=[], charts=[])


def deliveries(page: Page, /) -> Section:
    """The account of every row, and the refused ones by reason and by file."""
    advised = [row | {"todo": _todo(row["code"], page.voice)} for row in page.figures["rejects"]["value"]]
    total = page.row("deliveries_total")
    lead = page.lead("unbalanced", count=("exact", total["unbalanced"])) if total["unbalanced"] else None
    none = [] if total["deliveries"] else [page.lead("no_deliveries")]
    return section(
        *("deliveries", page),
        leads=[lead] if lead else none or [page.lead("all_balanced", count=("exact", total["deliveries"]))],
        grids=[
            _made(page, "rejects", advised, REJECTS),
            _folded(page.grid("rejects_by_file", REJECTS_BY_FILE)),
            page.grid("accounts", ACCOUNTS),
            _folded(page.grid("troubled_files", FILE_COLUMNS)),
        ],
        charts=[drawn.rejected(page.charts, page.voice)],
    )


def _todo(code: str, voice: Voice) -> str:
    kind = code.partition("_")[0]
    for name in (code, kind):
        if (advice := voice.words.known("reject_help", name)) is not None:
            return advice
    return voice.words("reject_help.other")


def published(page: Page, /) -> Section:
    """Rows of every published table beside the week before."""
    past = page.summary["past"]
    before = {row["table_name"]: row["rows"] for row in past[0]["figures"]["published"]["value"]} if past else {}
    rows = [row | _change(row["rows"], before.get(row["table_name"])) for row in page.figures["published"]["value"]]
    empty = [row["table_name"] for row in rows if row["rows"] == 0]
    lead = page.lead("tables", count=("exact", len(rows)), empty=("exact", len(empty)))
    return section(
        *("published", page),
        leads=[lead, *_compared(page)],
        grids=[
            _folded(_made(page, "published", rows, TABLES)),
            _folded(page.grid("kept_weeks", KEPT)),
        ],
        charts=[],
    )


def _change(now: Value, before: Value) -> Row:
    difference = now - before if known(now) and known(before) else None
    return {"rows_before": before, "rows_change": difference}


def cards(page: Page, /) -> Section:
    """What scores: version, figures beside the rules, every decision, reliability."""
    made = section(
        *("cards", page),
        leads=[page.lead("models")] if page.figures["models"]["value"] else [page.lead("no_models")],
        grids=[
            page.grid("models", USED),
            _folded(page.grid("other_models", OTHERS)),
            _folded(page.grid("contenders", CONTENDERS)),
            page.grid("decisions", DECISIONS),
        ],
        charts=[model_charts.contest(page.charts), model_charts.reliability(page.charts)],
    )
    return made | {"links": [_card(page, name) for name in page.cards]}


def _card(page: Page, model: str) -> dict[str, str]:
    name = page.voice.words("page.card", name=page.voice.code("models", model))
    return {"href": card_file(model, page.voice.words.language), "text": name}


def drift(page: Page, /) -> Section:
    """Whether people, and the scores, still look as they did in the training."""
    voice = page.voice
    scores = [
        row | {"has_moved": voice.words(_moved(row["drifted"]))} for row in page.figures["drift_scores"]["value"]
    ]
    totals = page.figures["drift_total"]["value"]
    judged = any(row["judged"] for row in totals)
    leads = [page.lead("drift_how")] if judged else [page.lead("drift_few" if totals else "no_drift")]
    return section(
        *("drift", page),
        leads=leads,
        grids=[_made(page, "drift_scores", scores, SCORES), _folded(page.grid("drift_columns", DRIFT))],
        charts=[drawn.drifted(page.charts, voice)],
    )


def _moved(drifted: bool | None) -> str:
    return "engineers.unjudged" if drifted is None else "engineers.moved" if drifted else "engineers.steady"


def freshness(page: Page, /) -> Section:
    """How new the data are, what came late, and from when on the page is stale."""
    day, ingested = page.figures["newest_day"]["value"], page.figures["ingested"]["value"]
    late = len(page.figures["restatements"]["value"])
    flag = page.row("provisional")["provisional"]
    leads = [
        page.lead("newest_day", day=("date", day)) if day else page.lead("no_newest_day"),
        *([page.lead("ingested", at=("text", ingested))] if ingested else []),
        page.lead("restated", count=("exact", late)) if late else page.lead("not_restated"),
        *([page.voice.words("page.provisional")] if flag else []),
        page.lead("stale", day=("date", page.summary["as_of"])),
    ]
    return section("freshness", page, leads=leads, grids=[], charts=[])


ORDER: tuple[Callable[[Page], Section], ...] = (*(runs, checks, deliveries, published, cards, drift, freshness),)
