"""Rates of FIELD.md section 1, family by family, each with numerator, denominator, age and maturity."""
