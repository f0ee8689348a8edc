"""Models by name through the real binary: list, show, create, cp, rm, models, completion, and -m NAME."""
import hashlib
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import unittest

import quern_process
from quern_process import MODEL, STORY, TIMEOUT_S, QuernTest, environment, quern
from serve_test import Server

GREEDY = ("-p", "Once upon a time", "--temp", "0", "-n", "60")


class ModelsTest(QuernTest):
    def setUp(self):
        super().setUp()
        self.home = self.directory / "home"
        self.models = self.directory / "data/quern/models"
        self.env = {"HOME": str(self.home), "XDG_DATA_HOME": str(self.directory / "data"),
                    "OLLAMA_MODELS": str(self.directory / "ollama"), "HF_HUB_CACHE": str(self.directory / "hub")}
        self.model = self.directory / "story.gguf"
        self.model.write_bytes(MODEL.read_bytes())

    def run_quern(self, *args, **kwargs):
        return quern(*args, **self.env, **kwargs)

    def ok(self, *args, **kwargs):
        result = self.run_quern(*args, **kwargs)
        self.check(result, 0)
        return result.stdout

    def fails(self, code, *args, texts=()):
        result = self.run_quern(*args)
        self.check(result, code, *texts)
        self.assertEqual(result.stderr.count("quern: "), 1, result.stderr)

    def describe(self, text="FROM ./story.gguf\n", name="Modelfile"):
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def create(self, name, text="FROM ./story.gguf\n", *options):
        return self.ok("create", name, "-f", self.describe(text), *options)

    def listed(self):
        return {model["name"]: model for model in json.loads(self.ok("list", "--json"))["models"]}

    def ollama_model(self, name="tiny", params=None):
        def blob(data):
            digest = hashlib.sha256(data).hexdigest()
            path = self.directory / "ollama/blobs" / f"sha256-{digest}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            return {"digest": f"sha256:{digest}", "size": len(data)}

        kind = "application/vnd.ollama.image."
        layers = [{"mediaType": kind + "model", **blob(MODEL.read_bytes())},
                  {"mediaType": kind + "template", **blob(b"{{ .Prompt }}")}]
        if params:
            layers.append({"mediaType": kind + "params", **blob(json.dumps(params).encode())})
        manifest = {"schemaVersion": 2, "config": {"mediaType": "x", **blob(b'{"file_type":"F32"}')}, "layers": layers}
        path = self.directory / "ollama/manifests/registry.ollama.ai/library" / name / "latest"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(manifest), encoding="utf-8")

    def hub_model(self):
        repo, commit = self.directory / "hub/models--org--Story-GGUF", "a" * 40
        (repo / "refs").mkdir(parents=True)
        (repo / "refs/main").write_text(commit, encoding="utf-8")
        digest = hashlib.sha256(MODEL.read_bytes()).hexdigest()
        (repo / "blobs").mkdir()
        (repo / "blobs" / digest).write_bytes(MODEL.read_bytes())
        (repo / "snapshots" / commit).mkdir(parents=True)
        (repo / "snapshots" / commit / "Story-Q4_K_M.gguf").symlink_to(f"../../blobs/{digest}")


