import os
import signal
import socket
import time
import urllib.error
import urllib.request

import pytest


@pytest.fixture
def taken():
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.fixture
def free():
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize("command", ["dashboard", "demo"])
def test_a_port_that_is_taken_is_one_sentence_before_any_work(run, taken, command):
    result = run(command, "--port", taken)
    reason = f"the dashboard cannot listen on 127.0.0.1:{taken}: Address already in use"
    sentence = f"error: {reason}; choose another --port or --host\n"
    assert (result.exit_code, result.stdout, result.stderr) == (5, "", sentence)


def test_an_address_of_another_machine_is_refused(run, free):
    result = run("dashboard", "--host", "192.0.2.1", "--port", free)
    assert result.exit_code == 5
    assert "choose another --port or --host" in result.stderr


def test_the_dashboard_serves_on_loopback_alone_until_ctrl_c(script, file, free):
    process = script("dashboard", file, "--port", free, start_new_session=True)
    try:
        assert first_answer(f"http://127.0.0.1:{free}/_stcore/health", process) == b"ok"
        with socket.socket() as outside, pytest.raises(OSError, match="refused"):
            outside.connect(("127.0.0.2", free))
    finally:
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the command and to what it started
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 0
    assert stderr.startswith(f"dashboard: http://127.0.0.1:{free} (Ctrl-C stops it)\n")
    assert "Traceback" not in stderr


def test_a_service_that_is_told_to_end_ends_its_server_too(script, free):
    process = script("dashboard", "--port", free, start_new_session=True)
    try:
        assert first_answer(f"http://127.0.0.1:{free}/_stcore/health", process) == b"ok"
        process.terminate()  # to the command alone, as a supervisor does
        _, stderr = process.communicate(timeout=60)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0
    assert "Traceback" not in stderr
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)  # nobody of its group is left


def first_answer(address, process):
    while process.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                return answer.read()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.1)
    raise AssertionError(process.communicate()[1])
