//! What a handshake may have to ask of the application, and the answers.

use crate::codepoint::{AlertDescription, SignatureScheme};
use crate::config::{
    CertificateRequestInfo, ClientHelloInfo, Credential, ExternalPsk, Freshness, Key, PskQuery,
    ReplayQuery, ServerConfig, SessionQuery, StoreSession,
};
use crate::crypto::{MAX_SIGNATURE_LEN, Random};
use crate::error::{CertificateError, Error, ErrorKind};
use crate::keys::SignatureInput;
use crate::pki::{VerifiedChain, VerifyRequest};
use crate::secret::SecretBytes;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A step that the application has to take, because the config left it to be answered later.
///
/// It borrows nothing from the connection: send it to another thread, process or machine.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Request {
    /// Which config serves this client? Answer: [`Answer::Config`].
    Config(ClientHelloInfo),
    /// Which certificate is shown to this client? Answer: [`Answer::Credential`].
    ServerCredential(ClientHelloInfo),
    /// Which certificate is shown to this server? Answer: [`Answer::Credential`].
    ClientCredential(CertificateRequestInfo),
    /// Is this chain to be trusted? Answer: [`Answer::Chain`].
    VerifyChain(VerifyRequest),
    /// Sign this. Answer: [`Answer::Signature`].
    Sign(SignRequest),
    /// Is there a key of this identity? Answer: [`Answer::Psk`].
    Psk(PskQuery),
    /// Is there a session of this name? Answer: [`Answer::Session`].
    Session(SessionQuery),
    /// Keep this session. Answer: [`Answer::Stored`].
    StoreSession(StoreSession),
    /// Was this early data seen before? Answer: [`Answer::Replay`].
    Replay(ReplayQuery),
}

/// A signature to be made.
#[derive(Clone, Debug)]
pub struct SignRequest {
    /// With the key of this certificate.
    pub credential: Arc<Credential>,
    /// In this scheme.
    pub scheme: SignatureScheme,
    content: SignatureInput,
}

impl SignRequest {
    pub(crate) fn new(
        credential: Arc<Credential>,
        scheme: SignatureScheme,
        content: SignatureInput,
    ) -> Self {
        Self {
            credential,
            scheme,
            content,
        }
    }

    /// What to sign: the message itself, not its hash. It isn't secret.
    #[must_use]
    pub fn message(&self) -> &[u8] {
        self.content.as_bytes()
    }

    /// As [`SigningKey::stack`](crate::crypto::SigningKey::stack).
    pub(crate) fn stack(&self) -> usize {
        match self.credential.key() {
            Key::Local(key) => key.stack(),
            _ => 0,
        }
    }

    /// Signs at once, if the key is here.
    pub(crate) fn sign_now(&self, random: &mut Random) -> Option<Result<Answer, Error>> {
        let Key::Local(key) = self.credential.key() else {
            return None;
        };
        let mut signature = [0; MAX_SIGNATURE_LEN];
        Some(
            match key.sign(self.scheme, self.message(), random, &mut signature) {
                Ok(len) => Ok(Answer::Signature(
                    signature.get(..len).unwrap_or(&signature).to_vec(),
                )),
                Err(e) => Err(e.into()),
            },
        )
    }
}

/// The answer to a [`Request`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Answer {
    /// This config.
    Config(Arc<ServerConfig>),
    /// This certificate, or none.
    Credential(Option<Arc<Credential>>),
    /// Trusted, or not.
    Chain(Result<VerifiedChain, CertificateError>),
    /// This signature.
    Signature(Vec<u8>),
    /// This key, or none.
    Psk(Option<Arc<ExternalPsk>>),
    /// This session, or none.
    Session(Option<Arc<SecretBytes>>),
    /// Whether it was kept; if not, the client gets no ticket.
    Stored(bool),
    /// Whether it was seen.
    Replay(Freshness),
    /// The handshake is to end with this alert; fits every request.
    Refuse(AlertDescription),
}

impl Request {
    /// Whether an answer is of the kind asked for.
    pub(crate) fn fits(&self, answer: &Answer) -> bool {
        matches!(
            (self, answer),
            (_, Answer::Refuse(_))
                | (Self::Config(_), Answer::Config(_))
                | (
                    Self::ServerCredential(_) | Self::ClientCredential(_),
                    Answer::Credential(_)
                )
                | (Self::VerifyChain(_), Answer::Chain(_))
                | (Self::Sign(_), Answer::Signature(_))
                | (Self::Psk(_), Answer::Psk(_))
                | (Self::Session(_), Answer::Session(_))
                | (Self::StoreSession(_), Answer::Stored(_))
                | (Self::Replay(_), Answer::Replay(_))
        )
    }
}

impl Answer {
    /// The answer, unless it is a refusal.
    pub(crate) fn or_refused(self) -> Result<Self, Error> {
        match self {
            Self::Refuse(alert) => Err(ErrorKind::Refused(alert).into()),
            other => Ok(other),
        }
    }
}
