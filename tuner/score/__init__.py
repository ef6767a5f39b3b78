"""Pictures scored by a retrained model: what `python -m tuner.score` is made of."""
