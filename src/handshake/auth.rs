//! Certificate, CertificateVerify and Finished, for both sides (RFC 9846 4.5).

use super::{Action, Cx, Message, Out, Request, SignRequest};
use crate::codepoint::{ExtensionType, HandshakeType, SignatureScheme};
use crate::config::Credential;
use crate::crypto::{HashSecret, VerifyAlgorithms};
use crate::error::{CertificateError, CryptoError, Error, ErrorKind, Violation};
use crate::keys::tls13::{certificate_verify_content, finished};
use crate::pki::{Certificate as ParsedCertificate, PeerChain, PeerEntry, SignatureFault};
use crate::secret;
use crate::wire::codec::Writer;
use crate::wire::extension::ExtensionSet;
use crate::wire::handshake::{Certificate, CertificateVerify, Finished};
use alloc::sync::Arc;

/// The peer signed the transcript with the key of its certificate. Made by
/// [`verify_signature`] only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SignatureValid(());

impl SignatureValid {
    /// For the other version's verification, and nobody else.
    pub(super) fn new() -> Self {
        Self(())
    }
}

/// The peer's Finished is right. Made by [`verify_finished`] only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FinishedValid(());

impl FinishedValid {
    /// For the other version's verification, and nobody else.
    pub(super) fn new() -> Self {
        Self(())
    }
}

/// The chain of a Certificate message, owned; `asked` are the extensions that may be there.
pub(crate) fn read_chain(body: &[u8], asked: ExtensionSet) -> Result<Arc<PeerChain>, Error> {
    let message = Certificate::parse(body)?;
    // RFC 9846 4.5.1: the context is that of the CertificateRequest; empty in the handshake, on
    // both sides.
    if !message.context.is_empty() {
        return Err(Violation::CertificateContext.into());
    }
    let (mut bytes, mut count) = (0_usize, 0_usize);
    for entry in message.entries {
        let parts = [Some(entry.certificate), entry.ocsp, entry.sct];
        let parts = parts.iter().flatten().map(|part| part.len());
        bytes = parts.fold(bytes, usize::saturating_add);
        count = count.saturating_add(1);
        // RFC 9846 4.5.1: extensions must correspond to ones that were asked for.
        if entry.ocsp.is_some() && !asked.contains(ExtensionType::STATUS_REQUEST) {
            return Err(Violation::NoOcspAsked.into());
        }
        let unasked = entry
            .present
            .difference(asked)
            .iter()
            .next()
            .or(entry.unknown);
        if let Some(extension) = unasked {
            return Err(Error::from(Violation::UnsolicitedExtension).in_extension(extension));
        }
    }
    let entries = message.entries.iter().map(|entry| PeerEntry {
        certificate: entry.certificate,
        ocsp: entry.ocsp,
        timestamps: entry.sct,
    });
    Ok(PeerChain::with_room(bytes, count, entries))
}

/// Verifies the peer's CertificateVerify over the transcript so far, and adds it.
pub(crate) fn verify_signature(
    cx: &mut Cx,
    message: Message<'_>,
    from_server: bool,
    algorithms: &VerifyAlgorithms,
) -> Result<SignatureValid, Error> {
    let verify = CertificateVerify::parse(message.body)?;
    let scheme = verify.scheme;
    // RFC 9846 4.5.2: the scheme is one of those that were offered; RFC 9846 4.3.3: PKCS#1 v1.5
    // and SHA-1 are never used here.
    let known = algorithms.schemes.iter().find(|(name, _)| *name == scheme);
    let known = known.filter(|_| scheme.allowed_in_tls13_handshake());
    let Some((_, algorithms)) = known else {
        return Err(Violation::SchemeNotOffered.into());
    };
    let chain = cx
        .peer_chain
        .clone()
        .ok_or(ErrorKind::Internal("no chain to verify with"))?;
    let leaf = parse_leaf(chain.end_entity().unwrap_or(&[]))?;
    let content = certificate_verify_content(from_server, &cx.transcript()?.current());
    // RFC 9846 4.3.3: in TLS 1.3 an ECDSA scheme names its curve, which is that of the first.
    let most = if scheme.is_ecdsa() {
        1
    } else {
        algorithms.len()
    };
    let mut fits = algorithms
        .iter()
        .take(most)
        .filter(|algorithm| leaf.has_key_for(**algorithm));
    // RFC 9846 4.5.2: the scheme must be compatible with the key in the certificate.
    let algorithm = fits.next().ok_or(Violation::SchemeNotForKey)?;
    match leaf.verify_signature(*algorithm, content.as_bytes(), verify.signature) {
        Ok(()) => {}
        Err(SignatureFault::WrongKey) => return Err(Violation::SchemeNotForKey.into()),
        // RFC 9846 4.5.2: decrypt_error if the verification fails.
        Err(SignatureFault::Invalid) => return Err(CryptoError::InvalidSignature.into()),
    }
    cx.peer_scheme = Some(scheme);
    cx.transcript()?.add(message.raw);
    Ok(SignatureValid(()))
}

