//! Signed certificate timestamps: promises of public logs (RFC 6962 3).

use super::der::{self, Reader};
use super::key::KeyInfo;
use super::oid;
use super::revocation::{Checker, Link, OutOfBudget};
use crate::codepoint::SignatureScheme;
use crate::crypto::CryptoProvider;
use crate::error::{DecodeError, Moment, RevocationFault, Text};
use crate::wire::codec;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// How many timestamps of one source are looked at.
const MOST: usize = 32;

/// A public log: its key, and the hash that names it (RFC 6962 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CtLog {
    id: [u8; 32],
    /// The DER of the SubjectPublicKeyInfo.
    key: Vec<u8>,
    description: Text,
}

impl CtLog {
    /// A log with this key, the DER of a SubjectPublicKeyInfo as the lists of logs have it (in
    /// Base64), described for people. The provider makes the hash of the key.
    ///
    /// # Errors
    /// If it is no key.
    pub fn new(
        description: &str,
        key: &[u8],
        provider: &CryptoProvider,
    ) -> Result<Self, DecodeError> {
        parse_key(key)?;
        let mut id = [0; 32];
        let hash = provider.sha256.hash(&[key]);
        for (to, from) in id.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        Ok(Self {
            id,
            key: key.to_vec(),
            description: Text::from(description),
        })
    }

    /// Its LogID: the SHA-256 hash of its key.
    #[must_use]
    pub const fn id(&self) -> &[u8; 32] {
        &self.id
    }

    /// What it was described as.
    #[must_use]
    pub const fn description(&self) -> &Text {
        &self.description
    }
}

fn parse_key(key: &[u8]) -> Result<KeyInfo<'_>, DecodeError> {
    let contents = der::only(key, der::SEQUENCE, "SubjectPublicKeyInfo")?;
    KeyInfo::parse(contents.rest(), key)
}

/// How many public logs must have promised to publish a server's certificate.
///
/// Timestamps count from the certificate itself, from the stapled OCSP response if that is good,
/// and from the handshake. One counts if a known log signed it for this certificate (or for its
/// precertificate) and it isn't from the future; of each log one counts.
#[derive(Clone, Debug)]
pub struct TimestampPolicy {
    /// The logs that are known.
    pub logs: Arc<[CtLog]>,
    /// How many of them are needed.
    pub needed: usize,
}

/// The value of an extension that holds a list: an OCTET STRING within the OCTET STRING
/// (RFC 6962 3.3). Returns the list.
pub(super) fn inner(value: &[u8]) -> Result<&[u8], DecodeError> {
    const WHAT: &str = "SignedCertificateTimestampList";
    let mut reader = Reader::new(value, WHAT);
    let list = reader.contents(der::OCTET_STRING, WHAT)?;
    reader.end()?;
    Ok(list)
}

/// SignedCertificateTimestamp, v1 (RFC 6962 3.2).
struct Timestamp<'a> {
    log: &'a [u8],
    /// In milliseconds.
    time: u64,
    extensions: &'a [u8],
    scheme: SignatureScheme,
    signature: &'a [u8],
}

impl<'a> Timestamp<'a> {
    /// `None` of another version.
    fn parse(bytes: &'a [u8]) -> Result<Option<Self>, DecodeError> {
        const WHAT: &str = "SignedCertificateTimestamp";
        let mut r = codec::Reader::new(bytes);
        if r.u8(WHAT)? != 0 {
            return Ok(None);
        }
        let timestamp = Self {
            log: r.take(32, WHAT)?,
            time: u64::from_be_bytes(*r.array(WHAT)?),
            extensions: r.vec16(WHAT, 0..=0xffff)?,
            // RFC 6962 2.1.4 with RFC 5246 4.7: hash and algorithm, which make a scheme's number.
            scheme: SignatureScheme(r.u16(WHAT)?),
            signature: r.vec16(WHAT, 0..=0xffff)?,
        };
        r.finish(WHAT)?;
        Ok(Some(timestamp))
    }
}

