//! Certificate revocation lists (RFC 5280 5, 6.3).
//!
//! Complete lists of a certificate's own issuer are used, whole or divided by distribution points,
//! kinds of certificates or reasons. Delta CRLs and indirect CRLs are refused by name.

use super::cert::{Certificate, ExtensionList};
use super::der::{self, Reader};
use super::name::DistinguishedName;
use super::revocation::{Checker, Link, OutOfBudget, Signed, Status, check_crl_sign};
use super::scope::{Reasons, Scope};
use super::{oid, time};
use crate::crypto::VerifyAlgorithms;
use crate::error::{
    CertificateFault, CrlFault, DecodeError, DecodeFault, Moment, RevocationReason,
};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::CertificateRevocationListDer;
use rustls_pki_types::pem::PemObject;

/// A parsed view of one CRL: slices of its DER, nothing copied, nothing verified.
#[derive(Clone)]
pub struct Crl<'a> {
    tbs: &'a [u8],
    issuer: &'a [u8],
    this_update: Moment,
    next_update: Moment,
    /// The contents of `revokedCertificates`.
    entries: &'a [u8],
    scope: Scope<'a>,
    algorithm: &'a [u8],
    signature: &'a [u8],
}

/// One entry of a CRL: a certificate that was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RevokedCertificate<'a> {
    /// Its serial number: the contents of the INTEGER.
    pub serial: &'a [u8],
    /// Since when.
    pub since: Moment,
    /// Why, where the CA says.
    pub reason: Option<RevocationReason>,
}

impl From<DecodeError> for CrlFault {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl<'a> Crl<'a> {
    /// Parses the DER of a CertificateList to its last entry. Nothing is allocated.
    ///
    /// # Errors
    /// What is ill-formed in it: DER or a rule of RFC 5280 5.1 to 5.3; or what isn't used here:
    /// a delta CRL, an indirect CRL, an unknown critical extension.
    pub fn parse(crl: &'a [u8]) -> Result<Self, CrlFault> {
        let (this, version) = Self::parse_head(crl)?;
        let mut entries = Reader::new(this.entries, ENTRY);
        while !entries.is_empty() {
            entry(&mut entries, version)?;
        }
        Ok(this)
    }

    /// The same without a look at the entries, for a list that was parsed before.
    fn parse_head(crl: &'a [u8]) -> Result<(Self, Version), CrlFault> {
        let mut outer = der::only(crl, der::SEQUENCE, "CertificateList")?;
        let tbs = outer.tlv(der::SEQUENCE, "tbsCertList")?;
        let algorithm = outer.contents(der::SEQUENCE, "signatureAlgorithm")?;
        let signature = outer.octet_bits("signatureValue")?;
        outer.end()?;

        let mut reader = Reader::new(tbs.contents, "tbsCertList");
        let version = match reader.optional(der::INTEGER, "version")? {
            None => Version::V1,
            Some([1]) => Version::V2,
            Some(_) => return Err(reader.fail(DecodeFault::BadValue).into()),
        };
        let inner = reader.contents(der::SEQUENCE, "signature")?;
        // RFC 5280 5.1.1.2: the same algorithm identifier inside and outside.
        if inner != algorithm {
            return Err(reader.fail(DecodeFault::BadValue).into());
        }
        let issuer = reader.contents(der::SEQUENCE, "issuer")?;
        DistinguishedName::new(issuer).check("issuer")?;
        // RFC 5280 5.1.2.3: the issuer must not be empty.
        if issuer.is_empty() {
            return Err(reader.fail(DecodeFault::BadLength).into());
        }
        let this_update = time::read(&mut reader, "thisUpdate")?;
        // RFC 5280 5.1.2.5: nextUpdate must be there.
        let next_update = time::read(&mut reader, "nextUpdate")?;
        let entries = reader.optional(der::SEQUENCE, "revokedCertificates")?;
        // RFC 5280 5.1.2.6: absent if there is none.
        if entries.is_some_and(<[u8]>::is_empty) {
            return Err(reader.fail(DecodeFault::BadLength).into());
        }
        // RFC 5280 5.1.2.7: extensions in v2 only.
        let extensions = match version {
            Version::V1 => None,
            Version::V2 => reader.optional(der::context_constructed(0), "crlExtensions")?,
        };
        reader.end()?;
        let scope = match extensions {
            Some(extensions) => crl_extensions(extensions)?,
            None => Scope::default(),
        };
        let this = Self {
            tbs: tbs.whole,
            issuer,
            this_update,
            next_update,
            entries: entries.unwrap_or(&[]),
            scope,
            algorithm,
            signature,
        };
        Ok((this, version))
    }

    /// Who issued it.
    #[must_use]
    pub const fn issuer(&self) -> DistinguishedName<'a> {
        DistinguishedName::new(self.issuer)
    }

