//! Path building and validation (RFC 5280 6.1, RFC 4158): what is asked, and by whom.

mod search;

use self::search::Search;
use super::memo::{self, SignatureMemo};
use super::policy::InitialPolicies;
use super::profile::Profile;
use super::revocation::Revocation;
use super::roots::RootStore;
use super::sct::TimestampPolicy;
use super::{Decision, VerifiedChain, Verifier, VerifyRequest};
use crate::crypto::VerifyAlgorithms;
use crate::error::CertificateError;
use alloc::borrow::Cow;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write as _;
use sha2::{Digest, Sha256};

/// How much work one chain may cost. It is spent before the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many certificates are looked at.
    pub certificates: u32,
    /// How often a certificate or a root is tried as another one's issuer.
    pub steps: u32,
    /// How many signatures are verified.
    pub signatures: u32,
    /// How many names are compared, with name constraints and with each other; long ones count
    /// once more for every 64 octets. So do policies.
    pub comparisons: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            certificates: 100,
            steps: 1000,
            signatures: 50,
            comparisons: 100_000,
        }
    }
}

/// The default verifier: a path to a trusted root, by RFC 5280 and RFC 9525.
///
/// The intermediate certificates may come in any order, with others among them, and in several
/// versions (cross-signed); the first path that holds in every respect is taken. Checked are
/// signatures, time, `basicConstraints` with path lengths, `keyUsage`, `extKeyUsage` (in CA
/// certificates as well), name constraints, certificate policies, and for servers the name; and
/// keys and algorithms by a [`Profile`]. A critical extension that isn't known is refused.
/// A stapled OCSP response is judged, and more of revocation is checked
/// [as asked for](Self::with_revocation).
///
/// A server may present a certificate that is a root itself (self-signed and added to the
/// store): it is accepted like any other, for its own names and within its time.
///
/// # Signatures that were verified before
/// Whoever meets the same issuers all day would verify the same signatures all day. So the
/// verifier remembers [so many](Self::with_signature_memo) of those that were part of a path that was
/// accepted in every respect, each by the SHA-256 of the certificate with the issuer's key, and
/// by the algorithm that verified it. Only the arithmetic is spared: whether algorithm and key are
/// allowed, time, purpose, names, constraints, policies, distrust and revocation are judged at every
/// use, and the outcome is the same, the [`Budget`]'s too. The memo belongs to the verifier and its
/// clones, and to no one else. It doesn't grow beyond its bound, what wasn't used for longest goes
/// first, and strangers can put nothing in: of a certificate that isn't trusted nothing is
/// remembered, a failure never. Issuers' certificates and peers' own are apart, so that many peers
/// displace no issuer.
///
/// A peer that measures time can learn whether its issuer, or its own certificate, was met
/// recently. Where that matters, as between the users of a proxy, give each a verifier of its own
/// or turn the memo off.
#[derive(Clone, Debug)]
pub struct PathVerifier {
    roots: Arc<RootStore>,
    budget: Budget,
    profile: Profile,
    policies: InitialPolicies,
    distrusted: Distrusted,
    hints: Vec<Vec<u8>>,
    revocation: Revocation,
    timestamps: Option<TimestampPolicy>,
    /// What was verified before; clones share it. None if nothing is remembered.
    memo: Option<Arc<SignatureMemo>>,
    /// A hash of the roots and of all that has a say in what is accepted.
    identity: [u8; 32],
}

/// What isn't trusted any more, by SHA-256.
#[derive(Clone, Debug, Default)]
struct Distrusted {
    certificates: Vec<[u8; 32]>,
    keys: Vec<[u8; 32]>,
}

impl PathVerifier {
    /// Trusts these roots.
    #[must_use]
    pub fn new(roots: impl Into<Arc<RootStore>>) -> Self {
        Self {
            roots: roots.into(),
            budget: Budget::default(),
            profile: Profile::default(),
            policies: InitialPolicies::default(),
            distrusted: Distrusted::default(),
            hints: Vec::new(),
            revocation: Revocation::default(),
            timestamps: None,
            memo: SignatureMemo::new(memo::DEFAULT_ENTRIES),
            identity: [0; 32],
        }
        .identified()
    }

