"""Judgement of data: suites as data, and the one module that speaks Great Expectations."""
