//! Why a certificate chain was not accepted.
//!
//! Whatever a fault shows of the peer's certificates is escaped ([`Text`]) and bounded: it may be
//! printed to a terminal or a log as it is.

use super::text::{Moment, Text};
use super::{DecodeError, RevocationFault};
use crate::codepoint::AlertDescription;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// Why the peer's certificates were not accepted.
///
/// Where several paths were tried, this is the failure that says most; [`CertificateError::tried`]
/// has the others. `{}` shows it in a line, `{:#}` with the rule, the paths and the remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateError {
    /// Which certificate, in the order sent (0 is the peer's own), where one is at fault.
    pub index: Option<usize>,
    /// Whose certificate that is: its subject, where known.
    pub subject: Option<Text>,
    /// What is wrong.
    pub fault: CertificateFault,
    /// Shared, since the same error is told again at every later call.
    tried: Option<Arc<Tried>>,
}

/// A path that was tried, and why it doesn't hold.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TriedPath {
    /// The certificates, in the order sent: the peer's own, its issuer, and so on up to where
    /// the path failed or ended.
    pub path: Vec<usize>,
    /// The subject of the root above them, if the path reached one.
    pub root: Option<Text>,
    /// Why it doesn't hold; of this one path only.
    pub failure: CertificateError,
}

/// The first few paths, and how many more there were.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tried {
    paths: Vec<TriedPath>,
    more: usize,
}

impl Tried {
    /// More than these aren't kept.
    const MOST: usize = 8;

    /// Keeps a path if there is room; makes it only then.
    pub(crate) fn note(&mut self, path: impl FnOnce() -> TriedPath) {
        if self.paths.len() < Self::MOST {
            self.paths.push(path());
        } else {
            self.more = self.more.saturating_add(1);
        }
    }
}

impl CertificateError {
    /// A fault of the certificate at `index`.
    #[must_use]
    pub const fn new(index: Option<usize>, fault: CertificateFault) -> Self {
        Self {
            index,
            subject: None,
            fault,
            tried: None,
        }
    }

    /// The same error, with all paths that were tried.
    #[must_use]
    pub(crate) fn having_tried(mut self, tried: Tried) -> Self {
        self.tried = Some(Arc::new(tried));
        self
    }

    /// The first few paths that were tried, and how many more there were. There are none where
    /// the peer's own certificate was refused before any path was looked for.
    #[must_use]
    pub fn tried(&self) -> (&[TriedPath], usize) {
        match &self.tried {
            Some(tried) => (&tried.paths, tried.more),
            None => (&[], 0),
        }
    }

    /// The certificate at `index` can't be parsed.
    #[must_use]
    pub const fn malformed(index: usize, error: DecodeError) -> Self {
        Self::new(Some(index), CertificateFault::Malformed(error))
    }

    /// The application's refusal, with a reason for a person to read.
    #[must_use]
    pub fn refused(reason: &str) -> Self {
        Self::new(None, CertificateFault::Refused(Text::from(reason)))
    }

    /// The same error, with the subject of the certificate at fault.
    #[must_use]
    pub fn of_subject(mut self, subject: Text) -> Self {
        self.subject = Some(subject);
        self
    }
}

