"""The client against a fake server: streams however they are cut, refusals, hang-ups, aborts, both kinds of sockets."""
import asyncio
import json
import unittest

from fake_server import STREAM_HEAD, FakeServer, chunk, event, text_event
from load.server import Server

ANSWER = [text_event("Once"), text_event(" upon"), text_event("", "length"),
          event(choices=[], usage={"prompt_tokens": 3, "completion_tokens": 2,
                                   "prompt_tokens_details": {"cached_tokens": 1}}),
          b"data: [DONE]\n\n"]
END = chunk(b"")


def client(fake, **options):
    return Server(fake.address, model="m", **options)


class StreamTest(unittest.IsolatedAsyncioTestCase):
    async def complete(self, pieces, unix=False, **more):
        async with FakeServer(pieces, unix) as fake:
            outcome = await client(fake).complete("to do", 2, **more)
            self.fake = fake
            return outcome

    async def test_a_stream(self):
        for unix in (False, True):
            pieces = [STREAM_HEAD] + [piece for part in ANSWER for piece in (chunk(part), 0.005)] + [END]
            outcome = await self.complete(pieces, unix)
            self.assertIsNone(outcome.error)
            self.assertTrue(outcome.complete)
            self.assertEqual((outcome.text, outcome.n_tokens, outcome.cached_tokens), ("Once upon", 2, 1))
            self.assertEqual(outcome.finish_reasons, ["length"])
            self.assertEqual(len(outcome.gaps_s), 1)
            self.assertGreaterEqual(outcome.gaps_s[0], 0)  # 0 where a slow reader got both at once
            self.assertGreater(outcome.ttft_s, 0)

    async def test_a_stream_byte_by_byte(self):
        whole = STREAM_HEAD + b"".join(chunk(part) for part in ANSWER) + END
        outcome = await self.complete([whole[i:i + 1] for i in range(len(whole))])
        self.assertEqual((outcome.complete, outcome.text), (True, "Once upon"))

    async def test_chat_deltas_and_a_comment(self):
        parts = [b": ping\n\n", event(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}]),
                 event(choices=[{"index": 0, "delta": {"content": "Hi"}}]),
                 event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}]), b"data: [DONE]\n\n"]
        outcome = await self.complete([STREAM_HEAD, chunk(b"".join(parts)) + END])
        self.assertEqual((outcome.complete, outcome.text, outcome.n_tokens), (True, "Hi", 1))  # no usage: events with text

    async def test_what_is_sent(self):
        await self.complete([STREAM_HEAD, END], key="alice", seed=7, max_itl_ms=None)
        head, body = self.fake.requests[0]
        self.assertTrue(head.startswith(b"POST /v1/completions HTTP/1.1\r\n"))
        self.assertIn(b"Authorization: Bearer alice\r\n", head)
        sent = json.loads(body)
        self.assertEqual((sent["prompt"], sent["max_tokens"], sent["seed"], sent["stream"]), ("to do", 2, 7, True))
        self.assertNotIn("max_itl_ms", sent)

    async def test_a_refusal(self):
        body = b'{"error": {"message": "the queue is full"}}'
        head = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 1\r\nContent-Length: %d\r\n\r\n" % len(body)
        outcome = await self.complete([head, body])
        self.assertEqual((outcome.status, outcome.headers["retry-after"]), (429, "1"))
        self.assertEqual((outcome.complete, outcome.error), (False, "429: the queue is full"))

    async def test_a_stream_that_breaks_off(self):
        outcome = await self.complete([STREAM_HEAD, chunk(ANSWER[0])])
        self.assertIn("closed in the middle", outcome.error)
        outcome = await self.complete([STREAM_HEAD, chunk(ANSWER[0]), END])
        self.assertIn("without [DONE]", outcome.error)

    async def test_an_error_in_mid_stream(self):
        outcome = await self.complete([STREAM_HEAD, chunk(ANSWER[0] + event(error={"message": "cancelled"})), END])
        self.assertEqual((outcome.complete, outcome.error), (False, "in mid-stream: cancelled"))

    async def test_no_http_and_no_server(self):
        self.assertIn("HttpError", (await self.complete([b"SSH-2.0-OpenSSH\r\n\r\n"])).error)
        self.assertIn("HttpError", (await self.complete([])).error)
        self.assertIn("ConnectionRefusedError", (await client(self.fake).complete("x", 1)).error)

    async def test_a_cancelled_task_closes_the_connection(self):
        async with FakeServer([STREAM_HEAD] + [chunk(ANSWER[0]), 0.01] * 300) as fake:
            outcome, task = client(fake).start("x", 300)
            while not outcome.events:
                await asyncio.sleep(0.005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            for _ in range(200):
                if fake.n_hung_up:
                    break
                await asyncio.sleep(0.01)
        self.assertEqual((fake.n_hung_up, outcome.aborted, outcome.error), (1, True, None))

    async def test_stop_after_some_events(self):
        outcome = await self.complete([STREAM_HEAD] + [chunk(ANSWER[0]), 0.002] * 20, stop_after=2)
        self.assertTrue(outcome.aborted)
        self.assertIsNone(outcome.error)


class FittingTest(unittest.TestCase):
    def test_prompt_and_answer_fit(self):
        server = Server(None)
        self.assertEqual(server.fitting(900, 100), (900, 100))  # the context is not known
        server.n_ctx, server.tokens_per_word = 128, 3
        for n_words, n_tokens in ((900, 8), (1, 1500), (900, 900), (10, 10)):
            words, tokens = server.fitting(n_words, n_tokens)
            self.assertLessEqual(words * 3 + tokens, 128)
            self.assertTrue(1 <= words <= n_words and 1 <= tokens <= n_tokens)
        self.assertEqual(server.fitting(10, 10), (10, 10))


if __name__ == "__main__":
    unittest.main()
