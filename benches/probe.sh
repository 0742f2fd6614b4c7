#!/usr/bin/env bash
# How long one probe takes, beside openssl s_client and nmap's sstp-discover, against one SoftEther server on loopback.
# One interleaved run: every round starts each tool once. Prints medians and spread, peak memory, start-up and size.
#   benches/probe.sh [rounds]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-20}

for tool in openssl nmap hyperfine python3 /usr/bin/time; do
  command -v "$tool" >/dev/null || { echo "benches/probe.sh needs $tool; tests/run.sh installs what the tests need, apt-get install time hyperfine nmap gives the rest" >&2; exit 3; }
done
cargo build --release --locked --quiet
bin=$PWD/target/release/sstp-diag

tests/peers/up.sh >/dev/null
trap '[ -n "${KEEP_PEERS:-}" ] || tests/peers/down.sh >/dev/null 2>&1 || true' EXIT
# shellcheck disable=SC1091
. "${RIG_DIR:-${TMPDIR:-/tmp}/sstp-diag-rig-${RIG_BASE:-18400}}/env"
target=localhost:$SOFTETHER

# The correctness gate: a tool that finds nothing scores nothing.
"$bin" probe "$target" --ca "$CA" --until sstp -o json | python3 -c 'import json,sys; r=json.load(sys.stdin); assert [l for l in r["layers"] if l["layer"]=="sstp"][0]["state"]=="ok", r["stopped_at"]'
nmap -p "$SOFTETHER" --script +sstp-discover localhost | grep -q 'SSTP is supported'
openssl s_client -connect "$target" -servername localhost -CAfile "$CA" </dev/null 2>/dev/null | grep -q 'Verify return code: 0'

out=$(mktemp -d)
for _ in $(seq "$rounds"); do
  for tool in ours s_client nmap; do
    case $tool in
      ours) set -- "$bin" probe "$target" --ca "$CA" --until sstp ;;
      s_client) set -- openssl s_client -connect "$target" -servername localhost -CAfile "$CA" ;;
      nmap) set -- nmap -n -Pn -p "$SOFTETHER" --script +sstp-discover 127.0.0.1 ;;
    esac
    start=$(date +%s%N)
    "$@" </dev/null >/dev/null 2>&1 || true
    echo $((($(date +%s%N) - start) / 1000)) >>"$out/$tool"
  done
done
python3 - "$out" <<'P'
import statistics, sys
rows = {t: [int(l) / 1000 for l in open(f"{sys.argv[1]}/{t}")] for t in ("ours", "s_client", "nmap")}
names = {"ours": "sstp-diag probe --until sstp", "s_client": "openssl s_client", "nmap": "nmap --script +sstp-discover"}
print(f"{'one cold process, wall, ms':32} {'median':>8} {'min':>8} {'max':>8} {'stdev':>8}")
for t, v in rows.items():
    print(f"{names[t]:32} {statistics.median(v):8.1f} {min(v):8.1f} {max(v):8.1f} {statistics.stdev(v):8.1f}")
ours = statistics.median(rows["ours"])
print(f"s_client / ours: {statistics.median(rows['s_client']) / ours:.2f}   nmap / ours: {statistics.median(rows['nmap']) / ours:.2f}")
P
echo
echo "start-up (--version):"
hyperfine -N --warmup 5 --runs 100 --style none "$bin --version" --export-json "$out/v.json" >/dev/null 2>&1
python3 -c 'import json,sys; r=json.load(open(sys.argv[1]))["results"][0]; print("  median %.2f ms, min %.2f ms, max %.2f ms" % (r["median"]*1e3, r["min"]*1e3, r["max"]*1e3))' "$out/v.json"
peak() { /usr/bin/time -f %M -o "$out/rss" "$@" </dev/null >/dev/null 2>&1 || true; echo "$(tail -n 1 "$out/rss") kB"; }
echo "peak memory: probe to Call Connect Ack $(peak "$bin" probe "$target" --ca "$CA" --until sstp), to teardown $(peak "$bin" probe "$target" --ca "$CA" --user alice --password-file "$PASSWORD")"
echo "             with the system's roots $(peak "$bin" probe "$target" --trust system --until sstp), probe --lab $(peak "$bin" probe --lab)"
echo "binary: $(stat -c %s "$bin") bytes"
rm -rf "$out"
