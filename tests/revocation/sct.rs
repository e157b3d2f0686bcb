//! Timestamps of public logs.

use super::status::{OCTET_STRING, Ocsp, Single, extension, tlv};
use super::*;
use certs::TestKey;
use rcgen::SigningKey as _;
use sha2::{Digest, Sha256};
use symbolon::pki::{Certificate, CtLog, TimestampPolicy};

const LIST: [u64; 10] = [1, 3, 6, 1, 4, 1, 11129, 2, 4, 2];
const OCSP_LIST: &str = "1.3.6.1.4.1.11129.2.4.5";

pub struct Log {
    key: TestKey,
    spki: Vec<u8>,
}

impl Log {
    pub fn new(seed: u64) -> Self {
        Self::with(TestKey::new(P256, 1000 + seed))
    }

    fn with(key: TestKey) -> Self {
        let own = certs::params("log").self_signed(&key).unwrap();
        let spki = Certificate::parse(own.der()).unwrap();
        let spki = spki.subject_public_key_info().to_vec();
        Self { key, spki }
    }

    fn id(&self) -> [u8; 32] {
        Sha256::digest(&self.spki).into()
    }

    /// A SignedCertificateTimestamp of this entry (type and contents) at a time in seconds.
    pub fn stamp(&self, entry: &[u8], seconds: i64) -> Vec<u8> {
        let time = (u64::try_from(seconds).unwrap() * 1000).to_be_bytes();
        let extensions = [0, 3, 1, 2, 3];
        let signed = [&[0, 0], &time[..], entry, &extensions].concat();
        let signature = self.key.sign(&signed).unwrap();
        let scheme = match self.key.kind {
            KeyKind::Rsa2048 => [4, 1],
            KeyKind::Ed25519 => [8, 7],
            _ => [4, 3],
        };
        let len = u16::try_from(signature.len()).unwrap().to_be_bytes();
        [
            &[0],
            &self.id()[..],
            &time,
            &extensions,
            &scheme,
            &len,
            &signature,
        ]
        .concat()
    }
}

/// A list of timestamps as the handshake has it.
pub fn list(stamps: &[Vec<u8>]) -> Vec<u8> {
    let mut all = Vec::new();
    for stamp in stamps {
        all.extend(u16::try_from(stamp.len()).unwrap().to_be_bytes());
        all.extend(stamp);
    }
    let len = u16::try_from(all.len()).unwrap().to_be_bytes();
    [&len[..], &all].concat()
}

fn u24(bytes: &[u8]) -> Vec<u8> {
    let len = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&len[1..], bytes].concat()
}

/// `x509_entry`.
pub fn whole(certificate: &[u8]) -> Vec<u8> {
    [&[0, 0][..], &u24(certificate)].concat()
}

/// `precert_entry`.
fn pre(ca: &Ca, tbs: &[u8]) -> Vec<u8> {
    let ca = Certificate::parse(&ca.certificate).unwrap();
    let issuer = Sha256::digest(ca.subject_public_key_info());
    [&[0, 1], &issuer[..], &u24(tbs)].concat()
}

/// The first value in a certificate: its TBSCertificate.
fn tbs(certificate: &[u8]) -> &[u8] {
    let header = |bytes: &[u8]| match bytes[1] {
        0x82 => (4, usize::from(bytes[2]) << 8 | usize::from(bytes[3])),
        0x81 => (3, usize::from(bytes[2])),
        len => (2, usize::from(len)),
    };
    let inner = &certificate[header(certificate).0..];
    let (head, len) = header(inner);
    &inner[..head + len]
}

pub fn policy(logs: &[&Log], needed: usize) -> TimestampPolicy {
    let logs = logs.iter().enumerate().map(|(i, log)| {
        let log = CtLog::new(&format!("log {i}"), &log.spki, &RUSTCRYPTO).unwrap();
        assert_eq!(log.description().as_str(), format!("log {i}"));
        log
    });
    TimestampPolicy {
        logs: logs.collect(),
        needed,
    }
}

