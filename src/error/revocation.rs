//! Why the status of a certificate, or the lack of one, is held against it.

use super::DecodeError;
use super::text::{Moment, Text};
use crate::codepoint::AlertDescription;
use core::fmt;

/// What the sources of revocation have against a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RevocationFault {
    /// Its CA took it back.
    Revoked {
        /// Who says so.
        source: StatusSource,
        /// Since when.
        since: Moment,
        /// Why, where the CA says.
        reason: Option<RevocationReason>,
    },
    /// The OCSP response that was stapled to it isn't satisfactory.
    BadStaple(OcspFault),
    /// No OCSP response was stapled to it, and one must be.
    NoStaple {
        /// Whether the certificate itself demands it (RFC 7633); else the verifier does.
        by_certificate: bool,
    },
    /// Its status is required and no source tells it.
    Unknown {
        /// What is wrong with the source that comes closest; `None` if there is no source at all.
        closest: Option<CrlFault>,
    },
    /// Too few logs have promised to publish it (RFC 6962).
    TooFewTimestamps {
        /// How many logs must have.
        needed: usize,
        /// How many have.
        valid: usize,
        /// How many timestamps came that are of no known log, or don't verify.
        others: usize,
    },
}

/// Who told a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusSource {
    /// A stapled OCSP response (RFC 6960).
    Ocsp,
    /// A certificate revocation list (RFC 5280 5).
    Crl,
}

impl fmt::Display for StatusSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ocsp => "the stapled OCSP response",
            Self::Crl => "the CRL of its issuer",
        })
    }
}

/// CRLReason (RFC 5280 5.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RevocationReason {
    /// No reason is given, in so many words.
    Unspecified,
    /// Somebody else has the key.
    KeyCompromise,
    /// Somebody else has the CA's key.
    CaCompromise,
    /// The subject's name or other facts changed.
    AffiliationChanged,
    /// Another certificate took its place.
    Superseded,
    /// It is no longer needed.
    CessationOfOperation,
    /// It is suspended, for the time being.
    CertificateHold,
    /// It was suspended and isn't any more; in a complete list it says nothing.
    RemoveFromCrl,
    /// A privilege in it was withdrawn.
    PrivilegeWithdrawn,
    /// Somebody else has the key of the attribute authority.
    AaCompromise,
}

impl RevocationReason {
    const ALL: [(u8, Self, &'static str); 10] = [
        (0, Self::Unspecified, "unspecified"),
        (1, Self::KeyCompromise, "keyCompromise"),
        (2, Self::CaCompromise, "cACompromise"),
        (3, Self::AffiliationChanged, "affiliationChanged"),
        (4, Self::Superseded, "superseded"),
        (5, Self::CessationOfOperation, "cessationOfOperation"),
        (6, Self::CertificateHold, "certificateHold"),
        (8, Self::RemoveFromCrl, "removeFromCRL"),
        (9, Self::PrivilegeWithdrawn, "privilegeWithdrawn"),
        (10, Self::AaCompromise, "aACompromise"),
    ];

    /// The reason with this number; `None` if there is none.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|(n, ..)| *n == code).map(|(_, reason, _)| *reason)
    }
}

impl fmt::Display for RevocationReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = Self::ALL.iter();
        let name = all.find(|(_, reason, _)| reason == self);
        f.write_str(name.map_or("unknown", |(.., name)| name))
    }
}

/// What can be wrong with an OCSP response.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OcspFault {
    /// It isn't one, or not one that RFC 6960 allows.
    Malformed(DecodeError),
    /// The responder answered with an error instead of a status.
    NotSuccessful {
        /// Its name (`"tryLater"`).
        status: &'static str,
    },
    /// It is of another type than `id-pkix-ocsp-basic`.
    Type(Text),
    /// A critical extension that isn't known here.
    CriticalExtension {
        /// Its object identifier in dotted form.
        oid: Text,
    },
    /// Neither the certificate's issuer nor anybody whom it delegated this to has signed it.
    Signer,
    /// The signature isn't that of the responder.
    BadSignature,
    /// It is signed with an algorithm that isn't verified here.
    SignatureAlgorithm(Text),
    /// The responder's certificate can't be used.
    Responder(&'static str),
    /// It tells the status of other certificates only.
    OtherCertificate,
    /// The responder doesn't know the certificate.
    UnknownCertificate,
    /// It is from the future.
    NotYet {
        /// When it begins to hold.
        this_update: Moment,
        /// The time that it was compared with.
        now: Moment,
    },
    /// A newer one should have been fetched.
    Outdated {
        /// When there should have been another, or when this one gets too old.
        next_update: Moment,
        /// The time that it was compared with.
        now: Moment,
    },
}

