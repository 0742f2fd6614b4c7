# Sourced: everything of the rig but SoftEther. Each NAME_up starts one program and returns when it answers.
# shellcheck shell=bash
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# A static site, a reverse proxy to SoftEther, and a port without TLS.
nginx_up() {
  local here=$RIG_DIR/nginx at=127.0.0.1 temp
  alive nginx && return
  need_free "$NGINX_STATIC" "$NGINX_PROXY" "$NGINX_PLAIN"
  mkdir -p "$here/www" "$here/tmp"
  echo '<!doctype html><title>rig</title><p>An ordinary web site.' >"$here/www/index.html"
  {
    echo "daemon off; pid $here/pid; error_log $LOG/nginx.log info; user root; worker_processes 1;"
    echo "events { worker_connections 128; }"
    echo "http { access_log off; ssl_certificate $PKI/leaf.pem; ssl_certificate_key $PKI/leaf.key;"
    for temp in client_body proxy fastcgi uwsgi scgi; do echo "${temp}_temp_path $here/tmp/$temp;"; done
    cat <<C
server { listen $at:$NGINX_STATIC ssl http2; server_name vpn.example.test; root $here/www; }
server { listen $at:$NGINX_PLAIN; server_name vpn.example.test; root $here/www; }
server { listen $at:$NGINX_PROXY ssl; server_name vpn.example.test; location / {
  proxy_pass https://$at:$SOFTETHER; proxy_ssl_verify off; proxy_http_version 1.1;
  proxy_request_buffering off; proxy_buffering off; client_max_body_size 0; } }
}
C
  } >"$here/nginx.conf"
  start nginx nginx -c "$here/nginx.conf" -e "$LOG/nginx.log"
  wait_up nginx "$NGINX_STATIC" "$NGINX_PROXY" "$NGINX_PLAIN"
}

# A reverse proxy to SoftEther.
apache_up() {
  local here=$RIG_DIR/apache at=127.0.0.1 module
  alive apache && return
  need_free "$APACHE_PROXY"
  mkdir -p "$here"
  {
    for module in mpm_event authz_core ssl proxy proxy_http; do
      echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
    done
    cat <<C
ServerRoot $here
DefaultRuntimeDir $here
PidFile $here/pid
ErrorLog $LOG/apache-error.log
ServerName vpn.example.test
User www-data
Group www-data
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
Listen $at:$APACHE_PROXY
SSLEngine on
SSLCertificateFile $PKI/leaf.pem
SSLCertificateKeyFile $PKI/leaf.key
SSLProxyEngine on
SSLProxyCheckPeerName off
ProxyPass / https://$at:$SOFTETHER/
C
  } >"$here/apache.conf"
  start apache apache2 -f "$here/apache.conf" -DFOREGROUND
  wait_up apache "$APACHE_PROXY"
}

# One port for each way of standing in front of SoftEther, right or wrong.
haproxy_up() {
  local here=$RIG_DIR/haproxy at=127.0.0.1
  alive haproxy && return
  need_free "$HAPROXY_HTTP" "$HAPROXY_METHODS" "$HAPROXY_PASS" "$HAPROXY_SILENT"
  mkdir -p "$here"
  cat >"$here/haproxy.cfg" <<C
global
  log stderr local0 info
defaults
  log global
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  default_backend decrypted

# TLS ends here, HTTP is understood and passed on.
frontend http
  mode http
  bind $at:$HAPROXY_HTTP ssl crt $PKI/leaf.pem
  default_backend http
frontend methods
  mode http
  bind $at:$HAPROXY_METHODS ssl crt $PKI/leaf.pem
  http-request deny deny_status 405 unless { method GET HEAD POST }
  default_backend http
frontend answers-200
  mode http
  bind $at:$HAPROXY_ANSWERS_200 ssl crt $PKI/leaf.pem
  http-request return status 200 content-type text/html string "<p>An ordinary web site."
  default_backend http
frontend escapes
  mode http
  bind $at:$HAPROXY_ESCAPES ssl crt $PKI/leaf.pem
  http-request replace-path ^/sra_.(.*).(/?)\$ /sra_%%7B\\1%%7D\\2
  default_backend http

# TLS ends here, what is inside is not looked at.
frontend other-cert
  bind $at:$HAPROXY_OTHER_CERT ssl crt $PKI/other.pem
frontend other-cert-lab
  bind $at:$HAPROXY_OTHER_CERT_LAB ssl crt $PKI/other.pem
  default_backend lab
frontend tls10
  bind $at:$HAPROXY_TLS10 ssl crt $PKI/leaf.pem ssl-min-ver TLSv1.0 ssl-max-ver TLSv1.0 ciphers ALL:@SECLEVEL=0
frontend tls12
  bind $at:$HAPROXY_TLS12 ssl crt $PKI/leaf.pem ssl-min-ver TLSv1.2 ssl-max-ver TLSv1.2
frontend wrong-name
  bind $at:$HAPROXY_WRONG_NAME ssl crt $PKI/wrongname.pem
frontend expired
  bind $at:$HAPROXY_EXPIRED ssl crt $PKI/expired.pem
frontend self-signed
  bind $at:$HAPROXY_SELF_SIGNED ssl crt $PKI/selfsigned.pem
frontend no-intermediate
  bind $at:$HAPROXY_NO_INTERMEDIATE ssl crt $PKI/bare.pem
frontend client-cert
  bind $at:$HAPROXY_CLIENT_CERT ssl crt $PKI/leaf.pem ca-file $PKI/root.crt verify required

# TLS passes through.
frontend pass
  bind $at:$HAPROXY_PASS
  default_backend raw
# Accepts, and waits for more than any ClientHello has before it does anything.
frontend silent
  bind $at:$HAPROXY_SILENT
  tcp-request inspect-delay 60s
  tcp-request content accept if { req.len gt 15000 }
  default_backend raw

backend http
  mode http
  server softether $at:$SOFTETHER ssl verify none
backend decrypted
  server softether $at:$SOFTETHER ssl verify none
backend raw
  server softether $at:$SOFTETHER
# A test starts the lab there.
backend lab
  server lab $at:$LAB ssl verify none
C
  start haproxy haproxy -db -f "$here/haproxy.cfg"
  # It opens all of its ports before it serves any.
  wait_up haproxy "$HAPROXY_HTTP" "$HAPROXY_SILENT"
}