fn judge(world: &World, policy: TimestampPolicy) -> Result<(), CertificateError> {
    world.verify_with(&world.verifier().with_timestamps(policy))
}

/// How many of two known logs count, and how many timestamps don't.
#[track_caller]
fn count(world: &World, logs: &[&Log]) -> (usize, usize) {
    let error = judge(world, policy(logs, 10)).unwrap_err();
    assert_eq!(error.index, Some(0));
    match fault(error) {
        RevocationFault::TooFewTimestamps {
            needed,
            valid,
            others,
        } => {
            assert_eq!(needed, 10);
            (valid, others)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn from_the_handshake() {
    let [a, b, stranger] = [1, 2, 3].map(Log::new);
    assert_eq!(CtLog::new("a", &a.spki, &RUSTCRYPTO).unwrap().id(), &a.id());
    let mut world = World::new();
    let entry = whole(world.leaf());
    let of_other = whole(&world.chain[1]);
    let stamp = |log: &Log| log.stamp(&entry, now() - 5);
    for (stamps, counts) in [
        (vec![], (0, 0)),
        (vec![stamp(&a)], (1, 0)),
        (vec![stamp(&a), stamp(&b)], (2, 0)),
        // One of each log.
        (vec![stamp(&a), stamp(&a), stamp(&b)], (2, 1)),
        (vec![stamp(&stranger), stamp(&b)], (1, 1)),
        (vec![a.stamp(&of_other, now()), stamp(&b)], (1, 1)),
        // A little in the future, and too much.
        (vec![a.stamp(&entry, now() + 299)], (1, 0)),
        (vec![a.stamp(&entry, now() + 301)], (0, 1)),
        (vec![vec![0], vec![7; 100], stamp(&a)], (1, 2)),
    ] {
        world.timestamps = Some(list(&stamps));
        assert_eq!(count(&world, &[&a, &b]), counts);
        let (valid, _) = counts;
        assert_eq!(judge(&world, policy(&[&a, &b], valid)), Ok(()));
        // Who doesn't ask, doesn't care.
        world.accepted();
    }
    let (good, entry_of_a) = (stamp(&a), stamp(&a));
    // Each byte counts: version, log, time, extensions, scheme and signature. (The last bit of a
    // signature's encoding as well.)
    for at in 0..good.len() {
        let mut changed = entry_of_a.clone();
        changed[at] ^= 1;
        world.timestamps = Some(list(&[changed]));
        assert_eq!(count(&world, &[&a, &b]), (0, 1), "byte {at}");
    }
    // Lists that are none.
    for bad in [&[][..], &[0], &[0, 0], &[0, 9, 0], &[0, 1, 0, 0]] {
        world.timestamps = Some(bad.to_vec());
        assert_eq!(count(&world, &[&a, &b]), (0, 0));
    }
}

#[test]
fn only_the_algorithms_of_the_rfc() {
    let mut world = World::new();
    let entry = whole(world.leaf());
    for (kind, valid) in [
        (P256, 1),
        (KeyKind::Rsa2048, 1),
        (KeyKind::Ed25519, 0),
        (KeyKind::EcdsaP384, 0),
    ] {
        let log = Log::with(TestKey::new(kind, 1));
        world.timestamps = Some(list(&[log.stamp(&entry, now())]));
        assert_eq!(count(&world, &[&log]).0, valid, "{kind:?}");
    }
    assert!(CtLog::new("none", &[0x30, 0], &RUSTCRYPTO).is_err());
}

/// A certificate with timestamps within: issued once without them for the logs to sign, and once
/// with them.
fn embedded(make: impl Fn(&World) -> Vec<Vec<u8>>, at: usize) -> World {
    let pki = TestPki::new();
    let key = TestKey::fresh(P256);
    let issue = |pki: &TestPki, stamps: Option<Vec<u8>>| {
        let mut params = server_params(&[HOST]);
        params.serial_number = Some(SerialNumber::from(SERIAL.to_vec()));
        for i in 0..3u64 {
            let other = custom(&[1, 2, 3, i], false, vec![4, 1, 9]);
            params.custom_extensions.push(other);
        }
        if let Some(stamps) = stamps {
            let value = tlv(OCTET_STRING, &[&stamps]);
            params
                .custom_extensions
                .insert(at, custom(&LIST, false, value));
        }
        let leaf = pki.intermediate.issue(&params, &key);
        vec![leaf, pki.intermediate.certificate.clone()]
    };
    let mut world = World::below(pki, |_| ());
    world.chain = issue(&world.pki, None);
    let stamps = make(&world);
    world.chain = issue(&world.pki, Some(list(&stamps)));
    world
}

#[test]
fn within_the_certificate() {
    let [a, b] = [1, 2].map(Log::new);
    for at in 0..=3 {
        let stamps = |world: &World| {
            let entry = pre(world.ca(), tbs(world.leaf()));
            vec![a.stamp(&entry, now()), b.stamp(&entry, now())]
        };
        let world = embedded(stamps, at);
        assert_eq!(count(&world, &[&a, &b]), (2, 0), "at {at}");
        assert_eq!(judge(&world, policy(&[&a, &b], 2)), Ok(()));
        world.accepted();
    }
    // Of another issuer's key, of the certificate as if it were whole, and with another TBS.
    let world = embedded(
        |world| {
            let tbs = tbs(world.leaf());
            let mut other = tbs.to_vec();
            other[20] ^= 1;
            vec![
                a.stamp(&pre(&world.pki.root, tbs), now()),
                a.stamp(&whole(world.leaf()), now()),
                a.stamp(&pre(world.ca(), &other), now()),
                b.stamp(&pre(world.ca(), tbs), now()),
            ]
        },
        0,
    );
    assert_eq!(count(&world, &[&a, &b]), (1, 3));
    // Malformed: the extension must hold an OCTET STRING.
    let world = World::with(|params| {
        params
            .custom_extensions
            .push(custom(&LIST, false, vec![5, 0]));
    });
    let error = world.verify().unwrap_err();
    assert!(matches!(error.fault, CertificateFault::Malformed(_)));
}

#[test]
fn within_the_staple() {
    let [a, b] = [1, 2].map(Log::new);
    let mut world = World::new();
    let entry = whole(world.leaf());
    let value = tlv(OCTET_STRING, &[&list(&[a.stamp(&entry, now())])]);
    let mut single = Single::good(world.ca(), world.leaf(), now());
    single.extensions.push(extension(OCSP_LIST, false, &value));
    let response = Ocsp::by(world.ca(), now(), vec![single.clone()]);
    let good = response.sign(&world.ca().key);
    world = world.staple(good);
    world.timestamps = Some(list(&[b.stamp(&entry, now())]));
    assert_eq!(count(&world, &[&a, &b]), (2, 0));
    // Only of a response that is good.
    single.next_update = Some(single.this_update);
    let response = Ocsp::by(world.ca(), now(), vec![single]);
    let old = response.sign(&world.ca().key);
    let world = world.staple(old);
    let world = world.policy(|policy| policy.ignore_bad_staples = true);
    assert_eq!(count(&world, &[&a, &b]), (1, 0));
}

#[test]
fn clients_need_none_and_the_work_is_bounded() {
    let log = Log::new(1);
    let mut world = World::new();
    world.chain = world.pki.client("client", P256).0;
    world.role = Role::Client;
    assert_eq!(judge(&world, policy(&[&log], 1)), Ok(()));
    // Bad signatures of a known log are paid for.
    let mut world = World::new();
    let wrong = log.stamp(&whole(&world.chain[1]), now());
    world.timestamps = Some(list(&vec![wrong; 30]));
    assert_eq!(count(&world, &[&log]), (0, 30));
    let verifier = world.verifier().with_timestamps(policy(&[&log], 1));
    let verifier = verifier.with_budget(symbolon::pki::Budget {
        signatures: 20,
        ..Default::default()
    });
    let error = world.verify_with(&verifier).unwrap_err();
    assert_eq!(error.fault, CertificateFault::OutOfBudget);
}
