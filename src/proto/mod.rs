//! The two ends of an SSTP call above TLS, without sockets and without a clock.

pub mod auth;
pub mod bug;
pub mod call;
mod client;
pub mod door;
pub mod edit;
pub mod flaw;
pub mod fsm;
pub mod ipcp;
pub mod last_words;
pub mod lcp;
pub mod pac;
pub mod pair;
pub mod plan;
pub mod pppd;
pub mod proxy_login;
pub mod quirk;
mod rng;
mod server;
mod session;
pub mod site;
pub mod watch;

pub use rng::Rng;
pub use session::{Input, Machine, Output, Session};
