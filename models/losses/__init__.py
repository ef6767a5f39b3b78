"""Losses and score formulas that detectors share, as pure functions."""
