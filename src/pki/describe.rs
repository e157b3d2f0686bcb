//! A verified chain for people to read: each certificate, and why its link holds.

use super::cert::Certificate;
use super::{PeerChain, Pin, Trust, VerifiedChain};
use core::fmt;

pub(crate) struct Description<'a> {
    pub(crate) verified: &'a VerifiedChain,
    pub(crate) chain: &'a PeerChain,
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.verified.path();
        let above = path.iter().skip(1).map(Some).chain([None]);
        for (place, (index, above)) in path.iter().zip(above).enumerate() {
            let der = self.chain.certificates().nth(*index).unwrap_or(&[]);
            match Certificate::parse(der) {
                Ok(certificate) => self.certificate(f, place, *index, above, &certificate)?,
                Err(e) => writeln!(f, "{index}: not a certificate ({e})")?,
            }
        }
        match self.verified.trust() {
            Trust::Root(root) => write!(f, "trusted: issued under the root {root}"),
            Trust::Session => f.write_str("trusted: verified when the session was made"),
            Trust::Pin(pin @ Pin::Key(_)) => write!(f, "trusted: its key is known, {pin}"),
            Trust::Pin(pin @ Pin::Certificate(_)) => write!(f, "trusted: it is known, {pin}"),
            Trust::Application(reason) => write!(f, "trusted by the application: {reason}"),
            Trust::Nothing => f.write_str("NOT VERIFIED: any certificate is accepted"),
        }
    }
}

impl Description<'_> {
    fn certificate(
        &self,
        f: &mut fmt::Formatter<'_>,
        place: usize,
        index: usize,
        above: Option<&usize>,
        certificate: &Certificate<'_>,
    ) -> fmt::Result {
        writeln!(f, "{index}: {}", certificate.subject())?;
        writeln!(f, "   issued by {}", certificate.issuer())?;
        if matches!(self.verified.trust(), Trust::Root(_)) {
            let algorithm = certificate.signature_algorithm_text();
            write!(f, "   signed with {algorithm} by the key of ")?;
            match above {
                Some(issuer) => writeln!(f, "certificate {issuer}")?,
                None => writeln!(f, "the root")?,
            }
        }
        let (from, to) = certificate.validity();
        writeln!(f, "   valid from {from} to {to}")?;
        if let Some(source) = self.verified.status(place) {
            writeln!(f, "   not revoked, says {source}")?;
        }
        if place == 0 {
            names(f, certificate)
        } else {
            authority(f, certificate)
        }
    }
}

/// Whom the peer's own certificate is for.
fn names(f: &mut fmt::Formatter<'_>, certificate: &Certificate<'_>) -> fmt::Result {
    let (names, more) = certificate.presented_names();
    for (i, name) in names.iter().enumerate() {
        write!(f, "{}{name}", if i > 0 { ", " } else { "   for " })?;
    }
    match (names.is_empty(), more) {
        (true, _) => Ok(()),
        (false, 0) => writeln!(f),
        (false, n) => writeln!(f, " and {n} more"),
    }
}

/// What a CA may do.
fn authority(f: &mut fmt::Formatter<'_>, certificate: &Certificate<'_>) -> fmt::Result {
    f.write_str("   a CA's")?;
    if let Some(limit) = certificate.basic_constraints().and_then(|b| b.path_len) {
        write!(f, ", with at most {limit} more below it")?;
    }
    if certificate.name_constraints().is_some() {
        f.write_str(", for the names that it may issue for")?;
    }
    writeln!(f)
}
