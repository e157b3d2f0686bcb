//! Each way to say who is trusted, in handshakes; and replacing it while connections run.

mod common {
    pub mod certs;
    pub mod pair;
}

use common::certs::{
    Ca, Identity, KeyKind, TestPki, chain_pem, peer_chain, pem, roots, self_signed, server_params,
};
use common::pair::Pair;
use rcgen::date_time_ymd;
use rustls_pki_types::{CertificateDer, ServerName};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use symbolon::codepoint::{AlertDescription, ProtocolVersion};
use symbolon::config::*;
use symbolon::error::{CertificateError, CertificateFault as Fault, ErrorKind, Misuse, Text};
use symbolon::handshake::{Answer, Request, Summary};
use symbolon::pki::*;
use symbolon::provider::RUSTCRYPTO;

const HOST: &str = "server.example";
const P256: KeyKind = KeyKind::EcdsaP256;
const VERSIONS: [ProtocolVersion; 2] = [ProtocolVersion::TLS13, ProtocolVersion::TLS12];

fn credential(identity: &Identity) -> Arc<Credential> {
    let provider = RUSTCRYPTO;
    Arc::new(Credential::new(identity.0.clone(), &identity.1, &provider).unwrap())
}

fn server(identity: &Identity) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder().credential(credential(identity));
    builder.build().unwrap()
}

fn client(verifier: Arc<dyn Verifier>) -> Arc<ClientConfig> {
    ClientConfig::builder().verifier(verifier).build().unwrap()
}

/// The client's summary, or why it refused the server.
fn connect(
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
) -> Result<Summary, CertificateError> {
    let mut pair = Pair::to(HOST, client.clone(), server.clone());
    pair.run();
    outcome(&mut pair)
}

fn outcome(pair: &mut Pair) -> Result<Summary, CertificateError> {
    match pair.client.failed.clone() {
        None => Ok(pair.client.done.take().expect("it is done")),
        Some(error) => {
            let ErrorKind::Certificate(found) = error.kind() else {
                panic!("{error}");
            };
            let told = pair.server.failed.as_ref().expect("the server is told");
            let alert = ErrorKind::AlertReceived(found.alert());
            assert_eq!(told.kind(), &alert);
            Err(found.as_ref().clone())
        }
    }
}

fn trust(summary: &Summary) -> Trust {
    summary.verified.as_ref().unwrap().trust().clone()
}

fn key_pin(certificate: &CertificateDer<'_>) -> Pin {
    Pin::of_key(certificate, &RUSTCRYPTO.verify).unwrap()
}

fn certificate_pin(certificate: &CertificateDer<'_>) -> Pin {
    Pin::of_certificate(certificate, &RUSTCRYPTO.verify)
}

/// The client's last words.
#[track_caller]
fn refused(result: Result<Summary, CertificateError>) -> CertificateError {
    let error = result.expect_err("it is refused");
    assert_eq!(error.index, Some(0), "{error}");
    assert!(error.remedy().is_some(), "{error}");
    error
}

/// A certificate that issued itself, for another name, and over since 2025.
fn stale() -> Identity {
    let mut params = server_params(&["other.example"]);
    params.not_after = date_time_ymd(2025, 1, 1);
    let ca = Ca::root_with(params, P256);
    let key = ca.key.private();
    (vec![ca.certificate], key)
}

#[test]
fn a_private_ca_is_read_from_pem() {
    let pki = TestPki::new();
    let other = Ca::root("Other Root", P256);
    let file = format!(
        "# two roots\n{}",
        chain_pem(&[other.certificate, pki.root()])
    );
    let roots = RootStore::from_pem(file.as_bytes()).unwrap();
    assert_eq!(roots.len(), 2);
    let client = ClientConfig::builder().roots(roots).build().unwrap();
    let summary = connect(&client, &server(&pki.leaf(&[HOST], P256))).unwrap();
    let trust = trust(&summary);
    assert!(
        matches!(&trust, Trust::Root(root) if root.to_string().contains("Test Root")),
        "{trust:?}"
    );

    let cut = pem("CERTIFICATE", &pki.root()[..100]);
    let broken = RootStore::from_pem((file.clone() + &cut).as_bytes()).unwrap_err();
    let ErrorKind::Misuse(misuse @ Misuse::Root { index: 2, .. }) = broken.kind() else {
        panic!("{broken}");
    };
    assert_eq!(
        misuse.to_string(),
        "certificate 2 is malformed: Certificate is cut short"
    );
    for empty in [
        "",
        "no PEM",
        &pem("PRIVATE KEY", b"abc"),
        &file[..file.len() - 30],
    ] {
        let error = RootStore::from_pem(empty.as_bytes()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Misuse(Misuse::Config(_))),
            "{error}"
        );
    }
}

