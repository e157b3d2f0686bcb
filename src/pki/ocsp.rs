//! OCSP responses as a server staples them (RFC 6960, RFC 6066 8).

use super::cert::{Certificate, ExtensionList, key_usage};
use super::crl::{plain_serial, reason_code};
use super::der::{self, Reader};
use super::name::DistinguishedName;
use super::revocation::{Checker, Link, OutOfBudget, Signed, Status, UnknownStatus, after};
use super::{oid, time};
use crate::crypto::{HashOutput, VerifyAlgorithms};
use crate::error::{
    CertificateFault, CrlFault, DecodeError, DecodeFault, Moment, OcspFault, RevocationReason,
};
use core::fmt;

/// How many certificates of a response are tried as the responder's.
const MOST_RESPONDERS: usize = 4;
const SINGLE: &str = "SingleResponse";

/// A parsed view of a successful OCSP response of the type `id-pkix-ocsp-basic`: slices of its
/// DER, nothing copied, nothing verified.
#[derive(Clone)]
pub struct OcspResponse<'a> {
    responder: Responder<'a>,
    produced_at: Moment,
    /// The contents of `responses`.
    responses: &'a [u8],
    signed: Signed<'a>,
    /// The contents of `certs`.
    certificates: &'a [u8],
}

/// The status of one certificate in an OCSP response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SingleStatus<'a> {
    /// The certificate's serial number: the contents of the INTEGER.
    pub serial: &'a [u8],
    /// Its status.
    pub status: CertificateStatus,
    /// Since when this is known to be right.
    pub this_update: Moment,
    /// When there is a newer response, if that is told.
    pub next_update: Option<Moment>,
    /// The hash algorithm of the two hashes: its object identifier.
    hash: &'a [u8],
    issuer_name: &'a [u8],
    issuer_key: &'a [u8],
    timestamps: Option<&'a [u8]>,
}

/// CertStatus (RFC 6960 4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CertificateStatus {
    /// It isn't known to be revoked.
    Good,
    /// It is revoked.
    Revoked {
        /// Since when.
        since: Moment,
        /// Why, where the CA says.
        reason: Option<RevocationReason>,
    },
    /// The responder doesn't know it.
    Unknown,
}

/// ResponderID.
#[derive(Clone, Copy)]
enum Responder<'a> {
    Name(DistinguishedName<'a>),
    /// The SHA-1 hash of its key.
    Key(&'a [u8]),
}

impl From<DecodeError> for OcspFault {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl<'a> OcspResponse<'a> {
    /// Parses the DER of an OCSPResponse to its last byte; only the certificates in it are left
    /// as they are. Nothing is allocated.
    ///
    /// # Errors
    /// What is ill-formed in it, that it is an error message, of another type, or has a critical
    /// extension that isn't known here.
    pub fn parse(response: &'a [u8]) -> Result<Self, OcspFault> {
        const WHAT: &str = "BasicOCSPResponse";
        let basic = basic_response(response)?;
        let mut reader = der::only(basic, der::SEQUENCE, WHAT)?;
        let tbs = reader.tlv(der::SEQUENCE, "tbsResponseData")?;
        let algorithm = reader.contents(der::SEQUENCE, "signatureAlgorithm")?;
        let signature = reader.octet_bits("signature")?;
        let certificates = match reader.optional(der::context_constructed(0), "certs")? {
            Some(certificates) => der::only(certificates, der::SEQUENCE, "certs")?.rest(),
            None => &[],
        };
        reader.end()?;
        let mut list = Reader::new(certificates, "certs");
        while !list.is_empty() {
            list.tlv(der::SEQUENCE, "certs")?;
        }

        let mut reader = Reader::new(tbs.contents, "ResponseData");
        // RFC 6960 4.2.1: version [0] DEFAULT v1, and there is no other.
        let responder = Responder::read(&mut reader)?;
        let produced_at = time::read_generalized(&mut reader, "producedAt")?;
        let responses = reader.contents(der::SEQUENCE, "responses")?;
        let extensions = reader.optional(der::context_constructed(1), "responseExtensions")?;
        reader.end()?;
        let mut list = Reader::new(responses, SINGLE);
        while !list.is_empty() {
            SingleStatus::read(&mut list)?;
        }
        if let Some(extensions) = extensions {
            // RFC 6960 4.4.1: a nonce is for somebody who asked; a stapled response has no use for it.
            check_extensions(extensions, "responseExtensions", |id, _| {
                Ok(id == oid::OCSP_NONCE)
            })?;
        }
        Ok(Self {
            responder,
            produced_at,
            responses,
            signed: Signed {
                algorithm,
                message: tbs.whole,
                signature,
            },
            certificates,
        })
    }

    /// When it was signed.
    #[must_use]
    pub const fn produced_at(&self) -> Moment {
        self.produced_at
    }

    /// The certificates that it is about, and their status.
    pub fn responses(&self) -> impl Iterator<Item = SingleStatus<'a>> + use<'a> {
        let mut list = Reader::new(self.responses, SINGLE);
        core::iter::from_fn(move || SingleStatus::read(&mut list).ok())
    }

    /// The certificates that came along, as DER.
    fn certificates(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut list = Reader::new(self.certificates, "certs");
        core::iter::from_fn(move || list.any().ok().map(|certificate| certificate.whole))
    }
}

impl fmt::Debug for OcspResponse<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OcspResponse")
            .field("produced_at", &self.produced_at)
            .finish_non_exhaustive()
    }
}

