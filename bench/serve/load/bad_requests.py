"""Requests that no client should send, and the statuses a server may answer them with. No answer but a closed connection
is fine too; a 500 or a hang is not."""
import json


def _post(body, path="/v1/completions", headers=b"Content-Type: application/json\r\n"):
    head = b"POST %s HTTP/1.1\r\nHost: localhost\r\n%sContent-Length: %d\r\n\r\n" % (path.encode(), headers, len(body))
    return head + body


def _fields(**fields):
    return _post(json.dumps({"prompt": "to do", "max_tokens": 2, **fields}).encode())


BAD_REQUESTS = {  # name -> (bytes, whether a reply is due)
    "no JSON": (_post(b"{"), True),
    "JSON of another kind": (_post(b"[1, 2]"), True),
    "invalid UTF-8": (_post(b'{"prompt": "\xff\xfe"}'), True),
    "deep nesting": (_post(b"[" * 5000 + b"]" * 5000), True),
    "key twice": (_post(b'{"prompt": "a", "prompt": "b"}'), True),
    "prompt of a wrong type": (_fields(prompt={"a": 1}), True),
    "token out of range": (_fields(prompt=[2**31]), True),
    "negative max_tokens": (_fields(max_tokens=-1), True),
    "max_tokens beyond any integer": (_fields(max_tokens=10**30), True),
    "n out of range": (_fields(n=10**6), True),
    "temperature not finite": (_post(b'{"prompt": "a", "temperature": 1e999}'), True),
    "too many stops": (_fields(stop=["x"] * 1000), True),
    "a prompt too long": (_fields(prompt="time " * 200000), True),
    "unknown path": (_post(b"{}", path="/v1/nothing"), True),
    "no content type": (_post(b"{}", headers=b""), True),
    "foreign origin": (_post(b"{}", headers=b"Content-Type: application/json\r\nOrigin: http://evil.example\r\n"), True),
    "header too large": (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 100000 + b"\r\n\r\n", True),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)), False),
    "two lengths": (b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 9\r\n\r\n"
                    b"abcde", False),
    "bad chunk": (b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                  b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n", False),
    "half a header": (b"POST /v1/completions HT", False),
    "half a body": (_post(b'{"prompt": "a"}')[:-6], False),
}