#[test]
fn a_self_signed_certificate_is_its_own_anchor() {
    let (certificate, key) = self_signed(&[HOST], P256);
    let mine = (vec![certificate.clone()], key);
    let roots = RootStore::from_pem(pem("CERTIFICATE", &certificate).as_bytes()).unwrap();
    let client = ClientConfig::builder().roots(roots).build().unwrap();
    assert!(matches!(
        trust(&connect(&client, &server(&mine)).unwrap()),
        Trust::Root(_)
    ));

    // Another one of the same name isn't it.
    let (certificate, key) = self_signed(&[HOST], P256);
    let error = connect(&client, &server(&(vec![certificate], key))).unwrap_err();
    assert_eq!((error.index, error.fault), (Some(0), Fault::BadSignature));
}

#[test]
fn a_pinned_key_is_enough_by_itself() {
    let identity = stale();
    let server = server(&identity);
    let pin = key_pin(&identity.0[0]);
    for version in VERSIONS {
        let verifier = PinVerifier::new([Pin::Key([1; 32]), Pin::key(&pin.to_string()).unwrap()]);
        let client = ClientConfig::builder()
            .verifier(Arc::new(verifier))
            .versions(&[version]);
        let summary = connect(&client.build().unwrap(), &server).unwrap();
        assert_eq!(trust(&summary), Trust::Pin(pin));
        let chain = summary.peer_chain.as_ref().unwrap();
        let words = summary
            .verified
            .as_ref()
            .unwrap()
            .describe(chain)
            .to_string();
        assert!(
            words.ends_with(&format!("trusted: its key is known, {pin}")),
            "{words}"
        );
    }
}

#[test]
fn a_pinned_certificate_is_enough_by_itself() {
    let identity = stale();
    let pin = certificate_pin(&identity.0[0]);
    let client = client(Arc::new(PinVerifier::new([pin])));
    assert_eq!(
        trust(&connect(&client, &server(&identity)).unwrap()),
        Trust::Pin(pin)
    );

    // The same key in a new certificate is something else.
    let pki = TestPki::new();
    let other = pki.leaf(&[HOST], P256);
    let error = refused(connect(&client, &server(&other)));
    let found = Text::from(certificate_pin(&other.0[0]).to_string().as_str());
    assert_eq!(error.fault, Fault::NotPinned { found });
}

#[test]
fn a_refusal_shows_the_pin_that_came() {
    let identity = TestPki::new().leaf(&[HOST], P256);
    let error = refused(connect(
        &client(Arc::new(PinVerifier::new([Pin::Key([1; 32])]))),
        &server(&identity),
    ));
    assert_eq!(error.alert(), AlertDescription::CERTIFICATE_UNKNOWN);
    let words = error.to_string();
    let (_, shown) = words.split_once("its pin is ").expect(&words);
    // What is shown can be pinned.
    let verifier = PinVerifier::new([Pin::key(shown).unwrap()]);
    connect(&client(Arc::new(verifier)), &server(&identity)).unwrap();
}