/// What can be wrong with a CRL.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CrlFault {
    /// It isn't one, or not one that RFC 5280 allows.
    Malformed(DecodeError),
    /// A delta CRL, which tells only what changed since another one; they aren't used here.
    Delta,
    /// An indirect CRL, which lists what other CAs issued; they aren't used here.
    Indirect,
    /// A critical extension of the list or of an entry that isn't known here: it may change
    /// what every entry means.
    CriticalExtension {
        /// Its object identifier in dotted form.
        oid: Text,
    },
    /// It isn't about certificates of this kind, or of another distribution point.
    Scope,
    /// It, with others, doesn't cover all reasons.
    SomeReasons,
    /// The key that issued the certificate didn't sign it.
    BadSignature,
    /// It is signed with an algorithm that isn't verified here.
    SignatureAlgorithm(Text),
    /// The issuer's key may not sign CRLs (`keyUsage`).
    KeyUsage,
    /// It is from the future.
    NotYet {
        /// When it begins to hold.
        this_update: Moment,
        /// The time that it was compared with.
        now: Moment,
    },
    /// A newer one should have been fetched.
    Outdated {
        /// When there should have been another.
        next_update: Moment,
        /// The time that it was compared with.
        now: Moment,
    },
}

impl RevocationFault {
    /// The alert of RFC 9846 6.2 that fits the fault.
    #[must_use]
    pub const fn alert(&self) -> AlertDescription {
        match self {
            Self::Revoked { .. } => AlertDescription::CERTIFICATE_REVOKED,
            // RFC 6066 8: a response that isn't satisfactory is answered with this one.
            Self::BadStaple(_) | Self::NoStaple { .. } => {
                AlertDescription::BAD_CERTIFICATE_STATUS_RESPONSE
            }
            Self::Unknown { .. } | Self::TooFewTimestamps { .. } => {
                AlertDescription::CERTIFICATE_UNKNOWN
            }
        }
    }

    /// The section of the rule that was broken.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Revoked {
                source: StatusSource::Ocsp,
                ..
            } => "RFC 6960 2.2",
            Self::Revoked { .. } => "RFC 5280 6.3.3",
            Self::BadStaple(fault) => fault.rule(),
            Self::NoStaple {
                by_certificate: true,
            } => "RFC 7633 4.3.3",
            Self::NoStaple { .. } => "RFC 6066 8",
            Self::Unknown {
                closest: Some(fault),
            } => fault.rule(),
            Self::Unknown { closest: None } => "RFC 5280 6.3",
            Self::TooFewTimestamps { .. } => "RFC 6962 3.3",
        }
    }

    /// What a person can do about it.
    #[must_use]
    pub const fn remedy(&self) -> Option<&'static str> {
        Some(match self {
            Self::Revoked {
                reason: Some(RevocationReason::CertificateHold),
                ..
            } => "ask the CA why the certificate is suspended",
            Self::Revoked { .. } => "have the certificate replaced, with a new key if it leaked",
            Self::BadStaple(OcspFault::Outdated { .. }) => {
                "have the peer fetch a new OCSP response, or set the clock if it is wrong"
            }
            Self::BadStaple(OcspFault::NotYet { .. }) => "check the clocks of both ends",
            Self::BadStaple(OcspFault::OtherCertificate) => {
                "have the peer fetch the OCSP response of this very certificate"
            }
            Self::BadStaple(_) => "have the peer fetch a new OCSP response",
            Self::NoStaple { .. } => "turn OCSP stapling on at the peer",
            Self::Unknown { closest: None } => {
                "give the verifier the CRL of the issuer, or have the peer staple an OCSP response"
            }
            Self::Unknown {
                closest: Some(CrlFault::Outdated { .. }),
            } => "fetch the CRL again",
            Self::Unknown { .. } => "give the verifier a CRL that covers the certificate",
            Self::TooFewTimestamps { .. } => {
                "have the certificate issued with timestamps of known logs, or update the logs' keys"
            }
        })
    }
}

