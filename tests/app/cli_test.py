"""Runs the quern binary the way people do: exit codes, messages, and the text of the embedded model."""
import json
import subprocess
import unittest

import quern_process
from quern_process import MODEL, STORY, TIMEOUT_S, QuernTest, environment, quern

GREEDY = ("run", "-p", "Once upon a time", "--temp", "0", "-n", "60")


class Run(QuernTest):
    def test_embedded_model_tells_its_story(self):
        result = quern(*GREEDY)
        self.check(result, 0)
        self.assertTrue(result.stdout.startswith(STORY), result.stdout)
        self.assertTrue(result.stdout.endswith("\n"))

    def test_scalar_kernels_tell_the_same(self):
        result = quern(*GREEDY, QUERN_FORCE_ISA="scalar")
        self.check(result, 0)
        self.assertTrue(result.stdout.startswith(STORY), result.stdout)

    def test_model_file_and_threads_do_not_change_the_text(self):
        result = quern(*GREEDY, "-m", str(MODEL), "--threads", "2")
        self.check(result, 0)
        self.assertEqual(result.stdout, quern(*GREEDY, "--threads", "1").stdout)

    def test_recurrent_layers_remember(self):
        hybrid = MODEL.parents[2] / "tests" / "data" / "arch" / "qwen35.gguf"
        greedy = ("run", "-m", str(hybrid), "-p", "Once upon a time", "--temp", "0", "-n", "20")
        first = quern(*greedy, "--threads", "1")
        self.check(first, 0)
        self.assertEqual(first.stdout, quern(*greedy, "--threads", "2").stdout)

    def test_same_seed_same_text(self):
        sampled = ("run", "-p", "Once", "--temp", "1", "--seed", "7", "-n", "40")
        first = quern(*sampled)
        self.check(first, 0)
        self.assertGreater(len(first.stdout), 20)
        self.assertEqual(first.stdout, quern(*sampled).stdout)
        self.assertNotEqual(first.stdout, quern(*sampled, "--seed", "8").stdout)

    def test_prompt_from_stdin_and_file(self):
        expected = quern(*GREEDY).stdout
        options = ("--temp", "0", "-n", "60")
        self.assertEqual(quern("run", *options, stdin="Once upon a time\n").stdout, expected)
        prompt = self.directory / "prompt.txt"
        prompt.write_text("Once upon a time\n", encoding="utf-8")
        self.assertEqual(quern("run", *options, "-f", str(prompt)).stdout, expected)

    def test_prompt_files_of_other_systems_and_encodings(self):
        def answer(content):
            path = self.directory / "prompt.txt"
            path.write_bytes(content)
            return quern("run", "--temp", "0", "-n", "20", "-f", str(path))

        text = "Once upon a time\nLily said: \u00fc"
        expected = answer(text.encode())
        self.check(expected, 0)
        windows = text.replace("\n", "\r\n")
        for content in (text + "\n", windows, windows + "\r\n"):
            self.assertEqual(answer(content.encode()).stdout, expected.stdout, content)
        for encoding in ("utf-8-sig", "utf-16", "utf-32"):  # with a byte order mark
            self.assertEqual(answer(windows.encode(encoding)).stdout, expected.stdout, encoding)
        self.assertEqual(answer(b"\xfe\xff" + text.encode("utf-16-be")).stdout, expected.stdout)
        self.assertEqual(quern("run", "--temp", "0", "-n", "20", "-f", "-", stdin=windows + "\r\n").stdout,
                         expected.stdout)
        self.assertNotEqual(answer((text + "\n\n").encode()).stdout, expected.stdout)

    def test_prompt_files_that_are_no_text(self):
        path = self.directory / "prompt.txt"
        for content, found in ((b"caf\xe9", "found 0xE9, which is no UTF-8, at byte 3"),
                               ("Once".encode("utf-16-le"), "a 0 (UTF-16 without a byte order mark?"),
                               (b"\xff\xfeO", "a part of an UTF-16 unit"), (b"", "found no text"),
                               (b"\n", "found no text"), (b"\xef\xbb\xbf\r\n", "found no text")):
            path.write_bytes(content)
            self.check(quern("run", "-f", str(path)), 1, "prompt.txt", found)
        self.check(quern("run", "-f", "-", stdin=""), 1, "standard input", "found no text")
        self.check(quern("run", "-f", str(self.directory)), 1, str(self.directory), "cannot be read")
        self.check(quern("run", "-f", str(self.directory / "no.txt")), 1, "no.txt", "cannot be read")

    def test_a_prompt_through_a_pipe_without_a_name(self):
        command = f"printf 'Once upon a time\\n' | '{quern_process.QUERN}' run -f /dev/stdin --temp 0 -n 60"
        piped = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=TIMEOUT_S,
                               env=environment(), check=False)
        self.assertEqual(piped.stdout, quern(*GREEDY).stdout, piped.stderr)

    def test_statistics_go_to_stderr(self):
        result = quern(*GREEDY, "--stats")
        self.check(result, 0, "prompt tokens", "60 tokens", "length")
        self.assertEqual(result.stdout, quern(*GREEDY).stdout)

    def test_any_bytes_in_valid_utf8_out(self):
        result = quern("run", "-p", "\u00fc\u4e16\U0001f600", "--temp", "1.5", "--seed", "3", "-n", "80")
        self.check(result, 0)  # quern() decodes stdout as strict UTF-8

    def test_a_chat_turn(self):
        result = quern("run", "--chat", "-p", "Hello", "-n", "8", "--seed", "1")
        self.check(result, 0)

    def test_prompt_longer_than_the_context(self):
        result = quern("run", "-p", "word " * 20000, "-n", "4")
        self.check(result, 1, "prompt")


