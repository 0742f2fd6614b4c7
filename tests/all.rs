//! Everything that needs no installed peer, in one binary.

mod auth;
mod captures;
mod catalogue;
mod chains;
mod cli;
mod client_cases;
mod clients;
mod conformance;
mod crowd;

mod decode;
mod docs;
mod explain;
mod gating;
mod hard_captures;
mod hasty;
mod hostile;
mod house;
mod lab;
mod mutate;
mod mutate_clients;
mod mutate_ends;
mod mutate_report;
mod mutate_self;
mod outage;
mod path;
mod path_alone;
mod path_cli;
mod recorded;
mod replay;
mod replay_ends;
mod replay_ways;
mod replay_words;
mod scratch;
mod verdicts;
