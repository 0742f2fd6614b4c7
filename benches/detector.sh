#!/usr/bin/env bash
# How well the keyless detector of `decode` tells SSTP from other things in TLS. Makes negatives over loopback (curl, headless Chromium,
# WebSocket, HTTP/2, gRPC, long polling, chats, ssh in stunnel, ocserv), takes the captures of the repository and generated calls as positives,
# withholds every key, and prints precision, recall and false positive rate with Wilson's 95 % intervals.
#   benches/detector.sh [folder] [more captures with SSTP...]
# Wants root (tcpdump). A source whose program is missing is named and left out. FLOWS scales the negatives (default 1), BIN is the program.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=${1:-$(mktemp -d)}
shift || true
mkdir -p "$folder/negative" "$folder/positive" "$folder/truth"
for tool in tcpdump tshark curl openssl nginx python3; do
  command -v "$tool" >/dev/null || { echo "benches/detector.sh needs $tool" >&2; exit 3; }
done
if [ -z "${BIN:-}" ]; then
  cargo build --release --locked --quiet
  BIN=target/release/sstp-diag
fi
unset SSLKEYLOGFILE HTTPS_PROXY https_proxy
base=${PORTS:-26400}
scale=${FLOWS:-1}
started=()
cleanup() { for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done; }
trap cleanup EXIT
say() { printf '%s\n' "$*" >&2; }

