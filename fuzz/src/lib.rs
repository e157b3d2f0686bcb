//! What each fuzz target does with its bytes. The targets themselves only call these, so that a
//! corpus can also be replayed without a fuzzer.

mod aead;
mod connection;
mod messages;
mod pki;
mod transparent;

pub use aead::aead;
pub use connection::{Options, answer, client, client_connection, server, server_connection};
pub use messages::{PARSERS, handshake_messages};
pub use pki::{chain, crl, is_read, names, ocsp, seeds};

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use symbolon::codepoint::HandshakeType;
use symbolon::config::{Credential, Session};
use symbolon::pki::{Certificate, PathVerifier, PeerChain, Role, RootStore, VerifyRequest};
use symbolon::provider::default_provider;
use symbolon::record::{Deframed, Joined, Joiner, deframe};

/// The certificates of the freestanding program serve here too.
pub const ROOT: &[u8] = include_bytes!("../../tests/freestanding/certs/root.der");
pub const LEAF: &[u8] = include_bytes!("../../tests/freestanding/certs/leaf.der");
pub const LEAF_KEY: &[u8] = include_bytes!("../../tests/freestanding/certs/leaf.key.der");

/// 2027-01-01T00:00:00Z.
pub const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_798_761_600));

/// The name that the leaf has.
pub fn name() -> ServerName<'static> {
    ServerName::try_from("server.example").unwrap()
}

/// A store with the root.
pub fn roots() -> Arc<RootStore> {
    let mut roots = RootStore::new();
    roots.add(&CertificateDer::from(ROOT)).unwrap();
    Arc::new(roots)
}

/// Records are found in the bytes, which the first byte says how to judge; what handshake records
/// bring is joined. Joined or not, the messages must be the same bytes in the same order.
pub fn deframer(bytes: &[u8]) {
    let Some((options, mut input)) = bytes.split_first() else {
        return;
    };
    let protected = options & 1 != 0;
    let mut first = options & 2 != 0;
    let (mut joiner, mut storage) = (Joiner::default(), Vec::new());
    let (mut pushed, mut joined) = (Vec::new(), Vec::new());
    while let Ok(found) = deframe(input, first, protected) {
        let frame = match found {
            Deframed::Need(need) => {
                assert!(need > input.len() && need <= 5 + 16_384 + 256);
                break;
            }
            Deframed::Frame(frame) => frame,
        };
        first = false;
        // The same record must be found however much follows, and not in less.
        let (record, rest) = input.split_at(frame.len());
        assert_eq!(deframe(record, false, protected), Ok(found));
        let less = deframe(&record[..record.len() - 1], false, protected);
        assert!(matches!(less, Ok(Deframed::Need(_))));
        input = rest;

        let body = &record[5..];
        pushed.extend_from_slice(body);
        joiner.push(&mut storage, body);
        loop {
            match joiner.next(&storage) {
                Joined::Message(kind, range) => {
                    let message = &storage[range.clone()];
                    assert_eq!(HandshakeType(message[0]), kind);
                    assert_eq!(
                        Joiner::first(message),
                        Joined::Message(kind, 0..message.len())
                    );
                    joined.extend_from_slice(message);
                    joiner.consume(&mut storage, range.end);
                }
                Joined::Part(_) => break,
                Joined::Empty => {
                    assert_eq!(storage.capacity(), 0);
                    break;
                }
            }
        }
        assert!(pushed.starts_with(&joined));
    }
}

/// A certificate is parsed, shown, asked for names, and then judged as a server's and a client's
/// own with another after it, and as what comes after a good one.
pub fn certificate(bytes: &[u8]) {
    static VERIFIER: LazyLock<PathVerifier> = LazyLock::new(|| PathVerifier::new(roots()));
    let parsed = Certificate::parse(bytes);
    if let Ok(certificate) = &parsed {
        let _ = format!(
            "{certificate:?} {} {}",
            certificate.issuer_text(),
            certificate.subject_text()
        );
        let (names, more) = certificate.presented_names();
        assert!(names.len() <= 5 && (more == 0 || names.len() == 5));
        for name in ["server.example", "a.b.example", "192.0.2.1", "2001:db8::1"] {
            let _ = certificate.matches_name(&ServerName::try_from(name).unwrap());
        }
        let _ = certificate.signature_hash();
        for algorithm in default_provider().verify.all {
            let _ = certificate.verify_signature(*algorithm, b"message", b"signature");
        }
    }
    let mut store = RootStore::new();
    let added = store.add(&CertificateDer::from(bytes)).is_ok();
    assert!(!added || parsed.is_ok());

    // A good signature costs most of the time: no more chains than differ.
    for (chain, roles) in [
        (&[bytes, LEAF][..], &[Role::Server, Role::Client][..]),
        (&[LEAF, bytes], &[Role::Server]),
    ] {
        for role in roles.iter().copied() {
            let chain = PeerChain::new(chain.iter().map(|c| (*c, None)));
            let request = VerifyRequest {
                chain,
                role,
                name: (role == Role::Server).then(name),
                now: NOW,
            };
            let accepted = VERIFIER.verify_now(&request, &default_provider().verify);
            match accepted {
                // Without the root's key nobody makes another that is accepted.
                Ok(verified) => {
                    let own = request.chain.end_entity();
                    assert!(own == Some(LEAF) || own == Some(ROOT), "{verified:?}");
                }
                Err(error) => drop(error.to_string()),
            }
        }
    }
}

/// PEM as somebody's file has it: a chain, and a key after it or alone. A credential that is made
/// is one that signs.
pub fn pem_key(bytes: &[u8]) {
    static CHAIN: LazyLock<String> = LazyLock::new(|| pem("CERTIFICATE", LEAF));
    for chain in [bytes, CHAIN.as_bytes()] {
        match Credential::from_pem(chain, bytes, &default_provider()) {
            Ok(credential) => {
                assert!(!credential.chain().is_empty());
                assert!(!credential.key().schemes().is_empty());
                let _ = format!("{credential:?}");
            }
            Err(error) => drop(error.to_string()),
        }
    }
}

/// A session as somebody's file has it: what is read is written so that it reads as the same.
pub fn saved_session(bytes: &[u8]) {
    match Session::from_bytes(bytes) {
        Ok(session) => {
            let _ = format!("{session:?} {:?}", session.is_fresh(NOW));
            let written = session.to_bytes();
            let again = Session::from_bytes(written.expose()).expect("it was written here");
            assert!(again.to_bytes() == written);
        }
        Err(error) => drop(error.to_string()),
    }
}

/// DER in PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let bits = group.iter().fold(0, |bits, b| bits << 8 | u32::from(*b));
            let bits = bits << (8 * (3 - group.len()));
            for i in 0..4 {
                text.push(match i <= group.len() {
                    true => char::from(ALPHABET[(bits >> (18 - 6 * i) & 63) as usize]),
                    false => '=',
                });
            }
        }
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}
