//! A parsed view of one certificate (RFC 5280 4.1): slices of its DER, nothing copied.

use super::der::{self, Reader};
use super::key::{AlgorithmName, KeyInfo, SignatureHash, signature_algorithm};
use super::name::{self, DistinguishedName, GeneralName};
use super::policy::PolicyExtensions;
use super::{oid, time};
use crate::error::{DecodeError, DecodeFault, Moment, Text};
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::{ServerName, SignatureVerificationAlgorithm};

/// More extensions than this are nobody's honest certificate.
const MAX_EXTENSIONS: usize = 64;
/// RFC 5280 4.1.2.2: up to 20 octets, here with room for a sign octet that some CAs forgot about.
const MAX_SERIAL: usize = 21;

/// A certificate, parsed and well-formed, with nothing verified.
#[derive(Clone)]
pub struct Certificate<'a> {
    tbs: &'a [u8],
    version: u8,
    serial: &'a [u8],
    issuer: &'a [u8],
    subject: &'a [u8],
    not_before: Moment,
    not_after: Moment,
    key: KeyInfo<'a>,
    inner_algorithm: &'a [u8],
    outer_algorithm: &'a [u8],
    signature: &'a [u8],
    extensions: Extensions<'a>,
}

/// The extensions that mean something here (RFC 5280 4.2.1).
#[derive(Clone, Default)]
struct Extensions<'a> {
    policies: PolicyExtensions<'a>,
    basic_constraints: Option<BasicConstraints>,
    key_usage: Option<u16>,
    extended_key_usage: Option<&'a [u8]>,
    subject_alt_name: Option<&'a [u8]>,
    name_constraints: Option<&'a [u8]>,
    subject_key_id: Option<&'a [u8]>,
    authority_key_id: Option<&'a [u8]>,
    distribution_points: Option<&'a [u8]>,
    must_staple: bool,
    ocsp_nocheck: bool,
    timestamps: Option<&'a [u8]>,
    unknown_critical: Option<&'a [u8]>,
}

/// RFC 5280 4.2.1.9.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BasicConstraints {
    pub(crate) ca: bool,
    /// Cut to 255, which is longer than any path here.
    pub(crate) path_len: Option<u8>,
}

/// Bits of `keyUsage` (RFC 5280 4.2.1.3), the first octet in the high half.
pub(crate) mod key_usage {
    pub(crate) const DIGITAL_SIGNATURE: u16 = 0x8000;
    pub(crate) const KEY_CERT_SIGN: u16 = 0x0400;
    pub(crate) const CRL_SIGN: u16 = 0x0200;
}

/// Why a signature wasn't accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignatureFault {
    /// The algorithm isn't for keys of this kind.
    WrongKey,
    /// This key didn't sign this message.
    Invalid,
}

impl<'a> Certificate<'a> {
    /// Parses the DER of a Certificate.
    ///
    /// # Errors
    /// What is ill-formed in it: DER or a rule of RFC 5280 4.1 or 4.2.
    pub fn parse(certificate: &'a [u8]) -> Result<Self, DecodeError> {
        let mut outer = der::only(certificate, der::SEQUENCE, "Certificate")?;
        let tbs = outer.tlv(der::SEQUENCE, "tbsCertificate")?;
        let outer_algorithm = outer.contents(der::SEQUENCE, "signatureAlgorithm")?;
        let signature = outer.octet_bits("signatureValue")?;
        outer.end()?;

        let mut reader = Reader::new(tbs.contents, "tbsCertificate");
        let version = version(&mut reader)?;
        let serial = reader.integer("serialNumber")?;
        if !(1..=MAX_SERIAL).contains(&serial.len()) {
            return Err(reader.fail(DecodeFault::BadLength));
        }
        let inner_algorithm = reader.contents(der::SEQUENCE, "signature")?;
        let issuer = reader.contents(der::SEQUENCE, "issuer")?;
        DistinguishedName::new(issuer).check("issuer")?;
        // RFC 5280 4.1.2.4: the issuer must not be empty.
        if issuer.is_empty() {
            return Err(reader.fail(DecodeFault::BadLength));
        }
        let mut validity = reader.nested(der::SEQUENCE, "validity")?;
        let not_before = time::read(&mut validity, "notBefore")?;
        let not_after = time::read(&mut validity, "notAfter")?;
        validity.end()?;
        let subject = reader.contents(der::SEQUENCE, "subject")?;
        DistinguishedName::new(subject).check("subject")?;
        let key = reader.tlv(der::SEQUENCE, "subjectPublicKeyInfo")?;
        let key = KeyInfo::parse(key.contents, key.whole)?;

        // RFC 5280 4.1.2.8: unique identifiers from v2 on; 4.1.2.9: extensions in v3 only.
        if version >= 2 {
            reader.optional(der::context(1), "issuerUniqueID")?;
            reader.optional(der::context(2), "subjectUniqueID")?;
        }
        let extensions = match version {
            3 => reader.optional(der::context_constructed(3), "extensions")?,
            _ => None,
        };
        reader.end()?;
        let mut read = Extensions::default();
        if let Some(extensions) = extensions {
            read.read(extensions)?;
        }
        Ok(Self {
            tbs: tbs.whole,
            version,
            serial,
            issuer,
            subject,
            not_before,
            not_after,
            key,
            inner_algorithm,
            outer_algorithm,
            signature,
            extensions: read,
        })
    }

