"""Programs as a source: what they print is read, and they are stopped with all that they started."""

import json

import psutil
import pytest
from source_samples import failure, job_of

from tsanomaly.errors import SchemaChangedError, SourceTimeoutError, SourceUnreachableError


def test_a_command_that_takes_too_long_is_stopped_with_its_children(tmp_path):
    script = "sleep 60 & echo $! > child; wait"
    job = job_of(f'kind = "command"\ncommand = ["sh", "-c", "{script}"]\ntimeout = "2s"', tmp_path)
    assert "the command 'sh' took longer than 2 s and was stopped" in failure(job, SourceTimeoutError)
    child = int((tmp_path / "child").read_text())
    _, alive = psutil.wait_procs([psutil.Process(child)] if psutil.pid_exists(child) else [], timeout=5)
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in alive)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (["no-such-program"], "the command 'no-such-program' cannot be started: No such file or directory"),
        (
            ["sh", "-c", "echo denied by https:''//me:pw@host/x >&2; exit 3"],
            "the command 'sh' ended with status 3: denied by https://***@host/x",
        ),
    ],
)
def test_a_command_that_fails_is_unreachable(tmp_path, command, said):
    job = job_of(f'kind = "command"\ncommand = {json.dumps(command)}', tmp_path)
    assert failure(job, SourceUnreachableError) == said


def test_a_command_is_no_shell(tmp_path):
    job = job_of('kind = "command"\ncommand = ["echo", "a,b\\n1,2", "; touch hacked", "$(touch hacked)"]', tmp_path)
    failure(job, SchemaChangedError)
    assert not (tmp_path / "hacked").exists()
