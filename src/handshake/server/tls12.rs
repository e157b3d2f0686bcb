//! The server's TLS 1.2 handshake (RFC 5246 7.3).

use super::hello::{self, Offer};
use super::{Client, ServerCx, tls12_sessions as sessions};
use crate::codepoint::{CipherSuite, HandshakeType, NamedGroup, ProtocolVersion};
use crate::config::{
    ClientAuth, Credential, ExternalPsk, PskQuery, ServerConfig, TicketState, Uses,
};
use crate::crypto::{KeyExchangeGroup, SharedSecret, SuiteAuth, Tls12Suite};
use crate::error::{Error, ErrorKind, Mismatch, Parameter, Violation};
use crate::handshake::auth::FinishedValid;
use crate::handshake::tls12::{self, Tls12Cx};
use crate::handshake::{Action, Answer, Authentication, Input, Message, Out, Request, negotiate};
use crate::keys::Epoch;
use crate::keys::Transcript;
use crate::pki::{Decision, Role, VerifiedChain, VerifyRequest};
use crate::secret::{Secret, SecretBytes};
use crate::wire::codec::{List, Writer};
use crate::wire::extension::DistinguishedName;
use crate::wire::handshake::CertificateVerify;
use crate::wire::hello::{ClientHello, DOWNGRADE_TO_TLS12, ServerHello, ServerHelloExtensions};
use crate::wire::tls12::{
    CertificateRequest, CertificateStatus, ClientKeyExchange, NewSessionTicket,
    PskClientKeyExchange, PskServerKeyExchange, ServerKeyExchange, write_params,
};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

/// Where the server stands.
#[derive(Clone, Copy, Debug)]
pub(super) enum State {
    /// The application looks a session up.
    WaitSession,
    /// The application chooses the certificate.
    WaitCredential,
    /// The application signs.
    WaitSignature,
    WaitCertificate,
    /// The application judges the client's chain.
    WaitVerdict,
    /// Whether the client showed a certificate, and so must sign.
    WaitKeyExchange {
        signs: bool,
    },
    WaitCertificateVerify,
    WaitPskKeyExchange,
    /// The application looks the client's key up.
    WaitPsk,
    WaitChangeCipherSpec(Client),
    WaitFinished(Client),
    /// The application keeps the session.
    WaitStored(Client, FinishedValid),
    Done(#[allow(dead_code, reason = "held as proof")] (Client, FinishedValid)),
}

impl State {
    pub(super) fn check_done(self) -> Result<(), Error> {
        match self {
            Self::Done(_) => Ok(()),
            _ => Err(ErrorKind::Internal("a summary before the end").into()),
        }
    }
}

/// What only this version's server keeps.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// ServerHello said that a ticket comes.
    pub(super) ticket: bool,
    /// The name in ServerHello under which the session is to be kept.
    pub(super) session_id: Option<[u8; 32]>,
    /// The identity that the client sent, and the secret of the key exchange, until its key is known.
    psk: Option<(Vec<u8>, SharedSecret)>,
}

/// How long a ClientHello may be for a client's chain to be as long as the limit.
const SIGNED_HELLO: usize = 3 * 1024;

/// However long it is, a chain of one small certificate, or of none, still goes.
const SMALL_CHAIN: usize = 1024;

/// Decides how a ClientHello is answered: by a session, or else by a full handshake.
pub(super) fn client_hello(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    let Offer { config, hello, .. } = offer;
    check_hello(config, hello)?;
    // RFC 7301 3.1: negotiated anew, whatever the protocol of a session was.
    s.cx.alpn = negotiate::alpn(&config.common, hello)?;
    match sessions::query(config, hello, s.cx.now) {
        Some((sessions, query)) => match sessions.look_up(&query) {
            Decision::Now(found) => session_found(s, offer, found.as_ref(), out),
            Decision::Later => {
                s.cx.ask(out, Request::Session(query))?;
                Ok(State::WaitSession)
            }
        },
        None => full(s, offer, out),
    }
}

