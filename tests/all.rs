//! Everything that needs no installed peer, in one binary.

mod hostile;
mod house;
