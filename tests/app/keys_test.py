"""`quern keys` and what it means for `quern serve`: keys, SIGHUP, hosts beyond loopback, TLS. The real binary."""
import http.client
import json
import os
import pty
import re
import shutil
import signal
import ssl
import stat
import subprocess
import time
import unittest

import quern_process
import serve_test
from quern_process import TIMEOUT_S, QuernTest, environment, quern
from serve_test import eventually

OPENSSL = shutil.which("openssl")


class KeysTest(QuernTest):
    @property
    def file(self):
        return self.directory / "keys.json"

    @property
    def socket(self):
        return self.directory / "q.sock"

    def keys(self, *args, **env):
        return quern("keys", *args, "--keys", str(self.file), **env)

    def add(self, *args):
        made = self.keys("add", *args, "--json")
        self.check(made, 0)
        return json.loads(made.stdout)

    def start(self, *args, **env):
        server = serve_test.Server("--port", "0", "--socket", str(self.socket), *args, **env)
        self.addCleanup(server.process.stdout.close)
        self.addCleanup(server.process.stderr.close)
        self.addCleanup(server.process.wait)
        self.addCleanup(server.process.kill)
        found = re.search(r"https?://127\.0\.0\.1:(\d+)", server.announced)
        self.assertTrue(found, server.announced)
        server.port = int(found[1])
        return server

    def status(self, server, key=None, path="/v1/models"):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
        self.addCleanup(connection.close)
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"} if key else {})
        return connection.getresponse().status


class Keys(KeysTest):
    def test_a_key_is_shown_once(self):
        made = self.keys("add", "alice")
        self.check(made, 0, "shown only now")
        self.assertRegex(made.stdout, r"\Aqk_[0-9A-Za-z]{43}\n\Z")
        self.assertEqual(stat.S_IMODE(os.stat(self.file).st_mode), 0o600)
        listed = self.keys("list")
        self.check(listed, 0)
        secret = made.stdout.strip()
        for text in (listed.stdout, self.keys("--json").stdout, self.file.read_text(encoding="utf-8")):
            self.assertNotIn(secret[3:], text)
            self.assertIn("alice", text)
        self.assertRegex(listed.stdout.splitlines()[1], r"^k[0-9a-f]{8}  alice +infer +alice +1 +20\S+Z +never$")

    def test_what_a_key_has(self):
        key = self.add("bob", "--scopes", "read,infer", "--tenant", "team", "--weight", "2.5", "--expires-in", "720h")
        self.assertEqual((key["scopes"], key["tenant"], key["weight"]), (["read", "infer"], "team", 2.5))
        self.assertEqual(key["expires_unix_s"] - key["created_unix_s"], 720 * 3600)
        self.assertFalse(key["expired"])
        row = json.loads(self.keys("--json").stdout)["keys"][0]
        self.assertEqual(row, {name: value for name, value in key.items() if name != "key"})

    def test_revoked_keys_are_gone(self):
        alice, bob = self.add("alice"), self.add("bob")
        self.check(self.keys("revoke", alice["id"]), 0, alice["id"])
        self.assertEqual([row["id"] for row in json.loads(self.keys("--json").stdout)["keys"]], [bob["id"]])
        self.check(self.keys("revoke", alice["id"]), 1, "no key has the id")
        self.check(self.keys("revoke"), 2, "NAME: want the id of a key")

    def test_errors_name_what_is_wrong(self):
        self.check(self.keys("list"), 1, str(self.file), "No such file")
        self.check(self.keys("revoke", "k1"), 1, str(self.file))
        self.assertEqual(list(self.directory.iterdir()), [])
        self.check(self.keys("add"), 2, "NAME: want a name")
        self.check(self.keys("add", "a b"), 2, "NAME")
        self.check(self.keys("add", "uid-0"), 2, "NAME")
        self.check(self.keys("add", "a", "--tenant", "anonymous"), 2, "--tenant")
        self.check(self.keys("add", "a", "--scopes", "root"), 2, "--scopes", "'root'")
        self.check(self.keys("add", "a", "--scopes", ""), 2, "--scopes")
        self.check(quern("keys", "--keys", "none"), 1, "--keys")
        self.file.write_text("{}", encoding="utf-8")
        self.file.chmod(0o600)
        self.check(self.keys("add", "alice"), 1, str(self.file), "version")
        self.assertEqual(self.file.read_text(encoding="utf-8"), "{}")
        self.file.chmod(0o644)
        self.check(self.keys("list"), 1, "want mode 0600")

    def test_the_usual_place(self):
        xdg, home = self.directory / "xdg", self.directory / "home"
        home.mkdir()
        self.check(quern("keys", "add", "a", XDG_CONFIG_HOME=str(xdg), HOME=str(home)), 0)
        self.assertTrue((xdg / "quern/keys.json").exists())
        self.assertEqual(stat.S_IMODE(os.stat(xdg / "quern").st_mode), 0o700)
        self.check(quern("keys", "add", "a", XDG_CONFIG_HOME="relative", HOME=str(home)), 0)
        self.assertTrue((home / ".config/quern/keys.json").exists())
        self.check(quern("keys", "add", "a", "--keys", str(self.directory / "no/keys.json")), 1, "No such file")


