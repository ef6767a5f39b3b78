"""The images of a search, on whatever machine a worker runs. Imports torch."""

from models.data.images import TrainingData
from models.data.loading import load_training, open_training
from models.data.prepared import prepared_path
from models.data.sources import DataNotFound, default_cache, find
from tuner.safekeeping.shipping import fetch
from tuner.storage import StorageError
from tuner.worker.setting import TrialSetting


def load_images(setting: TrialSetting) -> TrainingData:
    """Load what the split names: from the driver's cache, the storage, or a copy found here.

    Raises DataNotFound, StorageError.
    """
    split, data, noise = setting.split(), setting.data, setting.noise
    cache = setting.source.cache
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
