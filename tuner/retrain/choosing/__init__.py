"""Which of the best few trials of a search is the best, found out with fresh seeds."""