/// What can be wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateFault {
    /// There is no certificate to verify.
    NoCertificate,
    /// It isn't a certificate, or not one that RFC 5280 allows.
    Malformed(DecodeError),
    /// Its time is over.
    Expired {
        /// The end of its time.
        not_after: Moment,
        /// The time that it was compared with.
        now: Moment,
    },
    /// Its time hasn't come.
    NotYetValid {
        /// The beginning of its time.
        not_before: Moment,
        /// The time that it was compared with.
        now: Moment,
    },
    /// It isn't for the name that was asked for.
    NameMismatch {
        /// The name asked for.
        asked: Text,
        /// The first few names that it is for.
        presented: Vec<Text>,
        /// How many more there are.
        more: usize,
    },
    /// A server is to be verified without saying which: the name would go unchecked.
    NoNameToCheck,
    /// Its issuer is none of the trusted roots, and no certificate that came is the issuer's.
    UnknownIssuer {
        /// The issuer.
        issuer: Text,
        /// Whether it issued itself.
        self_signed: bool,
    },
    /// It issued another certificate and isn't a CA's (`basicConstraints`).
    NotACa,
    /// More intermediate certificates below it than its `pathLenConstraint` allows.
    PathTooLong {
        /// How many it allows.
        limit: u8,
    },
    /// Its `extKeyUsage` leaves out what it is used for.
    ExtendedKeyUsage {
        /// What is needed, by the RFC's name (`"serverAuth"`).
        needed: &'static str,
    },
    /// Its `keyUsage` leaves out what its key is used for.
    KeyUsage {
        /// What is needed, by the RFC's name (`"keyCertSign"`).
        needed: &'static str,
    },
    /// A critical extension that is not known here.
    CriticalExtension {
        /// Which one: its object identifier in dotted form.
        oid: Text,
    },
    /// The issuer's key didn't make the signature.
    BadSignature,
    /// No algorithm here verifies its signature.
    SignatureAlgorithm {
        /// The algorithm's name or dotted object identifier.
        algorithm: Text,
    },
    /// It is signed with MD5 or SHA-1, which nobody may rely on.
    BrokenSignatureAlgorithm {
        /// The algorithm's name.
        algorithm: &'static str,
    },
    /// The signature algorithm is named twice in a certificate, and here the two differ.
    AlgorithmMismatch,
    /// The issuer's key is of a kind that its signature algorithm isn't verified with here.
    IssuerKeyKind,
    /// An RSA key that is too small to be safe, or so large that it only costs time.
    KeySize {
        /// Its size.
        bits: usize,
    },
    /// A name that a CA above it may not issue for (`nameConstraints`).
    NameNotAllowed {
        /// The name.
        name: Text,
    },
    /// A CA above it constrains names of this form, and the form isn't known here.
    NameForm {
        /// The form, by the RFC's name (`"rfc822Name"`).
        form: &'static str,
    },
    /// A key on an elliptic curve that is given by its parameters, or not at all, instead of by
    /// its name.
    ExplicitCurve,
    /// A key of a kind that isn't verified with here.
    KeyKind {
        /// The kind's name or dotted object identifier.
        kind: Text,
    },
    /// An RSA key whose public exponent is even, 1, or longer than 33 bits.
    KeyExponent,
    /// The digest in its signature is of another size than its issuer's key.
    DigestSize,
    /// A version that the profile doesn't allow.
    Version {
        /// Which one, 1 to 3.
        version: u8,
    },
    /// A serial number that isn't positive, or has more than 20 octets.
    Serial,
    /// A CA's certificate, used by a peer as its own.
    CaAsEndEntity,
    /// It or its key is on the list of what isn't trusted any more.
    Distrusted {
        /// Whether it is the key.
        key: bool,
    },
    /// A policy is asked for, by the verifier or by a CA, and the path holds under none.
    NoPolicy,
    /// The search for a path was given up: the certificates that came are made to be costly.
    OutOfBudget,
    /// What the sources of revocation have against it, or that they say nothing.
    Revocation(RevocationFault),
    /// Neither it nor its key is among those that are trusted by their pins.
    NotPinned {
        /// The pin that it has.
        found: Text,
    },
    /// The server showed another key when it was first seen.
    KeyChanged {
        /// The pins that it is known by.
        known: Vec<Text>,
        /// The pin that it has now.
        found: Text,
    },
    /// The application's own verifier refused; its words.
    Refused(Text),
}

impl CertificateError {
    /// The alert of RFC 9846 6.2 that fits the fault.
    #[must_use]
    pub const fn alert(&self) -> AlertDescription {
        use AlertDescription as A;
        use CertificateFault as F;
        match &self.fault {
            F::Revocation(fault) => fault.alert(),
            F::NoCertificate => A::CERTIFICATE_REQUIRED,
            F::NoNameToCheck => A::INTERNAL_ERROR,
            // RFC 9846 4.5.1.4: bad_certificate for a signature with MD5, and best for SHA-1.
            F::Malformed(_)
            | F::NameMismatch { .. }
            | F::BadSignature
            | F::BrokenSignatureAlgorithm { .. }
            | F::AlgorithmMismatch
            | F::KeySize { .. }
            | F::KeyExponent
            | F::DigestSize
            | F::Serial => A::BAD_CERTIFICATE,
            F::Expired { .. } | F::NotYetValid { .. } => A::CERTIFICATE_EXPIRED,
            F::UnknownIssuer { .. } | F::NotACa | F::PathTooLong { .. } => A::UNKNOWN_CA,
            F::ExtendedKeyUsage { .. }
            | F::KeyUsage { .. }
            | F::CriticalExtension { .. }
            | F::SignatureAlgorithm { .. }
            | F::IssuerKeyKind
            | F::ExplicitCurve
            | F::KeyKind { .. }
            | F::Version { .. }
            | F::CaAsEndEntity => A::UNSUPPORTED_CERTIFICATE,
            F::Distrusted { .. }
            | F::NoPolicy
            | F::NameNotAllowed { .. }
            | F::NameForm { .. }
            | F::OutOfBudget
            | F::NotPinned { .. }
            | F::KeyChanged { .. }
            | F::Refused(_) => A::CERTIFICATE_UNKNOWN,
        }
    }

