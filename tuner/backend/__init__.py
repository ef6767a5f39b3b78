"""Ray Tune as the engine's hands: the only place that imports ray."""
