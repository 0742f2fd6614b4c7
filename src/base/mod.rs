//! The words every other floor uses: layers, sides, times, places in a specification, bytes and errors.

mod bytes;
mod field;
mod layer;
mod secret;
mod spec;
mod time;

pub use bytes::{Bytes, Limit, Reader, WireError, base64, hex, unbase64, unhex};
pub use field::Field;
pub use layer::{Layer, Side};
pub use secret::Secret;
pub use spec::{Doc, SpecRef};
pub use time::Micros;