    /// When a certificate ends, without a look at what stands behind that: for one that was parsed before.
    pub(crate) fn not_after(certificate: &'a [u8]) -> Result<Moment, DecodeError> {
        let mut outer = der::only(certificate, der::SEQUENCE, "Certificate")?;
        let tbs = outer.tlv(der::SEQUENCE, "tbsCertificate")?;
        let mut reader = Reader::new(tbs.contents, "tbsCertificate");
        version(&mut reader)?;
        reader.integer("serialNumber")?;
        reader.contents(der::SEQUENCE, "signature")?;
        reader.contents(der::SEQUENCE, "issuer")?;
        let mut validity = reader.nested(der::SEQUENCE, "validity")?;
        time::read(&mut validity, "notBefore")?;
        time::read(&mut validity, "notAfter")
    }

    /// 1, 2 or 3.
    #[must_use]
    pub const fn version(&self) -> u8 {
        self.version
    }

    /// The serial number: the contents of its INTEGER.
    #[must_use]
    pub const fn serial(&self) -> &'a [u8] {
        self.serial
    }

    /// Who issued it.
    #[must_use]
    pub const fn issuer(&self) -> DistinguishedName<'a> {
        DistinguishedName::new(self.issuer)
    }

    /// Whose it is. Host names are not here but in [`Certificate::matches_name`].
    #[must_use]
    pub const fn subject(&self) -> DistinguishedName<'a> {
        DistinguishedName::new(self.subject)
    }

    /// The issuer in the form of RFC 4514, escaped and bounded, for a person to read.
    #[must_use]
    pub fn issuer_text(&self) -> Text {
        self.issuer().text()
    }

    /// The subject in the form of RFC 4514, escaped and bounded, for a person to read.
    #[must_use]
    pub fn subject_text(&self) -> Text {
        self.subject().text()
    }

    /// `notBefore` and `notAfter`, both within the time of validity.
    #[must_use]
    pub const fn validity(&self) -> (Moment, Moment) {
        (self.not_before, self.not_after)
    }

    /// The DER of the SubjectPublicKeyInfo.
    #[must_use]
    pub const fn subject_public_key_info(&self) -> &'a [u8] {
        self.key.whole
    }

    /// What kind of key it is: the contents of the AlgorithmIdentifier, as in
    /// [`SignatureVerificationAlgorithm::public_key_alg_id`].
    #[must_use]
    pub const fn public_key_algorithm(&self) -> &'a [u8] {
        self.key.algorithm
    }

    /// The key itself: the octets of `subjectPublicKey`.
    #[must_use]
    pub const fn public_key(&self) -> &'a [u8] {
        self.key.key
    }

    /// Whether the algorithm is for keys of this kind.
    #[must_use]
    pub fn has_key_for(&self, algorithm: &dyn SignatureVerificationAlgorithm) -> bool {
        algorithm.public_key_alg_id().as_ref() == self.key.algorithm
    }

    /// Verifies a signature made with this certificate's key.
    ///
    /// # Errors
    /// [`SignatureFault::WrongKey`] if the algorithm is for other keys,
    /// [`SignatureFault::Invalid`] if the signature doesn't verify.
    pub fn verify_signature(
        &self,
        algorithm: &dyn SignatureVerificationAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureFault> {
        if !self.has_key_for(algorithm) {
            return Err(SignatureFault::WrongKey);
        }
        algorithm
            .verify_signature(self.key.key, message, signature)
            .map_err(|_| SignatureFault::Invalid)
    }

    /// The hash of the certificate's own signature algorithm; `None` where it has none or one
    /// that isn't known (Ed25519): RFC 5929 4.1 then defines no channel binding.
    #[must_use]
    pub fn signature_hash(&self) -> Option<SignatureHash> {
        signature_algorithm(self.outer_algorithm).1
    }

    /// Whether the certificate is for this name (RFC 9525 6): one of its `dNSName`s, a wildcard
    /// among them standing for one whole left-most label, or one of its `iPAddress`es.
    #[must_use]
    pub fn matches_name(&self, name: &ServerName<'_>) -> bool {
        self.names().any(|presented| presented.matches(name))
    }

    /// The first few names that it is for, and how many more there are.
    #[must_use]
    pub fn presented_names(&self) -> (Vec<Text>, usize) {
        const MOST: usize = 5;
        let names = || self.names().filter_map(|name| name.host_text());
        (names().take(MOST).collect(), names().skip(MOST).count())
    }

    /// All entries of `subjectAltName`.
    pub(crate) fn names(&self) -> impl Iterator<Item = GeneralName<'a>> + use<'a> {
        name::general_names(self.extensions.subject_alt_name.unwrap_or(&[]))
    }

    pub(crate) const fn tbs(&self) -> &'a [u8] {
        self.tbs
    }

    pub(crate) const fn key(&self) -> KeyInfo<'a> {
        self.key
    }

    pub(crate) const fn signature(&self) -> &'a [u8] {
        self.signature
    }

    /// The contents of `signatureAlgorithm`.
    pub(crate) const fn signature_algorithm(&self) -> &'a [u8] {
        self.outer_algorithm
    }

    /// What it is signed with, for a person to read.
    pub(crate) fn signature_algorithm_text(&self) -> Text {
        AlgorithmName::of(self.outer_algorithm).text()
    }

    /// RFC 5280 4.1.1.2: both must be the same.
    pub(crate) fn algorithms_agree(&self) -> bool {
        self.inner_algorithm == self.outer_algorithm
    }

    pub(crate) const fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.extensions.basic_constraints
    }

    /// Whether `keyUsage`, if there is one, has this bit.
    pub(crate) fn allows_key_usage(&self, bit: u16) -> bool {
        self.extensions.key_usage.is_none_or(|bits| bits & bit != 0)
    }

    /// Whether `keyUsage` is there.
    pub(crate) const fn has_key_usage(&self) -> bool {
        self.extensions.key_usage.is_some()
    }

    /// Whether `extKeyUsage`, if there is one, has this purpose (RFC 5280 4.2.1.12).
    pub(crate) fn allows_purpose(&self, purpose: &[u8]) -> bool {
        self.extensions.extended_key_usage.is_none()
            || self.names_purpose(purpose)
            || self.names_purpose(oid::ANY_EXTENDED_KEY_USAGE)
    }

    /// Whether `extKeyUsage` is there and names this purpose.
    pub(crate) fn names_purpose(&self, purpose: &[u8]) -> bool {
        let purposes = self.extensions.extended_key_usage.unwrap_or(&[]);
        let mut reader = Reader::new(purposes, "extKeyUsage");
        while let Ok(found) = reader.contents(der::OID, "extKeyUsage") {
            if found == purpose {
                return true;
            }
        }
        false
    }

    /// The contents of the CRLDistributionPoints SEQUENCE (RFC 5280 4.2.1.13).
    pub(crate) const fn distribution_points(&self) -> Option<&'a [u8]> {
        self.extensions.distribution_points
    }

    /// Whether a stapled OCSP response must come along (RFC 7633).
    pub(crate) const fn must_staple(&self) -> bool {
        self.extensions.must_staple
    }

    /// Whether `id-pkix-ocsp-nocheck` is there (RFC 6960 4.2.2.2.1).
    pub(crate) const fn has_ocsp_nocheck(&self) -> bool {
        self.extensions.ocsp_nocheck
    }

    /// The SignedCertificateTimestampList within (RFC 6962 3.3), unread.
    pub(crate) const fn timestamps(&self) -> Option<&'a [u8]> {
        self.extensions.timestamps
    }

    /// The contents of the NameConstraints SEQUENCE.
    pub(crate) const fn name_constraints(&self) -> Option<&'a [u8]> {
        self.extensions.name_constraints
    }

    pub(crate) const fn policies(&self) -> &PolicyExtensions<'a> {
        &self.extensions.policies
    }

    pub(crate) const fn unknown_critical(&self) -> Option<&'a [u8]> {
        self.extensions.unknown_critical
    }

    /// Whether the key identifiers say that `issuer` issued this one: a hint, since anyone can
    /// write anything there.
    pub(crate) fn hints_at(&self, issuer: &Certificate<'_>) -> bool {
        match (
            self.extensions.authority_key_id,
            issuer.extensions.subject_key_id,
        ) {
            (Some(wanted), Some(found)) => wanted == found,
            _ => false,
        }
    }
}

