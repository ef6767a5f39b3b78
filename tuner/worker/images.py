"""The images of a search, on whatever machine a worker runs. Imports torch."""

from contextlib import suppress

from models.data.config import DataConfig
from models.data.images import TrainingData
from models.data.loading import load_training, open_training
from models.data.prepared import is_whole, prepared_path
from models.data.sources import DataNotFound, DataProblem, Source, default_cache, find
from models.data.split import Split
from models.data.tasks import with_splits
from tuner.durability.data_staging import fetch
from tuner.storage import Storage, StorageError
from tuner.worker.search_setting import TrialSetting


def load_tasks(setting: TrialSetting) -> dict[str, TrainingData]:
    """The images of each task, by what is normal in it; of most searches there is one.

    From the driver's cache, the storage, or a copy found here. Raises DataNotFound, StorageError.
    """
    source, storage = setting.source, setting.data_storage
    return {
        data.normal_text: load_shipped(data, source, split, noise=setting.noise, storage=storage)
        for data, split in with_splits(setting.data, setting.splits())
    }


def load_shipped(
    data: DataConfig, source: Source, split: Split, *, noise: bool, storage: Storage | None
) -> TrainingData:
    """Load what the split names; the file made for the search goes before all that lies here.

    `source` is the driver's, `storage` the place of images. Raises as `load_tasks` does.
    """
    if source.cache is not None:
        path = prepared_path(data, split, source.cache)
        if is_whole(path):
            return open_training(path, noise=noise)
    if storage is not None:
        with suppress(DataNotFound, StorageError):
            return open_training(fetch(storage, data, split, default_cache()), noise=noise)
    try:
        return load_training(data, source, split, noise=noise)
    except DataProblem:
        if storage is None:
            raise
    return load_training(data, find(data), split, noise=noise)
