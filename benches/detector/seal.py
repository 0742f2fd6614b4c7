"""A pcapng without its keys: seal.py IN OUT. Decryption Secrets Blocks are left out, everything else stays."""
import struct
import sys

SECRETS = 0x0000000A

source = open(sys.argv[1], "rb").read()
at, order, kept = 0, "<", []
while at + 12 <= len(source):
    if source[at : at + 4] == b"\x0a\x0d\x0d\x0a":
        order = "<" if source[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
    kind, length = struct.unpack(order + "II", source[at : at + 8])
    if length < 12:
        break
    if kind != SECRETS:
        kept.append(source[at : at + length])
    at += length
open(sys.argv[2], "wb").write(b"".join(kept))
