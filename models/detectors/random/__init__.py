"""Scores that know nothing: what a detector must beat."""