    /// `thisUpdate` and `nextUpdate`.
    #[must_use]
    pub const fn validity(&self) -> (Moment, Moment) {
        (self.this_update, self.next_update)
    }

    /// The entries, in their order.
    pub fn revoked(&self) -> impl Iterator<Item = RevokedCertificate<'a>> + use<'a> {
        let mut entries = Reader::new(self.entries, ENTRY);
        // What an entry may have was checked before: here the version makes no difference.
        core::iter::from_fn(move || entry(&mut entries, Version::V2).ok())
    }

    /// Whether the certificate's key made the signature.
    ///
    /// # Errors
    /// [`CrlFault::KeyUsage`], [`CrlFault::SignatureAlgorithm`], [`CrlFault::BadSignature`], and
    /// [`CrlFault::Scope`] if the names differ.
    pub fn verify(
        &self,
        issuer: &Certificate<'_>,
        algorithms: &VerifyAlgorithms,
    ) -> Result<(), CrlFault> {
        if !self.issuer().matches(issuer.subject()) {
            return Err(CrlFault::Scope);
        }
        check_crl_sign(issuer)?;
        issuer
            .key()
            .verify(self.algorithm, self.tbs, self.signature, algorithms)
            .map_err(signature_fault)
    }
}

impl fmt::Debug for Crl<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crl")
            .field("issuer", &self.issuer())
            .field("this_update", &self.this_update)
            .field("next_update", &self.next_update)
            .finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    V1,
    V2,
}

const ENTRY: &str = "revokedCertificates";

/// RFC 5280 5.2: what the list is about.
fn crl_extensions(contents: &[u8]) -> Result<Scope<'_>, CrlFault> {
    let mut scope = Scope::default();
    let mut fault = None;
    let mut list = ExtensionList::new(contents, "crlExtensions")?;
    while let Some((id, critical, value)) = list.take()? {
        if id == oid::ISSUING_DISTRIBUTION_POINT {
            scope = Scope::parse(value)?;
        } else if id == oid::DELTA_CRL_INDICATOR {
            fault = Some(CrlFault::Delta);
        } else if id == oid::CRL_NUMBER || id == oid::AUTHORITY_KEY_IDENTIFIER {
            // Which of several is the newest is told by thisUpdate, whose it is by the signature.
        } else if critical && fault.is_none() {
            // RFC 5280 5.2: a list with one that can't be processed tells nothing.
            fault = Some(CrlFault::CriticalExtension { oid: oid::text(id) });
        }
    }
    match fault {
        Some(fault) => Err(fault),
        None if scope.indirect => Err(CrlFault::Indirect),
        None => Ok(scope),
    }
}

/// One entry of `revokedCertificates`.
fn entry<'a>(list: &mut Reader<'a>, version: Version) -> Result<RevokedCertificate<'a>, CrlFault> {
    let mut reader = list.nested(der::SEQUENCE, ENTRY)?;
    let serial = reader.contents(der::INTEGER, "userCertificate")?;
    let since = time::read(&mut reader, "revocationDate")?;
    let mut reason = None;
    if version == Version::V2 && !reader.is_empty() {
        let extensions = reader.tlv(der::SEQUENCE, "crlEntryExtensions")?;
        reason = entry_extensions(extensions.whole)?;
    }
    reader.end()?;
    Ok(RevokedCertificate {
        serial,
        since,
        reason,
    })
}

/// RFC 5280 5.3: the reason.
fn entry_extensions(whole: &[u8]) -> Result<Option<RevocationReason>, CrlFault> {
    let mut reason = None;
    let mut fault = None;
    let mut list = ExtensionList::new(whole, "crlEntryExtensions")?;
    while let Some((id, critical, value)) = list.take()? {
        if id == oid::REASON_CODE {
            reason = Some(reason_code(value)?);
        } else if id == oid::CERTIFICATE_ISSUER {
            fault = Some(CrlFault::Indirect);
        } else if critical && id != oid::INVALIDITY_DATE && fault.is_none() {
            // RFC 5280 5.3: a list with one that can't be processed tells nothing.
            fault = Some(CrlFault::CriticalExtension { oid: oid::text(id) });
        }
    }
    fault.map_or(Ok(reason), Err)
}

/// The DER of a CRLReason (RFC 5280 5.3.1).
pub(super) fn reason_code(value: &[u8]) -> Result<RevocationReason, DecodeError> {
    const WHAT: &str = "CRLReason";
    let mut reader = Reader::new(value, WHAT);
    let code = reader.contents(der::ENUMERATED, WHAT)?;
    reader.end()?;
    match code {
        [code] => RevocationReason::from_code(*code),
        _ => None,
    }
    .ok_or(DecodeError::new(WHAT, DecodeFault::BadValue))
}

