//! NIST's PKITS (2011): every case of path validation, with the verdict of its document.
//!
//! `vectors/pkits.cases` lists them; the certificates and CRLs are in `vectors/pkits.bin`.

use rustls_pki_types::{CertificateDer, UnixTime};
use std::collections::HashMap;
use std::time::Duration;
use symbolon::error::CertificateError;
use symbolon::pki::{
    CrlStore, InitialPolicies, PathVerifier, PeerChain, Revocation, RevocationDepth, Role,
    RootStore, UnknownStatus, VerifiedChain, VerifyRequest,
};
use symbolon::provider::rustcrypto::RUSTCRYPTO;

/// Cases and parts of them.
const CASES: usize = 249;
/// Within the certificates' time, which ends with 2030: 2026-01-01T00:00:00Z.
const NOW: u64 = 1_767_225_600;

/// The cases whose verdict isn't the document's, and why.
const DIFFERENT: &[(&str, &[&str])] = &[
    ("DSA isn't verified with here", &["1.4", "1.5"]),
    (
        "indirect CRLs aren't used: the status stays unknown",
        &[
            "14.22", "14.24", "14.25", "14.28", "14.29", "14.30", "14.33",
        ],
    ),
    (
        "delta CRLs aren't used: what changed after the complete list isn't seen",
        &["15.4", "15.5"],
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
    // The document asks for the status of every certificate.
    let mut crls = CrlStore::new();
    for name in case.crls.iter().chain(&["TrustAnchorRootCRL"]) {
        // One that isn't used here is as none.
        let _ = crls.add(&files[*name][..]);
    }
    let verifier = PathVerifier::new(roots)
        .with_policies(case.policies.clone())
        .with_revocation(Revocation {
            depth: RevocationDepth::Chain,
            crls: crls.into(),
            unknown: UnknownStatus::Refuse,
            ..Revocation::default()
        });
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
    let lists = DIFFERENT.iter();
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
    for (reason, numbers) in DIFFERENT {
        println!(
            "otherwise than documented: {reason}: {}",
            numbers.join(", ")
        );
    }
    let others: usize = DIFFERENT.iter().map(|(_, n)| n.len()).sum();
    println!("as documented {}/{CASES}", CASES - others);
}
