"""Processes: starts a `quern serve` and stops it by its pid, reads memory from /proc, counts the client's own CPU time."""
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import tempfile
import time

START_TIMEOUT_S = 120
STOP_TIMEOUT_S = 45


def rss_bytes(pid):
    """Resident memory without file pages (a mapped model comes and goes with the page cache). None: no such process."""
    try:
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return None
    found = dict(re.findall(r"^(RssAnon|RssShmem|VmRSS):\s+(\d+) kB", status, re.M))
    kib = int(found["RssAnon"]) + int(found["RssShmem"]) if "RssAnon" in found else int(found.get("VmRSS", 0))
    return kib * 1024


def cpu_s():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def raise_open_files(wanted):
    """Raises RLIMIT_NOFILE as far as allowed and needed; -> what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return soft


def merged_options(defaults, extra):
    """Options of a workload's server {"--parallel": "16"} and those of the user as text; the user's win."""
    words = shlex.split(extra or "")
    given = {word.split("=")[0] for word in words if word.startswith("-")}
    aliases = {"-c": "--ctx", "-t": "--threads", "-s": "--socket", "-m": "--model"}
    given |= {aliases[word] for word in given if word in aliases}
    return [word for name, value in defaults.items() if name not in given for word in (name, value)] + words


class QuernProcess:
    """A `quern serve` on a free port and a socket of its own. Raises SystemExit with its log where it does not start."""

    def __init__(self, binary, model=None, options=()):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="quern-load-"))
        self.socket_path = str(self.directory / "q.sock")
        self.log = self.directory / "log"
        out = self.directory / "out"
        command = [binary, "serve", "--port", "0", "--socket", self.socket_path, *(["-m", model] if model else []), *options]
        env = {name: value for name, value in os.environ.items() if not name.startswith("QUERN_")}
        with open(out, "wb") as stdout, open(self.log, "wb") as stderr:
            self.process = subprocess.Popen(command, env=env, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        self.pid = self.process.pid
        deadline = time.monotonic() + START_TIMEOUT_S
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)", out.read_text())):
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = self.log.read_text()
                self.stop()
                raise SystemExit(f"{shlex.join(command)} did not start:\n{log}")
            time.sleep(0.05)
        self.port = int(found[1])

    def stop(self):
        """SIGTERM, at last SIGKILL; -> the exit code, 0 for a good end."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
        code = self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)
        return code
