"""What to search: the space, its file and its scales. Imports no torch."""

from tuner.space.best import best_space
from tuner.space.model import Space
from tuner.space.published import published_trials
from tuner.space.reading import load_space
from tuner.space.scales import Machine, chosen_scale, resolve_scale, scale_sentence, trials_at_once
from tuner.space.sections import Resources, Sampler, Scale, Scheduler, Wandb
from tuner.space.writing import dump_space, space_text

__all__ = [
    "Machine",
    "Resources",
    "Sampler",
    "Scale",
    "Scheduler",
    "Space",
    "Wandb",
    "best_space",
    "chosen_scale",
    "dump_space",
    "load_space",
    "published_trials",
    "resolve_scale",
    "scale_sentence",
    "space_text",
    "trials_at_once",
]
