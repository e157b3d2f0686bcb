//! ClientHello in; HelloRetryRequest or the server's first flight out (RFC 9846 4.2).
//!
//! Named decisions, one after the other: parameters, retry, certificate, hello.

use super::{ServerCx, State, tls12, tls13};
use crate::codepoint::{HandshakeType, NamedGroup, ProtocolVersion};
use crate::config::{ClientHelloInfo, Credential, ServerConfig, Uses};
use crate::crypto::Tls13Suite;
use crate::error::{Error, ErrorKind, Mismatch, Parameter, Violation};
use crate::handshake::negotiate::{self, GroupChoice};
use crate::handshake::{Action, Message, Out, Request, auth};
use crate::keys::Epoch;
use crate::keys::Transcript;
use crate::keys::tls13::Early;
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
    let hello = ClientHello::parse(message.body)?;
    s.cx.client_random = *hello.random;
    let info = ClientHelloInfo::new(message.body.into());
    s.hello = Some(info.clone());
    s.hello_raw = message.raw.into();
    if s.config.is_none() {
        s.cx.ask(out, Request::Config(info))?;
        return Ok(State::WaitConfig);
    }
    parameters(s, out)
}

/// Chooses the version and its parameters; retries, or goes on to the certificate.
pub(super) fn parameters(s: &mut ServerCx, out: &mut Out) -> Result<State, Error> {
    let config = s.config()?;
    let info = s.hello.clone().ok_or(GONE)?;
    let hello = info.hello().ok_or(GONE)?;
    let version = negotiate::version(&config, &hello)?;
    s.cx.peer_record_limit = negotiate::record_size_limit(hello.extensions.record_size_limit)?;
    s.cx.server_name = hello.extensions.server_name.map(<[u8]>::to_vec);
    s.cx.staple = hello.extensions.status_request;
    if version != ProtocolVersion::TLS13 {
        // RFC 9846 4.2.4: after a HelloRetryRequest the version stays.
        if s.retry.is_some() {
            return Err(Violation::ChangedClientHello.into());
        }
        return tls12::client_hello(s, &config, &info, out).map(State::Tls12);
    }
    let Some(suite) = tls13_parameters(s, &config, &hello, out)? else {
        return Ok(State::WaitClientHello);
    };
    s.cx.alpn = negotiate::alpn(&config.common, &hello)?;
    // RFC 9846 4.3.10: early data that isn't taken is skipped; after a HelloRetryRequest there is
    // none under other keys.
    s.cx.skip_early_data = hello.extensions.early_data && !s.cx.retried;
    let info = info.with_uses(Uses::Tls13);
    s.cx.ask(out, Request::ServerCredential(info))?;
    Ok(State::WaitCredential(suite))
}

/// Chooses the suite of TLS 1.3; none if another share was asked for.
fn tls13_parameters(
    s: &mut ServerCx,
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    out: &mut Out,
) -> Result<Option<&'static Tls13Suite>, Error> {
    negotiate::check_tls13(hello)?;
    let suite = negotiate::suite(config, hello)?;
    let choice = negotiate::group(config, hello)?;
    if s.retry.is_some() {
        check_second_hello(s, hello, suite)?;
        return Ok(Some(suite));
    }
    s.cx.suite = Some(suite);
    let mut transcript = Transcript::new(suite.hash);
    transcript.add(&s.hello_raw);
    s.cx.transcript = Some(transcript);
    if let GroupChoice::Retry(group) = choice {
        retry(s, hello, group, suite, out)?;
        return Ok(None);
    }
    Ok(Some(suite))
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
    s.cx.transcript()?.replace_by_message_hash();
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
    s.cx.skip_early_data = hello.extensions.early_data;
    // Nothing may be left behind the first ClientHello in its record.
    out.push(Action::SetRead(Epoch::Plaintext))?;
    s.cx.send(out, HandshakeType::SERVER_HELLO, |w| message.write(w))?;
    if !hello.session_id.is_empty() {
        out.push(Action::ChangeCipherSpec)?;
    }
    s.hello = None;
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
    suite: &'static Tls13Suite,
    credential: Option<Arc<Credential>>,
    out: &mut Out,
) -> Result<tls13::State, Error> {
    let config = s.config()?;
    let info = s.hello.take().ok_or(GONE)?;
    let hello = info.hello().ok_or(GONE)?;
    let credential = credential.ok_or_else(|| Mismatch::new(Parameter::Certificate, [], []))?;
    let scheme = credential.scheme_for(|s| info.verifies(s)).ok_or_else(|| {
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
    server_hello(s, &config, &hello, suite, out)?;
    s.hello_raw = Arc::default();
    encrypted_extensions(s, &config, &hello, out)?;
    certificate_request(s, &config, out)?;
    auth::send_certificate(&mut s.cx, out, &credential)?;
    auth::ask_signature(&mut s.cx, out, scheme, true)?;
    Ok(tls13::State::WaitSignature)
}

/// The key exchange, ServerHello and the handshake keys.
fn server_hello(
    s: &mut ServerCx,
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    suite: &'static Tls13Suite,
    out: &mut Out,
) -> Result<(), Error> {
    let GroupChoice::Share(group, share) = negotiate::group(config, hello)? else {
        return Err(Violation::RetryNotHeeded.into());
    };
    let mut key_exchange = vec![0; group.server_share_len()];
    let shared = group.respond(&mut s.cx.random, share, &mut key_exchange)?;
    s.cx.group = Some(group.name());
    let random = s.cx.random.array();
    let message = ServerHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &random,
        session_id: hello.session_id,
        cipher_suite: suite.name,
        compression_method: 0,
        extensions: ServerHelloExtensions {
            supported_version: Some(ProtocolVersion::TLS13),
            key_share: Some(KeyShareEntry {
                group: group.name(),
                key_exchange: &key_exchange,
            }),
            ..ServerHelloExtensions::default()
        },
    };
    out.push(Action::SetRead(Epoch::Handshake))?;
    s.cx.send(out, HandshakeType::SERVER_HELLO, |w| message.write(w))?;
    // RFC 9846 D.4: a server answers a non-empty session ID with change_cipher_spec after its
    // first handshake message.
    if !hello.session_id.is_empty() && !s.cx.retried {
        out.push(Action::ChangeCipherSpec)?;
    }
    let handshake = Early::new(suite.hash, None).into_handshake(Some(&shared))?;
    let transcript = s.cx.transcript()?.current();
    s.cx.traffic.client_handshake = Some(handshake.client_traffic_secret(&transcript)?);
    s.cx.traffic.server_handshake = Some(handshake.server_traffic_secret(&transcript)?);
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
    let message = EncryptedExtensions {
        server_name: hello.extensions.server_name.is_some(),
        alpn: alpn.as_deref(),
        record_size_limit: hello.extensions.record_size_limit.map(|_| limit),
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
