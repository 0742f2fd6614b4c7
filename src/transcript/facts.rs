//! Facts
/// facts
#[derive(Clone, Debug, Default)]
pub struct Facts;
