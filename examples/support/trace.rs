//! Handshake messages in words: what a [`Trace`] prints, and the `handshake` example.

use super::args::wrap;
use std::fmt::Display;
use symbolon::codepoint::{HandshakeType, is_grease};
use symbolon::config::{Direction, Observation, Observer, Parsed};
use symbolon::pki;
use symbolon::record::Epoch;
use symbolon::wire::hello::{ClientHello, HELLO_RETRY_REQUEST_RANDOM, ServerHello};
use symbolon::wire::{CertificateRequest, EncryptedExtensions, NewSessionTicket};

/// What something is called, and its value.
pub type Field = (&'static str, String);

/// The name of a message: a HelloRetryRequest is a ServerHello with a certain random.
pub fn name(kind: HandshakeType, parsed: Option<&Parsed<'_>>) -> String {
    match parsed {
        Some(Parsed::ServerHello(hello)) if is_retry(hello) => "HelloRetryRequest".to_owned(),
        _ => kind.to_string(),
    }
}

/// Whether a ServerHello is a HelloRetryRequest.
pub fn is_retry(hello: &ServerHello<'_>) -> bool {
    *hello.random == HELLO_RETRY_REQUEST_RANDOM
}

/// Under which keys something goes.
pub fn protection(epoch: Epoch) -> &'static str {
    match epoch {
        Epoch::Plaintext => "in clear",
        Epoch::EarlyData => "encrypted: early data keys",
        Epoch::Handshake => "encrypted: handshake keys",
        Epoch::Application => "encrypted: application keys",
    }
}

/// What a message carries that matters.
pub fn fields(parsed: &Parsed<'_>) -> Vec<Field> {
    match parsed {
        Parsed::ClientHello(hello) => client_hello(hello),
        Parsed::ServerHello(hello) => server_hello(hello),
        Parsed::EncryptedExtensions(extensions) => encrypted_extensions(extensions),
        Parsed::CertificateRequest(request) => certificate_request(request),
        Parsed::Certificate(certificate) => {
            let entries = certificate.entries.iter();
            certificates(entries.map(|entry| (entry.certificate, entry.ocsp)))
        }
        Parsed::Tls12Certificate(certificate) => {
            certificates(certificate.entries.iter().map(|entry| (entry.0, None)))
        }
        Parsed::CertificateStatus(status) => vec![("OCSP response", bytes(status.response.len()))],
        Parsed::ServerKeyExchange(exchange) => vec![
            (
                "key share",
                format!("{} ({})", exchange.group, bytes(exchange.public.len())),
            ),
            ("scheme", exchange.scheme.to_string()),
            ("signature", bytes(exchange.signature.len())),
        ],
        Parsed::Tls12CertificateRequest(request) => vec![
            ("types", certificate_types(request.certificate_types)),
            ("signatures", list(request.signature_algorithms, |s| s.0)),
            (
                "authorities",
                format!("{} named", request.certificate_authorities.len()),
            ),
        ],
        Parsed::ClientKeyExchange(exchange) => {
            vec![("key share", bytes(exchange.public.len()))]
        }
        Parsed::CertificateVerify(verify) => vec![
            ("scheme", verify.scheme.to_string()),
            ("signature", bytes(verify.signature.len())),
        ],
        Parsed::Finished(finished) => vec![("verify_data", bytes(finished.verify_data.len()))],
        Parsed::NewSessionTicket(ticket) => session_ticket(ticket),
        Parsed::KeyUpdate(update) => vec![("request", update.request.to_string())],
        _ => Vec::new(),
    }
}

