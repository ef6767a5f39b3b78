"""Deep SAD: Deep SVDD that also pushes known anomalies away from the point."""
