"""What more than one folder of tests needs."""

import os

import pytest

from models.data.config import DataConfig
from models.data.sources import DataNotFound, Source, find

# Whole commands run in processes of their own and shall not ask or tell anybody.
os.environ["WANDB_MODE"] = "offline"
os.environ.pop("WANDB_API_KEY", None)


@pytest.fixture(scope="session")
def fashion_mnist() -> Source:
    """The published FashionMNIST, downloaded once into the cache where there is no copy."""
    try:
        return find(DataConfig())
    except DataNotFound as error:
        pytest.skip(f"no FashionMNIST and no way to get it: {error}")
