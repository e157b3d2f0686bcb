//! What the verifier remembers of signatures: they are verified once, and all else each time.

use super::*;
use crate::advisories::counting;
use crate::status::Crl;
use sha2::{Digest, Sha256};
use std::sync::atomic::Ordering::Relaxed;
use symbolon::crypto::VerifyAlgorithms;
use symbolon::pki::{CrlStore, InitialPolicies, Revocation, RevocationDepth};

/// A verifier that tells how many signatures each chain took.
struct Bench {
    verifier: PathVerifier,
    counter: &'static crate::advisories::Counting,
    algorithms: VerifyAlgorithms,
}

impl Bench {
    fn new(verifier: PathVerifier) -> Self {
        let (counter, algorithms) = counting();
        Self {
            verifier,
            counter,
            algorithms,
        }
    }

    /// By another verifier, with the same counter.
    fn by(
        &self,
        verifier: &PathVerifier,
        request: &VerifyRequest,
    ) -> (Result<VerifiedChain, CertificateError>, u32) {
        let before = self.counter.0.load(Relaxed);
        let result = verifier.verify_now(request, &self.algorithms);
        (result, self.counter.0.load(Relaxed) - before)
    }

    fn ask(&self, request: &VerifyRequest) -> (Result<VerifiedChain, CertificateError>, u32) {
        self.by(&self.verifier, request)
    }

