"""Server-sent events: payloads, comments, line ends, every cut."""
import unittest

from load.sse import SseParser

STREAM = (b": ping\n\n" b'data: {"a": 1}\n\n' b"event: message\ndata: one\ndata:two\nid: 7\n\n"
          b"data: \n\n" b"data: [DONE]\n\n")
PAYLOADS = [b'{"a": 1}', b"one\ntwo", b"", b"[DONE]"]


class SseParserTest(unittest.TestCase):
    def test_every_cut_and_both_line_ends(self):
        for stream in (STREAM, STREAM.replace(b"\n", b"\r\n")):
            for size in range(1, len(stream) + 1):
                parser, got = SseParser(), []
                for at in range(0, len(stream), size):
                    got += parser.feed(stream[at:at + size])
                self.assertEqual((got, parser.n_comments), (PAYLOADS, 1), f"pieces of {size} bytes")

    def test_an_event_that_has_not_ended_is_none(self):
        parser = SseParser()
        self.assertEqual(parser.feed(b"data: x\n"), [])
        self.assertEqual(parser.feed(b"\n"), [b"x"])


if __name__ == "__main__":
    unittest.main()
