//! Trust in a key or a certificate itself, without a root: pins, and trust on first use.

use super::{
    Certificate, Decision, PathVerifier, Role, Trust, VerifiedChain, Verifier, VerifyRequest,
    sha256,
};
use crate::crypto::VerifyAlgorithms;
use crate::error::{CertificateError, CertificateFault as Fault, Error, Misuse, Moment, Text};
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::{self, Write as _};
use rustls_pki_types::{CertificateDer, ServerName};
use sha2::{Digest, Sha256};

/// What a peer is known by, whatever else its certificate says: a SHA-256 hash.
///
/// A key stays the same when its certificate is renewed; a certificate's hash does not.
///
/// Read with [`Pin::key`] and [`Pin::certificate`], or computed from a certificate with
/// [`Pin::of_key`] and [`Pin::of_certificate`]. Its [`Display`](fmt::Display) is what other
/// programs show: for a key `sha256//` and base64, as `curl --pinnedpubkey` has it; for a
/// certificate hexadecimal digits with colons, as browsers and `openssl x509 -fingerprint` do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pin {
    /// Of the DER of its SubjectPublicKeyInfo (RFC 7469 2.4, RFC 7671 5.1 with selector 1).
    Key([u8; 32]),
    /// Of the DER of the whole certificate.
    Certificate([u8; 32]),
}

impl Pin {
    /// Reads the pin of a key: 64 hexadecimal digits, with or without colons, or base64; either
    /// may have `sha256//`, `sha256/` or `sha256:` before it.
    ///
    /// # Errors
    /// [`Misuse::Config`] if it isn't 32 bytes in one of these forms.
    pub fn key(text: &str) -> Result<Self, Error> {
        read(text).map(Self::Key)
    }

    /// Reads the pin of a certificate, in the forms of [`Pin::key`].
    ///
    /// # Errors
    /// Those of [`Pin::key`].
    pub fn certificate(text: &str) -> Result<Self, Error> {
        read(text).map(Self::Certificate)
    }

    /// The pin of a certificate's key. The algorithms are in the provider
    /// ([`CryptoProvider::verify`](crate::crypto::CryptoProvider::verify)).
    ///
    /// # Errors
    /// If it is no well-formed certificate.
    pub fn of_key(
        certificate: &CertificateDer<'_>,
        algorithms: &VerifyAlgorithms,
    ) -> Result<Self, CertificateError> {
        let malformed = |e| CertificateError::new(None, Fault::Malformed(e));
        let certificate = Certificate::parse(certificate).map_err(malformed)?;
        Ok(Self::key_of(&certificate, algorithms))
    }

    /// The pin of a certificate, whatever it is.
    #[must_use]
    pub fn of_certificate(certificate: &CertificateDer<'_>, algorithms: &VerifyAlgorithms) -> Self {
        Self::Certificate(sha256(&[certificate], algorithms))
    }

    fn key_of(certificate: &Certificate<'_>, algorithms: &VerifyAlgorithms) -> Self {
        Self::Key(sha256(&[certificate.subject_public_key_info()], algorithms))
    }

