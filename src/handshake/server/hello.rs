//! ClientHello in; HelloRetryRequest or the server's first flight out (RFC 9846 4.2).
//!
//! Named decisions, one after the other: parameters, retry, certificate, hello.

use super::{ServerCx, State, psk, tls12, tls13};
use crate::codepoint::{HandshakeType, NamedGroup, ProtocolVersion};
use crate::config::{ClientHelloInfo, Credential, ServerConfig, Uses};
use crate::crypto::Tls13Suite;
use crate::error::{Error, ErrorKind, Mismatch, Parameter, Violation};
use crate::handshake::negotiate::{self, GroupChoice};
use crate::handshake::{Action, Authentication, EarlyDataRefusal, Message, Out, Request, auth};
use crate::keys::Epoch;
use crate::keys::Transcript;
use crate::keys::tls13::Early;
use crate::pki::Decision;
use crate::wire::codec::List;
use crate::wire::extension::{DistinguishedName, KeyShareEntry};
use crate::wire::handshake::{CertificateRequest, EncryptedExtensions};
use crate::wire::hello::{
    ClientHello, HELLO_RETRY_REQUEST_RANDOM, ServerHello, ServerHelloExtensions,
};
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

const GONE: ErrorKind = ErrorKind::Internal("the ClientHello is gone");

/// Reads a ClientHello, first or second, and keeps it until it is answered.
pub(super) fn client_hello(
    s: &mut ServerCx,
    message: Message<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    // One copy for all who need it.
    s.hello_raw = message.raw.into();
    let info = ClientHelloInfo::new(Arc::clone(&s.hello_raw));
    let hello = ClientHello::parse(info.body())?;
    s.cx.client_random = *hello.random;
    s.hello = Some(info.clone());
    if s.config.is_none() {
        s.cx.ask(out, Request::Config(info.clone()))?;
        return Ok(State::WaitConfig);
    }
    let config = s.config()?;
    let offer = Offer {
        config: &config,
        info: &info,
        hello,
    };
    parameters(s, &offer, out)
}

/// A ClientHello under consideration, parsed once a step.
pub(super) struct Offer<'a> {
    pub(super) config: &'a ServerConfig,
    pub(super) info: &'a ClientHelloInfo,
    pub(super) hello: ClientHello<'a>,
}

/// Goes on with the ClientHello after an answer.
pub(super) fn resume<T>(
    s: &mut ServerCx,
    go_on: impl FnOnce(&mut ServerCx, &Offer<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let config = s.config()?;
    let info = s.hello.clone().ok_or(GONE)?;
    let offer = Offer {
        config: &config,
        info: &info,
        hello: info.hello().ok_or(GONE)?,
    };
    go_on(s, &offer)
}

/// Chooses the version and its parameters; retries, or goes on to the certificate.
pub(super) fn parameters(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    let Offer { config, hello, .. } = offer;
    let version = negotiate::version(config, hello)?;
    if config.sessions.is_some() && s.cx.scope.is_none() {
        s.cx.scope = config.scope();
    }
    s.cx.peer_record_limit = negotiate::record_size_limit(hello.extensions.record_size_limit)?;
    s.cx.server_name = hello.extensions.server_name.map(<[u8]>::to_vec);
    s.cx.staple = hello.extensions.status_request;
    if version == ProtocolVersion::TLS13 {
        negotiate::check_tls13(hello)?;
        return psk::look_up(s, offer, out);
    }
    // RFC 9846 4.2.4: after a HelloRetryRequest the version stays.
    if s.retry.is_some() {
        return Err(Violation::ChangedClientHello.into());
    }
    tls12::client_hello(s, offer, out).map(State::Tls12)
}

/// TLS 1.3, once it is known whether there is a PSK: chooses the parameters, and retries, or goes on
/// to early data.
pub(super) fn tls13_parameters(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    let Offer { config, hello, .. } = offer;
    // After a HelloRetryRequest the suite stays; the list of the client's has to, too.
    let suite = match s.cx.suite {
        Some(suite) => suite,
        None => negotiate::suite(config, hello, s.lookup.hash_len())?,
    };
    psk::keep_if_usable(s, suite);
    let choice = psk::key_exchange(s, config, hello)?;
    if s.retry.is_some() {
        check_second_hello(s, hello, suite)?;
        psk::check_binder(s, hello, suite)?;
    } else {
        s.cx.suite = Some(suite);
        psk::check_binder(s, hello, suite)?;
        let mut transcript = Transcript::new(suite.hash);
        transcript.add(&s.hello_raw);
        s.cx.transcript = Some(transcript);
        if let Some(GroupChoice::Retry(group)) = choice {
            retry(s, hello, group, suite, out)?;
            return Ok(State::WaitClientHello);
        }
    }
    s.cx.alpn = negotiate::alpn(&config.common, hello)?;
    psk::early_data(s, offer, suite, out)
}

/// Goes on with the PSK, or asks for the certificate.
pub(super) fn authenticate(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    suite: &'static Tls13Suite,
    out: &mut Out,
) -> Result<State, Error> {
    if s.lookup.has_chosen() {
        return accept_by_psk(s, offer, suite, out).map(State::Tls13);
    }
    let info = offer.info.with_uses(Uses::Tls13);
    match offer.config.credentials.choose(&info) {
        Decision::Now(credential) => accept(s, offer, suite, credential, out).map(State::Tls13),
        Decision::Later => {
            s.cx.ask(out, Request::ServerCredential(info))?;
            Ok(State::WaitCredential(suite))
        }
    }
}

/// Asks for a share of another group (RFC 9846 4.2.4).
fn retry(
    s: &mut ServerCx,
    hello: &ClientHello<'_>,
    group: NamedGroup,
    suite: &'static Tls13Suite,
    out: &mut Out,
) -> Result<(), Error> {
    let body = s.hello_raw.get(4..).unwrap_or(&[]);
    s.retry = Some((group, negotiate::fixed_part(suite.hash, body)?));
    s.prefix = s.cx.transcript()?.replace_by_message_hash();
    let cookie = cookie(s);
    let message = ServerHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &HELLO_RETRY_REQUEST_RANDOM,
        session_id: hello.session_id,
        cipher_suite: suite.name,
        compression_method: 0,
        extensions: ServerHelloExtensions {
            supported_version: Some(ProtocolVersion::TLS13),
            retry_group: Some(group),
            cookie: cookie.as_deref(),
            ..ServerHelloExtensions::default()
        },
    };
    s.cx.retried = true;
    if hello.extensions.early_data {
        psk::refuse_early_data(s, EarlyDataRefusal::Retry)?;
    }
    psk::keep_for_second_hello(s, hello);
    // Nothing may be left behind the first ClientHello in its record.
    out.push(Action::SetRead(Epoch::Plaintext))?;
    let start = s.cx.flight.len();
    s.cx.send(out, HandshakeType::SERVER_HELLO, |w| message.write(w))?;
    let sent = s.cx.flight.get(start..).unwrap_or(&[]);
    s.prefix.extend_from_slice(sent);
    if !hello.session_id.is_empty() {
        out.push(Action::ChangeCipherSpec)?;
    }
    s.hello = None;
    s.hello_raw = Arc::default();
    Ok(())
}

