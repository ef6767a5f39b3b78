"""Every space file of the repository, and the schema beside them."""

import dataclasses
import json
import re
from pathlib import Path

import pytest

from models import detectors
from models.data.config import DataConfig
from tests.tuner.simulated import Simulation
from tuner.detectors import hyperparameters
from tuner.space import Machine, load_space, resolve_scale
from tuner.space.domains import WORDS, Int, Log, Uniform, parse_domain
from tuner.space.schema import main, schema_text
from tuner.space.yaml_reader import read_yaml

FOLDER = Path(__file__).parents[3] / "search_spaces"
FILES = sorted(FOLDER.rglob("*.y*ml"))
WEIGHTS = re.compile(r"weight$")


def test_no_space_file_would_be_checked() -> None:
    assert len(FILES) >= 2
    assert {"quickstart", "lossweights"} <= {file.stem for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_space_file_would_not_load(file: Path) -> None:
    space = load_space(file)
    for machine in (Machine(cpus=2), Machine(cpus=8, gpus=1)):
        resolve_scale(space, machine)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_trial_of_a_space_file_could_not_be_told_to_the_sampler(
    file: Path, tmp_path: Path
) -> None:
    """Published sets reach beyond what is searched: to 0, where its logarithm is."""
    space = resolve_scale(load_space(file), Machine(cpus=2))
    trials = Simulation(space, tmp_path, curve=lambda _values, epoch: epoch / 100).run().trials
    assert {trial.state for trial in trials} <= {"complete", "pruned"}
    assert len(trials) == space.trials


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_space_file_would_not_say_how_to_start_it(file: Path) -> None:
    lines = file.read_text(encoding="utf-8").splitlines()
    assert lines[0] == f"# python -m tuner.search --space search_spaces/{file.name}"
    assert "# yaml-language-server: $schema=schema.json" in lines


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_space_file_would_not_run_on_the_embedded_images(file: Path) -> None:
    assert load_space(file, ["data.dataset=digits"]).data.dataset == "digits"


@pytest.mark.parametrize("published", ["W1", "W2"])
def test_the_real_search_could_not_come_near_a_published_set(published: str) -> None:
    """Each weight as a multiple of the one that is fixed at 1, by which Adam's steps go."""
    space = load_space(FOLDER / "lossweights.yaml")
    own = detectors.published(space.detector)[published]
    unit = float(own["reconstruction_weight"])
    for name, domain in space.search.items():
        if name in own:
            value = float(own[name]) / (unit if WEIGHTS.search(name) else 1)
            assert isinstance(domain, (Int, Log, Uniform))
            assert domain.low <= value <= domain.high, name


def test_a_loss_weight_would_be_missing_from_the_real_search() -> None:
    space = load_space(FOLDER / "lossweights.yaml")
    names = {each.name for each in detectors.hyperparameters(space.detector)}
    weights = {name for name in names if WEIGHTS.search(name)}
    assert len(weights) == 6
    wanted = weights - {"reconstruction_weight"} | {"patch_n", "generator_lr", "discriminator_lr"}
    assert wanted <= set(space.search)
    assert space.fixed["reconstruction_weight"] == 1


def test_the_scales_would_not_be_as_the_readme_says() -> None:
    space = load_space(FOLDER / "lossweights.yaml")
    sizes = {
        name: (scale.hyperparameters["width"], scale.epochs, scale.trials)
        for name, scale in space.scales.items()
    }
    assert sizes == {"cpu": (16, 8, 32), "gpu": (64, 50, 200)}


def test_the_quickstart_would_be_no_quick_start() -> None:
    space = resolve_scale(load_space(FOLDER / "quickstart.yaml"), Machine(cpus=2))
    assert (space.fixed["width"], space.epochs, space.trials) == (16, 3, 16)
    real = resolve_scale(load_space(FOLDER / "lossweights.yaml"), Machine(cpus=2))
    alike = dataclasses.replace(real.data, fit_normals=3600)
    assert dataclasses.asdict(space.data) == dataclasses.asdict(alike)


def test_the_page_of_hyperparameters_would_be_out_of_date() -> None:
    page = FOLDER.parent / "docs" / "hyperparameters.md"
    assert page.read_text(encoding="utf-8") == hyperparameters.page(), (
        "run: python -m tuner.detectors.hyperparameters > docs/hyperparameters.md"
    )


def test_the_page_would_show_a_domain_that_a_space_file_may_not_hold() -> None:
    examples = re.findall(r"`({.*})` \|$", hyperparameters.page(), re.MULTILINE)
    domains = [parse_domain(read_yaml(example).value) for example in examples]
    assert [type(domain) for domain in domains] == list(WORDS.values())


@pytest.mark.parametrize("key", [field.name for field in dataclasses.fields(DataConfig)])
def test_a_key_of_the_data_would_not_say_what_it_is(key: str) -> None:
    data = json.loads(schema_text())["properties"]["data"]["properties"]
    assert data[key]["description"]


def test_the_schema_would_be_out_of_date(tmp_path: Path) -> None:
    assert (FOLDER / "schema.json").read_text(encoding="utf-8") == schema_text(), (
        "run: python -m tuner.space.schema"
    )
    assert main([str(tmp_path / "schema.json")]) == 0
    schema = json.loads((tmp_path / "schema.json").read_text(encoding="utf-8"))
    assert schema["additionalProperties"] is False
    assert schema["required"] == ["detector"]
    assert "anomalies_per_normal" in json.dumps(schema["properties"]["data"])


def test_an_editor_would_let_numbers_pass_that_the_search_refuses() -> None:
    resources = json.loads(schema_text())["$defs"]["Resources"]["properties"]
    number = {name: resources[name]["anyOf"][0] for name in ("lanes", "concurrent_trials")}
    assert number["lanes"] == {"type": "integer", "minimum": 1, "maximum": 64}
    assert number["concurrent_trials"] == {"type": "integer", "minimum": 1, "maximum": 10**9}
