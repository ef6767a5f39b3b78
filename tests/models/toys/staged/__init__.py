"""Two stages of everything that a stage can say, on networks of a few numbers."""