    /// The section of the rule that was broken.
    #[must_use]
    pub const fn rule(&self) -> Option<&'static str> {
        use CertificateFault as F;
        Some(match &self.fault {
            F::Revocation(fault) => fault.rule(),
            F::NoCertificate => "RFC 9846 4.5.1",
            F::Malformed(_) => "RFC 5280 4.1",
            F::Expired { .. } | F::NotYetValid { .. } => "RFC 5280 4.1.2.5",
            F::NameMismatch { .. } => "RFC 9525 6",
            F::NoNameToCheck => "RFC 9525 6.1",
            F::UnknownIssuer { .. } | F::BadSignature => "RFC 5280 6.1.3",
            F::NotACa | F::PathTooLong { .. } => "RFC 5280 4.2.1.9",
            F::ExtendedKeyUsage { .. } => "RFC 5280 4.2.1.12",
            F::KeyUsage { .. } => "RFC 5280 4.2.1.3",
            F::CriticalExtension { .. } => "RFC 5280 4.2",
            F::BrokenSignatureAlgorithm { .. } => "RFC 9846 4.5.1.4",
            F::AlgorithmMismatch => "RFC 5280 4.1.1.2",
            F::NameNotAllowed { .. } | F::NameForm { .. } => "RFC 5280 4.2.1.10",
            F::ExplicitCurve => "RFC 5480 2.1.1",
            F::KeyExponent => "RFC 8017 3.1",
            F::Version { .. } => "RFC 5280 4.1.2.1",
            F::Serial => "RFC 5280 4.1.2.2",
            F::NoPolicy => "RFC 9618 5.5",
            F::SignatureAlgorithm { .. }
            | F::IssuerKeyKind
            | F::KeyKind { .. }
            | F::KeySize { .. }
            | F::DigestSize
            | F::CaAsEndEntity
            | F::Distrusted { .. }
            | F::OutOfBudget
            | F::NotPinned { .. }
            | F::KeyChanged { .. }
            | F::Refused(_) => return None,
        })
    }

    /// What a person can do about it.
    #[must_use]
    pub fn remedy(&self) -> Option<Cow<'static, str>> {
        use CertificateFault as F;
        match &self.fault {
            F::UnknownIssuer {
                issuer,
                self_signed: false,
            } => Some(written(format_args!(
                "have the peer send the intermediate certificate of {issuer}, \
                 or add that to the roots if it is one"
            ))),
            F::NameMismatch {
                asked, presented, ..
            } if !presented.is_empty() => Some(written(format_args!(
                "connect by a name that the certificate has, or have {asked} added to it"
            ))),
            _ => self.fixed_remedy().map(Cow::Borrowed),
        }
    }

    const fn fixed_remedy(&self) -> Option<&'static str> {
        use CertificateFault as F;
        Some(match &self.fault {
            F::Revocation(fault) => return fault.remedy(),
            F::NoCertificate => "configure a certificate at the peer",
            F::Expired { .. } => "renew the certificate, or set the clock if it is wrong",
            F::NotYetValid { .. } => "check the clocks of both ends",
            F::NameMismatch { .. } => "have a certificate issued that has the name",
            F::NoNameToCheck => "give the server's name along with its chain",
            F::UnknownIssuer { .. } => {
                "add this certificate to the roots if you know it to be the right one"
            }
            F::ExtendedKeyUsage { .. } | F::KeyUsage { .. } => {
                "use a certificate that was issued for this purpose"
            }
            F::SignatureAlgorithm { .. }
            | F::BrokenSignatureAlgorithm { .. }
            | F::IssuerKeyKind
            | F::DigestSize => "have the certificate issued with a common signature algorithm",
            F::KeySize { .. } | F::KeyExponent => {
                "replace the key by an RSA key of 2048 to 8192 bits or an ECDSA key"
            }
            F::OutOfBudget => "have the peer send only the certificates of its own path",
            F::ExplicitCurve | F::KeyKind { .. } => {
                "replace the key by an RSA key or an ECDSA key on P-256"
            }
            F::CaAsEndEntity => "use a certificate that the CA has issued for this purpose",
            F::Version { .. } | F::Serial => "have the certificate issued anew",
            F::Distrusted { .. } => "use a certificate that another CA has issued",
            F::NoPolicy => "use a certificate that was issued under a policy that is asked for",
            F::NotPinned { .. } => {
                "compare the pin with what the peer's operator tells, and add it if it is right"
            }
            F::KeyChanged { .. } => {
                "ask the server's operator whether the key was replaced; if so, forget the old one"
            }
            F::NotACa
            | F::PathTooLong { .. }
            | F::NameNotAllowed { .. }
            | F::NameForm { .. }
            | F::CriticalExtension { .. }
            | F::Malformed(_)
            | F::AlgorithmMismatch
            | F::BadSignature
            | F::Refused(_) => return None,
        })
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            Some(0) => f.write_str("the peer's certificate")?,
            Some(i) => write!(f, "certificate {i} of the peer's chain")?,
            None => f.write_str("the peer's chain")?,
        }
        if let Some(subject) = &self.subject {
            write!(f, " ({subject})")?;
        }
        write!(f, " {}", self.fault)?;
        if f.alternate() {
            self.explain(f)?;
        }
        Ok(())
    }
}

