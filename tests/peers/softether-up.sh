#!/usr/bin/env bash
# Starts SoftEther VPN Server (Debian package) in userspace on 127.0.0.1; does nothing when it already answers.
#   softether-up.sh                                    ports $SOFTETHER and $SOFTETHER_MGMT of common.sh
#   NAME=se2 PORT=9443 MGMT=9444 softether-up.sh       a second instance
#   CERT=wrongname softether-up.sh                     which certificate of $RIG_DIR/pki it serves
# User alice, password Passw0rd!, hub RIG, SecureNAT 192.168.30.1/24 with addresses .10 to .200.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

NAME=${NAME:-softether} PORT=${PORT:-$SOFTETHER} MGMT=${MGMT:-$SOFTETHER_MGMT} CERT=${CERT:-leaf}
HOME_DIR=$RIG_DIR/$NAME
# The places this build of SoftEther has compiled in.
PLACES=(/var/lib/softether /var/log/softether /run/softether)

alive "$NAME" && listening "$PORT" && exit 0
[ "$(id -u)" = 0 ] || die "SoftEther needs root"
"$HERE/softether-down.sh"
"$HERE/mkpki.sh"
need_free "$PORT" "$MGMT"

rm -rf "$HOME_DIR"
mkdir -p "$HOME_DIR"/{lib/chain_certs,log,run,exe}
cp "$PKI/inter.crt" "$HOME_DIR/lib/chain_certs/inter.crt"
# Debian's binary never answers SSTP_DUPLEX_POST (see softether_fix.py): run a repaired copy.
ln -s /usr/share/softether-common/hamcore.se2 "$HOME_DIR/exe/hamcore.se2"
"$HERE/softether_fix.py" /usr/libexec/softether/vpnserver/vpnserver "$HOME_DIR/exe/rig-softether"

# The configuration is there before the first start, so that nothing is ever sent outside: no dynamic DNS, NAT traversal,
# Azure, keep-alive, UDP, IPv6 or host-name look-ups.
cat >"$HOME_DIR/lib/vpn_server.config" <<C
# Software Configuration File
declare root
{
	uint ConfigRevision 1
	bool IPsecMessageDisplayed true
	string Region US
	bool VgsMessageDisplayed true
	declare DDnsClient
	{
		bool Disabled true
	}
	declare IPsec
	{
		bool EtherIP_IPsec false
		bool L2TP_IPsec false
		bool L2TP_Raw false
		string L2TP_DefaultHub RIG
	}
	declare ListenerList
	{
		declare Listener0
		{
			bool DisableDos true
			bool Enabled true
			uint Port $PORT
		}
		declare Listener1
		{
			bool DisableDos true
			bool Enabled true
			uint Port $MGMT
		}
	}
	declare LocalBridgeList
	{
		bool DoNotDisableOffloading true
	}
	declare ServerConfiguration
	{
		bool AcceptOnlyTls true
		uint64 AutoDeleteCheckDiskFreeSpaceMin 104857600
		uint AutoDeleteCheckIntervalSecs 300
		uint AutoSaveConfigSpan 300
		bool DisableDosProtection true
		bool DisableGetHostNameWhenAcceptTcp true
		bool DisableIPv6Listener true
		bool DisableJsonRpcWebApi true
		bool DisableNatTraversal true
		bool DontBackupConfig true
		bool EnableVpnAzure false
		bool EnableVpnOverDns false
		bool EnableVpnOverIcmp false
		string ListenIP 127.0.0.1
		uint MaxConcurrentDnsClientThreads 512
		uint MaxConnectionsPerIP 1000
		uint MaxUnestablishedConnections 1000
		bool NoDebugDump true
		bool NoHighPriorityProcess true
		string PortsUDP \$
		uint ServerType 0
		bool Tls_Disable1_0 false
		bool Tls_Disable1_1 false
		bool UseKeepConnect false
		bool UseWebUI false
		declare ProtoOptions
		{
			declare SSTP
			{
				bool Enabled true
			}
			declare OpenVPN
			{
				bool Enabled false
			}
		}
		declare GlobalParams
		{
		}
	}
}
C

for place in "${PLACES[@]}"; do
  [ -e "$place" ] || { mkdir -p "$place"; echo "$place" >>"$HOME_DIR/made"; }
done

# A private mount namespace lays this instance's directories over the compiled-in ones, for the server and for vpncmd.
# A container may forbid that; then links take their place, and only one instance can run.
if unshare -m --propagation private true 2>/dev/null; then
  # shellcheck disable=SC2016 # the inner shell expands these
  start "$NAME" unshare -m --propagation private bash -c '
    mount --bind "$0/lib" /var/lib/softether && mount --bind "$0/log" /var/log/softether && mount --bind "$0/run" /run/softether || exit 1
    exec "$0/exe/rig-softether" execsvc' "$HOME_DIR"
  read -r pid _ <"$PIDS/$NAME"
  inside() { nsenter -t "$pid" -m -- "$@"; }
else
  for place in "${PLACES[@]}"; do
    rmdir "$place" 2>/dev/null || [ -L "$place" ] || die "$place is in use, and a private mount namespace is not permitted here"
  done
  ln -sfn "$HOME_DIR/lib" /var/lib/softether
  ln -sfn "$HOME_DIR/log" /var/log/softether
  ln -sfn "$HOME_DIR/run" /run/softether
  start "$NAME" "$HOME_DIR/exe/rig-softether" execsvc
  inside() { "$@"; }
fi
wait_up "$NAME" "$MGMT" "$PORT"

cat >"$HOME_DIR/setup.txt" <<C
HubCreate RIG /PASSWORD:rigadmin
ServerCertSet /LOADCERT:$PKI/$CERT.crt /LOADKEY:$PKI/$CERT.key
KeepDisable
Hub RIG
UserCreate alice /GROUP:none /REALNAME:none /NOTE:none
UserPasswordSet alice /PASSWORD:Passw0rd!
ExtOptionSet DisableKernelModeSecureNAT /VALUE:1
ExtOptionSet DisableIpRawModeSecureNAT /VALUE:1
LogDisable packet
SecureNatEnable
C
inside vpncmd "127.0.0.1:$MGMT" /SERVER /IN:"$HOME_DIR/setup.txt" >"$LOG/vpncmd-$NAME.log" 2>&1 9>&- || {
  tail -n 20 "$LOG/vpncmd-$NAME.log" >&2
  die "vpncmd could not set SoftEther up"
}