class Commands(ModelsTest):
    def test_a_model_from_its_making_to_its_end(self):
        self.assertEqual(self.create("story", "FROM ./story.gguf\nPARAMETER top_k 7\nSYSTEM Be brief.\n", "--copy"),
                         "created story:latest\n")
        shown = self.ok("show", "story")
        for text in ("story:latest", "llama", "top_k         7", "Be brief.", "293K"):
            self.assertIn(text, shown)
        as_json = json.loads(self.ok("show", "story", "--json"))
        self.assertIn(["sampling.top_k", "7"], as_json["settings"])
        self.assertEqual(as_json["files"][0]["digest"], "sha256:" + hashlib.sha256(MODEL.read_bytes()).hexdigest())
        self.assertIn("PARAMETER top_k 7", self.ok("show", "story", "--modelfile"))
        self.assertEqual(self.ok("cp", "story", "me/mine:v1"), "copied story:latest to me/mine:v1\n")
        self.assertEqual(sorted(self.listed()), ["me/mine:v1", "story:latest"])
        self.assertRegex(self.ok("list"), r"(?m)^me/mine:v1 +1.\d MB .* quern +just now$")
        blobs = list((self.models / "blobs").iterdir())
        self.assertEqual(len(blobs), 1)
        self.assertIn("freed", self.ok("rm", "story"))
        self.assertTrue(blobs[0].exists())  # the other one names it
        self.ok("rm", "me/mine:v1")
        self.assertFalse(blobs[0].exists())
        self.assertEqual(self.listed(), {})
        self.assertEqual(self.model.read_bytes(), MODEL.read_bytes())

    def test_a_modelfile_of_what_is_shown_makes_the_same(self):
        self.create("story", 'FROM ./story.gguf\nPARAMETER temperature 0.3\nPARAMETER stop "x"\nSYSTEM """a\nb"""\n')
        described = self.ok("show", "story", "--modelfile")
        self.ok("create", "again", "-f", "-", stdin=described)
        first, second = (json.loads(self.ok("show", name, "--json"))["settings"] for name in ("story", "again"))
        self.assertEqual(first, second)

    def test_yaml_brings_variants_and_aliases(self):
        path = self.describe("from: ./story.gguf\nvariants: {calm: {parameters: {temperature: 0}}}\naliases: [s]\npin: true\n",
                             "m.yaml")
        self.ok("create", "story", "-f", path)
        self.assertTrue(self.listed()["story:latest"]["pinned"])
        self.assertIn("Variant @calm", self.ok("show", "s"))
        self.assertIn("temperature", self.ok("show", "s@calm"))
        self.fails(1, "show", "s@wild", texts=("no such variant", "@calm"))

    def test_the_previous_version_comes_back(self):
        self.create("story", "FROM ./story.gguf\nSYSTEM one\n")
        self.fails(1, "models", "restore", "story", texts=("no previous version",))
        self.create("story", "FROM ./story.gguf\nSYSTEM two\n")
        self.ok("models", "restore", "story")
        self.assertIn("one", self.ok("show", "story", "--modelfile"))

    def test_pins_and_a_limit(self):
        self.create("old", "FROM ./story.gguf\nSYSTEM old\n", "--copy")
        self.ok("synth", "--shape", "tiny", str(self.directory / "tiny.gguf"))
        self.create("kept", "FROM ./tiny.gguf\n", "--copy")
        self.ok("models", "pin", "kept")
        planned = json.loads(self.ok("models", "clean", "--limit", "1M", "--dry-run", "--json"))
        self.assertEqual([step["what"] for step in planned["steps"]], ["old:latest"])
        self.assertIn("old:latest", self.listed())
        self.assertIn("removed old:latest", self.ok("models", "clean", "--limit", "1M"))
        self.fails(1, "models", "clean", "--limit", "1K", texts=("more than the limit",))
        self.assertEqual(sorted(self.listed()), ["kept:latest"])
        self.ok("models", "unpin", "kept")
        self.ok("models", "clean", "--limit", "1K")
        self.assertEqual(self.listed(), {})

    def test_check_finds_and_repairs(self):
        self.create("story", "FROM ./story.gguf\n", "--copy")
        self.assertIn("all is well", self.ok("models", "check"))
        blob = next((self.models / "blobs").iterdir())
        data = bytearray(blob.read_bytes())
        data[-1] ^= 1
        blob.write_bytes(data)
        self.assertIn("all is well", self.ok("models", "check", "--sizes-only"))
        found = self.run_quern("models", "check", "--json")
        self.check(found, 1)
        self.assertEqual(json.loads(found.stdout)["problems"][0]["model"], "story:latest")
        self.ok("models", "check", "--repair")
        self.assertEqual(self.listed(), {})

    def test_a_broken_database_is_made_anew(self):
        self.create("story", "FROM ./story.gguf\n")
        for name in ("registry.db-wal", "registry.db-shm"):
            (self.models / name).unlink(missing_ok=True)
        (self.models / "registry.db").write_bytes(b"no database at all, but long enough to look like something" * 9)
        self.fails(1, "list", texts=("not a database",))
        self.fails(1, "models", "check", texts=("check --repair",))
        self.ok("models", "check", "--repair")
        self.assertIn("story:latest", self.listed())
        self.assertTrue((self.models / "registry.db.broken").exists())

    def test_where_things_are(self):
        self.assertEqual(self.ok("models", "path"), f"{self.models}\n")
        self.assertFalse(self.models.exists())  # looking makes nothing
        self.assertEqual(self.ok("models", "path", "--models-dir", "/x"), "/x\n")
        self.create("story")
        self.assertEqual(self.ok("models", "path", "story"), f"{self.model}\n")

    def test_names_that_are_wrong_or_missing(self):
        self.fails(1, "show", "nothing", texts=("model 'nothing:latest' not found", "quern pull nothing:latest"))
        self.fails(1, "rm", "nothing", texts=("not found",))
        self.fails(1, "create", "a b", "-f", self.describe(), texts=("model: want 1 to 80",))
        self.fails(1, "create", "x", "-f", self.describe("FROM story.gguf\nPARAMETER bogus 1\n"),
                   texts=("Modelfile:2: bogus: there is no such parameter",))
        self.fails(1, "create", "x", "-f", str(self.directory / "none"), texts=("none",))
        self.fails(1, "models", "pin", "x", texts=("there are no models yet",))
        for args in (("show",), ("cp", "a"), ("rm",), ("models", "pin"), ("models", "check", "x"), ("completion",),
                     ("models", "check", "--dry-run"), ("models", "clean", "--repair"), ("create", "a", "b")):
            self.check(self.run_quern(*args), 2, "want ")

    def test_two_processes_at_once(self):
        path = self.describe()
        commands = [[quern_process.QUERN, "create", f"m{i}", "-f", path, "--copy"] for i in range(4)]
        running = [subprocess.Popen(c, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment(**self.env))
                   for c in commands]
        for process in running:
            _, log = process.communicate(timeout=TIMEOUT_S)
            self.assertEqual(process.returncode, 0, log)
        self.assertEqual(len(self.listed()), 4)
        self.assertEqual(len(list((self.models / "blobs").iterdir())), 1)
        with sqlite3.connect(self.models / "registry.db") as database:  # any tool can read it
            self.assertEqual(database.execute("SELECT count(*) FROM models").fetchone(), (4,))


