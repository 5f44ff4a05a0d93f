"""A platform that does not exist, written as a real one would write its logs."""

from lyceum.simulator.run import Summary, simulate

__all__ = ["Summary", "simulate"]