# An open proxy and one that wants Basic credentials (proxyuser, proxypass). Neither serves hosts off this machine, nor one port.
squid_up() (
  here=$RIG_DIR/squid
  alive squid && return
  need_free "$SQUID_OPEN" "$SQUID_BASIC" "$SQUID_NO_SSTP"
  # Squid insists on giving up root; as user "proxy" it may not reach $RIG_DIR by path, but it does reach its working directory.
  mkdir -p "$here"
  chmod 755 "$here"
  echo "proxyuser:$(openssl passwd -apr1 proxypass)" >"$here/htpasswd"
  chmod 644 "$here/htpasswd"
  cat >"$here/squid.conf" <<C
http_port 127.0.0.1:$SQUID_OPEN name=open
http_port 127.0.0.1:$SQUID_BASIC name=basic
http_port 127.0.0.1:$SQUID_NO_SSTP name=nosstp
auth_param basic program /usr/lib/squid/basic_ncsa_auth htpasswd
auth_param basic children 2 startup=1
auth_param basic realm rig
acl basicport myportname basic
acl known proxy_auth REQUIRED
acl nosstpport myportname nosstp
acl sstp req_header SSTPVERSION .
acl here dst 127.0.0.0/8
acl refused port $SQUID_REFUSES
http_access deny !here
http_access deny refused
http_access deny nosstpport sstp
http_access deny basicport !known
http_access allow all
pid_filename $here/pid
access_log none
cache_log /dev/null
cache deny all
cache_effective_user proxy
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname squid.rig.test
hosts_file none
dns_nameservers 127.0.0.1
dns_timeout 1 second
C
  # The service name keeps two rigs' shared memory apart; what a killed squid left of it would stop the next one.
  rm -f "/dev/shm/rig$RIG_BASE"-*.shm
  cd "$here" || return
  start squid squid -N -d 1 -n "rig$RIG_BASE" -f "$here/squid.conf"
  wait_up squid "$SQUID_OPEN" "$SQUID_BASIC"
)

# A squid that takes one login only: NAME PORT LINE..., the lines being those of its helper.
squid_login_up() (
  name=$1 port=$2
  shift 2
  here=$RIG_DIR/$name
  alive "$name" && return
  need_free "$port"
  mkdir -p "$here"
  chmod 755 "$here"
  echo "proxyuser:proxypass" >"$here/passwords"
  chmod 644 "$here/passwords"
  { printf '%s\n' "$@"; cat <<C; } >"$here/squid.conf"
http_port 127.0.0.1:$port
acl known proxy_auth REQUIRED
acl here dst 127.0.0.0/8
http_access deny !here
http_access deny !known
http_access allow all
pid_filename $here/pid
access_log none
cache_log /dev/null
cache deny all
cache_effective_user proxy
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname $name.rig.test
hosts_file none
dns_nameservers 127.0.0.1
C
  rm -f "/dev/shm/${name/-/}$RIG_BASE"-*.shm
  cd "$here" || return
  start "$name" squid -N -d 1 -n "${name/-/}$RIG_BASE" -f "$here/squid.conf"
  wait_up "$name" "$port"
)

