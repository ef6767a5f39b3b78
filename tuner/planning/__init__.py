"""What a search will need, before it starts: machine, lanes, time, and what its images are."""
