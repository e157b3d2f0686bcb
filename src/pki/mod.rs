//! Certificates: parsing, names, paths to a trusted root, and the trait that all of it can be
//! replaced through.
//!
//! - [`PeerChain`] is what the peer sent: bytes, nothing verified.
//! - A [`Verifier`] judges it: [`PathVerifier`] by RFC 5280 and RFC 9525 against a [`RootStore`],
//!   or the application's own, at once or later ([`Decision`]). What is asked of keys and
//!   algorithms is a [`Profile`]; [`InitialPolicies`] asks for certificate policies.
//! - [`Revocation`] says which certificates need a status, what is known of it from a [`CrlStore`]
//!   and from stapled OCSP responses, and what becomes of the others. [`TimestampPolicy`] asks for
//!   timestamps of public logs.
//! - [`Certificate`] is a parsed view of one certificate; nothing is copied or allocated.
//!
//! There is no switch that turns verification off. What accepts anything says so in its name:
//! [`DangerousAcceptAnyCertificate`].

mod cert;
mod constraints;
mod crl;
mod der;
mod describe;
mod key;
mod memo;
mod name;
mod ocsp;
mod oid;
mod path;
mod pin;
mod policy;
mod profile;
mod revocation;
mod roots;
mod scope;
mod sct;
mod time;

pub use cert::{Certificate, SignatureFault};
pub use crl::{Crl, CrlStore, RevokedCertificate};
pub use key::SignatureHash;
pub use name::DistinguishedName;
pub use ocsp::{CertificateStatus, OcspResponse, SingleStatus};
pub use path::{Budget, PathVerifier};
pub use pin::{FirstUseVerifier, KnownServers, Pin, PinVerifier, Stranger};
pub use policy::InitialPolicies;
pub use profile::Profile;
pub use revocation::{Revocation, RevocationDepth, UnknownStatus};
pub use roots::{Root, RootStore};
pub use sct::{CtLog, TimestampPolicy};

use crate::crypto::VerifyAlgorithms;
use crate::error::{CertificateError, Limit, StatusSource, Text};
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;
use rustls_pki_types::{ServerName, UnixTime};

/// The peer's chain as it came in the Certificate message (RFC 9846 4.5.1): owned and shared,
/// nothing in it verified or even parsed.
#[derive(PartialEq, Eq)]
pub struct PeerChain {
    bytes: Box<[u8]>,
    /// What came after the certificates: ranges beyond `bytes` are of it.
    stapled: Box<[u8]>,
    entries: Box<[Entry]>,
}

#[derive(PartialEq, Eq)]
struct Entry {
    certificate: Place,
    /// Or [`NOWHERE`].
    ocsp: Place,
    timestamps: Place,
}

/// A range of a chain's bytes. In few bytes, since sessions and idle connections keep chains.
type Place = Range<u32>;

/// Where there is nothing.
const NOWHERE: Place = u32::MAX..u32::MAX;

/// An end of one. A message has less than 2^24 bytes; what goes over 2^32 would read as nothing.
fn place(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// One certificate as a peer sends it, with what came along.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PeerEntry<'a> {
    /// The DER of the certificate.
    pub certificate: &'a [u8],
    /// The OCSP response that was stapled to it (`status_request`).
    pub ocsp: Option<&'a [u8]>,
    /// Its SignedCertificateTimestampList (`signed_certificate_timestamp`, RFC 6962 3.3).
    pub timestamps: Option<&'a [u8]>,
}

