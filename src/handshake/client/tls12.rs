//! The client's TLS 1.2 handshake after ServerHello (RFC 5246 7.3).

use super::ClientCx;
use crate::codepoint::{ExtensionType, HandshakeType, NamedGroup, ProtocolVersion};
use crate::config::{
    CertificateRequestInfo, Credential, MAX_TICKET_LEN, NewSession, Resume, Session,
};
use crate::crypto::{SharedSecret, SuiteAuth};
use crate::error::{Error, ErrorKind, Violation};
use crate::handshake::auth::{self, FinishedValid, SignatureValid};
use crate::handshake::tls12::{self, Tls12Cx};
use crate::handshake::{Action, Answer, Authentication, Input, Message, Out, Request, negotiate};
use crate::keys::Epoch;
use crate::keys::Transcript;
use crate::pki::{Role, VerifiedChain, VerifyRequest};
use crate::wire::codec::List;
use crate::wire::hello::ServerHello;
use crate::wire::tls12::{
    Certificate, CertificateRequest, CertificateStatus, ClientKeyExchange, NewSessionTicket,
    PskClientKeyExchange, PskServerKeyExchange, ServerKeyExchange, parse_empty,
};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// Where the client stands. What proves who the server is goes along.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    WaitCertificate,
    WaitKeyExchange,
    /// With a pre-shared key.
    WaitPskKeyExchange,
    WaitPskDone,
    /// The application judges the chain.
    WaitVerdict(SignatureValid),
    WaitRequestOrDone(SignatureValid),
    WaitDone(SignatureValid),
    /// The application chooses our certificate.
    WaitCredential(SignatureValid),
    /// The application signs.
    WaitSignature(SignatureValid),
    /// The server said that a ticket comes.
    WaitTicket(Proof),
    WaitChangeCipherSpec(Proof),
    WaitFinished(Proof),
    Done(#[allow(dead_code, reason = "held as proof")] (Proof, FinishedValid)),
}

