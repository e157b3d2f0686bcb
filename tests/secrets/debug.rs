//! `Debug` of every public type that holds secrets: no byte of one, in hexadecimal, as a list of
//! numbers, or as text.

use crate::common::pair::now;
use crate::common::rogue::World;
use crate::spy::{Code, Needles, noting};
use crate::wiped::{End, KEY, TICKETS, boxed, cases, configs};
use std::collections::BTreeSet;
use std::fmt::{Debug, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use symbolon::codepoint::ProtocolVersion as P;
use symbolon::config::*;
use symbolon::crypto::{HashSecret, Random, SharedSecret};
use symbolon::handshake::Answer;
use symbolon::keys::tls12::{KeyBlock, MasterSecret, Prf, Randoms};
use symbolon::keys::tls13::Early;
use symbolon::pki::Decision;
use symbolon::provider::RUSTCRYPTO;
use symbolon::record::{Opener, Sealer};
use symbolon::secret::{Secret, SecretBytes};

/// Public types through which no secret goes: registries, what is read of messages and certificates,
/// errors, limits and policies, what is asked of people and told to them. A type that is new belongs
/// here, or has to be shown below.
const WITHOUT: &str = "Alert Asn1Cert Authentication Budget Certificate CertificateError \
    CertificateFault CertificateRequest CertificateRequestInfo CertificateStatus CertificateVerify \
    ClientAuth ClientHello ClientHelloInfo ClientKeyExchange Crl CrlFault CrlStore CryptoError \
    CryptoProvider CtLog DangerousAcceptAnyCertificate Data Decision DecodeError DecodeFault Deframed \
    Direction DistinguishedName EarlyData EarlyDataOutcome EarlyDataPolicy EarlyDataRefusal \
    EncodeError EndOfEarlyData Eof Epoch Error ErrorKind Extension ExtensionSet Finished \
    FirstUseVerifier FixedSink Frame Freshness GreaseExtensions HandshakeHeader HashOutput \
    InitialPolicies Joined Joiner KeyLogFile KeyShareEntry KeyUpdate Limit Limits List ListIter \
    MessageKind Mismatch Misuse Moment NewSessionTicket Observation OcspFault OcspResponse \
    OfferedPsks Padding Parameter Parsed PathVerifier PeerChain PeerEntry Pin PinVerifier Place \
    Plaintext PlatformRoots Profile PskClientKeyExchange PskHash PskIdentity PskKind PskQuery \
    PskServerKeyExchange Randoms Reader RecordHeader ReplayQuery RetryPolicy Revocation \
    RevocationDepth RevocationFault RevocationReason RevokedCertificate Role Root RootStore Scope Sent \
    ServerHello ServerKeyExchange SessionFormatError SessionQuery SignRequest SignatureFault \
    SignatureHash SignatureInput SingleStatus SkippedRoot StatusSource Stranger SuiteAuth Summary \
    Swap Text TicketPolicy TimestampPolicy Tls12Suite Tls13Suite Transcript TriedPath Trust \
    UnknownStatus VerifiedChain VerifyAlgorithms VerifyRequest Violation Writer";

/// Those that are shown below, or are wholly made of what is: an event or a request shows its fields.
const SHOWN: &str = "Answer ClientConfig ClientConfigBuilder ClientConnection ClientCredentials \
    Credential Early Event Exporter ExternalPsk ForSender HalfEvent HalfReceived Handshake Key KeyBlock \
    Main MemoryClientSessions MemorySessions NewSession Opener Prf PskImporter PskTable Random Received \
    Receiver ReplayFilter ReplayMap Request RotatingTicketer Sealer Secret SecretBytes Sender \
    ServerConfig ServerConfigBuilder ServerConnection ServerCredentials ServerSessions Session \
    StatefulSessions StatelessSessions StoreSession Stream";

/// Names after `pub struct` and `pub enum` in the sources, without tests.
fn public_types(dir: &Path, into: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with("tests") || name.starts_with("replay") && dir.ends_with("engine") {
            continue;
        }
        if path.is_dir() {
            public_types(&path, into);
            continue;
        }
        for line in std::fs::read_to_string(&path).unwrap().lines() {
            let line = line.trim_start();
            let line = line
                .strip_prefix("pub struct ")
                .or(line.strip_prefix("pub enum "));
            if let Some(line) = line {
                let end = line.find(|c: char| !c.is_alphanumeric());
                let name = &line[..end.unwrap_or(line.len())];
                // Macros make code points, and what is read of messages.
                if !name.is_empty() {
                    into.insert(name.to_owned());
                }
            }
        }
    }
}