impl CertificateError {
    /// The lines after the first one.
    fn explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(rule) = self.rule() {
            write!(f, "\n  rule: {rule}")?;
        }
        let (paths, more) = self.tried();
        for tried in paths {
            write!(f, "\n  tried: {tried}")?;
        }
        if more > 0 {
            write!(f, "\n  tried: {more} more")?;
        }
        match self.remedy() {
            Some(remedy) => write!(f, "\n  remedy: {remedy}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for TriedPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, index) in self.path.iter().enumerate() {
            write!(f, "{}{index}", if i > 0 { " <- " } else { "" })?;
        }
        if let Some(root) = &self.root {
            write!(f, " <- root {root}")?;
        }
        write!(f, ": {}", self.failure)
    }
}

/// A predicate: what the certificate is or does.
impl fmt::Display for CertificateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCertificate => f.write_str("is empty"),
            Self::Malformed(e) => write!(f, "is malformed: {e}"),
            Self::Expired { not_after, now } => write!(
                f,
                "expired at {not_after}, {} before {now}",
                not_after.distance(*now)
            ),
            Self::NotYetValid { not_before, now } => write!(
                f,
                "is valid from {not_before} only, {} after {now}",
                not_before.distance(*now)
            ),
            Self::NameMismatch {
                asked,
                presented,
                more,
            } => {
                write!(f, "is not for {asked} but for ")?;
                for (i, name) in presented.iter().enumerate() {
                    write!(f, "{}{name}", if i > 0 { ", " } else { "" })?;
                }
                match (presented.is_empty(), *more) {
                    (true, _) => f.write_str("no name at all"),
                    (false, 0) => Ok(()),
                    (false, n) => write!(f, " and {n} more"),
                }
            }
            Self::NoNameToCheck => f.write_str("cannot be checked without the server's name"),
            Self::UnknownIssuer {
                self_signed: true, ..
            } => f.write_str("issued itself and is not a trusted root"),
            Self::UnknownIssuer { issuer, .. } => {
                write!(f, "was issued by {issuer}, which is not known here")
            }
            Self::NotACa => f.write_str("issued another one and is not a CA's"),
            Self::PathTooLong { limit } => {
                write!(f, "allows only {limit} intermediate certificates below it")
            }
            Self::ExtendedKeyUsage { needed } => {
                write!(f, "may not be used for {needed} (extKeyUsage)")
            }
            Self::KeyUsage { needed } => write!(f, "may not be used for {needed} (keyUsage)"),
            Self::CriticalExtension { oid } => {
                write!(
                    f,
                    "has the critical extension {oid}, which is not known here"
                )
            }
            Self::BadSignature => f.write_str("has a signature that is not its issuer's"),
            Self::SignatureAlgorithm { algorithm } => {
                write!(f, "is signed with {algorithm}, which is not verified here")
            }
            Self::BrokenSignatureAlgorithm { algorithm } => {
                write!(f, "is signed with {algorithm}, which is broken")
            }
            Self::AlgorithmMismatch => {
                f.write_str("names one signature algorithm inside and another one outside")
            }
            Self::IssuerKeyKind => {
                f.write_str("was issued with a key that its signature algorithm does not go with")
            }
            Self::KeySize { bits } => write!(f, "has an RSA key of {bits} bits"),
            Self::NameNotAllowed { name } => {
                write!(
                    f,
                    "has the name {name}, which a CA above it may not issue for"
                )
            }
            Self::NameForm { form } => write!(
                f,
                "has a name of the form {form}, which a CA above it constrains and which is not known here"
            ),
            Self::ExplicitCurve => f.write_str("has a key on a curve that is not named"),
            Self::KeyKind { kind } => {
                write!(f, "has a key that nothing is verified with here: {kind}")
            }
            Self::KeyExponent => f.write_str("has an RSA key with an exponent that is not safe"),
            Self::DigestSize => {
                f.write_str("is signed with a digest that does not fit its issuer's key")
            }
            Self::Version { version } => write!(f, "is of version {version}, not 3"),
            Self::Serial => f.write_str("has a serial number that is not positive or too long"),
            Self::CaAsEndEntity => f.write_str("is a CA's and used as the peer's own"),
            Self::Distrusted { key: true } => f.write_str("has a key that is distrusted"),
            Self::Distrusted { key: false } => f.write_str("is distrusted"),
            Self::NoPolicy => f.write_str("holds under no policy that is asked for"),
            Self::Revocation(fault) => write!(f, "{fault}"),
            Self::NotPinned { found } => write!(f, "is not known; its pin is {found}"),
            Self::KeyChanged { known, found } => {
                write!(f, "has another key than before, {found}; known is ")?;
                for (i, pin) in known.iter().enumerate() {
                    write!(f, "{}{pin}", if i > 0 { ", " } else { "" })?;
                }
                Ok(())
            }
            Self::OutOfBudget => f.write_str("takes too much work to verify"),
            Self::Refused(words) => write!(f, "was refused: {words}"),
        }
    }
}

