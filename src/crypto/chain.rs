//! Types only, until the judgement is merged.
#![allow(missing_docs)]
use serde::{Deserialize, Serialize};
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainVerdict {
    pub path: Vec<usize>,
    pub anchor: Option<String>,
    pub problems: Vec<Problem>,
}
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    pub rule: Rule,
    pub cert: Option<usize>,
    pub says: String,
}
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    Empty,
    Unparsable,
    Expired,
    NotYetValid,
    NameMismatch,
    WildcardDepth,
    CnOnly,
    IpNotInSan,
    SelfSigned,
    UntrustedRoot,
    MissingIntermediate,
    WrongOrder,
    ExtraCertificate,
    Duplicate,
    EkuMissing,
    EkuAbsent,
    KeyUsage,
    BasicConstraints,
    PathLength,
    NameConstraints,
    WeakKey,
    WeakSignature,
    BadSignature,
    UnknownCritical,
    ValidityTooLong,
    NoRevocationInfo,
    CrlLdapOnly,
    ExpiresSoon,
}
