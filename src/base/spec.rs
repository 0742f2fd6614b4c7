//! Where a rule stands: document and section.

/// A document that rules are cited from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doc {
    /// \[MS-SSTP\] v20240423, protocol revision 21.0.
    MsSstp,
    /// An IETF document by number.
    Rfc(u16),
    /// A page or tool of Microsoft outside the protocol documents.
    Windows,
}

/// One section of one document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SpecRef {
    /// The document.
    pub doc: Doc,
    /// The section number as printed there; may be empty.
    pub section: &'static str,
}

impl SpecRef {
    /// A section of MS-SSTP.
    pub const fn sstp(section: &'static str) -> SpecRef {
        SpecRef { doc: Doc::MsSstp, section }
    }

    /// A section of an RFC.
    pub const fn rfc(number: u16, section: &'static str) -> SpecRef {
        SpecRef { doc: Doc::Rfc(number), section }
    }
}

impl std::fmt::Display for SpecRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.doc {
            Doc::MsSstp => write!(f, "MS-SSTP")?,
            Doc::Rfc(number) => write!(f, "RFC {number}")?,
            Doc::Windows => write!(f, "Windows")?,
        }
        if self.section.is_empty() { Ok(()) } else { write!(f, " {}", self.section) }
    }
}