#[test]
fn pins_check_time_and_name_if_asked_to() {
    let identity = stale();
    let server = server(&identity);
    let pins = || PinVerifier::new([key_pin(&identity.0[0])]);
    let error = refused(connect(
        &client(Arc::new(pins().with_time_check())),
        &server,
    ));
    assert!(matches!(error.fault, Fault::Expired { .. }), "{error}");
    let error = refused(connect(
        &client(Arc::new(pins().with_name_check())),
        &server,
    ));
    assert!(matches!(error.fault, Fault::NameMismatch { .. }), "{error}");

    let request = |now, name: Option<&str>| VerifyRequest {
        chain: peer_chain(&identity.0),
        role: Role::Server,
        name: name.map(|name| ServerName::try_from(name.to_owned()).unwrap()),
        now,
    };
    let both = pins().with_time_check().with_name_check();
    let then =
        rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_700_000_000));
    let verify = |request| both.verify_now(&request, &RUSTCRYPTO.verify);
    verify(request(then, Some("other.example"))).unwrap();
    let nameless = verify(request(then, None)).unwrap_err();
    assert_eq!(nameless.fault, Fault::NoNameToCheck);
    let early =
        rustls_pki_types::UnixTime::since_unix_epoch(std::time::Duration::from_secs(1_000_000_000));
    let error = verify(request(early, Some("other.example"))).unwrap_err();
    assert!(matches!(error.fault, Fault::NotYetValid { .. }), "{error}");
    let nobody = VerifyRequest {
        chain: peer_chain([]),
        ..request(then, None)
    };
    assert_eq!(verify(nobody).unwrap_err().fault, Fault::NoCertificate);
}

#[test]
fn a_pinned_key_must_be_one_that_may_sign() {
    let mut params = server_params(&[HOST]);
    params.key_usages = vec![rcgen::KeyUsagePurpose::KeyAgreement];
    let identity = TestPki::new().issue(&params, P256);
    let client = client(Arc::new(PinVerifier::new([key_pin(&identity.0[0])])));
    let error = refused(connect(&client, &server(&identity)));
    assert_eq!(
        error.fault,
        Fault::KeyUsage {
            needed: "digitalSignature"
        }
    );
}

#[test]
fn a_pin_within_a_path_needs_both() {
    let pki = TestPki::new();
    let identity = pki.leaf(&[HOST], P256);
    let stranger = Ca::root("Stranger", P256);
    let with = |pins: Vec<Pin>, roots: RootStore| {
        let verifier = PinVerifier::new(pins).within(PathVerifier::new(roots));
        assert!(verifier.wants_ocsp());
        connect(&client(Arc::new(verifier)), &server(&identity))
    };
    // The leaf's key, or that of an intermediate on the path.
    for certificate in &identity.0 {
        let summary = with(vec![key_pin(certificate)], pki.roots()).unwrap();
        assert!(matches!(trust(&summary), Trust::Root(_)));
        with(vec![certificate_pin(certificate)], pki.roots()).unwrap();
    }
    let error = refused(with(vec![key_pin(&stranger.certificate)], pki.roots()));
    assert!(matches!(error.fault, Fault::NotPinned { .. }), "{error}");
    let pins = vec![key_pin(&identity.0[0])];
    let error = with(pins, roots([&stranger.certificate])).unwrap_err();
    assert!(
        matches!(error.fault, Fault::UnknownIssuer { .. }),
        "{error}"
    );

    // A certificate that was only sent along is on no path.
    let mut sent = identity.0.clone();
    sent.push(stranger.certificate.clone());
    let long = (sent, identity.1.clone_key());
    let verifier =
        PinVerifier::new([key_pin(&stranger.certificate)]).within(PathVerifier::new(pki.roots()));
    let error = refused(connect(&client(Arc::new(verifier)), &server(&long)));
    assert!(matches!(error.fault, Fault::NotPinned { .. }), "{error}");
}

/// What was seen, by name.
#[derive(Debug, Default)]
struct Memory {
    known: Mutex<HashMap<String, Vec<Pin>>>,
    /// Whether it trusts strangers; who is asked otherwise.
    trusting: Option<bool>,
}

impl Memory {
    fn remember(&self, stranger: &Stranger) {
        let name = stranger.name.to_str().into_owned();
        let mut known = self.known.lock().unwrap();
        known.entry(name).or_default().push(stranger.key);
    }
}

impl KnownServers for Memory {
    fn pins(&self, name: &ServerName<'_>) -> Vec<Pin> {
        let known = self.known.lock().unwrap();
        known
            .get(name.to_str().as_ref())
            .cloned()
            .unwrap_or_default()
    }

    fn meet(&self, stranger: &Stranger) -> Decision<bool> {
        if self.trusting == Some(true) {
            self.remember(stranger);
        }
        self.trusting.map_or(Decision::Later, Decision::Now)
    }
}