impl OcspFault {
    const fn rule(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::Type(_) => "RFC 6960 4.2.1",
            Self::NotSuccessful { .. } => "RFC 6960 2.3",
            Self::CriticalExtension { .. } => "RFC 6960 4.4",
            Self::Signer | Self::Responder(_) => "RFC 6960 4.2.2.2",
            Self::BadSignature
            | Self::SignatureAlgorithm(_)
            | Self::OtherCertificate
            | Self::NotYet { .. }
            | Self::Outdated { .. } => "RFC 6960 3.2",
            Self::UnknownCertificate => "RFC 6960 2.2",
        }
    }
}

impl CrlFault {
    const fn rule(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "RFC 5280 5.1",
            Self::Delta => "RFC 5280 5.2.4",
            Self::Indirect | Self::SomeReasons => "RFC 5280 5.2.5",
            Self::CriticalExtension { .. } => "RFC 5280 5.2",
            Self::Scope
            | Self::BadSignature
            | Self::SignatureAlgorithm(_)
            | Self::KeyUsage
            | Self::NotYet { .. }
            | Self::Outdated { .. } => "RFC 5280 6.3.3",
        }
    }
}

/// A predicate, as in [`CertificateFault`](super::CertificateFault).
impl fmt::Display for RevocationFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked {
                source,
                since,
                reason,
            } => {
                write!(f, "was revoked at {since}, says {source}")?;
                match reason {
                    Some(reason) => write!(f, " ({reason})"),
                    None => Ok(()),
                }
            }
            Self::BadStaple(fault) => write!(f, "came with an OCSP response that {fault}"),
            Self::NoStaple {
                by_certificate: true,
            } => f.write_str("demands a stapled OCSP response and came without"),
            Self::NoStaple { .. } => {
                f.write_str("came without a stapled OCSP response, which is required here")
            }
            Self::Unknown { closest: None } => {
                f.write_str("has a status that no CRL or OCSP response here tells")
            }
            Self::Unknown {
                closest: Some(fault),
            } => write!(f, "has an unknown status, since the CRL at hand {fault}"),
            Self::TooFewTimestamps {
                needed,
                valid,
                others,
            } => write!(
                f,
                "has valid timestamps of {valid} known logs where {needed} are needed \
                 ({others} more came that do not count)"
            ),
        }
    }
}

/// What the response is or does.
impl fmt::Display for OcspFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(e) => write!(f, "is malformed: {e}"),
            Self::NotSuccessful { status } => write!(f, "is the error {status}"),
            Self::Type(oid) => write!(f, "is of the unknown type {oid}"),
            Self::CriticalExtension { oid } => {
                write!(
                    f,
                    "has the critical extension {oid}, which is not known here"
                )
            }
            Self::Signer => f.write_str("is signed by nobody whom the issuer entrusted with it"),
            Self::BadSignature => f.write_str("has a signature that is not its responder's"),
            Self::SignatureAlgorithm(name) => {
                write!(f, "is signed with {name}, which is not verified here")
            }
            Self::Responder(why) => write!(f, "is signed by a responder whose certificate {why}"),
            Self::OtherCertificate => f.write_str("is about other certificates only"),
            Self::UnknownCertificate => f.write_str("says that its responder does not know it"),
            Self::NotYet { this_update, now } => {
                write!(f, "holds from {this_update} only, after {now}")
            }
            Self::Outdated { next_update, now } => {
                write!(f, "was to be renewed by {next_update}, before {now}")
            }
        }
    }
}