/// What is in the `response` of a successful OCSPResponse.
fn basic_response(response: &[u8]) -> Result<&[u8], OcspFault> {
    const STATUS: &str = "responseStatus";
    let mut reader = der::only(response, der::SEQUENCE, "OCSPResponse")?;
    let status = match *reader.contents(der::ENUMERATED, STATUS)? {
        [0] => None,
        [1] => Some("malformedRequest"),
        [2] => Some("internalError"),
        [3] => Some("tryLater"),
        [5] => Some("sigRequired"),
        [6] => Some("unauthorized"),
        _ => return Err(reader.fail(DecodeFault::BadValue).into()),
    };
    if let Some(status) = status {
        // RFC 6960 4.2.1: an error comes alone.
        reader.end()?;
        return Err(OcspFault::NotSuccessful { status });
    }
    let bytes = reader.contents(der::context_constructed(0), "responseBytes")?;
    reader.end()?;
    let mut bytes = der::only(bytes, der::SEQUENCE, "ResponseBytes")?;
    let kind = bytes.contents(der::OID, "responseType")?;
    let response = bytes.contents(der::OCTET_STRING, "response")?;
    bytes.end()?;
    if kind != oid::OCSP_BASIC {
        return Err(OcspFault::Type(oid::text(kind)));
    }
    Ok(response)
}

/// Reads Extensions; `take` tells whether it knows one.
fn check_extensions<'a>(
    contents: &'a [u8],
    what: &'static str,
    mut take: impl FnMut(&'a [u8], &'a [u8]) -> Result<bool, DecodeError>,
) -> Result<(), OcspFault> {
    let mut unknown = None;
    let mut list = ExtensionList::new(contents, what)?;
    while let Some((id, critical, value)) = list.take()? {
        // RFC 6960 4.4: an unknown critical extension is refused.
        if !take(id, value)? && critical && unknown.is_none() {
            unknown = Some(id);
        }
    }
    match unknown {
        Some(id) => Err(OcspFault::CriticalExtension { oid: oid::text(id) }),
        None => Ok(()),
    }
}

impl<'a> Responder<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        const WHAT: &str = "responderID";
        if let Some(name) = reader.optional(der::context_constructed(1), WHAT)? {
            let name = DistinguishedName::new(der::only(name, der::SEQUENCE, WHAT)?.rest());
            name.check(WHAT)?;
            return Ok(Self::Name(name));
        }
        let mut key = reader.nested(der::context_constructed(2), WHAT)?;
        let hash = key.contents(der::OCTET_STRING, WHAT)?;
        key.end()?;
        match hash.len() {
            20 => Ok(Self::Key(hash)),
            _ => Err(DecodeError::new(WHAT, DecodeFault::BadLength)),
        }
    }

    /// Whether this is who has that name or that key.
    fn is(self, name: DistinguishedName<'_>, key: &[u8], algorithms: &VerifyAlgorithms) -> bool {
        match self {
            Self::Name(own) => own.matches(name),
            Self::Key(hash) => (algorithms.sha1)(&[key]) == *hash,
        }
    }
}

