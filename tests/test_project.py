"""The project's guards: which part may know which, what must not be in the code, and what must agree."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib.metadata import packages_distributions, requires, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import tsanomaly

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LIBRARY = sorted((ROOT / "tsanomaly").rglob("*.py"))
DASHBOARD = sorted((ROOT / "dashboards").rglob("*.py"))

STATIONS = (
    "errors",
    "resources",
    "series",
    "detection",
    "evaluation",
    "report",
    "workspace",
    "batch",
    "cli",
    "dashboards",
)
"""Each may import those before it and itself."""

FRAMEWORKS = {
    "torch": {"detection", "batch", "cli"},  # batch gives each worker one thread, the command line names the version
    "sklearn": {"detection"},
    "safetensors": {"detection"},
    "plotly": {"report"},
    "jinja2": {"report"},
    "sqlalchemy": {"workspace", "batch"},  # batch reads from and writes to other databases
    "alembic": {"workspace"},
    "apprise": {"batch"},
    "prometheus_client": {"batch"},
    "PIL": {"batch"},
    "typer": {"cli"},
    "rich": {"cli"},
    "streamlit": {"dashboards"},
}
"""Where a framework may be known; elsewhere nothing changes when it is exchanged."""

LOADED_BY_NAME = {"psycopg"}
"""What another library loads, here SQLAlchemy for a URL that begins with ``postgresql+psycopg``."""

FOR_RUNNING = ("auth", "cluster", "s3")
"""Extras that the library itself imports, or has others import, where they are installed."""

RUNS_CODE = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib"}
"""Modules whose readers run code from the file they read."""


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imported(path: Path) -> Iterator[str]:
    """Dotted names that a file imports anywhere in it: at its top, in functions, for types alone."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "tsanomaly":
            yield f"tsanomaly.{node.attr}"


def station_of(name: str) -> str | None:
    """The station of a dotted name of this project; public names are those of their home."""
    root, _, rest = name.partition(".")
    if root != "tsanomaly":
        return None
    part = tsanomaly._HOME.get(rest, name).removeprefix("tsanomaly.").partition(".")[0]
    return part if part in STATIONS else None


def home(path: Path) -> str | None:
    """The station that a file belongs to; ``None`` for the package's own, which knows all public names."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return "dashboards" if parts[0] == "dashboards" else None if parts[1] == "__init__" else parts[1]


@pytest.mark.parametrize("path", [*LIBRARY, *DASHBOARD], ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    own = home(path)
    if own is None:
        return
    assert own in STATIONS
    beyond = {name for name in imported(path) if (to := station_of(name)) and STATIONS.index(to) > STATIONS.index(own)}
    assert not beyond


def test_the_library_never_imports_the_dashboard():
    modules = {path.stem for path in DASHBOARD} | {"dashboards", "_dashboards"}
    for path in LIBRARY:
        assert not {name.partition(".")[0] for name in imported(path)} & modules, path


def test_the_dashboard_does_not_use_the_command_line():
    for path in DASHBOARD:
        assert "cli" not in {station_of(name) for name in imported(path)}, path


def test_no_two_modules_need_each_other():
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in LIBRARY}
    needs = {}
    for path in LIBRARY:
        own = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        found = {name if name in modules else name.rpartition(".")[0] for name in imported(path)}
        needs[own] = (found & modules) - {own, "tsanomaly"}
    order = list(TopologicalSorter(needs).static_order())  # raises CycleError with the circle
    assert len(order) >= len(modules) - 1


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_a_framework_is_known_at_its_own_station_alone(framework):
    users = {home(p) for p in [*LIBRARY, *DASHBOARD] if framework in {n.partition(".")[0] for n in imported(p)}}
    assert users == FRAMEWORKS[framework]


def test_names_with_an_underscore_stay_in_their_module():
    for path in [*LIBRARY, *DASHBOARD]:
        private = {
            name
            for name in imported(path)
            if name.startswith("tsanomaly.") and re.search(r"\._(?!_)", name) and name != "tsanomaly._dashboards"
        }
        assert not private, path


@pytest.mark.parametrize("path", [*LIBRARY, *DASHBOARD], ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_runs_code_out_of_data(path):
    assert not {name.partition(".")[0] for name in imported(path)} & RUNS_CODE
    for node in ast.walk(tree(path)):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        assert called not in {"eval", "exec", "compile", "__import__", "torch.load", "os.system"}, called
        assert not called.endswith((".read_pickle", ".to_pickle")), called
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
        assert given.get("allow_pickle", "False") == "False", called
        assert given.get("shell", "False") == "False", called


def test_the_version_is_the_same_everywhere():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    latest = re.search(r"^## \[?([\d.]+)", changelog, re.MULTILINE)
    assert latest
    assert {PROJECT["version"], tsanomaly.__version__, version("tsanomaly"), latest[1]} == {PROJECT["version"]}


def test_what_is_imported_is_declared():
    lines = PROJECT["dependencies"] + [
        line for extra in FOR_RUNNING for line in PROJECT["optional-dependencies"][extra]
    ]
    declared = {canonicalize_name(Requirement(line).name) for line in lines}
    own = {"tsanomaly", *(path.stem for path in DASHBOARD)}
    modules = {name.partition(".")[0] for path in [*LIBRARY, *DASHBOARD] for name in imported(path)}
    distributions = packages_distributions()
    for module in modules - own - sys.stdlib_module_names:
        assert {canonicalize_name(name) for name in distributions[module]} & declared, module


def test_what_is_declared_is_imported():
    distributions = packages_distributions()
    modules = {name.partition(".")[0] for path in [*LIBRARY, *DASHBOARD] for name in imported(path)}
    used = {canonicalize_name(name) for module in modules for name in distributions.get(module, [])} | LOADED_BY_NAME
    assert {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]} <= used


def test_constraints_pin_every_dependency_within_its_bounds():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"==[^*]+", str(pin.specifier)) for pin in pins)
    pinned = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
    waiting = [(Requirement(line), "") for line in PROJECT["dependencies"]]
    waiting += [(Requirement(line), "") for lines in PROJECT["optional-dependencies"].values() for line in lines]
    done = set()
    while waiting:
        need, extra = waiting.pop()
        name = canonicalize_name(need.name)
        if need.marker and not need.marker.evaluate({"extra": extra}):
            continue
        if name != "tsanomaly":
            assert name in pinned, f"{need} is not in constraints.txt"
            assert need.specifier.contains(pinned[name], prereleases=True), f"{need}, and {pinned[name]} is pinned"
            for wanted in {"", *need.extras} - {e for n, e in done if n == name}:
                done.add((name, wanted))
                waiting += [(Requirement(line), wanted) for line in requires(name) or []]
    assert set(pinned) == {name for name, _ in done}, "constraints.txt pins what nothing needs"
