"""The detectors and their hyperparameters as people read them: on the console and in docs/."""
