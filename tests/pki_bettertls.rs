//! BetterTLS: 9,491 chains with name constraints and 81 that need a path to be built, each with
//! the verdict that is expected of a client.
//!
//! The chains are in `vectors/bettertls.bin`, whose form `vectors/README.md` describes.

use p256::elliptic_curve::sec1::ToSec1Point;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha1::{Digest, Sha1};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use symbolon::pki::{PathVerifier, PeerChain, Profile, Role, RootStore, VerifyRequest};
use symbolon::provider::rustcrypto::RUSTCRYPTO;

/// How many cases the published set has.
const CASES: usize = 9_572;
/// Within the certificates' time: 2027-01-01T00:00:00Z.
const NOW: u64 = 1_798_761_600;

struct Case {
    accept: bool,
    host: String,
    chain: Vec<usize>,
}

/// Takes the file apart, in the order in which `vectors/bettertls.py` put it together.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    fn u8(&mut self) -> u8 {
        self.take(1)[0]
    }

    fn u16(&mut self) -> usize {
        let [a, b] = self.take(2).try_into().unwrap();
        u16::from_be_bytes([a, b]).into()
    }

    fn part(&mut self) -> &'a [u8] {
        let length = u32::from_be_bytes(self.take(4).try_into().unwrap());
        self.take(length.try_into().unwrap())
    }

    fn inflated(&mut self) -> Vec<u8> {
        miniz_oxide::inflate::decompress_to_vec(self.part()).unwrap()
    }
}

fn load() -> (Vec<Vec<u8>>, Vec<Case>) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/bettertls.bin");
    let file = std::fs::read(path).unwrap();
    let mut file = Bytes(&file);
    let (certificates, cases) = (file.u16(), file.u16());
    let (slots, rest, list) = (file.inflated(), file.inflated(), file.inflated());
    let mut unpacker = Unpacker {
        slots: Bytes(&slots),
        rest: Bytes(&rest),
        raw: Bytes(file.part()),
        uuids: Vec::new(),
        keys: Vec::new(),
    };
    let certificates = (0..certificates).map(|_| unpacker.certificate()).collect();
    assert!(unpacker.slots.0.is_empty() && unpacker.rest.0.is_empty());
    assert!(unpacker.raw.0.is_empty() && file.0.is_empty());
    let mut list = Bytes(&list);
    let cases = (0..cases)
        .map(|_| {
            let accept = list.u8() == 1;
            let (host, chain) = (usize::from(list.u8()), list.u8());
            Case {
                accept,
                host: String::from_utf8(list.take(host).to_vec()).unwrap(),
                chain: (0..chain).map(|_| list.u16()).collect(),
            }
        })
        .collect();
    assert!(list.0.is_empty());
    (certificates, cases)
}

struct Unpacker<'a> {
    slots: Bytes<'a>,
    rest: Bytes<'a>,
    raw: Bytes<'a>,
    uuids: Vec<[u8; 16]>,
    keys: Vec<[u8; 20]>,
}

/// What stands at a place that isn't filled yet: the identifier of the key that comes later.
enum Hole {
    Own(usize),
    Known(usize, usize),
}

