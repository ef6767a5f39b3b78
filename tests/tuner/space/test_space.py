"""What a space file may say, and what is said about one that is wrong."""

import time
from pathlib import Path

import pytest

from models import detectors
from tuner.errors import SpaceError
from tuner.space import (
    Machine,
    Space,
    best_space,
    dump_space,
    load_space,
    published_trials,
    resolve_scale,
)
from tuner.space.domains import Choice, Int, Log, Uniform

GOOD = {
    "detector": "two-discriminator-gan",
    "search": {"patch_n": {"int": [1, 9]}},
    "trials": 4,
    "epochs": 2,
}


def load(folder: Path, text: str, *overrides: str) -> Space:
    path = folder / "space.yaml"
    path.write_text(text, encoding="utf-8")
    return load_space(path, overrides)


def complaints(folder: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(SpaceError) as caught:
        load(folder, text, *overrides)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def good_text(**changes: str) -> str:
    lines = {
        "detector": "two-discriminator-gan",
        "search": "{patch_n: {int: [1, 9]}}",
        "trials": "4",
        "epochs": "2",
    } | changes
    return "".join(f"{key}: {value}\n" for key, value in lines.items())


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"search": {"patch_n": Choice((1, 3)), "generator_lr": Log(2e-5, 1e-3)}},
        {"search": {"patch_weight": Uniform(0, 5), "score": Choice(("error", "mixture"))}},
        {"fixed": {"width": 8, "activation": "tanh", "abc_weight": 2.5}},
        {"data": {"dataset": "digits", "normal": [3, 5], "fit_normals": 50}},
        {"data": {"dataset": "digits", "normal": "each"}},
        {"wandb": "off", "scheduler": {"name": "none"}, "sampler": {"name": "random", "seed": 7}},
        {"resources": {"cpus_per_trial": 2, "concurrent_trials": 3}},
        {"scales": {"cpu": {"width": 8, "epochs": 3, "trials": 5, "fit_normals": 9}, "big": {}}},
        {"scales": {"cpu": {"width": 8}}, "scale": "cpu"},
        {"result": {"auroc": 0.97, "names": ["1e-4", "off", "nan", "null", "010", "2e5"]}},
    ],
)
def test_a_space_would_change_when_it_is_written_and_read(
    tmp_path: Path, changes: dict[str, object]
) -> None:
    space = Space.model_validate(GOOD | changes)
    dump_space(space, tmp_path / "deep" / "space.yaml", heading="Two lines\n\nof comment")
    assert load_space(tmp_path / "deep" / "space.yaml") == space
    assert [file.name for file in (tmp_path / "deep").iterdir()] == ["space.yaml"]


