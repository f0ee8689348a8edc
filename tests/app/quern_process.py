"""Helpers for tests that run the quern binary (its path is the first argument of the test script)."""
import os
import pathlib
import struct
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MODEL = ROOT / "etc/models/stories260K.gguf"
QUERN = None
TIMEOUT_S = 120  # a hang, not a slow machine

# The greedy continuation of "Once upon a time": what the reference implementation prints for this model too.
STORY = (", there was a little girl named Lily. She loved to play outside in the park. "
         "One day, she saw a big, red ball.")


def environment(**extra):
    """The caller's environment without quern's variables; options and keys of the developer must not change a test."""
    out = {k: v for k, v in os.environ.items() if not k.startswith("QUERN_")}
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "OLLAMA_MODELS", "HF_HUB_CACHE"):
        out[name] = "/dev/null/none"
    for name in ("LLAMA_CACHE", "HF_ENDPOINT"):
        out.pop(name, None)
    out.update(extra)
    return out


def quern(*args, stdin="", stdout=subprocess.PIPE, **env):
    return subprocess.run([QUERN, *args], input=stdin, stdout=stdout, stderr=subprocess.PIPE, text=True,
                          encoding="utf-8", timeout=TIMEOUT_S, env=environment(**env), check=False)


def write_model_with_keys(path, keys):
    """The story model with further metadata in front: name -> float or int."""
    data = MODEL.read_bytes()
    magic, version, n_tensors, n_keys = struct.unpack_from("<4sIQQ", data)
    added = b""
    for name, value in keys.items():
        kind, form = (6, "<f") if isinstance(value, float) else (5, "<i")
        added += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<I", kind) + struct.pack(form, value)
    filler = b"general.filler"  # a text as long as it takes to leave the tensors where they are aligned
    head = struct.pack("<Q", len(filler)) + filler + struct.pack("<I", 8)
    text = b"x" * (-(len(added) + len(head) + 8) % 32)
    added += head + struct.pack("<Q", len(text)) + text
    path.write_bytes(struct.pack("<4sIQQ", magic, version, n_tensors, n_keys + len(keys) + 1) + added + data[24:])


class QuernTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="quern-test-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def check(self, result, code, *texts):
        """The exit code is `code` and stderr contains all texts."""
        self.assertEqual(result.returncode, code, result.stderr)
        for text in texts:
            self.assertIn(text, result.stderr)


def main():
    global QUERN
    QUERN = sys.argv.pop(1)
    unittest.main(module="__main__", verbosity=1)
