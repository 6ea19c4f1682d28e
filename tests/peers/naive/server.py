# SPDX-License-Identifier: MIT
# One connection after the other; on SIGTERM it closes and exits, whatever waits in its accept queue.
import os
import select
import signal
import socket
import sys

host, port = sys.argv[1].rsplit(":", 1)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind((host, int(port)))
listener.listen(1024)

woken, wake = os.pipe()
signal.signal(signal.SIGTERM, lambda *_: os.write(wake, b"x"))
release = os.environ["ROLL_RELEASE"]
answer = f"HTTP/1.1 200 OK\r\nX-Release: {release}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n".encode()

while woken not in select.select([listener, woken], [], [])[0]:
    connection = listener.accept()[0]
    request = b""
    while b"\r\n\r\n" not in request:
        piece = connection.recv(4096)
        if not piece:
            break
        request += piece
    else:
        connection.sendall(answer)
    connection.close()
listener.close()