class Serve(KeysTest):
    def test_sighup_reads_the_keys_again(self):
        alice = self.add("alice", "--scopes", "infer")
        server = self.start("--keys", str(self.file))
        self.assertEqual(self.status(server), 401)
        self.assertEqual(self.status(server, path="/health"), 200)
        self.assertEqual(self.status(server, alice["key"]), 200)
        self.check(quern("ctl", "--socket", str(self.socket)), 0)
        bob = self.add("bob")
        self.assertEqual(self.status(server, bob["key"]), 401)
        self.check(self.keys("revoke", alice["id"]), 0)
        stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT_S)
        self.addCleanup(stream.close)
        body = json.dumps({"prompt": "Once", "stream": True, "max_tokens": 400, "temperature": 0})
        stream.request("POST", "/v1/completions", body, {"Content-Type": "application/json", "X-Api-Key": alice["key"]})
        reply = stream.getresponse()
        self.assertEqual(reply.status, 200)
        server.process.send_signal(signal.SIGHUP)
        self.assertTrue(eventually(lambda: self.status(server, alice["key"]) == 401))
        self.assertEqual(self.status(server, bob["key"]), 200)
        self.assertTrue(reply.read().endswith(b"data: [DONE]\n\n"), "who is in stays in")
        self.file.write_text("{", encoding="utf-8")
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.05)  # nothing to wait for: nothing changes
        self.assertEqual(self.status(server, bob["key"]), 200)
        server.process.send_signal(signal.SIGTERM)
        log = server.process.communicate(timeout=TIMEOUT_S)[1]
        self.assertIn("reload: API keys were read again", log)
        self.assertIn(f"reload: keys file {self.file}", log)
        self.assertNotIn(alice["key"], log)
        self.assertEqual(server.process.returncode, 0)

    def test_the_usual_file_counts_for_the_server_too(self):
        made = quern("keys", "add", "alice", XDG_CONFIG_HOME=str(self.directory))
        server = self.start(XDG_CONFIG_HOME=str(self.directory))
        self.assertEqual(self.status(server), 401)
        self.assertEqual(self.status(server, made.stdout.strip()), 200)
        self.assertEqual(server.end(), 0)
        server = self.start("--keys", "none", XDG_CONFIG_HOME=str(self.directory))
        self.assertEqual(self.status(server), 200)
        self.assertEqual(server.end(), 0)

    def test_a_file_that_was_named_must_be_good(self):
        missing = quern("serve", "--port", "0", "--socket", "none", "--keys", str(self.file))
        self.check(missing, 1, str(self.file), "No such file")
        self.file.write_text("[]", encoding="utf-8")
        self.file.chmod(0o600)
        self.check(quern("serve", "--port", "0", "--socket", "none", "--keys", str(self.file)), 1, str(self.file))

    def test_other_machines_need_a_key(self):
        # An address for documentation: no machine has it, so what comes after the check is that it cannot be bound.
        host = ("serve", "--host", "192.0.2.1", "--port", "0", "--socket", "none")
        self.check(quern(*host), 2, "--host", "quern keys add", "--allow-remote")
        self.check(quern(*host, "--allow-remote"), 1, "asks for no API key", "cannot listen on 192.0.2.1")
        self.add("alice")
        self.check(quern(*host, "--keys", str(self.file)), 1, "clear text", "cannot listen on 192.0.2.1")

    def test_a_terminal_that_closes_ends_the_server(self):
        pid, terminal = pty.fork()
        if pid == 0:
            serve_test.default_signals()
            os.execve(quern_process.QUERN, [quern_process.QUERN, "serve", "--port", "0", "--socket", str(self.socket)],
                      environment())
        said = b""
        while b"try:" not in said:
            said += os.read(terminal, 4096)
        os.kill(pid, signal.SIGHUP)  # the terminal is still there: only read again
        time.sleep(0.05)
        self.assertEqual(os.waitpid(pid, os.WNOHANG), (0, 0))
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 0)
        self.assertFalse(self.socket.exists())


