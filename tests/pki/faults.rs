//! Each fault is refused with its own error, at its place, with its alert.

use super::*;

#[test]
fn a_chain_of_nothing() {
    let pki = TestPki::new();
    refused(
        verify_client(pki.roots(), &[]),
        None,
        AlertDescription::CERTIFICATE_REQUIRED,
        |f| *f == Fault::NoCertificate,
    );
}

#[test]
fn garbage_and_trailing_bytes() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let mut long = chain[0].to_vec();
    long.push(0);
    for bad in [vec![], vec![0x30], vec![0xff; 100], long] {
        let mut chain = chain.clone();
        chain[0] = bad.into();
        refused(
            verify_server(pki.roots(), &chain),
            0,
            AlertDescription::BAD_CERTIFICATE,
            |f| matches!(f, Fault::Malformed(_)),
        );
    }
    // An intermediate that can't be read is as good as none, but is what is told.
    let broken = [chain[0].clone(), vec![0x30, 0x01].into()];
    refused(
        verify_server(pki.roots(), &broken),
        1,
        AlertDescription::BAD_CERTIFICATE,
        |f| matches!(f, Fault::Malformed(_)),
    );
    let extra = [chain[0].clone(), vec![0x30, 0x01].into(), chain[1].clone()];
    assert_eq!(verify_server(pki.roots(), &extra).unwrap().path(), [0, 2]);
}

#[test]
fn every_prefix_and_every_changed_byte_is_survived() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let leaf = chain[0].to_vec();
    for end in 0..leaf.len() {
        assert!(Certificate::parse(&leaf[..end]).is_err());
    }
    for i in 0..leaf.len() {
        let mut changed = leaf.clone();
        changed[i] ^= 0x01;
        let chain = [changed.into(), chain[1].clone()];
        assert!(verify_server(pki.roots(), &chain).is_err(), "byte {i}");
    }
}

#[test]
fn time() {
    let pki = TestPki::new();
    let (chain, _) = pki.expired_leaf(&[HOST], P256);
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::CERTIFICATE_EXPIRED,
        |f| matches!(f, Fault::Expired { not_after, .. } if not_after.0 == 1_735_689_600),
    );
    let chain = leaf_with(&pki, |p| p.not_before = date_time_ymd(2027, 1, 1));
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::CERTIFICATE_EXPIRED,
        |f| matches!(f, Fault::NotYetValid { .. }),
    );
    let (store, chain) = intermediate_with(|p| p.not_after = date_time_ymd(2025, 1, 1));
    refused(
        verify_server(store, &chain),
        1,
        AlertDescription::CERTIFICATE_EXPIRED,
        |f| matches!(f, Fault::Expired { .. }),
    );
    // Both ends belong to it (RFC 5280 4.1.2.5), and GeneralizedTime is read like UTCTime.
    let chain = leaf_with(&pki, |p| {
        p.not_before = date_time_ymd(2026, 1, 1);
        p.not_after = date_time_ymd(2050, 1, 1);
    });
    let verifier = PathVerifier::new(roots([&Ca::root("other", P256).certificate]));
    for (now, fault) in [
        (1_767_225_599, Some("valid from")),
        (1_767_225_600, None),
        (2_524_608_000, None),
        (2_524_608_001, Some("expired")),
    ] {
        let mut request = request(&chain, Role::Server, Some(HOST));
        request.now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        let error = verifier
            .verify_now(&request, &RUSTCRYPTO.verify)
            .unwrap_err();
        match fault {
            Some(words) => assert!(error.to_string().contains(words), "{error}"),
            // The intermediate has expired by 2050; either way the leaf's time is right.
            None => assert!(error.index == Some(1), "{error}"),
        }
    }
}

#[test]
fn a_server_needs_a_name_to_check() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let result = PathVerifier::new(pki.roots())
        .verify_now(&request(&chain, Role::Server, None), &RUSTCRYPTO.verify);
    refused(result, 0, AlertDescription::INTERNAL_ERROR, |f| {
        *f == Fault::NoNameToCheck
    });
}

