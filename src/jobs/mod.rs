//! What the program can do. A job makes plans, runs sessions and hands back transcripts.

pub mod lab;
pub mod probe;
