"""A retrained model as a file for other runtimes: what `python -m tuner.export` is made of."""
