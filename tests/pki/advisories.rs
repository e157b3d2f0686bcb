//! Advisories about other validators: what brought them down is refused here, and how.

use super::*;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use std::sync::atomic::{AtomicU32, Ordering};
use symbolon::crypto::VerifyAlgorithms;
use symbolon::error::DecodeFault;

/// An ECDSA verifier that counts how often it is called.
#[derive(Debug)]
pub(crate) struct Counting(pub(crate) AtomicU32);

impl SignatureVerificationAlgorithm for Counting {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.0.fetch_add(1, Ordering::Relaxed);
        symbolon::provider::rustcrypto::verify::ECDSA_P256_SHA256
            .verify_signature(public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        rustls_pki_types::alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        rustls_pki_types::alg_id::ECDSA_SHA256
    }
}

/// A counter of its own, and algorithms with it alone.
pub(crate) fn counting() -> (&'static Counting, VerifyAlgorithms) {
    let counting: &'static Counting = Box::leak(Box::new(Counting(AtomicU32::new(0))));
    let all: &'static [&'static dyn SignatureVerificationAlgorithm] =
        Box::leak(Box::new([counting as &dyn SignatureVerificationAlgorithm]));
    let algorithms = VerifyAlgorithms {
        all,
        ..RUSTCRYPTO.verify
    };
    (counting, algorithms)
}

