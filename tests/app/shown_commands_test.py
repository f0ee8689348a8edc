"""Runs every command that README.md, docs/*.md and --help show, on the embedded model and in a directory of its own.

A command that cannot be run here is listed in NOT_RUN with the reason; one that is in neither way accounted for fails,
and so does an entry that no page shows any more. What is changed before a command runs is in `adapted()`.
"""
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import sys
import unittest

import quern_process
from quern_process import ROOT, TIMEOUT_S, QuernTest, environment, quern
from shown_commands import block_of_help, blocks_of_page

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]

ASKS_HUBS = "asks the hubs of this world; pull_test.py pulls from one of its own"
NOT_RUN = {
    "./run.sh": "installs packages and builds",
    "./test.sh": "builds, and runs this test",
    "cmake --preset release -DCMAKE_INSTALL_PREFIX=/usr && cmake --build --preset release --target quern": "builds",
    "cmake --install build/release": "writes to /usr and /etc",
    "systemctl daemon-reload && systemctl enable --now quern": "wants systemd and an installed unit",
    "quern keys revoke k1f0c92ab": "wants the id of a key that was made; keys_test.py revokes some",
    "sudo quern ctl status": "wants an installed service; `quern ctl` alone is run",
    "cmake --preset bench && cmake --build --preset bench": "builds",
    "python3 bench/serve/run.py intruder --spawn build/release/quern --model model.gguf":
        "measures for minutes; tests/bench runs the load generator",
    "node bench/peers/compare.mjs model.gguf": "installs llama.cpp",
    "quern pull hf.co/bartowski/Qwen_Qwen3-8B-GGUF": ASKS_HUBS,
    "quern pull hf.co/bartowski/Qwen_Qwen3-8B-GGUF --quant Q6_K --dry-run": ASKS_HUBS,
    "quern pull qwen3:8b": ASKS_HUBS,
    "quern pull docker.io/ai/smollm2:360M-Q4_K_M": ASKS_HUBS,
    "quern pull https://example.com/models/tiny.gguf": ASKS_HUBS,
    "quern ps": "asks a running server; residency.test.mjs does",
    "quern stop mine": "asks a running server; residency.test.mjs does",
}

# Models that the pages name: each is written here with random weights, small, and with room for the longest prompt.
SYNTH = ("--shape", "tiny", "--context-length", "8192")
BIG_SHAPES = re.compile(r"--shape tinyllama-1\.1b")


class Server:
    """`quern serve` with arguments of a page, on a free port and a socket of its own."""

    def __init__(self, test, arguments=""):
        self.socket = test.directory / "served.sock"
        command = f"quern serve {arguments} --port 0 --socket {self.socket} --activity-log {test.directory}/activity.db"
        self.process = subprocess.Popen(["bash", "-c", f"exec {command}"], stdout=subprocess.PIPE, text=True,
                                        stderr=(test.directory / "server.log").open("w"), env=test.environment,
                                        cwd=test.directory)
        test.addCleanup(self.process.stdout.close)
        test.addCleanup(self.process.wait)
        test.addCleanup(self.process.kill)
        announced = self.process.stdout.readline()
        found = re.search(r":(\d+)", announced)
        log = (test.directory / "server.log").read_text(encoding="utf-8")
        test.assertTrue(found, f"{command}: {announced}{log}")
        self.port = int(found[1])

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=TIMEOUT_S)


