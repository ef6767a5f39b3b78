"""The command that searches: from a space file to a run's record and results."""