def test_all_problems_would_not_come_at_once(tmp_path: Path) -> None:
    text = """\
detector: two-discriminator-gan
data: {datset: x, size: big, normal: [Shrt], clusters: -1}
objective: best_aroc
search:
  patch_n: {uniform: [1, 9]}
  patch_weigth: {uniform: [0, 5]}
  abc_weight: {log: [0, 5]}
  generator_lr: {log: [1e-5, 1e-3]}
  score: {choice: [error, mixt]}
fixed: {width: 16.5, score: error}
sampler: {name: tp, seed: -1}
samplr: 3
trials: "4"
epochs: .nan
epochs: 2
scales: {cpu: {epochs: 1, trals: 3}}
wandb: of
"""
    places = [line.split(": ")[:2] for line in complaints(tmp_path, text)]
    assert places == [
        ["space.yaml:2", "data.datset"],
        ["space.yaml:2", "data.size"],
        ["space.yaml:2", "data.normal"],
        ["space.yaml:2", "data.clusters"],
        ["space.yaml:3", "objective"],
        ["space.yaml:5", "search.patch_n"],
        ["space.yaml:6", "search.patch_weigth"],
        ["space.yaml:7", "search.abc_weight"],
        ["space.yaml:8", "search.generator_lr"],
        ["space.yaml:9", "search.score"],
        ["space.yaml:10", "fixed.width"],
        ["space.yaml:10", "fixed.score"],
        ["space.yaml:11", "sampler.name"],
        ["space.yaml:11", "sampler.seed"],
        ["space.yaml:12", "samplr"],
        ["space.yaml:13", "trials"],
        ["space.yaml:14", "epochs"],
        ["space.yaml:15", "epochs"],
        ["space.yaml:16", "scales.cpu.trals"],
        ["space.yaml:17", "wandb.mode"],
    ]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"detector": "two-discriminator-gam"}, "1: detector: unknown detector"),
        ({"detector": "two-discriminator-gam"}, "nearest: two-discriminator-gan"),
        ({"detector": "3"}, "1: detector: must be a word, got 3"),
        ({"objectiv": "auroc"}, "5: objectiv: unknown key 'objectiv'; allowed: detector, data, "),
        ({"objectiv": "auroc"}, "nearest: objective"),
        ({"objective": "f1"}, "'f1' is not allowed; allowed: best_auroc, auroc, best_auprc, auprc"),
        ({"search": "{patch_m: {int: [1, 9]}}"}, "unknown hyperparameter of two-discriminator-gan"),
        ({"search": "{patch_m: {int: [1, 9]}}"}, "nearest: patch_n"),
        ({"search": "{patch_n: {int: [9, 1]}}"}, "low must be below high, got low 9 and high 1"),
        ({"search": "{patch_n: {int: [0, 9]}}"}, "allowed is a whole number from 1 to"),
        (
            {"search": "{score: {int: [0, 9]}}"},
            "got the range {int: [0, 9]}; use {choice: [error, mixture]}",
        ),
        (
            {"search": "{score: {choice: [error, mixt]}}"},
            "search.score: {choice: [error, mixt]} does not fit: score is 'mixt', allowed are",
        ),
        ({"search": "{}"}, "2: search: is empty, so all trials would be equal"),
        ({"search": "[patch_n]"}, "2: search: must be a section of keys, got ['patch_n']"),
        ({"fixed": "{patch_n: 3}"}, "fixed.patch_n: is also under `search`; keep one of the two"),
        ({"fixed": "{width: wide}"}, "width is 'wide', allowed is a whole number from"),
        ({"fixed": "{widht: 8}"}, "nearest: width"),
        ({"trials": "1"}, "must be at least 2, the published sets are tried first; got 1"),
        ({"trials": "0"}, "trials: must be at least 1, got 0"),
        ({"trials": "2.5"}, "trials: must be a whole number, got 2.5"),
        ({"trials": "true"}, "trials: must be a whole number, got True"),
        ({"scheduler": "{grace_epochs: 3}"}, "must be at least scheduler.grace_epochs, 3; got 2"),
        ({"scheduler": "{reduction_factor: 1}"}, "must be at least 2, got 1"),
        (
            {"scheduler": "hyperband"},
            "scheduler: must be a section of keys such as {name: asha}, got 'hyp",
        ),
        ({"sampler": "tpe"}, "must be a section of keys such as {name: tpe}, got 'tpe'"),
        (
            {"sampler": "{name: hyperopt}"},
            "'hyperopt' is not allowed; allowed: qmc, tpe-qmc, tpe, gp, cmaes, random, grid",
        ),
        (
            {"resources": "{concurrent_trials: many}"},
            "must be a whole number from 1 to 1000000000, or auto; got 'many'",
        ),
        (
            {"resources": "{lanes: 65}"},
            "resources.lanes: must be a whole number from 1 to 64, or auto; got 65",
        ),
        ({"resources": "{cpus_per_trial: 0}"}, "resources.cpus_per_trial: must be at least 1"),
        ({"scale": "gpu"}, "unknown scale 'gpu'; allowed: auto"),
        ({"scales": "{gpu: {}}"}, "auto needs a scale named cpu; named are: gpu"),
        ({"scales": "{cpu: {}, cqu: {}}", "scale": "cp"}, "nearest: cpu"),
        ({"scales": "{cpu: {patch_n: 3}}"}, "scales.cpu.patch_n: is also under `search`"),
        ({"scales": "{cpu: {trials: 1}}"}, "scales.cpu.trials: must be at least 2"),
        ({"scales": "{cpu: {epocs: 1}}"}, "nearest: epochs"),
        (
            {"data": "{normal: Shirt}"},
            "data.normal: must be a list in square brackets, got 'Shirt'",
        ),
        (
            {"data": "{dataset: digits, normal: [Shirt]}"},
            "data.normal: there is no class 'Shirt'",
        ),
        ({"data": "{size: 32.5}"}, "data.size: must be a whole number, got 32.5"),
        ({"data": "{folder: 3}"}, "data.folder: must be a word"),
        ({"data": "digits"}, "data: must be a section of settings, got 'digits'"),
        ({"wandb": "{project: ''}"}, "wandb.project: must not be empty, got ''"),
        ({"data": "{normal: Shrit}"}, "square brackets, got 'Shrit'; write [Shirt]"),
        ({"data": "{known_classes: 3}"}, "square brackets, got 3; write [3]"),
        ({"width": "16"}, "5: width: width belongs under `fixed`, or with a domain under `search`"),
        ({"fit_normals": "9"}, "5: fit_normals: fit_normals belongs under `data`"),
        ({"fit_normal": "9"}, "objective, search, fixed, "),
        ({"fit_normal": "9"}, "nearest: fit_normals, under `data`"),
        ({"seed": "3"}, "seed: seed belongs under `sampler` or under `data`"),
        ({"data": "{epochs: 3}"}, "data.epochs: epochs belongs at the top of the file"),
        ({"data": "{width: 16}"}, "data.width: width belongs under `fixed`, or with a domain"),
        ({"fixed": "{size: 64}"}, "5: fixed.size: size belongs under `data`"),
        ({"scales": "{cpu: {size: 64}}"}, "scales.cpu.size: size belongs under `data`"),
        ({"sampler": "{trials: 3}"}, "sampler.trials: trials belongs at the top of the file"),
        ({"search": "{lr: {log: [1e-5, 1e-3]}}"}, "nearest: generator_lr"),
        ({"wandb": "false"}, "allowed: auto, online, offline, off; nearest: off"),
        ({"wandb": ""}, "wandb: must be a section of keys such as {mode: auto}, got nothing"),
        ({"sampler": "random"}, "must be a section of keys such as {name: random}, got 'random'"),
        ({"trials": "10000000000"}, "3: trials: must be at most 1000000000, got 10000000000"),
        (
            {"data": "{anomalies_per_normal: 1e308}"},
            "anomalies_per_normal: 1e+308 is not allowed; give a number from 0 to 1000000000",
        ),
        ({"data": f"{{clusters: {'9' * 200}}}"}, "9 is not allowed; give a whole number from 1 to"),
        (
            {"storage_limit": f"{'9' * 400} GB"},
            "storage_limit: must be a size of at most 1000000 TB such as 20 GB",
        ),
        ({"data": "{validation_normals: 2000000000}"}, "give a whole number from 5 to 1000000000"),
    ],
)
def test_a_wrong_space_would_be_searched(
    tmp_path: Path, changes: dict[str, str], message: str
) -> None:
    found = complaints(tmp_path, good_text(**changes))
    assert len(found) == 1
    assert message in found[0]


