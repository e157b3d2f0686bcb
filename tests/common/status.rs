//! CRLs and OCSP responses of any form, written by hand in DER and signed with test keys.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use crate::certs::{Ca, KeyKind, TestKey};
use rcgen::SigningKey as _;
use sha1::Sha1;
use sha2::{Digest, Sha256};
use symbolon::error::Moment;
use symbolon::pki::Certificate;

pub const DAY: i64 = 86_400;

pub const SEQUENCE: u8 = 0x30;
pub const INTEGER: u8 = 2;
pub const BIT_STRING: u8 = 3;
pub const OCTET_STRING: u8 = 4;
pub const OID: u8 = 6;
pub const ENUMERATED: u8 = 10;

/// A value of these parts.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let len = contents.len();
    let mut out = vec![tag];
    match len {
        0..=0x7f => out.push(len as u8),
        0x80..=0xff => out.extend([0x81, len as u8]),
        0x100..=0xffff => out.extend([0x82, (len >> 8) as u8, len as u8]),
        _ => out.extend([0x83, (len >> 16) as u8, (len >> 8) as u8, len as u8]),
    }
    out.extend(contents);
    out
}

/// GeneralizedTime.
pub fn time(seconds: i64) -> Vec<u8> {
    let digits: Vec<u8> = Moment(seconds).to_string().bytes().collect();
    let digits: Vec<u8> = digits
        .into_iter()
        .filter(u8::is_ascii_alphanumeric)
        .collect();
    let digits: Vec<u8> = digits.into_iter().filter(|c| *c != b'T').collect();
    tlv(0x18, &[&digits])
}

/// An object identifier in dotted form.
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut contents = Vec::new();
    for arc in std::iter::once(arcs[0] * 40 + arcs[1]).chain(arcs[2..].iter().copied()) {
        let mut groups = vec![(arc & 0x7f) as u8];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        contents.extend(groups.iter().rev());
    }
    tlv(OID, &[&contents])
}

/// One Extension.
pub fn extension(dotted: &str, critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    let value = tlv(OCTET_STRING, &[value]);
    tlv(SEQUENCE, &[&oid(dotted), critical, &value])
}

/// `tbs` with its signature, and what comes after that.
pub fn signed(key: &TestKey, tbs: &[u8], tail: &[u8]) -> Vec<u8> {
    let signature = key.sign(tbs).unwrap();
    let signature = tlv(BIT_STRING, &[&[0], &signature]);
    tlv(SEQUENCE, &[tbs, &algorithm(key.kind), &signature, tail])
}

/// The AlgorithmIdentifier of what such a key signs with.
pub fn algorithm(kind: KeyKind) -> Vec<u8> {
    let (dotted, parameters): (_, &[u8]) = match kind {
        KeyKind::EcdsaP256 => ("1.2.840.10045.4.3.2", &[]),
        KeyKind::EcdsaP384 => ("1.2.840.10045.4.3.3", &[]),
        KeyKind::Ed25519 => ("1.3.101.112", &[]),
        KeyKind::Rsa2048 => ("1.2.840.113549.1.1.11", &[5, 0]),
    };
    tlv(SEQUENCE, &[&oid(dotted), parameters])
}

/// The DER of a certificate's subject.
pub fn subject(certificate: &[u8]) -> Vec<u8> {
    let parsed = Certificate::parse(certificate).unwrap();
    tlv(SEQUENCE, &[parsed.subject().contents()])
}

/// `fullName` of URIs, as a DistributionPointName without its `[0]`.
pub fn full_name(uris: &[&str]) -> Vec<u8> {
    let uris: Vec<Vec<u8>> = uris
        .iter()
        .map(|uri| tlv(0x86, &[uri.as_bytes()]))
        .collect();
    tlv(0xa0, &[&uris.concat()])
}

/// The parts of a CRL.
#[derive(Clone)]
pub struct Crl {
    pub version: Vec<u8>,
    pub issuer: Vec<u8>,
    pub this_update: i64,
    pub next_update: Option<i64>,
    /// Serial number, time, and entry extensions.
    pub entries: Vec<(Vec<u8>, i64, Vec<Vec<u8>>)>,
    pub extensions: Vec<Vec<u8>>,
}