    /// How many signatures this server's chain takes, which is good.
    #[track_caller]
    fn accepts(&self, chain: &[CertificateDer<'static>]) -> u32 {
        let (result, signatures) = self.ask(&server(chain));
        result.unwrap();
        signatures
    }
}

fn server(chain: &[CertificateDer<'static>]) -> VerifyRequest {
    request(chain, Role::Server, Some(HOST))
}

/// What the memo holds, as it is shown: of issuers, and of peers.
fn held(verifier: &PathVerifier) -> (usize, usize) {
    let shown = format!("{verifier:?}");
    let (_, memo) = shown.split_once("SignatureMemo(").unwrap();
    let mut numbers = memo
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|word| word.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

#[test]
fn what_was_accepted_takes_no_signature_again() {
    let pki = TestPki::new();
    let bench = Bench::new(PathVerifier::new(pki.roots()));
    let (chain, _) = pki.leaf(&[HOST], P256);
    assert_eq!(bench.accepts(&chain), 2);
    assert_eq!(bench.accepts(&chain), 0);
    // Another server below the same intermediate.
    let (other, _) = pki.leaf(&[HOST], P256);
    assert_eq!(bench.accepts(&other), 1);
    assert_eq!(bench.accepts(&other), 0);
    assert_eq!(held(&bench.verifier), (1, 2));
    // A clone shares it, whatever its other rules are; another verifier doesn't.
    let web = bench.verifier.clone().with_profile(Profile::WEB);
    assert_eq!(bench.by(&web, &server(&chain)).1, 0);
    let stranger = PathVerifier::new(pki.roots());
    assert_eq!(bench.by(&stranger, &server(&chain)).1, 2);
}

#[test]
fn none_is_remembered_without_entries() {
    let pki = TestPki::new();
    let bench = Bench::new(PathVerifier::new(pki.roots()).with_signature_memo(0));
    let (chain, _) = pki.leaf(&[HOST], P256);
    assert_eq!(bench.accepts(&chain), 2);
    assert_eq!(bench.accepts(&chain), 2);
}

#[test]
fn another_certificate_or_key_or_algorithm_is_another_signature() {
    let pki = TestPki::new();
    let bench = Bench::new(PathVerifier::new(pki.roots()));
    let (chain, _) = pki.leaf(&[HOST], P256);
    bench.accepts(&chain);
    // One bit of a signature.
    for position in [0, 1] {
        let mut changed = chain.clone();
        let mut der = changed[position].to_vec();
        *der.last_mut().unwrap() ^= 1;
        changed[position] = der.into();
        let (result, signatures) = bench.ask(&server(&changed));
        refused(result, position, AlertDescription::BAD_CERTIFICATE, |f| {
            *f == Fault::BadSignature
        });
        assert_eq!(signatures, 1);
    }
    // The names lead to a root with another key.
    let impostor = Ca::root_with(pki.root.params.clone(), P256);
    let mut other = bench.verifier.clone();
    assert_eq!(bench.by(&other, &server(&chain)).1, 0);
    let impostors = PathVerifier::new(roots([&impostor.certificate]));
    let (result, signatures) = bench.by(&impostors, &server(&chain));
    refused(result, 1, AlertDescription::BAD_CERTIFICATE, |f| {
        *f == Fault::BadSignature
    });
    assert_eq!(signatures, 1);
    // Another implementation of the same algorithm has to see for itself.
    let again = Bench::new(bench.verifier.clone());
    assert_eq!(again.accepts(&chain), 2);
    // One that isn't offered any more isn't allowed by what is remembered.
    other = bench.verifier.clone();
    let none = VerifyAlgorithms {
        all: &[],
        ..bench.algorithms
    };
    assert!(other.verify_now(&server(&chain), &none).is_err());
}

#[test]
fn an_issuer_with_the_same_name_and_another_key_is_another_issuer() {
    let root = Ca::root("Root", P256);
    let one = root.intermediate("Same", P256);
    let two = root.intermediate("Same", P256);
    let (leaf, _) = one.issue_for(&server_params(&[HOST]), P256);
    let bench = Bench::new(PathVerifier::new(roots([&root.certificate])));
    assert_eq!(bench.accepts(&[leaf.clone(), one.certificate.clone()]), 2);
    let (result, signatures) = bench.ask(&server(&[leaf, two.certificate]));
    refused(result, 0, AlertDescription::BAD_CERTIFICATE, |f| {
        *f == Fault::BadSignature
    });
    // The second one's own, and the leaf's by its key.
    assert_eq!(signatures, 2);
}

/// A verifier, and why it refuses.
type Refusal = (PathVerifier, fn(&Fault) -> bool);

#[test]
fn all_else_is_judged_each_time() {
    let pki = TestPki::new();
    let bench = Bench::new(PathVerifier::new(pki.roots()));
    let (chain, _) = pki.leaf(&[HOST], P256);
    let good = server(&chain);
    bench.accepts(&chain);

    let late = VerifyRequest {
        now: UnixTime::since_unix_epoch(Duration::from_secs(4_000_000_000)),
        ..good.clone()
    };
    refused(
        bench.ask(&late).0,
        0,
        AlertDescription::CERTIFICATE_EXPIRED,
        |f| matches!(f, Fault::Expired { .. }),
    );
    let elsewhere = request(&chain, Role::Server, Some("elsewhere.example.com"));
    assert!(matches!(
        bench.ask(&elsewhere).0.unwrap_err().fault,
        Fault::NameMismatch { .. }
    ));
    let as_client = request(&chain, Role::Client, None);
    assert!(matches!(
        bench.ask(&as_client).0.unwrap_err().fault,
        Fault::ExtendedKeyUsage { .. }
    ));

    // Under the rules of clones, which share what is remembered.
    let crl = |ca: &Ca, certificate: &CertificateDer<'_>| {
        let now = i64::try_from(NOW.as_secs()).unwrap();
        let serial = Certificate::parse(certificate).unwrap().serial().to_vec();
        let crl = Crl::of(ca, now).revoke(&serial).sign(&ca.key);
        let mut store = CrlStore::new();
        store.add(crl).unwrap();
        Revocation {
            crls: store.into(),
            depth: RevocationDepth::Chain,
            ..Revocation::default()
        }
    };
    let shared = || bench.verifier.clone();
    let refusals: [Refusal; 6] = [
        (
            shared().with_revocation(crl(&pki.intermediate, &chain[0])),
            |f| matches!(f, Fault::Revocation(_)),
        ),
        (shared().with_revocation(crl(&pki.root, &chain[1])), |f| {
            matches!(f, Fault::Revocation(_))
        }),
        (
            shared().distrust_certificates([Sha256::digest(&chain[1]).into()]),
            |f| matches!(f, Fault::Distrusted { key: false }),
        ),
        (
            shared().distrust_keys([Sha256::digest(
                Certificate::parse(&pki.root.certificate)
                    .unwrap()
                    .subject_public_key_info(),
            )
            .into()]),
            |f| matches!(f, Fault::Distrusted { key: true }),
        ),
        (
            shared().with_policies(InitialPolicies {
                explicit: true,
                ..InitialPolicies::default()
            }),
            |f| matches!(f, Fault::NoPolicy),
        ),
        (
            shared().with_budget(Budget {
                signatures: 1,
                ..Budget::default()
            }),
            |f| *f == Fault::OutOfBudget,
        ),
    ];
    for (verifier, expected) in refusals {
        let error = bench.by(&verifier, &good).0.unwrap_err();
        assert!(expected(&error.fault), "{error:?}");
    }
}

#[test]
fn constraints_and_lengths_of_a_remembered_ca_hold() {
    let root = Ca::root("Root", P256);
    let mut params = ca_params("Limited");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("example.com".into())],
        excluded_subtrees: Vec::new(),
    });
    let ca = root.intermediate_with(params, P256);
    let bench = Bench::new(PathVerifier::new(roots([&root.certificate])));
    let (leaf, _) = ca.issue_for(&server_params(&[HOST]), P256);
    assert_eq!(bench.accepts(&[leaf, ca.certificate.clone()]), 2);

    let names = [HOST, "host.example.org"];
    let (outside, _) = ca.issue_for(&server_params(&names), P256);
    for _ in 0..2 {
        let chain = [outside.clone(), ca.certificate.clone()];
        let (result, signatures) = bench.ask(&server(&chain));
        assert!(matches!(
            result.unwrap_err().fault,
            Fault::NameNotAllowed { .. }
        ));
        // The leaf's, which is good and never remembered.
        assert_eq!(signatures, 1);
    }
    let below = ca.intermediate("Below", P256);
    let (leaf, _) = below.issue_for(&server_params(&[HOST]), P256);
    let chain = [leaf, below.certificate, ca.certificate];
    refused(
        bench.ask(&server(&chain)).0,
        2,
        AlertDescription::UNKNOWN_CA,
        |f| *f == Fault::PathTooLong { limit: 0 },
    );
    assert_eq!(held(&bench.verifier), (1, 1));
}