/// Begins a full handshake: by a pre-shared key, or else by a certificate.
fn full(s: &mut ServerCx, offer: &Offer<'_>, out: &mut Out) -> Result<State, Error> {
    let Offer { config, hello, .. } = offer;
    let best = common_suite(config, hello, config.common.tls12_suites.iter())?;
    if best.auth == SuiteAuth::Psk {
        return accept_psk(s, config, hello, best, out);
    }
    let info = offer.info.with_uses(uses(config, hello));
    match config.credentials.choose(&info) {
        Decision::Now(credential) => accept(s, offer, credential, out),
        Decision::Later => {
            s.cx.ask(out, Request::ServerCredential(info))?;
            Ok(State::WaitCredential)
        }
    }
}

/// What every TLS 1.2 ClientHello must have, before a certificate is chosen for it.
fn check_hello(config: &ServerConfig, hello: &ClientHello<'_>) -> Result<(), Error> {
    // RFC 5246 7.4.1.2: the null method is always there.
    if !hello.compression_methods.contains(&0) {
        return Err(Violation::BadCompression.into());
    }
    // RFC 5746 3.6: this is no renegotiation.
    if hello
        .extensions
        .renegotiation_info
        .is_some_and(|info| !info.is_empty())
    {
        return Err(Violation::BadRenegotiationInfo.into());
    }
    // RFC 8422 5.1.2: the uncompressed format is always among them, or illegal_parameter.
    if hello
        .extensions
        .ec_point_formats
        .is_some_and(|formats| !formats.contains(&0))
    {
        return Err(Violation::PointFormats.into());
    }
    if config.common.require_extended_master_secret && !hello.extensions.extended_master_secret {
        return Err(Violation::NoExtendedMasterSecret.into());
    }
    Ok(())
}

/// Which keys the suites that both have are for.
fn uses(config: &ServerConfig, hello: &ClientHello<'_>) -> Uses {
    let common = |auth| {
        let mut ours = config
            .common
            .tls12_suites
            .iter()
            .filter(|suite| suite.auth == auth);
        ours.any(|suite| hello.cipher_suites.contains(suite.name))
    };
    Uses::Tls12 {
        ecdsa: common(SuiteAuth::Ecdsa),
        rsa: common(SuiteAuth::Rsa),
    }
}

/// The best of these suites that the client has, by its order or by ours.
fn common_suite<'a>(
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    ours: impl Iterator<Item = &'a &'static Tls12Suite> + Clone,
) -> Result<&'static Tls12Suite, Error> {
    let theirs = hello.cipher_suites;
    let mut usable = ours.clone().copied();
    let chosen = if config.prefer_client_suites {
        theirs
            .iter()
            .find_map(|name| usable.clone().find(|suite| suite.name == name))
    } else {
        usable.find(|suite| theirs.contains(suite.name))
    };
    chosen.ok_or_else(|| {
        let ours = ours.map(|suite| suite.name.0);
        Mismatch::new(Parameter::CipherSuite, ours, theirs.iter().map(u16::from)).into()
    })
}

/// The suite: the best that both have and the certificate's key is for.
fn choose_suite(
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    credential: &Credential,
) -> Result<&'static Tls12Suite, Error> {
    let fits = |suite: &&&'static Tls12Suite| {
        let mut schemes = credential.key().schemes().iter();
        schemes.any(|scheme| suite.auth.fits(*scheme))
    };
    common_suite(
        config,
        hello,
        config.common.tls12_suites.iter().filter(fits),
    )
}

/// The group: the best that both have. A client that names none has any (RFC 8422 4).
fn choose_group(
    config: &ServerConfig,
    hello: &ClientHello<'_>,
) -> Result<&'static dyn KeyExchangeGroup, Error> {
    let any = [NamedGroup::SECP256R1];
    let theirs = hello
        .extensions
        .supported_groups
        .unwrap_or(List::Values(&any));
    let ours = || {
        config
            .common
            .groups
            .iter()
            .copied()
            .filter(|group| tls12::usable(*group))
    };
    ours()
        .find(|group| theirs.contains(group.name()))
        .ok_or_else(|| {
            let ours = ours().map(|group| group.name().0);
            Mismatch::new(Parameter::Group, ours, theirs.iter().map(u16::from)).into()
        })
}