/// The cookie of a HelloRetryRequest: none is sent. (In tests a published trace has one.)
fn cookie(_s: &ServerCx) -> Option<Vec<u8>> {
    #[cfg(test)]
    return _s.cx.replay.cookie.clone();
    #[cfg(not(test))]
    None
}

/// What the second ClientHello must be, after a HelloRetryRequest.
fn check_second_hello(
    s: &mut ServerCx,
    hello: &ClientHello<'_>,
    suite: &'static Tls13Suite,
) -> Result<(), Error> {
    let (group, fixed) = s.retry.as_ref().ok_or(GONE)?;
    let body = s.hello_raw.get(4..).unwrap_or(&[]);
    // RFC 9846 4.2.2: the same ClientHello but for what a retry changes; RFC 9846 4.3.10: and
    // without early_data.
    let same = negotiate::fixed_part(suite.hash, body)? == *fixed;
    if s.cx.suite != Some(suite) || !same || hello.extensions.early_data {
        return Err(Violation::ChangedClientHello.into());
    }
    // RFC 9846 4.2.4: the cookie is the one that was sent.
    if hello.extensions.cookie != cookie(s).as_deref() {
        return Err(Violation::BadCookie.into());
    }
    // RFC 9846 4.3.8: key_share is one entry of the group that was asked for.
    let shares = hello.extensions.key_shares.unwrap_or(List::Values(&[]));
    let mut entries = shares.iter();
    let first = entries.next().map(|entry| entry.group);
    if first != Some(*group) || entries.next().is_some() {
        return Err(Violation::RetryNotHeeded.into());
    }
    let raw = Arc::clone(&s.hello_raw);
    s.cx.transcript()?.add(&raw);
    Ok(())
}

/// Answers with the first flight, up to the signature.
pub(super) fn accept(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    suite: &'static Tls13Suite,
    credential: Option<Arc<Credential>>,
    out: &mut Out,
) -> Result<tls13::State, Error> {
    let Offer { config, hello, .. } = offer;
    s.hello = None;
    // RFC 9846 6.2: unknown_psk_identity where a PSK is wanted and none came that is known.
    let missing = match config.psks {
        Some(_) => Parameter::Psk,
        None => Parameter::Certificate,
    };
    let credential = credential.ok_or_else(|| Mismatch::new(missing, [], []))?;
    let theirs = hello.extensions.signature_algorithms;
    let theirs = theirs.unwrap_or(List::Values(&[]));
    let scheme = credential.scheme_for(|scheme| theirs.contains(scheme));
    let scheme = scheme.ok_or_else(|| {
        let ours = credential.key().schemes().iter().map(|scheme| scheme.0);
        Mismatch::new(
            Parameter::SignatureScheme,
            ours,
            theirs.iter().map(u16::from),
        )
    })?;
    server_hello(s, config, hello, suite, None, out)?;
    s.hello_raw = Arc::default();
    encrypted_extensions(s, config, hello, out)?;
    certificate_request(s, config, out)?;
    auth::send_certificate(&mut s.cx, out, &credential)?;
    auth::ask_signature(&mut s.cx, out, scheme, true)?;
    Ok(tls13::State::WaitSignature)
}

