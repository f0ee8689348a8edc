"""What the workloads decide without a server: the gaps of the intruder, the options of a spawned server, nonces."""
import argparse
import json
import unittest

import workloads
from load.outcome import Outcome
from load.process import merged_options, rss_bytes
from load.prompts import Prompts
from workloads import nonce
from workloads.intruder import gaps_between
from workloads.nonce import NONCE


class WorkloadsTest(unittest.TestCase):
    def test_every_workload_has_what_run_py_needs(self):
        for name, module in workloads.ALL.items():
            module.add_options(argparse.ArgumentParser())
            self.assertTrue(module.__doc__ and isinstance(module.SERVER, dict) and callable(module.run), name)

    def test_a_gap_that_reaches_into_the_window_counts(self):
        outcome = Outcome(0)
        outcome.events = [(at, b'{"choices": [{"text": "x"}]}') for at in (1.0, 2.0, 5.0, 6.0, 7.5)]
        self.assertEqual(gaps_between([outcome], 3.0, 5.5), [3.0, 1.0])

    def test_options_of_the_user_win(self):
        defaults = {"--parallel": "8", "--ctx": "64"}
        self.assertEqual(merged_options(defaults, ""), ["--parallel", "8", "--ctx", "64"])
        self.assertEqual(merged_options(defaults, "--parallel 2 -c 32"), ["--parallel", "2", "-c", "32"])

    def test_nonces_are_found_wherever_they_stand(self):
        made = [Prompts(seed).nonce() for seed in range(50)]
        self.assertEqual(len(set(made)), 50)
        for one in made:
            self.assertIn(one, NONCE.findall(f"ab{one}cd"))

    def test_a_foreign_nonce_is_noticed(self):
        for text, wrong in (("well a1b2c3d4 well", []), ("well b1b2 c3d4 well", [7])):
            work = nonce.Run.__new__(nonce.Run)
            work.owner = {"a1b2c3d4": 7, "b1b2c3d4": 3}
            work.foreign, work.wrong_ids, work.failed = [], [], []
            work.n_aborted = 0
            outcome = Outcome(0)
            outcome.events = [(0.0, json.dumps({"choices": [{"text": text}]}).encode())]
            outcome.aborted = True
            outcome.headers = {"x-request-id": "nonce-b1b2c3d4"}
            work.look(7, "a1b2c3d4", "", outcome)
            self.assertEqual((work.foreign, work.wrong_ids), (wrong, [7]))

    def test_a_refusal_after_a_long_wait_is_one(self):
        full = b'{"error": {"message": "the queue is full", "type": "rate_limit_error"}}'
        text, broken = b'{"choices": [{"text": "x"}]}', b'{"error": {"message": "broken", "type": "server_error"}}'
        for status, events, refused in ((429, [], True), (200, [full], True), (200, [text, full], False),
                                        (200, [broken], False), (200, [text], False), (503, [], False)):
            outcome = Outcome(0)
            outcome.status = status
            outcome.events = [(0.0, event) for event in events]
            self.assertIs(outcome.refused, refused, (status, events))

    def test_memory_of_a_process_that_is_not(self):
        self.assertIsNone(rss_bytes(2**22 + 1))


if __name__ == "__main__":
    unittest.main()