/// Answers with the first flight, up to the signature of ServerKeyExchange.
fn accept(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    credential: Option<Arc<Credential>>,
    out: &mut Out,
) -> Result<State, Error> {
    let Offer {
        config,
        info,
        hello,
    } = offer;
    s.hello = None;
    let credential = credential.ok_or_else(|| Mismatch::new(Parameter::Certificate, [], []))?;
    let suite = choose_suite(config, hello, &credential)?;
    let group = choose_group(config, hello)?;
    let scheme = info.with_uses(uses(config, hello)).scheme_for(&credential);
    let scheme = scheme.filter(|scheme| suite.auth.fits(*scheme));
    let scheme = scheme.ok_or_else(|| {
        let theirs = hello
            .extensions
            .signature_algorithms
            .unwrap_or(List::Values(&[]));
        let ours = credential.key().schemes().iter().map(|scheme| scheme.0);
        Mismatch::new(
            Parameter::SignatureScheme,
            ours,
            theirs.iter().map(u16::from),
        )
    })?;
    s.cx.staple = s.cx.staple && credential.staple().is_some();
    if config.client_auth.verifier().is_some() {
        // RFC 5246 7.4.8: the client signs the messages themselves, with a hash of its choice, and so
        // they are kept beside its chain: what a ClientHello has beyond the usual is taken off that.
        let beyond = s.hello_raw.len().saturating_sub(SIGNED_HELLO);
        let left = s.limits.client_chain.saturating_sub(beyond);
        s.limits.client_chain = left.max(SMALL_CHAIN.min(s.limits.client_chain));
        s.cx.messages = Some(s.hello_raw.to_vec());
    }
    let session_id = sessions::announce(s, config, hello);
    server_hello(
        s,
        config,
        hello,
        suite,
        session_id.as_ref().map_or(&[], |id| id),
        out,
    )?;
    tls12::send_certificate(&mut s.cx, out, &credential)?;
    if let Some(response) = credential.staple().filter(|_| s.cx.staple) {
        let status = CertificateStatus { response };
        s.cx.send(out, HandshakeType::CERTIFICATE_STATUS, |w| status.write(w))?;
    }
    let public = start_exchange(s, group)?;
    let mut params = Vec::new();
    write_params(&mut Writer::new(&mut params), group.name(), &public);
    let content = tls12::key_exchange_content(&s.cx, &params)?;
    s.params = params;
    tls12::ask_signature(&mut s.cx, out, scheme, content)?;
    Ok(State::WaitSignature)
}

/// Begins the key exchange: our public key.
fn start_exchange(
    s: &mut ServerCx,
    group: &'static dyn KeyExchangeGroup,
) -> Result<Vec<u8>, Error> {
    s.cx.depth.reach(group.stack());
    let exchange = group.start(&mut s.cx.random)?;
    let mut public = vec![0; group.client_share_len()];
    exchange.write_share(&mut public)?;
    s.cx.group = Some(group.name());
    s.exchange = Some(exchange);
    Ok(public)
}

/// Answers with the first flight of a handshake by a pre-shared key: no certificates, and nothing
/// that is signed. Its session isn't kept: the key is there the next time, or shouldn't count.
fn accept_psk(
    s: &mut ServerCx,
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    suite: &'static Tls12Suite,
    out: &mut Out,
) -> Result<State, Error> {
    let group = choose_group(config, hello)?;
    s.hello = None;
    s.cx.staple = false;
    server_hello(s, config, hello, suite, &[], out)?;
    let public = start_exchange(s, group)?;
    // RFC 5489 2: sent even without a hint.
    let message = PskServerKeyExchange {
        identity_hint: &[],
        group: group.name(),
        public: &public,
    };
    s.cx.send(out, HandshakeType::SERVER_KEY_EXCHANGE, |w| {
        message.write(w)
    })?;
    s.cx.send(out, HandshakeType::SERVER_HELLO_DONE, |_| ())?;
    Ok(State::WaitPskKeyExchange)
}

