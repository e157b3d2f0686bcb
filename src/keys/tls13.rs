//! The key schedule of TLS 1.3 (RFC 9846 7.1), as types: Early -> Handshake -> Main.
//!
//! Each stage is consumed by the next, so a secret can't be taken out of its turn.

use crate::crypto::{Aead, AeadKey, Hash, HashOutput, HashSecret, SharedSecret};
use crate::error::CryptoError;
use crate::keys::{INLINE_LEN, SignatureInput};
use crate::secret::Secret;
use alloc::boxed::Box;

/// The initialization vector of a traffic key (RFC 9846 5.3).
pub type Iv = Secret<12>;

/// HKDF-Expand-Label (RFC 9846 7.1). `label` goes without its `"tls13 "` prefix.
///
/// # Errors
/// [`CryptoError::BufferSize`] if label, context or output is longer than the encoding allows.
pub fn hkdf_expand_label(
    hash: &dyn Hash,
    secret: &[u8],
    label: &[u8],
    context: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    expand_labels(hash, secret, [(label, context, out)])
}

/// A label, its context, and the output that is to be made of them.
type Labelled<'a> = (&'a [u8], &'a [u8], &'a mut [u8]);

/// HKDF-Expand-Label of one secret for several labels, each with its context and output: what is made
/// ready of the secret is made once.
fn expand_labels<const N: usize>(
    hash: &dyn Hash,
    secret: &[u8],
    outputs: [Labelled<'_>; N],
) -> Result<(), CryptoError> {
    const LABEL_FRONT: usize = 9;
    let mut fronts = [([0; LABEL_FRONT], [0]); N];
    let mut infos: [[&[u8]; 4]; N] = [[&[]; 4]; N];
    for ((front, context_len), (label, context, out)) in fronts.iter_mut().zip(&outputs) {
        let length = u16::try_from(out.len()).map_err(|_| CryptoError::BufferSize)?;
        let label_len = u8::try_from(label.len().saturating_add(6));
        let label_len = label_len.map_err(|_| CryptoError::BufferSize)?;
        let [high, low] = length.to_be_bytes();
        *front = [high, low, label_len, b't', b'l', b's', b'1', b'3', b' '];
        *context_len = [u8::try_from(context.len()).map_err(|_| CryptoError::BufferSize)?];
    }
    for ((info, (front, context_len)), (label, context, _)) in
        infos.iter_mut().zip(&fronts).zip(&outputs)
    {
        *info = [front, label, context_len, context];
    }
    let mut infos = infos.iter();
    let next = |(_, _, out)| (infos.next().map_or(&[][..], |info| &info[..]), out);
    hash.hkdf_expand_each(secret, &mut outputs.map(next))
}

/// Derive-Secret (RFC 9846 7.1), given the transcript hash.
///
/// # Errors
/// Those of [`hkdf_expand_label`].
pub fn derive_secret(
    hash: &dyn Hash,
    secret: &[u8],
    label: &[u8],
    transcript: &HashOutput,
) -> Result<HashSecret, CryptoError> {
    let mut out = HashSecret::zeroed(hash.output_len());
    hkdf_expand_label(hash, secret, label, transcript.as_bytes(), out.expose_mut())?;
    Ok(out)
}

/// Derive-Secret of one secret for several pairs of label and transcript.
fn derive_secrets<const N: usize>(
    hash: &dyn Hash,
    secret: &HashSecret,
    labels: [(&[u8], &HashOutput); N],
) -> Result<[HashSecret; N], CryptoError> {
    let mut secrets = labels.map(|_| HashSecret::zeroed(hash.output_len()));
    let mut labels = labels.into_iter();
    let outputs = secrets.each_mut().map(|out| {
        let (label, transcript) = labels
            .next()
            .map_or((&[][..], &[][..]), |(label, transcript)| {
                (label, transcript.as_bytes())
            });
        (label, transcript, out.expose_mut())
    });
    expand_labels(hash, secret.expose(), outputs)?;
    Ok(secrets)
}

/// The step between two stages: Extract with the salt derived from the stage before, unless that was
/// derived together with other secrets of the stage.
fn next_stage(
    hash: &dyn Hash,
    secret: &HashSecret,
    salt: HashSecret,
    ikm: &[u8],
) -> Result<HashSecret, CryptoError> {
    let salt = match salt.is_empty() {
        false => salt,
        true => derive_secret(hash, secret.expose(), DERIVED, &hash.hash_of_nothing())?,
    };
    Ok(hash.hkdf_extract(salt.expose(), ikm))
}

/// The label of the step to the next stage.
const DERIVED: &[u8] = b"derived";

/// As many zero bytes as a hash is long.
fn zeros(hash: &dyn Hash) -> HashSecret {
    HashSecret::zeroed(hash.output_len())
}

/// Where a PSK comes from, which its binder tells apart (RFC 9846 7.1, RFC 9258 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PskKind {
    /// From a session.
    Resumption,
    /// From elsewhere.
    External,
    /// From elsewhere, by way of the importer.
    Imported,
}

