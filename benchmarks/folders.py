"""Where a benchmark puts what it makes."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def kept(keep: Path | None, /) -> Iterator[Path]:
    """The folder that keeps what is made for the next run, or one that is gone afterwards."""
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="lyceum-") as folder:
        yield Path(folder)