fn client_hello(hello: &ClientHello<'_>) -> Vec<Field> {
    let e = &hello.extensions;
    let mut fields = Vec::new();
    if let Some(versions) = e.supported_versions {
        fields.push(("versions", list(versions, |v| v.0)));
    }
    fields.push(("suites", list(hello.cipher_suites, |s| s.0)));
    if let Some(groups) = e.supported_groups {
        fields.push(("groups", list(groups, |g| g.0)));
    }
    if let Some(shares) = e.key_shares {
        let shares: Vec<String> = shares
            .iter()
            .map(|share| match is_grease(share.group.0) {
                true => format!("GREASE ({})", bytes(share.key_exchange.len())),
                false => format!("{} ({})", share.group, bytes(share.key_exchange.len())),
            })
            .collect();
        fields.push(("key shares", or_none(&shares)));
    }
    if let Some(schemes) = e.signature_algorithms {
        fields.push(("signatures", list(schemes, |s| s.0)));
    }
    if let Some(name) = e.server_name {
        fields.push(("server name", text(name)));
    }
    if let Some(protocols) = e.alpn {
        let names: Vec<String> = protocols.iter().map(|name| text(name.0)).collect();
        fields.push(("ALPN", or_none(&names)));
    }
    if let Some(cookie) = e.cookie {
        fields.push(("cookie", bytes(cookie.len())));
    }
    if let Some(limit) = e.record_size_limit {
        fields.push(("record limit", bytes(limit.into())));
    }
    if e.status_request {
        fields.push(("status", "asks for an OCSP response".to_owned()));
    }
    fields
}

fn server_hello(hello: &ServerHello<'_>) -> Vec<Field> {
    let e = &hello.extensions;
    let mut fields = Vec::new();
    let version = e.supported_version.unwrap_or(hello.legacy_version);
    fields.push(("version", version.to_string()));
    fields.push(("suite", hello.cipher_suite.to_string()));
    if let Some(share) = e.key_share {
        let share = format!("{} ({})", share.group, bytes(share.key_exchange.len()));
        fields.push(("key share", share));
    }
    if let Some(name) = e.alpn {
        fields.push(("ALPN", text(name)));
    }
    if e.extended_master_secret {
        let bound = "bound to the whole handshake (RFC 7627)";
        fields.push(("master secret", bound.to_owned()));
    }
    if let Some(group) = e.retry_group {
        fields.push(("wants a share", format!("of {group}")));
    }
    if let Some(cookie) = e.cookie {
        fields.push(("cookie", bytes(cookie.len())));
    }
    fields
}

fn encrypted_extensions(e: &EncryptedExtensions<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    if let Some(name) = e.alpn {
        fields.push(("ALPN", text(name)));
    }
    if e.server_name {
        fields.push(("server name", "taken into account".to_owned()));
    }
    if let Some(groups) = e.supported_groups {
        fields.push(("groups", list(groups, |g| g.0)));
    }
    if let Some(limit) = e.record_size_limit {
        fields.push(("record limit", bytes(limit.into())));
    }
    fields
}

fn certificate_request(request: &CertificateRequest<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    if let Some(schemes) = request.signature_algorithms {
        fields.push(("signatures", list(schemes, |s| s.0)));
    }
    if let Some(names) = request.certificate_authorities {
        fields.push(("authorities", format!("{} named", names.len())));
    }
    fields
}

/// ClientCertificateType (RFC 5246 7.4.4, RFC 8422 5.5).
fn certificate_types(types: &[u8]) -> String {
    let names: Vec<String> = types
        .iter()
        .map(|kind| match kind {
            1 => "rsa_sign".to_owned(),
            64 => "ecdsa_sign".to_owned(),
            other => other.to_string(),
        })
        .collect();
    or_none(&names)
}

fn certificates<'a>(entries: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Vec<Field> {
    let entries: Vec<_> = entries.collect();
    let mut fields = vec![("certificates", entries.len().to_string())];
    for (i, (der, ocsp)) in entries.into_iter().enumerate() {
        let subject = match pki::Certificate::parse(der) {
            Ok(certificate) => format!(
                "{}, issued by {} ({})",
                certificate.subject(),
                certificate.issuer(),
                bytes(der.len())
            ),
            Err(e) => format!("not a certificate: {e}"),
        };
        fields.push((if i == 0 { "subject" } else { "issuer" }, subject));
        if let Some(ocsp) = ocsp {
            fields.push(("OCSP response", bytes(ocsp.len())));
        }
    }
    fields
}

