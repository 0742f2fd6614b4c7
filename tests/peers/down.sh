#!/usr/bin/env bash
# Stops everything up.sh started. Certificates and logs stay in $RIG_DIR.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

exec 9>"$RIG_DIR/lock"
flock -w 60 9 || die "another start or stop holds $RIG_DIR/lock"
rm -f "$RIG_DIR/env"
stop nginx apache haproxy squid squid-digest squid-ntlm squid-bump squid-idle socks-open socks-login openssl-www openssl-tls10
"$HERE/softether-down.sh"
