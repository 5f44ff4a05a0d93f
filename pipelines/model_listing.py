"""What `lyceum models` prints: a line per model, and a card that can be read in a terminal."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from lyceum.home import Home
from pipelines import champions
from pipelines.champions import Version

MAIN = {"auc": "AUC", "pr_auc": "PR-AUC", "silhouette": "silhouette", "ndcg_at_10": "NDCG@10"}
SHOWN = ("auc", "pr_auc", "brier", "ece", "silhouette", "ndcg_at_10")
HEADING = ("model", "version", "estimator", "figures (95 % interval)", "decision", "other versions")


def listed(home: Home, /) -> Iterator[str]:
    """A heading and a line per model."""
    rows = [HEADING, *(_row(home, name) for name in champions.names(home))]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEADING))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(home: Home, name: str) -> tuple[str, ...]:
    others = {day: champions.load(home, name, day).card for day in champions.versions(home, name)}
    newest = champions.entries(home, name)[-1:]
    if not newest:
        return name, "none", "", "", "", _others(others)
    entry = newest[0]
    card = others.pop(entry.version)
    figures = ", ".join(_figure(MAIN[row["metric"]], row) for row in own(card) if row["metric"] in MAIN)
    decided = f"{'rolled back' if entry.by == champions.ROLLBACK else 'promoted'} {entry.since}"
    return name, entry.version.isoformat(), card["estimator"], figures or "none", decided, _others(others)


def _others(cards: Mapping[date, Mapping[str, Any]]) -> str:
    told = (f"{day} ({card['estimator']}, {card['decision']['decision']})" for day, card in sorted(cards.items()))
    return ", ".join(told) or "none"


def own(card: Mapping[str, Any], /) -> list[Mapping[str, Any]]:
    """The figures of the version itself over all people."""
    return [row for row in card["metrics"] if row["estimator"] == card["estimator"] and row["slice"] == "all"]


def _figure(title: str, row: Mapping[str, Any]) -> str:
    return f"{title} {_number(row)}"


def _number(row: Mapping[str, Any]) -> str:
    if row["value"] is None:
        return "none"
    interval = "" if row.get("low_95") is None else f" ({row['low_95']:.3f} to {row['high_95']:.3f})"
    return f"{row['value']:.3f}{interval}"


def shown(version: Version, /) -> Iterator[str]:
    """The card as lines of text."""
    card = version.card
    decision = card["decision"]
    yield f"{version.name}, version of {version.trained_as_of}: {card['estimator']}, {decision['decision']}"
    for title, key in (("Use", "use"), ("Label", "label"), ("People", "eligible")):
        if key in card:
            yield f"  {title:10} {card[key]['en']}"
    yield from _learning(card)
    yield f"  {'Decision':10} {decision['why']}"
    for sentence in card.get("limits", {}).get("en", ()):
        yield f"  {'Beware':10} {sentence}"
    yield ""
    yield from _table(card)


def _learning(card: Mapping[str, Any]) -> Iterator[str]:
    if "data" not in card:
        return
    data = card["data"]
    yield (
        f"  {'Learnt':10} from {data['rows']:,} rows of {data['people']:,} people, weeks {data['weeks'][0]} to "
        f"{data['weeks'][1]}, {data['columns_used']} columns"
    )
    settings = ", ".join(f"{key} {value}" for key, value in card["settings"].items())
    yield f"  {'Settings':10} {settings or 'none'}"
    yield f"  {'Calibrated':10} {card['calibration']['kind']} {card['calibration']['note']}".rstrip()
    yield f"  {'Leak alarm':10} {', '.join(card['leak_alarm']) or 'quiet'}"


def _table(card: Mapping[str, Any]) -> Iterator[str]:
    """Estimators down, metrics across, over all people."""
    rows = [row for row in card["metrics"] if row["slice"] == "all" and row["metric"] in SHOWN]
    metrics = [metric for metric in SHOWN if any(row["metric"] == metric for row in rows)]
    cells = {(row["estimator"], row["metric"]): _number(row) for row in rows}
    roles = {row["estimator"]: row["role"] for row in rows}
    yield "  ".join(f"{text:24}" for text in ("estimator", "role", *metrics)).rstrip()
    for estimator, role in roles.items():
        found = (cells.get((estimator, metric), "") for metric in metrics)
        yield "  ".join(f"{text:24}" for text in (estimator, role, *found)).rstrip()
