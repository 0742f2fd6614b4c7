#!/usr/bin/env bash
# How long a full probe with --scan takes, beside sslscan, against one openssl s_server on loopback; and what both find.
# The gate comes first: both must list the same suites for every version. Then one interleaved run, medians.
#   benches/scan.sh [rounds]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-20}

need=(/usr/bin/sslscan sslscan /usr/bin/openssl openssl /usr/bin/python3 python3-minimal)
for ((i = 0; i < ${#need[@]}; i += 2)); do
  [ -e "${need[i]}" ] || { echo "benches/scan.sh needs ${need[i]}: apt-get install ${need[i + 1]}" >&2; exit 3; }
done
# SSTP_DIAG names a program that is built already.
bin=${SSTP_DIAG:-$PWD/target/release/sstp-diag}
[ -n "${SSTP_DIAG:-}" ] || cargo build --release --locked --quiet
work=$(mktemp -d)
port=${PORT:-18499}
trap 'kill "${server:-}" 2>/dev/null || true; rm -rf "$work"' EXIT

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key" -out "$work/crt" -days 30 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
serve() {
  [ -z "${server:-}" ] || { kill "$server"; wait "$server" 2>/dev/null || true; }
  openssl s_server -accept "127.0.0.1:$port" -cert "$work/crt" -key "$work/key" -www -quiet "$@" >/dev/null 2>&1 </dev/null &
  server=$!
  for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && return; sleep 0.05; done
  echo "openssl s_server did not come up on port $port" >&2
  exit 1
}
ours() { "$bin" probe "localhost:$port" -4 --ca "$work/crt" --until cert --scan "$@"; }
theirs() { sslscan --no-colour "$@" "localhost:$port"; }

# Suites by version, in IANA's numbers: sslscan has them in its XML.
gate() {
  ours -o json >"$work/ours.json" || true
  theirs --xml="$work/theirs.xml" >/dev/null
  python3 - "$work" "$1" <<'P'
import json, sys, xml.etree.ElementTree as et
work, name = sys.argv[1:]
scan = json.load(open(f"{work}/ours.json"))["tls_scan"]
assert scan["whole"], scan["cut"]
ours = {v["version"].replace(" ", "v"): {int(s["number"], 16) for s in v["suites"]} for v in scan["versions"] if v["suites"]}
theirs = {}
for c in et.parse(f"{work}/theirs.xml").iter("cipher"):
    theirs.setdefault(c.get("sslversion"), set()).add(int(c.get("id"), 16))
for version in sorted(set(ours) | set(theirs)):
    a, b = ours.get(version, set()), theirs.get(version, set())
    print(f"  {name}, {version}: ours {len(a)}, sslscan {len(b)}, only ours {[hex(x) for x in sorted(a - b)]}, only sslscan {[hex(x) for x in sorted(b - a)]}")
    assert a == b, "the lists differ"
P
}

race() {
  : >"$work/a"; : >"$work/b"
  for _ in $(seq "$rounds"); do
    for tool in ours theirs; do
      start=$(date +%s%N)
      $tool >/dev/null 2>&1 || true
      echo $((($(date +%s%N) - start) / 1000)) >>"$work/$([ $tool = ours ] && echo a || echo b)"
    done
  done
  python3 - "$work" "$1" <<'P'
import json, statistics, sys
work, name = sys.argv[1:]
scan = json.load(open(f"{work}/ours.json"))["tls_scan"]
a, b = ([int(l) / 1000 for l in open(f"{work}/{f}")] for f in "ab")
print(f"{name:34} {'median':>8} {'min':>8} {'max':>8} {'stdev':>8}")
for tool, v in (("sstp-diag probe --scan, ms", a), ("sslscan, ms", b)):
    print(f"  {tool:32} {statistics.median(v):8.1f} {min(v):8.1f} {max(v):8.1f} {statistics.stdev(v):8.1f}")
print(f"  sslscan / ours: {statistics.median(b) / statistics.median(a):.2f}; our scan made {scan['connections']} connections")
P
}

serve
gate "as openssl comes"
race "as openssl comes"
serve -min_protocol TLSv1 -cipher ALL:@SECLEVEL=0
gate "everything but NULL"
race "everything but NULL"