/// What the list is or does.
impl fmt::Display for CrlFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(e) => write!(f, "is malformed: {e}"),
            Self::Delta => f.write_str("is a delta CRL, and only complete ones are used here"),
            Self::Indirect => {
                f.write_str("is an indirect CRL, and only those of the issuer itself are used here")
            }
            Self::CriticalExtension { oid } => {
                write!(
                    f,
                    "has the critical extension {oid}, which is not known here"
                )
            }
            Self::Scope => f.write_str("is about other certificates only"),
            Self::SomeReasons => f.write_str("covers some reasons for revocation only"),
            Self::BadSignature => f.write_str("has a signature that is not its issuer's"),
            Self::SignatureAlgorithm(name) => {
                write!(f, "is signed with {name}, which is not verified here")
            }
            Self::KeyUsage => f.write_str("is signed with a key that may not sign CRLs"),
            Self::NotYet { this_update, now } => {
                write!(f, "holds from {this_update} only, after {now}")
            }
            Self::Outdated { next_update, now } => {
                write!(f, "was to be renewed by {next_update}, before {now}")
            }
        }
    }
}

impl core::error::Error for CrlFault {}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::error::{CertificateError, CertificateFault, DecodeFault};
    use alloc::vec::Vec;
    use std::string::ToString;

    #[test]
    fn every_fault_tells_rule_remedy_and_alert() {
        let decode = DecodeError::new("OCSPResponse", DecodeFault::Truncated);
        let time = Moment(0);
        let text = || Text::from("1.2.3");
        let ocsp = [
            OcspFault::Malformed(decode),
            OcspFault::NotSuccessful { status: "tryLater" },
            OcspFault::Type(text()),
            OcspFault::CriticalExtension { oid: text() },
            OcspFault::Signer,
            OcspFault::BadSignature,
            OcspFault::SignatureAlgorithm(text()),
            OcspFault::Responder("expired"),
            OcspFault::OtherCertificate,
            OcspFault::UnknownCertificate,
            OcspFault::NotYet {
                this_update: time,
                now: time,
            },
            OcspFault::Outdated {
                next_update: time,
                now: time,
            },
        ];
        let crl = [
            CrlFault::Malformed(decode),
            CrlFault::Delta,
            CrlFault::Indirect,
            CrlFault::CriticalExtension { oid: text() },
            CrlFault::Scope,
            CrlFault::SomeReasons,
            CrlFault::BadSignature,
            CrlFault::SignatureAlgorithm(text()),
            CrlFault::KeyUsage,
            CrlFault::NotYet {
                this_update: time,
                now: time,
            },
            CrlFault::Outdated {
                next_update: time,
                now: time,
            },
        ];
        let mut faults: Vec<RevocationFault> =
            ocsp.into_iter().map(RevocationFault::BadStaple).collect();
        faults.extend(crl.into_iter().map(|fault| RevocationFault::Unknown {
            closest: Some(fault),
        }));
        faults.push(RevocationFault::Unknown { closest: None });
        for by_certificate in [true, false] {
            faults.push(RevocationFault::NoStaple { by_certificate });
        }
        for source in [StatusSource::Ocsp, StatusSource::Crl] {
            faults.push(RevocationFault::Revoked {
                source,
                since: time,
                reason: None,
            });
        }
        for fault in faults {
            let error = CertificateError::new(Some(0), CertificateFault::Revocation(fault));
            assert!(error.rule().is_some_and(|rule| rule.starts_with("RFC ")));
            assert!(error.remedy().is_some(), "{error}");
            assert_ne!(error.alert(), AlertDescription::INTERNAL_ERROR);
            let words = error.to_string();
            assert!(words.starts_with("the peer's certificate "), "{words}");
            assert!(!words.contains(['{', '"']), "{words}");
        }
    }

    #[test]
    fn a_revoked_certificate_says_who_when_and_why() {
        let error = CertificateError::new(
            Some(0),
            CertificateFault::Revocation(RevocationFault::Revoked {
                source: StatusSource::Ocsp,
                since: Moment(1_700_000_000),
                reason: RevocationReason::from_code(1),
            }),
        );
        assert_eq!(
            error.to_string(),
            "the peer's certificate was revoked at 2023-11-14T22:13:20Z, \
             says the stapled OCSP response (keyCompromise)"
        );
        assert_eq!(error.alert(), AlertDescription::CERTIFICATE_REVOKED);
        assert_eq!(RevocationReason::from_code(7), None);
    }
}