/// The stage of the Early Secret.
#[derive(Debug)]
pub struct Early {
    hash: &'static dyn Hash,
    secret: HashSecret,
    /// Derived for the next stage already; empty if it wasn't. (A `None` would leave bytes of this, which goes
    /// into boxes, to whatever was on the stack.)
    salt: HashSecret,
}

impl Early {
    /// Starts the schedule with a PSK, or with none.
    #[must_use]
    pub fn new(hash: &'static dyn Hash, psk: Option<&[u8]>) -> Self {
        let zeros = zeros(hash);
        let secret = hash.hkdf_extract(zeros.expose(), psk.unwrap_or(zeros.expose()));
        Self {
            hash,
            secret,
            salt: HashSecret::zeroed(0),
        }
    }

    /// The binder of this PSK (RFC 9846 4.3.11.2); the transcript ends with the partial ClientHello.
    ///
    /// # Errors
    /// Those of [`hkdf_expand_label`].
    pub fn binder(
        &mut self,
        kind: PskKind,
        transcript: &HashOutput,
    ) -> Result<HashSecret, CryptoError> {
        let label: &[u8] = match kind {
            PskKind::Resumption => b"res binder",
            PskKind::External => b"ext binder",
            PskKind::Imported => b"imp binder",
        };
        let nothing = self.hash.hash_of_nothing();
        let labels = [(label, &nothing), (DERIVED, &nothing)];
        let [key, salt] = derive_secrets(self.hash, &self.secret, labels)?;
        self.salt = salt;
        finished(self.hash, &key, transcript)
    }

    /// client_early_traffic_secret; the transcript is the ClientHello.
    ///
    /// # Errors
    /// Those of [`hkdf_expand_label`].
    pub fn client_traffic_secret(
        &self,
        transcript: &HashOutput,
    ) -> Result<HashSecret, CryptoError> {
        derive_secret(self.hash, self.secret.expose(), b"c e traffic", transcript)
    }

    /// A second copy, so that the first can be wiped where it is.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            hash: self.hash,
            secret: self.secret.duplicate(),
            salt: self.salt.duplicate(),
        }
    }

    /// The hash that the schedule is made with.
    #[must_use]
    pub fn hash(&self) -> &'static dyn Hash {
        self.hash
    }

    /// Goes on with the result of the key exchange; `None` in `psk_ke`.
    ///
    /// # Errors
    /// Those of [`hkdf_expand_label`].
    pub fn into_handshake(self, shared: Option<&SharedSecret>) -> Result<Handshake, CryptoError> {
        let zeros = zeros(self.hash);
        let ikm = shared.map_or(zeros.expose(), Secret::expose);
        let secret = next_stage(self.hash, &self.secret, self.salt, ikm)?;
        Ok(Handshake {
            hash: self.hash,
            secret,
            salt: HashSecret::zeroed(0),
        })
    }
}

/// The stage of the Handshake Secret.
#[derive(Debug)]
pub struct Handshake {
    hash: &'static dyn Hash,
    secret: HashSecret,
    /// Derived for the next stage already; empty if it wasn't.
    salt: HashSecret,
}

impl Handshake {
    /// client_handshake_traffic_secret and server_handshake_traffic_secret; the transcript is
    /// ClientHello..ServerHello.
    ///
    /// # Errors
    /// Those of [`hkdf_expand_label`].
    pub fn traffic_secrets(
        &mut self,
        transcript: &HashOutput,
    ) -> Result<[HashSecret; 2], CryptoError> {
        let nothing = self.hash.hash_of_nothing();
        let labels: [(&[u8], _); 3] = [
            (b"c hs traffic", transcript),
            (b"s hs traffic", transcript),
            (DERIVED, &nothing),
        ];
        let [client, server, salt] = derive_secrets(self.hash, &self.secret, labels)?;
        self.salt = salt;
        Ok([client, server])
    }

    /// Goes on to the Main Secret.
    ///
    /// # Errors
    /// Those of [`hkdf_expand_label`].
    pub fn into_main(self) -> Result<Main, CryptoError> {
        let zeros = zeros(self.hash);
        let secret = next_stage(self.hash, &self.secret, self.salt, zeros.expose())?;
        Ok(Main {
            hash: self.hash,
            secret,
        })
    }
}

/// The stage of the Main Secret.
#[derive(Debug)]
pub struct Main {
    hash: &'static dyn Hash,
    secret: HashSecret,
}

