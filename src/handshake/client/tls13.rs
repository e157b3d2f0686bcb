//! The client's TLS 1.3 handshake after ServerHello (RFC 9846 A.1).

use super::ClientCx;
use super::psk::{self, PskChosen};
use crate::codepoint::HandshakeType;
use crate::config::{CertificateRequestInfo, Credential};
use crate::error::{Error, ErrorKind, Violation};
use crate::handshake::auth::{self, FinishedValid, SignatureValid};
use crate::handshake::{Action, Answer, Input, Message, Out, Request, negotiate};
use crate::keys::Epoch;
use crate::pki::{Role, VerifiedChain, VerifyRequest};
use crate::wire::codec::List;
use crate::wire::handshake::{Certificate, CertificateRequest, EncryptedExtensions};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Where the client stands. What proves that the server is who it must be goes along.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// With a PSK, if the server chose one.
    WaitEncryptedExtensions(Option<PskChosen>),
    /// WAIT_CERT_CR.
    WaitCertificateOrRequest,
    WaitCertificate,
    /// The application judges the chain.
    WaitVerdict,
    WaitCertificateVerify,
    WaitFinished(ServerProof),
    /// The application chooses our certificate.
    WaitCredential(Authenticated),
    /// The application signs.
    WaitSignature(Authenticated),
    Done(#[allow(dead_code, reason = "held as proof")] Authenticated),
}

/// What shows, together with its Finished, that the server is who it must be.
#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "held as proof")]
pub(super) enum ServerProof {
    /// It signed the transcript.
    Signed(SignatureValid),
    /// It chose a PSK, of which its Finished shows that it has it.
    Psk(PskChosen),
}

/// The server is who it must be, and its Finished is right.
#[derive(Clone, Copy, Debug)]
pub(super) struct Authenticated(
    #[allow(dead_code, reason = "held as proof")] (ServerProof, FinishedValid),
);

impl State {
    pub(super) fn check_done(self) -> Result<(), Error> {
        match self {
            Self::Done(_) => Ok(()),
            _ => Err(ErrorKind::Internal("a summary before the end").into()),
        }
    }
}

/// One step.
pub(super) fn step(
    state: State,
    c: &mut ClientCx,
    input: Input<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    use HandshakeType as T;
    use Input::{Answer as A, Message as M};
    match (state, input) {
        (State::WaitEncryptedExtensions(psk), M(m)) if m.kind == T::ENCRYPTED_EXTENSIONS => {
            encrypted_extensions(c, m, psk, out)
        }
        (State::WaitCertificateOrRequest, M(m)) if m.kind == T::CERTIFICATE_REQUEST => {
            certificate_request(c, m)
        }
        (State::WaitCertificateOrRequest | State::WaitCertificate, M(m))
            if m.kind == T::CERTIFICATE =>
        {
            certificate(c, m, out)
        }
        (State::WaitVerdict, A(Answer::Chain(verdict))) => verdict
            .map_err(Error::from)
            .and_then(|chain| accept_chain(c, chain)),
        (State::WaitCertificateVerify, M(m)) if m.kind == T::CERTIFICATE_VERIFY => {
            let algorithms = c.config.common.provider.verify;
            let signed = auth::verify_signature(&mut c.cx, m, true, &algorithms)?;
            Ok(State::WaitFinished(ServerProof::Signed(signed)))
        }
        (State::WaitFinished(proof), M(m)) if m.kind == T::FINISHED => {
            server_finished(c, m, proof, out)
        }
        (State::WaitCredential(proof), A(Answer::Credential(credential))) => {
            show_certificate(c, credential, proof, out)
        }
        (State::WaitSignature(proof), A(Answer::Signature(signature))) => {
            auth::send_certificate_verify(&mut c.cx, out, &signature)
                .and_then(|()| finish(c, proof, out))
        }
        (_, input) => Err(input.unexpected()),
    }
}

fn encrypted_extensions(
    c: &mut ClientCx,
    message: Message<'_>,
    psk: Option<PskChosen>,
    out: &mut Out,
) -> Result<State, Error> {
    let extensions = EncryptedExtensions::parse(message.body)?;
    // RFC 9846 4.3: unsupported_extension for what wasn't asked for. supported_groups may come
    // in any case: it was in the ClientHello.
    let unasked = extensions
        .present
        .difference(c.offered)
        .iter()
        .next()
        .or(extensions.unknown);
    if let Some(extension) = unasked {
        return Err(Error::from(Violation::UnsolicitedExtension).in_extension(extension));
    }
    if let Some(protocol) = extensions.alpn {
        // RFC 7301 3.1: the server's choice is one of those offered.
        if !c.config.common.alpn.iter().any(|ours| ours == protocol) {
            return Err(Violation::AlpnNotOffered.into());
        }
        c.cx.alpn = Some(protocol.to_vec());
    }
    let limit = negotiate::record_size_limit(extensions.record_size_limit)?;
    // RFC 8449 4: a client may end the handshake over a limit above the version's own maximum.
    if limit.is_some_and(|limit| limit > 16_385) {
        return Err(Violation::RecordSizeLimitRange.into());
    }
    c.cx.peer_record_limit = limit;
    c.cx.transcript()?.add(message.raw);
    psk::early_data_answer(c, extensions.early_data, out)?;
    Ok(match psk {
        // RFC 9846 4.4.2, 4.5.1: with a PSK nobody shows a certificate.
        Some(psk) => State::WaitFinished(ServerProof::Psk(psk)),
        None => State::WaitCertificateOrRequest,
    })
}