impl PeerChain {
    /// Copies the entries, the peer's own first: the DER of a certificate, and the OCSP response
    /// that was stapled to it.
    pub fn new<'a>(entries: impl Iterator<Item = (&'a [u8], Option<&'a [u8]>)>) -> Arc<Self> {
        Self::from_entries(entries.map(|(certificate, ocsp)| PeerEntry {
            certificate,
            ocsp,
            timestamps: None,
        }))
    }

    /// Copies the entries, the peer's own first.
    pub fn from_entries<'a>(entries: impl Iterator<Item = PeerEntry<'a>>) -> Arc<Self> {
        Self::collect(entries, 0, 0)
    }

    /// The same for so many entries that have so many bytes in all: nothing grows then.
    fn collect<'a>(
        entries: impl Iterator<Item = PeerEntry<'a>>,
        count: usize,
        size: usize,
    ) -> Arc<Self> {
        let mut bytes = Vec::with_capacity(size);
        let mut append = |part: &[u8]| {
            let start = place(bytes.len());
            bytes.extend_from_slice(part);
            start..place(bytes.len())
        };
        let mut places = Vec::with_capacity(count);
        for entry in entries {
            places.push(Entry {
                certificate: append(entry.certificate),
                ocsp: entry.ocsp.map_or(NOWHERE, &mut append),
                timestamps: entry.timestamps.map_or(NOWHERE, &mut append),
            });
        }
        // Without spare room: a session may keep it for long.
        Arc::new(Self {
            bytes: bytes.into(),
            stapled: Box::default(),
            entries: places.into(),
        })
    }

    /// What came from a peer that is bounded.
    pub(crate) fn bounded<'a>(
        entries: impl Iterator<Item = PeerEntry<'a>> + Clone,
        most: usize,
    ) -> Result<Arc<Self>, Limit> {
        let count = entries.clone().count();
        if count > most {
            return Err(Limit::Certificates(most));
        }
        let sizes = entries.clone().map(|entry| {
            let came_along = [entry.ocsp, entry.timestamps].into_iter().flatten();
            came_along.fold(entry.certificate.len(), |sum, bytes| {
                sum.saturating_add(bytes.len())
            })
        });
        let size = sizes.fold(0_usize, usize::saturating_add);
        Ok(Self::collect(entries, count, size))
    }

    /// Adds what TLS 1.2 sends apart from the certificates: both are about the peer's own.
    pub(crate) fn staple(&mut self, ocsp: Option<&[u8]>, timestamps: Option<&[u8]>) {
        let mut stapled = Vec::new();
        let mut append = |part: &[u8]| {
            let end = |stapled: &Vec<u8>| place(self.bytes.len().saturating_add(stapled.len()));
            let start = end(&stapled);
            stapled.extend_from_slice(part);
            start..end(&stapled)
        };
        let ocsp = ocsp.map_or(NOWHERE, &mut append);
        let timestamps = timestamps.map_or(NOWHERE, &mut append);
        self.stapled = stapled.into();
        if let Some(own) = self.entries.first_mut() {
            own.ocsp = ocsp;
            own.timestamps = timestamps;
        }
    }

    /// Bytes in all.
    pub(crate) fn size(&self) -> usize {
        self.bytes.len().saturating_add(self.stapled.len())
    }

    fn slice(&self, place: &Place) -> &[u8] {
        let start = usize::try_from(place.start).unwrap_or(usize::MAX);
        let end = usize::try_from(place.end).unwrap_or(usize::MAX);
        let behind = |at: usize| at.checked_sub(self.bytes.len());
        let stapled = || self.stapled.get(behind(start)?..behind(end)?);
        self.bytes.get(start..end).or_else(stapled).unwrap_or(&[])
    }

    /// Whether the peer sent no certificate.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many certificates there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// The DER of the certificates, the peer's own first.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.entries.iter().map(|e| self.slice(&e.certificate))
    }

    /// The DER of the peer's own certificate.
    #[must_use]
    pub fn end_entity(&self) -> Option<&[u8]> {
        self.certificates().next()
    }

    /// The OCSP response stapled to the peer's own certificate, as it came.
    #[must_use]
    pub fn ocsp_response(&self) -> Option<&[u8]> {
        self.entry(0)?.ocsp
    }

    /// The certificate at a position, with what came along.
    #[must_use]
    pub fn entry(&self, index: usize) -> Option<PeerEntry<'_>> {
        let entry = self.entries.get(index)?;
        let came = |place: &Place| (*place != NOWHERE).then(|| self.slice(place));
        Some(PeerEntry {
            certificate: self.slice(&entry.certificate),
            ocsp: came(&entry.ocsp),
            timestamps: came(&entry.timestamps),
        })
    }
}

impl fmt::Debug for PeerChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PeerChain({} certificates, bytes: ", self.len())?;
        f.debug_list()
            .entries(self.certificates().map(<[u8]>::len))
            .finish()?;
        f.write_str(")")
    }
}

/// Whose certificates are to be verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// A server's: its key may be used for `serverAuth`.
    Server,
    /// A client's: its key may be used for `clientAuth`.
    Client,
}

/// What is to be verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyRequest {
    /// What the peer sent.
    pub chain: Arc<PeerChain>,
    /// What the peer is.
    pub role: Role,
    /// What it must be called; a server without a name to check is refused.
    pub name: Option<ServerName<'static>>,
    /// The time to compare with.
    pub now: UnixTime,
}

/// An answer, or word that it comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<T> {
    /// The answer.
    Now(T),
    /// The application is to be asked; the handshake waits.
    Later,
}

