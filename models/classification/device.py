"""Where XGBoost computes. A property of the machine, never of a model: it is not stored, and a model moves freely."""

from collections.abc import Iterator
from contextlib import contextmanager

from lyceum.errors import LyceumError

_in_use = ["cpu"]  # of the process, not of a thread: whoever scores in threads has one machine all the same


@contextmanager
def using(device: str, /) -> Iterator[None]:
    """Fit and predict on `device` (cpu or cuda) inside the block; LyceumError if XGBoost here cannot."""
    if not available(device):
        raise LyceumError(
            f"The setting device asks for {device}, and the XGBoost installed here computes on the CPU only.",
            remedy="Run `make install GPU=1`, or set device to cpu.",
        )
    _in_use.append(device)
    try:
        yield
    finally:
        _in_use.pop()


def in_use() -> str:
    """The device of the innermost block, cpu outside of any."""
    return _in_use[-1]


def available(device: str, /) -> bool:
    """Whether XGBoost here can compute on it."""
    if device == "cpu":
        return True
    import xgboost

    return bool(xgboost.build_info()["USE_CUDA"])
