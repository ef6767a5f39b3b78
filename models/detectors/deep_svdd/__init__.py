"""Deep SVDD: normal images are drawn to a point; the distance to it is the score."""