    fn text(&self) -> Text {
        let mut text = String::new();
        let _ = write!(text, "{self}");
        Text::from(text.as_str())
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(hash) => {
                f.write_str("sha256//")?;
                write_base64(hash, f)
            }
            Self::Certificate(hash) => {
                for (i, byte) in hash.iter().enumerate() {
                    write!(f, "{}{byte:02X}", if i > 0 { ":" } else { "" })?;
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Key(_) => "Key",
            Self::Certificate(_) => "Certificate",
        };
        write!(f, "{kind}({self})")
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648 4.
fn write_base64(bytes: &[u8], out: &mut impl fmt::Write) -> fmt::Result {
    for chunk in bytes.chunks(3) {
        let at = |i: usize| chunk.get(i).copied().unwrap_or(0);
        let (a, b, c) = (at(0), at(1), at(2));
        let sextets = [
            a >> 2,
            (a & 3) << 4 | b >> 4,
            (b & 15) << 2 | c >> 6,
            c & 63,
        ];
        for (i, sextet) in sextets.into_iter().enumerate() {
            let letter = BASE64.get(usize::from(sextet)).filter(|_| i <= chunk.len());
            out.write_char(char::from(*letter.unwrap_or(&b'=')))?;
        }
    }
    Ok(())
}

/// 32 bytes in base64; what isn't in its one right form is nothing.
fn read_base64(text: &str) -> Option<[u8; 32]> {
    let mut sextets = [0; 44];
    let text = text.strip_suffix('=').unwrap_or(text);
    if text.len() != 43 {
        return None;
    }
    for (sextet, letter) in sextets.iter_mut().zip(text.bytes()) {
        let value = BASE64.iter().position(|known| *known == letter)?;
        *sextet = u8::try_from(value).ok()?;
    }
    let mut bytes = sextets.chunks_exact(4).flat_map(|chunk| match chunk {
        [a, b, c, d] => [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d],
        _ => [0; 3],
    });
    let hash = core::array::from_fn(|_| bytes.next().unwrap_or(0));
    // RFC 4648 3.5: bits that mean nothing are zero.
    (bytes.next() == Some(0)).then_some(hash)
}

fn read_hex(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let mut digits = text.chars();
    let colons = text.contains(':');
    for (i, byte) in hash.iter_mut().enumerate() {
        if colons && i > 0 && digits.next() != Some(':') {
            return None;
        }
        let value = digits.next()?.to_digit(16)?.wrapping_mul(16);
        *byte = u8::try_from(value.wrapping_add(digits.next()?.to_digit(16)?)).ok()?;
    }
    digits.next().is_none().then_some(hash)
}

fn read(text: &str) -> Result<[u8; 32], Error> {
    let named = text
        .split_at_checked(6)
        .filter(|(name, _)| name.eq_ignore_ascii_case("sha256"));
    let prefixes = ["//", "/", ":", ""].into_iter();
    let candidates = match named {
        Some((_, rest)) => prefixes.filter_map(|p| rest.strip_prefix(p)).collect(),
        None => Vec::from([text]),
    };
    let mut hashes = candidates.into_iter();
    hashes
        .find_map(|hash| read_hex(hash).or_else(|| read_base64(hash)))
        .ok_or_else(|| Misuse::Config("a pin is a SHA-256 hash in hexadecimal or base64").into())
}

/// Trusts whoever has one of some keys, or shows one of some certificates.
///
/// By itself a pin is all there is: **roots, time, names, purposes and revocation aren't looked at**,
/// as RFC 7671 5.1 has it for keys that are told by other means. What is checked is that the
/// certificate parses, that its `keyUsage` allows signatures, and, as with every verifier, that
/// the peer has its key. More can be asked for:
///
/// | with | is checked as well |
/// | --- | --- |
/// | [`with_time_check`](Self::with_time_check) | the certificate's time |
/// | [`with_name_check`](Self::with_name_check) | that it bears the server's name |
/// | [`within`](Self::within) | everything a [`PathVerifier`] checks; a pin of any certificate of the path then does |
///
/// A refusal shows the pin that came ([`Fault::NotPinned`]), to be compared with what the
/// peer's operator tells.
#[derive(Clone, Debug)]
pub struct PinVerifier {
    pins: Vec<Pin>,
    path: Option<PathVerifier>,
    time: bool,
    name: bool,
}

impl PinVerifier {
    /// Any of these pins does: give the next key's along with the one in use.
    #[must_use]
    pub fn new(pins: impl IntoIterator<Item = Pin>) -> Self {
        Self {
            pins: pins.into_iter().collect(),
            path: None,
            time: false,
            name: false,
        }
    }

    /// The certificate's time is checked too.
    #[must_use]
    pub const fn with_time_check(mut self) -> Self {
        self.time = true;
        self
    }

    /// A server's certificate must bear the name that was asked for.
    #[must_use]
    pub const fn with_name_check(mut self) -> Self {
        self.name = true;
        self
    }

    /// A path to a root is needed first; then one of the certificates that the peer sent, and that
    /// are on the path, must have a pin (as in RFC 7469 2.6).
    #[must_use]
    pub fn within(mut self, path: PathVerifier) -> Self {
        self.path = Some(path);
        self
    }

    /// Verifies a chain.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn verify_now(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Result<VerifiedChain, CertificateError> {
        let path = match &self.path {
            Some(path) => Some(path.verify_now(request, algorithms)?),
            None => None,
        };
        let (der, certificate) = own_certificate(request)?;
        let fail = |fault| Err(error(&certificate, fault));
        if self.time
            && let Err(fault) = check_time(&certificate, request)
        {
            return fail(fault);
        }
        if self.name
            && let Err(fault) = check_name(&certificate, request)
        {
            return fail(fault);
        }
        let pinned = match &path {
            None => self.find(der, algorithms),
            Some(verified) => {
                let sent: Vec<&[u8]> = request.chain.certificates().collect();
                let mut on_path = verified.path().iter().filter_map(|i| sent.get(*i));
                on_path.find_map(|der| self.find(der, algorithms))
            }
        };
        match (pinned, path) {
            (Some(_), Some(verified)) => Ok(verified),
            (Some(pin), None) => Ok(VerifiedChain::by_pin(pin)),
            (None, _) => {
                let keys = self.pins.iter().any(|pin| matches!(pin, Pin::Key(_)));
                let found = match keys {
                    true => Pin::key_of(&certificate, algorithms),
                    false => Pin::Certificate(sha256(&[der], algorithms)),
                };
                fail(Fault::NotPinned {
                    found: found.text(),
                })
            }
        }
    }

    /// The pin that a certificate has.
    fn find(&self, der: &[u8], algorithms: &VerifyAlgorithms) -> Option<Pin> {
        let certificate = Certificate::parse(der).ok()?;
        let key = Pin::key_of(&certificate, algorithms);
        let whole = Pin::Certificate(sha256(&[der], algorithms));
        self.pins
            .iter()
            .copied()
            .find(|pin| *pin == key || *pin == whole)
    }
}

impl Verifier for PinVerifier {
    fn verify(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        Decision::Now(self.verify_now(request, algorithms))
    }

    fn root_hints(&self) -> Cow<'_, [Vec<u8>]> {
        let path = self.path.as_ref();
        path.map_or(Cow::Borrowed(&[]), Verifier::root_hints)
    }

    fn identity(&self) -> Option<[u8; 32]> {
        let mut hash = Sha256::new();
        hash.update(b"pins");
        hash.update([u8::from(self.time), u8::from(self.name)]);
        match &self.path {
            Some(path) => hash.update(path.identity()?),
            None => hash.update([0; 32]),
        }
        for pin in &self.pins {
            let (kind, pin) = match pin {
                Pin::Key(pin) => (0, pin),
                Pin::Certificate(pin) => (1, pin),
            };
            hash.update([kind]);
            hash.update(pin);
        }
        Some(hash.finalize().into())
    }

    fn wants_ocsp(&self) -> bool {
        self.path.as_ref().is_some_and(Verifier::wants_ocsp)
    }

    fn wants_timestamps(&self) -> bool {
        self.path.as_ref().is_some_and(Verifier::wants_timestamps)
    }
}

/// The peer's own certificate, which may sign in the handshake.
fn own_certificate(request: &VerifyRequest) -> Result<(&[u8], Certificate<'_>), CertificateError> {
    let der = request
        .chain
        .end_entity()
        .ok_or(CertificateError::new(None, Fault::NoCertificate))?;
    let certificate = Certificate::parse(der).map_err(|e| CertificateError::malformed(0, e))?;
    // RFC 9846 4.5.1.2: digitalSignature must be set, if keyUsage is there.
    if !certificate.allows_key_usage(super::cert::key_usage::DIGITAL_SIGNATURE) {
        let needed = "digitalSignature";
        return Err(error(&certificate, Fault::KeyUsage { needed }));
    }
    Ok((der, certificate))
}

fn error(certificate: &Certificate<'_>, fault: Fault) -> CertificateError {
    CertificateError::new(Some(0), fault).of_subject(certificate.subject_text())
}

/// RFC 5280 4.1.2.5.
fn check_time(certificate: &Certificate<'_>, request: &VerifyRequest) -> Result<(), Fault> {
    let now = Moment(i64::try_from(request.now.as_secs()).unwrap_or(i64::MAX));
    let (not_before, not_after) = certificate.validity();
    if now < not_before {
        return Err(Fault::NotYetValid { not_before, now });
    }
    if now > not_after {
        return Err(Fault::Expired { not_after, now });
    }
    Ok(())
}

/// RFC 9525 6.
fn check_name(certificate: &Certificate<'_>, request: &VerifyRequest) -> Result<(), Fault> {
    match &request.name {
        Some(asked) if !certificate.matches_name(asked) => {
            let (presented, more) = certificate.presented_names();
            Err(Fault::NameMismatch {
                asked: super::name::host_text(asked),
                presented,
                more,
            })
        }
        None if request.role == Role::Server => Err(Fault::NoNameToCheck),
        _ => Ok(()),
    }
}

/// A server that nobody knows yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranger {
    /// The name that it was asked for by.
    pub name: ServerName<'static>,
    /// The pin of its key, which is what it will be known by.
    pub key: Pin,
    /// The pin of its certificate, for a person to compare with what other programs show.
    pub certificate: Pin,
}

