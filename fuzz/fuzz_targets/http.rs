#![no_main]
//! The HTTP heads: the same answer however the bytes are cut.

use libfuzzer_sys::fuzz_target;
use sstp_diag::base::Layer;
use sstp_diag::wire::http::{Head, Parsed};

fuzz_target!(|bytes: &[u8]| {
    for parse in [Head::parse_response, Head::parse_request] {
        let Ok(Parsed::Whole(head, len)) = parse(Layer::Http, bytes) else { continue };
        assert!(len <= bytes.len());
        assert!(!matches!(parse(Layer::Http, &bytes[..len - 1]), Ok(Parsed::Whole(..))), "whole only with its last byte");
        let _ = (head.emit(), head.request_line());
    }
});