/// The serialized timestamps of a list; ends at the first that is ill-formed.
fn timestamps(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    const WHAT: &str = "SignedCertificateTimestampList";
    let mut outer = codec::Reader::new(list);
    let list = outer.vec16(WHAT, 1..=0xffff).unwrap_or(&[]);
    let mut reader = codec::Reader::new(list);
    core::iter::from_fn(move || reader.vec16("SerializedSCT", 1..=0xffff).ok())
}

/// Checks the timestamps from the handshake, from OCSP and from the certificate, in this order.
pub(super) fn check(
    policy: &TimestampPolicy,
    lists: [Option<&[u8]>; 3],
    certificate: &[u8],
    link: &Link<'_, '_>,
    checker: &mut Checker<'_>,
) -> Result<Result<(), RevocationFault>, OutOfBudget> {
    let [handshake, ocsp, embedded] = lists;
    let mut count = Count {
        policy,
        logs: Vec::new(),
        others: 0,
    };
    for list in [handshake, ocsp].into_iter().flatten() {
        count.add(list, &Entry::Certificate(certificate), checker)?;
    }
    if let Some(list) = embedded
        && count.logs.len() < policy.needed
        && let Some(entry) = Entry::precertificate(link, checker)
    {
        count.add(list, &entry, checker)?;
    }
    let valid = count.logs.len();
    if valid >= policy.needed {
        return Ok(Ok(()));
    }
    Ok(Err(RevocationFault::TooFewTimestamps {
        needed: policy.needed,
        valid,
        others: count.others,
    }))
}

/// What was found so far.
struct Count<'a> {
    policy: &'a TimestampPolicy,
    /// The logs that count.
    logs: Vec<&'a [u8; 32]>,
    others: usize,
}

impl Count<'_> {
    fn add(
        &mut self,
        list: &[u8],
        entry: &Entry<'_>,
        checker: &mut Checker<'_>,
    ) -> Result<(), OutOfBudget> {
        for bytes in timestamps(list).take(MOST) {
            if self.logs.len() >= self.policy.needed {
                break;
            }
            let timestamp = Timestamp::parse(bytes).ok().flatten();
            let log = timestamp.as_ref().and_then(|timestamp| {
                let mut logs = self.policy.logs.iter();
                logs.find(|log| log.id == *timestamp.log)
            });
            let counts = match (timestamp, log) {
                (Some(timestamp), Some(log)) if !self.logs.contains(&&log.id) => {
                    verify(&timestamp, log, entry, checker)?.then_some(&log.id)
                }
                _ => None,
            };
            match counts {
                Some(id) => self.logs.push(id),
                None => self.others = self.others.saturating_add(1),
            }
        }
        Ok(())
    }
}

/// What a log has signed.
enum Entry<'a> {
    /// `x509_entry`.
    Certificate(&'a [u8]),
    /// `precert_entry`.
    Precertificate { issuer: [u8; 32], tbs: Vec<u8> },
}

impl Entry<'_> {
    fn precertificate(link: &Link<'_, '_>, checker: &Checker<'_>) -> Option<Self> {
        let mut issuer = [0; 32];
        let hash = checker.algorithms.sha256.hash(&[&link.issuer_key.to_der()]);
        for (to, from) in issuer.iter_mut().zip(hash.as_bytes()) {
            *to = *from;
        }
        let tbs = without_timestamps(link.certificate.tbs())?;
        Some(Self::Precertificate { issuer, tbs })
    }

    /// The `signed_entry` with its type.
    fn write(&self, w: &mut codec::Writer<'_>) {
        match self {
            Self::Certificate(der) => {
                w.u16(0);
                w.vec24(|w| w.bytes(der));
            }
            Self::Precertificate { issuer, tbs } => {
                w.u16(1);
                w.bytes(issuer);
                w.vec24(|w| w.bytes(tbs));
            }
        }
    }
}