/// ServerHello; a `session_id` that isn't empty names the session that is resumed or may be later.
fn server_hello(
    s: &mut ServerCx,
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    suite: &'static Tls12Suite,
    session_id: &[u8],
    out: &mut Out,
) -> Result<(), Error> {
    let mut random: [u8; 32] = s.cx.random.array();
    if config.common.speaks(ProtocolVersion::TLS13) {
        // RFC 9846 4.2.3: the end of the random says that a newer version could have been spoken.
        for (to, from) in random.iter_mut().skip(24).zip(DOWNGRADE_TO_TLS12) {
            *to = from;
        }
    }
    let offered = &hello.extensions;
    // RFC 5746 3.6: answered if the client sent either sign of it, when a session is resumed too.
    let secure = offered.renegotiation_info.is_some()
        || hello
            .cipher_suites
            .contains(CipherSuite::TLS_EMPTY_RENEGOTIATION_INFO_SCSV);
    let alpn = s.cx.alpn.clone();
    // RFC 8449 4: a server that heeds the client's limit answers with its own.
    let limit = config
        .common
        .record_size_limit
        .unwrap_or(16_384)
        .min(16_384);
    let resumed = matches!(s.cx.authentication, Authentication::Session { .. });
    let message = ServerHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &random,
        session_id,
        cipher_suite: suite.name,
        compression_method: 0,
        extensions: ServerHelloExtensions {
            // RFC 6066 3: not when a session is resumed.
            server_name: offered.server_name.is_some() && !resumed,
            extended_master_secret: offered.extended_master_secret,
            renegotiation_info: secure.then_some(&[]),
            ec_point_formats: offered.ec_point_formats.map(|_| &[0][..]),
            session_ticket: s.kept.ticket,
            alpn: alpn.as_deref(),
            status_request: s.cx.staple && !resumed,
            record_size_limit: offered.record_size_limit.map(|_| limit),
            ..ServerHelloExtensions::default()
        },
    };
    s.cx.tls12 = Some(Tls12Cx::new(suite, random, offered.extended_master_secret));
    let mut transcript = Transcript::new(suite.hash);
    transcript.add(&s.hello_raw);
    s.cx.transcript = Some(transcript);
    s.hello_raw = Arc::default();
    s.cx.send(out, HandshakeType::SERVER_HELLO, |w| message.write(w))
}

/// One step.
pub(super) fn step(
    state: State,
    s: &mut ServerCx,
    input: Input<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    use HandshakeType as T;
    use Input::{Answer as A, Message as M};
    match (state, input) {
        (State::WaitSession, A(Answer::Session(found))) => {
            hello::resume(s, |s, offer| session_found(s, offer, found.as_deref(), out))
        }
        (State::WaitCredential, A(Answer::Credential(credential))) => {
            hello::resume(s, |s, offer| accept(s, offer, credential, out))
        }
        (State::WaitSignature, A(Answer::Signature(signature))) => {
            server_key_exchange(s, &signature, out)
        }
        (State::WaitCertificate, M(m)) if m.kind == T::CERTIFICATE => certificate(s, m, out),
        (State::WaitVerdict, A(Answer::Chain(verdict))) => {
            verdict.map_err(Error::from).map(|chain| {
                s.cx.verified = Some(chain);
                State::WaitKeyExchange { signs: true }
            })
        }
        (State::WaitKeyExchange { signs }, M(m)) if m.kind == T::CLIENT_KEY_EXCHANGE => {
            client_key_exchange(s, m, signs)
        }
        (State::WaitPskKeyExchange, M(m)) if m.kind == T::CLIENT_KEY_EXCHANGE => {
            psk_key_exchange(s, m, out)
        }
        (State::WaitPsk, A(Answer::Psk(found))) => psk_found(s, found.as_deref()),
        (State::WaitCertificateVerify, M(m)) if m.kind == T::CERTIFICATE_VERIFY => {
            certificate_verify(s, m)
        }
        (State::WaitChangeCipherSpec(client), Input::ChangeCipherSpec) => out
            .push(Action::SetRead(Epoch::Application))
            .map(|()| State::WaitFinished(client)),
        (State::WaitFinished(client), M(m)) if m.kind == T::FINISHED => finished(s, m, client, out),
        // A session that wasn't kept is one that won't be found.
        (State::WaitStored(client, valid), A(Answer::Stored(_))) => finish(s, client, valid, out),
        (_, input) => Err(input.unexpected()),
    }
}

