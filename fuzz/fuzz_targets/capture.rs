#![no_main]
//! The whole reader of captures on arbitrary bytes: file, link, TCP, TLS, what is above, and the judgement. Run it with
//! -rss_limit_mb=64.

use libfuzzer_sys::fuzz_target;
use sstp_diag::capture::file::Reader;
use sstp_diag::capture::read::{Connection, Listener, Options, read_from};
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
    let Ok(reader) = Reader::from_read("fuzz", Box::new(Cursor::new(bytes.to_vec()))) else { return };
    let _ = read_from(reader, &Options::default(), &mut Judge);
});
