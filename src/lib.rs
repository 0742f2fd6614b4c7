//! Diagnosis of Microsoft SSTP: where a call stops, what a Windows client shows, why, and how to mend it.
//!
//! The floors, bottom to top; a file uses its own floor and those below it (`tests/house.rs` checks that):
//! [`base`], [`wire`] and [`crypto`], [`transcript`], [`proto`], [`live`] and [`capture`], [`jobs`] and [`diag`], [`report`], [`cli`].

pub mod base;
pub mod capture;
pub mod cli;
pub mod crypto;
pub mod diag;
pub mod jobs;
pub mod live;
pub mod proto;
pub mod report;
pub mod transcript;
pub mod wire;
