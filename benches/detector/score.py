"""What `decode` says of captures without keys, counted: score.py PROGRAM FOLDER CAPTURES."""
import collections
import json
import math
import os
import subprocess
import sys

BIN, FOLDER, CAPTURES = sys.argv[1:4]
ENV = {name: value for name, value in os.environ.items() if name != "SSLKEYLOGFILE"}


def wilson(hits, total, z=1.96):
    """Wilson's score interval of a share."""
    if total == 0:
        return (0.0, 1.0)
    share, square = hits / total, z * z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = z * math.sqrt(share * (1 - share) / total + square / (4 * total * total)) / (1 + square / total)
    return (max(0.0, middle - half), min(1.0, middle + half))


def decoded(path, *more):
    run = subprocess.run([BIN, "decode", path, "-o", "ndjson", "--trust", "none", *more], capture_output=True, text=True, env=ENV)
    sessions = collections.defaultdict(dict)
    capture = {}
    for line in run.stdout.splitlines():
        row = json.loads(line)
        if row["type"] == "session":
            sessions[row["session"]].update(kind=row["kind"], client=row["client"], reached=row.get("reached"))
        elif row["type"] == "message":
            sessions[row["session"]].setdefault("names", []).append((row["layer"], row["name"], row.get("says", "")))
        elif row["type"] == "summary":
            capture = row.get("capture") or {}
    return sessions, capture


def tls_flows(path):
    """Streams with at least four records of application data, by their suite's kind."""
    fields = ["-T", "fields", "-e", "tcp.stream", "-e", "tls.record.content_type", "-e", "tls.record.opaque_type", "-e", "tls.handshake.ciphersuite", "-e", "tls.handshake.type"]
    run = subprocess.run(["tshark", "-r", path, "-d", "tcp.port==1-65535,tls", "-Y", "tls", *fields], capture_output=True, text=True, env=ENV)
    data, suites = collections.Counter(), {}
    for line in run.stdout.splitlines():
        stream, kinds, opaque, suite, handshakes = (line.split("\t") + ["", "", "", ""])[:5]
        data[stream] += kinds.split(",").count("23") + opaque.split(",").count("23")
        if "2" in handshakes.split(",") and suite:
            suites[stream] = int(suite.split(",")[0], 0)
    return {stream: suites.get(stream) for stream, count in data.items() if count >= 4}


def is_cbc(suite):
    return suite is not None and suite not in range(0x1301, 0x1306) and suite in (0x2F, 0x35, 0x3C, 0x3D, 0xC013, 0xC014, 0xC027, 0xC028)


def share(hits, total):
    low, high = wilson(hits, total)
    return f"{hits}/{total} = {100 * hits / max(total, 1):.2f} % ({100 * low:.2f} to {100 * high:.2f})"


def called(session):
    """Called SSTP by its sizes; a CONNECT with SSTPVERSION before it, which names it in the clear, plays no part."""
    inferred = [text for _, kind, text in session.get("names", []) if kind.endswith("inferred")]
    return session.get("kind") == "likely-sstp" or any(text.startswith("looks like SSTP") for text in inferred)


def negatives():
    rows = []
    folder = os.path.join(FOLDER, "negative")
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        flows = tls_flows(path)
        sessions, _ = decoded(path)
        likely = [it for it in sessions.values() if called(it)]
        wrong = [text for it in likely for layer, kind, text in it.get("names", []) if kind.endswith("inferred")]
        cbc = sum(1 for suite in flows.values() if is_cbc(suite))
        rows.append((name.removesuffix(".pcap"), len(flows), cbc, len(likely), wrong))
    return rows


def positives():
    """Calls that a Call Connect Ack answered, as the keys tell; and what is said of them without."""
    rows = []
    folder = os.path.join(FOLDER, "positive")
    for name in sorted(os.listdir(folder)):
        sealed = os.path.join(folder, name)
        plain, keys = os.path.join(CAPTURES, name), os.path.join(CAPTURES, name.removesuffix(".pcapng") + ".keys")
        sessions, capture = decoded(sealed)
        likely = sum(1 for it in sessions.values() if called(it))
        if name.startswith("generated-"):
            calls = capture.get("tcp_connections", 0)
        elif name.startswith("lab-"):
            calls = 1
        elif os.path.exists(plain):
            # Keys are in the file, or beside it.
            opened, _ = decoded(plain, *(["--keylog", keys] if os.path.exists(keys) else []))
            acks = [it for it in opened.values() if any(kind == "sstp.call-connect-ack" for _, kind, _ in it.get("names", []))]
            calls = len(acks)
        else:
            calls = 0
        rows.append((name.removesuffix(".pcapng"), calls, likely, len(sessions)))
    return rows


def main():
    lost, made = negatives(), positives()
    print("| negatives | TLS flows with 4 or more data records | of them CBC | called SSTP |\n|---|---|---|---|")
    for name, flows, cbc, wrong, _ in lost:
        print(f"| {name} | {flows} | {cbc} | {wrong} |")
    natural = [row for row in lost if row[0] != "imitation"]
    flows, wrong = sum(row[1] for row in natural), sum(row[3] for row in natural)
    cbc = sum(row[2] for row in natural)
    cbc_wrong = sum(row[3] for row in natural if row[2])
    print(f"\nFalse positive rate: {share(wrong, flows)}; in captures with CBC {share(cbc_wrong, cbc)}; AEAD only {share(wrong - cbc_wrong, flows - cbc)}")
    for name, _, _, _, says in lost:
        for text in says[:3]:
            print(f"  {name}: {text}")
    groups = collections.defaultdict(lambda: [0, 0, []])
    for name, calls, likely, _ in made:
        kind = "generated" if name.startswith("generated-") else "lab, probe of our own" if name.startswith("lab-") else "recorded from peers"
        groups[kind][0] += calls
        groups[kind][1] += min(likely, calls)
        if likely < calls:
            groups[kind][2].append(f"{name} ({likely} of {calls})")
        if calls == 0 and likely:
            groups[kind][2].append(f"{name}: called SSTP, and no call was accepted in it")
    print("\n| positives: calls with a Call Connect Ack | calls | called SSTP |\n|---|---|---|")
    for kind, (calls, found, _) in groups.items():
        print(f"| {kind} | {calls} | {share(found, calls)} |")
    for kind, (_, _, missed) in groups.items():
        for name in missed:
            print(f"  {kind}: {name}")
    calls, found = sum(row[0] for row in groups.values()), sum(row[1] for row in groups.values())
    recall, rate = found / max(calls, 1), wrong / max(flows, 1)
    print(f"\nRecall: {share(found, calls)}\nPrecision on this mix: {share(found, found + wrong)}")
    upper = wilson(wrong, flows)[1]
    for prevalence in (1e-2, 1e-3, 1e-4):
        at = lambda rate: prevalence * recall / max(prevalence * recall + (1 - prevalence) * rate, 1e-12)
        print(f"Precision if one flow in {round(1 / prevalence)} is SSTP: {100 * at(rate):.1f} % at the measured rate, {100 * at(upper):.1f} % at its upper bound")


main()
