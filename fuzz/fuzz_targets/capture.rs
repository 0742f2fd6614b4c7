#![no_main]
//! The whole reader of captures on arbitrary bytes: file, link, TCP, TLS, and what is above. Run with -rss_limit_mb=64.

use libfuzzer_sys::fuzz_target;
use sstp_diag::capture::read::{Connection, Listener, Options, Source, read};
use sstp_diag::diag;
use sstp_diag::transcript::Facts;
use std::io::Cursor;

struct Judge;

impl Listener for Judge {
    fn over(&mut self, connection: Connection) {
        let facts = Facts::of(&connection.transcript);
        let _ = diag::judge(&facts, diag::all());
    }
}

fuzz_target!(|bytes: &[u8]| {
    let source = Source::Bytes("fuzz".into(), Box::new(Cursor::new(bytes.to_vec())));
    let _ = read(Options { sources: vec![source], ..Options::default() }, &mut Judge);
});
