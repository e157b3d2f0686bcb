//! What both sides of a TLS 1.2 handshake share (RFC 5246, RFC 7627, RFC 8422).

use super::auth::{FinishedValid, SignatureValid, parse_leaf};
use super::{Action, Cx, Message, Out, Request, SignRequest};
use crate::codepoint::{HandshakeType, SignatureScheme};
use crate::config::{Credential, Limits};
use crate::crypto::{
    HashSecret, KeyExchangeGroup, SharedSecret, SuiteAuth, Tls12Suite, VerifyAlgorithms,
};
use crate::error::{CryptoError, Error, ErrorKind, Violation};
use crate::keys::Epoch;
use crate::keys::SignatureInput;
use crate::keys::tls12::{
    KeyBlock, MasterSecret, Prf, Randoms, VERIFY_DATA_LEN, extended_master_secret, finished,
    master_secret,
};
use crate::pki::{PeerChain, PeerEntry, SignatureFault};
use crate::secret::{self, SecretBytes};
use crate::wire::codec::{List, Writer};
use crate::wire::handshake::{Finished, write_message};
use crate::wire::tls12::{Asn1Cert, Certificate};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// There is none of these, and so no [`Tls12Cx`], in a build without TLS 1.2: what depends on one is
/// never reached, and not linked.
#[derive(Debug)]
#[cfg(feature = "tls12")]
struct BuiltIn;
#[derive(Debug)]
#[cfg(not(feature = "tls12"))]
enum BuiltIn {}

/// What a TLS 1.2 handshake keeps besides [`Cx`].
#[derive(Debug)]
pub(crate) struct Tls12Cx {
    #[allow(dead_code, reason = "says whether there can be one")]
    built_in: BuiltIn,
    pub(crate) suite: &'static Tls12Suite,
    pub(crate) server_random: [u8; 32],
    pub(crate) extended_master_secret: bool,
    pub(crate) master: Option<MasterSecret>,
    /// Made ready of the master secret.
    prf: Option<Prf>,
    pub(crate) keys: Option<KeyBlock>,
}

#[cfg(feature = "tls12")]
impl Tls12Cx {
    pub(crate) fn new(
        suite: &'static Tls12Suite,
        server_random: [u8; 32],
        extended_master_secret: bool,
    ) -> Self {
        Self {
            built_in: BuiltIn,
            suite,
            server_random,
            extended_master_secret,
            master: None,
            prf: None,
            keys: None,
        }
    }
}

/// Whether a group can be used in TLS 1.2.
pub(crate) fn usable(group: &dyn KeyExchangeGroup) -> bool {
    !group.is_encapsulation()
}

/// ClientCertificateType rsa_sign (RFC 5246 7.4.4).
pub(crate) const RSA_SIGN: u8 = 1;
/// ClientCertificateType ecdsa_sign, which stands for EdDSA as well (RFC 8422 5.5).
pub(crate) const ECDSA_SIGN: u8 = 64;

/// The ClientCertificateType of the keys that a scheme is for.
pub(crate) fn certificate_type(scheme: SignatureScheme) -> u8 {
    match SuiteAuth::Ecdsa.fits(scheme) {
        true => ECDSA_SIGN,
        false => RSA_SIGN,
    }
}

/// What a ServerKeyExchange signs (RFC 8422 5.4).
pub(crate) fn key_exchange_content(cx: &Cx, params: &[u8]) -> Result<Vec<u8>, Error> {
    let mut content = Vec::from(cx.client_random);
    content.extend_from_slice(&cx.tls12()?.server_random);
    content.extend_from_slice(params);
    Ok(content)
}

/// Reads the peer's certificates, and adds their message to the transcript.
pub(crate) fn read_certificate(
    cx: &mut Cx,
    message: Message<'_>,
    limits: &Limits,
) -> Result<Arc<PeerChain>, Error> {
    let entries = Certificate::parse(message.body)?.entries;
    let chain = entries.iter().map(|entry| PeerEntry {
        certificate: entry.0,
        ..PeerEntry::default()
    });
    let chain = PeerChain::bounded(chain, limits.certificates)?;
    cx.transcript()?.add(message.raw);
    cx.certificate_at = cx.messages.as_ref().map_or(0, Vec::len);
    cx.peer_chain = Some(Arc::clone(&chain));
    Ok(chain)
}

