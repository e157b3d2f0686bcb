//! The roots that are trusted.

use super::cert::{Certificate, KeyInfo};
use super::constraints;
use super::name::DistinguishedName;
use crate::error::{CertificateError, CertificateFault, DecodeError};
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use sha2::{Digest, Sha256};

/// The roots that a path may end in (RFC 5280 6.1.1 (d)): a name and a key each, with the name
/// constraints that hold below.
///
/// Nothing else of a root's certificate counts, its time of validity neither: a root is trusted
/// because it stands here. `webpki_roots::TLS_SERVER_ROOTS` goes in by [`Extend`] or
/// [`FromIterator`].
#[derive(Clone, Default)]
pub struct RootStore {
    anchors: Vec<TrustAnchor<'static>>,
}

impl RootStore {
    /// An empty store, which trusts nobody.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            anchors: Vec::new(),
        }
    }

    /// Trusts the key of this certificate to issue others under its subject's name.
    ///
    /// A server's own self-signed certificate may be added as well: it is then accepted for the
    /// names that it has, within its time.
    ///
    /// # Errors
    /// If it is no well-formed certificate.
    pub fn add(&mut self, certificate: &CertificateDer<'_>) -> Result<(), CertificateError> {
        let malformed = |e| CertificateError::new(None, CertificateFault::Malformed(e));
        let parsed = Certificate::parse(certificate).map_err(malformed)?;
        let key = super::der::only(
            parsed.subject_public_key_info(),
            super::der::SEQUENCE,
            "subjectPublicKeyInfo",
        )
        .map_err(malformed)?;
        self.extend([TrustAnchor {
            subject: parsed.subject().contents().to_vec().into(),
            subject_public_key_info: key.rest().to_vec().into(),
            name_constraints: parsed.name_constraints().map(|nc| nc.to_vec().into()),
        }]);
        Ok(())
    }

    /// Whether a root from elsewhere can be used: its key and its name constraints are
    /// well-formed. One that can't be is no error in a store; nothing is ever issued under it.
    ///
    /// # Errors
    /// What is ill-formed.
    pub fn check(anchor: &TrustAnchor<'static>) -> Result<(), DecodeError> {
        DistinguishedName::new(&anchor.subject).check("subject")?;
        Anchor::parse(anchor).map(|_| ())
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }

    /// How many roots there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.anchors.len()
    }

    /// The roots.
    pub fn anchors(&self) -> impl Iterator<Item = &TrustAnchor<'static>> {
        self.anchors.iter()
    }

    /// A hash of the roots, in their order.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        for anchor in &self.anchors {
            let constraints = anchor.name_constraints.as_deref().unwrap_or(&[]);
            for part in [
                &anchor.subject,
                &anchor.subject_public_key_info,
                constraints,
            ] {
                hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
                hash.update(part);
            }
        }
        hash.finalize().into()
    }

    /// The roots' names, each the DER of a whole DistinguishedName, once each.
    pub(crate) fn names(&self) -> Vec<Vec<u8>> {
        let mut names: Vec<Vec<u8>> = Vec::new();
        for anchor in &self.anchors {
            let name = super::der::encode(super::der::SEQUENCE, &anchor.subject);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// A root as a path ends in it.
#[derive(Clone, Copy)]
pub(crate) struct Anchor<'a> {
    pub(crate) subject: DistinguishedName<'a>,
    pub(crate) key: KeyInfo<'a>,
    pub(crate) name_constraints: Option<&'a [u8]>,
}

impl<'a> Anchor<'a> {
    pub(crate) fn parse(anchor: &'a TrustAnchor<'static>) -> Result<Self, DecodeError> {
        let key = &anchor.subject_public_key_info;
        Ok(Self {
            subject: DistinguishedName::new(&anchor.subject),
            key: KeyInfo::parse(key, key)?,
            name_constraints: match &anchor.name_constraints {
                Some(contents) => Some(constraints::check_contents(contents)?),
                None => None,
            },
        })
    }
}

impl Extend<TrustAnchor<'static>> for RootStore {
    fn extend<T: IntoIterator<Item = TrustAnchor<'static>>>(&mut self, anchors: T) {
        self.anchors.extend(anchors);
    }
}

impl<'a> Extend<&'a TrustAnchor<'static>> for RootStore {
    fn extend<T: IntoIterator<Item = &'a TrustAnchor<'static>>>(&mut self, anchors: T) {
        self.anchors.extend(anchors.into_iter().cloned());
    }
}

impl FromIterator<TrustAnchor<'static>> for RootStore {
    fn from_iter<T: IntoIterator<Item = TrustAnchor<'static>>>(anchors: T) -> Self {
        Self {
            anchors: anchors.into_iter().collect(),
        }
    }
}

impl<'a> FromIterator<&'a TrustAnchor<'static>> for RootStore {
    fn from_iter<T: IntoIterator<Item = &'a TrustAnchor<'static>>>(anchors: T) -> Self {
        anchors.into_iter().cloned().collect()
    }
}

impl fmt::Debug for RootStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RootStore({} roots)", self.len())
    }
}