/// Verifies a server's chain; says how many signatures that took as well.
fn verify_counting(
    roots: RootStore,
    chain: &[CertificateDer<'static>],
) -> (Result<VerifiedChain, CertificateError>, u32) {
    let (counting, algorithms) = counting();
    let request = request(chain, Role::Server, Some(HOST));
    let result = PathVerifier::new(roots).verify_now(&request, &algorithms);
    (result, counting.0.load(Ordering::Relaxed))
}

#[test]
fn rustsec_2023_0052_and_0053_exponential_path_building() {
    // Twenty CAs under one name, each of which may have issued each other: 20! orders.
    let crowd: Vec<Ca> = (0..20).map(|_| Ca::root("Crowd", P256)).collect();
    let mut params = server_params(&[HOST]);
    params.use_authority_key_identifier_extension = false;
    let (leaf, _) = crowd[0].issue_for(&params, P256);
    let mut chain = vec![leaf];
    for (i, ca) in crowd.iter().enumerate() {
        chain.push(crowd[(i + 1) % crowd.len()].cross_sign(ca));
    }
    for root in ["Crowd", "Stranger"] {
        let root = Ca::root(root, P256);
        let (result, signatures) = verify_counting(roots([&root.certificate]), &chain);
        refused(result, None, AlertDescription::CERTIFICATE_UNKNOWN, |f| {
            *f == Fault::OutOfBudget
        });
        assert!(signatures <= Budget::default().signatures, "{signatures}");
    }
    // The way out is found where there is one: from the leaf's issuer to the root at once.
    let root = Ca::root("Root", P256);
    chain.insert(1, root.cross_sign(&crowd[0]));
    let (result, signatures) = verify_counting(roots([&root.certificate]), &chain);
    assert_eq!(result.unwrap().path(), [0, 1]);
    assert_eq!(signatures, 2);
}

/// A GeneralName of one of the forms that are strings.
fn string_name(tag: u8, name: &str) -> Vec<u8> {
    der(tag, &[name.as_bytes()])
}

const EMAIL: u8 = 0x81;
const DNS: u8 = 0x82;
const URI: u8 = 0x86;

/// `subjectAltName` of these names.
fn alt_names(names: &[(u8, &str)]) -> CustomExtension {
    let names: Vec<Vec<u8>> = names.iter().map(|(tag, n)| string_name(*tag, n)).collect();
    CustomExtension::from_oid_content(&[2, 5, 29, 17], der(0x30, &[&names.concat()]))
}

/// `nameConstraints` of these permitted and excluded subtrees.
fn constraints(permitted: &[(u8, &str)], excluded: &[(u8, &str)]) -> CustomExtension {
    let mut lists = Vec::new();
    for (tag, names) in [(0xa0, permitted), (0xa1, excluded)] {
        let names: Vec<Vec<u8>> = names
            .iter()
            .map(|(tag, name)| der(0x30, &[&string_name(*tag, name)]))
            .collect();
        if !names.is_empty() {
            lists.extend(der(tag, &[&names.concat()]));
        }
    }
    CustomExtension::from_oid_content(&[2, 5, 29, 30], der(0x30, &[&lists]))
}

/// Verifies a client's certificate with these names under a CA with these constraints.
fn under(
    constraints: CustomExtension,
    names: CustomExtension,
) -> Result<VerifiedChain, CertificateError> {
    let root = Ca::root("Root", P256);
    let mut params = ca_params("Constrained");
    params.custom_extensions = vec![constraints];
    let ca = root.intermediate_with(params, P256);
    let mut params = client_params("x");
    params.custom_extensions = vec![names];
    let (leaf, _) = ca.issue_for(&params, P256);
    verify_client(roots([&root.certificate]), &[leaf, ca.certificate])
}

#[track_caller]
fn name_refused(result: Result<VerifiedChain, CertificateError>, shown: &str) {
    refused(
        result,
        0,
        AlertDescription::CERTIFICATE_UNKNOWN,
        |f| matches!(f, Fault::NameNotAllowed { name } if name.as_str() == shown),
    );
}

#[test]
fn cve_2025_58187_name_constraint_blow_up() {
    let many: Vec<String> = (0..1500).map(|i| format!("n{i}.example.com")).collect();
    let many: Vec<(u8, &str)> = many.iter().map(|name| (DNS, name.as_str())).collect();
    let out_of_budget = |f: &Fault| *f == Fault::OutOfBudget;
    let alert = AlertDescription::CERTIFICATE_UNKNOWN;
    let others: Vec<String> = (0..1500).map(|i| format!("o{i}.example.com")).collect();
    let others: Vec<(u8, &str)> = others.iter().map(|name| (DNS, name.as_str())).collect();
    refused(
        under(constraints(&[], &others), alt_names(&many)),
        None,
        alert,
        out_of_budget,
    );
    // Fewer, and so long that comparing them costs as much.
    let long = |c: &str| format!("{}@example.com", c.repeat(600));
    let (ours, theirs) = (long("a"), long("b"));
    let ours = vec![(EMAIL, ours.as_str()); 100];
    let theirs = vec![(EMAIL, theirs.as_str()); 100];
    refused(
        under(constraints(&[], &theirs), alt_names(&ours)),
        None,
        alert,
        out_of_budget,
    );
    // A hundred names under a hundred constraints is nothing.
    assert!(under(constraints(&[], &others[..100]), alt_names(&many[..100])).is_ok());
}

#[test]
fn rustsec_2026_0099_wildcard_against_name_constraints() {
    // The wildcard stands for more than is permitted.
    for permitted in ["a.example.com", "a.b.example.com"] {
        name_refused(
            under(
                constraints(&[(DNS, permitted)], &[]),
                alt_names(&[(DNS, "*.example.com")]),
            ),
            "*.example.com",
        );
    }
    // It stands for something that is excluded.
    for excluded in ["a.example.com", "example.com", "com"] {
        name_refused(
            under(
                constraints(&[(DNS, "example.com")], &[(DNS, excluded)]),
                alt_names(&[(DNS, "*.example.com")]),
            ),
            "*.example.com",
        );
    }
    let within = under(
        constraints(&[(DNS, "example.com")], &[(DNS, "a.b.example.com")]),
        alt_names(&[(DNS, "*.example.com")]),
    );
    assert!(within.is_ok());
}

#[test]
fn rustsec_2026_0098_uri_constraints() {
    let uri = |uri| alt_names(&[(URI, uri)]);
    let permitted = |base| constraints(&[(URI, base)], &[]);
    let excluded = |base| constraints(&[], &[(URI, base)]);
    for (constraint, name, fits) in [
        (permitted("example.com"), "https://example.com/x", true),
        (permitted("example.com"), "spiffe://example.com/x", true),
        (permitted("example.com"), "https://a.example.com/", false),
        (permitted(".example.com"), "https://a.example.com/", true),
        (
            permitted("example.com"),
            "https://evil.org/example.com",
            false,
        ),
        (
            permitted("example.com"),
            "https://example.com@evil.org/",
            false,
        ),
        (excluded("evil.org"), "https://evil.org/", false),
        (excluded("evil.org"), "https://EVIL.org.:443/", false),
        (excluded("evil.org"), "https://example.com/", true),
        // Without a host nobody can tell.
        (permitted("example.com"), "urn:example:x", false),
        (excluded("evil.org"), "https://192.0.2.1/", false),
        (excluded("evil.org"), "https://%65vil.org/", false),
    ] {
        let result = under(constraint, uri(name));
        if fits {
            assert!(result.is_ok(), "{name}: {result:?}");
        } else {
            name_refused(result, name);
        }
    }
}

#[test]
fn mail_constraints() {
    let mail = |address| alt_names(&[(EMAIL, address)]);
    for (permitted, address, fits) in [
        ("example.com", "a@example.com", true),
        ("example.com", "a@b.example.com", false),
        (".example.com", "a@b.example.com", true),
        ("a@example.com", "a@example.com", true),
        ("a@example.com", "b@example.com", false),
        ("example.com", "nobody", false),
    ] {
        let result = under(constraints(&[(EMAIL, permitted)], &[]), mail(address));
        if fits {
            assert!(result.is_ok(), "{address}: {result:?}");
        } else {
            name_refused(result, address);
        }
    }
}

#[test]
fn cve_2026_49300_basic_constraints_read_past_its_bounds() {
    for (bad, fault) in [
        // The BOOLEAN, the INTEGER or the SEQUENCE says that it is longer than what there is.
        (&[0x30, 3, 1, 5, 0xff][..], DecodeFault::Truncated),
        (&[0x30, 6, 1, 1, 0xff, 2, 9, 0], DecodeFault::Truncated),
        (&[0x30, 9, 1, 1, 0xff], DecodeFault::Truncated),
        (&[0x30, 4, 1, 1, 0xff, 2], DecodeFault::Truncated),
        (&[0x30], DecodeFault::Truncated),
        (&[], DecodeFault::Truncated),
        // Or shorter.
        (&[0x30, 3, 1, 1, 0xff, 2, 1, 0], DecodeFault::TrailingBytes),
        (&[0x30, 6, 1, 0, 2, 2, 0, 1], DecodeFault::BadValue),
    ] {
        let (store, chain) = intermediate_with(|p| {
            p.is_ca = IsCa::NoCa;
            p.custom_extensions = vec![CustomExtension::from_oid_content(
                &[2, 5, 29, 19],
                bad.to_vec(),
            )];
        });
        refused(
            verify_server(store, &chain),
            1,
            AlertDescription::BAD_CERTIFICATE,
            |f| matches!(f, Fault::Malformed(e) if e.fault == fault && e.what.contains("onstraint")),
        );
    }
}

#[test]
fn any_extended_key_usage() {
    let pki = TestPki::new();
    let chain = leaf_with(&pki, |p| {
        p.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any]
    });
    assert!(verify_server(pki.roots(), &chain).is_ok());
    let web = PathVerifier::new(pki.roots()).with_profile(Profile::WEB);
    let request = request(&chain, Role::Server, Some(HOST));
    refused(
        web.verify_now(&request, &RUSTCRYPTO.verify),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::ExtendedKeyUsage {
                needed: "serverAuth",
            }
        },
    );
}

