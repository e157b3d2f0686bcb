//! Names, chains, and what tells of revocation.

use crate::transparent::TRANSPARENT;
use crate::{LEAF, NOW, ROOT, name};
use rustls_pki_types::{CertificateDer, ServerName};
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use symbolon::pki::{
    Budget, Certificate, Crl, CrlStore, CtLog, OcspResponse, PathVerifier, PeerChain, PeerEntry,
    Profile, Revocation, RevocationDepth, Role, RootStore, TimestampPolicy, UnknownStatus,
    VerifyRequest,
};

/// One element of DER.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let [high, low] = u16::try_from(body.len())
        .expect("it is short")
        .to_be_bytes();
    let out = match (high, low) {
        (0, 0..=0x7f) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [out, body].concat()
}

/// A certificate with these names, signed by nobody.
fn certificate_for(names: &[u8]) -> Vec<u8> {
    let leaf = Certificate::parse(LEAF).expect("it is good");
    let algorithm = tlv(0x30, &[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"]);
    let years = [
        &tlv(0x17, &[b"200101000000Z"])[..],
        &tlv(0x17, &[b"400101000000Z"]),
    ]
    .concat();
    let value = tlv(0x04, &[&tlv(0x30, &[names])]);
    let extension = tlv(0x30, &[b"\x06\x03\x55\x1d\x11", &value]);
    let tbs = tlv(
        0x30,
        &[
            b"\xa0\x03\x02\x01\x02\x02\x01\x01",
            &algorithm,
            &tlv(0x30, &[leaf.issuer().contents()]),
            &tlv(0x30, &[&years]),
            &tlv(0x30, &[leaf.subject().contents()]),
            leaf.subject_public_key_info(),
            &tlv(0xa3, &[&tlv(0x30, &[&extension])]),
        ],
    );
    tlv(0x30, &[&tbs, &algorithm, b"\x03\x02\x00\x00"])
}

/// A name that is asked for, a zero octet, and the names of a certificate, zeros between: one fits
/// exactly where a plain reading of RFC 9525 6.3 says so.
pub fn names(bytes: &[u8]) {
    let mut parts = bytes.split(|b| *b == 0);
    let asked = parts
        .next()
        .and_then(|asked| std::str::from_utf8(asked).ok());
    let Some(Ok(asked)) = asked.map(ServerName::try_from) else {
        return;
    };
    let presented: Vec<&[u8]> = parts.take(20).collect();
    let octets: Vec<Vec<u8>> = presented
        .iter()
        .filter(|name| name.len() < 200)
        .flat_map(|name| [tlv(0x82, &[name]), tlv(0x87, &[name])])
        .collect();
    let certificate = certificate_for(&octets.concat());
    let Ok(certificate) = Certificate::parse(&certificate) else {
        return;
    };
    let fits = presented
        .iter()
        .filter(|name| name.len() < 200)
        .any(|name| match &asked {
            ServerName::DnsName(asked) => plain_match(name, asked.as_ref()),
            ServerName::IpAddress(asked) => match IpAddr::from(*asked) {
                IpAddr::V4(ip) => ip.octets() == **name,
                IpAddr::V6(ip) => ip.octets() == **name,
            },
            _ => false,
        });
    assert_eq!(
        certificate.matches_name(&asked),
        fits,
        "{asked:?} {presented:?}"
    );
    let (shown, _) = certificate.presented_names();
    assert!(shown.len() <= 5 && shown.iter().all(|name| name.as_str().len() < 300));
}

/// Label by label.
fn plain_match(presented: &[u8], asked: &str) -> bool {
    let asked = asked
        .strip_suffix('.')
        .unwrap_or(asked)
        .to_ascii_lowercase();
    let Ok(presented) = std::str::from_utf8(presented) else {
        return false;
    };
    let presented = presented.to_ascii_lowercase();
    let (own, wanted): (Vec<&str>, Vec<&str>) =
        (presented.split('.').collect(), asked.split('.').collect());
    match own.split_first() {
        Some((&"*", rest)) => rest.len() >= 2 && wanted.len() == own.len() && rest == &wanted[1..],
        _ => own == wanted,
    }
}

/// Options, then certificates, each with its length in two octets before it: a whole chain is
/// verified as if every signature were good, so that the search and its rules are what is tried.
pub fn chain(bytes: &[u8]) {
    let Some((options, mut rest)) = bytes.split_first() else {
        return;
    };
    let mut certificates: Vec<&[u8]> = Vec::new();
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (certificate, after) = after.split_at(length);
        certificates.push(certificate);
        rest = after;
    }
    let mut roots = RootStore::new();
    if options & 1 == 0 {
        roots.add(&CertificateDer::from(ROOT)).expect("it is good");
    }
    // The last one is trusted too, and isn't sent.
    if options & 2 != 0
        && let Some(last) = certificates.pop()
    {
        let _ = roots.add(&CertificateDer::from(last));
    }
    let role = if options & 4 == 0 {
        Role::Server
    } else {
        Role::Client
    };
    let mut verifier = PathVerifier::new(roots).with_root_hints();
    if options & 8 != 0 {
        verifier = verifier.with_profile(Profile::WEB);
    }
    if options & 16 != 0 {
        verifier = verifier.with_budget(Budget {
            steps: 20,
            signatures: 3,
            comparisons: 50,
            ..Budget::default()
        });
    }
    let request = VerifyRequest {
        chain: PeerChain::new(certificates.iter().map(|der| (*der, None))),
        role,
        name: (role == Role::Server).then(name),
        now: NOW,
    };
    match verifier.verify_now(&request, &TRANSPARENT.verify) {
        Ok(verified) => {
            let path = verified.path();
            assert_eq!(path.first(), Some(&0));
            let distinct: std::collections::BTreeSet<_> = path.iter().collect();
            assert_eq!(distinct.len(), path.len());
            let parsed: Vec<_> = path
                .iter()
                .map(|i| Certificate::parse(certificates[*i]).expect("it is on the path"))
                .collect();
            assert!(role == Role::Client || parsed[0].matches_name(&name()));
            let now = i64::try_from(NOW.as_secs()).expect("it is soon");
            for certificate in &parsed {
                let (from, to) = certificate.validity();
                assert!(from.0 <= now && now <= to.0);
            }
            drop(verified.describe(&request.chain).to_string());
        }
        Err(error) => {
            assert!(error.index.is_none_or(|i| i < certificates.len()));
            drop(format!(
                "{error} {error:?} {:?} {:?}",
                error.rule(),
                error.remedy()
            ));
        }
    }
}

fn request() -> VerifyRequest {
    VerifyRequest {
        chain: PeerChain::new([(LEAF, None)].into_iter()),
        role: Role::Server,
        name: Some(name()),
        now: NOW,
    }
}

/// A CRL is read, and asked about the leaf as if every signature were good. Whether it is one.
pub fn crl(bytes: &[u8]) -> bool {
    if let Ok(crl) = Crl::parse(bytes) {
        let count = crl.revoked().count();
        assert!(count <= bytes.len());
        drop(format!("{crl:?}"));
    }
    let mut crls = CrlStore::new();
    if crls.add(bytes).is_err() {
        return false;
    }
    judge(
        Revocation {
            crls: crls.into(),
            depth: RevocationDepth::Chain,
            unknown: UnknownStatus::Refuse,
            ..Revocation::default()
        },
        None,
    );
    true
}

/// A stapled response is read, and asked about the leaf as if every signature were good. Whether it is
/// one.
pub fn ocsp(bytes: &[u8]) -> bool {
    let parsed = OcspResponse::parse(bytes);
    if let Ok(response) = &parsed {
        assert!(response.responses().count() <= bytes.len());
        drop(format!("{response:?}"));
    }
    let policy = Revocation {
        require_staple: true,
        ..Revocation::default()
    };
    judge(policy, Some(bytes));
    parsed.is_ok()
}

fn judge(revocation: Revocation, staple: Option<&[u8]>) {
    let mut roots = RootStore::new();
    roots.add(&CertificateDer::from(ROOT)).expect("it is good");
    let verifier = PathVerifier::new(Arc::new(roots)).with_revocation(revocation);
    let request = VerifyRequest {
        chain: PeerChain::new([(LEAF, staple)].into_iter()),
        ..request()
    };
    if let Err(error) = verifier.verify_now(&request, &TRANSPARENT.verify) {
        drop(error.to_string());
    }
}

/// A list of signed certificate timestamps from the handshake, as if every signature were good: none counts
/// that isn't of the one known log.
pub fn timestamps(bytes: &[u8]) {
    static LOG: LazyLock<CtLog> = LazyLock::new(|| {
        let leaf = Certificate::parse(LEAF).expect("it is good");
        CtLog::new("a log", leaf.subject_public_key_info(), &TRANSPARENT).expect("it is a key")
    });
    static VERIFIER: LazyLock<PathVerifier> = LazyLock::new(|| {
        let mut roots = RootStore::new();
        roots.add(&CertificateDer::from(ROOT)).expect("it is good");
        PathVerifier::new(roots).with_timestamps(TimestampPolicy {
            logs: [LOG.clone()].into(),
            needed: 1,
        })
    });
    let entry = PeerEntry {
        certificate: LEAF,
        ocsp: None,
        timestamps: Some(bytes),
    };
    let request = VerifyRequest {
        chain: PeerChain::from_entries([entry].into_iter()),
        ..request()
    };
    match VERIFIER.verify_now(&request, &TRANSPARENT.verify) {
        Ok(_) => assert!(bytes.windows(32).any(|window| window == LOG.id())),
        Err(error) => drop(error.to_string()),
    }
}

/// A good list, of one timestamp.
fn timestamp_list() -> Vec<u8> {
    let leaf = Certificate::parse(LEAF).expect("it is good");
    let key = leaf.subject_public_key_info();
    let id = TRANSPARENT.verify.sha256.hash(&[key]);
    let time = ((NOW.as_secs() - 60) * 1000).to_be_bytes();
    let tail = b"\0\0\x04\x03\0\x03sig";
    let one = [&[0], id.as_bytes(), &time, tail].concat();
    let len = one.len() as u8;
    [&[0, len + 2, 0, len], &one[..]].concat()
}

/// The seeds of the targets above, and of sessions: (target, name, bytes).
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let chain = |options: u8, certificates: &[&[u8]]| {
        let mut out = vec![options];
        for der in certificates {
            out.extend(u16::try_from(der.len()).expect("it is short").to_be_bytes());
            out.extend(*der);
        }
        out
    };
    let root = Certificate::parse(ROOT).expect("it is good");
    let leaf = Certificate::parse(LEAF).expect("it is good");
    let algorithm = tlv(0x30, &[b"\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02"]);
    let times = [
        &tlv(0x17, &[b"261201000000Z"])[..],
        &tlv(0x17, &[b"270201000000Z"]),
    ]
    .concat();
    let revoked = |serial: &[u8]| {
        let reason = tlv(0x30, &[b"\x30\x0a\x06\x03\x55\x1d\x15\x04\x03\x0a\x01\x01"]);
        let entry = [
            &tlv(0x02, &[serial])[..],
            &tlv(0x17, &[b"261205000000Z"]),
            &reason,
        ]
        .concat();
        tlv(0x30, &[&tlv(0x30, &[&entry])])
    };
    let crl = |entries: &[u8]| {
        let number = tlv(0x30, &[b"\x06\x03\x55\x1d\x14\x04\x03\x02\x01\x07"]);
        let issuer = tlv(0x30, &[root.subject().contents()]);
        let extensions = tlv(0xa0, &[&tlv(0x30, &[&number])]);
        let tbs = [
            &b"\x02\x01\x01"[..],
            &algorithm,
            &issuer,
            &times,
            entries,
            &extensions,
        ];
        tlv(0x30, &[&tlv(0x30, &tbs), &algorithm, b"\x03\x02\x00\x00"])
    };
    let ocsp = |status: &[u8]| {
        let hash = |bytes: &[u8]| {
            let hash = TRANSPARENT.verify.sha256.hash(&[bytes]);
            tlv(0x04, &[hash.as_bytes()])
        };
        let sha256 = tlv(0x30, &[b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"]);
        let id = [
            &sha256[..],
            &hash(&tlv(0x30, &[root.subject().contents()])),
            &hash(root.public_key()),
            &tlv(0x02, &[leaf.serial()]),
        ];
        let next = tlv(0xa0, &[&tlv(0x18, &[b"20270201000000Z"])]);
        let this = tlv(0x18, &[b"20261201000000Z"]);
        let single = tlv(0x30, &[&tlv(0x30, &id), status, &this, &next]);
        let responder = tlv(0xa1, &[&tlv(0x30, &[root.subject().contents()])]);
        let data = tlv(0x30, &[&responder, &this, &tlv(0x30, &[&single])]);
        let basic = tlv(0x30, &[&data, &algorithm, b"\x03\x02\x00\x00"]);
        let kind = b"\x06\x09\x2b\x06\x01\x05\x05\x07\x30\x01\x01";
        let typed = tlv(0x30, &[kind, &tlv(0x04, &[&basic])]);
        tlv(0x30, &[b"\x0a\x01\x00", &tlv(0xa0, &[&typed])])
    };
    let mut all = crate::tickets::seeds();
    all.extend([
        (
            "names",
            "exact",
            b"server.example\0other.example\0Server.Example".to_vec(),
        ),
        ("names", "wildcard", b"a.b.example\0*.b.example".to_vec()),
        (
            "names",
            "absolute",
            b"a.b.example.\0a*.b.example\0*.example".to_vec(),
        ),
        ("names", "address", b"1.2.3.4\0\x01\x02\x03\x04".to_vec()),
        ("names", "address6", b"::1\0".to_vec()),
        ("chain", "leaf", chain(0, &[LEAF])),
        ("chain", "extra", chain(0, &[LEAF, ROOT, LEAF, ROOT])),
        ("chain", "trusted_last", chain(3, &[LEAF, ROOT])),
        ("chain", "web", chain(8, &[LEAF, ROOT])),
        ("chain", "client", chain(4, &[LEAF, ROOT])),
        ("chain", "little_budget", chain(16, &[LEAF, ROOT, ROOT])),
        ("timestamps", "one", timestamp_list()),
        ("timestamps", "embedded", b"\0\x03\0\x01\0".to_vec()),
        ("crl", "empty", crl(&[])),
        ("crl", "lists_the_leaf", crl(&revoked(leaf.serial()))),
        ("crl", "lists_another", crl(&revoked(&[1, 2, 3]))),
        ("ocsp", "good", ocsp(b"\x80\x00")),
        ("ocsp", "revoked", ocsp(b"\xa1\x11\x18\x0f20261205000000Z")),
        ("ocsp", "unknown", ocsp(b"\x82\x00")),
    ]);
    all
}
