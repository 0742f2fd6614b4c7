"""A boofuzz session against an SSTP server, fresh TLS for every case: the peer of benches/mutate.sh.

   python boofuzz_sstp.py HOST PORT CASES     prints how many cases it sent and how long it took, JSON
"""

import json
import sys
import time

from boofuzz import (
    Block,
    FuzzLoggerText,
    Request,
    Session,
    SSLSocketConnection,
    Static,
    Target,
    Word,
)

import io

host, port, cases = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

head = Request(
    "http",
    children=(
        Static(
            "head",
            b"SSTP_DUPLEX_POST /sra_{BA195980-CD49-458b-9E23-C84EE0ADCD75}/ HTTP/1.1\r\n"
            b"Host: localhost\r\nContent-Length: 18446744073709551615\r\n\r\n",
        ),
    ),
)
request = Request(
    "connect-request",
    children=(
        Block(
            "packet",
            children=(
                Static("header", b"\x10\x01\x00\x0e"),
                Word("message-type", default_value=1, endian=">", full_range=True),
                Word("num-attributes", default_value=1, endian=">", full_range=True),
                Word("attribute", default_value=1, endian=">", full_range=True),
                Word("attribute-length", default_value=6, endian=">", full_range=True),
                Word("protocol", default_value=1, endian=">", full_range=True),
            ),
        ),
    ),
)

session = Session(
    target=Target(connection=SSLSocketConnection(host, port, sslcontext=__import__("ssl")._create_unverified_context())),
    fuzz_loggers=[FuzzLoggerText(file_handle=io.StringIO())],
    web_port=None,
    sleep_time=0,
    receive_data_after_each_request=True,
    check_data_received_each_request=False,
    reuse_target_connection=False,
    index_start=1,
    index_end=cases,
    db_filename=sys.argv[4],
)
session.connect(head)
session.connect(head, request)
began = time.monotonic()
session.fuzz()
took = time.monotonic() - began
print(json.dumps({"cases": session.num_cases_actually_fuzzed, "seconds": took, "per_second": session.num_cases_actually_fuzzed / took}))