class Tls(KeysTest):
    def make_certificate(self, name):
        made = subprocess.run([OPENSSL, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                               "-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1",
                               "-keyout", str(self.directory / "key.pem"), "-out", str(self.directory / "cert.pem")],
                              capture_output=True, text=True, timeout=TIMEOUT_S)
        self.assertEqual(made.returncode, 0, made.stderr)

    def peer(self, server, trusted, key=None):
        """The status of GET /v1/models and who answered it."""
        context = ssl.create_default_context(cafile=str(trusted))
        connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=TIMEOUT_S, context=context)
        self.addCleanup(connection.close)
        connection.request("GET", "/v1/models", headers={"X-Api-Key": key} if key else {})
        name = dict(pair[0] for pair in connection.sock.getpeercert()["subject"])["commonName"]
        return connection.getresponse().status, name

    def test_both_files_or_none(self):
        for option, other in (("--tls-cert", "--tls-key"), ("--tls-key", "--tls-cert")):
            self.check(quern("serve", "--port", "0", "--socket", "none", option, "x.pem"), 2, other)
        self.check(quern("serve", "--no-tcp", "--socket", str(self.socket), "--tls-cert", "c", "--tls-key", "k"), 2,
                   "--tls-cert", "--no-tcp")
        self.check(quern("serve", "--port", "0", "--socket", "none", "--tls-cert", "/no.pem", "--tls-key", "/no.pem"), 1,
                   "tls-cert", "/no.pem")

    @unittest.skipUnless(OPENSSL, "no openssl command")
    def test_encrypts_and_changes_its_certificate(self):
        self.make_certificate("first")
        old = self.directory / "old.pem"
        shutil.copy(self.directory / "cert.pem", old)
        alice = self.add("alice")
        server = self.start("--keys", str(self.file), "--tls-cert", str(self.directory / "cert.pem"),
                            "--tls-key", str(self.directory / "key.pem"))
        self.assertIn("https://127.0.0.1:", server.announced)
        self.assertEqual(self.peer(server, old), (401, "first"))
        self.assertEqual(self.peer(server, old, alice["key"]), (200, "first"))
        self.assertEqual(self.status(server), 400)  # without TLS
        self.make_certificate("second")
        server.process.send_signal(signal.SIGHUP)

        def changed():
            try:
                return self.peer(server, self.directory / "cert.pem", alice["key"]) == (200, "second")
            except ssl.SSLError:
                return False

        self.assertTrue(eventually(changed))
        self.assertEqual(server.end(), 0)


if __name__ == "__main__":
    quern_process.main()