impl Stranger {
    /// Reads it from what is to be verified, for an application that answers later.
    ///
    /// # Errors
    /// If there is no name or no certificate, or it may not be used in a handshake.
    pub fn of(
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Result<Self, CertificateError> {
        let (der, certificate) = own_certificate(request)?;
        let Some(name) = request.name.clone() else {
            return Err(error(&certificate, Fault::NoNameToCheck));
        };
        Ok(Self {
            name,
            key: Pin::key_of(&certificate, algorithms),
            certificate: Pin::Certificate(sha256(&[der], algorithms)),
        })
    }
}

/// The memory behind a [`FirstUseVerifier`].
pub trait KnownServers: Send + Sync + fmt::Debug {
    /// The pins under which this server is known; none if it isn't.
    fn pins(&self, name: &ServerName<'_>) -> Vec<Pin>;

    /// A server isn't known: whether it is trusted from now on. This is where it is remembered,
    /// or a person asked. [`Decision::Later`] leaves it to the application, which gets
    /// [`Request::VerifyChain`](crate::handshake::Request::VerifyChain), can read the
    /// [`Stranger`] out of it and answers with [`VerifiedChain::by_pin`] or
    /// [`CertificateError::refused`].
    ///
    /// That the server has the key is only proved after this. To remember one that doesn't is of
    /// no use to anybody: whoever can be in its place has keys of his own to show.
    fn meet(&self, stranger: &Stranger) -> Decision<bool>;
}

/// Trust on first use, as SSH has it: a server's key is believed when it is first seen, if the
/// [`KnownServers`] say so, and must be the same from then on.
///
/// **Whoever is on the way the first time is believed for good.** Nothing of the certificate but its
/// key counts: no root, no time, no name in it; the key is remembered for the name that was
/// asked for. A key that changed is refused ([`Fault::KeyChanged`], with both pins) without
/// asking.
#[derive(Clone, Debug)]
pub struct FirstUseVerifier {
    known: Arc<dyn KnownServers>,
}

impl FirstUseVerifier {
    /// With this memory.
    #[must_use]
    pub fn new(known: Arc<dyn KnownServers>) -> Self {
        Self { known }
    }

