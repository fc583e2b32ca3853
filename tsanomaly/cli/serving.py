"""``dashboard`` and ``demo``: from the command line to the browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from tsanomaly.cli.detecting import BudgetText
from tsanomaly.errors import OutputError

DEMO_SAMPLE = "pump"
LOOPBACK, PORT = "127.0.0.1", 8501

Host = Annotated[str, typer.Option("--host", help="Address to listen on; the default is this machine alone.")]
Port = Annotated[int, typer.Option("--port", help="Port to listen on.", min=1, max=65535)]


def dashboard(
    file: Annotated[Path | None, typer.Argument(help="A file to open in it.", show_default=False)] = None,
    model: Annotated[
        Path | None,
        typer.Option("--model", help="Judge the file by this model, at once.", show_default=False, readable=False),
    ] = None,
    budget: BudgetText = None,
    port: Port = PORT,
    host: Host = LOOPBACK,
) -> None:
    """Serve the dashboard, with FILE opened in it."""
    opened = [] if file is None else [str(file.resolve())]
    settings = {"--model": None if model is None else str(model.resolve()), "--budget": budget}
    given = [part for name, value in settings.items() if value is not None for part in (name, value)]
    _serve([*opened, *given], host, port)


def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the dashboard afterwards.")] = True,
    port: Port = PORT,
    host: Host = LOOPBACK,
) -> None:
    """Detect on a bundled sample, print its events, and serve the dashboard with them."""
    from tsanomaly import save
    from tsanomaly.cli.file_options import FileOptions
    from tsanomaly.cli.judging import Wish, judge
    from tsanomaly.cli.tables import detection
    from tsanomaly.cli.terminal import Watch, answers
    from tsanomaly.resources import sample_path

    if serve:
        _check_port(host, port)
    sample = sample_path(DEMO_SAMPLE)
    with Watch(sample.name) as watch:
        reading = FileOptions().read(sample, watch)
        judged = judge(reading.one(), Wish(), watch)
    answers().print(detection(reading.diagnosis, [judged], top=0))
    if serve:
        with tempfile.TemporaryDirectory(prefix="tsanomaly-demo-") as folder:
            model = save(judged.detector, Path(folder) / "model.safetensors")
            dashboard(sample, model, port=port, host=host)


def _serve(arguments: list[str], host: str, port: int) -> None:
    from tsanomaly.cli.terminal import say
    from tsanomaly.resources import dashboards_folder

    _check_port(host, port)
    settings = {
        "server.address": host,
        "server.port": port,
        "server.headless": "true",
        "browser.gatherUsageStats": "false",
    }
    options = [f"--{name}={value}" for name, value in settings.items()]
    app = dashboards_folder() / "server.py"
    say(f"dashboard: http://{f'[{host}]' if ':' in host else host}:{port} (Ctrl-C stops it)")
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)  # as a service is stopped: it ends like Ctrl-C
    process = subprocess.Popen([sys.executable, "-m", "streamlit", "run", str(app), *options, "--", *arguments])
    try:
        status = process.wait()
    except KeyboardInterrupt:
        return  # being stopped is how a dashboard ends, so it is no failure
    finally:
        process.terminate()  # a terminal sends Ctrl-C to both, but SIGTERM comes to this process alone
        process.wait()
        signal.signal(signal.SIGTERM, before)
    if status != 0:
        raise OutputError(f"the dashboard ended with status {status}; its own messages are above")


def _check_port(host: str, port: int) -> None:
    """Raises OutputError unless the dashboard could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = error.strerror or error
            raise OutputError(
                f"the dashboard cannot listen on {host}:{port}: {reason}; choose another --port or --host"
            ) from None
