"""Chunked bodies: every way of cutting the bytes, and what is no chunked body."""
import unittest

from load.chunked import ChunkDecoder

BODY = b"4\r\nWiki\r\n6;name=value\r\npedia \r\nE\r\nin \r\n\r\nchunks.\r\n0\r\nTrailer: x\r\n\r\n"
TEXT = b"Wikipedia in \r\n\r\nchunks."


class ChunkDecoderTest(unittest.TestCase):
    def test_every_cut_into_pieces_of_one_size(self):
        for size in range(1, len(BODY) + 1):
            decoder = ChunkDecoder()
            got = b"".join(decoder.feed(BODY[at:at + size]) for at in range(0, len(BODY), size))
            self.assertEqual((got, decoder.done), (TEXT, True), f"pieces of {size} bytes")

    def test_it_is_not_done_before_the_last_byte(self):
        decoder = ChunkDecoder()
        self.assertEqual(decoder.feed(BODY[:-1]), TEXT)
        self.assertFalse(decoder.done)

    def test_bytes_after_the_body_are_left_alone(self):
        decoder = ChunkDecoder()
        self.assertEqual(decoder.feed(BODY + b"HTTP/1.1 200 OK"), TEXT)

    def test_what_is_no_chunked_body(self):
        for data in (b"hello\r\n", b"-1\r\n", b"\r\n", b"0x4\r\n", b"4\r\nWikipedia\r\n", b"1" * 2000):
            with self.assertRaises(ValueError, msg=data[:20]):
                ChunkDecoder().feed(data)


if __name__ == "__main__":
    unittest.main()
