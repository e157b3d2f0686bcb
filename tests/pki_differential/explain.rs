//! Why the two verdicts differ where they do.

use super::Question;
use symbolon::error::{CertificateError, CertificateFault as Fault};

/// What both said.
#[derive(Debug)]
pub(crate) struct Verdicts<'a> {
    pub(crate) question: &'a Question,
    pub(crate) ours: Result<(), CertificateError>,
    pub(crate) theirs: Result<(), webpki::Error>,
}

/// The rule behind a difference; nothing if it isn't a known one.
pub(crate) fn explain(verdicts: &Verdicts<'_>) -> Option<&'static str> {
    match (&verdicts.ours, &verdicts.theirs) {
        (Err(ours), Ok(())) => we_refuse(ours, verdicts.question),
        (Ok(()), Err(theirs)) => they_refuse(theirs, verdicts.question),
        _ => None,
    }
}

fn we_refuse(ours: &CertificateError, _question: &Question) -> Option<&'static str> {
    Some(match &ours.fault {
        Fault::KeyUsage { .. } => "stricter: keyUsage is checked (RFC 5280 4.2.1.3)",
        _ => return None,
    })
}

fn they_refuse(theirs: &webpki::Error, _question: &Question) -> Option<&'static str> {
    Some(match theirs {
        _ => return None,
    })
}