#[test]
fn unknown_issuers() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let issuer_is = |name: &'static str, signed: bool| {
        move |f: &Fault| {
            matches!(f, Fault::UnknownIssuer { issuer, self_signed }
                if issuer.as_str() == name && *self_signed == signed)
        }
    };
    // The intermediate is missing.
    refused(
        verify_server(pki.roots(), &chain[..1]),
        0,
        AlertDescription::UNKNOWN_CA,
        issuer_is("CN=Test Intermediate,O=symbolon test", false),
    );
    // Nobody is trusted.
    refused(
        verify_server(RootStore::new(), &chain),
        1,
        AlertDescription::UNKNOWN_CA,
        issuer_is("CN=Test Root,O=symbolon test", false),
    );
    // The root came along and isn't trusted for that.
    let whole = [chain[0].clone(), chain[1].clone(), pki.root()];
    refused(
        verify_server(RootStore::new(), &whole),
        2,
        AlertDescription::UNKNOWN_CA,
        issuer_is("CN=Test Root,O=symbolon test", true),
    );
    assert_eq!(verify_server(pki.roots(), &whole).unwrap().path(), [0, 1]);
    let (lone, _) = self_signed(&[HOST], P256);
    refused(
        verify_server(pki.roots(), &[lone]),
        0,
        AlertDescription::UNKNOWN_CA,
        issuer_is("CN=server,O=symbolon test", true),
    );
    // Another root of the same name has another key.
    let twin = TestPki::new();
    refused(
        verify_server(twin.roots(), &chain),
        1,
        AlertDescription::BAD_CERTIFICATE,
        |f| *f == Fault::BadSignature,
    );
}

#[test]
fn only_a_ca_issues() {
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let (store, chain) = intermediate_with(|p| p.is_ca = is_ca);
        refused(
            verify_server(store, &chain),
            1,
            AlertDescription::UNKNOWN_CA,
            |f| *f == Fault::NotACa,
        );
    }
    let (store, chain) =
        intermediate_with(|p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
    refused(
        verify_server(store, &chain),
        1,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::KeyUsage {
                needed: "keyCertSign",
            }
        },
    );
}

#[test]
fn key_usage_and_purpose_of_the_leaf() {
    let pki = TestPki::new();
    let chain = leaf_with(&pki, |p| {
        p.key_usages = vec![KeyUsagePurpose::KeyEncipherment]
    });
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::KeyUsage {
                needed: "digitalSignature",
            }
        },
    );
    // Neither extension is needed.
    let chain = leaf_with(&pki, |p| {
        p.key_usages.clear();
        p.extended_key_usages.clear();
    });
    assert!(verify_server(pki.roots(), &chain).is_ok());
    let chain = leaf_with(&pki, |p| {
        p.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::CodeSigning,
            ExtendedKeyUsagePurpose::Any,
        ];
    });
    assert!(verify_server(pki.roots(), &chain).is_ok());
    // A client's certificate is no server's, and the other way round.
    let (client, _) = pki.issue(&named(&[HOST]), P256);
    refused(
        verify_server(pki.roots(), &client),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::ExtendedKeyUsage {
                needed: "serverAuth",
            }
        },
    );
    let (server, _) = pki.leaf(&[HOST], P256);
    refused(
        verify_client(pki.roots(), &server),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::ExtendedKeyUsage {
                needed: "clientAuth",
            }
        },
    );
    // A CA's purposes limit those below.
    let (store, chain) =
        intermediate_with(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    refused(
        verify_server(store, &chain),
        1,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::ExtendedKeyUsage {
                needed: "serverAuth",
            }
        },
    );
}

fn extension(oid: &[u64], critical: bool, content: Vec<u8>) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content);
    extension.set_criticality(critical);
    extension
}

#[test]
fn critical_extensions() {
    let unknown = |critical| extension(&[1, 3, 6, 1, 4, 1, 99_999, 1], critical, vec![5, 0]);
    let pki = TestPki::new();
    let chain = leaf_with(&pki, |p| p.custom_extensions = vec![unknown(false)]);
    assert!(verify_server(pki.roots(), &chain).is_ok());
    let is_it = |f: &Fault| matches!(f, Fault::CriticalExtension { oid } if oid.as_str() == "1.3.6.1.4.1.99999.1");
    let alert = AlertDescription::UNSUPPORTED_CERTIFICATE;
    let chain = leaf_with(&pki, |p| p.custom_extensions = vec![unknown(true)]);
    refused(verify_server(pki.roots(), &chain), 0, alert, is_it);
    let (store, chain) = intermediate_with(|p| p.custom_extensions = vec![unknown(true)]);
    refused(verify_server(store, &chain), 1, alert, is_it);
    // policyConstraints asks for a policy, of which there is none.
    let policy = extension(&[2, 5, 29, 36], true, vec![0x30, 3, 0x80, 1, 0]);
    let (store, chain) = intermediate_with(|p| p.custom_extensions = vec![policy]);
    refused(
        verify_server(store, &chain),
        0,
        AlertDescription::CERTIFICATE_UNKNOWN,
        |f| *f == Fault::NoPolicy,
    );
    // RFC 5280 4.2: no extension twice.
    let chain = leaf_with(&pki, |p| {
        p.custom_extensions = vec![unknown(false), unknown(false)]
    });
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::BAD_CERTIFICATE,
        |f| matches!(f, Fault::Malformed(e) if e.fault == symbolon::error::DecodeFault::Duplicate),
    );
}

/// Says that it signs with another algorithm than it does.
struct Claims<'a>(&'a TestKey, &'static SignatureAlgorithm);