class OtherTools(ModelsTest):
    def test_their_models_are_listed_shown_and_left_alone(self):
        self.ollama_model(params={"temperature": 0.5, "num_gpu": 1})
        self.hub_model()
        before = {p: p.stat().st_mtime_ns for p in self.directory.rglob("*")}
        listed = self.listed()
        self.assertEqual(listed["tiny:latest"]["found_in"], "Ollama")
        self.assertEqual(listed["hf.co/org/Story-GGUF:Q4_K_M"]["found_in"], "Hugging Face")
        shown = self.ok("show", "tiny")
        for text in ("temperature   0.5", "num_gpu: not used", "written for Go"):
            self.assertIn(text, shown)
        self.fails(1, "rm", "tiny", texts=("it belongs to Ollama",))
        self.assertEqual({p: p.stat().st_mtime_ns for p in self.directory.rglob("*")}, before)

    def test_their_models_run(self):
        self.ollama_model()
        self.hub_model()
        for name in ("tiny", "hf.co/org/story-gguf", "hf.co/org/Story-GGUF:q4_k_m", "hf.co/org/Story-GGUF/Story-Q4_K_M.gguf"):
            self.assertTrue(self.ok("run", name, *GREEDY).startswith(STORY), name)

    def test_a_copy_reads_them_in_place(self):
        self.ollama_model()
        self.ok("cp", "tiny", "mine")
        self.assertIn("ollama/blobs", self.ok("models", "path", "mine"))
        self.ok("rm", "mine")
        self.assertTrue(self.ok("run", "tiny", *GREEDY).startswith(STORY))

    def test_an_unreadable_store_is_a_note(self):
        (self.directory / "ollama").write_text("no folder", encoding="utf-8")
        result = self.run_quern("list")
        self.check(result, 0, "note: ", "cannot be read")


