"""gRPC over TLS on loopback: rpc.py PORT CERT KEY CONNECTIONS. Unary calls, streams of short messages both ways, long answers."""
import os
import random
import sys
from concurrent import futures

import grpc

PORT, CERT, KEY, CONNECTIONS = int(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4])
RANDOM = random.Random("grpc")


def answer(request, _context):
    return os.urandom(int.from_bytes(request[:4], "big"))


def chat(requests, _context):
    for request in requests:
        yield os.urandom(int.from_bytes(request[:4], "big"))


HANDLERS = grpc.method_handlers_generic_handler(
    "lab.Lab", {"Ask": grpc.unary_unary_rpc_method_handler(answer), "Chat": grpc.stream_stream_rpc_method_handler(chat)}
)


def said(least, most, answered):
    """A message of so many bytes that wants so many back."""
    return answered.to_bytes(4, "big") + os.urandom(max(RANDOM.randint(least, most) - 4, 0))


def connection(credentials, number):
    """What one client does; a third of them unary, a third chat, a third fetch."""
    # A channel of its own: otherwise they share a connection.
    options = [("grpc.use_local_subchannel_pool", 1), ("lab.number", number)]
    with grpc.secure_channel(f"localhost:{PORT}", credentials, options) as channel:
        ask, talk = channel.unary_unary("/lab.Lab/Ask"), channel.stream_stream("/lab.Lab/Chat")
        if number % 3 == 0:
            for _ in range(RANDOM.randint(1, 30)):
                ask(said(4, 60, RANDOM.randint(1, 130)))
        elif number % 3 == 1:
            for _ in talk(iter([said(4, 60, RANDOM.randint(1, 60)) for _ in range(RANDOM.randint(5, 60))])):
                pass
        else:
            for _ in range(RANDOM.randint(1, 10)):
                ask(said(4, 400, RANDOM.randint(100, 60000)))


def main():
    with open(KEY, "rb") as key, open(CERT, "rb") as cert:
        pair = (key.read(), cert.read())
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    server.add_generic_rpc_handlers((HANDLERS,))
    server.add_secure_port(f"127.0.0.1:{PORT}", grpc.ssl_server_credentials((pair,)))
    server.start()
    credentials = grpc.ssl_channel_credentials(root_certificates=pair[1])
    for number in range(CONNECTIONS):
        connection(credentials, number)
    server.stop(0.5).wait()


main()