#[test]
fn the_first_key_is_trusted_and_another_one_is_not() {
    let memory = Arc::new(Memory {
        trusting: Some(true),
        ..Memory::default()
    });
    let client = client(Arc::new(FirstUseVerifier::new(memory.clone())));
    let identity = stale();
    let pin = key_pin(&identity.0[0]);
    for _ in 0..2 {
        let summary = connect(&client, &server(&identity)).unwrap();
        assert_eq!(trust(&summary), Trust::Pin(pin));
        assert_eq!(memory.known.lock().unwrap()[HOST], [pin]);
    }
    let other = stale();
    let error = refused(connect(&client, &server(&other)));
    let text = |pin: Pin| Text::from(pin.to_string().as_str());
    let found = text(key_pin(&other.0[0]));
    assert_eq!(
        error.fault,
        Fault::KeyChanged {
            known: vec![text(pin)],
            found
        }
    );
    assert_eq!(
        memory.known.lock().unwrap()[HOST],
        [pin],
        "and it isn't remembered"
    );
    // Under another name it is somebody else.
    let mut pair = Pair::to("10.1.2.3", client, server(&other));
    pair.handshake();
    assert_eq!(
        memory.known.lock().unwrap()["10.1.2.3"],
        [key_pin(&other.0[0])]
    );
}

#[test]
fn a_stranger_may_be_refused() {
    let memory = Arc::new(Memory {
        trusting: Some(false),
        ..Memory::default()
    });
    let identity = stale();
    let verifier = FirstUseVerifier::new(memory.clone());
    let error = refused(connect(&client(Arc::new(verifier)), &server(&identity)));
    assert!(matches!(error.fault, Fault::NotPinned { .. }), "{error}");
    assert!(memory.known.lock().unwrap().is_empty());
}

#[test]
fn first_use_may_be_answered_later() {
    for version in VERSIONS {
        for yes in [true, false] {
            let memory = Arc::new(Memory::default());
            let verifier = Arc::new(FirstUseVerifier::new(memory.clone()));
            let client = ClientConfig::builder()
                .verifier(verifier)
                .versions(&[version]);
            let (client, identity) = (client.build().unwrap(), stale());
            let server = server(&identity);
            let asked = Arc::new(Mutex::new(0));
            let answer = {
                let (memory, asked) = (memory.clone(), asked.clone());
                move |request| {
                    let Request::VerifyChain(request) = request else {
                        panic!("{request:?}");
                    };
                    *asked.lock().unwrap() += 1;
                    let stranger = Stranger::of(&request, &RUSTCRYPTO.verify).unwrap();
                    assert_eq!(stranger.certificate, certificate_pin(&identity.0[0]));
                    Some(Answer::Chain(match yes {
                        true => {
                            memory.remember(&stranger);
                            Ok(VerifiedChain::by_pin(stranger.key))
                        }
                        false => Err(CertificateError::refused("the user said no")),
                    }))
                }
            };
            for _ in 0..2 {
                let mut pair = Pair::to(HOST, client.clone(), server.clone());
                pair.client.answerer = Some(Box::new(answer.clone()));
                pair.run();
                assert_eq!(outcome(&mut pair).is_ok(), yes);
            }
            // Once it is known nobody is asked.
            assert_eq!(*asked.lock().unwrap(), if yes { 1 } else { 2 });
        }
    }
}

#[test]
fn clients_are_known_by_pins_too() {
    let pki = TestPki::new();
    let me = pki.client("me", KeyKind::Ed25519);
    let other = pki.client("other", KeyKind::Ed25519);
    let verifier = Arc::new(PinVerifier::new([key_pin(&me.0[0])]).with_name_check());
    for auth in [
        ClientAuth::Required(verifier.clone()),
        ClientAuth::Optional(verifier),
    ] {
        let optional = matches!(auth, ClientAuth::Optional(_));
        let server = ServerConfig::builder()
            .credential(credential(&pki.leaf(&[HOST], P256)))
            .client_auth(auth)
            .build()
            .unwrap();
        let with = |identity: Option<&Identity>| {
            let mut client = ClientConfig::builder().roots(pki.roots());
            if let Some(identity) = identity {
                client = client.credential(credential(identity));
            }
            let mut pair = Pair::to(HOST, client.build().unwrap(), server.clone());
            pair.run();
            (pair.server.done.take(), pair.server.failed.take())
        };
        let done = with(Some(&me)).0.expect("it is known");
        assert_eq!(trust(&done), Trust::Pin(key_pin(&me.0[0])));
        assert!(with(Some(&other)).1.is_some());
        let (done, failed) = with(None);
        assert_eq!((done.is_some(), failed.is_some()), (optional, !optional));
    }
}