impl<'a> SingleStatus<'a> {
    fn read(list: &mut Reader<'a>) -> Result<Self, OcspFault> {
        let mut reader = list.nested(der::SEQUENCE, SINGLE)?;
        let mut id = reader.nested(der::SEQUENCE, "CertID")?;
        let mut algorithm = id.nested(der::SEQUENCE, "hashAlgorithm")?;
        let hash = algorithm.contents(der::OID, "hashAlgorithm")?;
        // Parameters are NULL or left out.
        if !matches!(algorithm.rest(), [] | [5, 0]) {
            return Err(algorithm.fail(DecodeFault::BadValue).into());
        }
        let issuer_name = id.contents(der::OCTET_STRING, "issuerNameHash")?;
        let issuer_key = id.contents(der::OCTET_STRING, "issuerKeyHash")?;
        let serial = id.contents(der::INTEGER, "serialNumber")?;
        id.end()?;
        let status = CertificateStatus::read(&mut reader)?;
        let this_update = time::read_generalized(&mut reader, "thisUpdate")?;
        let next_update = match reader.optional(der::context_constructed(0), "nextUpdate")? {
            Some(time) => {
                let mut inner = Reader::new(time, "nextUpdate");
                let time = time::read_generalized(&mut inner, "nextUpdate")?;
                inner.end()?;
                Some(time)
            }
            None => None,
        };
        let extensions = reader.optional(der::context_constructed(1), "singleExtensions")?;
        reader.end()?;
        let mut timestamps = None;
        if let Some(extensions) = extensions {
            check_extensions(extensions, "singleExtensions", |id, value| {
                if id == oid::OCSP_TIMESTAMPS {
                    timestamps = Some(super::sct::inner(value)?);
                }
                Ok(id == oid::OCSP_TIMESTAMPS)
            })?;
        }
        Ok(Self {
            serial,
            status,
            this_update,
            next_update,
            hash,
            issuer_name,
            issuer_key,
            timestamps,
        })
    }
}

impl CertificateStatus {
    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        const WHAT: &str = "certStatus";
        let choice = reader.any()?;
        let mut inner = Reader::new(choice.contents, WHAT);
        let status = match choice.tag {
            0x80 => Self::Good,
            0x82 => Self::Unknown,
            0xa1 => {
                let since = time::read_generalized(&mut inner, "revocationTime")?;
                let reason = inner.optional(der::context_constructed(0), "revocationReason")?;
                let reason = reason.map(reason_code).transpose()?;
                Self::Revoked { since, reason }
            }
            _ => return Err(DecodeError::new(WHAT, DecodeFault::BadValue)),
        };
        inner.end()?;
        Ok(status)
    }
}

/// The hashes that name the issuer of a certificate in a CertID (RFC 6960 4.1.1).
struct IssuerHashes {
    sha1: [[u8; 20]; 2],
    sha256: [HashOutput; 2],
}

impl IssuerHashes {
    fn new(link: &Link<'_, '_>, algorithms: &VerifyAlgorithms) -> Self {
        // Of the issuer's name as it stands in the certificate, and of the issuer's key without the
        // count of unused bits.
        let name = der::encode(der::SEQUENCE, link.certificate.issuer().contents());
        let parts = [&name, link.issuer_key.key];
        Self {
            sha1: parts.map(|part| (algorithms.sha1)(&[part])),
            sha256: parts.map(|part| algorithms.sha256.hash(&[part])),
        }
    }

    /// Whether a status is that of the certificate with this issuer and serial number.
    fn are_in(&self, single: &SingleStatus<'_>, serial: &[u8]) -> bool {
        let found = [single.issuer_name, single.issuer_key];
        let issuer = match single.hash {
            oid::SHA1 => self.sha1.each_ref().map(<[u8; 20]>::as_slice) == found,
            oid::SHA256 => self.sha256.each_ref().map(HashOutput::as_bytes) == found,
            _ => false,
        };
        issuer && plain_serial(single.serial) == plain_serial(serial)
    }
}

/// What a response tells of a certificate, and the timestamps in it if that is good.
pub(super) fn status<'r>(
    response: &'r [u8],
    link: &Link<'_, '_>,
    checker: &mut Checker<'_>,
) -> Result<(Status<OcspFault>, Option<&'r [u8]>), OutOfBudget> {
    let unknown = |fault| Ok((Status::Unknown(fault), None));
    let response = match OcspResponse::parse(response) {
        Ok(response) => response,
        Err(fault) => return unknown(fault),
    };
    // RFC 6960 3.2 (1): about the certificate in question, not just about one of the same CA.
    let hashes = IssuerHashes::new(link, checker.algorithms);
    let serial = link.certificate.serial();
    let ours = |single: &SingleStatus<'_>| hashes.are_in(single, serial);
    if !response.responses().any(|single| ours(&single)) {
        return unknown(OcspFault::OtherCertificate);
    }
    if let Err(fault) = response.verify(link, checker)? {
        return unknown(fault);
    }
    let mut result = (Status::Unknown(OcspFault::UnknownCertificate), None);
    for single in response.responses().filter(ours) {
        match single.status {
            CertificateStatus::Revoked { since, reason } => {
                return Ok((Status::Revoked { since, reason }, None));
            }
            _ if result.0 == Status::Good => {}
            CertificateStatus::Good => {
                result = match check_time(&single, response.produced_at, checker) {
                    Ok(()) => (Status::Good, single.timestamps),
                    Err(fault) => (Status::Unknown(fault), None),
                };
            }
            CertificateStatus::Unknown => {}
        }
    }
    Ok(result)
}

