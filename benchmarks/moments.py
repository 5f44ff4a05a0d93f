"""How near the simulated world lies to real ones: `python -m benchmarks.moments --data FOLDER`.

Gaps between acts, inequality of activity, purchases and refunds, and the reply graph, by the same queries over the
simulated world and real sets: OULAD (learning), UCI Online Retail (purchases), a Stack Exchange site (community).
Writes the table into docs/simulator.md between its markers, and prints it; the last line is one JSON object. A real
set that is not there is left out and named.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lyceum.engine import quoted
from lyceum.simulator import simulate

if TYPE_CHECKING:
    import duckdb

PAGE = Path("docs/simulator.md")
BEGIN, END = "<!-- moments: begin -->", "<!-- moments: end -->"
Measures = dict[str, float]

# Each part of a world is a few tables of the same shape, whatever platform it comes from:
# learning(person, day, acts) · orders(person, day, refunded) · texts(id, person, moment, asks, parent, target)


def main(argv: list[str] | None = None, /) -> int:
    """Measure all, print the table, write it into the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.moments", description=str(__doc__).split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with oulad, online_retail and stackexchange")
    parser.add_argument("--users", type=int, default=5_000, help="people in the simulated world (default 5,000)")
    parser.add_argument("--seed", type=int, default=7, help="of the simulated world (default 7)")
    parser.add_argument("--page", type=Path, default=PAGE, help=f"the page to write into (default {PAGE})")
    given = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        con = simulated_tables(Path(folder) / "raw", users=given.users, seed=given.seed)
    simulated = {part: measure(con) for part, (_, _, measure) in PARTS.items()}
    real = {}
    for part, (folder, load, measure) in PARTS.items():
        if (given.data / folder).is_dir():
            real[part] = measure(load(given.data / folder))
        else:
            print(f"There is no {given.data / folder}; its column stays empty.", file=sys.stderr)
    lines = table(simulated, real)
    print("\n".join(lines))
    write_between(given.page, lines)
    print(json.dumps({"simulated": simulated, "real": real}))
    return 0


def connect() -> "duckdb.DuckDBPyConnection":
    """An engine in memory."""
    import duckdb

    return duckdb.connect()


def simulated_tables(folder: Path, /, *, users: int, seed: int) -> "duckdb.DuckDBPyConnection":
    """The tables of a simulated world, from the files that it delivers."""
    simulate(folder, users=users, seed=seed)
    con = connect()
    keys = ("id", "uid", "type", "ts", "object", "parent", "target", "props")
    columns = ", ".join(f"'{key}': 'VARCHAR'" for key in keys)
    con.execute(
        f"CREATE TABLE log AS SELECT DISTINCT ON (id) * REPLACE (TRY_CAST(left(ts, 19) AS TIMESTAMP) AS ts) "
        f"FROM read_json({quoted(folder / 'events' / '*.gz')}, columns = {{{columns}}}, format = 'nd', "
        "ignore_errors = true) "
        "WHERE id IS NOT NULL AND uid IS NOT NULL"
    )
    con.execute("CREATE VIEW learning AS SELECT uid AS person, ts::DATE AS day, count(*) AS acts FROM log "
                "WHERE type IN ('learn', 'complete', 'submit') GROUP BY ALL")  # fmt: skip
    con.execute(
        "CREATE VIEW orders AS SELECT o.uid AS person, o.ts::DATE AS day, r.object IS NOT NULL AS refunded "
        "FROM log o LEFT JOIN (SELECT DISTINCT object FROM log WHERE type = 'refund') r USING (object) "
        "WHERE o.type = 'purchase'"
    )
    con.execute(
        "CREATE VIEW texts AS SELECT object AS id, uid AS person, ts AS moment, props LIKE '%question%' AS asks, "
        "parent, target FROM log WHERE type IN ('post', 'answer', 'comment')"
    )
    return con