#[test]
fn strangers_put_nothing_in_and_many_peers_displace_no_issuer() {
    const BOUND: usize = 8;
    let pki = TestPki::new();
    let verifier = PathVerifier::new(pki.roots()).with_signature_memo(BOUND);
    let bench = Bench::new(verifier);
    let client = |name| request(&pki.client(name, P256).0, Role::Client, None);
    let first = client("first");
    bench.ask(&first).0.unwrap();
    assert_eq!(held(&bench.verifier), (1, 1));

    let strangers = TestPki::new();
    for _ in 0..3 * BOUND {
        // Good below a root that isn't trusted, and below one that has the trusted one's name.
        let (chain, _) = strangers.client("stranger", P256);
        assert!(bench.ask(&request(&chain, Role::Client, None)).0.is_err());
        let (chain, _) = pki.leaf(&["not.this"], P256);
        assert!(bench.ask(&server(&chain)).0.is_err());
    }
    assert_eq!(held(&bench.verifier), (1, 1));
    assert_eq!(bench.ask(&first).1, 0);

    let regular = client("regular");
    bench.ask(&regular).0.unwrap();
    for _ in 0..3 * BOUND {
        let (result, signatures) = bench.ask(&client("another"));
        result.unwrap();
        assert_eq!(signatures, 1);
        assert_eq!(bench.ask(&regular).1, 0);
    }
    assert_eq!(held(&bench.verifier), (1, BOUND));
    // The peer that wasn't seen for longest was forgotten, the issuer wasn't.
    assert_eq!(bench.ask(&first).1, 1);
}
