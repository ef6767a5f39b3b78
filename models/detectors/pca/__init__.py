"""Principal components of the normal images, in closed form: what a trained detector must beat."""