impl fmt::Debug for Certificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject_text())
            .field("issuer", &self.issuer_text())
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// RFC 5280 4.1.2.1: `[0] EXPLICIT INTEGER DEFAULT v1`.
fn version(reader: &mut Reader<'_>) -> Result<u8, DecodeError> {
    const WHAT: &str = "version";
    let Some(contents) = reader.optional(der::context_constructed(0), WHAT)? else {
        return Ok(1);
    };
    let mut inner = Reader::new(contents, WHAT);
    let version = match inner.contents(der::INTEGER, WHAT)? {
        [1] => 2,
        [2] => 3,
        _ => return Err(inner.fail(DecodeFault::BadValue)),
    };
    inner.end()?;
    Ok(version)
}

impl<'a> Extensions<'a> {
    /// Reads the contents of the `[3]`.
    fn read(&mut self, contents: &'a [u8]) -> Result<(), DecodeError> {
        let mut list = ExtensionList::new(contents, "extensions")?;
        while let Some((id, critical, value)) = list.take()? {
            self.take(id, critical, value)?;
        }
        Ok(())
    }

    fn take(&mut self, id: &'a [u8], critical: bool, value: &'a [u8]) -> Result<(), DecodeError> {
        match id {
            oid::BASIC_CONSTRAINTS => self.basic_constraints = Some(basic_constraints(value)?),
            oid::KEY_USAGE => self.key_usage = Some(key_usage(value)?),
            oid::EXTENDED_KEY_USAGE => self.extended_key_usage = Some(extended_key_usage(value)?),
            oid::SUBJECT_ALT_NAME => {
                self.subject_alt_name = Some(name::check_general_names(value, "subjectAltName")?);
            }
            oid::NAME_CONSTRAINTS => {
                self.name_constraints = Some(super::constraints::check(value)?);
            }
            oid::SUBJECT_KEY_IDENTIFIER => self.subject_key_id = Some(subject_key_id(value)?),
            oid::AUTHORITY_KEY_IDENTIFIER => self.authority_key_id = authority_key_id(value)?,
            oid::CRL_DISTRIBUTION_POINTS => {
                self.distribution_points = Some(super::scope::check_distribution_points(value)?);
            }
            oid::TLS_FEATURE => self.must_staple = tls_feature(value)?,
            oid::OCSP_NOCHECK => self.ocsp_nocheck = true,
            oid::TIMESTAMPS => self.timestamps = Some(super::sct::inner(value)?),
            // What policies ask for is seen to along the path.
            _ if self.policies.take(id, value)? => {}
            _ if critical && self.unknown_critical.is_none() => self.unknown_critical = Some(id),
            _ => {}
        }
        Ok(())
    }
}

