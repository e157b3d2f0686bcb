//! Why a certificate chain was not accepted.

use super::DecodeError;
use crate::codepoint::AlertDescription;
use alloc::string::String;
use core::fmt;

/// Why the peer's certificates were not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateError {
    /// Which certificate, in the order sent (0 is the peer's own), where one is at fault.
    pub index: Option<usize>,
    /// What is wrong.
    pub fault: CertificateFault,
}

/// What can be wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// It isn't a certificate.
    Malformed(DecodeError),
    /// No path to a trusted root was found.
    UnknownIssuer,
    /// The application's own verifier refused; its words, bounded and escaped.
    Refused(String),
}

impl CertificateError {
    /// The alert of RFC 9846 6.2 that fits the fault.
    #[must_use]
    pub fn alert(&self) -> AlertDescription {
        match self.fault {
            CertificateFault::Malformed(_) => AlertDescription::BAD_CERTIFICATE,
            CertificateFault::UnknownIssuer => AlertDescription::UNKNOWN_CA,
            CertificateFault::Refused(_) => AlertDescription::CERTIFICATE_UNKNOWN,
        }
    }

    /// The section of the rule that was broken.
    #[must_use]
    pub fn rule(&self) -> Option<&'static str> {
        None
    }

    /// What a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<&'static str> {
        None
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "certificate {:?}: {:?}", self.index, self.fault)
    }
}