#[test]
fn every_public_type_is_known_here() {
    let mut types = BTreeSet::new();
    public_types(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut types,
    );
    assert!(types.len() > 100);
    let listed: BTreeSet<_> = [WITHOUT, SHOWN]
        .iter()
        .flat_map(|list| list.split_ascii_whitespace())
        .map(str::to_owned)
        .collect();
    let unlisted: Vec<_> = types.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&types).collect();
    assert_eq!(
        (unlisted, gone),
        (vec![], vec![]),
        "not listed, and not there any more"
    );
}

/// Text that shows secrets, if there is any: which, and where.
fn shown<'a>(text: &str, needles: &'a Needles) -> Option<&'a str> {
    let lower = text.to_lowercase();
    // However a list is set: `{:#?}` has each number on a line.
    let list: String = text.split_whitespace().collect();
    needles.iter().find_map(|(needle, name)| {
        // Eight bytes are no chance.
        let needle = &needle[..8];
        let (mut hex, mut numbers) = (String::new(), String::new());
        for byte in needle {
            write!(hex, "{byte:02x}").unwrap();
            write!(numbers, "{byte},").unwrap();
        }
        let text_too = std::str::from_utf8(needle).is_ok_and(|needle| text.contains(needle));
        let found = lower.contains(&hex) || list.contains(&numbers) || text_too;
        found.then_some(name.as_str())
    })
}

#[test]
fn the_search_sees_every_form() {
    let secret = *b"ABCDEFGHIJKL";
    let needles: Needles = [(secret.to_vec(), "it".to_owned())].into();
    let hex: String = secret.iter().map(|byte| format!("{byte:02X}")).collect();
    for text in [
        format!("{secret:?}"),
        format!("{:#?}", secret.to_vec()),
        format!("{:?}", String::from_utf8_lossy(&secret)),
        hex,
    ] {
        assert_eq!(shown(&text, &needles), Some("it"), "{text}");
    }
    assert_eq!(shown("[65, 66, 67, 68]", &needles), None);
}

/// What was shown, in both forms.
#[derive(Default)]
struct Shown(Vec<String>);

impl Shown {
    fn add(&mut self, value: &dyn Debug) {
        self.0.push(format!("{value:?}"));
        self.0.push(format!("{value:#?}"));
    }
}

/// Takes the state of sessions, as a store of one's own gets it.
#[derive(Debug, Default)]
struct Listening(Arc<Mutex<Vec<String>>>);

impl SessionStore for Listening {
    fn put(&self, session: &StoreSession) -> Decision<bool> {
        let mut list = self.0.lock().unwrap();
        list.push(format!("{session:?}"));
        list.push(format!("{session:#?}"));
        Decision::Now(true)
    }
    fn take(&self, _: &SessionQuery) -> Decision<Option<SecretBytes>> {
        Decision::Now(None)
    }
    fn get(&self, _: &SessionQuery) -> Decision<Option<SecretBytes>> {
        Decision::Now(None)
    }
}

fn show_all(world: &World, version: P, shown: &mut Shown) {
    for case in cases() {
        if case.end != End::Finished || case.version != version {
            continue;
        }
        let (client, server) = configs(world, case);
        let mut pair = boxed(&client, &server, 1);
        for _ in 0..6 {
            shown.add(&pair.client.connection);
            shown.add(&pair.server.connection);
            pair.client.run();
            pair.server.input.append(&mut pair.client.output);
            pair.server.run();
            pair.client.input.append(&mut pair.server.output);
        }
        shown.add(&client);
        shown.add(&server);
        shown.add(&pair.client.done);
        shown.add(&pair.server.done);
        shown.add(&pair.client.sessions);
        shown.add(&pair.client.connection.exporter().unwrap());
        let store = MemoryClientSessions::new(8, 1 << 20);
        for session in pair.client.sessions.drain(..) {
            store.put(session);
        }
        shown.add(&store);
        let pair = *pair;
        let (client, server) = (pair.client.connection, pair.server.connection);
        shown.add(&client.into_split().ok());
        shown.add(&server.into_split().ok());
    }
}