/// ServerKeyExchange, CertificateRequest and ServerHelloDone.
fn server_key_exchange(s: &mut ServerCx, signature: &[u8], out: &mut Out) -> Result<State, Error> {
    let scheme =
        s.cx.scheme
            .ok_or(ErrorKind::Internal("a signature without a scheme"))?;
    let params = core::mem::take(&mut s.params);
    let message = ServerKeyExchange {
        params: &params,
        group: s.cx.group.unwrap_or(NamedGroup(0)),
        public: &[],
        scheme,
        signature,
    };
    s.cx.send(out, HandshakeType::SERVER_KEY_EXCHANGE, |w| {
        message.write(w)
    })?;
    let config = s.config()?;
    let mut next = State::WaitKeyExchange { signs: false };
    if let Some(verifier) = config.client_auth.verifier() {
        let schemes: Vec<_> = config.common.provider.verify.supported().collect();
        let hints = verifier.root_hints();
        let names: Vec<_> = hints.iter().map(|name| DistinguishedName(name)).collect();
        let request = CertificateRequest {
            certificate_types: &[tls12::ECDSA_SIGN, tls12::RSA_SIGN],
            signature_algorithms: List::Values(&schemes),
            certificate_authorities: List::Values(&names),
        };
        s.cx.send(out, HandshakeType::CERTIFICATE_REQUEST, |w| {
            request.write(w)
        })?;
        next = State::WaitCertificate;
    }
    s.cx.send(out, HandshakeType::SERVER_HELLO_DONE, |_| ())?;
    Ok(next)
}

fn certificate(s: &mut ServerCx, message: Message<'_>, out: &mut Out) -> Result<State, Error> {
    let chain = tls12::read_certificate(&mut s.cx, message, &s.limits)?;
    if chain.is_empty() {
        s.cx.peer_chain = None;
        // RFC 5246 7.4.6: a server may go on without a certificate, or end the handshake with
        // handshake_failure.
        return match s.config()?.client_auth {
            ClientAuth::Required(_) => Err(Violation::NoClientCertificate.into()),
            _ => {
                s.cx.messages = None;
                Ok(State::WaitKeyExchange { signs: false })
            }
        };
    }
    let request = VerifyRequest {
        chain,
        role: Role::Client,
        name: None,
        now: s.cx.now,
    };
    s.cx.ask(out, Request::VerifyChain(request))?;
    Ok(State::WaitVerdict)
}

fn client_key_exchange(
    s: &mut ServerCx,
    message: Message<'_>,
    signs: bool,
) -> Result<State, Error> {
    let public = ClientKeyExchange::parse(message.body)?.public;
    let shared = agree(s, public)?;
    s.cx.add(message.raw)?;
    tls12::derive_keys(&mut s.cx, shared.expose())?;
    Ok(match signs {
        true => State::WaitCertificateVerify,
        false => State::WaitChangeCipherSpec(Client::Anonymous),
    })
}

/// The secret that is shared with the client's public key.
fn agree(s: &mut ServerCx, public: &[u8]) -> Result<SharedSecret, Error> {
    let exchange = s.exchange.take();
    let exchange = exchange.ok_or(ErrorKind::Internal("no key exchange under way"))?;
    s.cx.depth.reach(exchange.stack());
    Ok(exchange.finish(public)?)
}

fn psk_key_exchange(s: &mut ServerCx, message: Message<'_>, out: &mut Out) -> Result<State, Error> {
    let exchange = PskClientKeyExchange::parse(message.body)?;
    let shared = agree(s, exchange.public)?;
    s.cx.add(message.raw)?;
    let identity = exchange.identity.to_vec();
    s.kept.psk = Some((identity.clone(), shared));
    s.cx.ask(out, Request::Psk(PskQuery { identity }))?;
    Ok(State::WaitPsk)
}

fn psk_found(s: &mut ServerCx, found: Option<&ExternalPsk>) -> Result<State, Error> {
    const NONE: ErrorKind = ErrorKind::Internal("no key exchange by a PSK");
    let (identity, shared) = s.kept.psk.as_ref().ok_or(NONE)?;
    // RFC 4279 2: an identity that isn't known goes on like one with another key, which nobody has:
    // the client's Finished then can't be read. So identities can't be probed.
    let mut decoy = Secret::<32>::zeroed(32);
    s.cx.random.fill(decoy.expose_mut());
    let known = found.filter(|psk| psk.fits_tls12());
    let key = known.map_or(decoy.expose(), |psk| psk.key.expose());
    let premaster = tls12::psk_premaster(shared, key)?;
    let identity = identity.clone();
    s.cx.authentication = Authentication::Psk { identity };
    tls12::derive_keys(&mut s.cx, premaster.expose())?;
    // Wiped where it is.
    s.kept.psk = None;
    Ok(State::WaitChangeCipherSpec(Client::Psk))
}

