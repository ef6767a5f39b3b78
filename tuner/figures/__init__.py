"""The figures of a retrain: metrics.json read again, and what they come to in words."""