impl Crl {
    /// An empty one, for a week around `now`.
    pub fn of(ca: &Ca, now: i64) -> Self {
        Self {
            version: vec![2, 1, 1],
            issuer: subject(&ca.certificate),
            this_update: now - DAY,
            next_update: Some(now + 6 * DAY),
            entries: Vec::new(),
            extensions: vec![extension("2.5.29.20", false, &[2, 1, 7])],
        }
    }

    pub fn revoke(mut self, serial: &[u8]) -> Self {
        let since = self.this_update;
        self.entries.push((serial.to_vec(), since, Vec::new()));
        self
    }

    pub fn revoke_for(mut self, serial: &[u8], reason: u8) -> Self {
        let reason = extension("2.5.29.21", false, &[ENUMERATED, 1, reason]);
        let since = self.this_update;
        self.entries.push((serial.to_vec(), since, vec![reason]));
        self
    }

    /// With an issuingDistributionPoint of these parts.
    pub fn scope(mut self, parts: &[&[u8]]) -> Self {
        let value = tlv(SEQUENCE, parts);
        self.extensions.push(extension("2.5.29.28", true, &value));
        self
    }

    pub fn tbs(&self, kind: KeyKind) -> Vec<u8> {
        let entries: Vec<Vec<u8>> = self
            .entries
            .iter()
            .map(|(serial, since, extensions)| {
                let extensions = match extensions.is_empty() {
                    true => Vec::new(),
                    false => tlv(SEQUENCE, &[&extensions.concat()]),
                };
                let serial = tlv(INTEGER, &[serial]);
                tlv(SEQUENCE, &[&serial, &time(*since), &extensions])
            })
            .collect();
        let entries = match entries.is_empty() {
            true => Vec::new(),
            false => tlv(SEQUENCE, &[&entries.concat()]),
        };
        let extensions = match self.extensions.is_empty() {
            true => Vec::new(),
            false => tlv(0xa0, &[&tlv(SEQUENCE, &[&self.extensions.concat()])]),
        };
        tlv(
            SEQUENCE,
            &[
                &self.version,
                &algorithm(kind),
                &self.issuer,
                &time(self.this_update),
                &self.next_update.map(time).unwrap_or_default(),
                &entries,
                &extensions,
            ],
        )
    }

    pub fn sign(&self, key: &TestKey) -> Vec<u8> {
        signed(key, &self.tbs(key.kind), &[])
    }
}

/// The parts of an OCSP response.
#[derive(Clone)]
pub struct Ocsp {
    /// A ResponderID with its tag.
    pub responder: Vec<u8>,
    pub produced_at: i64,
    pub singles: Vec<Single>,
    pub extensions: Vec<Vec<u8>>,
    pub certificates: Vec<Vec<u8>>,
}

impl Ocsp {
    /// By the CA itself, named by its name.
    pub fn by(ca: &Ca, now: i64, singles: Vec<Single>) -> Self {
        Self {
            responder: by_name(&ca.certificate),
            produced_at: now - DAY,
            singles,
            extensions: Vec::new(),
            certificates: Vec::new(),
        }
    }

    pub fn tbs(&self) -> Vec<u8> {
        let singles: Vec<Vec<u8>> = self.singles.iter().map(Single::encode).collect();
        let extensions = match self.extensions.is_empty() {
            true => Vec::new(),
            false => tlv(0xa1, &[&tlv(SEQUENCE, &[&self.extensions.concat()])]),
        };
        tlv(
            SEQUENCE,
            &[
                &self.responder,
                &time(self.produced_at),
                &tlv(SEQUENCE, &[&singles.concat()]),
                &extensions,
            ],
        )
    }

    pub fn sign(&self, key: &TestKey) -> Vec<u8> {
        let certificates = match self.certificates.is_empty() {
            true => Vec::new(),
            false => tlv(0xa0, &[&tlv(SEQUENCE, &[&self.certificates.concat()])]),
        };
        successful(&signed(key, &self.tbs(), &certificates))
    }
}

