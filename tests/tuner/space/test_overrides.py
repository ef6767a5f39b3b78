from pathlib import Path

import pytest

from tests.tuner.space.test_space import complaints, good_text, load
from tuner.space import Machine, resolve_scale
from tuner.space.domains import Int, Log

SCALED = good_text(scales="{cpu: {width: 16, trials: 9, epochs: 3, fit_normals: 99}}")


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("data.size=64", ("data", "size"), 64),
        ("data.normal=[Shirt, 3]", ("data", "normal"), ("Shirt", 3)),
        ("sampler.seed=3", ("sampler", "seed"), 3),
        ("wandb=off", ("wandb", "mode"), "off"),
        ("wandb.mode=off", ("wandb", "mode"), "off"),
        ("scheduler=none", ("scheduler", "name"), "none"),  # as --what-if has it
        ("sampler=random", ("sampler", "name"), "random"),
        ("objective=auprc", ("objective",), "auprc"),
        ("data.anomalies_per_normal=5e-2", ("data", "anomalies_per_normal"), 0.05),
        ("resources={concurrent_trials: 2}", ("resources", "concurrent_trials"), 2),
    ],
)
def test_an_override_would_not_arrive(
    tmp_path: Path, override: str, path: tuple[str, ...], value: object
) -> None:
    found: object = load(tmp_path, good_text(), override)
    for name in path:
        found = getattr(found, name)
    assert found == value


def test_a_domain_would_not_arrive(tmp_path: Path) -> None:
    space = load(tmp_path, good_text(), "search.generator_lr={log: [2e-5, 1e-3]}")
    assert space.search == {"patch_n": Int(1, 9), "generator_lr": Log(2e-5, 1e-3)}


def test_a_hyperparameter_set_to_a_value_would_still_be_searched(tmp_path: Path) -> None:
    override = "search.patch_n=3"
    space = load(tmp_path, good_text(), "search.abc_weight={uniform: [1, 2]}", override)
    assert (space.fixed, "patch_n" in space.search) == ({"patch_n": 3}, False)


def test_a_hyperparameter_given_a_domain_would_still_be_fixed(tmp_path: Path) -> None:
    text = good_text(fixed="{abc_weight: 1}")
    space = load(tmp_path, text, "search.abc_weight={log: [0.1, 1]}")
    assert (space.fixed, space.search["abc_weight"]) == ({}, Log(0.1, 1))


def test_the_last_of_two_overrides_would_not_win(tmp_path: Path) -> None:
    assert load(tmp_path, good_text(), "trials=7", "trials=8").trials == 8


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("trials=5", ("trials",), 5),
        ("epochs=7", ("epochs",), 7),
        ("fixed.width=8", ("fixed", "width"), 8),
        ("data.fit_normals=10", ("data", "fit_normals"), 10),
    ],
)
def test_the_scale_would_win_over_the_command_line(
    tmp_path: Path, override: str, path: tuple[str, ...], value: object
) -> None:
    found: object = resolve_scale(load(tmp_path, SCALED, override), Machine(cpus=1))
    for name in path:
        found = found[name] if isinstance(found, dict) else getattr(found, name)
    assert found == value


def test_digits_would_be_asked_for_a_shirt(tmp_path: Path) -> None:
    text = good_text(data="{normal: [Shirt]}")
    assert load(tmp_path, text, "data.dataset=digits").data.dataset == "digits"
    both = load(tmp_path, text, "data.normal=[4]", "data.dataset=digits")
    assert both.data.normal == (4,)


def test_digits_would_be_asked_for_as_many_images_as_the_file_wants(tmp_path: Path) -> None:
    text = good_text(
        data="{normal: [Shirt], fit_normals: 3600}", scales="{cpu: {fit_normals: 4000}}"
    )
    space = load(tmp_path, text, "data.dataset=digits")
    assert (space.data.fit_normals, space.scales["cpu"].fit_normals) == (None, None)
    both = load(tmp_path, text, "data.fit_normals=50", "data.dataset=digits")
    assert both.data.fit_normals == 50
    whole = load(tmp_path, text, "data={dataset: digits, fit_normals: 60}")
    assert resolve_scale(whole, Machine(cpus=1)).data.fit_normals == 60


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("sampler.sed=3", "--set sampler.sed=3: sampler.sed: unknown key 'sed'; allowed: name, "),
        ("sampler.sed=3", "nearest: seed"),
        ("smpler.seed=3", "--set smpler.seed=3: smpler: unknown key 'smpler'"),
        ("smpler.seed=3", "nearest: sampler"),
        ("scheduler=asa", "--set scheduler=asa: scheduler.name: 'asa' is not allowed"),
        ("trials.x=3", "--set trials.x=3: trials.x: trials is 4, which has no keys inside"),
        ("trials", "--set trials: must be key=value, such as sampler.seed=3; got 'trials'"),
        ("=3", "must be key=value"),
        ("trials=nan", "--set trials=nan: trials: must be a finite number, got nan"),
        ("search.patch_n={int: [1, 5}", "--set search.patch_n={int: [1, 5}: search.patch_n: not"),
        ("trials=1", "--set trials=1: trials: must be at least 2"),
        ("data.normal=[Shrt]", "nearest: Shirt"),
        (
            "data.normal=Shrit",
            "data.normal: must be a list in square brackets, got 'Shrit'; write [Shirt]",
        ),
        ("search.lr={log: [1e-5, 1e-3]}", "search.lr: unknown hyperparameter"),
        ("width=8", "--set width=8: width: width belongs under `fixed`"),
        ("a=b:\u00b2", "unknown key 'a'"),
        (f"a=b:{'9' * 5000}", "unknown key 'a'"),
        (f"data.folder={'x' * 9000}\0", "holds the character U+0000"),
        (f"{'.'.join('a' * 1000)}=1", "must be key=value, such as sampler.seed=3"),
    ],
)
def test_a_wrong_override_would_be_ignored(tmp_path: Path, override: str, message: str) -> None:
    found = complaints(tmp_path, good_text(), override)
    assert len(found) == 1
    assert message in found[0]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("trials=1", "must be at least 2, the published sets are tried first; got 1"),
        ("trials=0", "must be at least 1, got 0"),
        ("trials=many", "must be a whole number, got 'many'"),
        ("trials=nan", "must be a finite number, got nan; no setting takes NaN or infinity"),
        ("epochs=1", "must be at least scheduler.grace_epochs, 2; got 1"),
        ("epochs=0", "must be at least 1, got 0"),
    ],
)
def test_a_number_that_was_typed_would_be_complained_of_at_the_scales_it_replaced(
    tmp_path: Path, override: str, message: str
) -> None:
    lines = [line for line in good_text().splitlines() if not line.startswith(("trials", "epochs"))]
    sizes = ("{trials: 32, epochs: 8}", "{trials: 200, epochs: 50}")
    scales = ["scheduler: {grace_epochs: 2}", "scales:", f"  cpu: {sizes[0]}", f"  gpu: {sizes[1]}"]
    (found,) = complaints(tmp_path, "\n".join([*lines, *scales]), override)
    key = override.partition("=")[0]
    assert found.startswith(f"--set {override}: {key}: {message}")
