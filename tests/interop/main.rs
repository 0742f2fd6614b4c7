//! The program against real peers: SoftEther, nginx, Apache, haproxy, squid and OpenSSL, brought up by `tests/run.sh`.

mod captures;
mod conformance;
mod fronts;
mod investigated;
mod mutate;
mod networks;
mod odd;
mod path;
mod proxies;
mod radius;
mod radius_wire;
mod replay;
mod rig;
mod softether;
mod tls;
mod tshark;
