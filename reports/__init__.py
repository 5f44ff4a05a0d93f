"""Showing: published tables to a plain dict, the dict to charts and pages."""
