#!/usr/bin/env bash
# `sstp-diag decode` beside tshark and capinfos on the same generated captures, in one run: time, memory, size of the output.
# The correctness gate comes first: every packet and every call must be counted. Rounds are interleaved; the best of all rounds counts,
# by the clock and in processor time (user and system), which says more where other work runs beside it.
#   benches/decode.sh [rounds] [folder]
set -euo pipefail
cd "$(dirname "$0")/.."
rounds=${1:-3}
folder=${2:-$(mktemp -d)}
mkdir -p "$folder"
for tool in tshark capinfos python3 /usr/bin/time; do
  command -v "$tool" >/dev/null || { echo "benches/decode.sh needs $tool: apt-get install tshark time python3-minimal" >&2; exit 3; }
done
cargo build --release --locked --quiet
bin=$PWD/target/release/sstp-diag
cargo bench --locked --quiet --bench floor --no-run
floor=$(find target/release/deps -maxdepth 1 -name 'floor-*' -type f -perm -u+x -printf '%T@ %p\n' | sort -n | tail -n 1 | cut -d' ' -f2)

make() { [ -s "$folder/$1" ] || "$bin" generate "${@:2}" -o "$folder/$1" >/dev/null; }
make sessions.pcapng sessions --count 2000
make bulk60.pcapng bulk --packets 60000 --size 1000
make bulk1g.pcapng bulk --bytes 1G --size 1400 --suite tls13-aes256 --offload
make plain1g.pcapng plain --bytes 1G

# The gate. What the generator made is what must be found.
gate() { # FILE SESSIONS DATA_PACKETS_AT_LEAST
  "$bin" decode "$folder/$1" -o json --trust none >"$folder/gate.json"
  python3 - "$folder/gate.json" "$1" "$2" "$3" <<'P'
import json, sys
report, name, calls, packets = json.load(open(sys.argv[1])), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
sessions = report["sessions"]
seen = sum(t["packets"] for s in sessions for t in (s.get("traffic") or {}).values())
assert len(sessions) == calls, f"{name}: {len(sessions)} calls"
assert seen >= packets, f"{name}: {seen} data packets of {packets}"
assert not any(f["severity"] == "fail" for s in sessions for f in s["findings"]), name
print(f"gate {name}: {calls} calls, {seen} data packets counted")
P
}
gate sessions.pcapng 2000 4000
gate bulk60.pcapng 1 60000
gate bulk1g.pcapng 1 700000

# run NAME COMMAND...: one run, its processor time, wall time and peak memory as a line in times/NAME.
mkdir -p "$folder/times" && rm -f "$folder"/times/*
run() { /usr/bin/time -a -o "$folder/times/$1" -f '%U %S %e %M' "${@:2}" >"$folder/out.$1" 2>/dev/null || true; }
for _ in $(seq "$rounds"); do
  run ours-sessions "$bin" decode "$folder/sessions.pcapng" --trust none
  run tshark-sessions tshark -r "$folder/sessions.pcapng" -Y sstp -T fields -e sstp.messagetype
  run ours-bulk60 "$bin" decode "$folder/bulk60.pcapng" --trust none
  run ours-bulk1g "$bin" decode "$folder/bulk1g.pcapng" --trust none
  run ours-plain "$bin" decode "$folder/plain1g.pcapng" --trust none
  run ours-ndjson "$bin" decode "$folder/bulk60.pcapng" --trust none -o ndjson
  run capinfos-plain capinfos -c "$folder/plain1g.pcapng"
  "$floor" "$folder/bulk60.pcapng" 1000 >>"$folder/times/floor60"
  "$floor" "$folder/bulk1g.pcapng" 1400 >>"$folder/times/floor1g"
done
# tshark is slow: for the rest once is enough.
run tshark-bulk60 tshark -r "$folder/bulk60.pcapng" -Y sstp -T fields -e sstp.messagetype
run tshark-json tshark -r "$folder/bulk60.pcapng" -Y sstp -T json
# 5 GB through a pipe: only memory is looked at.
mkfifo "$folder/bulk5g.pcapng"
"$bin" generate bulk --bytes 5G --size 1400 --suite tls13-aes256 --offload -o "$folder/bulk5g.pcapng" >"$folder/made5g" &
/usr/bin/time -a -o "$folder/times/ours-bulk5g" -f '%U %S %e %M' "$bin" decode - --trust none <"$folder/bulk5g.pcapng" >"$folder/out.ours-bulk5g"
wait
grep -q '^Works' "$folder/out.ours-bulk5g" || { echo "the 5 GB call was not read whole" >&2; exit 1; }
rm "$folder/bulk5g.pcapng"
python3 - "$folder" <<'P'
import os, sys
folder = sys.argv[1]
def best(name):
    rows = [[float(x) for x in l.split()] for l in open(f"{folder}/times/{name}")]
    return min(r[0] + r[1] for r in rows), min(r[2] for r in rows), max(r[3] for r in rows)
size = lambda name: os.path.getsize(f"{folder}/{name}")
floor = lambda name: min(float(l.split()[1]) for l in open(f"{folder}/times/{name}") if l.startswith("floor"))
print(f"{'':26} {'cpu s':>8} {'wall s':>8} {'peak kB':>9} {'MB/s':>7}")
for name, file in [("ours-sessions", "sessions"), ("tshark-sessions", "sessions"), ("ours-bulk60", "bulk60"), ("tshark-bulk60", "bulk60"), ("ours-bulk1g", "bulk1g"), ("ours-plain", "plain1g"), ("capinfos-plain", "plain1g"), ("ours-ndjson", "bulk60"), ("tshark-json", "bulk60")]:
    cpu, wall, peak = best(name)
    print(f"{name:26} {cpu:8.3f} {wall:8.3f} {peak:9.0f} {size(file + '.pcapng') / cpu / 1e6:7.0f}")
cpu = lambda name: best(name)[0]
wall = lambda name: best(name)[1]
print(f"2,000 calls: tshark / ours {wall('tshark-sessions') / wall('ours-sessions'):.1f} by the clock, {cpu('tshark-sessions') / cpu('ours-sessions'):.1f} in processor time")
for name in ("60", "1g"):
    print(f"bulk {name}: floor {floor('floor' + name):.3f} s, ours / floor {cpu('ours-bulk' + name) / floor('floor' + name):.2f}")
print(f"peak memory: 60 MB {best('ours-bulk60')[2]:.0f} kB, 1 GB {best('ours-bulk1g')[2]:.0f} kB, 5 GB {best('ours-bulk5g')[2]:.0f} kB ({open(f'{folder}/made5g').read().split('; ')[1].split(',')[0]})")
print(f"no SSTP: ours / capinfos -c {cpu('ours-plain') / cpu('capinfos-plain'):.2f}")
print(f"ndjson: size {size('out.ours-ndjson')} of {size('out.tshark-json')} ({size('out.tshark-json') / size('out.ours-ndjson'):.0f} times smaller), time {cpu('tshark-json') / cpu('ours-ndjson'):.0f} times shorter")
P
[ -n "${2:-}" ] || rm -rf "$folder"
