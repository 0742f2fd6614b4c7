//! Everything that needs no installed peer, in one binary.

mod captures;
mod catalogue;
mod cli;
mod conformance;

mod decode;
mod docs;
mod explain;
mod gating;
mod hard_captures;
mod hostile;
mod house;
mod lab;
mod scratch;