/// What proves who the server is, together with its Finished.
#[derive(Clone, Copy, Debug)]
pub(super) enum Proof {
    /// It signed its key exchange.
    Signed(#[allow(dead_code, reason = "held as proof")] SignatureValid),
    /// It has the master secret of the session that was offered.
    Resumed,
    /// It has the pre-shared key.
    Psk,
}

impl State {
    pub(super) fn check_done(self) -> Result<(), Error> {
        match self {
            Self::Done(_) => Ok(()),
            _ => Err(ErrorKind::Internal("a summary before the end").into()),
        }
    }
}

/// What only this version's client keeps.
#[derive(Debug, Default)]
pub(super) struct Server {
    /// Its OCSP response, where it sent one.
    status: Option<Vec<u8>>,
    /// Its timestamps of public logs, where it sent some.
    timestamps: Option<Vec<u8>>,
    /// Its public key.
    share: Vec<u8>,
    /// It said that a CertificateStatus may come.
    status_promised: bool,
    /// The session that was offered, and then the one that is resumed.
    session: Option<Session>,
    /// It said that a NewSessionTicket comes.
    ticket_promised: bool,
    /// The ticket that it gave, and the hint of its lifetime.
    ticket: Option<(u32, Vec<u8>)>,
    /// The name that it gave the session.
    session_id: Vec<u8>,
}

/// Takes over the session to be offered, if it is one of this version that can be resumed, and
/// chooses the session ID.
pub(super) fn offer(c: &mut ClientCx) {
    let common = &c.config.common;
    let speaks = common.speaks(ProtocolVersion::TLS12);
    let suites = &common.tls12_suites;
    let session = c.session.take_if(|session| {
        // RFC 7627 5.3: our ClientHello has extended_master_secret, with which an older session is
        // never resumed.
        let fits = match &session.resume {
            Resume::Tls12 {
                ticket,
                session_id,
                extended_master_secret: true,
                ..
            } => !(ticket.is_empty() && session_id.is_empty()) && ticket.len() <= MAX_TICKET_LEN,
            _ => false,
        };
        let name = session.cipher_suite;
        speaks && fits && suites.iter().any(|suite| suite.name == name)
    });
    let Some(session) = session else { return };
    match &session.resume {
        Resume::Tls12 {
            ticket, session_id, ..
        } if ticket.is_empty() => {
            // RFC 9846 4.2.2: the ID of an older session goes before one that means nothing.
            let mut id = [0; 32];
            id.iter_mut()
                .zip(session_id)
                .for_each(|(to, from)| *to = *from);
            c.session_id = (id, session_id.len().min(32));
        }
        // RFC 5077 3.4: a server that takes the ticket sends the session ID back; so there is one
        // that nobody can guess.
        _ if c.session_id.1 == 0 => c.session_id = (c.cx.random.array(), 32),
        _ => {}
    }
    c.server.session = Some(session);
}

impl Server {
    /// What `session_ticket` says: the ticket, or nothing to be given one (RFC 5077 3.2).
    pub(super) fn ticket(&self) -> &[u8] {
        match self.session.as_ref().map(|session| &session.resume) {
            Some(Resume::Tls12 { ticket, .. }) => ticket,
            _ => &[],
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
        (State::WaitCertificate, M(m)) if m.kind == T::CERTIFICATE => certificate(c, m),
        (State::WaitKeyExchange, M(m))
            if m.kind == T::CERTIFICATE_STATUS && c.server.status_promised =>
        {
            certificate_status(c, m)
        }
        (State::WaitKeyExchange, M(m)) if m.kind == T::SERVER_KEY_EXCHANGE => {
            server_key_exchange(c, m, out)
        }
        (State::WaitPskKeyExchange, M(m)) if m.kind == T::SERVER_KEY_EXCHANGE => {
            psk_key_exchange(c, m)
        }
        (State::WaitPskDone, M(m)) if m.kind == T::SERVER_HELLO_DONE => psk_done(c, m, out),
        (State::WaitVerdict(signed), A(Answer::Chain(verdict))) => {
            verdict.map_err(Error::from).map(|chain| {
                c.cx.verified = Some(chain);
                State::WaitRequestOrDone(signed)
            })
        }
        (State::WaitRequestOrDone(signed), M(m)) if m.kind == T::CERTIFICATE_REQUEST => {
            certificate_request(c, m).map(|()| State::WaitDone(signed))
        }
        (State::WaitRequestOrDone(signed) | State::WaitDone(signed), M(m))
            if m.kind == T::SERVER_HELLO_DONE =>
        {
            server_hello_done(c, m, signed, out)
        }
        (State::WaitCredential(signed), A(Answer::Credential(credential))) => {
            show_certificate(c, credential, signed, out)
        }
        (State::WaitSignature(signed), A(Answer::Signature(signature))) => {
            auth::send_certificate_verify(&mut c.cx, out, &signature)
                .and_then(|()| finish(c, Proof::Signed(signed), out))
        }
        (State::WaitTicket(proof), M(m)) if m.kind == T::NEW_SESSION_TICKET => {
            new_session_ticket(c, m).map(|()| State::WaitChangeCipherSpec(proof))
        }
        (State::WaitChangeCipherSpec(proof), Input::ChangeCipherSpec) => out
            .push(Action::SetRead(Epoch::Application))
            .map(|()| State::WaitFinished(proof)),
        (State::WaitFinished(proof), M(m)) if m.kind == T::FINISHED => finished(c, m, proof, out),
        // RFC 5246 7.4.1.1: a HelloRequest during the handshake is ignored, and is in no hash.
        (state, M(m)) if m.kind == T::HELLO_REQUEST => parse_empty(m.body, "HelloRequest")
            .map(|()| state)
            .map_err(Error::from),
        (_, input) => Err(input.unexpected()),
    }
}

/// Takes over what a ServerHello of TLS 1.2 says.
pub(super) fn server_hello(
    c: &mut ClientCx,
    message: Message<'_>,
    hello: &ServerHello<'_>,
) -> Result<State, Error> {
    let extensions = &hello.extensions;
    // RFC 5246 7.4.1.4: responses only to what was asked. supported_groups is tolerated, as old
    // servers send it.
    let mut asked = c.offered;
    asked.insert(ExtensionType::SUPPORTED_GROUPS);
    let unasked = extensions
        .present
        .difference(asked)
        .iter()
        .next()
        .or(extensions.unknown);
    if let Some(extension) = unasked {
        return Err(Error::from(Violation::UnsolicitedExtension).in_extension(extension));
    }
    let session = resumed_session(c, hello)?;
    if hello.compression_method != 0 {
        return Err(Violation::BadCompression.into());
    }
    let common = &c.config.common;
    let suite = common
        .tls12_suites
        .iter()
        .copied()
        .find(|suite| suite.name == hello.cipher_suite);
    let suite = suite.ok_or(Violation::SuiteNotOffered)?;
    // RFC 5746 3.4: empty in a first handshake.
    match extensions.renegotiation_info {
        Some([]) => {}
        Some(_) => return Err(Violation::BadRenegotiationInfo.into()),
        None => return Err(Violation::NoRenegotiationInfo.into()),
    }
    // RFC 7627 5.3: a session made with it isn't resumed without it.
    if session.is_some() && !extensions.extended_master_secret {
        return Err(Violation::ResumedWithoutExtendedMasterSecret.into());
    }
    if common.require_extended_master_secret && !extensions.extended_master_secret {
        return Err(Violation::NoExtendedMasterSecret.into());
    }
    // RFC 8422 5.2: the uncompressed format is always among them.
    if extensions
        .ec_point_formats
        .is_some_and(|formats| !formats.contains(&0))
    {
        return Err(Violation::PointFormats.into());
    }
    if let Some(protocol) = extensions.alpn {
        // RFC 7301 3.1: the server's choice is one of those offered.
        if !common.alpn.iter().any(|ours| ours == protocol) {
            return Err(Violation::AlpnNotOffered.into());
        }
        c.cx.alpn = Some(protocol.to_vec());
    }
    c.cx.peer_record_limit = negotiate::record_size_limit(extensions.record_size_limit)?;
    c.server.status_promised = extensions.status_request;
    c.server.timestamps = extensions.sct.map(<[u8]>::to_vec);
    c.server.ticket_promised = extensions.session_ticket;
    c.exchanges = Vec::new();
    c.cx.tls12 = Some(Tls12Cx::new(
        suite,
        *hello.random,
        extensions.extended_master_secret,
    ));
    let mut transcript = Transcript::new(suite.hash);
    let first = core::mem::take(&mut c.hello);
    transcript.add(&first);
    c.cx.transcript = Some(transcript);
    if let Some(session) = session {
        c.cx.add(message.raw)?;
        return resume(c, session);
    }
    c.server.session_id = hello.session_id.to_vec();
    if suite.auth == SuiteAuth::Psk {
        c.cx.add(message.raw)?;
        return Ok(State::WaitPskKeyExchange);
    }
    // What a client certificate would sign, until it is known that none is asked for.
    c.cx.messages = Some(first);
    c.cx.add(message.raw)?;
    Ok(State::WaitCertificate)
}

/// The session that the server resumes, if it does.
fn resumed_session(c: &mut ClientCx, hello: &ServerHello<'_>) -> Result<Option<Session>, Error> {
    let session = c.server.session.take();
    let (session_id, len) = &c.session_id;
    // RFC 5246 7.4.1.3, RFC 5077 3.4: the same session ID says so, and nothing else.
    if *len == 0 || Some(hello.session_id) != session_id.get(..*len) {
        return Ok(None);
    }
    // RFC 9846 4.2.2: an ID that stands for no session can't be resumed.
    let session = session.ok_or(Violation::SessionNotOffered)?;
    // RFC 5246 7.4.1.3: the suite is that of the session.
    if session.cipher_suite != hello.cipher_suite {
        return Err(Violation::SessionChanged.into());
    }
    Ok(Some(session))
}

/// Takes over what a session has.
fn resume(c: &mut ClientCx, session: Session) -> Result<State, Error> {
    let Resume::Tls12 { master, .. } = &session.resume else {
        return Err(ErrorKind::Internal("a session of another version").into());
    };
    tls12::resume_keys(&mut c.cx, master)?;
    let authenticated = session.authenticated();
    c.cx.authenticated = authenticated;
    c.cx.authentication = Authentication::Session { authenticated };
    c.cx.peer_chain.clone_from(&session.terms.peer_chain);
    let chain = c.cx.peer_chain.as_ref();
    c.cx.verified = chain.map(|_| VerifiedChain::by_session());
    c.resumed = Some(Arc::clone(&session.terms));
    c.server.session = Some(session);
    Ok(wait_end(c, Proof::Resumed))
}

/// What comes before the server's Finished.
fn wait_end(c: &ClientCx, proof: Proof) -> State {
    // RFC 5077 3.3: a NewSessionTicket comes if the server said so, and only then.
    match c.server.ticket_promised {
        true => State::WaitTicket(proof),
        false => State::WaitChangeCipherSpec(proof),
    }
}

fn new_session_ticket(c: &mut ClientCx, message: Message<'_>) -> Result<(), Error> {
    let ticket = NewSessionTicket::parse(message.body)?;
    c.server.ticket = Some((ticket.lifetime_hint, ticket.ticket.to_vec()));
    c.cx.add(message.raw)
}

/// Verifies the server's Finished; when a session is resumed, ours follows.
fn finished(
    c: &mut ClientCx,
    message: Message<'_>,
    proof: Proof,
    out: &mut Out,
) -> Result<State, Error> {
    let valid = tls12::verify_finished(&mut c.cx, message, false)?;
    if let Proof::Resumed = proof {
        tls12::finish(&mut c.cx, out, true)?;
    }
    // Only now is it known that the server has said all this itself.
    c.cx.session = match proof {
        Proof::Signed(_) | Proof::Resumed => new_session(c).map(Box::new),
        // It would be resumed where the key isn't known any more.
        Proof::Psk => None,
    };
    out.push(Action::Done)?;
    Ok(State::Done((proof, valid)))
}

/// Seconds for which a session is good whose server doesn't say: a day (RFC 5246 F.1.4).
const LIFETIME: u32 = 86_400;

/// The session to be kept.
fn new_session(c: &mut ClientCx) -> Option<NewSession> {
    let tls12 = c.cx.tls12.as_ref()?;
    // RFC 7627 5.3: a session without it would never be resumed.
    if !tls12.extended_master_secret {
        return None;
    }
    let cipher_suite = tls12.suite.name;
    let master = tls12::master_to_keep(&c.cx)?;
    let ticket = c.server.ticket.take();
    let ticket = ticket.filter(|(_, ticket)| !ticket.is_empty());
    let (lifetime, ticket, session_id) = match (ticket, c.server.session.take()) {
        // RFC 5077 3.3: a lifetime of zero means that none is given. RFC 5077 3.4: with a ticket the
        // session ID means nothing.
        (Some((0, ticket)), _) => (LIFETIME, ticket, Vec::new()),
        (Some((lifetime, ticket)), _) => (lifetime, ticket, Vec::new()),
        // RFC 5077 3.3, RFC 5246 F.1.4: the session that was resumed is still good, and no longer.
        (None, Some(session)) => {
            let left = session.expires().as_secs();
            let left = left.saturating_sub(c.cx.now.as_secs());
            match session.resume {
                Resume::Tls12 {
                    ticket, session_id, ..
                } => (u32::try_from(left).ok()?, ticket, session_id),
                Resume::Tls13 { .. } => return None,
            }
        }
        (None, None) => (
            LIFETIME,
            Vec::new(),
            core::mem::take(&mut c.server.session_id),
        ),
    };
    if ticket.is_empty() && session_id.is_empty() {
        return None;
    }
    Some(NewSession {
        terms: c.session_terms()?,
        cipher_suite,
        lifetime,
        resume: Resume::Tls12 {
            ticket,
            session_id,
            master: master.into(),
            extended_master_secret: true,
        },
    })
}

fn certificate(c: &mut ClientCx, message: Message<'_>) -> Result<State, Error> {
    let chain = tls12::read_certificate(&mut c.cx, message, &c.config.common.limits)?;
    // RFC 5246 7.4.2: a server must send a certificate.
    if chain.is_empty() {
        return Err(Violation::EmptyServerCertificate.into());
    }
    Ok(State::WaitKeyExchange)
}

fn certificate_status(c: &mut ClientCx, message: Message<'_>) -> Result<State, Error> {
    let status = CertificateStatus::parse(message.body)?;
    c.server.status = Some(status.response.to_vec());
    // RFC 6066 8: once, right after Certificate.
    c.server.status_promised = false;
    c.cx.add(message.raw)?;
    Ok(State::WaitKeyExchange)
}

fn server_key_exchange(
    c: &mut ClientCx,
    message: Message<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    let exchange = ServerKeyExchange::parse(message.body)?;
    take_share(c, exchange.group, exchange.public)?;

    let status = c.server.status.take();
    let timestamps = c.server.timestamps.take();
    const NONE: ErrorKind = ErrorKind::Internal("no chain to verify");
    let chain = c.cx.peer_chain.as_mut().ok_or(NONE)?;
    if let Some(chain) = Arc::get_mut(chain) {
        // RFC 6066 8, RFC 6962 3.3.1: both are about the server's own certificate.
        chain.staple(status.as_deref(), timestamps.as_deref());
    }
    let chain = Arc::clone(chain);

    let suite = c.cx.tls12()?.suite;
    // RFC 8422 5.4: the suite says which kind of key signs.
    if !suite.auth.fits(exchange.scheme) {
        return Err(Violation::SchemeNotForKey.into());
    }
    let content = tls12::key_exchange_content(&c.cx, exchange.params)?;
    let algorithms = c.config.common.provider.verify;
    let signed = tls12::verify_signature(
        &mut c.cx,
        exchange.scheme,
        &content,
        exchange.signature,
        &algorithms,
    )?;
    c.cx.add(message.raw)?;
    let request = VerifyRequest {
        chain,
        role: Role::Server,
        name: Some(c.name.clone()),
        now: c.cx.now,
    };
    c.cx.ask(out, Request::VerifyChain(request))?;
    Ok(State::WaitVerdict(signed))
}

/// Takes the server's public key over.
fn take_share(c: &mut ClientCx, name: NamedGroup, public: &[u8]) -> Result<(), Error> {
    // RFC 8422 5.4: a curve that the client offered.
    let groups = &c.config.common.groups;
    let group = groups.iter().find(|group| group.name() == name);
    let group = group
        .filter(|group| tls12::usable(**group))
        .ok_or(Violation::GroupNotOffered)?;
    c.cx.group = Some(group.name());
    c.server.share = public.to_vec();
    Ok(())
}

/// RFC 4279 5.2: the hint means nothing without a profile that says what, and is ignored.
fn psk_key_exchange(c: &mut ClientCx, message: Message<'_>) -> Result<State, Error> {
    let exchange = PskServerKeyExchange::parse(message.body)?;
    take_share(c, exchange.group, exchange.public)?;
    c.cx.add(message.raw)?;
    Ok(State::WaitPskDone)
}

/// Answers with the identity of our key, and finishes.
fn psk_done(c: &mut ClientCx, message: Message<'_>, out: &mut Out) -> Result<State, Error> {
    const NONE: ErrorKind = ErrorKind::Internal("no PSK for the suite");
    parse_empty(message.body, "ServerHelloDone")?;
    c.cx.add(message.raw)?;
    let psks = &c.config.psks;
    let psk = psks.iter().find(|psk| psk.fits_tls12()).ok_or(NONE)?;
    let psk = Arc::clone(psk);
    let (public, shared) = agree(c)?;
    let message = PskClientKeyExchange {
        identity: &psk.identity,
        public: &public,
    };
    c.cx.send(out, HandshakeType::CLIENT_KEY_EXCHANGE, |w| {
        message.write(w)
    })?;
    let premaster = tls12::psk_premaster(&shared, psk.key.expose())?;
    tls12::derive_keys(&mut c.cx, premaster.expose())?;
    let identity = psk.identity.clone();
    c.cx.authentication = Authentication::Psk { identity };
    finish(c, Proof::Psk, out)
}

fn certificate_request(c: &mut ClientCx, message: Message<'_>) -> Result<(), Error> {
    let request = CertificateRequest::parse(message.body)?;
    let names = request.certificate_authorities;
    // RFC 5246 7.4.4: a certificate is of one of the types and signs in one of the schemes.
    let types = request.certificate_types;
    let schemes = request.signature_algorithms.iter();
    let usable = schemes.filter(|scheme| types.contains(&tls12::certificate_type(*scheme)));
    c.certificate_request = Some(CertificateRequestInfo::new(usable, names));
    c.cx.add(message.raw)
}

fn server_hello_done(
    c: &mut ClientCx,
    message: Message<'_>,
    signed: SignatureValid,
    out: &mut Out,
) -> Result<State, Error> {
    parse_empty(message.body, "ServerHelloDone")?;
    c.cx.add(message.raw)?;
    let Some(info) = c.certificate_request.take() else {
        c.cx.messages = None;
        key_exchange(c, out)?;
        return finish(c, Proof::Signed(signed), out);
    };
    c.peer_schemes = info.schemes.clone();
    c.cx.ask(out, Request::ClientCredential(info))?;
    Ok(State::WaitCredential(signed))
}

fn show_certificate(
    c: &mut ClientCx,
    credential: Option<Arc<Credential>>,
    signed: SignatureValid,
    out: &mut Out,
) -> Result<State, Error> {
    let schemes = core::mem::take(&mut c.peer_schemes);
    let usable = credential.and_then(|credential| {
        let scheme = credential.tls12_scheme_for(|scheme| schemes.contains(&scheme))?;
        Some((credential, scheme))
    });
    let Some((credential, scheme)) = usable else {
        // RFC 5246 7.4.6: a client without a suitable certificate sends an empty list.
        c.cx.messages = None;
        let empty = Certificate {
            entries: List::Values(&[]),
        };
        c.cx.send(out, HandshakeType::CERTIFICATE, |w| empty.write(w))?;
        key_exchange(c, out)?;
        return finish(c, Proof::Signed(signed), out);
    };
    tls12::send_certificate(&mut c.cx, out, &credential)?;
    key_exchange(c, out)?;
    let content = tls12::signed_messages(&mut c.cx)?;
    tls12::ask_signature(&mut c.cx, out, scheme, content)?;
    Ok(State::WaitSignature(signed))
}

/// Our public key, and the secret shared with the server.
fn agree(c: &mut ClientCx) -> Result<(Vec<u8>, SharedSecret), Error> {
    const GONE: ErrorKind = ErrorKind::Internal("no group to exchange keys in");
    let name = c.cx.group.ok_or(GONE)?;
    let groups = &c.config.common.groups;
    let group = groups
        .iter()
        .copied()
        .find(|group| group.name() == name)
        .ok_or(GONE)?;
    let mut public = vec![0; group.server_share_len()];
    c.cx.depth.reach(group.stack());
    let shared = group.respond(&mut c.cx.random, &c.server.share, &mut public)?;
    Ok((public, shared))
}

/// ClientKeyExchange, and the keys.
fn key_exchange(c: &mut ClientCx, out: &mut Out) -> Result<(), Error> {
    let (public, shared) = agree(c)?;
    let message = ClientKeyExchange { public: &public };
    c.cx.send(out, HandshakeType::CLIENT_KEY_EXCHANGE, |w| {
        message.write(w)
    })?;
    tls12::derive_keys(&mut c.cx, shared.expose())
}

/// ChangeCipherSpec and Finished.
fn finish(c: &mut ClientCx, proof: Proof, out: &mut Out) -> Result<State, Error> {
    tls12::finish(&mut c.cx, out, true)?;
    Ok(wait_end(c, proof))
}
