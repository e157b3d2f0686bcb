//! What can go wrong, where it went wrong, which rule it broke and which alert goes out.
//!
//! The low layers return small `Copy` errors ([`DecodeError`], [`CryptoError`]); the handshake
//! adds the place and makes an [`Error`] of them. [`Error::alert`] is the only conversion from
//! an error to an [`AlertDescription`] in the crate.

mod certificate;
mod revocation;
mod text;
mod violation;

pub(crate) use certificate::Tried;
pub use certificate::{CertificateError, CertificateFault, TriedPath};
pub use revocation::{CrlFault, OcspFault, RevocationFault, RevocationReason, StatusSource};
pub(crate) use text::TextWriter;
pub use text::{Moment, Text};
pub use violation::Violation;

use crate::codepoint::{AlertDescription, ExtensionType, HandshakeType};
use alloc::borrow::Cow;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// Bytes that don't have the form they must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// The field, in the RFC's own words (`"ClientHello.random"`, `"KeyShareEntry.group"`).
    pub what: &'static str,
    /// What is wrong with it.
    pub fault: DecodeFault,
}

/// The ways in which bytes can be ill-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeFault {
    /// They end before the field does.
    Truncated,
    /// Something follows where the field must end.
    TrailingBytes,
    /// A vector is shorter or longer than its definition allows.
    BadLength,
    /// A value that the field can't have.
    BadValue,
    /// A second extension of the same type, or a second entry that must be unique.
    Duplicate,
    /// An extension that must not appear in this message.
    NotAllowedHere,
    /// `pre_shared_key` is not the last extension.
    NotLast,
}

impl DecodeError {
    /// An error for the field `what`.
    #[must_use]
    pub const fn new(what: &'static str, fault: DecodeFault) -> Self {
        Self { what, fault }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = self.what;
        match self.fault {
            DecodeFault::Truncated => write!(f, "{what} is cut short"),
            DecodeFault::TrailingBytes => write!(f, "bytes follow the end of {what}"),
            DecodeFault::BadLength => write!(f, "{what} has a length that is not allowed"),
            DecodeFault::BadValue => write!(f, "{what} has a value that is not allowed"),
            DecodeFault::Duplicate => write!(f, "{what} appears twice"),
            DecodeFault::NotAllowedHere => write!(f, "{what} is not allowed in this message"),
            DecodeFault::NotLast => write!(f, "{what} is not the last extension"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// A cryptographic operation that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CryptoError {
    /// A record or ticket didn't authenticate. One error whatever the reason.
    DecryptFailed,
    /// A peer's key share has the wrong length or isn't a valid point or ciphertext, or the
    /// shared secret is all zeros (RFC 9846 4.3.8.1, 7.4.2).
    InvalidKeyShare,
    /// A signature that doesn't verify, or that is no signature at all.
    InvalidSignature,
    /// A private or public key that can't be used: malformed, too small, too large.
    InvalidKey,
    /// A scheme that the key can't sign with.
    UnsupportedScheme,
    /// The signing key failed to sign.
    SigningFailed,
    /// A buffer given to the provider has the wrong size: a mistake in the caller.
    BufferSize,
    /// The operating system gave no randomness.
    NoRandomness,
}

impl fmt::Display for CryptoError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DecryptFailed => "decryption failed",
            Self::InvalidKeyShare => "the peer's key share is not valid",
            Self::InvalidSignature => "the signature does not verify",
            Self::InvalidKey => "the key is not valid",
            Self::UnsupportedScheme => "the key cannot sign with this scheme",
            Self::SigningFailed => "signing failed",
            Self::BufferSize => "a buffer has the wrong size",
            Self::NoRandomness => "the operating system gave no randomness",
        })
    }
}

impl core::error::Error for CryptoError {}

/// A limit of the config that the peer went over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Limit {
    /// A handshake message is larger than its kind may be: `size` bytes where `limit` are allowed.
    MessageSize {
        /// The length that the peer declared.
        size: usize,
        /// What the config allows.
        limit: usize,
    },
    /// More certificates in a chain than allowed.
    Certificates(usize),
    /// More records than allowed before the handshake was done.
    FlightRecords(u32),
    /// More records in a row without content than allowed.
    EmptyRecords(u32),
    /// More warning alerts than allowed.
    Warnings(u32),
    /// More KeyUpdates than the amount of data received can explain.
    KeyUpdates(u32),
    /// More session tickets than allowed on one connection.
    Tickets(u32),
    /// More records protected under one key than its AEAD allows.
    KeyUse,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MessageSize { size, limit } => {
                write!(
                    f,
                    "a handshake message of {size} bytes where {limit} are allowed"
                )
            }
            Self::Certificates(n) => write!(f, "a chain of more than {n} certificates"),
            Self::FlightRecords(n) => write!(f, "more than {n} records before the handshake ended"),
            Self::EmptyRecords(n) => write!(f, "more than {n} empty records in a row"),
            Self::Warnings(n) => write!(f, "more than {n} warning alerts"),
            Self::KeyUpdates(n) => write!(f, "more than {n} KeyUpdates with hardly any data"),
            Self::Tickets(n) => write!(f, "more than {n} session tickets"),
            Self::KeyUse => f.write_str("a key was used as often as its AEAD allows"),
        }
    }
}

