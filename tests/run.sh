#!/usr/bin/env bash
# The test command: installs what the tests need, runs everything, takes the peers down again.
# Wants root on a Debian or Ubuntu machine, and cargo. Everything listens on 127.0.0.1 only (tests/peers/common.sh).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# A file that shows the package is there, and the package.
NEEDED=(
  /usr/libexec/softether/vpnserver/vpnserver softether-vpnserver
  /usr/bin/vpncmd softether-vpncmd
  /usr/sbin/sstpc sstp-client
  /usr/bin/tshark tshark
  /usr/bin/openssl openssl
  /usr/lib/squid/security_file_certgen squid-openssl
  /usr/sbin/haproxy haproxy
  /usr/bin/microsocks microsocks
  /usr/sbin/nginx nginx-light
  /usr/sbin/apache2 apache2-bin
  /usr/bin/python3 python3-minimal
  /usr/bin/nsenter util-linux
  /usr/sbin/nft nftables
  /usr/bin/ip iproute2
  /usr/sbin/freeradius freeradius
  /usr/bin/eapol_test eapoltest
  /usr/bin/gcc build-essential
)

say() { printf '\n== %s\n' "$*"; }
fail() { printf '\n!! %s\n' "$*" >&2; exit 1; }

packages() {
  local missing=() log policy=/usr/sbin/policy-rc.d made=
  local i
  for ((i = 0; i < ${#NEEDED[@]}; i += 2)); do
    [ -e "${NEEDED[i]}" ] || missing+=("${NEEDED[i + 1]}")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]}"
  command -v apt-get >/dev/null || fail "these packages are missing, and there is no apt-get to install them: ${missing[*]}"
  [ "$(id -u)" = 0 ] || fail "these packages are missing, and only root can install them: ${missing[*]}"
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  apt-get -o DPkg::Lock::Timeout=120 update >"$log" 2>&1 || { cat "$log"; fail "apt-get update failed; still missing: ${missing[*]}"; }
  if command -v debconf-set-selections >/dev/null; then
    echo "wireshark-common wireshark-common/install-setuid boolean false" | debconf-set-selections
  fi
  # Installing must not start the machine-wide nginx, Apache, squid, haproxy, FreeRADIUS and SoftEther.
  [ -e "$policy" ] || { printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy" && made=yes; }
  local ok=yes
  apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "${missing[@]}" >"$log" 2>&1 || ok=
  [ -z "$made" ] || rm -f "$policy"
  [ -n "$ok" ] || { tail -n 40 "$log"; fail "apt-get could not install all of: ${missing[*]}"; }
  rm -f "$log"
  for ((i = 0; i < ${#NEEDED[@]}; i += 2)); do
    [ -e "${NEEDED[i]}" ] || fail "package ${NEEDED[i + 1]} is installed but ${NEEDED[i]} is not there"
  done
}

times=()
failed=()

# part NAME COMMAND...: runs it, keeps its time; a failure is remembered and the other parts still run.
part() {
  local name=$1 began=$SECONDS state=ok
  shift
  say "$name: $*"
  "$@" || { state=FAILED && failed+=("$name"); }
  times+=("$(printf '%-9s %-7s %4d s' "$name" "$state" $((SECONDS - began)))")
  [ $state = ok ]
}

# A component of the toolchain that is not there is said, not passed over in silence.
component() {
  cargo "$1" --version >/dev/null 2>&1 && return
  times+=("$(printf '%-9s %s' "$1" "not run: rustup component add $2")")
  say "$1 is not checked: this toolchain lacks $2"
  return 1
}

command -v cargo >/dev/null || fail "cargo is not on the PATH: install Rust first (version in Cargo.toml)"
part packages packages || exit 1
if component fmt rustfmt; then part fmt cargo fmt --check || true; fi
# Most of these tests wait for something most of the time, so that more of them than cores may run.
part tests cargo test --locked --test all --lib -- --test-threads=4 || true

trap 'tests/peers/down.sh || true' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
if part rig tests/peers/up.sh; then
  part interop cargo test --locked --test interop -- --test-threads=2 || true
else
  failed+=(interop)
fi
if component clippy clippy; then part clippy cargo clippy --all-targets --locked -- -D warnings || true; fi

say "times"
printf '%s\n' "${times[@]}"
[ ${#failed[@]} -eq 0 ] || fail "failed: ${failed[*]}"
say "all passed"