/// RFC 6962 3.2: whether the log signed this, and not in the future.
fn verify(
    timestamp: &Timestamp<'_>,
    log: &CtLog,
    entry: &Entry<'_>,
    checker: &mut Checker<'_>,
) -> Result<bool, OutOfBudget> {
    let seconds = timestamp.time.checked_div(1000).unwrap_or(0);
    let time = Moment(i64::try_from(seconds).unwrap_or(i64::MAX));
    // RFC 6962 2.1.4: ECDSA on P-256 or RSA, with SHA-256.
    let known = [
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        SignatureScheme::RSA_PKCS1_SHA256,
    ];
    if checker.is_future(time) || !known.contains(&timestamp.scheme) {
        return Ok(false);
    }
    let Ok(key) = parse_key(&log.key) else {
        return Ok(false);
    };
    let schemes = checker.algorithms.schemes.iter();
    let mut algorithms = schemes
        .filter(|(scheme, _)| *scheme == timestamp.scheme)
        .flat_map(|(_, algorithms)| algorithms.iter())
        .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm);
    let Some(algorithm) = algorithms.next() else {
        return Ok(false);
    };
    let mut signed = Vec::new();
    let mut w = codec::Writer::new(&mut signed);
    // v1, certificate_timestamp.
    w.u8(0);
    w.u8(0);
    w.bytes(&timestamp.time.to_be_bytes());
    entry.write(&mut w);
    w.vec16(|w| w.bytes(timestamp.extensions));
    if w.finish().is_err() {
        return Ok(false);
    }
    checker.spend()?;
    let valid = algorithm.verify_signature(key.key, &signed, timestamp.signature);
    Ok(valid.is_ok())
}

/// The TBSCertificate that the precertificate had: that of the certificate without its list of
/// timestamps (RFC 6962 3.2).
fn without_timestamps(tbs: &[u8]) -> Option<Vec<u8>> {
    const WHAT: &str = "tbsCertificate";
    let mut fields = der::only(tbs, der::SEQUENCE, WHAT).ok()?;
    let mut kept = Vec::with_capacity(tbs.len());
    while !fields.is_empty() {
        let field = fields.any().ok()?;
        if field.tag == der::context_constructed(3) {
            let extensions = other_extensions(field.contents)?;
            if !extensions.is_empty() {
                let list = der::encode(der::SEQUENCE, &extensions);
                kept.extend(der::encode(field.tag, &list));
            }
        } else {
            kept.extend_from_slice(field.whole);
        }
    }
    Some(der::encode(der::SEQUENCE, &kept))
}

/// All Extensions but the list of timestamps, each as it stands.
fn other_extensions(contents: &[u8]) -> Option<Vec<u8>> {
    const WHAT: &str = "extensions";
    let mut list = der::only(contents, der::SEQUENCE, WHAT).ok()?;
    let mut kept = Vec::with_capacity(contents.len());
    while !list.is_empty() {
        let extension = list.tlv(der::SEQUENCE, WHAT).ok()?;
        let id = Reader::new(extension.contents, WHAT).contents(der::OID, WHAT);
        if id.ok()? != oid::TIMESTAMPS {
            kept.extend_from_slice(extension.whole);
        }
    }
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_cut_out_wherever_it_stands() {
        let extension = |id: &[u8]| {
            let id = der::encode(der::OID, id);
            let value = der::encode(der::OCTET_STRING, &[4, 0]);
            der::encode(der::SEQUENCE, &[id, value].concat())
        };
        let (list, other) = (extension(oid::TIMESTAMPS), extension(&[0x2a, 3]));
        let tbs = |extensions: &[u8]| {
            let mut fields = [2, 1, 5, 0x30, 0].to_vec();
            if !extensions.is_empty() {
                let extensions = der::encode(der::SEQUENCE, extensions);
                fields.extend(der::encode(der::context_constructed(3), &extensions));
            }
            der::encode(der::SEQUENCE, &fields)
        };
        let long = other.repeat(40);
        for (with, without) in [
            ([&list[..], &other].concat(), &other[..]),
            ([&other[..], &list].concat(), &other),
            ([&list[..], &long].concat(), &long),
            // Lengths that get shorter by an octet; no extension left, and so no field for them.
            ([&other.repeat(13)[..], &list].concat(), &other.repeat(13)),
            (list.clone(), &[]),
            (other.clone(), &other),
        ] {
            assert_eq!(without_timestamps(&tbs(&with)), Some(tbs(without)));
        }
        assert_eq!(without_timestamps(&[0x30, 2, 0xa3, 0]), None);
    }
}