class SlowReader:
    """A stream that nobody reads, so that its requests go on running while others look at them."""

    def __init__(self, test, server):
        body = b'{"prompt": "Once", "max_tokens": 8000, "ignore_eos": true, "stream": true}'
        self.connection = socket.socket()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.connection.connect(("127.0.0.1", server.port))
        test.addCleanup(self.connection.close)
        self.connection.sendall(b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self.connection.recv(1)  # it has begun


class ShownCommands(QuernTest):
    def setUp(self):
        super().setUp()
        self.bin = self.directory / "bin"
        self.bin.mkdir()
        self.shim("quern", f'exec "{pathlib.Path(quern_process.QUERN).resolve()}" "$@"')
        self.shim("curl", 'exec "$(PATH="${PATH#*:}" command -v curl)" --fail-with-body --silent --show-error "$@"')
        self.shim("git", "printf -- '-an old line\\n+a new line\\n'")
        self.environment = environment(PATH=f"{self.bin}:{os.environ['PATH']}", XDG_RUNTIME_DIR=str(self.directory),
                                       XDG_CONFIG_HOME=str(self.directory / "config"),
                                       XDG_DATA_HOME=str(self.directory / "data"))

    def shim(self, name, line):
        path = self.bin / name
        path.write_text(f"#!/bin/bash\n{line}\n", encoding="utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def models_for(self, text):
        """Writes the models that the commands read and do not write themselves."""
        named = re.findall(r"(?<=-m )\S+\.gguf|(?<=inspect )\S+\.gguf", text)
        for name in {word.split("=")[-1] for word in named}:
            if not (self.directory / name).exists():
                self.check(quern("synth", *SYNTH, str(self.directory / name)), 0)

    def models_by_name_for(self, text):
        """Makes the models, and the files to make them of, that the commands name and do not make themselves."""
        if not re.search(r"quern (list|show|create|cp|rm|models|run [\w.]+:)", text):
            return
        self.run_shell(f"quern synth {' '.join(SYNTH)} story.gguf", "story.gguf")
        (self.directory / "Modelfile").write_text("FROM ./story.gguf\nSYSTEM first\n", encoding="utf-8")
        (self.directory / "mario.yaml").write_text("from: ./story.gguf\n", encoding="utf-8")
        for name in {"qwen3:8b", *re.findall(r"^quern rm (\S+)$", text, re.M), *re.findall(r"quern models \w+ (\w+)$", text, re.M)}:
            self.run_shell(f"quern create {name} -f Modelfile", name)
        (self.directory / "Modelfile").write_text("FROM ./story.gguf\nSYSTEM second\n", encoding="utf-8")
        self.run_shell("quern create qwen3:8b -f Modelfile", "qwen3:8b")  # the first one can be restored

    def adapted(self, command, server=None, request_id=None):
        """What is run instead: other paths, ports, ids and sizes, and never another option."""
        out = command.replace("./build/release/quern", "quern")
        out = BIG_SHAPES.sub(" ".join(SYNTH), out)
        if server is not None:
            out = out.replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
            out = re.sub(r"/tmp/q\.sock|/run/quern/quern\.sock", str(server.socket), out)
            if out.startswith("quern ctl") and "--socket" not in out:
                out += f" --socket {server.socket}"
        if request_id is not None:
            out = re.sub(r"(?<=requests/)\d+|(?<=cancel )\d+", str(request_id), out)
        return out

    def run_shell(self, script, source):
        done = subprocess.run(["bash", "-o", "pipefail", "-c", script], input="Once upon a time\n", capture_output=True,
                              text=True, encoding="utf-8", timeout=TIMEOUT_S, env=self.environment, cwd=self.directory,
                              check=False)
        self.assertEqual(done.returncode, 0, f"{source}: {script}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def run_with_server(self, block, commands):
        """curl and ctl lines of one block, in one shell: a line may set a variable for the next."""
        server = Server(self, "--stream-capacity 2 --max-backlog 4096 -m served.gguf")
        variables = []
        for command in commands:
            if re.match(r"[A-Z_]+=", command.text):
                variables.append(self.adapted(command.text, server))
                continue
            reader = SlowReader(self, server)
            request_id = self.newest_request(server)
            self.run_shell("\n".join([*variables, self.adapted(command.text, server, request_id)]), block.source)
            reader.connection.close()
        self.assertEqual(server.end(), 0, block.source)

    def newest_request(self, server):
        listed = self.run_shell(f"quern ctl requests --json --socket {server.socket}", "requests")
        return max(int(number) for number in re.findall(r'"id":\s*(\d+)', listed))

    def check_block(self, block):
        to_run = [command for command in block.commands if command.text not in NOT_RUN]
        text = "\n".join(command.text for command in to_run)
        written = re.findall(r"quern synth .*?(\S+\.gguf)", text)
        self.models_for("\n".join(c for c in text.splitlines() if not any(name in c for name in written)))
        self.models_by_name_for(text)
        wants_server = [c for c in to_run if re.search(r"\bcurl\b|^\$S |quern ctl", c.text)]
        for command in to_run:
            if command.text.startswith("quern serve"):
                server = Server(self, command.text.removeprefix("quern serve"))
                scheme = "https" if "--tls-cert" in command.text else "http"
                self.run_shell(f"curl -k {scheme}://127.0.0.1:{server.port}/health", block.source)
                self.assertEqual(server.end(), 0, command.text)
            elif command not in wants_server:
                output = self.run_shell(self.adapted(command.text), block.source)
                self.assertEqual(" ".join(command.output.split()) or None,
                                 " ".join(output.split()) if command.output else None, f"{block.source}: {command.text}")
        if wants_server:
            self.check(quern("synth", *SYNTH, str(self.directory / "served.gguf")), 0)
            self.run_with_server(block, wants_server)


def shown_blocks():
    blocks = [block for page in PAGES for block in blocks_of_page(page, page.relative_to(ROOT))]
    blocks.append(block_of_help(quern().stdout, "Start here:", "quern"))
    names = re.findall(r"^  (\w+) ", quern("help").stdout.split("Commands:")[1].split("\n\n")[0], re.M)
    for name in names:
        blocks.append(block_of_help(quern(name, "--help").stdout, "Examples:", f"quern {name} --help"))
    return blocks


class SkipList(QuernTest):
    def test_every_entry_is_still_shown(self):
        shown = {command.text for block in shown_blocks() for command in block.commands}
        self.assertEqual([text for text in NOT_RUN if text not in shown], [])

    def test_all_kinds_of_places_are_read(self):
        sources = " ".join(str(block.source) for block in shown_blocks())
        for place in ("README.md", "docs/API.md", "docs/CLI.md", "docs/OPERATIONS.md", "quern serve --help",
                      "quern ctl --help", "quern inspect --help"):
            self.assertIn(place, sources)


def add_tests():
    for number, block in enumerate(shown_blocks()):
        name = re.sub(r"\W+", "_", f"test_{number:02}_{block.source}")
        setattr(ShownCommands, name, lambda self, block=block: self.check_block(block))


if __name__ == "__main__":
    quern_process.QUERN = sys.argv.pop(1)
    add_tests()
    unittest.main(module="__main__", verbosity=1)
