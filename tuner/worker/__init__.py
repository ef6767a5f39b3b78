"""The worker's side of trials: training, reporting, and the files of each trial. Knows no Ray."""
