"""The images of a search, on whatever machine a worker runs. Imports torch."""

from contextlib import suppress

from models.data.config import DataConfig
from models.data.images import TrainingData
from models.data.loading import load_training, open_training
from models.data.prepared import is_whole, prepared_path
from models.data.sources import DataNotFound, DataProblem, default_cache, find
from models.data.split import Split
from models.data.tasks import with_splits
from tuner.durability.data_staging import fetch
from tuner.storage import StorageError
from tuner.worker.setting import TrialSetting


def load_tasks(setting: TrialSetting) -> dict[str, TrainingData]:
    """The images of each task, by what is normal in it; of most searches there is one.

    From the driver's cache, the storage, or a copy found here. Raises DataNotFound, StorageError.
    """
    return {
        data.normal_text: _load(setting, data, split)
        for data, split in with_splits(setting.data, setting.splits())
    }


def _load(setting: TrialSetting, data: DataConfig, split: Split) -> TrainingData:
    """Load what the split names; the file made for the search goes before all that lies here."""
    noise, cache, storage = setting.noise, setting.source.cache, setting.data_storage
    if cache is not None:
        path = prepared_path(data, split, cache)
        if is_whole(path):
            return open_training(path, noise=noise)
    if storage is not None:
        with suppress(DataNotFound, StorageError):
            return open_training(fetch(storage, data, split, default_cache()), noise=noise)
    try:
        return load_training(data, setting.source, split, noise=noise)
    except DataProblem:
        if storage is None:
            raise
    return load_training(data, find(data), split, noise=noise)