fn session_ticket(ticket: &NewSessionTicket<'_>) -> Vec<Field> {
    let early = match ticket.max_early_data {
        Some(most) => bytes(most.try_into().unwrap_or(usize::MAX)),
        None => "none".to_owned(),
    };
    vec![
        ("lifetime", format!("{} seconds", ticket.lifetime)),
        ("ticket", bytes(ticket.ticket.len())),
        ("early data", early),
    ]
}

/// Code points with commas in between; reserved ones are GREASE.
fn list<T: Display + Copy>(items: impl IntoIterator<Item = T>, code: impl Fn(T) -> u16) -> String {
    let names: Vec<String> = items
        .into_iter()
        .map(|item| match is_grease(code(item)) {
            true => "GREASE".to_owned(),
            false => item.to_string(),
        })
        .collect();
    or_none(&names)
}

fn or_none(names: &[String]) -> String {
    match names {
        [] => "none".to_owned(),
        names => names.join(", "),
    }
}

/// Bytes of a peer as text that is safe to print.
pub fn text(bytes: &[u8]) -> String {
    symbolon::error::Text::new(bytes).to_string()
}

/// `1 byte`, `1_216 bytes`.
pub fn bytes(n: usize) -> String {
    match n {
        1 => "1 byte".to_owned(),
        n => format!("{} bytes", thousands(n)),
    }
}

/// A number with a space before every three digits.
pub fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(' ');
        }
        out.push(digit);
    }
    out
}

/// Fields as aligned, wrapped lines, each indented by `indent`.
pub fn layout(fields: &[Field], indent: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in fields {
        let mut name = *name;
        for line in wrap(value, 96 - indent - 15) {
            lines.push(format!("{:indent$}{name:<13}  {line}", ""));
            name = "";
        }
    }
    lines
}

/// Prints what happens on one end's connections to stderr.
#[derive(Debug)]
pub struct Trace;

impl Observer for Trace {
    fn observe(&self, observation: &Observation<'_>) {
        let mut lines = Vec::new();
        match observation {
            Observation::Message {
                direction,
                epoch,
                kind,
                bytes: raw,
                parsed,
            } => {
                let (name, size) = (name(*kind, parsed.as_ref()), bytes(raw.len()));
                let (arrow, how) = (arrow(*direction), protection(*epoch));
                lines.push(format!("{arrow} {name}, {size}, {how}"));
                if let Some(parsed) = parsed {
                    lines.extend(layout(&fields(parsed), 4));
                }
            }
            Observation::ChangeCipherSpec { direction } => {
                lines.push(format!("{} change_cipher_spec", arrow(*direction)));
            }
            Observation::KeyChange { direction, epoch } => {
                let whose = match direction {
                    Direction::Sent => "we write",
                    Direction::Received => "we read",
                };
                let keys = match epoch {
                    Epoch::Plaintext => "no",
                    Epoch::EarlyData => "early data",
                    Epoch::Handshake => "handshake",
                    Epoch::Application => "application",
                };
                lines.push(format!("-- from here on {whose} with {keys} keys"));
            }
            Observation::Alert {
                direction,
                epoch,
                description,
            } => {
                let (arrow, how) = (arrow(*direction), protection(*epoch));
                lines.push(format!("{arrow} alert {description}, {how}"));
            }
            _ => {}
        }
        if !lines.is_empty() {
            super::note(&lines.join("\n"));
        }
    }
}

fn arrow(direction: Direction) -> &'static str {
    match direction {
        Direction::Sent => "->",
        Direction::Received => "<-",
    }
}