/// A call that the library's own user should not have made. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// Application data before it may be sent.
    HandshakeNotDone,
    /// Sending after `close_notify` was sent.
    SendAfterClose,
    /// An answer while nothing was asked.
    NothingAsked,
    /// An answer of another kind than the request's.
    WrongAnswer,
    /// The buffer leaves too little room around the payload.
    NoRoom,
    /// Something else must be flushed first.
    FlushFirst,
    /// The payload is longer than one record may be.
    TooLong,
    /// An exporter with an empty or reserved label, or with a label, context or output that is too
    /// long.
    BadExporterInput,
    /// The channel binding isn't defined for this connection.
    NoChannelBinding,
    /// `tls-unique` was asked for.
    TlsUnique,
    /// TLS 1.2 has no KeyUpdate.
    NoKeyUpdate,
    /// Early data can't be sent: the session doesn't allow it, it isn't enabled, or the server has
    /// answered already.
    NoEarlyData,
    /// The config lacks something; the text says what.
    Config(&'static str),
    /// A private key that isn't the certificate's.
    KeyMismatch,
    /// A certificate that was to be a root is none.
    Root {
        /// Which one of those in the file, from 0.
        index: usize,
        /// What is wrong with it.
        error: DecodeError,
    },
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HandshakeNotDone => "the handshake is not done",
            Self::SendAfterClose => "close_notify has been sent",
            Self::NothingAsked => "there is no request to answer",
            Self::WrongAnswer => "the answer does not fit the request",
            Self::NoRoom => "the buffer leaves too little room around the payload",
            Self::FlushFirst => "pending output must be flushed first",
            Self::TooLong => "the payload is longer than one record may be",
            Self::BadExporterInput => "the exporter's label, context or length is out of range",
            Self::NoChannelBinding => "the channel binding is not defined for this connection",
            Self::TlsUnique => {
                "tls-unique is not defined for TLS 1.3 and unsafe before it: use tls-exporter"
            }
            Self::NoKeyUpdate => {
                "TLS 1.2 has no KeyUpdate: its keys last as long as the connection"
            }
            Self::NoEarlyData => {
                "early data can't be sent: no session allows it, it isn't enabled, or it is too late"
            }
            Self::Config(text) => text,
            Self::KeyMismatch => "the private key is not the certificate's",
            Self::Root { index, error } => {
                return write!(f, "certificate {index} is malformed: {error}");
            }
        })
    }
}

/// Which parameter both ends have nothing of in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Parameter {
    /// The protocol version.
    Version,
    /// The cipher suite.
    CipherSuite,
    /// The key-exchange group.
    Group,
    /// The signature scheme: what the peer verifies and what our keys can sign.
    SignatureScheme,
    /// The application protocol (ALPN).
    Alpn,
    /// A certificate for the server name asked for.
    Certificate,
    /// A pre-shared key, where the server has no certificate for this client.
    Psk,
}

/// What each end had where nothing fits both: code points, at most [`Mismatch::MOST`] a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// What was to be agreed on.
    pub parameter: Parameter,
    /// What this end would take.
    pub ours: Vec<u16>,
    /// What the peer offered.
    pub theirs: Vec<u16>,
}

impl Mismatch {
    /// How many code points a side are kept.
    pub const MOST: usize = 32;