/// The extensions that have been read.
#[derive(Default)]
struct Seen<'a> {
    /// A bit for each of `id-ce` (2.5.29.0 to 2.5.29.63), to which most belong.
    common: u64,
    others: [Option<&'a [u8]>; 8],
}

impl<'a> Seen<'a> {
    /// Whether it comes for the first time; nothing if there are too many to tell.
    fn is_first(&mut self, id: &'a [u8]) -> Option<bool> {
        if let [0x55, 0x1d, n @ 0..=63] = id {
            let bit = 1_u64.rotate_left(u32::from(*n));
            let first = self.common & bit == 0;
            self.common |= bit;
            return Some(first);
        }
        for place in &mut self.others {
            match place {
                Some(seen) if *seen == id => return Some(false),
                Some(_) => {}
                None => {
                    *place = Some(id);
                    return Some(true);
                }
            }
        }
        None
    }
}

/// An Extension: its identifier, whether it is critical, and what its OCTET STRING holds.
pub(crate) type Extension<'a> = (&'a [u8], bool, &'a [u8]);

/// Reads the Extensions of a SEQUENCE, which has at least one.
pub(crate) struct ExtensionList<'a> {
    list: Reader<'a>,
    what: &'static str,
    /// Where the first one begins.
    start: Reader<'a>,
    /// How many were taken.
    count: usize,
    seen: Seen<'a>,
}