class Running(ModelsTest):
    def test_run_and_bench_by_name(self):
        self.create("story", "FROM ./story.gguf\nPARAMETER temperature 0\n")
        name_only = ("-p", "Once upon a time", "-n", "60")
        for args in (("run", "story"), ("run", "-m", "story"), ("run", "-m", "x=story:latest"), ("run", str(self.model), "--temp", "0")):
            self.assertTrue(self.ok(*args, *name_only).startswith(STORY), args)
        self.assertTrue(self.run_quern("run", *name_only, "--temp", "0", **{"QUERN_MODEL": "story"}).stdout.startswith(STORY))
        self.ok("bench", "-m", "story", "-p", "8", "-n", "1", "-b", "1", "-r", "1")
        self.fails(1, "run", "nothing", "-p", "x", texts=("model 'nothing:latest' not found",))
        self.fails(1, "run", "nothing.gguf", "-p", "x", texts=("nothing.gguf: cannot open",))

    def test_a_variant_is_other_settings_of_the_same_file(self):
        path = self.describe("from: ./story.gguf\nvariants: {calm: {parameters: {temperature: 0}}}\n", "m.yaml")
        self.ok("create", "story", "-f", path)
        args = ("-p", "Once upon a time", "-n", "60")
        self.assertTrue(self.ok("run", "story@calm", *args).startswith(STORY))

    def test_serve_by_name(self):
        self.create("story", "FROM ./story.gguf\nPARAMETER temperature 0\n")
        server = Server("-m", "story", "--port", "0", "--socket", str(self.directory / "q.sock"), **self.env)
        self.addCleanup(server.process.stdout.close)
        self.addCleanup(server.process.stderr.close)
        self.addCleanup(server.process.kill)
        ask = ["curl", "-s", "--unix-socket", str(self.directory / "q.sock")]
        for name in ("story", "story:latest"):
            body = json.dumps({"model": name, "prompt": "Once upon a time", "max_tokens": 40})
            answer = subprocess.run([*ask, "http://q/v1/completions", "-H", "Content-Type: application/json", "-d", body],
                                    capture_output=True, text=True, timeout=TIMEOUT_S, check=True)
            self.assertTrue(json.loads(answer.stdout)["choices"][0]["text"].startswith(STORY[:40]), answer.stdout)
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(server.process.wait(timeout=TIMEOUT_S), 0)


class Completion(ModelsTest):
    def complete(self, line):
        """What bash would offer at the end of the line."""
        script = self.directory / "completion.bash"
        script.write_text(self.ok("completion", "bash"), encoding="utf-8")
        code = (f'source "{script}"; COMP_LINE="$1"; COMP_POINT=${{#1}}; _quern; printf "%s\\n" "${{COMPREPLY[@]}}"')
        bin_folder = self.directory / "bin"
        bin_folder.mkdir(exist_ok=True)
        link = bin_folder / "quern"
        if not link.exists():
            link.symlink_to(pathlib.Path(quern_process.QUERN).resolve())
        env = environment(**self.env, PATH=f"{bin_folder}:{os.environ['PATH']}")
        done = subprocess.run(["bash", "-c", code, "bash", line], capture_output=True, text=True, timeout=TIMEOUT_S,
                              env=env, check=True)
        self.assertEqual(done.stderr, "")
        return done.stdout.split()

    def test_commands_options_and_names(self):
        self.create("qwen3:8b")
        self.create("qwen3:4b")
        self.create("story")
        self.assertEqual(self.complete("quern sh"), ["show"])
        self.assertIn("--allowed-hosts", self.complete("quern serve --allow"))
        self.assertEqual(self.complete("quern models ch"), ["check"])
        self.assertEqual(self.complete("quern show st"), ["story:latest"])
        self.assertEqual(sorted(self.complete("quern run qw")), ["qwen3:4b", "qwen3:8b"])
        self.assertEqual(sorted(self.complete("quern rm story qwen3:")), ["4b", "8b"])  # bash has the word up to the colon
        self.assertEqual(self.complete("quern serve -m st"), ["story:latest"])
        self.assertEqual(self.complete("quern completion f"), ["fish"])
        self.assertEqual(self.complete("quern nonsense x"), [])

    def test_scripts_of_the_other_shells(self):
        self.assertIn("bashcompinit", self.ok("completion", "zsh"))
        fish = self.ok("completion", "fish")
        self.assertIn("-a show", fish)
        self.assertIn("quern models names", fish)
        self.fails(2, "completion", "csh", texts=("want one of bash, zsh, fish",))


if __name__ == "__main__":
    quern_process.main()