/// A serial number without needless zeros in front, for comparison.
pub(super) fn plain_serial(mut serial: &[u8]) -> &[u8] {
    while let Some((0, rest)) = serial.split_first()
        && rest.first().is_some_and(|next| *next < 0x80)
    {
        serial = rest;
    }
    serial
}

/// The faults that a key tells when it verifies.
pub(super) fn signature_fault(fault: CertificateFault) -> CrlFault {
    match fault {
        CertificateFault::SignatureAlgorithm { algorithm } => {
            CrlFault::SignatureAlgorithm(algorithm)
        }
        CertificateFault::BrokenSignatureAlgorithm { algorithm } => {
            CrlFault::SignatureAlgorithm(algorithm.into())
        }
        _ => CrlFault::BadSignature,
    }
}

/// CRLs to look certificates up in.
///
/// Each is parsed when it is added, which takes time and 4 bytes of memory for each entry, besides
/// the list itself; looking a certificate up then takes a comparison with the issuer of each list
/// and a binary search in those of its own issuer. **Its signature is verified again at each look-up**,
/// over the whole list, unless it was added by [`add_verified`](Self::add_verified).
#[derive(Clone, Default)]
pub struct CrlStore {
    /// The newest first.
    lists: Vec<Arc<Stored>>,
    /// What looks a certificate up: [`look_up`]. An empty store has nothing to look up with, so that
    /// nothing of it is linked into a program that adds no list.
    look_up: Option<LookUp>,
}

type LookUp =
    fn(&CrlStore, &Link<'_, '_>, &mut Checker<'_>) -> Result<Status<Option<CrlFault>>, OutOfBudget>;

struct Stored {
    der: Vec<u8>,
    this_update: Moment,
    /// Where each entry begins in `revokedCertificates`, ordered by serial number.
    index: Vec<u32>,
    /// The SubjectPublicKeyInfo of the key that the signature was verified with already.
    verified_with: Option<Vec<u8>>,
}

impl CrlStore {
    /// An empty store, which knows no status.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            lists: Vec::new(),
            look_up: None,
        }
    }

    /// Adds a CRL. Whether it is signed by the issuer of a certificate is checked each time that
    /// one is looked up; by an outdated list nothing is good, but what it lists is revoked.
    ///
    /// Add the newer list besides the older one or make a new store: of two that say something
    /// the newer one is asked first.
    ///
    /// # Errors
    /// Those of [`Crl::parse`].
    pub fn add(&mut self, crl: impl Into<Vec<u8>>) -> Result<(), CrlFault> {
        let der = crl.into();
        let this_update = Crl::parse(&der)?.this_update;
        self.insert(der, this_update, None);
        Ok(())
    }

    /// Adds a CRL that is verified here and now, and never again.
    ///
    /// # Errors
    /// Those of [`Crl::parse`] and [`Crl::verify`].
    pub fn add_verified(
        &mut self,
        crl: impl Into<Vec<u8>>,
        issuer: &Certificate<'_>,
        algorithms: &VerifyAlgorithms,
    ) -> Result<(), CrlFault> {
        let der = crl.into();
        let parsed = Crl::parse(&der)?;
        parsed.verify(issuer, algorithms)?;
        let this_update = parsed.this_update;
        self.insert(der, this_update, Some(issuer.key().to_der()));
        Ok(())
    }

    /// Adds all CRLs of a PEM file; returns how many there are.
    ///
    /// # Errors
    /// Those of [`Crl::parse`], also for what is no PEM. The lists before the bad one are added.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<usize, CrlFault> {
        let mut count: usize = 0;
        for crl in CertificateRevocationListDer::pem_slice_iter(pem) {
            let crl = crl.map_err(|_| DecodeError::new("X509 CRL", DecodeFault::BadValue))?;
            self.add(crl.as_ref())?;
            count = count.saturating_add(1);
        }
        Ok(count)
    }

    fn insert(&mut self, der: Vec<u8>, this_update: Moment, verified_with: Option<Vec<u8>>) {
        let mut list = Stored {
            der,
            this_update,
            index: Vec::new(),
            verified_with,
        };
        list.index = list.build_index();
        self.look_up = Some(look_up);
        self.lists.push(Arc::new(list));
        self.lists
            .sort_by_key(|list| core::cmp::Reverse(list.this_update));
    }

    /// How many lists there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// The DER of each list.
    pub(super) fn lists(&self) -> impl Iterator<Item = &[u8]> {
        self.lists.iter().map(|list| list.der.as_slice())
    }

    /// The status of a certificate (RFC 5280 6.3.3).
    pub(super) fn status(
        &self,
        link: &Link<'_, '_>,
        checker: &mut Checker<'_>,
    ) -> Result<Status<Option<CrlFault>>, OutOfBudget> {
        match self.look_up {
            Some(look_up) => look_up(self, link, checker),
            None => Ok(Status::Unknown(None)),
        }
    }
}

