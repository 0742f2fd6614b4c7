//! Everything that needs no installed peer, in one binary.

mod catalogue;
mod cli;
mod decode;
mod hostile;
mod house;
mod lab;