openssl req -x509 -newkey rsa:2048 -nodes -keyout "$folder/key.pem" -out "$folder/cert.pem" -days 30 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost 2>/dev/null
chmod 644 "$folder"/*.pem

# capture NAME COMMAND...: what the command does on our ports.
capture() {
  local name=$1
  shift
  tcpdump -i lo -s 0 -U -Z root -w "$folder/negative/$name.pcap" "tcp portrange $base-$((base + 99))" 2>/dev/null &
  local dump=$!
  started+=("$dump")
  sleep 0.7
  "$@" || say "detector: $name: the traffic ended early"
  sleep 0.7
  kill -INT "$dump" 2>/dev/null || true
  wait "$dump" 2>/dev/null || true
}

web() {
  local www=$folder/www
  mkdir -p "$www" "$folder/nginx"
  for size in 0 1 14 48 90 112 200 400 1500 9000 70000; do head -c "$size" < <(base64 -w 0 /dev/urandom) >"$www/$size.bin"; done
  { echo '<html><body>'; for i in 1 14 48 112 200 400 1500; do echo "<img src=/$i.bin><script src=/$i.bin?j></script>"; done
    echo '<script>let n=0;setInterval(()=>fetch("/48.bin?"+n++),50)</script></body></html>'; } >"$www/index.html"
  cat >"$folder/nginx.conf" <<C
daemon off; pid $folder/nginx/pid; error_log /dev/null; user root;
events { worker_connections 512; }
http { access_log off; client_body_temp_path $folder/nginx; default_type text/html; keepalive_requests 10000;
  server { listen 127.0.0.1:$base ssl http2; ssl_certificate $folder/cert.pem; ssl_certificate_key $folder/key.pem; root $www;
    error_page 405 =200 \$uri; }
  server { listen 127.0.0.1:$((base + 1)) ssl; ssl_protocols TLSv1.2; ssl_ciphers AES128-SHA256:AES256-SHA:@SECLEVEL=0;
    ssl_certificate $folder/cert.pem; ssl_certificate_key $folder/key.pem; root $www; error_page 405 =200 \$uri; } }
C
  nginx -c "$folder/nginx.conf" -e /dev/null &
  started+=($!)
  for _ in $(seq 100); do (exec 3<>"/dev/tcp/127.0.0.1/$base") 2>/dev/null && break; sleep 0.05; done
}

curls() { # PORT OPTION...: flows with one to five requests each
  local port=$1 i urls
  shift
  for ((i = 0; i < 60 * scale; i++)); do
    mapfile -t urls < <(for ((k = 0; k <= i % 5; k++)); do echo "https://localhost:$port/$(shuf -n 1 -e 0 1 14 48 90 112 200 400 1500 9000).bin?$(head -c $((i * 4)) /dev/zero | tr '\0' x)"; done)
    curl -sk "$@" "${urls[@]}" >/dev/null || true
  done
}

posts() {
  for ((i = 0; i < 60 * scale; i++)); do
    curl -sk --http1.1 --data "$(head -c $((i % 130)) /dev/zero | tr '\0' y)" "https://localhost:$base/48.bin" \
      --next -sk --http1.1 --data "12345678901234" "https://localhost:$base/14.bin" >/dev/null || true
  done
}

browser() {
  for ((i = 0; i < 4 * scale; i++)); do
    timeout 25 chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --ignore-certificate-errors --user-data-dir="$folder/chromium" \
      --virtual-time-budget=4000 --dump-dom "https://localhost:$((base + i % 2))/" >/dev/null 2>&1 || true
  done
}

ssh_in_tls() {
  local here=$folder/ssh port=$((base + 120))
  mkdir -p "$here" /run/sshd
  [ -s "$here/host" ] || ssh-keygen -q -t ed25519 -N '' -f "$here/host"
  [ -s "$here/me" ] || ssh-keygen -q -t ed25519 -N '' -f "$here/me"
  cp "$here/me.pub" "$here/authorized"
  chmod 600 "$here/authorized"
  "$(command -v sshd)" -D -e -p "$port" -o ListenAddress=127.0.0.1 -h "$here/host" -o "AuthorizedKeysFile=$here/authorized" \
    -o StrictModes=no -o PidFile=none -o UsePAM=no 2>/dev/null &
  started+=($!)
  printf 'foreground = yes\npid =\n[s]\naccept = 127.0.0.1:%d\nconnect = 127.0.0.1:%d\ncert = %s\nkey = %s\n' "$((base + 20))" "$port" \
    "$folder/cert.pem" "$folder/key.pem" >"$here/server.conf"
  printf 'foreground = yes\npid =\n[c]\nclient = yes\naccept = 127.0.0.1:%d\nconnect = 127.0.0.1:%d\n' "$((base + 121))" "$((base + 20))" >"$here/client.conf"
  stunnel "$here/server.conf" 2>/dev/null &
  started+=($!)
  stunnel "$here/client.conf" 2>/dev/null &
  started+=($!)
  sleep 1
  for ((i = 0; i < 15 * scale; i++)); do
    (for word in ls date id "echo $i" exit; do sleep 0.1; echo "$word"; done) | timeout 10 ssh -tt -q -i "$here/me" -p "$((base + 121))" \
      -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null root@127.0.0.1 >/dev/null 2>&1 || true
  done
}

anyconnect() {
  local here=$folder/ocserv
  mkdir -p "$here"
  echo 'secret' | ocpasswd -c "$here/passwd" tester 2>/dev/null || { printf 'secret\nsecret\n' | ocpasswd -c "$here/passwd" tester; }
  cat >"$here/conf" <<C
auth = "plain[passwd=$here/passwd]"
tcp-port = $((base + 30))
listen-host = 127.0.0.1
run-as-user = nobody
run-as-group = nogroup
socket-file = $here/socket
server-cert = $folder/cert.pem
server-key = $folder/key.pem
device = vpns
ipv4-network = 10.199.0.0
ipv4-netmask = 255.255.255.0
isolate-workers = false
use-occtl = false
keepalive = 30
dpd = 5
mobile-dpd = 5
max-clients = 16
pid-file = $here/pid
C
  ocserv -f -c "$here/conf" >"$here/log" 2>&1 &
  started+=($!)
  sleep 1.5
  local pin
  pin=$(openssl x509 -in "$folder/cert.pem" -pubkey -noout | openssl pkey -pubin -outform der 2>/dev/null | openssl dgst -sha256 -binary | base64)
  for ((i = 0; i < 3 * scale; i++)); do
    echo secret | timeout -s INT 8 openconnect --protocol=anyconnect --no-dtls -u tester --passwd-on-stdin --servercert "pin-sha256:$pin" \
      --script-tun --script "sh -c 'sleep 6'" "https://127.0.0.1:$((base + 30))" >/dev/null 2>&1 || true
  done
}

talk() { python3 benches/detector/traffic.py "$1" "$((base + 40))" "$folder/cert.pem" "$folder/key.pem" "$((${2:-100} * scale))"; }
# The package belongs to the system's own Python, which need not be the first on the PATH.
snake() { local one; for one in python3 /usr/bin/python3; do "$one" -c 'import grpc' 2>/dev/null && { echo "$one"; return; }; done; return 1; }
rpc() { "$(snake)" benches/detector/rpc.py "$((base + 50))" "$folder/cert.pem" "$folder/key.pem" "$((60 * scale))"; }
have() { command -v "$1" >/dev/null || { say "detector: $1 is missing: left out"; return 1; }; }

if [ -z "${SCORE_ONLY:-}" ]; then
  web
  capture curl-http1 curls "$base" --http1.1
  capture curl-http1-tls12 curls "$base" --http1.1 --tls-max 1.2
  capture curl-http2 curls "$base" --http2
  capture curl-cbc curls "$((base + 1))" --http1.1
  capture curl-post posts
  if have chromium; then capture chromium browser; fi
  for kind in websocket websocket-cbc long-polling chat chat-cbc http-chat http-chat-cbc lines; do capture "$kind" talk "$kind"; done
  if snake >/dev/null; then capture grpc rpc; else say "detector: python3-grpcio is missing: gRPC is left out"; fi
  if have stunnel && have sshd; then capture stunnel-ssh ssh_in_tls; fi
  if have ocserv && have openconnect; then capture ocserv anyconnect; fi
  capture imitation talk imitation 20

  # Positives: each capture with its keys withheld, and generated calls of every suite.
  for file in captures/*.pcapng "$@"; do
    name=$(basename "$file" .pcapng)
    python3 benches/detector/seal.py "$file" "$folder/positive/$name.pcapng"
    # What is true of it is told by its keys.
    cp "$file" "$folder/truth/$name.pcapng"
    if [ -e "${file%.pcapng}.keys" ]; then cp "${file%.pcapng}.keys" "$folder/truth/$name.keys"; fi
  done
  for suite in $("$BIN" generate --help >/dev/null; "$BIN" generate sessions --help | grep -o 'tls1[0-9][a-z0-9-]*' | sort -u); do
    "$BIN" generate sessions --count 20 --suite "$suite" -o "$folder/made.pcapng" >/dev/null 2>&1 || true
    python3 benches/detector/seal.py "$folder/made.pcapng" "$folder/positive/generated-$suite.pcapng"
    rm -f "$folder/made.pcapng"
  done
  for auth in pap mschapv2 eap-mschapv2 chap-md5 peap; do
    "$BIN" probe --lab --auth "$auth" --pcap "$folder/lab.pcapng" >/dev/null 2>&1 || true
    python3 benches/detector/seal.py "$folder/lab.pcapng" "$folder/positive/lab-$auth.pcapng"
    rm -f "$folder/lab.pcapng"
  done
fi
python3 benches/detector/score.py "$BIN" "$folder" "$folder/truth"
