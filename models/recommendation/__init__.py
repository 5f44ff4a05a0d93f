"""What to show next: one file per recommender, one contract for all."""
