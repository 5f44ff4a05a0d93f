"""A platform that does not exist, written as a real one would write its logs."""

from lyceum.simulator.platform import Platform, Summary
from lyceum.simulator.run import simulate

__all__ = ["Platform", "Summary", "simulate"]
