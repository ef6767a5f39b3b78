"""OMASGAN: a generator on the boundary of the normal images, and a judge trained against it."""
