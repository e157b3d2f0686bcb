//! Replays connections of TLS 1.2 that OpenSSL's two ends had, each side of them through our own.
//!
//! A side draws the recorded random and private key and signs with the recorded signature, which
//! is verified first. ClientHello, ServerHello and CertificateRequest, where OpenSSL has other
//! options, take the place of our own. Every message that a side sends must be the recorded one; so
//! must every protected record, but for the explicit nonces of GCM: OpenSSL's begin anywhere.

use super::vectors::Vectors;
use super::{Only, Script, Side, Watch, bodies, now, private_keys};
use crate::codepoint::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::config::{ClientAuth, ClientConfig, Credential, Key, ServerConfig};
use crate::conn::event::Eof;
use crate::crypto::{Random, SigningKey};
use crate::error::CryptoError;
use crate::handshake::Machine;
use crate::handshake::client::ClientMachine;
use crate::handshake::server::ServerMachine;
use crate::pki::{Certificate, Role};
use crate::provider::RUSTCRYPTO;
use crate::record::{MAX_PLAINTEXT, Opener};
use crate::wire::handshake::CertificateVerify;
use crate::wire::hello::{ClientHello, ServerHello};
use crate::wire::tls12::{Certificate as CertificateMessage, ServerKeyExchange};
use rustls_pki_types::{CertificateDer, ServerName};
use std::string::ToString;
use std::sync::Arc;
use std::{format, vec, vec::Vec};

const FILES: [&str; 3] = [
    "tls12-openssl-ecdsa.txt",
    "tls12-openssl-client-auth.txt",
    "tls12-openssl-chacha.txt",
];

/// Signs with the recorded signature, if it is one of what is to be signed.
#[derive(Debug)]
struct Recorded {
    certificate: Vec<u8>,
    public_key_info: Vec<u8>,
    scheme: [SignatureScheme; 1],
    signature: Vec<u8>,
}

impl SigningKey for Recorded {
    fn schemes(&self) -> &[SignatureScheme] {
        &self.scheme
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        _: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        assert_eq!(scheme, self.scheme[0]);
        let table = RUSTCRYPTO.verify.schemes;
        let (_, algorithms) = table.iter().find(|(name, _)| *name == scheme).unwrap();
        let leaf = Certificate::parse(&self.certificate).unwrap();
        let mut verified = algorithms
            .iter()
            .map(|algorithm| leaf.verify_signature(*algorithm, message, &self.signature));
        assert!(verified.any(|result| result.is_ok()), "of something else");
        out[..self.signature.len()].copy_from_slice(&self.signature);
        Ok(self.signature.len())
    }

    fn public_key_info(&self) -> &[u8] {
        &self.public_key_info
    }
}

fn certificate(trace: &Vectors, side: &str) -> Option<Vec<u8>> {
    let [body] = bodies(trace, &format!("{side} message Certificate"))[..] else {
        return None;
    };
    let entries = CertificateMessage::parse(body).unwrap().entries;
    assert_eq!(entries.len(), 1);
    entries.iter().next().map(|entry| entry.0.to_vec())
}

fn credential(trace: &Vectors, side: &str) -> Option<Credential> {
    let certificate = certificate(trace, side)?;
    let leaf = Certificate::parse(&certificate).unwrap();
    let (scheme, signature) = if side == "server" {
        let body = bodies(trace, "server message ServerKeyExchange")[0];
        let exchange = ServerKeyExchange::parse(body).unwrap();
        (exchange.scheme, exchange.signature)
    } else {
        let body = bodies(trace, "client message CertificateVerify")[0];
        let verify = CertificateVerify::parse(body).unwrap();
        (verify.scheme, verify.signature)
    };
    let key = Recorded {
        certificate: certificate.clone(),
        public_key_info: leaf.subject_public_key_info().to_vec(),
        scheme: [scheme],
        signature: signature.to_vec(),
    };
    let chain = vec![CertificateDer::from(certificate)];
    Some(Credential::with_key(chain, Key::Local(Arc::new(key))).unwrap())
}