/// Why a chain is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Trust {
    /// A path of signatures leads to this trusted root.
    Root(Root),
    /// The certificate or its key is known by this pin.
    Pin(Pin),
    /// It was verified in the handshake that a session comes from.
    Session,
    /// The application said so; its words.
    Application(Text),
    /// It is not: everything is accepted.
    Nothing,
}

/// A chain that was accepted, and why.
///
/// This is a statement of a [`Verifier`], not a proof: whoever makes one vouches for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedChain {
    path: Vec<usize>,
    trust: Trust,
    /// By place in the path.
    statuses: Vec<Option<StatusSource>>,
}

impl VerifiedChain {
    /// The application vouches for the peer's own certificate, for a `reason` that a person reads.
    #[must_use]
    pub fn by_application(reason: &str) -> Self {
        Self::alone(Trust::Application(Text::from(reason)))
    }

    /// Nothing but the peer's own certificate is relied on.
    fn alone(trust: Trust) -> Self {
        Self {
            path: [0].into(),
            trust,
            statuses: Vec::new(),
        }
    }

    /// The chain of a session that is resumed: judged when the session was made.
    pub(crate) fn by_session() -> Self {
        Self {
            path: [0].into(),
            trust: Trust::Session,
            statuses: Vec::new(),
        }
    }

    /// The certificates that were relied on, as positions in the [`PeerChain`]: the peer's own
    /// first, each issued by the next, the last one by the root.
    #[must_use]
    pub fn path(&self) -> &[usize] {
        &self.path
    }

    /// Why the chain is trusted.
    #[must_use]
    pub const fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Who says that the certificate at a place of the path isn't revoked; `None` if nobody was
    /// asked or nobody knows, which then wasn't required ([`Revocation`]).
    #[must_use]
    pub fn status(&self, place: usize) -> Option<StatusSource> {
        self.statuses.get(place).copied().flatten()
    }

    /// The root that the path leads to.
    #[must_use]
    pub const fn anchor(&self) -> Option<&Root> {
        match &self.trust {
            Trust::Root(root) => Some(root),
            _ => None,
        }
    }

    /// The path and why each of its links holds, a few lines for each certificate.
    #[must_use]
    pub fn describe<'a>(&'a self, chain: &'a PeerChain) -> impl fmt::Display + 'a {
        describe::Description {
            verified: self,
            chain,
        }
    }
}

/// Judges the peer's chain.
///
/// It judges the chain only: that the peer has the key of its own certificate is checked by the
/// handshake in any case (RFC 9846 4.5.2).
pub trait Verifier: Send + Sync + fmt::Debug {
    /// Accepts or refuses, or leaves it to the application, which then answers the handshake's
    /// request when it can.
    fn verify(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>>;

    /// What a server sends in `certificate_authorities` to help a client choose: the DER of
    /// whole DistinguishedNames. None by default.
    fn root_hints(&self) -> Cow<'_, [Vec<u8>]> {
        Cow::Borrowed(&[])
    }

    /// A hash of whom it trusts and how it judges, so that no session made under one verifier is
    /// resumed under another; it changes when roots are swapped. `None`, the default, for what can't
    /// tell: sessions then need `session_scope` in the config.
    fn identity(&self) -> Option<[u8; 32]> {
        None
    }

    /// Whether a server is asked for a stapled OCSP response (`status_request`). It is by default.
    /// Clients aren't asked for one.
    fn wants_ocsp(&self) -> bool {
        true
    }

    /// Whether a server is asked for timestamps of public logs (`signed_certificate_timestamp`,
    /// RFC 6962 3.3.1). It isn't by default.
    fn wants_timestamps(&self) -> bool {
        false
    }
}

/// Accepts every chain from everybody, without looking at it: **no protection against anyone
/// who can reach the network path**. For experiments and tests only.
///
/// The peer's proof that it has the key of the certificate it sent is still checked; that says
/// nothing about who it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct DangerousAcceptAnyCertificate;

impl Verifier for DangerousAcceptAnyCertificate {
    fn verify(
        &self,
        request: &VerifyRequest,
        _: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        Decision::Now(Ok(VerifiedChain {
            path: (0..request.chain.len()).take(1).collect(),
            trust: Trust::Nothing,
            statuses: Vec::new(),
        }))
    }

    fn wants_ocsp(&self) -> bool {
        false
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some(*b"DangerousAcceptAnyCertificate...")
    }
}

/// By what certificates, keys and signatures are told apart.
fn sha256(parts: &[&[u8]], algorithms: &VerifyAlgorithms) -> [u8; 32] {
    let hash = algorithms.sha256.hash(parts);
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(hash.as_bytes()) {
        *to = *from;
    }
    out
}
