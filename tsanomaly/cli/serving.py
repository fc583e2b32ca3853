"""``dashboard`` and ``demo``: from the command line to the browser."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from tsanomaly.errors import OutputError

DEMO_SAMPLE = "pump"

Host = Annotated[str, typer.Option("--host", help="Address to listen on; the default is this machine alone.")]
Port = Annotated[int, typer.Option("--port", help="Port to listen on.", min=1, max=65535)]

LOOPBACK = "127.0.0.1"
PORT = 8501


def dashboard(
    files: Annotated[list[Path] | None, typer.Argument(help="Files to open in it.", show_default=False)] = None,
    port: Port = PORT,
    host: Host = LOOPBACK,
) -> None:
    """Serve the dashboard, with FILES opened in it."""
    _serve(files or [], host, port)


def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve the dashboard afterwards.")] = True,
    port: Port = PORT,
    host: Host = LOOPBACK,
) -> None:
    """Detect on a bundled sample, print its events, and serve the dashboard with it."""
    from tsanomaly.cli.detecting import detect
    from tsanomaly.resources import sample_path

    sample = sample_path(DEMO_SAMPLE)
    if serve:
        _check_port(host, port)
    detect(sample)
    if serve:
        _serve([sample], host, port)


def _serve(files: list[Path], host: str, port: int) -> None:
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
    app = dashboards_folder() / "app.py"
    opened = [str(file.resolve()) for file in files]
    say(f"dashboard: http://{host}:{port} (stop it with Ctrl-C)")
    command = [sys.executable, "-m", "streamlit", "run", str(app), *options, "--", *opened]
    finished = subprocess.run(command, check=False)
    if finished.returncode not in (0, -2, 130):
        raise OutputError(f"the dashboard ended with status {finished.returncode}; its own messages are above")


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
