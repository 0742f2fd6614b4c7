//! Forward proxies that do not let a call pass.

use crate::base::Layer::Proxy;
use crate::jobs::lab::fault::{Fault, Makes, fault};
use crate::jobs::lab::proxy;

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
];
