from __future__ import annotations

import subprocess
import sys

import pytest

from models.data.config import DataConfig
from models.data.registry import DATASETS, class_index


def test_left_empty_the_normal_class_is_the_first_of_the_data_set() -> None:
    assert DataConfig().normal == ("T-shirt/top",)
    assert DataConfig(dataset="digits").normal == ("0",)


@pytest.mark.parametrize("given", ["Ankle boot", "ankle BOOT", " ankle boot ", 9])
def test_a_class_is_found_by_name_in_any_case_or_by_index(given: str | int) -> None:
    assert DataConfig(normal=(given,)).normal_classes == (9,)


@pytest.mark.parametrize("dataset", DATASETS)
def test_every_class_is_found_by_its_name_and_index(dataset: str) -> None:
    names = DATASETS[dataset].class_names
    for index, name in enumerate(names):
        assert class_index("normal", name, names) == class_index("normal", index, names) == index


def test_several_classes_may_be_normal_in_any_order() -> None:
    assert DataConfig(normal=("Bag", 0, "coat")).normal_classes == (0, 4, 8)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dataset", "fashion"),
        ("protocol", "leave-one-out"),
        ("size", 7),
        ("size", 32.0),
        ("anomalies_per_normal", -0.1),
        ("anomalies_per_normal", float("nan")),
        ("anomalies_per_normal", float("inf")),
        ("anomalies_per_normal", "0.1"),
        ("clusters", 0),
        ("clusters", True),
        ("fit_normals", 0),
        ("validation_normals", 0),
        ("validation_anomalies", -1),
        ("seed", -1),
        ("normal", ("Shoe",)),
        ("normal", (10,)),
        ("normal", (-1,)),
        ("normal", (1.5,)),
        ("normal", (True,)),
        ("normal", ("Bag", 8)),
        ("normal", tuple(range(10))),
    ],
)
def test_a_value_outside_its_range_is_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{field}: "):
        DataConfig(**{field: value})  # type: ignore[arg-type]


def test_no_known_anomalies_and_a_limit_on_normals_are_allowed() -> None:
    config = DataConfig(anomalies_per_normal=0, fit_normals=10)
    assert (config.anomalies_per_normal, config.fit_normals) == (0, 10)


def test_neither_a_configuration_nor_a_search_for_files_imports_torch() -> None:
    program = (
        "import sys; from models.data import config, sources, protocol, one_vs_rest, digits, "
        "fashion_mnist; sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