def test_a_wrong_published_set_would_be_found_by_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(detectors, "published", lambda _name: {"W1": {"patch_m": 3}})
    (found,) = complaints(tmp_path, good_text())
    assert "published set W1" in found
    assert "patch_m" in found


@pytest.mark.parametrize("key", ["detector", "trials", "epochs"])
def test_a_missing_key_would_be_guessed(tmp_path: Path, key: str) -> None:
    lines = [line for line in good_text().splitlines() if not line.startswith(key)]
    (found,) = complaints(tmp_path, "\n".join(lines))
    assert found.startswith(f"space.yaml:1: {key}: missing")


def test_a_number_would_be_missed_of_a_scale_that_has_one_or_judged_though_no_scale_takes_it(
    tmp_path: Path,
) -> None:
    lines = good_text(trials="1").splitlines()
    assert load(tmp_path, "\n".join([*lines, "scales: {cpu: {trials: 9}}"])).trials == 1
    (found,) = complaints(tmp_path, "\n".join([*lines, "scales: {cpu: {trials: nine}}"]))
    assert found.startswith("space.yaml:5: scales.cpu.trials: must be a whole number")
    (found,) = complaints(tmp_path, "\n".join([*lines, "scales: {cpu: {trials: 9}, gpu: {}}"]))
    assert found.startswith("space.yaml:3: trials: must be at least 2")
    without = [line for line in lines if not line.startswith("trials")]
    (found,) = complaints(tmp_path, "\n".join([*without, "scales: {cpu: {trials: 9}, gpu: {}}"]))
    assert found.startswith("space.yaml:4: scales.gpu.trials: missing; say `trials: <whole")


