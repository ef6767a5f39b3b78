import pytest
import torch

from models.batches import FitImages, epoch_order
from models.data.images import TrainingData
from models.device_images import device_images


def test_every_normal_comes_once_and_anomalies_follow() -> None:
    rows = epoch_order((0, 0), 100, 10, 25, 5)
    assert rows.shape == (4, 30)
    assert sorted(rows[:, :25].flatten().tolist()) == list(range(100))
    assert ((rows[:, 25:] >= 100) & (rows[:, 25:] < 110)).all()


def test_what_does_not_fill_a_batch_is_left_out() -> None:
    assert epoch_order((0, 0), 100, 10, 30, 5).shape == (3, 35)


def test_fewer_normals_than_a_batch_make_one_smaller_batch(digits: TrainingData) -> None:
    images = device_images(digits, torch.device("cpu"))
    fit = FitImages(images, {"batch_normals": 121, "batch_anomalies": 5}, 0)
    assert fit.orders([0]).shape == (1, 1, 125)
    assert (fit.batch_normals, fit.steps, fit.per_epoch) == (120, 1, 125)


@pytest.mark.parametrize("seeds", [(0, 1), (1, 0)])
def test_order_changes_with_epoch_and_data_seed(seeds: tuple[int, int]) -> None:
    assert torch.equal(epoch_order((0, 0), 50, 5, 10, 2), epoch_order((0, 0), 50, 5, 10, 2))
    assert not torch.equal(epoch_order((0, 0), 50, 5, 10, 2), epoch_order(seeds, 50, 5, 10, 2))


def test_lanes_would_not_see_the_order_of_their_own_epoch(digits: TrainingData) -> None:
    images = device_images(digits, torch.device("cpu"))
    structure = {"batch_normals": 20, "batch_anomalies": 4}
    orders = FitImages(images, structure, 5).orders([0, 3, 0])
    for lane, epoch in enumerate((0, 3, 0)):
        assert torch.equal(orders[:, lane], epoch_order((5, epoch), 120, 30, 20, 4))
    assert not torch.equal(orders[:, 0], orders[:, 1])


def test_without_anomalies_a_batch_holds_normals_alone() -> None:
    assert epoch_order((0, 0), 40, 0, 20, 0).shape == (2, 20)


def test_a_view_of_the_normals_would_hold_anomalies(digits: TrainingData) -> None:
    fit = FitImages(device_images(digits, torch.device("cpu")), {}, 0)
    assert torch.equal(fit.normals().images(), digits.fit.images[:120])