impl Unpacker<'_> {
    fn certificate(&mut self) -> Vec<u8> {
        let mut der = Vec::new();
        let mut own = None;
        let mut holes = Vec::new();
        loop {
            let kind = self.slots.u8();
            let before = self.slots.u16();
            der.extend_from_slice(self.rest.take(before));
            match kind {
                0 => break,
                b'S' => {
                    let length = self.slots.u8().into();
                    der.extend_from_slice(self.raw.take(length));
                }
                b'U' => {
                    let ago = self.slots.u16();
                    if ago == 0 {
                        self.uuids.push(self.raw.take(16).try_into().unwrap());
                    }
                    let uuid = self.uuids[self.uuids.len() - ago.max(1)];
                    der.extend_from_slice(uuid_text(&uuid).as_bytes());
                }
                b'P' => {
                    let compressed = self.raw.take(33);
                    let key = p256::PublicKey::from_sec1_bytes(compressed).unwrap();
                    let point = key.to_sec1_point(false);
                    own = Some(Sha1::digest(point.as_bytes()).into());
                    der.extend_from_slice(point.as_bytes());
                }
                b'K' => {
                    holes.push(Hole::Own(der.len()));
                    der.extend_from_slice(&[0; 20]);
                }
                b'A' => match self.slots.u16() {
                    0 => der.extend_from_slice(self.raw.take(20)),
                    ago => {
                        holes.push(Hole::Known(der.len(), ago));
                        der.extend_from_slice(&[0; 20]);
                    }
                },
                b'E' => der.extend(signature(self.raw.take(64))),
                kind => panic!("kind {kind}"),
            }
        }
        if let Some(own) = own {
            if !self.keys.contains(&own) {
                self.keys.push(own);
            }
            for hole in holes {
                let (at, key) = match hole {
                    Hole::Own(at) => (at, own),
                    Hole::Known(at, ago) => (at, self.keys[self.keys.len() - ago]),
                };
                der[at..at + 20].copy_from_slice(&key);
            }
        }
        der
    }
}

fn uuid_text(uuid: &[u8; 16]) -> String {
    let digits: String = uuid.iter().map(|b| format!("{b:02x}")).collect();
    let groups = [0..8, 8..12, 12..16, 16..20, 20..32];
    groups.map(|group| &digits[group]).join("-")
}

/// The BIT STRING of an ECDSA signature of `r` and `s`.
fn signature(numbers: &[u8]) -> Vec<u8> {
    let mut inner = Vec::new();
    for number in numbers.chunks(32) {
        let zeros = number.iter().take_while(|b| **b == 0).count();
        let digits = &number[zeros..];
        let sign = usize::from(digits[0] >> 7);
        inner.extend([2, u8::try_from(digits.len() + sign).unwrap()]);
        inner.extend(std::iter::repeat_n(0, sign));
        inner.extend(digits);
    }
    let length = u8::try_from(inner.len()).unwrap();
    [&[3, length + 3, 0, 0x30, length][..], &inner].concat()
}

/// The compact copy is what the export was.
fn check_copy(certificates: &[Vec<u8>], cases: &[Case]) {
    let accepted = cases.iter().filter(|case| case.accept).count();
    assert_eq!(
        (cases.len(), certificates.len(), accepted),
        (CASES, 29_409, 865)
    );
    // Over all certificates one after another, in the order in which they first appear.
    let all = sha2::Sha256::digest(certificates.concat());
    let all: String = all.iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(
        all,
        "ff9e845640f6851ca192adfc7abbadc927d5324ed366d78333b3d3a553171d62"
    );
}

#[test]
fn every_verdict_agrees() {
    let (certificates, cases) = load();
    check_copy(&certificates, &cases);
    let mut roots = RootStore::new();
    roots
        .add(&CertificateDer::from(&certificates[0][..]))
        .unwrap();
    let web = PathVerifier::new(roots.clone()).with_profile(Profile::WEB);
    let verifier = PathVerifier::new(roots);
    let next = AtomicUsize::new(0);
    let agree = AtomicUsize::new(0);
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            let chain = case.chain.iter().map(|i| (&certificates[*i][..], None));
            let request = VerifyRequest {
                chain: PeerChain::new(chain),
                role: Role::Server,
                name: Some(ServerName::try_from(case.host.clone()).unwrap()),
                now: UnixTime::since_unix_epoch(Duration::from_secs(NOW)),
            };
            let result = verifier.verify_now(&request, &RUSTCRYPTO.verify);
            // What one profile refuses, the stricter one does as well.
            let result = result.and_then(|_| web.verify_now(&request, &RUSTCRYPTO.verify));
            if result.is_ok() == case.accept {
                agree.fetch_add(1, Ordering::Relaxed);
            } else {
                println!("{}, accept {}: {result:?}", case.host, case.accept);
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    let agree = agree.into_inner();
    println!("agree {agree}/{CASES}");
    assert_eq!(agree, CASES);
}
