#!/usr/bin/env bash
# Replayed sessions a second against the lab, beside SIPp's calls a second, each call on a connection of its own: over TLS where
# SIPp was built with it (Debian 12's was not), else over plain TCP, with the time of a TLS handshake by `openssl s_time` added.
# One interleaved run: every round starts each tool once. Both play a whole session: ours TLS, HTTP, SSTP, LCP, MS-CHAPv2, crypto
# binding, IPCP and Call Disconnect; SIPp INVITE, 200, ACK, BYE, 200. Every server shows the same kind of key (ECDSA P-256).
#   benches/replay.sh [sessions] [rounds] [concurrency]
set -euo pipefail
cd "$(dirname "$0")/.."
sessions=${1:-1000}
rounds=${2:-3}
concurrency=${3:-16}

for tool in sipp openssl python3; do
  command -v "$tool" >/dev/null || { echo "benches/replay.sh needs $tool; apt-get install sip-tester gives sipp" >&2; exit 3; }
done
bin=${BIN:-$PWD/target/release/sstp-diag}
[ -x "$bin" ] || cargo build --release --locked --quiet
out=$(mktemp -d)
port=${PORT:-23560}
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$out"' EXIT

# The correctness gate: a session that differs scores nothing.
"$bin" replay captures/softether-ok-tls12.pcapng --lab --ignore 'ipv4.*' --export-script "$out/call.txt" >/dev/null
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout "$out/key.pem" -out "$out/cert.pem" 2>/dev/null
if sipp -v 2>&1 | grep -q -- -TLS; then way=(-t ln -tls_cert "$out/cert.pem" -tls_key "$out/key.pem"); else way=(-t tn); fi
sipp -sn uas "${way[@]}" -i 127.0.0.1 -p "$port" -max_socket 5000 -nostdin >/dev/null 2>&1 &
openssl s_server -accept "127.0.0.1:$((port + 2))" -cert "$out/cert.pem" -key "$out/key.pem" -quiet -num_tickets 0 >/dev/null 2>&1 </dev/null &
sleep 1

for _ in $(seq "$rounds"); do
  "$bin" replay "$out/call.txt" --lab --count "$sessions" --concurrency "$concurrency" -o json >"$out/ours.json"
  python3 -c 'import json,sys; r=json.load(open(sys.argv[1])); assert r["equal"]==r["sessions"], r["reasons"]; print(r["per_second"])' "$out/ours.json" >>"$out/ours"
  start=$(date +%s%N)
  sipp -sn uac "127.0.0.1:$port" "${way[@]}" -i 127.0.0.1 -p $((port + 1)) -max_socket 5000 \
    -m "$sessions" -l "$concurrency" -r 100000 -d 0 -nostdin >"$out/sipp.log" 2>&1 || { tail -5 "$out/sipp.log" >&2; exit 1; }
  python3 -c 'import sys; print(int(sys.argv[1]) / (int(sys.argv[2]) / 1e9))' "$sessions" $(($(date +%s%N) - start)) >>"$out/sipp"
  openssl s_time -connect "127.0.0.1:$((port + 2))" -new -time 3 2>/dev/null | sed -n 's/^\([0-9]*\) connections in \([0-9]*\) real seconds.*/\1 \2/p' |
    python3 -c 'n, s = map(int, input().split()); print(n / s)' >>"$out/s_time"
done
python3 - "$out" "${way[1]}" <<'P'
import statistics, sys
rows = {t: [float(l) for l in open(f"{sys.argv[1]}/{t}")] for t in ("ours", "sipp", "s_time")}
names = {"ours": "sstp-diag replay, sessions/s", "sipp": f"sipp -t {sys.argv[2]}, calls/s", "s_time": "openssl s_time -new, handshakes/s"}
print(f"{'':34} {'median':>8} {'min':>8} {'max':>8}")
for t, v in rows.items():
    print(f"{names[t]:34} {statistics.median(v):8.1f} {min(v):8.1f} {max(v):8.1f}")
middle = {t: statistics.median(v) for t, v in rows.items()}
call = middle["sipp"] if sys.argv[2] == "ln" else 1 / (1 / middle["sipp"] + 1 / middle["s_time"])
print(f"a SIPp call over TLS, calls/s: {call:.1f}; ours to it: {middle['ours'] / call:.2f}")
P
