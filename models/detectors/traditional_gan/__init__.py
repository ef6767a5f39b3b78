"""A GAN of dense layers whose losses are all mean squares: the lesser one of a student project."""
