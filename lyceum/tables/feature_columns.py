"""What the declarations of features share."""

from collections.abc import Iterable

from lyceum.schema import BIGINT, DATE, DOUBLE, Column

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


def as_ratio(name: str, meaning: str, needs: tuple[str, ...]) -> Column:
    """A ratio, null where there is nothing to divide by."""
    return Column(name, DOUBLE, meaning, "ratio", needs=needs)


def in_days(name: str, meaning: str, needs: tuple[str, ...]) -> Column:
    """A number of whole days, null where there is nothing to count from."""
    return Column(name, BIGINT, meaning, "days", needs=needs)


def so_far(name: str, meaning: str, unit: str, needs: tuple[str, ...]) -> Column:
    """A count; 0 where nothing happened."""
    return Column(name, BIGINT, meaning, unit, needs=needs, zero=True)
