"""Commands that print measured figures: a table for people and, as the last line, one JSON object.

`python -m benchmarks.oracle` measures the project's models against what can be known at all in a simulated world,
`python -m benchmarks.moments` how near the simulated world lies to real ones. `python -m benchmarks.classify` runs
the estimators on any table, `python -m benchmarks.oulad` on real courses, `python -m benchmarks.recommend` the
recommenders on any pairs, and `python -m benchmarks.market` on a simulated course market whose truth is known.
`python -m benchmarks.publish` kills publishing processes while readers read, or publishes a week of many people.
`python -m benchmarks.peers` computes the features in other libraries too. Commands that take `--record` write their
figures into docs/benchmarks.md.
"""
