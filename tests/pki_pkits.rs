//! NIST's PKITS (2011): every case of path validation, with the verdict of its document.
//!
//! `vectors/pkits.cases` lists them; the certificates and CRLs are in `vectors/pkits.bin`.

use rustls_pki_types::{CertificateDer, UnixTime};
use std::collections::HashMap;
use std::time::Duration;
use symbolon::error::CertificateError;
use symbolon::pki::{
    InitialPolicies, PathVerifier, PeerChain, Role, RootStore, VerifiedChain, VerifyRequest,
};
use symbolon::provider::rustcrypto::RUSTCRYPTO;

/// Cases and parts of them.
const CASES: usize = 249;
/// Within the certificates' time, which ends with 2030: 2026-01-01T00:00:00Z.
const NOW: u64 = 1_767_225_600;

/// The cases whose verdict isn't the document's, and why.
const DIFFERENT: &[(&str, &[&str])] = &[("DSA isn't verified with here", &["1.4", "1.5"])];

/// The cases that only a CRL makes invalid: they come out valid as long as [`verify`] doesn't
/// look at [`Case::crls`].
const NEED_CRLS: &[(&str, &[&str])] = &[
    (
        "a CRL that is missing, old, ill-signed or not understood, or a revoked certificate",
        &[
            "4.1", "4.2", "4.3", "4.4", "4.5", "4.6", "4.8", "4.9", "4.10", "4.11", "4.12", "4.15",
            "4.18", "4.20", "4.21",
        ],
    ),
    (
        "a certificate that was revoked under the CA's other key",
        &["5.2", "5.5", "5.7"],
    ),
    ("a CRL of a key that may not sign one", &["7.4", "7.5"]),
    (
        "a distribution point whose CRL is missing or has it revoked",
        &[
            "14.2", "14.3", "14.6", "14.8", "14.9", "14.11", "14.12", "14.14", "14.15", "14.16",
            "14.17", "14.20", "14.21", "14.23", "14.26", "14.27", "14.31", "14.32", "14.34",
            "14.35",
        ],
    ),
    (
        "a delta CRL",
        &["15.1", "15.3", "15.4", "15.6", "15.9", "15.10"],
    ),
];

struct Case<'a> {
    number: &'a str,
    valid: bool,
    /// The leaf first, without the root.
    path: Vec<&'a str>,
    /// Without the root's.
    crls: Vec<&'a str>,
    policies: InitialPolicies,
}

fn vector(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

/// The DER of certificates and CRLs by their names.
fn files() -> HashMap<String, Vec<u8>> {
    let bytes = miniz_oxide::inflate::decompress_to_vec(&vector("pkits.bin")).unwrap();
    let mut files = HashMap::new();
    let mut rest = &bytes[..];
    while let [length, after @ ..] = rest {
        let (name, after) = after.split_at(usize::from(*length));
        let (length, after) = after.split_first_chunk().unwrap();
        let (der, after) = after.split_at(u16::from_be_bytes(*length).into());
        files.insert(String::from_utf8(name.to_vec()).unwrap(), der.to_vec());
        rest = after;
    }
    files
}

fn parse(line: &str) -> Case<'_> {
    let mut words = line.split(' ');
    let mut next = || words.next().unwrap();
    let (number, verdict) = (next(), next());
    let path = next().split('+').collect();
    let crls = next().split('+').filter(|name| *name != "-").collect();
    let mut policies = InitialPolicies::default();
    for setting in words {
        match setting.split_once('=') {
            Some(("policies", numbers)) => {
                policies.set = numbers.split(',').map(test_policy).collect();
            }
            None if setting == "explicit" => policies.explicit = true,
            None if setting == "no-mapping" => policies.inhibit_mapping = true,
            None if setting == "no-any" => policies.inhibit_any = true,
            _ => panic!("{setting}"),
        }
    }
    Case {
        number,
        valid: match verdict {
            "valid" => true,
            "invalid" => false,
            other => panic!("{other}"),
        },
        path,
        crls,
        policies,
    }
}

/// NIST-test-policy-N: 2.16.840.1.101.3.2.1.48.N.
fn test_policy(number: &str) -> Vec<u8> {
    let dotted = format!("2.16.840.1.101.3.2.1.48.{number}");
    InitialPolicies::one_of(&[&dotted]).unwrap().set.remove(0)
}

fn verify(
    case: &Case<'_>,
    files: &HashMap<String, Vec<u8>>,
) -> Result<VerifiedChain, CertificateError> {
    let mut roots = RootStore::new();
    let root = &files["TrustAnchorRootCertificate"];
    roots.add(&CertificateDer::from(&root[..])).unwrap();
    let verifier = PathVerifier::new(roots).with_policies(case.policies.clone());
    let request = VerifyRequest {
        chain: PeerChain::new(case.path.iter().map(|name| (&files[*name][..], None))),
        role: Role::Client,
        name: None,
        now: UnixTime::since_unix_epoch(Duration::from_secs(NOW)),
    };
    verifier.verify_now(&request, &RUSTCRYPTO.verify)
}

#[test]
fn every_case_comes_out_as_documented() {
    let files = files();
    let cases = String::from_utf8(vector("pkits.cases")).unwrap();
    let cases: Vec<Case<'_>> = cases
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(parse)
        .collect();
    assert_eq!(cases.len(), CASES);
    for case in &cases {
        assert!(case.crls.iter().all(|name| files.contains_key(*name)));
    }
    let lists = DIFFERENT.iter().chain(NEED_CRLS);
    let mut excused: Vec<&str> = lists.flat_map(|(_, numbers)| *numbers).copied().collect();
    for case in &cases {
        let result = verify(case, &files);
        let documented = result.is_ok() == case.valid;
        let listed = excused.iter().position(|number| *number == case.number);
        assert_eq!(documented, listed.is_none(), "{}: {result:?}", case.number);
        if let Some(listed) = listed {
            excused.remove(listed);
        }
    }
    assert!(excused.is_empty(), "no such case: {excused:?}");
    for (reason, numbers) in DIFFERENT.iter().chain(NEED_CRLS) {
        println!(
            "otherwise than documented: {reason}: {}",
            numbers.join(", ")
        );
    }
    let others: usize = DIFFERENT
        .iter()
        .chain(NEED_CRLS)
        .map(|(_, n)| n.len())
        .sum();
    println!("as documented {}/{CASES}", CASES - others);
}