impl<'a> ExtensionList<'a> {
    pub(crate) fn new(contents: &'a [u8], what: &'static str) -> Result<Self, DecodeError> {
        let list = der::only(contents, der::SEQUENCE, what)?;
        if list.is_empty() {
            return Err(list.fail(DecodeFault::BadLength));
        }
        Ok(Self {
            start: list.clone(),
            list,
            what,
            count: 0,
            seen: Seen::default(),
        })
    }

    /// The next one.
    pub(crate) fn take(&mut self) -> Result<Option<Extension<'a>>, DecodeError> {
        if self.list.is_empty() {
            return Ok(None);
        }
        let mut reader = self.list.nested(der::SEQUENCE, "Extension")?;
        let id = reader.contents(der::OID, "Extension.extnID")?;
        let critical = reader.optional_boolean("Extension.critical")?;
        let value = reader.contents(der::OCTET_STRING, "Extension.extnValue")?;
        reader.end()?;
        // RFC 5280 4.2: each extension at most once.
        if !self.seen.is_first(id).unwrap_or_else(|| self.is_new(id)) {
            return Err(DecodeError::new(self.what, DecodeFault::Duplicate));
        }
        self.count = self.count.saturating_add(1);
        if self.count > MAX_EXTENSIONS {
            return Err(DecodeError::new(self.what, DecodeFault::BadLength));
        }
        Ok(Some((id, critical, value)))
    }

    /// Whether none of those that were taken has this identifier.
    fn is_new(&self, id: &[u8]) -> bool {
        let mut before = self.start.clone();
        let mut next = || {
            let mut reader = before.nested(der::SEQUENCE, "Extension")?;
            reader.contents(der::OID, "Extension.extnID")
        };
        !(0..self.count).any(|_| next() == Ok(id))
    }
}

fn basic_constraints(value: &[u8]) -> Result<BasicConstraints, DecodeError> {
    const WHAT: &str = "basicConstraints";
    let mut reader = der::only(value, der::SEQUENCE, WHAT)?;
    let ca = reader.optional_boolean(WHAT)?;
    let path_len = match reader.optional(der::INTEGER, "pathLenConstraint")? {
        None => None,
        Some([n @ 0..=0x7f]) => Some(*n),
        // A leading zero octet belongs before a high bit only; longer ones are just "many".
        Some([0, n @ 0x80..=0xff]) => Some(*n),
        Some([0x01..=0x7f, _, ..] | [0, 0x80..=0xff, _, ..]) => Some(u8::MAX),
        Some(_) => return Err(reader.fail(DecodeFault::BadValue)),
    };
    reader.end()?;
    Ok(BasicConstraints { ca, path_len })
}