#[test]
fn nul_in_names() {
    let pki = TestPki::new();
    let nul = format!("{HOST}\0.evil.org");
    for (tag, what) in [
        (DNS, "dNSName"),
        (EMAIL, "rfc822Name"),
        (URI, "uniformResourceIdentifier"),
    ] {
        let chain = leaf_with(&pki, |p| {
            p.subject_alt_names.clear();
            p.custom_extensions = vec![alt_names(&[(tag, &nul)])];
        });
        refused(
            verify_server(pki.roots(), &chain),
            0,
            AlertDescription::BAD_CERTIFICATE,
            |f| matches!(f, Fault::Malformed(e) if e.what == what && e.fault == DecodeFault::BadValue),
        );
    }
    // In a common name it is nobody's host, and shown escaped.
    let chain = leaf_with(&pki, |p| {
        p.subject_alt_names.clear();
        p.distinguished_name = distinguished_name(&nul);
    });
    let error = verify_server(pki.roots(), &chain).unwrap_err();
    assert!(matches!(error.fault, Fault::NameMismatch { .. }));
    let subject = error.subject.unwrap();
    assert!(subject.as_str().contains("\\00.evil.org"), "{subject}");
}

#[test]
fn ber_lengths() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let [0x30, 0x82, high, low, contents @ ..] = &chain[0][..] else {
        panic!("a certificate is longer than 255 octets")
    };
    for bytes in [
        // One octet more than needed; the indefinite form.
        [&[0x30, 0x83, 0, *high, *low], contents].concat(),
        [&[0x30, 0x84, 0, 0, *high, *low], contents].concat(),
        [&[0x30, 0x80], contents, &[0, 0]].concat(),
    ] {
        let chain = [bytes.into(), chain[1].clone()];
        refused(
            verify_server(pki.roots(), &chain),
            0,
            AlertDescription::BAD_CERTIFICATE,
            |f| matches!(f, Fault::Malformed(e) if e.fault == DecodeFault::BadLength),
        );
    }
}

/// The chain with one certificate's `from` replaced by `to`, wherever it is.
fn with_replaced(
    chain: &[CertificateDer<'static>],
    index: usize,
    from: &[u8],
    to: &[u8],
) -> Vec<CertificateDer<'static>> {
    assert_eq!(from.len(), to.len());
    let mut bytes = chain[index].to_vec();
    let at = (0..bytes.len()).find(|i| bytes[*i..].starts_with(from));
    bytes[at.unwrap()..][..to.len()].copy_from_slice(to);
    let mut chain = chain.to_vec();
    chain[index] = bytes.into();
    chain
}