def oulad(folder: Path, /) -> "duckdb.DuckDBPyConnection":
    """Clicks of students by day, as learning."""
    con = connect()
    con.execute(
        "CREATE TABLE learning AS SELECT code_module || code_presentation || id_student AS person, "
        "DATE '2013-01-01' + CAST(date AS INTEGER) AS day, sum(sum_click) AS acts "
        f"FROM read_csv({quoted(folder / 'studentVle.csv.gz')}) GROUP BY ALL"
    )
    return con


def online_retail(folder: Path, /) -> "duckdb.DuckDBPyConnection":
    """Invoices of known customers as orders. An order counts as refunded if a cancellation of the same customer and
    article follows it; rows doubled in the source count once."""
    con = connect()
    con.execute(
        "CREATE TABLE lines AS SELECT DISTINCT * FROM read_csv("
        f"{quoted(folder / '*.csv.gz')}, all_varchar = true) WHERE CustomerID IS NOT NULL"
    )
    con.execute(
        "CREATE TABLE orders AS SELECT o.CustomerID AS person, min(o.InvoiceDate)::TIMESTAMP::DATE AS day, "
        "bool_or(c.InvoiceNo IS NOT NULL) AS refunded "
        "FROM (SELECT * FROM lines WHERE InvoiceNo NOT LIKE 'C%') o LEFT JOIN "
        "(SELECT * FROM lines WHERE InvoiceNo LIKE 'C%') c ON o.CustomerID = c.CustomerID AND "
        "o.StockCode = c.StockCode AND c.InvoiceDate > o.InvoiceDate "
        "AND o.Quantity::INT = -c.Quantity::INT GROUP BY o.CustomerID, o.InvoiceNo"
    )
    return con


def stackexchange(folder: Path, /) -> "duckdb.DuckDBPyConnection":
    """Questions, answers and comments; a comment replies to its post's author."""
    con = connect()
    for name in ("Posts", "Comments"):
        con.execute(
            f"CREATE TABLE {name} AS SELECT * FROM read_csv({quoted(folder / f'{name}.csv.gz')}, all_varchar = true)"
        )
    con.execute(
        "CREATE TABLE texts AS WITH p AS (SELECT Id, OwnerUserId AS owner FROM Posts) "
        "SELECT 'p' || a.Id AS id, OwnerUserId AS person, CreationDate::TIMESTAMP AS moment, "
        "PostTypeId = '1' AS asks, 'p' || ParentId AS parent, p.owner AS target "
        "FROM Posts a LEFT JOIN p ON a.ParentId = p.Id "
        "WHERE PostTypeId IN ('1', '2') UNION ALL "
        "SELECT 'c' || c.Id, UserId, CreationDate::TIMESTAMP, false, 'p' || PostId, p.owner "
        "FROM Comments c LEFT JOIN p ON c.PostId = p.Id"
    )
    con.execute("DELETE FROM texts WHERE person IS NULL")
    return con


def learning_measures(con: "duckdb.DuckDBPyConnection", /) -> Measures:
    """Gaps between learning days, and how unequal learning is."""
    return {
        **gaps(con, "SELECT DISTINCT person, day FROM learning"),
        "Gini of acts per learner": gini(con, "SELECT sum(acts) FROM learning GROUP BY person"),
        "Gini of days per learner": gini(con, "SELECT count(DISTINCT day) FROM learning GROUP BY person"),
    }


def order_measures(con: "duckdb.DuckDBPyConnection", /) -> Measures:
    """Gaps between purchase days, repeat buyers, refunds, and how unequal buyers are."""
    return {
        **gaps(con, "SELECT DISTINCT person, day FROM orders"),
        "Gini of orders per buyer": gini(con, "SELECT count(*) FROM orders GROUP BY person"),
        "buyers with a second order": one(
            con, "SELECT avg((n > 1)::INT) FROM (SELECT count(*) AS n FROM orders GROUP BY person)"
        ),
        "orders paid back": one(con, "SELECT avg(refunded::INT) FROM orders"),
    }


