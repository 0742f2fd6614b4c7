//! What the program can do: each job makes plans, runs sessions and hands on transcripts.

pub mod conformance;
pub mod exposure;
pub mod generate;
pub mod lab;
pub mod middlebox;
pub mod mutate;
pub mod path;
pub mod pcap;
pub mod probe;
pub mod replay;
pub mod witness;
