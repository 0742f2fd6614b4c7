#![no_main]
//! The HTTP heads: the same answer however the bytes are cut.

use libfuzzer_sys::fuzz_target;
#[cfg(feature = "rows")]
use libfuzzer_sys::{fuzz_mutator, fuzzer_mutate};
use sstp_diag::base::Layer;
#[cfg(feature = "rows")]
use sstp_diag::jobs::mutate::spoil;
use sstp_diag::wire::http::{Head, Parsed};

fuzz_target!(|bytes: &[u8]| {
    for parse in [Head::parse_response, Head::parse_request] {
        let Ok(Parsed::Whole(head, len)) = parse(Layer::Http, bytes) else { continue };
        assert!(len <= bytes.len());
        assert!(!matches!(parse(Layer::Http, &bytes[..len - 1]), Ok(Parsed::Whole(..))), "whole only with its last byte");
        let _ = (head.emit(), head.request_line());
    }
});

// As often as libFuzzer's own changes: those of our mutators' rows.
#[cfg(feature = "rows")]
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let spoilt = if seed & 2 == 0 { spoil::message(&data[..size], seed.into(), max_size) } else { None };
    match spoilt {
        Some(spoilt) => {
            data[..spoilt.bytes.len()].copy_from_slice(&spoilt.bytes);
            spoilt.bytes.len()
        }
        None => fuzzer_mutate(data, size, max_size),
    }
});
