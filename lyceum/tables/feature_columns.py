"""What the declarations of features share."""

from collections.abc import Iterable

from lyceum.schema import DATE, Column

AS_OF = Column("as_of", DATE, "The Monday 00:00 local before which everything in the row was known", required=True)


def windowed(
    stem: str, type_name: str, meaning: str, unit: str, *, needs: tuple[str, ...], windows: Iterable[int]
) -> tuple[Column, ...]:
    """One column per window of days before as_of; 0 where nothing happened in it."""
    return tuple(
        Column(
            f"{stem}_{days}d", type_name, f"{meaning} in the {days} days before as_of", unit, needs=needs, zero=True
        )
        for days in windows
    )
