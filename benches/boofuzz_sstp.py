"""A boofuzz session against an SSTP server, fresh TLS for every case: the peer of benches/mutate.sh.

   python boofuzz_sstp.py HOST PORT CASES DATABASE MODE     prints how many cases it sent and how long it took, JSON

MODE is `usual`, as its manual has it, or `tuned`: nothing is waited for longer than 50 ms, and passed cases are not kept in its
database, which is best in memory then (DATABASE under /dev/shm). Words take boofuzz's own list of values: with full_range every
case would count 65,536 of them anew, which is most of its time. It goes no further than Call Connect Request and looks at no
reaction, so it does less for a case than the programs that it is beside.
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

host, port, cases, tuned = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[5] == "tuned"

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
                Word("message-type", default_value=1, endian=">"),
                Word("num-attributes", default_value=1, endian=">"),
                Word("attribute", default_value=1, endian=">"),
                Word("attribute-length", default_value=6, endian=">"),
                Word("protocol", default_value=1, endian=">"),
            ),
        ),
    ),
)

session = Session(
    target=Target(
        connection=SSLSocketConnection(
            host, port, sslcontext=__import__("ssl")._create_unverified_context(), **({"recv_timeout": 0.05, "send_timeout": 0.05} if tuned else {})
        )
    ),
    fuzz_db_keep_only_n_pass_cases=1 if tuned else 0,
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