class Errors(QuernTest):
    def test_unknown_option(self):
        self.check(quern("run", "--tmep", "0"), 2, "--tmep: no such option; did you mean --temp?")

    def test_unknown_command(self):
        self.check(quern("severe"), 2, "severe: no such command")

    def test_unknown_variable(self):
        self.check(quern("run", "-p", "x", QUERN_TEMPERATURE="1"), 2, "QUERN_TEMPERATURE")

    def test_missing_model(self):
        self.check(quern("run", "-m", "/does/not/exist.gguf", "-p", "x"), 1, "/does/not/exist.gguf")

    def test_truncated_model(self):
        content = MODEL.read_bytes()
        for size in (0, 3, 24, 1000, len(content) // 2, len(content) - 1):
            path = self.directory / "truncated.gguf"
            path.write_bytes(content[:size])
            result = quern("run", "-m", str(path), "-p", "x")
            self.check(result, 1, "truncated.gguf")

    def test_not_a_model(self):
        path = self.directory / "noise.gguf"
        path.write_bytes(bytes(range(256)) * 64)
        self.check(quern("run", "-m", str(path), "-p", "x"), 1, "noise.gguf")

    def test_an_encoder_cannot_generate(self):
        encoder = MODEL.parents[2] / "tests" / "data" / "arch" / "bert-rerank.gguf"
        for command in (("run", "-p", "x"), ("bench",)):
            self.check(quern(*command, "-m", str(encoder)), 1, "'bert' computes embeddings and cannot generate")

    def test_unknown_isa_is_never_ignored(self):
        self.check(quern("run", "-p", "x", QUERN_FORCE_ISA="bogus"), 1, "bogus")

    def test_budget_too_small(self):
        self.check(quern("run", "-p", "x", "--memory", "100K"), 1, "memory budget")

    def test_context_beyond_the_trained_one(self):
        self.check(quern("run", "-p", "x", "--ctx", "1000000"), 1, "--ctx")

    def test_output_that_is_lost_is_not_success(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.check(quern(*GREEDY, stdout=full), 1, "standard output cannot be written")


class Help(QuernTest):
    def test_every_command_explains_itself(self):
        for command in ("serve", "run", "bench", "ctl", "synth", "inspect"):
            result = quern(command, "--help")
            self.check(result, 0)
            self.assertIn("Examples:", result.stdout)
            self.assertEqual(result.stdout, quern("help", command).stdout)

    def test_guide_and_version(self):
        self.assertIn("Start here", quern().stdout)
        self.assertRegex(quern("--version").stdout, r"^quern \d+\.\d+\.\d+, kernels:.* scalar")


class Tools(QuernTest):
    def test_bench_measures(self):
        result = quern("bench", "--json", "-p", "32", "-n", "4", "-b", "1,2", "-r", "3", "-d", "8")
        self.check(result, 0)
        report = json.loads(result.stdout)
        self.assertEqual([(line["test"], line["batch"]) for line in report["lines"]],
                         [("prefill", 1), ("decode", 1), ("decode", 2)])
        for line in report["lines"]:
            self.assertGreater(line["tokens_per_s"]["median"], 0)
        self.assertGreater(report["read_roof_gb_per_s"], 0)

    def test_bench_without_lengths_fits_the_context(self):
        result = quern("bench", "--json", "-n", "2", "-b", "1", "-r", "1")  # the embedded model has 128 positions
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual([line["n_tokens"] for line in json.loads(result.stdout)["lines"]], [128, 2])

    def test_bench_beyond_the_context(self):
        self.check(quern("bench", "-p", "1000000"), 1, "positions")

    def test_synth_writes_what_inspect_reads(self):
        path = self.directory / "tiny.gguf"
        self.check(quern("synth", "--shape", "tiny", "--quant", "f32", str(path)), 0)
        result = quern("inspect", str(path))
        self.check(result, 0)
        self.assertIn("general.architecture", result.stdout)
        self.check(quern("run", "-m", str(path), "-p", "hello", "-n", "3", "--ignore-eos"), 0)
        self.check(quern("synth", "--shape", "tiny", str(path)), 1, "tiny.gguf")


if __name__ == "__main__":
    quern_process.main()
