#!/usr/bin/env bash
# Makes the rig's certificates in $RIG_DIR/pki: root CA -> intermediate -> leaves. Does nothing when they are there.
#   leaf        right names: vpn.example.test, localhost, 127.0.0.1
#   other       the same names, another key: a TLS terminator's own certificate
#   wrongname   only other.example.test
#   expired     ended on 2021-01-01
#   selfsigned  right names, its own issuer
# For each NAME: NAME.crt, NAME.key, and NAME.pem = key, certificate and (where there is one) intermediate.
# root.crt is the trust anchor, inter.crt the intermediate, bare.pem the leaf without its intermediate.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

stamp=$(cksum <"${BASH_SOURCE[0]}")
[ "$(cat "$PKI/stamp" 2>/dev/null)" = "$stamp" ] && exit 0
rm -rf "$PKI"
mkdir -p "$PKI/ca"
cd "$PKI"

quietly() { "$@" 2>openssl.log || { cat openssl.log >&2; die "openssl failed: $*"; }; }

# Keys are most of the time spent here, so they are made side by side.
keys=()
for name in root inter leaf other wrongname expired selfsigned; do
  openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$name.key" 2>"$name.log" &
  keys+=($!)
done
for job in "${keys[@]}"; do wait "$job" || die "openssl genpkey failed"; done
rm -f ./*.log

# Our own settings: the machine's openssl.cnf adds extensions of its own.
printf '[req]\ndistinguished_name=dn\n[dn]\n' >req.cnf
cat >ca.cnf <<C
[ca]
default_ca=d
[d]
database=ca/index.txt
serial=ca/serial
new_certs_dir=ca
default_md=sha256
policy=p
copy_extensions=none
unique_subject=no
[p]
organizationName=supplied
commonName=supplied
C
: >ca/index.txt
echo 2001 >ca/serial

request() { quietly openssl req -config req.cnf -new -key "$1.key" -subj "/O=Rig/CN=$2" -out "$1.csr"; }
authority() { printf 'basicConstraints=critical,CA:TRUE%s\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' "$1"; }
server() {
  printf 'basicConstraints=CA:FALSE\nkeyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\n'
  printf 'subjectKeyIdentifier=hash\nsubjectAltName=%s\n' "$1"
}
by_issuer() { printf 'authorityKeyIdentifier=keyid\n'; }
RIGHT="DNS:vpn.example.test,DNS:localhost,IP:127.0.0.1"

request root "Rig Root CA"
authority "" >root.ext
quietly openssl x509 -req -in root.csr -signkey root.key -set_serial 1 -days 3650 -sha256 -extfile root.ext -out root.crt
request inter "Rig Intermediate CA"
{ authority ",pathlen:0"; by_issuer; } >inter.ext
quietly openssl x509 -req -in inter.csr -CA root.crt -CAkey root.key -set_serial 2 -days 1825 -sha256 -extfile inter.ext -out inter.crt

# leaf NAME CN SAN SERIAL
leaf() {
  request "$1" "$2"
  { server "$3"; by_issuer; } >"$1.ext"
  quietly openssl x509 -req -in "$1.csr" -CA inter.crt -CAkey inter.key -set_serial "$4" -days 825 -sha256 -extfile "$1.ext" -out "$1.crt"
  cat "$1.key" "$1.crt" inter.crt >"$1.pem"
}
leaf leaf vpn.example.test "$RIGHT" 1001
leaf other vpn.example.test "$RIGHT" 1002
leaf wrongname other.example.test "DNS:other.example.test" 1003
cat leaf.key leaf.crt >bare.pem

# Only "openssl ca" of OpenSSL 3.0 can set an end in the past.
request expired vpn.example.test
{ server "$RIGHT"; by_issuer; } >expired.ext
quietly openssl ca -batch -config ca.cnf -cert inter.crt -keyfile inter.key -in expired.csr -extfile expired.ext \
  -startdate 20200101000000Z -enddate 20210101000000Z -notext -out expired.crt
cat expired.key expired.crt inter.crt >expired.pem

request selfsigned vpn.example.test
server "$RIGHT" >selfsigned.ext
quietly openssl x509 -req -in selfsigned.csr -signkey selfsigned.key -set_serial 1004 -days 825 -sha256 -extfile selfsigned.ext -out selfsigned.crt
cat selfsigned.key selfsigned.crt >selfsigned.pem

quietly openssl verify -CAfile root.crt -untrusted inter.crt leaf.crt other.crt wrongname.crt >/dev/null
rm -f ./*.csr ./*.ext openssl.log
echo "$stamp" >stamp