/// Parses an end-entity certificate.
pub(crate) fn parse_leaf(der: &[u8]) -> Result<ParsedCertificate<'_>, Error> {
    ParsedCertificate::parse(der).map_err(|e| CertificateError::malformed(0, e).into())
}

/// Verifies the peer's Finished over the transcript so far, and adds it.
pub(crate) fn verify_finished(
    cx: &mut Cx,
    message: Message<'_>,
    from_server: bool,
) -> Result<FinishedValid, Error> {
    let expected = verify_data(cx, from_server)?;
    // RFC 9846 4.5.3: a Finished that isn't right ends the handshake with decrypt_error.
    if !secret::equal(expected.expose(), Finished::parse(message.body).verify_data) {
        return Err(Violation::BadFinished.into());
    }
    cx.transcript()?.add(message.raw);
    Ok(FinishedValid(()))
}

/// The verify_data of one side's Finished after the transcript so far.
fn verify_data(cx: &mut Cx, of_server: bool) -> Result<HashSecret, Error> {
    let transcript = cx.transcript()?.current();
    let secrets = &cx.traffic;
    let base = if of_server {
        &secrets.server_handshake
    } else {
        &secrets.client_handshake
    };
    let base = base
        .as_ref()
        .ok_or(ErrorKind::Internal("no handshake traffic secret"))?;
    Ok(finished(cx.suite()?.hash, base, &transcript)?)
}

/// Sends our Finished.
pub(crate) fn send_finished(cx: &mut Cx, out: &mut Out, by_server: bool) -> Result<(), Error> {
    let data = verify_data(cx, by_server)?;
    let body = |w: &mut Writer<'_>| {
        Finished {
            verify_data: data.expose(),
        }
        .write(w)
    };
    cx.send(out, HandshakeType::FINISHED, body)
}

/// Sends our Certificate: the front goes into the flight, the list is the credential's own.
pub(crate) fn send_certificate(
    cx: &mut Cx,
    out: &mut Out,
    credential: &Arc<Credential>,
) -> Result<(), Error> {
    const LONG: ErrorKind = ErrorKind::Internal("a chain of ours is too long");
    let list = credential.certificate_list(cx.staple);
    let list_len = u32::try_from(list.len()).map_err(|_| LONG)?;
    let body_len = list_len.checked_add(4).ok_or(LONG)?;
    let start = cx.flight.len();
    let mut w = Writer::new(&mut cx.flight);
    w.u8(HandshakeType::CERTIFICATE.0);
    w.u24(body_len);
    w.u8(0);
    w.u24(list_len);
    w.finish().map_err(|_| LONG)?;
    let (start, end) = super::flight_range(start, cx.flight.len())?;
    cx.add_to_transcript(start, end)?;
    cx.transcript()?.add(list);
    cx.credential = Some(Arc::clone(credential));
    out.push(Action::SendCertificate(start, end))
}

/// Has our CertificateVerify signed.
pub(crate) fn ask_signature(
    cx: &mut Cx,
    out: &mut Out,
    scheme: SignatureScheme,
    by_server: bool,
) -> Result<(), Error> {
    let credential = cx
        .credential
        .clone()
        .ok_or(ErrorKind::Internal("nothing to sign with"))?;
    let content = certificate_verify_content(by_server, &cx.transcript()?.current());
    cx.scheme = Some(scheme);
    cx.ask(
        out,
        Request::Sign(SignRequest::new(credential, scheme, content)),
    )
}

/// Sends our CertificateVerify.
pub(crate) fn send_certificate_verify(
    cx: &mut Cx,
    out: &mut Out,
    signature: &[u8],
) -> Result<(), Error> {
    let scheme = cx
        .scheme
        .ok_or(ErrorKind::Internal("a signature without a scheme"))?;
    let body = |w: &mut Writer<'_>| CertificateVerify { scheme, signature }.write(w);
    cx.send(out, HandshakeType::CERTIFICATE_VERIFY, body)
}