#[cfg(feature = "std")]
mod swapped {
    use super::*;

    fn ping(pair: &mut Pair) {
        let before = (pair.server.data.len(), pair.client.data.len());
        pair.client.send(b"ping");
        pair.server.send(b"pong");
        pair.run();
        let after = (pair.server.data.len(), pair.client.data.len());
        assert_eq!(after, (before.0 + 4, before.1 + 4));
    }

    fn shown(pair: &Pair) -> Vec<u8> {
        let summary = pair.client.done.as_ref().unwrap();
        summary
            .peer_chain
            .as_ref()
            .unwrap()
            .end_entity()
            .unwrap()
            .to_vec()
    }

    #[test]
    fn certificates_are_renewed_under_running_connections() {
        let pki = TestPki::new();
        let (old, new) = (pki.leaf(&[HOST], P256), pki.leaf(&[HOST], KeyKind::Ed25519));
        let mine = Arc::new(Swap::new(ServerCredentials::new(vec![credential(&old)])));
        let server = ServerConfig::builder()
            .credentials(mine.clone())
            .build()
            .unwrap();
        let client = ClientConfig::builder().roots(pki.roots()).build().unwrap();
        let pair = || Pair::to(HOST, client.clone(), server.clone());

        let mut running = pair();
        running.handshake();
        // Its hello is on the way, the certificate not chosen yet.
        let mut beginning = pair();
        beginning.client.run();
        let before = mine.set(ServerCredentials::new(vec![credential(&new)]));
        drop(before);
        beginning.handshake();
        let mut later = pair();
        later.handshake();
        assert_eq!(shown(&running), old.0[0].as_ref());
        assert_eq!(shown(&beginning), new.0[0].as_ref());
        assert_eq!(shown(&later), new.0[0].as_ref());
        for pair in [&mut running, &mut beginning, &mut later] {
            ping(pair);
        }
    }

    #[test]
    fn a_certificate_that_was_shown_stays_until_it_signed() {
        // The key is elsewhere, so that the handshake waits between certificate and signature.
        let pki = TestPki::new();
        let (old, new) = (pki.leaf(&[HOST], P256), pki.leaf(&[HOST], P256));
        let scheme = symbolon::codepoint::SignatureScheme::ECDSA_SECP256R1_SHA256;
        let elsewhere = Credential::with_key(old.0.clone(), Key::External(vec![scheme])).unwrap();
        let mine = Arc::new(Swap::new(ServerCredentials::new(vec![Arc::new(elsewhere)])));
        let server = ServerConfig::builder()
            .credentials(mine.clone())
            .build()
            .unwrap();
        let client = ClientConfig::builder().roots(pki.roots()).build().unwrap();
        let mut pair = Pair::to(HOST, client, server);
        let local = RUSTCRYPTO.keys.load(&old.1).unwrap();
        let (swap, next) = (mine.clone(), credential(&new));
        pair.server.answerer = Some(Box::new(move |request| {
            let Request::Sign(request) = request else {
                panic!("{request:?}");
            };
            swap.set(ServerCredentials::new(vec![next.clone()]));
            let mut out = vec![0; symbolon::crypto::MAX_SIGNATURE_LEN];
            let random = &mut symbolon::crypto::Random::new([3; 32]);
            let len = local
                .sign(scheme, request.message(), random, &mut out)
                .unwrap();
            out.truncate(len);
            Some(Answer::Signature(out))
        }));
        pair.handshake();
        assert_eq!(shown(&pair), old.0[0].as_ref());
        ping(&mut pair);
    }

    #[test]
    fn roots_come_and_go_under_running_connections() {
        let (one, two) = (TestPki::new(), TestPki::new());
        let (first, second) = (one.leaf(&[HOST], P256), two.leaf(&[HOST], P256));
        let trusted = Arc::new(Swap::new(PathVerifier::new(one.roots())));
        let client = client(trusted.clone());
        let mut running = Pair::to(HOST, client.clone(), server(&first));
        running.handshake();
        connect(&client, &server(&second)).unwrap_err();

        trusted.set(PathVerifier::new(two.roots()));
        connect(&client, &server(&second)).unwrap();
        connect(&client, &server(&first)).unwrap_err();
        ping(&mut running);
    }