squid_digest_up() {
  squid_login_up squid-digest "$SQUID_DIGEST" \
    "auth_param digest program /usr/lib/squid/digest_file_auth passwords" "auth_param digest children 1 startup=1" \
    "auth_param digest realm rig" "auth_param digest nonce_garbage_interval 5 minutes"
}

# Its helper goes through the three messages and takes any password.
squid_ntlm_up() {
  squid_login_up squid-ntlm "$SQUID_NTLM" \
    "auth_param ntlm program /usr/lib/squid/ntlm_fake_auth" "auth_param ntlm children 2 startup=1" "auth_param ntlm keep_alive on"
}

# An open squid with these lines, and one directory for it: NAME PORT OPTIONS LINE..., OPTIONS being those of its port.
squid_plain_up() (
  name=$1 port=$2 options=$3
  shift 3
  here=$RIG_DIR/$name
  cat >"$here/squid.conf" <<C
http_port 127.0.0.1:$port $options
$(printf '%s\n' "$@")
acl here dst 127.0.0.0/8
http_access deny !here
http_access allow all
pid_filename $here/pid
access_log none
cache_log /dev/null
cache deny all
cache_effective_user proxy
pinger_enable off
shutdown_lifetime 0 seconds
visible_hostname $name.rig.test
hosts_file none
dns_nameservers 127.0.0.1
C
  rm -f "/dev/shm/${name/-/}$RIG_BASE"-*.shm
  cd "$here" || return
  start "$name" squid -N -d 1 -n "${name/-/}$RIG_BASE" -f "$here/squid.conf"
  wait_up "$name" "$port"
)

# Opens TLS, with certificates of its own.
squid_bump_up() {
  local here=$RIG_DIR/squid-bump
  alive squid-bump && return
  need_free "$SQUID_BUMP"
  mkdir -p "$here"
  chmod 755 "$here"
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$here/ca.key" -out "$here/ca.crt" -days 30 -subj "/O=Rig/CN=Rig inspection CA" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  cat "$here/ca.crt" "$here/ca.key" >"$here/ca.pem"
  rm -rf "$here/made"
  /usr/lib/squid/security_file_certgen -c -s "$here/made" -M 4MB >/dev/null
  chown -R proxy: "$here/made" "$here/ca.pem"
  squid_plain_up squid-bump "$SQUID_BUMP" "ssl-bump tls-cert=ca.pem generate-host-certificates=on dynamic_cert_mem_cache_size=4MB" \
    "sslcrtd_program /usr/lib/squid/security_file_certgen -s made -M 4MB" "sslcrtd_children 2 startup=1" \
    "ssl_bump bump all" "tls_outgoing_options flags=DONT_VERIFY_PEER" "sslproxy_cert_error allow all"
}

# Forgets tunnels on which nothing is said.
squid_idle_up() {
  local here=$RIG_DIR/squid-idle
  alive squid-idle && return
  need_free "$SQUID_IDLE"
  mkdir -p "$here"
  chmod 755 "$here"
  squid_plain_up squid-idle "$SQUID_IDLE" "" "read_timeout 3 seconds"
}

# SOCKS5 without a login, and with one (proxyuser, proxypass).
socks_up() {
  if ! alive socks-open; then
    need_free "$SOCKS_OPEN"
    start socks-open microsocks -i 127.0.0.1 -p "$SOCKS_OPEN"
    wait_up socks-open "$SOCKS_OPEN"
  fi
  if ! alive socks-login; then
    need_free "$SOCKS_LOGIN"
    start socks-login microsocks -i 127.0.0.1 -p "$SOCKS_LOGIN" -u proxyuser -P proxypass
    wait_up socks-login "$SOCKS_LOGIN"
  fi
}

# openssl s_server: with -www it answers GET and waits for ever on any other method; the second one speaks TLS 1.0 only.
openssl_up() {
  local serve=(openssl s_server -quiet -www -cert "$PKI/leaf.crt" -key "$PKI/leaf.key" -cert_chain "$PKI/inter.crt")
  if ! alive openssl-www; then
    need_free "$OPENSSL_WWW"
    start openssl-www "${serve[@]}" -accept "127.0.0.1:$OPENSSL_WWW"
  fi
  if ! alive openssl-tls10; then
    need_free "$OPENSSL_TLS10"
    start openssl-tls10 "${serve[@]}" -accept "127.0.0.1:$OPENSSL_TLS10" -tls1 -cipher ALL:@SECLEVEL=0
  fi
  wait_up openssl-www "$OPENSSL_WWW"
  wait_up openssl-tls10 "$OPENSSL_TLS10"
}