/// RFC 6960 3.2 (5), (6): recent enough, and not from the future.
fn check_time(
    single: &SingleStatus<'_>,
    produced_at: Moment,
    checker: &Checker<'_>,
) -> Result<(), OcspFault> {
    let now = checker.now;
    let this_update = single.this_update.max(produced_at);
    if checker.is_future(this_update) {
        return Err(OcspFault::NotYet { this_update, now });
    }
    let too_old = after(single.this_update, checker.policy.max_age);
    let next_update = single.next_update.unwrap_or(too_old);
    if checker.is_past(next_update) {
        return Err(OcspFault::Outdated { next_update, now });
    }
    Ok(())
}

impl OcspResponse<'_> {
    /// RFC 6960 3.2 (2) to (4): signed by the certificate's issuer, or by whom it delegated this to.
    fn verify(
        &self,
        link: &Link<'_, '_>,
        checker: &mut Checker<'_>,
    ) -> Result<Result<(), OcspFault>, OutOfBudget> {
        let mut fault = OcspFault::Signer;
        let algorithms = checker.algorithms;
        let issuer = link.certificate.issuer();
        let key = link.issuer_key;
        if self.responder.is(issuer, key.key, algorithms) {
            match self.signed.is_by(key, checker)? {
                Ok(()) => return Ok(Ok(())),
                Err(error) => fault = signature_fault(error),
            }
        }
        for der in self.certificates().take(MOST_RESPONDERS) {
            let Ok(responder) = Certificate::parse(der) else {
                continue;
            };
            let own = responder.key();
            if !self.responder.is(responder.subject(), own.key, algorithms) {
                continue;
            }
            if let Err(why) = check_responder(&responder, link, checker)? {
                fault = why;
                continue;
            }
            match self.signed.is_by(own, checker)? {
                Ok(()) => return Ok(Ok(())),
                Err(error) => fault = signature_fault(error),
            }
        }
        Ok(Err(fault))
    }
}

/// RFC 6960 4.2.2.2: whether the certificate's issuer has delegated its responses to this one.
fn check_responder(
    responder: &Certificate<'_>,
    link: &Link<'_, '_>,
    checker: &mut Checker<'_>,
) -> Result<Result<(), OcspFault>, OutOfBudget> {
    // Issued directly by the CA, and in so many words for this.
    if !responder.issuer().matches(link.certificate.issuer())
        || !responder.names_purpose(oid::OCSP_SIGNING)
    {
        return Ok(Err(OcspFault::Signer));
    }
    let because = |why| Ok(Err(OcspFault::Responder(why)));
    let (not_before, not_after) = responder.validity();
    if checker.now < not_before || checker.now > not_after {
        return because("is not valid at this time");
    }
    if responder.unknown_critical().is_some() {
        return because("has a critical extension that is not known here");
    }
    if !responder.algorithms_agree() || !responder.allows_key_usage(key_usage::DIGITAL_SIGNATURE) {
        return because("may not be used to sign responses");
    }
    let profile = checker.profile;
    if profile.check_any(responder, checker.algorithms).is_err() {
        return because("is of a form or has a key that is not used here");
    }
    let signed = Signed::of(responder);
    if signed.is_by(link.issuer_key, checker)?.is_err() {
        return because("is not signed by the issuer");
    }
    // RFC 6960 4.2.2.2.1: its own status, unless the CA says that there is none.
    if responder.has_ocsp_nocheck() {
        return Ok(Ok(()));
    }
    let own = Link {
        certificate: responder,
        issuer_key: link.issuer_key,
        issuer: link.issuer,
        place: link.place,
    };
    let policy = checker.policy;
    match policy.crls.status(&own, checker)? {
        Status::Revoked { .. } => because("was revoked"),
        Status::Unknown(_) if policy.unknown == UnknownStatus::Refuse => {
            because("has an unknown status")
        }
        _ => Ok(Ok(())),
    }
}

fn signature_fault(fault: CertificateFault) -> OcspFault {
    match super::crl::signature_fault(fault) {
        CrlFault::SignatureAlgorithm(name) => OcspFault::SignatureAlgorithm(name),
        _ => OcspFault::BadSignature,
    }
}