/// An OCSPResponse around a BasicOCSPResponse.
pub fn successful(basic: &[u8]) -> Vec<u8> {
    let response = tlv(OCTET_STRING, &[basic]);
    let bytes = tlv(SEQUENCE, &[&oid("1.3.6.1.5.5.7.48.1.1"), &response]);
    tlv(SEQUENCE, &[&[ENUMERATED, 1, 0], &tlv(0xa0, &[&bytes])])
}

/// A ResponderID: the subject of this certificate.
pub fn by_name(certificate: &[u8]) -> Vec<u8> {
    tlv(0xa1, &[&subject(certificate)])
}

/// A ResponderID: the key of this certificate.
pub fn by_key(certificate: &[u8]) -> Vec<u8> {
    let parsed = Certificate::parse(certificate).unwrap();
    let hash = Sha1::digest(parsed.public_key());
    tlv(0xa2, &[&tlv(OCTET_STRING, &[&hash])])
}

/// Which hash names the issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdHash {
    Sha1,
    Sha256,
}

/// One SingleResponse.
#[derive(Clone)]
pub struct Single {
    /// The whole CertID.
    pub id: Vec<u8>,
    /// The whole CertStatus.
    pub status: Vec<u8>,
    pub this_update: i64,
    pub next_update: Option<i64>,
    pub extensions: Vec<Vec<u8>>,
}

impl Single {
    /// The certificate issued by this CA is good, for a week around `now`.
    pub fn good(ca: &Ca, certificate: &[u8], now: i64) -> Self {
        Self {
            id: certificate_id(&ca.certificate, certificate, IdHash::Sha1),
            status: vec![0x80, 0],
            this_update: now - DAY,
            next_update: Some(now + 6 * DAY),
            extensions: Vec::new(),
        }
    }

    /// It was revoked two days ago, for this reason.
    pub fn revoked(ca: &Ca, certificate: &[u8], now: i64, reason: Option<u8>) -> Self {
        let reason = reason.map(|reason| tlv(0xa0, &[&[ENUMERATED, 1, reason]]));
        Self {
            status: tlv(0xa1, &[&time(now - 2 * DAY), &reason.unwrap_or_default()]),
            ..Self::good(ca, certificate, now)
        }
    }

    /// Nobody knows.
    pub fn unknown(ca: &Ca, certificate: &[u8], now: i64) -> Self {
        Self {
            status: vec![0x82, 0],
            ..Self::good(ca, certificate, now)
        }
    }

    fn encode(&self) -> Vec<u8> {
        let next = self.next_update.map(|at| tlv(0xa0, &[&time(at)]));
        let extensions = match self.extensions.is_empty() {
            true => Vec::new(),
            false => tlv(0xa1, &[&tlv(SEQUENCE, &[&self.extensions.concat()])]),
        };
        tlv(
            SEQUENCE,
            &[
                &self.id,
                &self.status,
                &time(self.this_update),
                &next.unwrap_or_default(),
                &extensions,
            ],
        )
    }
}

/// The CertID of a certificate.
pub fn certificate_id(issuer: &[u8], certificate: &[u8], hash: IdHash) -> Vec<u8> {
    let issuer_key = Certificate::parse(issuer).unwrap().public_key();
    let name = subject(issuer);
    let serial = Certificate::parse(certificate).unwrap().serial();
    let (dotted, name, key) = match hash {
        IdHash::Sha1 => (
            "1.3.14.3.2.26",
            Sha1::digest(&name).to_vec(),
            Sha1::digest(issuer_key).to_vec(),
        ),
        IdHash::Sha256 => (
            "2.16.840.1.101.3.4.2.1",
            Sha256::digest(&name).to_vec(),
            Sha256::digest(issuer_key).to_vec(),
        ),
    };
    tlv(
        SEQUENCE,
        &[
            &tlv(SEQUENCE, &[&oid(dotted), &[5, 0]]),
            &tlv(OCTET_STRING, &[&name]),
            &tlv(OCTET_STRING, &[&key]),
            &tlv(INTEGER, &[serial]),
        ],
    )
}
