"""The wheel works away from the repository: installed into an environment of its own, run in an empty folder."""

import os
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(*command, **settings):
    """Run a command to its good end; what it said is in the message otherwise."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, **settings)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The project's wheel, built now."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """Runs a command of an environment that holds the wheel, and this environment's libraries but not its tsanomaly."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder)
    python = folder / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", wheel)
    [packages] = folder.glob("lib/python*/site-packages")
    paths = sysconfig.get_paths()
    libraries = dict.fromkeys((paths["purelib"], paths["platlib"]))
    (packages / "libraries.pth").write_text("\n".join(libraries))  # comes last, and its own .pth files are not read
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}

    def start(command, *arguments):
        settings = {"HOME": str(elsewhere), "CI": "true"}
        return run(folder / "bin" / command, *arguments, cwd=elsewhere, env=environment | settings)

    start.packages = packages
    return start


def test_the_wheel_holds_the_package_the_dashboard_and_the_samples_and_nothing_else(wheel):
    homes = {"tsanomaly": "tsanomaly", "dashboards": "tsanomaly/_dashboards", "data": "tsanomaly/_data"}
    here = {
        f"{home}/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, home in homes.items()
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert packed == here


def test_the_demo_runs_from_the_wheel(installed):
    done = installed("tsanomaly", "demo", "--no-serve")
    assert "pump.csv" in done.stdout
    assert "severity" in done.stdout
    assert "Traceback" not in done.stderr


def test_every_page_of_the_dashboard_runs_from_the_wheel(installed):
    look = """
import sys
from streamlit.testing.v1 import AppTest
import tsanomaly
from tsanomaly.resources import dashboards_folder

folder = dashboards_folder()
sys.path.insert(0, str(folder))  # as `streamlit run` does
app = AppTest.from_file(folder / "app.py", default_timeout=60).run()
for page in [None, *sorted(folder.glob("views/*.py"))]:
    if page is not None:
        app.switch_page(f"views/{page.name}").run()
    assert not app.exception, app.exception
    print(page or tsanomaly.__file__)
print(folder)
"""
    used = installed("python", "-c", look).stdout.splitlines()
    assert len(used) == 2 + len(list((ROOT / "dashboards" / "views").glob("*.py")))
    assert all(Path(path).is_relative_to(installed.packages / "tsanomaly") for path in used), used
