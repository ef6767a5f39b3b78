"""The search: space file, sampler, scheduler, workers, record, retrain."""