    fn recognise(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Result<Decision<VerifiedChain>, CertificateError> {
        let stranger = Stranger::of(request, algorithms)?;
        let pins = self.known.pins(&stranger.name);
        if pins.contains(&stranger.key) {
            return Ok(Decision::Now(VerifiedChain::by_pin(stranger.key)));
        }
        let fail = |fault| Err(error(&own_certificate(request)?.1, fault));
        if !pins.is_empty() {
            return fail(Fault::KeyChanged {
                known: pins.iter().map(Pin::text).collect(),
                found: stranger.key.text(),
            });
        }
        match self.known.meet(&stranger) {
            Decision::Now(true) => Ok(Decision::Now(VerifiedChain::by_pin(stranger.key))),
            Decision::Now(false) => fail(Fault::NotPinned {
                found: stranger.key.text(),
            }),
            Decision::Later => Ok(Decision::Later),
        }
    }
}

impl Verifier for FirstUseVerifier {
    fn verify(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        match self.recognise(request, algorithms) {
            Ok(Decision::Now(verified)) => Decision::Now(Ok(verified)),
            Ok(Decision::Later) => Decision::Later,
            Err(error) => Decision::Now(Err(error)),
        }
    }

    fn wants_ocsp(&self) -> bool {
        false
    }
}

impl VerifiedChain {
    /// The peer's own certificate has this pin, or its key has, and that is enough.
    #[must_use]
    pub fn by_pin(pin: Pin) -> Self {
        Self::alone(Trust::Pin(pin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use std::string::ToString;

    #[test]
    fn pins_are_read_in_the_forms_that_others_write() {
        let bytes: [u8; 32] = core::array::from_fn(|i| u8::try_from(i * 7 + 1).unwrap());
        let hex: std::string::String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        let colons = Pin::Certificate(bytes).to_string();
        assert!(colons.starts_with("01:08:0F:"), "{colons}");
        let base64 = "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=";
        assert_eq!(Pin::Key(bytes).to_string(), format!("sha256//{base64}"));
        for text in [
            hex.clone(),
            hex.to_uppercase(),
            colons.clone(),
            base64.to_string(),
            base64.trim_end_matches('=').to_string(),
            format!("sha256//{base64}"),
            format!("sha256/{base64}"),
            format!("SHA256:{}", base64.trim_end_matches('=')),
            format!("sha256:{hex}"),
        ] {
            assert_eq!(Pin::key(&text), Ok(Pin::Key(bytes)), "{text}");
            assert_eq!(
                Pin::certificate(&text),
                Ok(Pin::Certificate(bytes)),
                "{text}"
            );
        }
        for text in [
            "",
            "sha256",
            "sha256//",
            &hex[1..],
            &format!("{hex}0"),
            &colons[1..],
            &colons.replacen(':', "", 1),
            &format!("{colons}:"),
            &base64[1..],
            &format!("{base64}="),
            // The last two bits mean nothing and aren't zero.
            "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09p=",
            "sha1//AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o=",
            "\u{e9}\u{e9}\u{e9}\u{e9}",
        ] {
            assert!(Pin::key(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_slash_may_begin_base64() {
        // Its first letter is a slash: a prefix is one only after its name.
        let bytes = [0xff; 32];
        let text = Pin::Key(bytes).to_string();
        let bare = text.strip_prefix("sha256//").unwrap();
        assert!(bare.starts_with('/'));
        for text in [bare, &text, &format!("sha256/{bare}")] {
            assert_eq!(Pin::key(text), Ok(Pin::Key(bytes)), "{text}");
        }
    }
}
