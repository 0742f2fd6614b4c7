# Sourced by the rig's scripts: where everything is, and how a peer is started, found again and stopped.
# shellcheck shell=bash disable=SC2034

# Every port is RIG_BASE plus a fixed number, every file is under RIG_DIR; two rigs live side by side when both differ.
RIG_BASE=${RIG_BASE:-18400}
RIG_DIR=${RIG_DIR:-${TMPDIR:-/tmp}/sstp-diag-rig-$RIG_BASE}
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PKI=$RIG_DIR/pki
LOG=$RIG_DIR/log
PIDS=$RIG_DIR/pids
export RIG_BASE RIG_DIR

# nginx, squid and haproxy live in sbin, which is not always on the PATH of a root shell.
PATH=$PATH:/usr/sbin:/sbin
mkdir -p "$RIG_DIR" "$LOG" "$PIDS"

say() { printf '%s\n' "$*" >&2; }
die() { say "rig: $*"; exit 1; }

# The names under which tests find the ports; also the contents of $RIG_DIR/env.
ports() {
  cat <<P
SOFTETHER=$((RIG_BASE + 0))
SOFTETHER_MGMT=$((RIG_BASE + 1))
NGINX_STATIC=$((RIG_BASE + 10))
NGINX_PROXY=$((RIG_BASE + 11))
NGINX_PLAIN=$((RIG_BASE + 12))
HAPROXY_HTTP=$((RIG_BASE + 20))
HAPROXY_METHODS=$((RIG_BASE + 21))
HAPROXY_PASS=$((RIG_BASE + 22))
HAPROXY_OTHER_CERT=$((RIG_BASE + 23))
HAPROXY_TLS10=$((RIG_BASE + 24))
HAPROXY_TLS12=$((RIG_BASE + 25))
HAPROXY_WRONG_NAME=$((RIG_BASE + 26))
HAPROXY_EXPIRED=$((RIG_BASE + 27))
HAPROXY_SELF_SIGNED=$((RIG_BASE + 28))
HAPROXY_NO_INTERMEDIATE=$((RIG_BASE + 29))
HAPROXY_CLIENT_CERT=$((RIG_BASE + 30))
HAPROXY_ANSWERS_200=$((RIG_BASE + 31))
HAPROXY_SILENT=$((RIG_BASE + 32))
SQUID_OPEN=$((RIG_BASE + 40))
SQUID_BASIC=$((RIG_BASE + 41))
SQUID_NO_SSTP=$((RIG_BASE + 42))
SQUID_DIGEST=$((RIG_BASE + 43))
SQUID_NTLM=$((RIG_BASE + 44))
SOCKS_OPEN=$((RIG_BASE + 45))
SOCKS_LOGIN=$((RIG_BASE + 46))
HAPROXY_ESCAPES=$((RIG_BASE + 33))
HAPROXY_OTHER_CERT_LAB=$((RIG_BASE + 35))
LAB=$((RIG_BASE + 36))
APACHE_PROXY=$((RIG_BASE + 37))
SQUID_BUMP=$((RIG_BASE + 47))
SQUID_IDLE=$((RIG_BASE + 48))
OPENSSL_WWW=$((RIG_BASE + 50))
OPENSSL_TLS10=$((RIG_BASE + 51))
CLOSED=$((RIG_BASE + 60))
SQUID_REFUSES=$((RIG_BASE + 61))
P
}
eval "$(ports)"

# born PID: the clock tick at which that process began; empty for one that is gone or a zombie.
born() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  # The name in brackets may hold blanks; after it come the state (3) and, 19 fields on, the start time (22).
  awk '$1 != "Z" { print $20 }' <<<"${stat##*) }"
}

# alive NAME: the peer started under that name still runs; a recycled pid does not deceive it.
alive() {
  local pid tick
  read -r pid tick 2>/dev/null <"$PIDS/$1" && [ -n "$tick" ] && [ "$(born "$pid")" = "$tick" ]
}

# remember NAME PID
remember() { echo "$2 $(born "$2")" >"$PIDS/$1"; }

# start NAME COMMAND...: in a process group of its own, output to its log; nothing of the caller stays open in it.
start() {
  local name=$1
  shift
  setsid "$@" </dev/null >"$LOG/$name.log" 2>&1 9>&- &
  remember "$name" $!
}

# stop NAME...: asks, waits up to 3 s, then kills what is left of its process group.
stop() {
  local name pid tick round
  for name in "$@"; do
    if alive "$name"; then
      read -r pid tick <"$PIDS/$name"
      kill -TERM -- "-$pid" 2>/dev/null || true
    else
      rm -f "$PIDS/$name"
    fi
  done
  for name in "$@"; do
    [ -s "$PIDS/$name" ] || continue
    for ((round = 0; round < 60; round++)); do
      alive "$name" || break
      sleep 0.05
    done
    read -r pid tick <"$PIDS/$name"
    kill -KILL -- "-$pid" 2>/dev/null || true
    rm -f "$PIDS/$name"
  done
}

# listening PORT: somebody accepts connections there.
listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# need_free PORT...: a foreign listener would be mistaken for the peer.
need_free() {
  local port
  for port in "$@"; do
    listening "$port" && die "port $port is taken by somebody else; choose another RIG_BASE (now $RIG_BASE)"
  done
  return 0
}

# wait_up NAME PORT...: until all its ports answer; shows its log when it ends before that.
wait_up() {
  local name=$1 port round
  shift
  for port in "$@"; do
    for ((round = 0; round < 200; round++)); do
      listening "$port" && continue 2
      alive "$name" || break
      sleep 0.05
    done
    tail -n 20 "$LOG/$name.log" >&2
    die "$name did not come up on port $port; its log is $LOG/$name.log"
  done
}