/// Values of the types themselves, of secrets that are known.
fn show_parts(world: &World, shown: &mut Shown, needles: &mut Needles) {
    let secret: [u8; 48] = std::array::from_fn(|i| 100 + i as u8);
    needles.insert(secret[..12].to_vec(), "the secret".into());
    needles.insert(KEY[..12].to_vec(), "the PSK".into());
    needles.insert(TICKETS[..12].to_vec(), "the ticket secret".into());
    let hash = HashSecret::copied_from(&secret).unwrap();
    shown.add(&Secret::<48>::copied_from(&secret));
    shown.add(&SharedSecret::copied_from(&secret));
    shown.add(&SecretBytes::new(secret.to_vec()));
    shown.add(&Random::new(secret[..32].try_into().unwrap()));
    let early = Early::new(RUSTCRYPTO.sha384, Some(&secret));
    shown.add(&early);
    let handshake = early.into_handshake(None).unwrap();
    shown.add(&handshake);
    shown.add(&handshake.into_main().unwrap());
    for suite in RUSTCRYPTO.tls13_suites {
        shown.add(&Opener::new(suite.hash, suite.aead, &hash).unwrap());
        shown.add(&Sealer::new(suite.hash, suite.aead, &hash, 9).unwrap());
    }
    let master = MasterSecret::copied_from(&secret).unwrap();
    let (client, server) = (&[1; 32], &[2; 32]);
    for suite in RUSTCRYPTO.tls12_suites {
        let prf = Prf::new(suite.hash, master.expose());
        let block = KeyBlock::new(suite, &prf, Randoms { client, server });
        shown.add(&prf);
        let (key, iv) = block.write_key(true);
        needles.insert(key[..12].to_vec(), "a key of TLS 1.2".into());
        shown.add(&Sealer::tls12(suite, (key, iv), 9).unwrap());
        shown.add(&block);
    }
    let psk = |identity: &[u8]| {
        let key = SecretBytes::new(KEY.to_vec());
        ExternalPsk::new(identity, key, PskHash::Sha256).unwrap()
    };
    shown.add(&psk(b"a"));
    shown.add(&PskTable::from_iter([psk(b"a"), psk(b"b")]));
    shown.add(&Answer::Psk(Some(Arc::new(psk(b"a")))));
    let ticketer = RotatingTicketer::new(&Code::RustCrypto.provider(), TICKETS, 10).unwrap();
    shown.add(&ticketer);
    shown.add(&StatelessSessions::new(Arc::new(ticketer)));
    shown.add(&ReplayFilter::new(
        &Code::RustCrypto.provider(),
        TICKETS,
        10,
        10,
        now(),
        20,
    ));
    {
        let (identity, provider) = (&world.server, RUSTCRYPTO);
        let credential =
            Arc::new(Credential::new(identity.0.clone(), &identity.1, &provider).unwrap());
        shown.add(&credential);
        shown.add(&credential.key());
        shown.add(&ServerCredentials::new(vec![credential.clone()]));
        shown.add(&ClientCredentials::new(vec![credential]));
        let der = identity.1.secret_der();
        let at = der.windows(5).position(|w| w == [2, 1, 1, 4, 32]).unwrap() + 5;
        needles.insert(der[at..at + 12].to_vec(), "the signing key".into());
    }
}

#[test]
fn debug_shows_no_secret() {
    let world = World::new();
    let mut shown_all = Shown::default();
    let mut needles = noting(false, || show_all(&world, P::TLS13, &mut shown_all));
    needles.extend(noting(true, || show_all(&world, P::TLS12, &mut shown_all)));
    let mut parts = Shown::default();
    let mut more = Needles::new();
    needles.extend(noting(false, || show_parts(&world, &mut parts, &mut more)));
    needles.extend(more);
    // A store of one's own, in either version.
    for version in [P::TLS13, P::TLS12] {
        let case = cases()
            .into_iter()
            .find(|case| case.version == version)
            .unwrap();
        let heard = Listening::default();
        let list = Arc::clone(&heard.0);
        let (client, _) = configs(&world, case);
        let sessions = StatefulSessions::new(Arc::new(heard));
        let credential = Credential::new(world.server.0.clone(), &world.server.1, &RUSTCRYPTO);
        let server = ServerConfig::builder()
            .provider(Code::RustCrypto.provider())
            .credential(credential.unwrap())
            .session_scope("secrets")
            .versions(&[version])
            .sessions(sessions);
        parts.add(&server);
        let server = server.build().unwrap();
        needles.extend(noting(version == P::TLS12, || {
            boxed(&client, &server, 3).handshake();
        }));
        assert!(list.lock().unwrap().len() >= 2);
        parts.0.append(&mut list.lock().unwrap());
    }
    assert!(needles.len() > 500 && shown_all.0.len() > 100);
    for text in shown_all.0.iter().chain(&parts.0) {
        assert_eq!(shown(text, &needles), None, "{text}");
    }
}
