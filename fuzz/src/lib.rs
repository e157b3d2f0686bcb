//! What each fuzz target does with its bytes. The targets themselves only call these, so that a
//! corpus can also be replayed without a fuzzer.

mod aead;
mod connection;
mod differential;
mod edit;
mod keys;
mod messages;
mod pki;
mod records;
mod rustls_peer;
mod tickets;
mod transparent;

pub use connection::{Options, answer, client_connection, server_connection, session, with_retry};
pub use differential::differences;
pub use keys::pem;
pub use messages::PARSERS;
pub use pki::seeds;

/// What a target does with an input.
pub enum Target {
    /// Nothing but to look for faults.
    Any(fn(&[u8])),
    /// Says whether the input got as far as a seed does.
    Through(fn(&[u8]) -> bool),
}

use Target::{Any, Through};

/// The targets.
pub const TARGETS: &[(&str, Target)] = &[
    ("handshake_messages", Any(messages::handshake_messages)),
    ("extension", Any(messages::extension)),
    ("deframer", Any(records::deframer)),
    ("joiner", Any(records::joiner)),
    ("client", Through(connection::client)),
    ("server", Through(connection::server)),
    ("ticket", Through(tickets::ticket)),
    ("stored_session", Through(tickets::stored_session)),
    ("saved_session", Through(tickets::saved_session)),
    ("client_hello_rustls", Any(differential::client_hello)),
    ("server_hello_rustls", Any(differential::server_hello)),
    ("certificate", Any(certificate)),
    ("names", Any(pki::names)),
    ("chain", Any(pki::chain)),
    ("crl", Through(pki::crl)),
    ("ocsp", Through(pki::ocsp)),
    ("timestamps", Any(pki::timestamps)),
    ("pem", Any(keys::pem_files)),
    ("private_key", Any(keys::private_key)),
    ("aead", Any(aead::aead)),
];

/// Gives an input to the target that the environment names in `FUZZ_TARGET`; with `FUZZ_SEEDS` it must get
/// as far as a seed does.
pub fn run(bytes: &[u8]) {
    static CHOSEN: LazyLock<(&Target, bool)> = LazyLock::new(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let found = TARGETS.iter().find(|(target, _)| *target == name);
        let (_, target) = found.unwrap_or_else(|| panic!("FUZZ_TARGET is one of\n{}", names()));
        (target, std::env::var_os("FUZZ_SEEDS").is_some())
    });
    let (target, seeds) = &*CHOSEN;
    match target {
        Any(run) => run(bytes),
        Through(run) => {
            let through = run(bytes);
            assert!(
                through || !seeds || bytes.is_empty(),
                "a seed that is stale: make them again"
            );
        }
    }
}

/// The names of the targets, one on a line.
pub fn names() -> String {
    TARGETS
        .iter()
        .map(|(name, _)| format!("{name}\n"))
        .collect()
}

use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use symbolon::pki::{Certificate, PathVerifier, PeerChain, Role, RootStore, VerifyRequest};
use symbolon::provider::default_provider;

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