/// What a CertificateVerify signs: all handshake messages so far (RFC 5246 7.4.8).
pub(crate) fn signed_messages(cx: &mut Cx) -> Result<Vec<u8>, Error> {
    let messages = cx.messages.take().unwrap_or_default();
    let (before, after) = messages
        .split_at_checked(cx.certificate_at)
        .unwrap_or((&messages, &[]));
    let chain = cx.peer_chain.as_deref();
    let certificates = chain.into_iter().flat_map(PeerChain::certificates);
    let entries: Vec<_> = certificates.map(Asn1Cert).collect();
    let certificate = Certificate {
        entries: List::Values(&entries),
    };
    // Headers of 4, 3 and for each certificate 3 bytes: nothing grows.
    let headers = entries.len().saturating_mul(3).saturating_add(7);
    let chain = chain.map_or(0, PeerChain::size);
    let size = messages.len().saturating_add(headers).saturating_add(chain);
    let mut content = Vec::with_capacity(size);
    content.extend_from_slice(before);
    write_message(&mut content, HandshakeType::CERTIFICATE, |w| {
        certificate.write(w);
    })
    .map_err(|_| ErrorKind::Internal("a message that came is too long"))?;
    content.extend_from_slice(after);
    Ok(content)
}

/// Verifies a signature of the peer with the key of its certificate.
pub(crate) fn verify_signature(
    cx: &mut Cx,
    scheme: SignatureScheme,
    content: &[u8],
    signature: &[u8],
    algorithms: &VerifyAlgorithms,
) -> Result<SignatureValid, Error> {
    // RFC 5246 7.4.3, 7.4.8: the scheme is one of those that were offered.
    let known = algorithms.schemes.iter().find(|(name, _)| *name == scheme);
    let (_, algorithms) = known.ok_or(Violation::SchemeNotOffered)?;
    let chain = cx
        .peer_chain
        .clone()
        .ok_or(ErrorKind::Internal("no chain to verify with"))?;
    let leaf = parse_leaf(chain.end_entity().unwrap_or(&[]))?;
    // TLS 1.2 leaves the curve of an ECDSA scheme open (RFC 8422 5.1.1).
    let mut fits = algorithms
        .iter()
        .filter(|algorithm| leaf.has_key_for(**algorithm));
    let algorithm = fits.next().ok_or(Violation::SchemeNotForKey)?;
    match leaf.verify_signature(*algorithm, content, signature) {
        Ok(()) => {}
        Err(SignatureFault::WrongKey) => return Err(Violation::SchemeNotForKey.into()),
        Err(SignatureFault::Invalid) => return Err(CryptoError::InvalidSignature.into()),
    }
    cx.peer_scheme = Some(scheme);
    Ok(SignatureValid::new())
}

/// Sends our Certificate: the front goes into the flight, the list is the credential's own.
pub(crate) fn send_certificate(
    cx: &mut Cx,
    out: &mut Out,
    credential: &Arc<Credential>,
) -> Result<(), Error> {
    const LONG: ErrorKind = ErrorKind::Internal("a chain of ours is too long");
    let list = credential.tls12_certificate_list();
    let list_len = u32::try_from(list.len()).map_err(|_| LONG)?;
    let start = cx.flight.len();
    let mut w = Writer::new(&mut cx.flight);
    w.u8(HandshakeType::CERTIFICATE.0);
    w.u24(list_len.checked_add(3).ok_or(LONG)?);
    w.u24(list_len);
    w.finish().map_err(|_| LONG)?;
    let (start, end) = super::flight_range(start, cx.flight.len())?;
    cx.add_to_transcript(start, end)?;
    cx.add(list)?;
    cx.credential = Some(Arc::clone(credential));
    out.push(Action::SendCertificate(start, end))
}

/// Has something signed with the key of our certificate.
pub(crate) fn ask_signature(
    cx: &mut Cx,
    out: &mut Out,
    scheme: SignatureScheme,
    content: Vec<u8>,
) -> Result<(), Error> {
    let credential = cx
        .credential
        .clone()
        .ok_or(ErrorKind::Internal("nothing to sign with"))?;
    cx.scheme = Some(scheme);
    let content = SignatureInput::Shared(Arc::new(content));
    cx.ask(
        out,
        Request::Sign(SignRequest::new(credential, scheme, content)),
    )
}

