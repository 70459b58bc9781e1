"""Which process lives, and what it has used."""

import os
import subprocess
import sys
import time

from mos_assets.processes.alive import cpu_seconds, exists, still_lives


def test_a_process_is_known_by_its_id_and_its_start() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    now = time.time()
    assert still_lives(child.pid, now)
    assert not still_lives(child.pid, now - 3600), "another process has that id now"
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not still_lives(child.pid, now), "a zombie does not live"
    child.wait()
    assert not still_lives(child.pid, now)


def test_what_a_process_used_is_told_until_it_is_collected() -> None:
    busy = "import time\nwhile time.process_time() < 0.2: pass"
    child = subprocess.Popen([sys.executable, "-c", busy])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    used = cpu_seconds(child.pid)
    assert used is not None
    # Linux tells whole ticks, of user and system apart.
    assert used >= 0.2 - 2 / os.sysconf("SC_CLK_TCK")
    assert exists(child.pid), "a zombie still has its id"
    child.wait()
    assert cpu_seconds(child.pid) is None
    assert not exists(child.pid)
    assert exists(1), "a process of somebody else"