    /// Collects both lists, cut to [`Mismatch::MOST`] each.
    pub fn new(
        parameter: Parameter,
        ours: impl IntoIterator<Item = u16>,
        theirs: impl IntoIterator<Item = u16>,
    ) -> Self {
        Self {
            parameter,
            ours: ours.into_iter().take(Self::MOST).collect(),
            theirs: theirs.into_iter().take(Self::MOST).collect(),
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::codepoint::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
        let name = match self.parameter {
            Parameter::Version => "protocol version",
            Parameter::CipherSuite => "cipher suite",
            Parameter::Group => "key-exchange group",
            Parameter::SignatureScheme => "signature scheme",
            Parameter::Alpn => return f.write_str("no application protocol in common"),
            Parameter::Certificate => return f.write_str("no certificate for the name asked for"),
            Parameter::Psk => {
                return f.write_str("no pre-shared key in common, and no certificate");
            }
        };
        write!(f, "no {name} in common: we have ")?;
        for (side, list) in [("", &self.ours), ("; the peer has ", &self.theirs)] {
            f.write_str(side)?;
            if list.is_empty() {
                f.write_str("none")?;
            }
            for (i, v) in list.iter().enumerate() {
                if i > 0 {
                    f.write_str(", ")?;
                }
                match self.parameter {
                    Parameter::Version => write!(f, "{}", ProtocolVersion(*v))?,
                    Parameter::CipherSuite => write!(f, "{}", CipherSuite(*v))?,
                    Parameter::Group => write!(f, "{}", NamedGroup(*v))?,
                    _ => write!(f, "{}", SignatureScheme(*v))?,
                }
            }
        }
        Ok(())
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The peer's bytes don't have the form they must have.
    Decode(DecodeError),
    /// The peer broke a rule of the protocol.
    Protocol(Violation),
    /// Both ends have nothing in common.
    NothingInCommon(Arc<Mismatch>),
    /// The peer's certificates were not accepted.
    Certificate(Arc<CertificateError>),
    /// A cryptographic operation failed.
    Crypto(CryptoError),
    /// The peer ended the connection with this alert.
    AlertReceived(AlertDescription),
    /// The peer went over a limit.
    Limit(Limit),
    /// The library was called in a way it can't serve; nothing changed.
    Misuse(Misuse),
    /// The application refused to go on (an answer said so); the alert is its choice.
    Refused(AlertDescription),
    /// Something that can't happen did: a bug here.
    Internal(&'static str),
}

/// Where it happened: whatever is known of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The handshake message being read.
    pub message: Option<HandshakeType>,
    /// The extension within it.
    pub extension: Option<ExtensionType>,
}

/// The one error of the public API.
///
/// Cheap to clone: the same failure is told again at every later call of a dead connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    place: Place,
}

impl Error {
    /// What happened.
    #[must_use]
    pub const fn kind(&self) -> &ErrorKind {
        &self.kind
    }

    /// Where it happened.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// The same error, with the message it was found in (unless one is known already).
    #[must_use]
    pub fn in_message(mut self, message: HandshakeType) -> Self {
        self.place.message.get_or_insert(message);
        self
    }

    /// The same error, with the extension it was found in (unless one is known already).
    #[must_use]
    pub fn in_extension(mut self, extension: ExtensionType) -> Self {
        self.place.extension.get_or_insert(extension);
        self
    }

    /// The alert that goes out for this error; `None` where the peer is told nothing (it sent
    /// an alert itself, or the mistake is the local caller's).
    #[must_use]
    pub fn alert(&self) -> Option<AlertDescription> {
        use AlertDescription as A;
        Some(match &self.kind {
            // RFC 9846 6.2: decode_error for a wrong syntax, illegal_parameter for a field
            // that is well-formed and out of range or inconsistent.
            ErrorKind::Decode(e) => match e.fault {
                DecodeFault::Truncated | DecodeFault::TrailingBytes | DecodeFault::BadLength => {
                    A::DECODE_ERROR
                }
                DecodeFault::BadValue
                | DecodeFault::Duplicate
                | DecodeFault::NotAllowedHere
                | DecodeFault::NotLast => A::ILLEGAL_PARAMETER,
            },
            ErrorKind::Protocol(violation) => violation.alert(),
            ErrorKind::NothingInCommon(m) => match m.parameter {
                Parameter::Version => A::PROTOCOL_VERSION,
                Parameter::Alpn => A::NO_APPLICATION_PROTOCOL,
                Parameter::Certificate => A::UNRECOGNIZED_NAME,
                Parameter::Psk => A::UNKNOWN_PSK_IDENTITY,
                _ => A::HANDSHAKE_FAILURE,
            },
            ErrorKind::Certificate(e) => e.alert(),
            ErrorKind::Crypto(e) => match e {
                CryptoError::DecryptFailed => A::BAD_RECORD_MAC,
                CryptoError::InvalidKeyShare => A::ILLEGAL_PARAMETER,
                CryptoError::InvalidSignature => A::DECRYPT_ERROR,
                _ => A::INTERNAL_ERROR,
            },
            ErrorKind::AlertReceived(_) | ErrorKind::Misuse(_) => return None,
            ErrorKind::Limit(limit) => match limit {
                Limit::MessageSize { .. } | Limit::Certificates(_) => A::ILLEGAL_PARAMETER,
                Limit::KeyUse => A::INTERNAL_ERROR,
                _ => A::UNEXPECTED_MESSAGE,
            },
            ErrorKind::Refused(alert) => *alert,
            ErrorKind::Internal(_) => A::INTERNAL_ERROR,
        })
    }