    #[test]
    fn a_new_verifier_does_not_change_what_was_asked_for() {
        // The first one asks for OCSP, the second doesn't; the staple comes in between.
        let pki = TestPki::new();
        let (chain, key) = pki.leaf(&[HOST], P256);
        let stapled = Credential::new(chain, &key, &RUSTCRYPTO).unwrap();
        let stapled = stapled.ocsp_response(b"a response").unwrap();
        let server = ServerConfig::builder().credential(stapled).build().unwrap();
        let any: Arc<dyn Verifier> = Arc::new(Asks);
        let trusted: Arc<Swap<dyn Verifier>> = Arc::new(Swap::new(any));
        let mut pair = Pair::to(HOST, client(trusted.clone()), server);
        pair.client.run();
        let quiet: Arc<dyn Verifier> = Arc::new(DangerousAcceptAnyCertificate);
        trusted.set(quiet);
        let (summary, _) = pair.handshake();
        assert!(summary.peer_chain.unwrap().ocsp_response().is_some());
    }

    /// Asks for a staple and is replaced before it comes.
    #[derive(Debug)]
    struct Asks;

    impl Verifier for Asks {
        fn verify(
            &self,
            _: &VerifyRequest,
            _: &symbolon::crypto::VerifyAlgorithms,
        ) -> Decision<Result<VerifiedChain, CertificateError>> {
            panic!("it was replaced");
        }
    }

    #[test]
    fn clients_see_the_roots_of_today_as_hints() {
        let (one, two) = (TestPki::new(), TestPki::new());
        let other = Ca::root("Second Root", P256);
        let verifier = |roots: RootStore| PathVerifier::new(roots).with_root_hints();
        let trusted = Arc::new(Swap::new(verifier(one.roots())));
        let before = trusted.root_hints().into_owned();
        let server = ServerConfig::builder()
            .credential(credential(&two.leaf(&[HOST], P256)))
            .client_auth(ClientAuth::Required(trusted.clone()))
            .build()
            .unwrap();
        let (me, key) = other.issue_for(&common::certs::client_params("me"), P256);
        let seen: Arc<Seen> = Arc::new(Seen(credential(&(vec![me], key)), Mutex::default()));
        let client = ClientConfig::builder()
            .roots(two.roots())
            .credentials(seen.clone());
        let client = client.build().unwrap();
        let mut pair = Pair::to(HOST, client.clone(), server.clone());
        assert!(pair.failure().1.is_some());
        trusted.set(verifier(roots([&other.certificate])));
        let mut pair = Pair::to(HOST, client, server);
        pair.handshake();
        ping(&mut pair);
        let after = trusted.root_hints().into_owned();
        assert_ne!(before, after);
        assert_eq!(*seen.1.lock().unwrap(), [before, after]);
    }

    /// Keeps what it is asked with.
    #[derive(Debug)]
    struct Seen(Arc<Credential>, Mutex<Vec<Vec<Vec<u8>>>>);

    impl ChooseClientCredential for Seen {
        fn choose(&self, request: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>> {
            let authorities = request.authorities().map(<[u8]>::to_vec);
            self.1.lock().unwrap().push(authorities.collect());
            Decision::Now(Some(self.0.clone()))
        }
    }

    #[test]
    fn many_threads_swap_and_connect() {
        let pki = TestPki::new();
        let identities = [0, 1].map(|_| pki.leaf(&[HOST], P256));
        let credentials = identities.each_ref().map(credential);
        let mine = Arc::new(Swap::new(ServerCredentials::new(vec![
            credentials[0].clone(),
        ])));
        let server = ServerConfig::builder()
            .credentials(mine.clone())
            .build()
            .unwrap();
        let client = ClientConfig::builder().roots(pki.roots()).build().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..10 {
                        let mut pair = Pair::to(HOST, client.clone(), server.clone());
                        pair.handshake();
                        assert!(identities.iter().any(|i| shown(&pair) == i.0[0].as_ref()));
                        ping(&mut pair);
                    }
                });
            }
            for i in 0..50 {
                mine.set(ServerCredentials::new(vec![credentials[i % 2].clone()]));
            }
        });
    }
}