/// The master secret and the traffic keys; the transcript ends with ClientKeyExchange.
pub(crate) fn derive_keys(cx: &mut Cx, premaster: &[u8]) -> Result<(), Error> {
    let session_hash = cx.transcript()?.current();
    let tls12 = cx.tls12()?;
    let hash = tls12.suite.hash;
    let master = if tls12.extended_master_secret {
        // RFC 7627 4: bound to the whole handshake so far.
        extended_master_secret(hash, premaster, &session_hash)
    } else {
        let randoms = Randoms {
            client: &cx.client_random,
            server: &tls12.server_random,
        };
        master_secret(hash, premaster, randoms)
    };
    use_master(cx, master)
}

/// The premaster secret of the ECDHE_PSK suites (RFC 5489 2): of both secrets, each with its length.
pub(crate) fn psk_premaster(shared: &SharedSecret, psk: &[u8]) -> Result<SecretBytes, Error> {
    let parts = [shared.expose(), psk];
    let len = parts.iter().map(|part| part.len().saturating_add(2)).sum();
    let mut bytes = Vec::with_capacity(len);
    let mut w = Writer::new(&mut bytes);
    for part in parts {
        w.vec16(|w| w.bytes(part));
    }
    let written = w.finish();
    let bytes = SecretBytes::new(bytes);
    written.map_err(|_| ErrorKind::Internal("a PSK that is too long"))?;
    Ok(bytes)
}

/// The traffic keys from the master secret of a session and the randoms of this handshake
/// (RFC 5246 6.3).
pub(crate) fn resume_keys(cx: &mut Cx, master: &HashSecret) -> Result<(), Error> {
    const LENGTH: ErrorKind = ErrorKind::Internal("a master secret of another length");
    let master = MasterSecret::copied_from(master.expose()).filter(|master| master.len() == 48);
    use_master(cx, master.ok_or(LENGTH)?)
}

fn use_master(cx: &mut Cx, master: MasterSecret) -> Result<(), Error> {
    let client = cx.client_random;
    let tls12 = cx
        .tls12
        .as_mut()
        .ok_or(ErrorKind::Internal("no TLS 1.2 here"))?;
    let randoms = Randoms {
        client: &client,
        server: &tls12.server_random,
    };
    let prf = Prf::new(tls12.suite.hash, master.expose());
    tls12.keys = Some(KeyBlock::new(tls12.suite, &prf, randoms));
    tls12.prf = Some(prf);
    tls12.master = Some(master);
    Ok(())
}

/// The master secret, to be kept in a session.
pub(crate) fn master_to_keep(cx: &Cx) -> Option<HashSecret> {
    let master = cx.tls12.as_ref()?.master.as_ref()?;
    HashSecret::copied_from(master.expose())
}

/// ChangeCipherSpec, the new keys and Finished.
pub(crate) fn finish(cx: &mut Cx, out: &mut Out, by_client: bool) -> Result<(), Error> {
    out.push(Action::ChangeCipherSpec)?;
    out.push(Action::SetWrite(Epoch::Application))?;
    let data = verify_data(cx, by_client)?;
    cx.send(out, HandshakeType::FINISHED, |w| {
        Finished { verify_data: &data }.write(w)
    })
}

fn verify_data(cx: &mut Cx, by_client: bool) -> Result<[u8; VERIFY_DATA_LEN], Error> {
    let transcript = cx.transcript()?.current();
    let prf = cx.tls12()?.prf.as_ref();
    let prf = prf.ok_or(ErrorKind::Internal("no master secret"))?;
    Ok(finished(prf, by_client, &transcript))
}

/// Verifies the peer's Finished over the transcript so far, and adds it.
pub(crate) fn verify_finished(
    cx: &mut Cx,
    message: Message<'_>,
    of_client: bool,
) -> Result<FinishedValid, Error> {
    let expected = verify_data(cx, of_client)?;
    // RFC 5246 7.4.9: a Finished that isn't right ends the handshake with decrypt_error.
    if !secret::equal(&expected, Finished::parse(message.body).verify_data) {
        return Err(Violation::BadFinished.into());
    }
    cx.add(message.raw)?;
    Ok(FinishedValid::new())
}