fn key_usage(value: &[u8]) -> Result<u16, DecodeError> {
    const WHAT: &str = "keyUsage";
    let mut outer = Reader::new(value, WHAT);
    let bits = outer.contents(der::BIT_STRING, WHAT)?;
    outer.end()?;
    let (unused, value) = match *bits {
        [unused, a] => (unused, u16::from_be_bytes([a, 0])),
        [unused, a, b] => (unused, u16::from_be_bytes([a, b])),
        [0] => (0, 0),
        _ => return Err(outer.fail(DecodeFault::BadValue)),
    };
    // X.690 11.2.1: the unused bits of the last octet are zero.
    let zeros = bits.last().map_or(0, |last| last.trailing_zeros());
    if unused > 7 || zeros < u32::from(unused) {
        return Err(outer.fail(DecodeFault::BadValue));
    }
    Ok(value)
}

fn extended_key_usage(value: &[u8]) -> Result<&[u8], DecodeError> {
    const WHAT: &str = "extKeyUsage";
    let mut outer = Reader::new(value, WHAT);
    let purposes = outer.contents(der::SEQUENCE, WHAT)?;
    outer.end()?;
    let mut reader = Reader::new(purposes, WHAT);
    if reader.is_empty() {
        return Err(reader.fail(DecodeFault::BadLength));
    }
    while !reader.is_empty() {
        reader.contents(der::OID, WHAT)?;
    }
    Ok(purposes)
}

/// RFC 7633 4.1: whether `status_request` is among the features.
fn tls_feature(value: &[u8]) -> Result<bool, DecodeError> {
    const WHAT: &str = "TLS feature";
    let mut reader = der::only(value, der::SEQUENCE, WHAT)?;
    let mut found = false;
    while !reader.is_empty() {
        found |= reader.contents(der::INTEGER, WHAT)? == [5];
    }
    Ok(found)
}

fn subject_key_id(value: &[u8]) -> Result<&[u8], DecodeError> {
    const WHAT: &str = "subjectKeyIdentifier";
    let mut reader = Reader::new(value, WHAT);
    let id = reader.contents(der::OCTET_STRING, WHAT)?;
    reader.end()?;
    Ok(id)
}

