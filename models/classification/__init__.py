"""Probabilities of a yes-or-no outcome from a snapshot: one file per estimator, one contract for all."""