#[test]
fn explicit_curve_parameters() {
    const P256_NAME: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
    // The beginnings of SpecifiedECDomain, and no parameters at all.
    const SPECIFIED: &[u8] = &[0x30, 8, 2, 1, 1, 0x30, 3, 6, 1, 0x2a];
    const NONE: &[u8] = &[5, 8, 0, 0, 0, 0, 0, 0, 0, 0];
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    for index in [0, 1] {
        for parameters in [SPECIFIED, NONE] {
            let chain = with_replaced(&chain, index, P256_NAME, parameters);
            refused(
                verify_server(pki.roots(), &chain),
                index,
                AlertDescription::UNSUPPORTED_CERTIFICATE,
                |f| *f == Fault::ExplicitCurve,
            );
        }
    }
}

#[test]
fn unsupported_key_types() {
    let root = Ca::root("Root", P256);
    for (kind, from, to, name) in [
        // secp256k1 for P-384, Ed448 for Ed25519, DSA for RSA.
        (
            KeyKind::EcdsaP384,
            &[6, 5, 0x2b, 0x81, 4, 0, 34][..],
            &[6, 5, 0x2b, 0x81, 4, 0, 10][..],
            "1.3.132.0.10",
        ),
        (
            KeyKind::Ed25519,
            &[6, 3, 0x2b, 0x65, 0x70],
            &[6, 3, 0x2b, 0x65, 0x71],
            "Ed448",
        ),
        (
            KeyKind::Rsa2048,
            &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1],
            &[6, 9, 0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1, 1, 1],
            "1.2.840.10040.4.1.1.1",
        ),
    ] {
        let (leaf, _) = root.issue_for(&server_params(&[HOST]), kind);
        let chain = with_replaced(&[leaf], 0, from, to);
        refused(
            verify_server(roots([&root.certificate]), &chain),
            0,
            AlertDescription::UNSUPPORTED_CERTIFICATE,
            |f| matches!(f, Fault::KeyKind { kind } if kind.as_str() == name),
        );
    }
}

/// Signs with a key on P-384, and a digest of 32 octets.
struct ShortDigest<'a>(&'a TestKey, &'static SignatureAlgorithm);

impl PublicKeyData for ShortDigest<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.1
    }
}

impl rcgen::SigningKey for ShortDigest<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        use p384::ecdsa::signature::hazmat::PrehashSigner;
        use p384::pkcs8::DecodePrivateKey;
        use sha2::{Digest, Sha256};
        let key = self.0.private();
        let key = p384::ecdsa::SigningKey::from_pkcs8_der(key.secret_der()).unwrap();
        let signature: p384::ecdsa::Signature = key.sign_prehash(&Sha256::digest(message)).unwrap();
        Ok(signature.to_der().as_bytes().to_vec())
    }
}

#[test]
fn a_digest_too_small_for_the_key() {
    let ca = Ca::root("Root", KeyKind::EcdsaP384);
    let key = TestKey::fresh(P256);
    let leaf = |algorithm| {
        let signer = ShortDigest(&ca.key, algorithm);
        vec![ca.issue_signed_by(&server_params(&[HOST]), &key, &signer)]
    };
    let web = |chain: &[CertificateDer<'static>]| {
        PathVerifier::new(roots([&ca.certificate]))
            .with_profile(Profile::WEB)
            .verify_now(
                &request(chain, Role::Server, Some(HOST)),
                &RUSTCRYPTO.verify,
            )
    };
    let bad = AlertDescription::BAD_CERTIFICATE;
    // SHA-256 with P-384 is what `openssl req` makes of such a key if nobody says otherwise.
    let chain = leaf(&rcgen::PKCS_ECDSA_P256_SHA256);
    refused(web(&chain), 0, bad, |f| *f == Fault::DigestSize);
    assert!(verify_server(roots([&ca.certificate]), &chain).is_ok());
    // It doesn't pass for SHA-384.
    let lie = leaf(&rcgen::PKCS_ECDSA_P384_SHA384);
    for result in [web(&lie), verify_server(roots([&ca.certificate]), &lie)] {
        refused(result, 0, bad, |f| *f == Fault::BadSignature);
    }
    // SHA-224 is verified with by nobody, whatever the key.
    const SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    const SHA224: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 1];
    let once = with_replaced(&chain, 0, SHA256, SHA224);
    let twice = with_replaced(&once, 0, SHA256, SHA224);
    refused(
        verify_server(roots([&ca.certificate]), &twice),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| matches!(f, Fault::SignatureAlgorithm { .. }),
    );
}