impl PublicKeyData for Claims<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.1
    }
}

impl rcgen::SigningKey for Claims<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message)
    }
}

/// Replaces the `n`th occurrences of `from`, for each `n` given.
fn replace(der: &[u8], from: &[u8], to: &[u8], which: &[usize]) -> CertificateDer<'static> {
    let mut out = der.to_vec();
    let starts: Vec<usize> = (0..der.len())
        .filter(|i| der[*i..].starts_with(from))
        .collect();
    for n in which {
        out[starts[*n]..][..to.len()].copy_from_slice(to);
    }
    out.into()
}

#[test]
fn signatures_and_their_algorithms() {
    let pki = TestPki::new();
    let params = server_params(&[HOST]);
    let key = TestKey::fresh(P256);
    let bad = AlertDescription::BAD_CERTIFICATE;
    let unsupported = AlertDescription::UNSUPPORTED_CERTIFICATE;
    let with_leaf = |leaf| [leaf, pki.intermediate.certificate.clone()];

    let stranger = TestKey::fresh(P256);
    let leaf = pki.intermediate.issue_signed_by(&params, &key, &stranger);
    refused(verify_server(pki.roots(), &with_leaf(leaf)), 0, bad, |f| {
        *f == Fault::BadSignature
    });

    let claims = Claims(&pki.intermediate.key, &rcgen::PKCS_ED25519);
    let leaf = pki.intermediate.issue_signed_by(&params, &key, &claims);
    refused(
        verify_server(pki.roots(), &with_leaf(leaf)),
        0,
        unsupported,
        |f| *f == Fault::IssuerKeyKind,
    );

    const ECDSA_SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    const ECDSA_SHA512: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
    let good = pki.intermediate.issue(&params, &key);
    for which in [0, 1] {
        let leaf = replace(&good, ECDSA_SHA256, ECDSA_SHA512, &[which]);
        refused(verify_server(pki.roots(), &with_leaf(leaf)), 0, bad, |f| {
            *f == Fault::AlgorithmMismatch
        });
    }
    const ECDSA_UNKNOWN: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 99];
    let leaf = replace(&good, ECDSA_SHA256, ECDSA_UNKNOWN, &[0, 1]);
    refused(
        verify_server(pki.roots(), &with_leaf(leaf)),
        0,
        unsupported,
        |f| {
            matches!(f, Fault::SignatureAlgorithm { algorithm }
            if algorithm.as_str() == "1.2.840.10045.4.3.99")
        },
    );

    let rsa = TestPki::with_keys(KeyKind::Rsa2048);
    let good = rsa.intermediate.issue(&params, &key);
    const RSA_SHA256: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    for (last, name) in [(4, "md5WithRSAEncryption"), (5, "sha1WithRSAEncryption")] {
        let mut broken = RSA_SHA256.to_vec();
        broken[10] = last;
        let leaf = replace(&good, RSA_SHA256, &broken, &[0, 1]);
        let chain = [leaf, rsa.intermediate.certificate.clone()];
        refused(verify_server(rsa.roots(), &chain), 0, bad, |f| {
            *f == Fault::BrokenSignatureAlgorithm { algorithm: name }
        });
    }
}

/// An RSA key of any size that nobody has the private half of.
pub struct RsaPublic(Vec<u8>);

impl RsaPublic {
    fn of_bits(bits: usize) -> Self {
        let mut modulus = vec![0xff; bits / 8 + 1];
        modulus[0] = 0;
        Self::new(&modulus, &[1, 0, 1])
    }

    pub fn new(modulus: &[u8], exponent: &[u8]) -> Self {
        Self(der(0x30, &[&der(2, &[modulus]), &der(2, &[exponent])]))
    }
}

impl PublicKeyData for RsaPublic {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[test]
fn sizes_of_rsa_keys() {
    let pki = TestPki::new();
    for (size, fits) in [
        (2048, true),
        (8192, true),
        (1024, false),
        (2040, false),
        (8200, false),
    ] {
        let leaf = pki
            .intermediate
            .issue(&server_params(&[HOST]), &RsaPublic::of_bits(size));
        let result = verify_server(pki.roots(), &[leaf, pki.intermediate.certificate.clone()]);
        if fits {
            assert!(result.is_ok(), "{size}");
        } else {
            refused(result, 0, AlertDescription::BAD_CERTIFICATE, |f| {
                *f == Fault::KeySize { bits: size }
            });
        }
    }
}

#[test]
fn every_fault_has_words() {
    let pki = TestPki::new();
    let (chain, _): Identity = pki.leaf(&["other.example.com"], P256);
    let error = verify_server(pki.roots(), &chain).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the peer's certificate (CN=server,O=symbolon test) is not for host.example.com \
         but for other.example.com"
    );
    assert_eq!(error.rule(), Some("RFC 9525 6"));
    assert!(error.remedy().is_some());
}