fn certificate_request(c: &mut ClientCx, message: Message<'_>) -> Result<State, Error> {
    let request = CertificateRequest::parse(message.body)?;
    // RFC 9846 4.4.2: the context is empty in the handshake.
    if !request.context.is_empty() {
        return Err(Violation::CertificateContext.into());
    }
    // RFC 9846 4.4.2: signature_algorithms MUST be there.
    let schemes = request
        .signature_algorithms
        .ok_or(Violation::MissingSignatureAlgorithms)?;
    let names = request.certificate_authorities.unwrap_or(List::Values(&[]));
    // RFC 9846 4.3.3: PKCS#1 v1.5 and SHA-1 stand there for certificates, not for the handshake.
    let usable = schemes.iter().filter(|s| s.allowed_in_tls13_handshake());
    c.certificate_request = Some(CertificateRequestInfo::new(usable, names));
    c.cx.staple = request.status_request;
    c.cx.transcript()?.add(message.raw);
    Ok(State::WaitCertificate)
}

fn certificate(c: &mut ClientCx, message: Message<'_>, out: &mut Out) -> Result<State, Error> {
    let chain = auth::read_chain(message.body, c.offered, &c.config.common.limits)?;
    // RFC 9846 4.5.1: a server's list is never empty; decode_error if it is.
    if chain.is_empty() {
        return Err(Violation::EmptyServerCertificate.into());
    }
    c.cx.transcript()?.add(message.raw);
    c.cx.peer_chain = Some(Arc::clone(&chain));
    let request = VerifyRequest {
        chain,
        role: Role::Server,
        name: Some(c.name.clone()),
        now: c.cx.now,
    };
    c.cx.ask(out, Request::VerifyChain(request))?;
    Ok(State::WaitVerdict)
}

fn accept_chain(c: &mut ClientCx, chain: VerifiedChain) -> Result<State, Error> {
    c.cx.verified = Some(chain);
    Ok(State::WaitCertificateVerify)
}

fn server_finished(
    c: &mut ClientCx,
    message: Message<'_>,
    proof: ServerProof,
    out: &mut Out,
) -> Result<State, Error> {
    let proof = Authenticated((proof, auth::verify_finished(&mut c.cx, message, true)?));
    let transcript = c.cx.transcript()?.current();
    let main = c.main.as_ref().ok_or(MISSING)?;
    let [client, server, exporter] = main.application_secrets(&transcript)?;
    c.cx.traffic.client_application = Some(client);
    c.cx.traffic.server_application = Some(server);
    c.cx.exporter = Some(exporter);
    // Nothing may follow Finished under the old keys.
    out.push(Action::SetRead(Epoch::Application))?;

    psk::end_early_data(c, out)?;
    match c.certificate_request.take() {
        None => finish(c, proof, out),
        Some(info) => {
            c.peer_schemes = info.schemes.clone();
            c.cx.ask(out, Request::ClientCredential(info))?;
            Ok(State::WaitCredential(proof))
        }
    }
}

fn show_certificate(
    c: &mut ClientCx,
    credential: Option<Arc<Credential>>,
    proof: Authenticated,
    out: &mut Out,
) -> Result<State, Error> {
    let schemes: Vec<_> = core::mem::take(&mut c.peer_schemes);
    // A certificate that the server can't verify is none.
    let usable = credential.and_then(|credential| {
        let scheme = credential.scheme_for(|scheme| schemes.contains(&scheme))?;
        Some((credential, scheme))
    });
    let Some((credential, scheme)) = usable else {
        // RFC 9846 4.5.1: a client without a suitable certificate sends an empty list.
        let empty = Certificate {
            context: &[],
            entries: List::Values(&[]),
        };
        c.cx.send(out, HandshakeType::CERTIFICATE, |w| empty.write(w))?;
        return finish(c, proof, out);
    };
    auth::send_certificate(&mut c.cx, out, &credential)?;
    auth::ask_signature(&mut c.cx, out, scheme, false)?;
    Ok(State::WaitSignature(proof))
}

fn finish(c: &mut ClientCx, proof: Authenticated, out: &mut Out) -> Result<State, Error> {
    auth::send_finished(&mut c.cx, out, false)?;
    let transcript = c.cx.transcript()?.current();
    let main = c.main.as_ref().ok_or(MISSING)?;
    c.cx.resumption = Some(main.resumption_secret(&transcript)?);
    c.main = None;
    out.push(Action::SetWrite(Epoch::Application))?;
    out.push(Action::Done)?;
    Ok(State::Done(proof))
}

const MISSING: ErrorKind = ErrorKind::Internal("no main secret");
