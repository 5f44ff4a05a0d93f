"""The SQL of expressions, compiled once for all weeks and homes: at small sizes that takes longer than to run them.

A text hangs on our own sources, on the versions of what compiles it and on the columns of the tables it reads; all of
these make its key, so that no text outlives what it was made from. The days in it change with every week: it is
compiled with stand-ins, days of far decades, which are replaced in the text. The texts that a week asks for are
shipped in compiled.json beside lyceum.tables; `make dictionary` makes them anew, and what is not found there is
compiled when it is asked for.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

FILE = files("lyceum.tables") / "compiled.json"
COMPILERS = ("ibis-framework", "sqlglot")
SOURCES: Mapping[str, tuple[str, ...]] = {  # of the texts: the modules of each package, all of them if none is named
    "features": (),
    "features.rates": (),
    "lyceum.tables": (),
    "lyceum": ("events", "schema", "weeks"),
    "pipelines": ("cataloguing", "compiled", "featurise", "prepared", "score_rates", "workspace"),
}
FIRST_YEAR, YEARS_APART = 3000, 20  # of the stand-ins: windows reach less than ten years to either side
DAY = re.compile(r"MAKE_DATE\((\d+), (\d+), (\d+)\)")
NEVER = date.max  # a day that comes after all others

_made: dict[str, str] = {}  # in this process


def text(name: str, reads: str, make: Callable[..., str], /, *, days: Sequence[date] = ()) -> str:
    """The text that `make(*days)` gives, from the kept one with other days if there is one.

    `reads` is the fingerprint of the tables it reads; `name` tells all else on which it hangs. `make` writes each of
    its days, or one some days off it, as MAKE_DATE, and looks at none of them.
    """
    key = f"{name} {digest(sources(), name, reads, str(len(days)))}"
    if key not in _made:
        _made[key] = shipped().get(key) or make(*map(stand_in, range(len(days))))
    return put_in(_made[key], days)


def stand_in(number: int, /) -> date:
    """The day that stands in for the day `number` of a text."""
    return date(FIRST_YEAR + number * YEARS_APART, 1, 1)


def put_in(kept: str, days: Sequence[date], /) -> str:
    """`kept` with `days` in place of their stand-ins, and days near a stand-in as far from the real one."""

    def real(found: re.Match[str]) -> str:
        year, month, day = map(int, found.groups())
        number = (year - FIRST_YEAR + YEARS_APART // 2) // YEARS_APART
        if number < 0:
            return found[0]
        moved = days[number] + (date(year, month, day) - stand_in(number))
        return f"MAKE_DATE({moved.year}, {moved.month}, {moved.day})"

    return DAY.sub(real, kept)


def fingerprint(tables: "Mapping[str, ir.Table]", /) -> str:
    """What the text of an expression hangs on in the tables it reads: their names, columns and own expressions."""
    from ibis.expr.format import pretty

    return digest(*(f"{name}: {pretty(rows.op())}" for name, rows in sorted(tables.items())))


@cache
def sources() -> str:
    """The digest of everything that makes texts: our sources, and the versions of what compiles them."""
    ours = (
        each.read_text(encoding="utf-8") for package, names in SOURCES.items() for each in _modules(package, names)
    )
    return digest(*map(version, COMPILERS), *ours)


def _modules(package: str, names: tuple[str, ...]) -> list[Traversable]:
    wanted = {f"{name}.py" for name in names}
    found = [each for each in files(package).iterdir() if each.name.endswith(".py")]
    return sorted((each for each in found if not names or each.name in wanted), key=lambda each: each.name)


@cache
def shipped() -> Mapping[str, str]:
    """The texts made ahead, by their keys."""
    return dict(json.loads(FILE.read_text(encoding="utf-8"))) if FILE.is_file() else {}


def forget() -> None:
    """Drop the texts of this process; those that are shipped stay."""
    _made.clear()


def as_json() -> str:
    """The texts of this process, as they are shipped."""
    return json.dumps(dict(sorted(_made.items())), indent=0) + "\n"


def digest(*texts: str) -> str:
    """16 hexadecimal digits that tell the texts apart."""
    return sha256("\n".join(texts).encode()).hexdigest()[:16]
