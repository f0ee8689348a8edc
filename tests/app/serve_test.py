"""Starts `quern serve` as a process: what it announces, its socket, `quern ctl`, signals and exit codes."""
import http.client
import json
import os
import pathlib
import re
import signal
import stat
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

import quern_process
from quern_process import STORY, TIMEOUT_S, QuernTest, environment, quern


def default_signals():
    """A test run in the background of a script inherits ignored signals, which quern would rightly ignore too."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def eventually(condition):
    """Waits for what another process is about to do."""
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def bound_cpus(pid):
    """The CPUs that each compute thread may use, as the kernel lists them. Waits until there are any: a server listens
    before its model is loaded."""
    end = time.monotonic() + TIMEOUT_S
    while not (cpus := cpus_of_threads(pid)) and time.monotonic() < end:
        time.sleep(0.01)
    return cpus


def cpus_of_threads(pid):
    cpus = []
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        name = (task / "comm").read_text(encoding="utf-8").strip()
        if name == "quern-engine" or re.fullmatch(r"quern-w\d+", name):
            status = (task / "status").read_text(encoding="utf-8")
            cpus.append(re.search(r"Cpus_allowed_list:\s*(\S+)", status)[1])
    return cpus


class Server:
    """A running server; announced is its first line on stdout."""

    def __init__(self, *args, **env):
        self.process = subprocess.Popen([quern_process.QUERN, "serve", *args], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment(**env),
                                        preexec_fn=default_signals)
        self.announced = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", self.announced)
        self.port = int(found.group(1)) if found else 0

    def post(self, path, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(),
                                         {"Content-Type": "application/json"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=TIMEOUT_S) as reply:
            return json.load(reply)

    def end(self, number=signal.SIGTERM):
        """Signals the server and returns its exit code."""
        if number is not None:
            self.process.send_signal(number)
        self.process.communicate(timeout=TIMEOUT_S)
        return self.process.returncode


class Serve(QuernTest):
    def start(self, *args):
        server = Server("--port", "0", "--socket", str(self.socket), *args)
        self.addCleanup(server.process.stdout.close)
        self.addCleanup(server.process.stderr.close)
        self.addCleanup(server.process.wait)
        self.addCleanup(server.process.kill)
        return server

    @property
    def socket(self):
        return self.directory / "q.sock"

    def test_announces_address_and_socket(self):
        server = self.start()
        self.assertRegex(server.announced, r"^listening on http://127\.0\.0\.1:\d+ and unix:" + re.escape(str(self.socket)))
        self.assertEqual(stat.S_IMODE(os.stat(self.socket).st_mode), 0o600)
        self.assertEqual(server.end(), 0)
        self.assertFalse(self.socket.exists())

    def test_completes_a_prompt(self):
        server = self.start()
        reply = server.post("/v1/completions", {"prompt": "Once upon a time", "temperature": 0, "max_tokens": 60})
        self.assertTrue(reply["choices"][0]["text"].startswith(STORY), reply)
        self.assertEqual(server.end(signal.SIGINT), 0)

    def test_sampling_defaults_request_option_file(self):
        model = self.directory / "advice.gguf"
        quern_process.write_model_with_keys(model, {"general.sampling.temp": 0.0, "general.sampling.top_k": 7,
                                                    "general.sampling.mirostat": 3})
        body = {"prompt": "Once upon a time", "max_tokens": 60}

        def in_force(server):
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/v1/models", timeout=TIMEOUT_S) as reply:
                return json.load(reply)["data"][0]["meta"]["sampling"]

        server = self.start("-m", str(model))  # the file's: greedy
        self.assertTrue(server.post("/v1/completions", body)["choices"][0]["text"].startswith(STORY))
        self.assertEqual((in_force(server)["temperature"], in_force(server)["top_k"]), (0, 7))
        self.assertAlmostEqual(in_force(server)["top_p"], 0.95, places=5)  # built in
        server.process.send_signal(signal.SIGTERM)
        log = server.process.communicate(timeout=TIMEOUT_S)[1]
        self.assertIn("general.sampling.mirostat: mirostat: must be 0, 1 or 2, found 3", log)
        self.assertIn("temperature 0, top_k 7", log)

        server = self.start("-m", str(model), "--temp", "100", "--top-k", "0", "--top-p", "1", "--min-p", "0")
        self.assertEqual((in_force(server)["temperature"], in_force(server)["top_k"]), (100, 0))
        self.assertFalse(server.post("/v1/completions", {**body, "seed": 1})["choices"][0]["text"].startswith(STORY))
        self.assertTrue(server.post("/v1/completions", {**body, "temperature": 0})["choices"][0]["text"].startswith(STORY))
        self.assertEqual(server.end(), 0)

        said = quern("run", "-m", str(model), "-p", "Once upon a time", "-n", "60")
        self.assertTrue(said.stdout.startswith(STORY), said.stdout)
        said = quern("run", "-m", str(model), "-p", "Once upon a time", "-n", "60", "--temp", "100", "--top-k", "0",
                     "--top-p", "1", "--min-p", "0", "--seed", "1")
        self.assertFalse(said.stdout.startswith(STORY), said.stdout)

    def test_ctl_looks_inside(self):
        server = self.start()
        status = quern("ctl", "--socket", str(self.socket))
        self.check(status, 0)
        self.assertGreater(len(status.stdout.splitlines()), 3)
        self.assertIsInstance(json.loads(quern("ctl", "status", "--json", "--socket", str(self.socket)).stdout), dict)
        self.assertEqual(quern("ctl", "requests", "--socket", str(self.socket)).stdout, "none\n")
        self.check(quern("ctl", "cancel", "999999", "--socket", str(self.socket)), 1, "404")
        self.assertEqual(server.end(), 0)

    def test_operations_page_is_true(self):
        server = self.start()
        metrics = self.directory / "metrics.txt"
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=TIMEOUT_S) as reply:
            metrics.write_bytes(reply.read())
        here = pathlib.Path(__file__).resolve().parent
        checked = subprocess.run([sys.executable, here / "operations_docs_test.py", metrics, here.parent.parent],
                                 capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        self.assertEqual(server.end(), 0)

    def test_more_hosts_and_origins_can_be_allowed(self):
        server = self.start("--allowed-hosts", "llm.example,chat.example", "--allowed-origins", "https://chat.example")
        for headers, wanted in (({"Host": "llm.example"}, 200), ({"Host": "other.example"}, 403),
                                ({"Origin": "https://chat.example"}, 200), ({"Origin": "https://other.example"}, 403)):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
            self.addCleanup(connection.close)
            connection.request("GET", "/health", headers=headers)
            self.assertEqual(connection.getresponse().status, wanted, headers)
        refused = quern("serve", "--port", "0", "--socket", "none", "--allowed-hosts", "a.example,,b.example")
        self.assertEqual(refused.returncode, 2)
        self.assertIn("allowed-hosts", refused.stderr)

    def test_logs_what_it_refused(self):
        server = self.start("--log-requests", "--log-format", "json")
        for path, body in (("/v1/completions", {"prompt": 1.5}), ("/secret%0a?q=prompt", {})):
            with self.assertRaises(urllib.error.HTTPError):
                server.post(path, body)
        server.process.send_signal(signal.SIGTERM)
        log = server.process.communicate(timeout=TIMEOUT_S)[1]
        lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        found = {line["message"]: line.get("status") for line in lines}
        self.assertEqual(found.get("POST /v1/completions"), 400, log)
        self.assertEqual(found.get("POST /secret?"), 404, log)

    def test_announces_a_command_that_works(self):
        server = self.start()
        command = server.process.stdout.readline().removeprefix("try: ").strip()
        said = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertIn("data: [DONE]", said.stdout, command)
        self.assertEqual(server.end(), 0)

    def test_announces_what_its_models_can_do(self):
        for model, mark in (("jina-bert-v2", '"embedding":['), ("bert-rerank", '"relevance_score":')):
            server = self.start("-m", str(quern_process.ROOT / "tests" / "data" / "arch" / f"{model}.gguf"))
            command = server.process.stdout.readline().removeprefix("try: ").strip()
            said = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=TIMEOUT_S)
            self.assertIn(mark, said.stdout, command)
            self.assertEqual(server.end(), 0)

    def test_ctl_drains(self):
        server = self.start()
        self.check(quern("ctl", "drain", "--socket", str(self.socket)), 0)
        self.assertEqual(server.end(None), 0)

    def test_socket_only(self):
        server = self.start("--no-tcp")
        self.assertEqual(server.announced, f"listening on unix:{self.socket}\n")
        server.process.send_signal(signal.SIGHUP)  # has nothing to read again
        self.check(quern("ctl", "--socket", str(self.socket)), 0)
        self.assertEqual(server.end(), 0)

    def test_port_in_use(self):
        server = self.start()
        result = quern("serve", "--port", str(server.port), "--socket", "none")
        self.check(result, 1, f"cannot listen on 127.0.0.1:{server.port}: Address already in use")
        self.assertEqual(server.end(), 0)

    def test_sockets_in_use_are_an_error_before_the_model_is_looked_at(self):
        server = self.start()
        missing = ("-m", "/does/not/exist.gguf")
        self.check(quern("serve", "--port", str(server.port), "--socket", "none", *missing), 1, "cannot listen on")
        self.check(quern("serve", "--port", "0", "--socket", str(self.socket), *missing), 1, "a server answers on it")
        self.check(quern("serve", "--port", "0", "--socket", "none", *missing), 1, "/does/not/exist.gguf")
        self.assertEqual(server.end(), 0)

    def test_a_start_that_fails_leaves_no_socket(self):
        self.check(quern("serve", "--port", "0", "--socket", str(self.socket), "-m", "/does/not/exist.gguf"), 1)
        self.assertFalse(self.socket.exists())

    def test_a_signal_at_any_time_leaves_no_socket(self):
        for pause in (0, 0.001, 0.003, 0.01, 0.03):  # while the model loads, or later
            process = subprocess.Popen([quern_process.QUERN, "serve", "--no-tcp", "--socket", str(self.socket)],
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
                                       preexec_fn=default_signals)
            self.addCleanup(process.kill)
            self.assertTrue(eventually(self.socket.exists))
            time.sleep(pause)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=TIMEOUT_S)
            self.assertIn(process.returncode, (0, 128 + signal.SIGTERM))
            self.assertFalse(self.socket.exists())

    def test_no_spans_without_a_collector(self):
        for value in ("none", ""):
            server = self.start("--otlp-endpoint", value)
            self.assertEqual(server.end(), 0)
        refused = quern("serve", "--port", "0", "--socket", "none", "--otlp-endpoint", "localhost:4318")
        self.check(refused, 2, "--otlp-endpoint: want http://HOST:PORT[/PATH], found 'localhost:4318'")

    def test_every_compute_thread_is_bound_to_a_core_of_its_own(self):
        servers = [self.start("--threads", "1"), Server("--port", "0", "--socket", "none", "--threads", "1")]
        self.addCleanup(servers[1].process.kill)
        cpus = [cpu for server in servers for cpu in bound_cpus(server.process.pid)]
        logs = []
        for server in servers:
            server.process.send_signal(signal.SIGTERM)
            logs.append(server.process.communicate(timeout=TIMEOUT_S)[1])
        # Other servers on this machine may have taken all cores.
        if all("workers: bound to CPU" in log for log in logs):
            self.assertEqual(len(cpus), 2)
            self.assertEqual(len(set(cpus)), 2, cpus)
            self.assertTrue(all(cpu.isdigit() for cpu in cpus), cpus)
        else:
            self.assertTrue(any("so they are not bound; CPU" in log for log in logs), logs)

    def test_threads_are_free_without_pinning(self):
        server = self.start("--threads", "1", "--no-pin")
        own = pathlib.Path("/proc/self/status").read_text(encoding="utf-8")
        everywhere = re.search(r"Cpus_allowed_list:\s*(\S+)", own)[1]
        self.assertEqual(bound_cpus(server.process.pid), [everywhere])
        self.assertEqual(server.end(), 0)

    def test_refuses_other_machines(self):
        self.check(quern("serve", "--host", "0.0.0.0", "--port", "0"), 2, "--allow-remote")

    def test_ctl_without_a_server(self):
        self.check(quern("ctl", "--socket", str(self.socket)), 1, "no server answers")
        self.check(quern("ctl", XDG_RUNTIME_DIR=str(self.directory)), 1, "quern serve")


if __name__ == "__main__":
    quern_process.main()
