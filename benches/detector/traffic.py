"""Other things in TLS over loopback: traffic.py KIND PORT CERT KEY FLOWS. Both ends run here; sizes come from a fixed seed."""
import asyncio
import os
import random
import ssl
import sys

KIND, PORT, CERT, KEY, FLOWS = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4], int(sys.argv[5])
CBC = KIND.endswith("-cbc")
RANDOM = random.Random(KIND)


def contexts():
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(CERT, KEY)
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_mode = ssl.CERT_NONE
    if CBC:
        for context in (server, client):
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("AES128-SHA256:AES256-SHA:@SECLEVEL=0")
    return server, client


# Each message is two bytes of length and so many bytes; the client says how long the answer has to be.
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readexactly(4)
            length, answer = int.from_bytes(head[:2], "big"), int.from_bytes(head[2:], "big")
            await reader.readexactly(length - 4)
            if KIND == "long-polling":
                await asyncio.sleep(RANDOM.uniform(0.01, 0.1))
            if answer:
                writer.write(os.urandom(answer))
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
        pass
    writer.close()


async def say(reader, writer, length, answer):
    length = max(length, 4)
    writer.write(length.to_bytes(2, "big") + answer.to_bytes(2, "big") + os.urandom(length - 4))
    await writer.drain()
    if answer:
        await reader.readexactly(answer)
    else:
        await asyncio.sleep(0.001)


def plan():
    """Lengths of what the client says and of what it is answered, message by message."""
    kind, pick = KIND.removesuffix("-cbc"), RANDOM.randint
    if kind == "websocket":
        # The upgrade, then small frames both ways: 2 to 14 bytes of header.
        return [(pick(160, 420), pick(129, 190))] + [(pick(6, 130), pick(0, 1) * pick(2, 130)) for _ in range(pick(5, 60))]
    if kind == "long-polling":
        return [(pick(150, 450), pick(90, 400)) for _ in range(pick(3, 12))]
    if kind == "chat":
        return [(pick(8, 64), pick(0, 3) and pick(8, 64)) for _ in range(pick(10, 80))]
    if kind == "http-chat":
        # The nastiest: request and response as long as those of SSTP, then messages of 8 to 64 bytes.
        return [(pick(171, 520), pick(90, 400))] + [(pick(8, 64), pick(0, 3) and pick(8, 64)) for _ in range(pick(10, 80))]
    if kind == "lines":
        # Mail and the like: short commands, answers of one line or many.
        return [(pick(6, 40), pick(20, 90)) for _ in range(4)] + [(pick(10, 60), pick(30, 3000)) for _ in range(pick(3, 30))]
    if kind == "imitation":
        # Somebody who makes the four sizes on purpose, without the 112 bytes.
        return [(200, 120), (14, 48)] + [(pick(8, 40), pick(8, 40)) for _ in range(12)]
    raise SystemExit(f"{KIND} is no kind of traffic")


async def flow(context, gate):
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", PORT, ssl=context, server_hostname="localhost")
        for length, answer in plan():
            await say(reader, writer, length, answer)
        writer.close()


async def main():
    server, client = contexts()
    listener = await asyncio.start_server(serve, "127.0.0.1", PORT, ssl=server)
    gate = asyncio.Semaphore(8)
    await asyncio.gather(*(flow(client, gate) for _ in range(FLOWS)), return_exceptions=True)
    listener.close()


asyncio.run(main())
