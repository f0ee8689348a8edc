"""Connections that ask for a stream and then read slowly or not at all: plain sockets, so that they cost the client nothing.

Small receive buffers make the server's writes block early. Opening blocks the event loop: open before you measure.
"""
import socket

RECEIVE_BUFFER_BYTES = 2304  # the least that Linux grants
NOTHING = "nothing yet"


class Sleepers:
    def __init__(self, address):
        self.address = address
        self.sockets = []
        self.refused = 0  # no connection, or hung up on

    def open(self, request):
        sock = socket.socket(self.address.family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
            sock.settimeout(10)
            sock.connect(self.address.target)
            sock.sendall(request)
            sock.setblocking(False)
            self.sockets.append(sock)
        except OSError:
            sock.close()
            self.refused += 1

    def sip(self, n_bytes=512, every=1):
        """Every `every`-th connection reads a little. Those that ended are closed; -> bytes read."""
        total, gone = 0, []
        for sock in self.sockets[::every]:
            try:
                data = sock.recv(n_bytes)
                total += len(data)
                if not data:
                    gone.append(sock)
            except BlockingIOError:
                pass
            except OSError:
                gone.append(sock)
        for sock in gone:
            sock.close()
            self.sockets.remove(sock)
        return total

    def heads(self):
        """-> {status line: count} of what has arrived, without taking it out."""
        counts = {}
        for sock in self.sockets:
            try:
                line = sock.recv(64, socket.MSG_PEEK).split(b"\r\n")[0].decode("latin-1")
            except OSError:
                line = NOTHING
            counts[line] = counts.get(line, 0) + 1
        return counts

    def close(self):
        for sock in self.sockets:
            sock.close()
        self.sockets.clear()