def test_a_missing_detector_would_not_say_which_there_are(tmp_path: Path) -> None:
    (found,) = complaints(tmp_path, good_text().split("\n", maxsplit=1)[1])
    assert "missing; allowed: anogan, autoencoder, " in found


def test_a_range_that_is_not_finite_would_be_complained_of_as_none(tmp_path: Path) -> None:
    found = complaints(tmp_path, good_text(search="{patch_weight: {uniform: [.nan, .inf]}}"))
    assert len(found) == 2
    assert all("must be a finite number" in line for line in found)


def test_a_key_that_stands_twice_would_hide_what_is_wrong_with_it(tmp_path: Path) -> None:
    found = complaints(tmp_path, good_text(trials="many\ntrials: 3"))
    assert [line.split(": ", 2)[2] for line in found] == [
        "must be a whole number, got 'many'",
        "the key stands twice, first on line 3; keep one of them",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "the file is empty"), ("- a\n", "a mapping of keys, got ['a']"), ("a: [", "not YAML")],
)
def test_a_file_that_is_no_space_would_end_in_a_traceback(
    tmp_path: Path, text: str, message: str
) -> None:
    (found,) = complaints(tmp_path, text)
    assert found.startswith("space.yaml:1: ")
    assert message in found


def test_a_missing_file_would_not_name_the_one_beside_it(tmp_path: Path) -> None:
    (tmp_path / "quickstart.yaml").touch()
    with pytest.raises(SpaceError, match=r"no such file; nearest: .*quickstart\.yaml"):
        load_space(tmp_path / "quikstart.yaml")
    with pytest.raises(SpaceError, match="cannot be read: Is a directory"):
        load_space(tmp_path)


def test_a_file_that_is_no_text_would_end_in_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_bytes(b"a: \xff")
    with pytest.raises(SpaceError, match=r"yaml:1: not YAML: byte 0xff is no UTF-8 text; save"):
        load_space(tmp_path / "space.yaml")
    (tmp_path / "space.yaml").write_bytes("a: 1\n\nb: ü\nc: ".encode() + b"\xe0")
    with pytest.raises(SpaceError, match=r"yaml:4: not YAML: byte 0xe0 is no UTF-8 text"):
        load_space(tmp_path / "space.yaml")


def test_a_file_that_never_ends_would_be_read_whole(tmp_path: Path) -> None:
    with pytest.raises(SpaceError, match=r"zero:1: more than 100,000 bytes: no space is as large"):
        load_space(Path("/dev/zero"))
    path = tmp_path / "space.yaml"
    path.write_text(good_text() + "#" * 100_000, encoding="utf-8")
    with pytest.raises(SpaceError, match="more than 100,000 bytes"):
        load_space(path)