impl Main {
    /// client_application_traffic_secret_0, server_application_traffic_secret_0 and exporter_secret;
    /// the transcript ends with the server's Finished.
    ///
    /// # Errors
    /// Those of [`hkdf_expand_label`].
    pub fn application_secrets(
        &self,
        transcript: &HashOutput,
    ) -> Result<[HashSecret; 3], CryptoError> {
        let labels: [&[u8]; 3] = [b"c ap traffic", b"s ap traffic", b"exp master"];
        let labels = labels.map(|label| (label, transcript));
        derive_secrets(self.hash, &self.secret, labels)
    }

    /// resumption_secret; the transcript ends with the client's Finished.
    ///
    /// # Errors
    /// Those of [`hkdf_expand_label`].
    pub fn resumption_secret(&self, transcript: &HashOutput) -> Result<HashSecret, CryptoError> {
        derive_secret(self.hash, self.secret.expose(), b"res master", transcript)
    }
}

/// The application_traffic_secret after this one (RFC 9846 7.2).
///
/// # Errors
/// Those of [`hkdf_expand_label`].
pub fn next_traffic_secret(
    hash: &dyn Hash,
    secret: &HashSecret,
) -> Result<HashSecret, CryptoError> {
    let mut out = HashSecret::zeroed(hash.output_len());
    hkdf_expand_label(hash, secret.expose(), b"traffic upd", &[], out.expose_mut())?;
    Ok(out)
}

/// The record key and IV of a traffic secret (RFC 9846 7.3).
///
/// # Errors
/// Those of [`hkdf_expand_label`] and [`Aead::key`].
pub fn traffic_key(
    hash: &dyn Hash,
    aead: &dyn Aead,
    secret: &HashSecret,
) -> Result<(Box<dyn AeadKey>, Iv), CryptoError> {
    let mut key = Secret::<32>::zeroed(aead.key_len());
    let mut iv = Iv::zeroed(12);
    let outputs: [Labelled<'_>; 2] = [
        (b"key", &[], key.expose_mut()),
        (b"iv", &[], iv.expose_mut()),
    ];
    expand_labels(hash, secret.expose(), outputs)?;
    Ok((aead.key(key.expose())?, iv))
}

/// The verify_data of a Finished, or a PSK binder (RFC 9846 4.5.3).
///
/// # Errors
/// Those of [`hkdf_expand_label`].
pub fn finished(
    hash: &dyn Hash,
    base_key: &HashSecret,
    transcript: &HashOutput,
) -> Result<HashSecret, CryptoError> {
    let mut key = HashSecret::zeroed(hash.output_len());
    hkdf_expand_label(hash, base_key.expose(), b"finished", &[], key.expose_mut())?;
    Ok(hash.hmac(key.expose(), &[transcript.as_bytes()]))
}

/// The PSK of a ticket (RFC 9846 4.7.1).
///
/// # Errors
/// Those of [`hkdf_expand_label`].
pub fn resumption_psk(
    hash: &dyn Hash,
    resumption_secret: &HashSecret,
    ticket_nonce: &[u8],
) -> Result<HashSecret, CryptoError> {
    let mut out = HashSecret::zeroed(hash.output_len());
    hkdf_expand_label(
        hash,
        resumption_secret.expose(),
        b"resumption",
        ticket_nonce,
        out.expose_mut(),
    )?;
    Ok(out)
}

/// TLS-Exporter (RFC 9846 7.5). An absent context is the same as an empty one.
///
/// # Errors
/// Those of [`hkdf_expand_label`].
pub fn export(
    hash: &dyn Hash,
    exporter_secret: &HashSecret,
    label: &[u8],
    context: &[u8],
    out: &mut [u8],
) -> Result<(), CryptoError> {
    let nothing = hash.hash_of_nothing();
    let secret = derive_secret(hash, exporter_secret.expose(), label, &nothing)?;
    let context = hash.hash(&[context]);
    hkdf_expand_label(hash, secret.expose(), b"exporter", context.as_bytes(), out)
}

/// What a CertificateVerify signs: 64 spaces, the context string, a zero byte and the transcript
/// hash (RFC 9846 4.5.2).
#[must_use]
pub fn certificate_verify_content(server: bool, transcript: &HashOutput) -> SignatureInput {
    let context: &[u8] = if server {
        b"TLS 1.3, server CertificateVerify"
    } else {
        b"TLS 1.3, client CertificateVerify"
    };
    let mut bytes = [0x20; INLINE_LEN];
    let mut len = 64_usize;
    for part in [context, &[0], transcript.as_bytes()] {
        let rest = bytes.get_mut(len..).unwrap_or(&mut []);
        for (to, from) in rest.iter_mut().zip(part) {
            *to = *from;
        }
        len = len.saturating_add(part.len()).min(INLINE_LEN);
    }
    SignatureInput::Inline(bytes, len)
}
