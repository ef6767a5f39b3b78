"""The images of a search, on whatever machine a worker runs. Imports torch."""

from models.data.config import DataConfig
from models.data.images import TrainingData
from models.data.loading import load_training, open_training
from models.data.prepared import prepared_path
from models.data.sources import DataNotFound, default_cache, find
from models.data.split import Split
from models.data.tasks import with_splits
from tuner.safekeeping.shipping import fetch
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
    """Load what the split names."""
    noise, cache = setting.noise, setting.source.cache
    if cache is not None:
        path = prepared_path(data, split, cache, noise=noise)
        if path.exists():
            return open_training(path)
    try:
        return load_training(data, setting.source, split, noise=noise)
    except DataNotFound:
        if setting.data_storage is None:
            raise
    try:
        shipped = fetch(setting.data_storage, data, split, default_cache(), noise=noise)
    except (DataNotFound, StorageError):
        return load_training(data, find(data), split, noise=noise)
    return open_training(shipped)
