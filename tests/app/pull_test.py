"""`quern pull` and `quern outdated` against the test hub: the real binary, processes that are killed, and two at once.
Arguments: quern, test_hub, and [--rounds N]: how often a pull is killed."""
import hashlib
import http.client
import json
import os
import pathlib
import pty
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import unittest

import quern_process
import serve_test
from quern_process import MODEL, TIMEOUT_S, QuernTest, environment, quern

HUB = None
ROUNDS = 20


class Hub:
    def __init__(self, test, files, rate=0):
        certificates = pathlib.Path(test.directory / f"hub-{time.monotonic_ns()}")
        certificates.mkdir()
        self.process = subprocess.Popen([HUB, str(certificates), str(files), str(rate)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        test.addCleanup(self.process.stdout.close)
        test.addCleanup(self.process.wait)
        test.addCleanup(self.process.kill)
        test.addCleanup(self.process.stdin.close)
        said = json.loads(self.process.stdout.readline())
        self.authority = said["authority"]
        self.environment = {"HF_ENDPOINT": said["hub"], "SSL_CERT_FILE": said["certificate"],
                            "HF_TOKEN": "hf_test", "HOME": str(test.directory), "XDG_DATA_HOME": str(test.directory),
                            "OLLAMA_MODELS": "", "HF_HOME": "", "XDG_CACHE_HOME": ""}

    def stats(self):
        self.process.stdin.write("stats\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class PullTest(QuernTest):
    def setUp(self):
        super().setUp()
        self.files = self.directory / "files"
        self.files.mkdir()
        shutil.copy(MODEL, self.files / "story.gguf")
        self.blobs = self.directory / "quern/models/blobs"

    def pull(self, hub, *args):
        return quern("pull", *args, **hub.environment)

    def start(self, hub, *args):
        process = subprocess.Popen([quern_process.QUERN, "pull", *args], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   env=environment(**hub.environment), preexec_fn=serve_test.default_signals)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def big_model(self):
        path = self.files / "tiny-F32.gguf"
        self.check(quern("synth", "--shape", "tiny", "--quant", "f32", str(path)), 0)
        return path


class Pull(PullTest):
    def test_a_model_comes_once(self):
        hub = Hub(self, self.files)
        first = self.pull(hub, "hf.co/test/model")
        self.check(first, 0)
        self.assertIn("is here", first.stdout)
        blob = self.blobs / f"sha256-{sha256(MODEL)}"
        self.assertEqual(sha256(blob), sha256(MODEL))
        sent = hub.stats()["body_bytes"]
        again = self.pull(hub, "hf.co/test/model")
        self.check(again, 0)
        self.assertIn("is up to date", again.stdout)
        self.assertEqual(hub.stats(), {"body_bytes": sent, "leaks": 0})
        offline = self.pull(hub, "hf.co/test/model", "--offline")
        self.check(offline, 0)
        self.check(self.pull(hub, "hf.co/test/other", "--offline"), 1, "--offline")

    def test_a_dry_run_fetches_nothing(self):
        hub = Hub(self, self.files)
        shown = self.pull(hub, "hf.co/test/model", "--dry-run")
        self.check(shown, 0)
        self.assertIn("story.gguf", shown.stdout)
        plan = json.loads(self.pull(hub, "hf.co/test/model", "--dry-run", "--json").stdout)
        self.assertEqual(plan["missing"], MODEL.stat().st_size)
        self.assertEqual(plan["files"][0]["digest"], "sha256:" + sha256(MODEL))
        self.assertEqual(hub.stats()["body_bytes"], 0)
        self.assertEqual(list(self.blobs.iterdir()), [])

    def test_run_pulls_what_is_not_here(self):
        hub = Hub(self, self.files)
        asked = ("run", "hf.co/test/model", "-p", "Once", "-n", "4", "--temp", "0")
        self.check(quern(*asked, **hub.environment), 1, "`quern pull hf.co/test/model` fetches it")
        self.check(quern(*asked, "--pull", "never", **hub.environment), 1, "hf.co/test/model")
        self.assertEqual(hub.stats()["body_bytes"], 0)
        said, code = self.on_a_terminal(hub, *asked, answer="n\n")
        self.assertIn("Pull it? [Y/n]", said)
        self.assertEqual((code, hub.stats()["body_bytes"]), (1, 0))
        said, code = self.on_a_terminal(hub, *asked, answer="\n")
        self.assertEqual(code, 0, said)
        self.assertIn("is here", said)
        again = quern(*asked, **hub.environment)
        self.check(again, 0)
        self.assertIn(again.stdout.strip(), said)
        shutil.rmtree(self.directory / "quern")
        self.check(quern(*asked, "--pull", "always", **hub.environment), 0)

    def on_a_terminal(self, hub, *args, answer):
        """What the command says there, and its exit status."""
        leader, follower = pty.openpty()
        process = subprocess.Popen([quern_process.QUERN, *args], stdin=follower, stdout=follower, stderr=follower,
                                   env=environment(**hub.environment), preexec_fn=serve_test.default_signals)
        os.close(follower)
        said = b""
        try:
            while chunk := os.read(leader, 4096):
                said += chunk
                if answer and b"[Y/n]" in said:
                    os.write(leader, answer.encode())
                    answer = None
        except OSError:  # what a terminal gives when nobody is at the other end
            pass
        os.close(leader)
        return said.decode().replace("\r\n", "\n"), process.wait(timeout=TIMEOUT_S)

    def test_lines_for_programs(self):
        hub = Hub(self, self.files)
        hub.environment["HF_ENDPOINT"] = ""  # else the hub's host means the hub
        done = self.pull(hub, f"{hub.authority}/library/tiny:latest", "--json")
        self.check(done, 0)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(lines[0], {"status": "pulling manifest"})
        self.assertEqual(lines[-1], {"status": "success"})
        whole = [line for line in lines if line.get("digest") == "sha256:" + sha256(MODEL)]
        self.assertEqual(whole[-1]["completed"], MODEL.stat().st_size)
        self.assertEqual(whole[-1]["total"], MODEL.stat().st_size)
        self.assertEqual(hub.stats()["leaks"], 0)

    def test_errors_are_one_sentence(self):
        hub = Hub(self, self.files)
        for arguments, words in ((("hf.co/test/model", "--quant", "Q6_K"), "it has no 'Q6_K'; it has story.gguf"),
                                 (("hf.co/test/missing",), "HF_TOKEN"),
                                 ((str(MODEL),), "it is a file of this machine"),
                                 (("qwen3:8b", "--quant", "Q6_K"), "--quant: want a repository of the hub")):
            result = self.pull(hub, *arguments)
            with self.subTest(arguments):
                self.assertEqual(result.returncode, 1, result.stderr)
                if words != "HF_TOKEN":
                    self.assertIn(words, result.stderr)
                self.assertNotIn("hf_test", result.stderr)
        self.check(quern("pull"), 2, "NAME")

    def test_what_is_no_model_is_not_listed(self):
        (self.files / "story.gguf").write_bytes(b"GGUF" + bytes(100_000))
        hub = Hub(self, self.files)
        self.check(self.pull(hub, "hf.co/test/model"), 1, "quern: ")
        self.check(self.pull(hub, "hf.co/test/model", "--offline"), 1)

    def test_outdated(self):
        hub = Hub(self, self.files)
        self.check(self.pull(hub, "hf.co/test/model"), 0)
        report = quern("outdated", "--json", **hub.environment)
        self.check(report, 0)
        self.assertEqual([row["state"] for row in json.loads(report.stdout)["models"]], ["current"])
        quern_process.write_model_with_keys(self.files / "story.gguf", {"general.note": 1})
        later = Hub(self, self.files)
        report = quern("outdated", "--json", **later.environment)
        self.assertEqual([row["state"] for row in json.loads(report.stdout)["models"]], ["outdated"])
        replaced = self.pull(later, "hf.co/test/model")
        self.check(replaced, 0)
        self.assertIn("restore", replaced.stdout)
        report = quern("outdated", **later.environment)
        self.assertIn("current", report.stdout)

    def test_ctrl_c_keeps_what_is_here(self):
        model = self.big_model()
        hub = Hub(self, self.files, rate=200_000)
        process = self.start(hub, f"hf.co/test/model/{model.name}")
        while not self.whole_chunks():
            time.sleep(0.01)
            self.assertIsNone(process.poll())
        process.send_signal(signal.SIGINT)
        _, log = process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 130, log)
        self.assertIn("kept", log)
        self.assertGreater(self.whole_chunks(), 0)

    def test_two_processes_share_the_work(self):
        model = self.big_model()
        hub = Hub(self, self.files, rate=1_000_000)
        processes = [self.start(hub, f"hf.co/test/model/{model.name}") for _ in range(3)]
        for process in processes:
            _, log = process.communicate(timeout=TIMEOUT_S)
            self.assertEqual(process.returncode, 0, log)
        self.assertEqual(hub.stats()["body_bytes"], model.stat().st_size)

    def whole_chunks(self):
        return sum(state.read_bytes()[1024:].count(b"#") for state in self.blobs.glob("*.state"))

    def test_killed_at_any_time_it_goes_on_where_it_was(self):
        model = self.big_model()
        digest, size = sha256(model), model.stat().st_size
        blob = self.blobs / f"sha256-{digest}"
        hub = Hub(self, self.files, rate=size // 4)
        seed = random.randrange(1 << 32)
        source = random.Random(seed)
        n_whole, n_killed, n_fresh = 0, 0, 1
        while n_killed < ROUNDS:
            process = self.start(hub, f"hf.co/test/model/{model.name}")
            try:
                process.wait(timeout=source.uniform(0.02, 0.3))
                self.assertEqual(process.returncode, 0, process.stderr.read())
                shutil.rmtree(self.directory / "quern")  # it was quicker; once more
                n_whole, n_fresh = 0, n_fresh + 1
                continue
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            n_killed += 1
            if blob.exists():
                self.assertEqual(sha256(blob), digest, f"seed {seed}")
                n_whole = 0
            else:
                self.assertGreaterEqual(self.whole_chunks(), n_whole, f"seed {seed}")
                n_whole = self.whole_chunks()
        last = self.pull(hub, f"hf.co/test/model/{model.name}")
        self.check(last, 0)
        self.assertEqual(sha256(blob), digest, f"seed {seed}")
        self.assertEqual([p.name for p in self.blobs.iterdir() if p.name != blob.name and ".part" in p.name], [])
        # What a kill may cost: of each connection a chunk, and what was on its way.
        self.assertEqual(hub.stats()["leaks"], 0)
        self.assertLessEqual(hub.stats()["body_bytes"], n_fresh * size + n_killed * 4 * 3 * 64 * 1024, f"seed {seed}")


class KilledServer(QuernTest):
    def test_models_are_whole_whenever_it_is_killed_while_it_loads_them(self):
        models = self.directory / "models"
        names = ("one", "two", "three")
        where = {"XDG_DATA_HOME": str(self.directory), "HOME": str(self.directory)}
        for name in names:
            (self.directory / "Modelfile").write_text(f"FROM {MODEL}\nPARAMETER temperature 0\n", encoding="utf-8")
            self.check(quern("create", name, "-f", str(self.directory / "Modelfile"), "--models-dir", str(models),
                             "--copy", **where), 0)
        foreign = self.directory / "foreign.gguf"
        shutil.copy(MODEL, foreign)
        seed = random.randrange(1 << 32)
        source = random.Random(seed)
        for _ in range(ROUNDS):
            server = serve_test.Server("--models-dir", str(models), "--on-demand", "-m", f"mine={foreign}", "--port",
                                       "0", "--socket", str(self.directory / "s.sock"), "--memory", "64M", **where)
            asking = [threading.Thread(target=self.ask, args=(server, name)) for name in (*names, "mine")]
            for thread in asking:
                thread.start()
            time.sleep(source.uniform(0, 0.1))
            server.process.kill()
            server.process.wait()
            server.process.stdout.close()
            server.process.stderr.close()
            for thread in asking:
                thread.join()
        listed = json.loads(quern("list", "--json", "--models-dir", str(models), **where).stdout)["models"]
        self.assertEqual(sorted(model["name"].removesuffix(":latest") for model in listed), sorted(names), f"seed {seed}")
        self.check(quern("models", "check", "--models-dir", str(models), **where), 0)
        self.assertEqual(foreign.read_bytes(), MODEL.read_bytes())
        for name in names:
            self.check(quern("run", name, "-p", "Once", "-n", "2", "--models-dir", str(models), **where), 0)

    @staticmethod
    def ask(server, model):
        try:
            server.post("/v1/completions", {"model": model, "prompt": "Once", "max_tokens": 2})
        except (OSError, http.client.HTTPException, ValueError):  # it was killed meanwhile
            pass


if __name__ == "__main__":
    HUB = sys.argv.pop(2)
    if "--rounds" in sys.argv:
        at = sys.argv.index("--rounds")
        ROUNDS = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    quern_process.main()
