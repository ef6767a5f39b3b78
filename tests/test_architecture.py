"""Who may import whom: the arrows of the design, held against the code."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tuner.record.run_folder import RunFolder

ROOT = Path(__file__).parent.parent
HEAVY = ("torch", "ray", "optuna", "wandb", "sklearn", "matplotlib")


def imports_of(source: str) -> set[str]:
    """Top-level names of every import in `source`, at any depth of the code."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def importers(package: str, library: str) -> set[str]:
    """Files of `package` that import `library`, relative to the repository."""
    files = sorted((ROOT / package).rglob("*.py"))
    assert files, f"no files under {package}: the check would pass on nothing"
    return {
        str(file.relative_to(ROOT)) for file in files if library in imports_of(file.read_text())
    }


@pytest.mark.parametrize("library", ["ray", "optuna", "wandb", "tuner", "rich", "pydantic"])
def test_models_would_not_run_without_the_tuner(library: str) -> None:
    assert importers("models", library) == set()


@pytest.mark.parametrize(
    ("library", "place"),
    [
        ("ray", "tuner/backend/"),
        ("optuna", "tuner/study/"),
        ("wandb", "tuner/tracking/runs.py"),
        ("rich", "tuner/console/"),
        ("pyarrow", "tuner/storage/s3.py"),
        ("plotly", "tuner/report/plotly_"),
        ("pandas", "tuner/api/"),
        ("IPython", "tuner/console/cell.py"),
        ("jinja2", "tuner/report/page.py"),
    ],
)
def test_a_library_would_be_imported_in_two_places(library: str, place: str) -> None:
    files = importers("tuner", library)
    assert files, f"nothing imports {library}: the check is on the wrong name"
    assert {file for file in files if not file.startswith(place)} == set()


def test_the_import_check_itself_would_see_an_import_inside_a_function() -> None:
    assert imports_of("def f():\n    from ray.tune import x\n    import optuna as o") == {
        "ray",
        "optuna",
    }


def own_imports(file: Path) -> set[str]:
    """The files of ours that `file` imports, inside functions too."""
    named = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    places = [name.replace(".", "/") for name in named]
    paths = [path for place in places for path in (f"{place}.py", f"{place}/__init__.py")]
    return {path for path in paths if (ROOT / path).exists()}


def test_a_module_would_need_one_that_needs_it() -> None:
    files = [file for package in ("models", "tuner") for file in (ROOT / package).rglob("*.py")]
    needs = {str(file.relative_to(ROOT)): own_imports(file) for file in files}
    assert "tuner/space/rules.py" in needs["tuner/space/model.py"]
    assert "tuner/space/__init__.py" in needs["tuner/engine/engine.py"]
    assert tuple(TopologicalSorter(needs).static_order())  # CycleError names a circle


def rooms_needs(package: str) -> dict[str, set[str]]:
    """The folders of a package, and its files beside them, each with those it imports."""

    def room(file: str) -> str:
        return "/".join(Path(file).with_suffix("").parts[:2])

    needs: dict[str, set[str]] = {}
    for file in (ROOT / package).rglob("*.py"):
        own = room(str(file.relative_to(ROOT)))
        others = {room(other) for other in own_imports(file) if other.startswith(package)}
        needs[own] = needs.get(own, set()) | others - {own}
    return needs


@pytest.mark.parametrize(("package", "needed"), [("models", "data"), ("tuner", "space")])
def test_a_room_would_need_one_that_needs_it(package: str, needed: str) -> None:
    needs = rooms_needs(package)
    assert any(f"{package}/{needed}" in others for others in needs.values())
    assert tuple(TopologicalSorter(needs).static_order())  # CycleError names a circle


def test_equipment_of_the_tests_would_be_part_of_the_product() -> None:
    """`tuner.testing` is for who adds a part: each file of it is a contract."""
    files = [file for file in (ROOT / "tuner/testing").glob("*.py") if file.stem != "__init__"]
    assert files
    assert [file.name for file in files if "Contract(ABC)" not in file.read_text()] == []


def strings_of(file: Path) -> set[str]:
    """Every string constant in a file."""
    nodes = ast.walk(ast.parse(file.read_text()))
    return {
        node.value
        for node in nodes
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_a_file_of_a_run_would_be_named_in_two_places() -> None:
    run_folder = RunFolder(Path("runs/one"))
    kept = [name for name, kind in vars(RunFolder).items() if isinstance(kind, property)]
    paths = [getattr(run_folder, name) for name in kept]
    names = {path.name for path in paths if isinstance(path, Path) and path.suffix}
    assert {"events.jsonl", "best.yaml"} <= names
    files = [file for file in (ROOT / "tuner").rglob("*.py") if names & strings_of(file)]
    assert files == [ROOT / "tuner" / "record" / "run_folder.py"]


def loaded_after(statement: str) -> set[str]:
    """Heavy libraries that a fresh interpreter has loaded after `statement`."""
    code = f"{statement}\nimport sys\nprint(*[m for m in {HEAVY!r} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(run.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "models",
        "models.detectors",
        "models.data",
        "models.data.config",
        "models.data.sources",
        "models.data.protocol",
        "tuner.search.__main__",
        "tuner.retrain.__main__",
        "tuner.report.__main__",
        "tuner.report.writing",
        "tuner.space",
        "tuner.api",
    ],
)
def test_a_command_would_wait_for_heavy_libraries_before_it_starts(module: str) -> None:
    assert loaded_after(f"import {module}") == set()


def test_the_check_on_heavy_libraries_can_fail() -> None:
    assert "sklearn" in loaded_after("import sklearn")


def test_a_worker_would_load_what_only_the_driver_needs() -> None:
    assert loaded_after("import tuner.worker.trial") == {"torch"}


def test_an_actor_of_a_packed_trial_would_carry_torch() -> None:
    loaded = loaded_after(
        "import tuner.backend.packed_trainable, tuner.backend.packs, tuner.worker.search_setting"
    )
    assert loaded == {"ray"}


def test_the_driver_would_load_torch_with_the_engine_and_the_backend() -> None:
    statement = "import tuner.engine.engine, tuner.backend.tune_run, tuner.worker.files"
    assert "torch" not in loaded_after(statement)
