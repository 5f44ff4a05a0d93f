"""Meaning: from events to columns about a user or an item, as of a moment."""