def community_measures(con: "duckdb.DuckDBPyConnection", /) -> Measures:
    """Gaps between days of writing, answers and their speed, and the degrees of the graph of who replies to whom."""
    answered = (
        "SELECT q.id, date_diff('minute', q.moment, min(a.moment)) / 60.0 AS hours FROM texts q LEFT JOIN texts a "
        "ON a.parent = q.id AND a.person <> q.person WHERE q.asks GROUP BY q.id, q.moment"
    )
    edges = "SELECT DISTINCT person, target FROM texts WHERE target IS NOT NULL AND target <> person"
    return {
        **gaps(con, "SELECT DISTINCT person, moment::DATE AS day FROM texts"),
        "Gini of texts per writer": gini(con, "SELECT count(*) FROM texts GROUP BY person"),
        "questions with a reply": one(con, f"SELECT count(hours) / count(*) FROM ({answered})"),
        "median hours to the first reply": one(con, f"SELECT median(hours) FROM ({answered})"),
        "people replied to, per replier": one(
            con, f"SELECT avg(n) FROM (SELECT count(*) AS n FROM ({edges}) GROUP BY person)"
        ),
        "Gini of people replied to": gini(con, f"SELECT count(*) FROM ({edges}) GROUP BY person"),
        "Gini of repliers received": gini(con, f"SELECT count(*) FROM ({edges}) GROUP BY target"),
    }


def gaps(con: "duckdb.DuckDBPyConnection", days: str, /) -> Measures:
    """Days from one day with an act to the same person's next."""
    between = f"SELECT day - lag(day) OVER (PARTITION BY person ORDER BY day) AS gap FROM ({days})"
    figures = "median(gap), avg(gap), quantile_cont(gap, 0.9), avg((gap = 1)::INT)"
    found = con.execute(f"SELECT {figures} FROM ({between}) WHERE gap IS NOT NULL").fetchone() or ()
    names = ("gap in days, median", "gap in days, mean", "gap in days, 90 %", "gaps of one day")
    return {name: float(value) for name, value in zip(names, found, strict=True)}


def one(con: "duckdb.DuckDBPyConnection", query: str, /) -> float:
    """The one number that a query gives."""
    return float((con.execute(query).fetchone() or (float("nan"),))[0])


def gini(con: "duckdb.DuckDBPyConnection", query: str, /) -> float:
    """The Gini coefficient of the numbers that a query gives: 0 = all equal, towards 1 = one has all."""
    values = np.sort(np.array(con.execute(query).fetchall(), float).ravel())
    ranks = np.arange(1, len(values) + 1)
    return float((2 * ranks - len(values) - 1) @ values / (len(values) * values.sum()))


Load = Callable[[Path], "duckdb.DuckDBPyConnection"]
Measure = Callable[["duckdb.DuckDBPyConnection"], Measures]
PARTS: dict[str, tuple[str, Load, Measure]] = {
    "learning": ("oulad", oulad, learning_measures),
    "purchases": ("online_retail", online_retail, order_measures),
    "community": ("stackexchange", stackexchange, community_measures),
}


def table(simulated: dict[str, Measures], real: dict[str, Measures], /) -> list[str]:
    """The lines of the table in Markdown."""
    lines = ["| part | moment | simulated | real | real set |", "|---|---|---:|---:|---|"]
    for part, measures in simulated.items():
        for name, value in measures.items():
            beside = real.get(part, {}).get(name)
            shown = "—" if beside is None else f"{beside:.2f}"
            lines.append(f"| {part} | {name} | {value:.2f} | {shown} | {PARTS[part][0]} |")
    return lines


def write_between(page: Path, lines: list[str], /) -> None:
    """Replace what stands between the markers of a page; a page without them is left alone."""
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    if BEGIN not in text or END not in text:
        print(f"{page} has no markers; nothing was written.", file=sys.stderr)
        return
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    page.write_text("\n".join((f"{before}{BEGIN}", *lines, f"{END}{after}")), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
