"""Learning: fit, score, measure and explain frames, without knowing how they were made."""
