#!/usr/bin/env bash
# Brings the whole rig up and writes $RIG_DIR/env, by which the tests find it. Does nothing for what already runs.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/fronts.sh"

began=${EPOCHREALTIME/./}
exec 9>"$RIG_DIR/lock"
flock -w 60 9 || die "another start or stop holds $RIG_DIR/lock"
[ "$(id -u)" = 0 ] || die "the rig needs root (SoftEther does)"

rm -f "$RIG_DIR/env"
"$HERE/mkpki.sh"
jobs=()
"$HERE/softether-up.sh" &
jobs+=($!)
for front in nginx_up apache_up haproxy_up squid_up squid_digest_up squid_ntlm_up squid_bump_up squid_idle_up socks_up openssl_up; do
  "$front" &
  jobs+=($!)
done
failed=
for job in "${jobs[@]}"; do wait "$job" || failed=yes; done
[ -z "$failed" ] || die "not up; tests/peers/down.sh stops what did start"
listening "$CLOSED" && die "port $CLOSED has to stay closed, but somebody listens there; choose another RIG_BASE"

secret() { (umask 077 && printf '%s\n' "$2" >"$RIG_DIR/$1"); }
secret password 'Passw0rd!'
secret wrong-password 'not-the-password'
secret proxy-password proxypass
{
  ports
  echo "CA=$PKI/root.crt"
  echo "PASSWORD=$RIG_DIR/password"
  echo "WRONG_PASSWORD=$RIG_DIR/wrong-password"
  echo "PROXY_PASSWORD=$RIG_DIR/proxy-password"
} >"$RIG_DIR/env.new"
mv "$RIG_DIR/env.new" "$RIG_DIR/env"
took=$((${EPOCHREALTIME/./} - began))
printf 'rig: up in %d.%d s, SoftEther on 127.0.0.1:%d, state in %s\n' $((took / 1000000)) $((took / 100000 % 10)) "$SOFTETHER" "$RIG_DIR"
