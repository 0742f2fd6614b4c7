//! Everything that needs no installed peer, in one binary.

mod cli;
mod hostile;
mod house;
mod lab;
