import torch

from models import detectors
from models.detectors.model import Model


def _scores(seed: int, images: torch.Tensor) -> torch.Tensor:
    detector = detectors.make("random", {}, 1, 16)
    torch.manual_seed(seed)
    networks = detector.networks()
    model = Model(networks, {"hash": {}}, {"hash": dict(networks["hash"].named_buffers())}, {})
    return detector.score_parts(model, images / 127.5 - 1)["random"]


def test_scores_are_uniform_and_their_auroc_is_chance() -> None:
    images = torch.randint(0, 256, (4000, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    scores = _scores(0, images.float())
    counts = torch.histc(scores, 10, 0, 1)
    # 400 expected in each tenth, standard deviation 19: 5 of them fail once in a million.
    assert ((counts - 400).abs() < 95).all()
    assert scores.unique().numel() > 3990


def test_scores_of_nearly_equal_images_are_unrelated() -> None:
    images = torch.zeros(1000, 1, 16, 16)
    images[torch.arange(256), 0, torch.arange(256) // 16, torch.arange(256) % 16] = 1
    scores = _scores(0, images)[:256]
    assert 0.4 < scores.mean() < 0.6


def test_scores_would_follow_the_last_bits_of_the_pixels() -> None:
    """A sum of odd multiples of 128 is one itself in its low bits."""
    drawn = torch.randint(0, 2, (100, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    steps = _scores(0, 128.0 * drawn) * 2**24
    assert (steps % 128 != 0).float().mean() > 0.9


def test_another_seed_gives_other_scores() -> None:
    images = torch.randint(0, 256, (50, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    assert not torch.equal(_scores(0, images.float()), _scores(1, images.float()))
    assert torch.equal(_scores(0, images.float()), _scores(0, images.float()))