fn suite(trace: &Vectors) -> CipherSuite {
    let body = bodies(trace, "server message ServerHello")[0];
    ServerHello::parse(body).unwrap().cipher_suite
}

fn group(trace: &Vectors) -> NamedGroup {
    let body = bodies(trace, "server message ServerKeyExchange")[0];
    ServerKeyExchange::parse(body).unwrap().group
}

fn whole(trace: &Vectors, names: &[&str]) -> Vec<Vec<u8>> {
    let sections = names.iter().flat_map(|name| trace.named(name));
    sections.map(|s| s.get("message").to_vec()).collect()
}

const TLS12: [ProtocolVersion; 1] = [ProtocolVersion::TLS12];

fn client(trace: &Vectors) -> Side<ClientMachine> {
    let body = bodies(trace, "client message ClientHello")[0];
    let mut draws = vec![ClientHello::parse(body).unwrap().random.to_vec()];
    draws.extend(private_keys(trace, "client"));
    let script = Script {
        draws,
        messages: whole(trace, &["client message ClientHello"]),
        ..Script::default()
    };
    let watch = Arc::new(Watch::default());
    let verifier = Only(certificate(trace, "server").unwrap(), Role::Server);
    let mut config = ClientConfig::builder()
        .provider(RUSTCRYPTO)
        .versions(&TLS12)
        .cipher_suites(&[suite(trace)])
        .groups(&[group(trace)])
        .verifier(Arc::new(verifier))
        .key_log(watch.clone())
        .observer(watch.clone());
    if let Some(credential) = credential(trace, "client") {
        config = config.credential(credential);
    }
    let name = ServerName::try_from("server.example").unwrap();
    let machine = ClientMachine::new(config.build().unwrap(), name, None, [0; 32], now());
    Side::new(machine, script, watch)
}

fn server(trace: &Vectors) -> Side<ServerMachine> {
    let body = bodies(trace, "server message ServerHello")[0];
    let mut draws = vec![ServerHello::parse(body).unwrap().random.to_vec()];
    draws.extend(private_keys(trace, "server"));
    let names = [
        "server message ServerHello",
        "server message CertificateRequest",
    ];
    let script = Script {
        draws,
        messages: whole(trace, &names),
        ..Script::default()
    };
    let watch = Arc::new(Watch::default());
    let mut config = ServerConfig::builder()
        .provider(RUSTCRYPTO)
        .versions(&TLS12)
        .cipher_suites(&[suite(trace)])
        .groups(&[group(trace)])
        .credential(credential(trace, "server").unwrap())
        .key_log(watch.clone())
        .observer(watch.clone());
    if let Some(certificate) = certificate(trace, "client") {
        let verifier = Only(certificate, Role::Client);
        config = config.client_auth(ClientAuth::Required(Arc::new(verifier)));
    }
    let config = config.build().unwrap();
    let limits = config.common.limits;
    let machine = ServerMachine::new(Some(config), limits, [0; 32], now());
    Side::new(machine, script, watch)
}

fn split(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let len = 5 + usize::from(u16::from_be_bytes([bytes[3], bytes[4]]));
        let (record, rest) = bytes.split_at(len);
        records.push(record);
        bytes = rest;
    }
    records
}

/// The records of a side from its change_cipher_spec on.
fn protected<'a>(records: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let mut records = records.iter().skip_while(|record| record[0] != 20);
    assert_eq!(records.next(), Some(&&[20, 3, 3, 0, 1, 1][..]));
    records.copied().collect()
}

