#![no_main]
//! Every parser of the wire floor on arbitrary bytes; what is read is written back and read again.

use libfuzzer_sys::fuzz_target;
#[cfg(feature = "rows")]
use libfuzzer_sys::{fuzz_mutator, fuzzer_mutate};
use sstp_diag::base::Layer;
#[cfg(feature = "rows")]
use sstp_diag::jobs::mutate::spoil;
use sstp_diag::wire::{cert, control, eap, inner, layout, ppp, sstp, tls};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(message) = sstp::Message::parse(bytes) {
        assert_eq!(sstp::Message::parse(&message.emit()), Ok(message));
    }
    if let Ok(frame) = ppp::Frame::parse(bytes) {
        assert_eq!(ppp::Frame::parse(&frame.emit()), Ok(frame));
    }
    let _ = control::Packet::parse(Layer::Lcp, bytes).map(|packet| packet.options(Layer::Lcp));
    let _ = eap::MsChapV2::parse(bytes).map(|inner| inner.emit());
    let _ = inner::Echo::parse(bytes).map(|echo| echo.reply().emit());
    let _ = cert::Cert::parse(bytes);
    let mut flight = tls::Flight::default();
    let _ = flight.push(bytes);
    assert!(layout::fields(bytes).iter().all(|field| field.byte_range().end <= bytes.len()));
    let mut framer = sstp::Framer::default();
    framer.push(bytes);
    while let Ok(Some(_)) = framer.next_packet() {}
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
