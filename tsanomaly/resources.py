"""Where the bundled samples, our own results and the dashboard lie: in the repository, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

from tsanomaly.errors import ConfigurationError

_PACKAGE = Path(__file__).parent
_CHECKOUT = _PACKAGE.parent


def data_folder() -> Path:
    """The folder of the sample files."""
    return _folder("data")


def results_folder() -> Path:
    """The folder of what ``tsanomaly benchmark`` measured of this version."""
    return data_folder() / "results"


def dashboards_folder() -> Path:
    """The folder of the dashboard's ``app.py``."""
    return _folder("dashboards")


def sample_names() -> list[str]:
    """Names that :func:`sample_path` knows, sorted."""
    return sorted(path.stem for path in data_folder().glob("*.csv"))


def sample_path(name: str) -> Path:
    """The file of a bundled sample.

    Raises:
        ConfigurationError: there is no such sample.
    """
    if name not in sample_names():
        raise ConfigurationError(f"there is no sample '{name}'; the samples are {', '.join(sample_names())}")
    return data_folder() / f"{name}.csv"


def _folder(name: str) -> Path:
    # An editable install also copies the folders into the package, where they go stale: the repository comes first.
    if (_CHECKOUT / "pyproject.toml").is_file() and (_CHECKOUT / name).is_dir():
        return _CHECKOUT / name
    return _PACKAGE / f"_{name}"