def test_a_message_would_be_as_long_as_what_is_wrong(tmp_path: Path) -> None:
    found = complaints(tmp_path, good_text(trials="x" * 20_000))
    assert found == [
        f"space.yaml:3: trials: must be a whole number, got 'xxxx{'x' * 23}...{'x' * 28}'"
    ]
    (found_key,) = complaints(tmp_path, good_text(**{"y" * 20_000: "1"}))
    assert len(found_key) < 500
    (found_choice,) = complaints(
        tmp_path, good_text(search=f"{{patch_n: {{choice: [{', '.join(map(str, range(2000)))}]}}}}")
    )
    assert len(found_choice) < 300


def test_a_thousand_mistakes_would_fill_the_screen(tmp_path: Path) -> None:
    unknown = "".join(f"width{number}: 1\n" for number in range(1000))
    start = time.process_time()
    found = complaints(tmp_path, good_text() + unknown)
    assert time.process_time() - start < 2
    assert len(found) == 20
    assert found[0].startswith("space.yaml:5: width0: unknown key 'width0'")
    assert found[-1] == "and 981 more problems"


def test_a_line_break_in_a_key_would_make_two_lines_of_a_message(tmp_path: Path) -> None:
    (found,) = complaints(tmp_path, good_text() + '"a\\nb\\e": 1\n')
    assert found.startswith("space.yaml:5: a\\nb\\x1b: unknown key 'a\\nb\\x1b'; allowed: ")


def test_a_space_that_repeats_another_by_a_merge_key_would_be_refused(tmp_path: Path) -> None:
    scales = "{cpu: &cpu {width: 8, epochs: 3}, gpu: {<<: *cpu, epochs: 9}}"
    space = load(tmp_path, good_text(scales=scales))
    assert (space.scales["gpu"].epochs, space.scales["gpu"].hyperparameters) == (9, {"width": 8})


def test_an_int_domain_for_a_real_hyperparameter_would_be_refused() -> None:
    space = Space.model_validate(GOOD | {"search": {"patch_weight": {"int": [0, 5]}}})
    assert space.search == {"patch_weight": Int(0, 5)}


def test_a_detector_would_have_a_default_that_a_space_may_not_fix() -> None:
    assert len(detectors.names()) >= 3
    for name in detectors.names():
        fixed = detectors.resolve(name, {})
        epochs = max(1, len(detectors.stages(name)))
        Space.model_validate({"detector": name, "fixed": fixed, "trials": 1, "epochs": epochs})


def test_the_best_configuration_would_not_read_back_as_a_space(tmp_path: Path) -> None:
    scales = {"cpu": {"width": 8, "trials": 5}}
    space = resolve_scale(Space.model_validate(GOOD | {"scales": scales}), Machine(cpus=1))
    values = detectors.resolve(space.detector, space.fixed | {"patch_n": 2})
    best = best_space(space, values, {"best_auroc": 0.98, "trial": 3})
    dump_space(best, tmp_path / "best.yaml")
    read = load_space(tmp_path / "best.yaml")
    assert read == best
    assert (read.search, read.trials, read.fixed) == ({}, 1, values)
    assert read.result == {"best_auroc": 0.98, "trial": 3}


def test_a_single_configuration_would_come_after_published_ones(tmp_path: Path) -> None:
    changes = {"detector": "fencegan", "data": "{dataset: digits}"}
    own = {"search": "{}", "fixed": "{generator_lr: 0.0002}", "trials": "1"}
    alone = load(tmp_path, good_text(**changes, **own))
    assert published_trials(alone) == ()
    searched = load(tmp_path, good_text(**changes, search="{fake_weight: {log: [0.01, 1]}}"))
    assert published_trials(searched) == tuple(detectors.published("fencegan"))[: searched.trials]