impl core::error::Error for CertificateError {}

/// Not `format!`, whose compiled form needs an unwinder. A string takes everything.
fn written(text: fmt::Arguments<'_>) -> Cow<'static, str> {
    let mut out = String::new();
    let _ = fmt::write(&mut out, text);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;

    #[test]
    fn faults_cite_sections_and_show_no_rust() {
        use CertificateFault as F;
        let text = || Text::from("x");
        let decode = DecodeError::new("issuer", crate::error::DecodeFault::Truncated);
        for fault in [
            F::NoCertificate,
            F::Malformed(decode),
            F::NoNameToCheck,
            F::UnknownIssuer {
                issuer: text(),
                self_signed: false,
            },
            F::NotACa,
            F::PathTooLong { limit: 1 },
            F::ExtendedKeyUsage {
                needed: "serverAuth",
            },
            F::KeyUsage {
                needed: "keyCertSign",
            },
            F::CriticalExtension { oid: text() },
            F::BadSignature,
            F::SignatureAlgorithm { algorithm: text() },
            F::BrokenSignatureAlgorithm {
                algorithm: "sha1WithRSAEncryption",
            },
            F::AlgorithmMismatch,
            F::IssuerKeyKind,
            F::KeySize { bits: 1024 },
            F::NameNotAllowed { name: text() },
            F::NameForm { form: "rfc822Name" },
            F::ExplicitCurve,
            F::KeyKind { kind: text() },
            F::KeyExponent,
            F::DigestSize,
            F::Version { version: 1 },
            F::Serial,
            F::CaAsEndEntity,
            F::Distrusted { key: true },
            F::Distrusted { key: false },
            F::NoPolicy,
            F::OutOfBudget,
        ] {
            let error = CertificateError::new(Some(1), fault);
            if let Some(rule) = error.rule() {
                assert!(
                    rule.starts_with("RFC ") && rule.split(' ').count() == 3,
                    "{rule}"
                );
            }
            let words = error.to_string();
            assert!(
                words.starts_with("certificate 1 of the peer's chain "),
                "{words}"
            );
            assert!(!words.contains(['{', '"']), "{words}");
        }
        let refused = CertificateError::refused("not today\n");
        assert_eq!(
            refused.to_string(),
            "the peer's chain was refused: not today\\0a"
        );
        assert_eq!(refused.alert(), AlertDescription::CERTIFICATE_UNKNOWN);
    }

    #[test]
    fn an_expired_certificate_says_since_when() {
        let error = CertificateError::new(
            Some(0),
            CertificateFault::Expired {
                not_after: Moment(1_700_000_000),
                now: Moment(1_700_000_000 + 3 * 86_400 + 5),
            },
        )
        .of_subject(Text::from("CN=a"));
        assert_eq!(
            error.to_string(),
            "the peer's certificate (CN=a) expired at 2023-11-14T22:13:20Z, \
             3 days before 2023-11-17T22:13:25Z"
        );
        assert_eq!(error.alert(), AlertDescription::CERTIFICATE_EXPIRED);
    }
}
