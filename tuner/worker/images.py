"""The images of a search, on whatever machine a worker runs. Imports torch."""

from models.data.images import TrainingData, load_training
from models.data.sources import DataNotFound, find
from tuner.safekeeping.shipping import fetch
from tuner.storage import StorageError
from tuner.worker.setting import TrialSetting


def load_images(setting: TrialSetting) -> TrainingData:
    """Load what the split names: from the driver's folder, the storage, or a copy found here.

    Raises DataNotFound, StorageError.
    """
    split = setting.split()
    try:
        return load_training(setting.data, setting.source, split)
    except DataNotFound:
        if setting.data_storage is None:
            raise
    try:
        source = fetch(setting.data_storage, setting.data)
    except (DataNotFound, StorageError):
        source = find(setting.data)
    return load_training(setting.data, source, split)