    /// The rule that was broken, as document and section, where one is known.
    #[must_use]
    pub fn rule(&self) -> Option<&'static str> {
        match &self.kind {
            ErrorKind::Protocol(violation) => Some(violation.rule()),
            ErrorKind::Certificate(e) => e.rule(),
            ErrorKind::Decode(e) => Some(match e.fault {
                DecodeFault::Duplicate | DecodeFault::NotAllowedHere => "RFC 9846 4.3",
                DecodeFault::NotLast => "RFC 9846 4.3.11",
                _ => "RFC 9846 6.2",
            }),
            ErrorKind::Crypto(CryptoError::DecryptFailed) => Some("RFC 9846 5.2"),
            ErrorKind::Crypto(CryptoError::InvalidSignature) => Some("RFC 9846 4.5.2"),
            ErrorKind::Crypto(CryptoError::InvalidKeyShare) => Some("RFC 9846 4.3.8"),
            ErrorKind::Limit(Limit::KeyUse) => Some("RFC 9846 5.5"),
            _ => None,
        }
    }

    /// What a person can do about it, where there is something.
    #[must_use]
    pub fn remedy(&self) -> Option<Cow<'static, str>> {
        match &self.kind {
            ErrorKind::Certificate(e) => e.remedy(),
            _ => self.fixed_remedy().map(Cow::Borrowed),
        }
    }

    fn fixed_remedy(&self) -> Option<&'static str> {
        match &self.kind {
            ErrorKind::Protocol(violation) => violation.remedy(),
            ErrorKind::NothingInCommon(m) => Some(match m.parameter {
                Parameter::Version => "enable a version that the peer has, on either side",
                Parameter::Alpn => "configure an application protocol that the peer offers",
                Parameter::Certificate => "configure a certificate for this name or a default one",
                Parameter::Psk => "give both ends the same key under the same identity",
                Parameter::SignatureScheme => "use a certificate whose key the peer can verify",
                _ => "enable one that the peer has, on either side",
            }),
            ErrorKind::AlertReceived(alert) => match *alert {
                AlertDescription::UNKNOWN_CA => Some(
                    "the peer does not trust our certificate's issuer: send the intermediates or use another one",
                ),
                AlertDescription::CERTIFICATE_REQUIRED => {
                    Some("the server wants a client certificate: configure one")
                }
                AlertDescription::HANDSHAKE_FAILURE => Some(
                    "the peer found nothing in common: compare suites, groups and certificate types",
                ),
                AlertDescription::PROTOCOL_VERSION => {
                    Some("the peer does not speak any version that we offered")
                }
                AlertDescription::NO_APPLICATION_PROTOCOL => {
                    Some("the peer speaks none of the application protocols that we offered")
                }
                AlertDescription::UNRECOGNIZED_NAME => {
                    Some("the server has no certificate for this name")
                }
                _ => None,
            },
            ErrorKind::Limit(Limit::MessageSize { .. } | Limit::Certificates(_)) => {
                Some("raise the limit in the config if the peer is to be trusted with it")
            }
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Decode(e) => write!(f, "{e}")?,
            ErrorKind::Protocol(e) => write!(f, "{e}")?,
            ErrorKind::NothingInCommon(e) => write!(f, "{e}")?,
            ErrorKind::Certificate(e) => write!(f, "{e}")?,
            ErrorKind::Crypto(e) => write!(f, "{e}")?,
            ErrorKind::AlertReceived(e) => write!(f, "the peer sent the alert {e}")?,
            ErrorKind::Limit(e) => write!(f, "{e}")?,
            ErrorKind::Misuse(e) => write!(f, "{e}")?,
            ErrorKind::Refused(e) => write!(f, "refused by the application with the alert {e}")?,
            ErrorKind::Internal(e) => write!(f, "internal error: {e}")?,
        }
        match (self.place.message, self.place.extension) {
            (Some(m), Some(e)) => write!(f, " (in {e} of {m})")?,
            (Some(m), None) => write!(f, " (in {m})")?,
            (None, Some(e)) => write!(f, " (in {e})")?,
            (None, None) => {}
        }
        if let Some(rule) = self.rule() {
            write!(f, " [{rule}]")?;
        }
        if let Some(remedy) = self.remedy() {
            write!(f, "; {remedy}")?;
        }
        Ok(())
    }
}

impl core::error::Error for Error {}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self {
            kind,
            place: Place::default(),
        }
    }
}

macro_rules! from_kind {
    ($($source:ty => $variant:ident;)*) => {
        $(impl From<$source> for Error {
            fn from(e: $source) -> Self {
                ErrorKind::$variant(e.into()).into()
            }
        })*
    };
}

from_kind! {
    DecodeError => Decode;
    Violation => Protocol;
    CryptoError => Crypto;
    Limit => Limit;
    Misuse => Misuse;
    Mismatch => NothingInCommon;
    CertificateError => Certificate;
    Arc<CertificateError> => Certificate;
}
