#!/usr/bin/env bash
# Cases a second: ours with a connection for every variant, ours in an open session, boofuzz with fresh TLS for every case (as its manual
# has it, and tuned: benches/boofuzz_sstp.py), all against the same lab in a process of its own; TLS handshakes a second of openssl to an
# openssl server, which nobody who makes one for every case can be faster than by much; and spoilt messages parsed a second in process.
# One interleaved run: every round runs each once.
# A run counts only when it passes its gate: the seeded defect is found, the sound lab is quiet, and boofuzz was answered.
#   benches/mutate.sh [cases in a session] [rounds] [cases of boofuzz]
# PYTHON: an interpreter with boofuzz (pip install boofuzz); without one its column is left out.
set -euo pipefail
cd "$(dirname "$0")/.."
cases=${1:-200000}
rounds=${2:-3}
slow=${3:-200}
bin=${BIN:-$PWD/target/release/sstp-diag}
[ -x "$bin" ] || cargo build --release --locked --quiet
python=${PYTHON:-python3}
out=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$out"' EXIT

# The gate: a defect that only shows in an open session is found there, and one that needs a connection of its own.
"$bin" mutate --lab --bug bad-ppp-ends --in-session --budget 500 -o json >"$out/gate.json" || [ $? = 1 ]
"$bin" mutate --lab --bug nonce-unchecked --select binding/ -o json >"$out/gate2.json" || [ $? = 1 ]
python3 - "$out" <<'P'
import json, sys
for name in ("gate", "gate2"):
    page = json.load(open(f"{sys.argv[1]}/{name}.json"))
    assert page["findings"], f"{name}: the seeded defect is not found"
P

TMPDIR=$out "$bin" lab >"$out/lab" 2>&1 &
for _ in $(seq 50); do grep -q Listening "$out/lab" && break; sleep 0.1; done
at=$(sed -n 's/^Listening *\([^,]*\).*/\1/p' "$out/lab")
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout "$out/key.pem" -out "$out/cert.pem" 2>/dev/null
tls=${PORT:-23570}
openssl s_server -accept "127.0.0.1:$tls" -cert "$out/cert.pem" -key "$out/key.pem" -quiet -num_tickets 0 >/dev/null 2>&1 </dev/null &
with_boofuzz=no
"$python" -c 'import boofuzz' 2>/dev/null && with_boofuzz=yes

quiet() { python3 -c 'import json,sys; p=json.load(open(sys.argv[1])); assert not p["findings"], p["findings"]; print(p["cases"]/p["seconds"])' "$1"; }
for round in $(seq "$rounds"); do
  "$bin" mutate --lab-session --to "$at" --in-session --budget "$cases" --seed "$round" -o json >"$out/r.json"; quiet "$out/r.json" >>"$out/session"
  "$bin" mutate --lab-session --to "$at" --budget 3000 --concurrency 64 --seed "$round" -o json >"$out/r.json"; quiet "$out/r.json" >>"$out/single"
  "$bin" mutate --self --budget 4000000 --seed "$round" -o json |
    python3 -c 'import json,sys; p=json.load(sys.stdin); assert not p["panics"]; print(p["parses_per_second"])' >>"$out/inward"
  openssl s_time -connect "127.0.0.1:$tls" -new -time 3 2>/dev/null | sed -n 's/^\([0-9]*\) connections in \([0-9]*\) real seconds.*/\1 \2/p' |
    python3 -c 'n, s = map(int, input().split()); print(n / s)' >>"$out/handshakes"
  if [ "$with_boofuzz" = yes ]; then
    for mode in usual tuned; do
      db=$out/boofuzz.$round.db
      [ "$mode" = usual ] || db=/dev/shm/sstp-diag-boofuzz-$$.db
      (cd "$out" && "$python" "$OLDPWD/benches/boofuzz_sstp.py" "${at%:*}" "${at##*:}" "$slow" "$db" "$mode" 2>/dev/null |
        tail -1 | python3 -c 'import json,sys; print(json.load(sys.stdin)["per_second"])') >>"$out/$mode"
      rm -f "$db"
    done
  fi
done
python3 - "$out" <<'P'
import os, statistics, sys
names = {
    "session": "mutate, in an open session, cases/s",
    "single": "mutate, a connection each, cases/s",
    "usual": "boofuzz as usual, fresh TLS, cases/s",
    "tuned": "boofuzz tuned, fresh TLS, cases/s",
    "handshakes": "openssl s_time -new, handshakes/s",
    "inward": "mutate --self, parses/s",
}
rows = {t: [float(l) for l in open(f"{sys.argv[1]}/{t}")] for t in names if os.path.exists(f"{sys.argv[1]}/{t}")}
print(f"{'':38} {'median':>10} {'min':>10} {'max':>10}")
for t, v in rows.items():
    print(f"{names[t]:38} {statistics.median(v):10.0f} {min(v):10.0f} {max(v):10.0f}")
for mode in ("usual", "tuned"):
    if mode in rows:
        peer = statistics.median(rows[mode])
        session, single = statistics.median(rows["session"]) / peer, statistics.median(rows["single"]) / peer
        print(f"to boofuzz {mode}: in a session {session:.0f} times, a connection each {single:.1f} times")
if "usual" not in rows:
    print("boofuzz is not here: pip install boofuzz, and PYTHON names its interpreter")
P