fn certificate_verify(s: &mut ServerCx, message: Message<'_>) -> Result<State, Error> {
    let verify = CertificateVerify::parse(message.body)?;
    let algorithms = s.config()?.common.provider.verify;
    let content = tls12::signed_messages(&mut s.cx)?;
    let (scheme, signature) = (verify.scheme, verify.signature);
    let valid = tls12::verify_signature(&mut s.cx, scheme, &content, signature, &algorithms)?;
    s.cx.add(message.raw)?;
    Ok(State::WaitChangeCipherSpec(Client::Signed(valid)))
}

/// Resumes the session that was found, or goes on without.
fn session_found(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    found: Option<&SecretBytes>,
    out: &mut Out,
) -> Result<State, Error> {
    let Offer { config, hello, .. } = offer;
    let state = found.and_then(|bytes| TicketState::decode(bytes.expose()).ok());
    let usable = match state {
        Some(state) => sessions::usable(&state, config, hello, &s.cx)?.zip(Some(state)),
        None => None,
    };
    let Some((suite, state)) = usable else {
        return full(s, offer, out);
    };
    let authenticated = state.authenticated;
    s.cx.authenticated = authenticated;
    s.cx.authentication = Authentication::Session { authenticated };
    s.cx.verified = state
        .peer_chain
        .as_ref()
        .map(|_| VerifiedChain::by_session());
    s.cx.peer_chain = state.peer_chain;
    s.hello = None;
    // A client that asked for tickets gets a new one, so that it needn't show one twice.
    s.kept.ticket = sessions::gives_ticket(config, hello);
    // RFC 5246 7.4.1.3, RFC 5077 3.4: the client's session ID says that the session is resumed.
    server_hello(s, config, hello, suite, hello.session_id, out)?;
    tls12::resume_keys(&mut s.cx, &state.secret)?;
    send_ticket(s, config, out)?;
    tls12::finish(&mut s.cx, out, false)?;
    Ok(State::WaitChangeCipherSpec(Client::Resumed))
}

/// NewSessionTicket, if it was announced (RFC 5077 3.3).
fn send_ticket(s: &mut ServerCx, config: &ServerConfig, out: &mut Out) -> Result<(), Error> {
    if !s.kept.ticket {
        return Ok(());
    }
    // RFC 5077 3.3: an empty one says that there is none after all.
    let (lifetime_hint, ticket) = sessions::seal(&mut s.cx, config).unwrap_or_default();
    let message = NewSessionTicket {
        lifetime_hint,
        ticket: &ticket,
    };
    s.cx.send(out, HandshakeType::NEW_SESSION_TICKET, |w| message.write(w))
}

/// Verifies the client's Finished and answers with ours, unless that went first.
fn finished(
    s: &mut ServerCx,
    message: Message<'_>,
    client: Client,
    out: &mut Out,
) -> Result<State, Error> {
    let valid = tls12::verify_finished(&mut s.cx, message, true)?;
    if let Client::Resumed = client {
        out.push(Action::Done)?;
        return Ok(State::Done((client, valid)));
    }
    let config = s.config()?;
    let id = s.kept.session_id.take();
    let session = id.and_then(|id| sessions::to_store(&s.cx, &config, id));
    match session {
        Some(session) => {
            s.cx.ask(out, Request::StoreSession(session))?;
            Ok(State::WaitStored(client, valid))
        }
        None => finish(s, client, valid, out),
    }
}

/// The server's end of a full handshake.
fn finish(
    s: &mut ServerCx,
    client: Client,
    valid: FinishedValid,
    out: &mut Out,
) -> Result<State, Error> {
    let config = s.config()?;
    send_ticket(s, &config, out)?;
    tls12::finish(&mut s.cx, out, false)?;
    out.push(Action::Done)?;
    Ok(State::Done((client, valid)))
}
