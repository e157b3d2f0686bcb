//! Watching what happens.

use crate::codepoint::{AlertDescription, HandshakeType, ProtocolVersion};
use crate::keys::Epoch;
use crate::wire::handshake::{
    Certificate, CertificateRequest, CertificateVerify, EncryptedExtensions, Finished, KeyUpdate,
    NewSessionTicket,
};
use crate::wire::hello::{ClientHello, ServerHello};
use crate::wire::tls12;
use core::fmt;

/// Is told what happens on a connection, from the one place that sees it all. It gets no secret.
///
/// Calls come in the order in which things happen, from within the connection's own calls.
pub trait Observer: Send + Sync + fmt::Debug {
    /// One thing that happened.
    fn observe(&self, observation: &Observation<'_>);

    /// Parses the body of a message for [`Observation::Message`]. Whoever doesn't look at what messages
    /// carry may answer `None` and spare the work.
    fn parse<'a>(
        &self,
        version: ProtocolVersion,
        kind: HandshakeType,
        body: &'a [u8],
    ) -> Option<Parsed<'a>> {
        // Here, so that it isn't linked into a program without observers.
        Parsed::new(version, kind, body)
    }
}

/// Which way something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From this end.
    Sent,
    /// From the peer.
    Received,
}

/// Something that happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "lives on the stack for one call")]
pub enum Observation<'a> {
    /// A handshake message was received, or queued to be sent.
    Message {
        /// Which way.
        direction: Direction,
        /// Under which keys.
        epoch: Epoch,
        /// Its type.
        kind: HandshakeType,
        /// Its bytes with the four-byte header.
        bytes: &'a [u8],
        /// What it carries, for types that are known here.
        parsed: Option<Parsed<'a>>,
    },
    /// A change_cipher_spec: new keys follow in TLS 1.2 (RFC 5246 7.1); it has no meaning in TLS 1.3
    /// (RFC 9846 D.4).
    ChangeCipherSpec {
        /// Which way.
        direction: Direction,
    },
    /// New keys are in use from here on.
    KeyChange {
        /// For which direction.
        direction: Direction,
        /// Which keys.
        epoch: Epoch,
    },
    /// An alert.
    Alert {
        /// Which way.
        direction: Direction,
        /// Under which keys.
        epoch: Epoch,
        /// What it says.
        description: AlertDescription,
    },
}

/// What a handshake message carries.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "lives on the stack for one call")]
pub enum Parsed<'a> {
    /// ClientHello.
    ClientHello(ClientHello<'a>),
    /// ServerHello or HelloRetryRequest.
    ServerHello(ServerHello<'a>),
    /// EncryptedExtensions.
    EncryptedExtensions(EncryptedExtensions<'a>),
    /// CertificateRequest.
    CertificateRequest(CertificateRequest<'a>),
    /// Certificate.
    Certificate(Certificate<'a>),
    /// CertificateVerify.
    CertificateVerify(CertificateVerify<'a>),
    /// Finished.
    Finished(Finished<'a>),
    /// NewSessionTicket.
    NewSessionTicket(NewSessionTicket<'a>),
    /// KeyUpdate.
    KeyUpdate(KeyUpdate),
    /// Certificate of TLS 1.2.
    Tls12Certificate(tls12::Certificate<'a>),
    /// CertificateStatus.
    CertificateStatus(tls12::CertificateStatus<'a>),
    /// ServerKeyExchange.
    ServerKeyExchange(tls12::ServerKeyExchange<'a>),
    /// CertificateRequest of TLS 1.2.
    Tls12CertificateRequest(tls12::CertificateRequest<'a>),
    /// ClientKeyExchange.
    ClientKeyExchange(tls12::ClientKeyExchange<'a>),
    /// NewSessionTicket of TLS 1.2.
    Tls12NewSessionTicket(tls12::NewSessionTicket<'a>),
}

impl<'a> Parsed<'a> {
    /// Parses the body of a message; `None` if it can't be, or isn't known here.
    #[must_use]
    pub fn new(version: ProtocolVersion, kind: HandshakeType, body: &'a [u8]) -> Option<Self> {
        let old = version < ProtocolVersion::TLS13;
        if let Some(parsed) = old.then(|| Self::tls12(kind, body)).flatten() {
            return Some(parsed);
        }
        Some(match kind {
            HandshakeType::CLIENT_HELLO => Self::ClientHello(ClientHello::parse(body).ok()?),
            HandshakeType::SERVER_HELLO => Self::ServerHello(ServerHello::parse(body).ok()?),
            HandshakeType::ENCRYPTED_EXTENSIONS => {
                Self::EncryptedExtensions(EncryptedExtensions::parse(body).ok()?)
            }
            HandshakeType::CERTIFICATE_REQUEST => {
                Self::CertificateRequest(CertificateRequest::parse(body).ok()?)
            }
            HandshakeType::CERTIFICATE => Self::Certificate(Certificate::parse(body).ok()?),
            HandshakeType::CERTIFICATE_VERIFY => {
                Self::CertificateVerify(CertificateVerify::parse(body).ok()?)
            }
            HandshakeType::FINISHED => Self::Finished(Finished::parse(body)),
            HandshakeType::NEW_SESSION_TICKET => {
                Self::NewSessionTicket(NewSessionTicket::parse(body).ok()?)
            }
            HandshakeType::KEY_UPDATE => Self::KeyUpdate(KeyUpdate::parse(body).ok()?),
            _ => return None,
        })
    }

    /// The messages that TLS 1.2 has in another form.
    fn tls12(kind: HandshakeType, body: &'a [u8]) -> Option<Self> {
        Some(match kind {
            HandshakeType::CERTIFICATE => {
                Self::Tls12Certificate(tls12::Certificate::parse(body).ok()?)
            }
            HandshakeType::CERTIFICATE_STATUS => {
                Self::CertificateStatus(tls12::CertificateStatus::parse(body).ok()?)
            }
            HandshakeType::SERVER_KEY_EXCHANGE => {
                Self::ServerKeyExchange(tls12::ServerKeyExchange::parse(body).ok()?)
            }
            HandshakeType::CERTIFICATE_REQUEST => {
                Self::Tls12CertificateRequest(tls12::CertificateRequest::parse(body).ok()?)
            }
            HandshakeType::CLIENT_KEY_EXCHANGE => {
                Self::ClientKeyExchange(tls12::ClientKeyExchange::parse(body).ok()?)
            }
            HandshakeType::NEW_SESSION_TICKET => {
                Self::Tls12NewSessionTicket(tls12::NewSessionTicket::parse(body).ok()?)
            }
            _ => return None,
        })
    }
}
