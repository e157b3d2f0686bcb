//! The roots that are trusted.

use super::cert::Certificate;
use super::constraints;
use super::key::KeyInfo;
use super::name::DistinguishedName;
use crate::error::{DecodeError, Error, Misuse};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, TrustAnchor};
use sha2::{Digest, Sha256};

const BAD_PEM: Misuse = Misuse::Config("the PEM holds no certificate or is malformed");

/// The roots that a path may end in (RFC 5280 6.1.1 (d)): a name and a key each, with the name
/// constraints that hold below.
///
/// Nothing else of a root's certificate counts, its time of validity neither: a root is trusted
/// because it stands here.
///
/// | whose | how |
/// | --- | --- |
/// | the web's, as Mozilla has them, from the crate `webpki-roots` | `webpki_roots::TLS_SERVER_ROOTS.iter().collect()` |
/// | the operating system's | [`io::platform_roots`](crate::io::platform_roots) |
/// | a private CA's | [`RootStore::from_pem`], or [`RootStore::add`] for DER |
/// | a server's that issued its own certificate | the same, with that certificate |
///
/// They add up: a store takes more by [`RootStore::add`] and [`Extend`].
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

    /// The certificates in a PEM file: those of a private CA, or the one of a server that issued
    /// its own. What else the file holds is passed over.
    /// ```no_run
    /// # use symbolon::config::ClientConfig;
    /// # use symbolon::pki::RootStore;
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pem = std::fs::read("ca.pem")?;
    /// let config = ClientConfig::builder().roots(RootStore::from_pem(&pem)?).build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Misuse::Root`] for a certificate that is malformed, [`Misuse::Config`] if there is none
    /// or the file isn't PEM.
    pub fn from_pem(pem: &[u8]) -> Result<Self, Error> {
        let mut roots = Self::new();
        for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
            let certificate = certificate.map_err(|_| BAD_PEM)?;
            roots
                .add(&certificate)
                .map_err(|error| Misuse::Root { index, error })?;
        }
        match roots.is_empty() {
            true => Err(BAD_PEM.into()),
            false => Ok(roots),
        }
    }

    /// Trusts the key of this certificate to issue others under its subject's name.
    ///
    /// A server's own self-signed certificate may be added as well: it is then accepted for the
    /// names that it has, within its time.
    ///
    /// # Errors
    /// If it is no well-formed certificate.
    pub fn add(&mut self, certificate: &CertificateDer<'_>) -> Result<(), DecodeError> {
        let parsed = Certificate::parse(certificate)?;
        let key = super::der::only(
            parsed.subject_public_key_info(),
            super::der::SEQUENCE,
            "subjectPublicKeyInfo",
        )?;
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

/// A root of a store, for which a chain is trusted. Shown as its subject. It keeps the store alive.
#[derive(Clone)]
pub struct Root {
    store: Arc<RootStore>,
    position: usize,
}

impl Root {
    pub(super) fn new(store: &Arc<RootStore>, position: usize) -> Self {
        Self {
            store: Arc::clone(store),
            position,
        }
    }

    fn anchor(&self) -> Option<&TrustAnchor<'static>> {
        self.store.anchors.get(self.position)
    }

    /// Its name.
    #[must_use]
    pub fn subject(&self) -> DistinguishedName<'_> {
        DistinguishedName::new(self.anchor().map_or(&[], |anchor| &anchor.subject))
    }
}

impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        self.anchor() == other.anchor()
    }
}

impl Eq for Root {}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.subject(), f)
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({})", self.subject())
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