/// Goes through the connection as this side, fed with what the other one sent.
fn replay<M: Machine>(trace: &Vectors, mut side: Side<M>) {
    let (own, peer) = match M::CLIENT {
        true => ("client", "server"),
        false => ("server", "client"),
    };
    let theirs = format!("{peer} record ");
    for section in &trace.sections {
        if section.name.starts_with(&theirs) {
            side.receive(&mut section.get("record").to_vec());
            if section.name.ends_with("application_data") {
                assert_eq!(side.data, section.get("payload"));
            }
        } else if section.name == format!("{own} record application_data") {
            let payload = [section.get("payload")];
            let sent = side.engine.send_vectored(&payload, &mut side.output);
            assert_eq!(sent.unwrap().taken, payload[0].len());
        } else if M::CLIENT && section.name == "client record alert" {
            // A server answers by itself.
            side.engine.close();
            assert_eq!(side.engine.flush(&mut side.output), 0);
        }
    }
    assert_eq!(side.closed, Some(Eof::Clean));
    let summary = side.summary.as_ref().unwrap();
    assert_eq!(summary.version, ProtocolVersion::TLS12);
    assert_eq!(summary.cipher_suite, suite(trace));
    assert_eq!(summary.group, Some(group(trace)));
    assert_eq!(
        side.secret("CLIENT_RANDOM"),
        trace.value("client master", "master")
    );

    let messages = |side: &str| {
        let start = format!("{side} message ");
        let sections = trace.sections.iter();
        let messages = sections.filter(|s| s.name.starts_with(&start));
        messages
            .map(|s| s.get("message").to_vec())
            .collect::<Vec<_>>()
    };
    assert_eq!(*side.watch.sent.lock().unwrap(), messages(own));
    assert_eq!(*side.watch.received.lock().unwrap(), messages(peer));

    let sections = trace.sections.iter();
    let recorded: Vec<_> = sections
        .filter(|s| s.name.starts_with(&format!("{own} record ")))
        .map(|s| (s.get("record"), s.get("payload")))
        .collect();
    let theirs: Vec<_> = recorded.iter().map(|(record, _)| *record).collect();
    let (ours, theirs) = (split(&side.output), protected(&theirs));
    let ours = protected(&ours);
    let payloads = &recorded[recorded.len() - theirs.len()..];
    let suite = RUSTCRYPTO.tls12_suites.iter();
    let suite = suite
        .copied()
        .find(|s| s.name == summary.cipher_suite)
        .unwrap();
    let key = |name: &str| trace.value("client key-block", &format!("{own}_{name}"));
    let mut opener = Opener::tls12(suite, (key("key"), key("iv"))).unwrap();
    assert_eq!(ours.len(), theirs.len());
    for ((ours, theirs), (_, payload)) in ours.iter().zip(theirs).zip(payloads) {
        if !suite.explicit_nonce {
            assert_eq!(*ours, theirs);
        }
        assert_eq!(ours[..5], theirs[..5]);
        let mut body = ours[5..].to_vec();
        let header = ours[..5].try_into().unwrap();
        let inside = opener.open(header, &mut body, MAX_PLAINTEXT).unwrap();
        assert_eq!(body[inside.start..inside.start + inside.len], **payload);
    }
}

#[test]
fn as_the_client() {
    for file in FILES {
        let trace = Vectors::load(file);
        replay(&trace, client(&trace));
    }
}

#[test]
fn as_the_server() {
    for file in FILES {
        let trace = Vectors::load(file);
        replay(&trace, server(&trace));
    }
}

#[test]
fn a_changed_bit_is_noticed_wherever_it_is() {
    for file in FILES {
        let trace = Vectors::load(file);
        for (i, section) in trace.sections.iter().enumerate() {
            for (j, (key, _)) in section.values.iter().enumerate() {
                let kind = section.name.split(' ').nth(1).unwrap().to_string();
                if !matches!(key.as_str(), "private" | "message" | "payload" | "master")
                    || (kind == "record" && !section.name.ends_with("_data"))
                {
                    continue;
                }
                let mut changed = trace.clone();
                let value = &mut changed.sections[i].values[j].1;
                // The low bits of an X25519 key's first byte, and the top of its last, are fixed.
                let at = value.len() / 2;
                value[at] ^= 1;
                let both = [
                    std::panic::catch_unwind(|| replay(&changed, client(&changed))),
                    std::panic::catch_unwind(|| replay(&changed, server(&changed))),
                ];
                let noticed = both.iter().any(Result::is_err);
                assert!(noticed, "{file} [{}] {key}", section.name);
            }
        }
    }
}
