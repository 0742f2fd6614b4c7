#!/usr/bin/env bash
# Cases a second: ours with a connection for every variant, ours in an open session, boofuzz with fresh TLS for every case, all against
# the same lab in a process of its own; and spoilt messages parsed a second in process. One interleaved run: every round runs each once.
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
with_boofuzz=no
"$python" -c 'import boofuzz' 2>/dev/null && with_boofuzz=yes

quiet() { python3 -c 'import json,sys; p=json.load(open(sys.argv[1])); assert not p["findings"], p["findings"]; print(p["cases"]/p["seconds"])' "$1"; }
for round in $(seq "$rounds"); do
  "$bin" mutate --lab-session --to "$at" --in-session --budget "$cases" --seed "$round" -o json >"$out/r.json"; quiet "$out/r.json" >>"$out/session"
  "$bin" mutate --lab-session --to "$at" --budget 500 --concurrency 4 --seed "$round" -o json >"$out/r.json"; quiet "$out/r.json" >>"$out/single"
  "$bin" mutate --self --budget 4000000 --seed "$round" -o json |
    python3 -c 'import json,sys; p=json.load(sys.stdin); assert not p["panics"]; print(p["parses_per_second"])' >>"$out/inward"
  if [ "$with_boofuzz" = yes ]; then
    (cd "$out" && "$python" "$OLDPWD/benches/boofuzz_sstp.py" "${at%:*}" "${at##*:}" "$slow" "$out/boofuzz.$round.db" 2>/dev/null |
      tail -1 | python3 -c 'import json,sys; print(json.load(sys.stdin)["per_second"])') >>"$out/boofuzz"
  fi
done
python3 - "$out" <<'P'
import os, statistics, sys
names = {
    "session": "mutate, in an open session, cases/s",
    "single": "mutate, a connection each, cases/s",
    "boofuzz": "boofuzz, fresh TLS each, cases/s",
    "inward": "mutate --self, parses/s",
}
rows = {t: [float(l) for l in open(f"{sys.argv[1]}/{t}")] for t in names if os.path.exists(f"{sys.argv[1]}/{t}")}
print(f"{'':38} {'median':>10} {'min':>10} {'max':>10}")
for t, v in rows.items():
    print(f"{names[t]:38} {statistics.median(v):10.0f} {min(v):10.0f} {max(v):10.0f}")
if "boofuzz" in rows:
    peer = statistics.median(rows["boofuzz"])
    print(f"in a session to boofuzz: {statistics.median(rows['session']) / peer:.0f} times; a connection each: {statistics.median(rows['single']) / peer:.1f} times")
else:
    print("boofuzz is not here: pip install boofuzz, and PYTHON names its interpreter")
P