fn look_up(
    store: &CrlStore,
    link: &Link<'_, '_>,
    checker: &mut Checker<'_>,
) -> Result<Status<Option<CrlFault>>, OutOfBudget> {
    let certificate = link.certificate;
    let mut known = Reasons::NONE;
    let mut closest = None;
    for list in &store.lists {
        let Ok((crl, _)) = Crl::parse_head(&list.der) else {
            continue;
        };
        if !crl.issuer().matches(certificate.issuer()) {
            continue;
        }
        let covered = crl.scope.covers(certificate);
        if covered == Reasons::NONE {
            closest = closest.or(Some(CrlFault::Scope));
            continue;
        }
        // RFC 5280 6.3.3 (e): it must add a reason.
        if covered.without(known) == Reasons::NONE {
            continue;
        }
        if let Err(fault) = list.verify(&crl, link, checker)? {
            closest = Some(fault);
            continue;
        }
        let listed = list.find(&crl, certificate.serial());
        if let Some(RevokedCertificate { since, reason, .. }) = listed {
            return Ok(Status::Revoked { since, reason });
        }
        if let Err(fault) = check_time(&crl, checker) {
            closest = Some(fault);
            continue;
        }
        known = known.or(covered);
        if known == Reasons::ALL {
            return Ok(Status::Good);
        }
    }
    if known != Reasons::NONE {
        closest = closest.or(Some(CrlFault::SomeReasons));
    }
    Ok(Status::Unknown(closest))
}

fn check_time(crl: &Crl<'_>, checker: &Checker<'_>) -> Result<(), CrlFault> {
    let now = checker.now;
    let (this_update, next_update) = crl.validity();
    if checker.is_future(this_update) {
        return Err(CrlFault::NotYet { this_update, now });
    }
    // RFC 5280 6.3.3 (a): the time must be before nextUpdate.
    if checker.is_past(next_update) {
        return Err(CrlFault::Outdated { next_update, now });
    }
    Ok(())
}

impl Stored {
    fn build_index(&self) -> Vec<u32> {
        let Ok((crl, _)) = Crl::parse_head(&self.der) else {
            return Vec::new();
        };
        let mut keyed = Vec::new();
        let mut reader = Reader::new(crl.entries, ENTRY);
        while !reader.is_empty() {
            let at = crl.entries.len().saturating_sub(reader.rest().len());
            // The reader knows no length of 2^32 or more.
            let (Ok(at), Ok(entry)) = (u32::try_from(at), entry(&mut reader, Version::V2)) else {
                break;
            };
            keyed.push((plain_serial(entry.serial), at));
        }
        keyed.sort_unstable();
        keyed.into_iter().map(|(_, at)| at).collect()
    }

    /// The entry that revokes the certificate with this serial number.
    fn find<'a>(&self, crl: &Crl<'a>, serial: &[u8]) -> Option<RevokedCertificate<'a>> {
        let serial = plain_serial(serial);
        let at = |at: &u32| {
            let rest = crl.entries.get(usize::try_from(*at).ok()?..)?;
            entry(&mut Reader::new(rest, ENTRY), Version::V2).ok()
        };
        let before = |i: &u32| at(i).is_some_and(|entry| plain_serial(entry.serial) < serial);
        let first = self.index.partition_point(before);
        self.index
            .get(first..)?
            .iter()
            .map_while(at)
            .take_while(|entry| plain_serial(entry.serial) == serial)
            // RFC 5280 6.3.3 (k): removeFromCRL is no revocation.
            .find(|entry| entry.reason != Some(RevocationReason::RemoveFromCrl))
    }

    /// RFC 5280 6.3.3 (f), (g): signed with a key of the issuer's that may sign CRLs.
    fn verify(
        &self,
        crl: &Crl<'_>,
        link: &Link<'_, '_>,
        checker: &mut Checker<'_>,
    ) -> Result<Result<(), CrlFault>, OutOfBudget> {
        let key = link.issuer_key;
        let signed = Signed {
            algorithm: crl.algorithm,
            message: crl.tbs,
            signature: crl.signature,
        };
        let fault = match link.issuer.map_or(Ok(()), check_crl_sign) {
            Err(fault) => fault,
            Ok(()) if self.verified_with.as_deref() == Some(&key.to_der()) => return Ok(Ok(())),
            Ok(()) => match signed.is_by(key, checker)? {
                Ok(()) => return Ok(Ok(())),
                Err(fault) => signature_fault(fault),
            },
        };
        match link.place {
            Some((chain, place)) if chain.is_by_other_key(place, signed, checker)? => Ok(Ok(())),
            _ => Ok(Err(fault)),
        }
    }
}

impl fmt::Debug for CrlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CrlStore({} lists)", self.len())
    }
}
