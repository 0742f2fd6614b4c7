//! Forward proxies that do not let a call pass, or only after a login.

use crate::base::Layer::Proxy;
use crate::base::Secret;
use crate::jobs::lab::dial::Dial;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::jobs::lab::{USERS, proxy};
use crate::live::listen::SocksMode;

pub(in crate::jobs::lab) const FAULTS: &[Fault] = &[
    fault("proxy.unreachable", Proxy, "the configured proxy is not there", Makes::ProxyAbsent, "PROXY-UNREACHABLE"),
    fault("proxy.auth-required", Proxy, "the proxy wants Basic credentials", Makes::Proxy(proxy::basic), "PROXY-AUTH-REQUIRED"),
    fault("proxy.auth-scheme", Proxy, "the proxy offers only Negotiate and NTLM", Makes::Proxy(proxy::negotiate), "PROXY-AUTH-SCHEME"),
    fault(
        "proxy.no-challenge",
        Proxy,
        "the proxy wants credentials and does not say which",
        Makes::Proxy(proxy::no_challenge),
        "PROXY-407-NO-CHALLENGE",
    ),
    fault("proxy.forbidden", Proxy, "the proxy forbids the host", Makes::Proxy(proxy::forbidden), "PROXY-CONNECT-DENIED"),
    fault("proxy.bad-gateway", Proxy, "the proxy cannot reach the host", Makes::Proxy(proxy::bad_gateway), "PROXY-UPSTREAM-FAIL"),
    fault("proxy.unavailable", Proxy, "the proxy cannot resolve the host", Makes::Proxy(proxy::unavailable), "PROXY-UPSTREAM-FAIL"),
    fault(
        "proxy.gateway-timeout",
        Proxy,
        "the host does not answer the proxy",
        Makes::Proxy(proxy::gateway_timeout),
        "PROXY-UPSTREAM-FAIL",
    ),
    fault("proxy.portal", Proxy, "the proxy sends everybody to a login page", Makes::Proxy(proxy::portal), "PROXY-CAPTIVE-PORTAL"),
    fault("proxy.garbage", Proxy, "what is configured as proxy speaks no HTTP", Makes::Proxy(proxy::garbage), "PROXY-NOT-HTTP"),
    fault("proxy.silent", Proxy, "the proxy does not answer CONNECT", Makes::Proxy(proxy::silent), "PROXY-NO-RESPONSE"),
    fault("proxy.close", Proxy, "the proxy closes on CONNECT", Makes::Proxy(proxy::close), "PROXY-CLOSED"),
    fault(
        "proxy.bad-request",
        Proxy,
        "the proxy takes CONNECT for a bad request",
        Makes::Proxy(proxy::bad_request),
        "PROXY-UNEXPECTED-STATUS",
    ),
    fault("proxy.digest", Proxy, "the proxy takes a Digest login", DIGEST, "PROXY-LOGIN-NOT-WINDOWS"),
    fault("proxy.ntlm", Proxy, "the proxy takes an NTLM login", NTLM, "PROXY-LOGIN-NOT-WINDOWS"),
    fault("proxy.basic-login", Proxy, "the proxy takes a Basic login", BASIC, "PROXY-LOGIN-NOT-WINDOWS"),
    fault("proxy.digest-wrong-password", Proxy, "the proxy does not take the Digest login", DIGEST_WRONG, "PROXY-CREDENTIALS-REFUSED"),
    fault("proxy.ntlm-wrong-password", Proxy, "the proxy does not take the NTLM login", NTLM_WRONG, "PROXY-CREDENTIALS-REFUSED"),
    fault(
        "proxy.sstpversion-filter",
        Proxy,
        "the proxy refuses CONNECT with the header of SSTP",
        Makes::Proxy(proxy::sstp_filter),
        "PROXY-SSTPVERSION-FILTER",
    ),
    fault("proxy.port-filter", Proxy, "the proxy allows port 443 only", Makes::Proxy(proxy::port_443), "PROXY-PORT-NOT-ALLOWED"),
    fault("proxy.socks", Proxy, "the proxy speaks SOCKS5", Makes::Socks(SocksMode::Open), "PROXY-SOCKS-NOT-WINDOWS"),
    fault("proxy.socks-login", Proxy, "the SOCKS5 proxy takes user and password", SOCKS_LOGIN, "PROXY-SOCKS-NOT-WINDOWS"),
    fault(
        "proxy.socks-login-missing",
        Proxy,
        "the SOCKS5 proxy wants user and password, and none are given",
        Makes::Socks(SocksMode::Login(USERS[0].0, USERS[0].1)),
        "PROXY-SOCKS-LOGIN",
    ),
    fault("proxy.socks-wrong-password", Proxy, "the SOCKS5 proxy does not take the login", SOCKS_WRONG, "PROXY-CREDENTIALS-REFUSED"),
    fault(
        "proxy.socks-refused",
        Proxy,
        "the SOCKS5 proxy's rules forbid the host",
        Makes::Socks(SocksMode::Refuse(2)),
        "PROXY-SOCKS-REFUSED",
    ),
    fault("proxy.pac-broken", Proxy, "the proxy script is wrong", Makes::Dial(broken_script), "PROXY-PAC-FAIL"),
];

fn broken_script(dial: &mut Dial) {
    let text = "function FindProxyForURL(url, host) {\n  return proxyFor(host);\n}\n";
    dial.pac = Some(("lab.pac".into(), text.into()));
}

const DIGEST: Makes = Makes::Many(&[Makes::Proxy(proxy::digest), Makes::Dial(right)]);
const DIGEST_WRONG: Makes = Makes::Many(&[Makes::Proxy(proxy::digest), Makes::Dial(wrong)]);
const NTLM: Makes = Makes::Many(&[Makes::Proxy(proxy::ntlm), Makes::Dial(right)]);
const NTLM_WRONG: Makes = Makes::Many(&[Makes::Proxy(proxy::ntlm), Makes::Dial(wrong)]);
const BASIC: Makes = Makes::Many(&[Makes::Proxy(proxy::basic), Makes::Dial(right)]);
const SOCKS_LOGIN: Makes = Makes::Many(&[Makes::Socks(SocksMode::Login(USERS[0].0, USERS[0].1)), Makes::Dial(right)]);
const SOCKS_WRONG: Makes = Makes::Many(&[Makes::Socks(SocksMode::Login(USERS[0].0, USERS[0].1)), Makes::Dial(wrong)]);

fn right(dial: &mut Dial) {
    dial.proxy_login = Some((USERS[0].0.into(), Secret::new(USERS[0].1.into())));
}

fn wrong(dial: &mut Dial) {
    dial.proxy_login = Some((USERS[0].0.into(), Secret::new("not the password".into())));
}