/// Answers with the whole first flight: with a PSK nobody signs.
fn accept_by_psk(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    suite: &'static Tls13Suite,
    out: &mut Out,
) -> Result<tls13::State, Error> {
    let Offer { config, hello, .. } = offer;
    let psk = psk::take(s)?;
    s.hello = None;
    server_hello(s, config, hello, suite, Some(psk), out)?;
    s.hello_raw = Arc::default();
    encrypted_extensions(s, config, hello, out)?;
    tls13::finish_by_psk(s, out)
}

/// The key exchange, ServerHello and the handshake keys.
fn server_hello(
    s: &mut ServerCx,
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    suite: &'static Tls13Suite,
    psk: Option<(u16, Early)>,
    out: &mut Out,
) -> Result<(), Error> {
    let mut key_exchange = Vec::new();
    let mut exchanged = None;
    match psk::key_exchange(s, config, hello)? {
        Some(GroupChoice::Share(group, share)) => {
            key_exchange = vec![0; group.server_share_len()];
            s.cx.depth.reach(group.stack());
            let shared = group.respond(&mut s.cx.random, share, &mut key_exchange)?;
            s.cx.group = Some(group.name());
            exchanged = Some((group.name(), shared));
        }
        Some(GroupChoice::Retry(_)) => return Err(Violation::RetryNotHeeded.into()),
        // By a PSK alone.
        None => {}
    }
    let random = s.cx.random.array();
    let message = ServerHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &random,
        session_id: hello.session_id,
        cipher_suite: suite.name,
        compression_method: 0,
        extensions: ServerHelloExtensions {
            supported_version: Some(ProtocolVersion::TLS13),
            key_share: exchanged.as_ref().map(|(group, _)| KeyShareEntry {
                group: *group,
                key_exchange: &key_exchange,
            }),
            pre_shared_key: psk.as_ref().map(|(index, _)| *index),
            ..ServerHelloExtensions::default()
        },
    };
    out.push(Action::SetRead(match s.cx.traffic.client_early {
        Some(_) => Epoch::EarlyData,
        None => Epoch::Handshake,
    }))?;
    s.cx.send(out, HandshakeType::SERVER_HELLO, |w| message.write(w))?;
    // RFC 9846 D.4: a server answers a non-empty session ID with change_cipher_spec after its
    // first handshake message.
    if !hello.session_id.is_empty() && !s.cx.retried {
        out.push(Action::ChangeCipherSpec)?;
    }
    let early = psk.map_or_else(|| Early::new(suite.hash, None), |(_, early)| early);
    let mut handshake = early.into_handshake(exchanged.as_ref().map(|(_, shared)| shared))?;
    let transcript = s.cx.transcript()?.current();
    let [client, server] = handshake.traffic_secrets(&transcript)?;
    s.cx.traffic.client_handshake = Some(client);
    s.cx.traffic.server_handshake = Some(server);
    s.main = Some(handshake.into_main()?);
    out.push(Action::SetWrite(Epoch::Handshake))
}

fn encrypted_extensions(
    s: &mut ServerCx,
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    out: &mut Out,
) -> Result<(), Error> {
    let alpn = s.cx.alpn.clone();
    // RFC 8449 4: a server that heeds the client's limit answers with its own.
    let limit = config.common.record_size_limit.unwrap_or(16_385);
    let resumed = matches!(s.cx.authentication, Authentication::Session { .. });
    let message = EncryptedExtensions {
        // RFC 6066 3: not when a session is resumed.
        server_name: hello.extensions.server_name.is_some() && !resumed,
        alpn: alpn.as_deref(),
        record_size_limit: hello.extensions.record_size_limit.map(|_| limit),
        early_data: s.cx.traffic.client_early.is_some(),
        ..EncryptedExtensions::default()
    };
    s.cx.send(out, HandshakeType::ENCRYPTED_EXTENSIONS, |w| {
        message.write(w)
    })
}

fn certificate_request(
    s: &mut ServerCx,
    config: &ServerConfig,
    out: &mut Out,
) -> Result<(), Error> {
    let Some(verifier) = config.client_auth.verifier() else {
        return Ok(());
    };
    let schemes: Vec<_> = config.common.provider.verify.supported().collect();
    let hints = verifier.root_hints();
    let names: Vec<_> = hints.iter().map(|name| DistinguishedName(name)).collect();
    let message = CertificateRequest {
        signature_algorithms: Some(List::Values(&schemes)),
        signature_algorithms_cert: Some(List::Values(&schemes)),
        certificate_authorities: Some(List::Values(names.as_slice())).filter(|_| !names.is_empty()),
        ..CertificateRequest::default()
    };
    s.cx.send(out, HandshakeType::CERTIFICATE_REQUEST, |w| {
        message.write(w)
    })
}