    /// Takes into the identity what was changed, so that no session made under other rules is
    /// resumed under these.
    fn identified(mut self) -> Self {
        // Not `format!`, whose compiled form needs an unwinder. A string takes everything.
        let mut rules = String::new();
        let _ = write!(
            rules,
            "{:?} {:?} {:?} {:?} {:?}",
            self.profile, self.policies, self.distrusted, self.revocation, self.timestamps
        );
        let mut hash = Sha256::new();
        hash.update(self.roots.fingerprint());
        hash.update(rules);
        for list in self.revocation.crls.lists() {
            hash.update(list);
        }
        self.identity = hash.finalize().into();
        self
    }

    /// Asks of keys, algorithms and forms what this profile says; [`Profile::PRIVATE`] if none
    /// is given.
    #[must_use]
    pub fn with_profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self.identified()
    }

    /// Asks for certificate policies; none are asked for by default.
    #[must_use]
    pub fn with_policies(mut self, policies: InitialPolicies) -> Self {
        self.policies = policies;
        self.identified()
    }

    /// Accepts no path over these certificates: the SHA-256 of their DER.
    #[must_use]
    pub fn distrust_certificates(mut self, sha256: impl IntoIterator<Item = [u8; 32]>) -> Self {
        self.distrusted.certificates.extend(sha256);
        self.identified()
    }

    /// Accepts no path over these keys, a root's neither: the SHA-256 of the DER of their
    /// SubjectPublicKeyInfo.
    #[must_use]
    pub fn distrust_keys(mut self, sha256: impl IntoIterator<Item = [u8; 32]>) -> Self {
        self.distrusted.keys.extend(sha256);
        self.identified()
    }

    /// Limits the work that one chain may cost.
    #[must_use]
    pub const fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
        self
    }

    /// Whether certificates were revoked, and what becomes of those of which that isn't known.
    #[must_use]
    pub fn with_revocation(mut self, revocation: Revocation) -> Self {
        self.revocation = revocation;
        self.identified()
    }

    /// Accepts servers only whose certificates are publicly logged (RFC 6962), and asks them for
    /// timestamps in the handshake.
    #[must_use]
    pub fn with_timestamps(mut self, policy: TimestampPolicy) -> Self {
        self.timestamps = Some(policy);
        self.identified()
    }

    /// Remembers this many signatures at most, rounded up to 8 times a power of two: as many of issuers'
    /// certificates, and as many again of peers' own. 0 remembers none; 128 is the default, about
    /// 12 KiB once both are full, and 1 KiB at first. See [above](Self#signatures-that-were-verified-before).
    #[must_use]
    pub fn with_signature_memo(mut self, entries: usize) -> Self {
        self.memo = SignatureMemo::new(entries);
        self
    }

    /// For a server: tells clients the names of the roots, in `certificate_authorities`.
    #[must_use]
    pub fn with_root_hints(mut self) -> Self {
        self.hints = self.roots.names();
        self
    }

    /// Verifies a chain.
    ///
    /// # Errors
    /// What is wrong with it; of several failed paths, the failure that says most.
    pub fn verify_now(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Result<VerifiedChain, CertificateError> {
        let mut search = Search::new(self, request, algorithms)?;
        search.check_end_entity(request.name.as_ref())?;
        search.run()
    }
}

impl Verifier for PathVerifier {
    fn verify(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        Decision::Now(self.verify_now(request, algorithms))
    }

    fn root_hints(&self) -> Cow<'_, [Vec<u8>]> {
        Cow::Borrowed(&self.hints)
    }

    fn wants_timestamps(&self) -> bool {
        self.timestamps.is_some()
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some(self.identity)
    }
}