fn authority_key_id(value: &[u8]) -> Result<Option<&[u8]>, DecodeError> {
    const WHAT: &str = "authorityKeyIdentifier";
    let mut reader = der::only(value, der::SEQUENCE, WHAT)?;
    let id = reader.optional(der::context(0), WHAT)?;
    reader.optional(der::context_constructed(1), WHAT)?;
    reader.optional(der::context(2), WHAT)?;
    reader.end()?;
    Ok(id)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::string::ToString;
    use std::vec;

    fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        der::encode(tag, &parts.concat())
    }

    /// The parts of a certificate, each whole DER; no signature that means anything.
    struct Parts {
        version: Vec<u8>,
        serial: Vec<u8>,
        issuer: Vec<u8>,
        validity: Vec<u8>,
        key: Vec<u8>,
        tail: Vec<u8>,
    }

    fn common_name(text: &str) -> Vec<u8> {
        let kind = value(der::OID, &[&[0x55, 4, 3]]);
        let text = value(der::UTF8_STRING, &[text.as_bytes()]);
        let rdn = value(der::SET, &[&value(der::SEQUENCE, &[&kind, &text])]);
        value(der::SEQUENCE, &[&rdn])
    }

    impl Parts {
        fn good() -> Self {
            let algorithm = value(der::SEQUENCE, &[&value(der::OID, &[&[0x2b, 0x65, 0x70]])]);
            let time = |text: &str| value(der::UTC_TIME, &[text.as_bytes()]);
            Self {
                version: value(0xa0, &[&[2, 1, 2]]),
                serial: vec![2, 1, 1],
                issuer: common_name("x"),
                validity: value(
                    der::SEQUENCE,
                    &[&time("200101000000Z"), &time("491231235959Z")],
                ),
                key: value(
                    der::SEQUENCE,
                    &[&algorithm, &value(der::BIT_STRING, &[&[0; 33]])],
                ),
                tail: vec![],
            }
        }

        fn certificate(&self) -> Vec<u8> {
            let algorithm = value(der::SEQUENCE, &[&value(der::OID, &[&[0x2b, 0x65, 0x70]])]);
            let tbs = value(
                der::SEQUENCE,
                &[
                    &self.version,
                    &self.serial,
                    &algorithm,
                    &self.issuer,
                    &self.validity,
                    &common_name("y"),
                    &self.key,
                    &self.tail,
                ],
            );
            let signature = value(der::BIT_STRING, &[&[0; 65]]);
            value(der::SEQUENCE, &[&tbs, &algorithm, &signature])
        }

        fn with(change: impl FnOnce(&mut Self)) -> Vec<u8> {
            let mut parts = Self::good();
            change(&mut parts);
            parts.certificate()
        }
    }

    fn extensions(list: &[(&[u8], &[u8])]) -> Vec<u8> {
        let list: Vec<Vec<u8>> = list
            .iter()
            .map(|(id, contents)| {
                let id = value(der::OID, &[id]);
                let contents = value(der::OCTET_STRING, &[contents]);
                value(der::SEQUENCE, &[&id, &contents])
            })
            .collect();
        value(0xa3, &[&value(der::SEQUENCE, &[&list.concat()])])
    }

    #[test]
    fn an_extension_comes_once_however_many_there_are() {
        let read = |ids: &[u8]| {
            let each = |id: &u8| [0x30, 7, 6, 3, 0x2a, 3, *id, 4, 0];
            let mut contents: Vec<u8> = ids.iter().flat_map(each).collect();
            let length = u8::try_from(contents.len()).unwrap();
            contents.splice(0..0, [0x30, 0x81, length]);
            let mut list = ExtensionList::new(&contents, "extensions")?;
            while list.take()?.is_some() {}
            Ok(())
        };
        let ids: Vec<u8> = (0..20).collect();
        assert_eq!(read(&ids), Ok(()));
        // As many as are remembered, and more.
        for again in ids {
            let mut twice: Vec<u8> = (0..20).collect();
            twice.push(again);
            let fault: Result<(), DecodeError> = read(&twice);
            assert_eq!(fault.unwrap_err().fault, DecodeFault::Duplicate, "{again}");
        }
    }

    #[test]
    fn versions_and_what_they_allow() {
        let good = Parts::good().certificate();
        let certificate = Certificate::parse(&good).unwrap();
        assert_eq!(certificate.version(), 3);
        assert_eq!(certificate.serial(), [1]);
        assert_eq!(certificate.issuer().to_string(), "CN=x");
        assert_eq!(certificate.subject().to_string(), "CN=y");
        assert_eq!(certificate.public_key(), [0; 32]);
        assert_eq!(certificate.public_key_algorithm(), [6, 3, 0x2b, 0x65, 0x70]);
        assert_eq!(certificate.signature_hash(), None);

        let some = extensions(&[(oid::SUBJECT_KEY_IDENTIFIER, &[4, 1, 9])]);
        let unique_id = value(der::context(1), &[&[0, 1]]);
        for (version, tail, parses) in [
            (Some(2), some.clone(), true),
            (Some(1), some.clone(), false),
            (None, some.clone(), false),
            (None, vec![], true),
            (Some(1), unique_id.clone(), true),
            (None, unique_id.clone(), false),
            (Some(2), [unique_id, some.clone()].concat(), true),
            (Some(2), [some.clone(), some].concat(), false),
            // An explicit v1 is no DER, and there is no v4.
            (Some(0), vec![], false),
            (Some(3), vec![], false),
        ] {
            let certificate = Parts::with(|parts| {
                parts.version = match version {
                    Some(n) => value(0xa0, &[&[2, 1, n]]),
                    None => vec![],
                };
                parts.tail = tail;
            });
            assert_eq!(
                Certificate::parse(&certificate).is_ok(),
                parses,
                "{version:?}"
            );
        }
    }

    #[test]
    fn malformed_parts_are_named() {
        for (what, certificate) in [
            ("serialNumber", Parts::with(|p| p.serial = vec![2, 0])),
            (
                "serialNumber",
                Parts::with(|p| p.serial = value(2, &[&[1; 22]])),
            ),
            ("serialNumber", Parts::with(|p| p.serial = vec![4, 1, 1])),
            ("issuer", Parts::with(|p| p.issuer = vec![0x30, 0])),
            ("issuer", Parts::with(|p| p.issuer = vec![0x30, 2, 0x31, 0])),
            (
                "notBefore",
                Parts::with(|p| p.validity = vec![0x30, 2, 0x17, 0]),
            ),
            (
                "SubjectPublicKeyInfo.subjectPublicKey",
                Parts::with(|p| p.key = vec![0x30, 6, 0x30, 0, 3, 2, 1, 0x80]),
            ),
            ("extensions", Parts::with(|p| p.tail = extensions(&[]))),
        ] {
            let error = Certificate::parse(&certificate).unwrap_err();
            assert_eq!(error.what, what, "{error}");
        }
    }

    #[test]
    fn malformed_extensions() {
        for (id, bad) in [
            (oid::BASIC_CONSTRAINTS, &[0x30, 3, 1, 1, 1][..]),
            (oid::BASIC_CONSTRAINTS, &[0x30, 3, 2, 1, 0x80]),
            (oid::BASIC_CONSTRAINTS, &[0x30, 4, 2, 2, 0, 5]),
            (oid::BASIC_CONSTRAINTS, &[0x30, 0, 0]),
            (oid::KEY_USAGE, &[3, 2, 8, 0]),
            (oid::KEY_USAGE, &[3, 2, 6, 0xa0]),
            (oid::KEY_USAGE, &[3, 0]),
            (oid::KEY_USAGE, &[3, 4, 0, 0, 0, 0]),
            (oid::EXTENDED_KEY_USAGE, &[0x30, 0]),
            (oid::EXTENDED_KEY_USAGE, &[0x30, 2, 5, 0]),
            (oid::SUBJECT_ALT_NAME, &[0x30, 0]),
            (oid::SUBJECT_ALT_NAME, &[0x30, 5, 0x87, 3, 1, 2, 3]),
            (oid::SUBJECT_ALT_NAME, &[0x30, 2, 0x89, 0]),
            (oid::NAME_CONSTRAINTS, &[0x30, 0]),
            (oid::NAME_CONSTRAINTS, &[0x30, 2, 0xa0, 0]),
            (oid::SUBJECT_KEY_IDENTIFIER, &[4, 1]),
            (oid::AUTHORITY_KEY_IDENTIFIER, &[0x30, 2, 0x83, 0]),
        ] {
            let certificate = Parts::with(|p| p.tail = extensions(&[(id, bad)]));
            assert!(Certificate::parse(&certificate).is_err(), "{id:?} {bad:x?}");
        }
        // As many as allowed, and one more.
        let id = |n: usize| [0x2a, u8::try_from(n).unwrap()];
        for (count, parses) in [(MAX_EXTENSIONS, true), (MAX_EXTENSIONS + 1, false)] {
            let ids: Vec<[u8; 2]> = (0..count).map(id).collect();
            let list: Vec<(&[u8], &[u8])> = ids.iter().map(|id| (&id[..], &[][..])).collect();
            let certificate = Parts::with(|p| p.tail = extensions(&list));
            assert_eq!(Certificate::parse(&certificate).is_ok(), parses);
        }
    }

    #[test]
    fn path_length_constraints() {
        for (bytes, path_len) in [
            (&[0x30, 3, 1, 1, 0xff][..], None),
            (&[0x30, 6, 1, 1, 0xff, 2, 1, 0], Some(0)),
            (&[0x30, 6, 1, 1, 0xff, 2, 1, 127], Some(127)),
            (&[0x30, 7, 1, 1, 0xff, 2, 2, 0, 200], Some(200)),
            (&[0x30, 7, 1, 1, 0xff, 2, 2, 1, 0], Some(255)),
        ] {
            let parsed = basic_constraints(bytes).unwrap();
            assert_eq!(parsed, BasicConstraints { ca: true, path_len });
        }
        assert!(!basic_constraints(&[0x30, 0]).unwrap().ca);
        assert!(!basic_constraints(&[0x30, 3, 1, 1, 0]).unwrap().ca);
    }
}
