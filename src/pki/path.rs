//! Path building and validation (RFC 5280 6.1, RFC 4158).
//!
//! The search goes from the peer's certificate towards a root by names, looking at whatever
//! costs little: time, purpose, whether a CA is one. Only when the names have reached a root are
//! signatures verified, from the root down, so that each is made with a key that is vouched for
//! already and nobody without a certified key can make us verify more than the first one. A
//! signature is verified once, however many paths lead over it.

use super::cert::{AlgorithmName, Certificate, KeyInfo, key_usage};
use super::constraints::{self, Comparisons, Denied};
use super::name::{self, DistinguishedName};
use super::oid;
use super::roots::{Anchor, RootStore};
use super::{Decision, Role, Trust, VerifiedChain, Verifier, VerifyRequest};
use crate::crypto::VerifyAlgorithms;
use crate::error::{CertificateError, CertificateFault as Fault, DecodeError, Moment, Text};
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls_pki_types::ServerName;

/// How many certificates a path may have, without the root.
const MAX_PATH: usize = 10;
/// RSA keys that are neither too weak nor a waste of time.
const RSA_BITS: core::ops::RangeInclusive<usize> = 2048..=8192;

/// How much work one chain may cost. It is spent before the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many certificates are looked at.
    pub certificates: u32,
    /// How often a certificate or a root is tried as another one's issuer.
    pub steps: u32,
    /// How many signatures are verified.
    pub signatures: u32,
    /// How many names are compared with name constraints.
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
/// certificates as well), name constraints, and for servers the name. A critical extension that
/// isn't known is refused. Revocation isn't checked yet, nor are certificate policies.
///
/// A server may present a certificate that is a root itself (self-signed and added to the
/// store): it is accepted like any other, for its own names and within its time.
#[derive(Clone, Debug)]
pub struct PathVerifier {
    roots: Arc<RootStore>,
    budget: Budget,
    hints: Vec<Vec<u8>>,
    /// A hash of the roots.
    roots_hash: [u8; 32],
}

impl PathVerifier {
    /// Trusts these roots.
    #[must_use]
    pub fn new(roots: impl Into<Arc<RootStore>>) -> Self {
        let roots = roots.into();
        let roots_hash = roots.fingerprint();
        Self {
            roots,
            budget: Budget::default(),
            hints: Vec::new(),
            roots_hash,
        }
    }

    /// Limits the work that one chain may cost.
    #[must_use]
    pub const fn with_budget(mut self, budget: Budget) -> Self {
        self.budget = budget;
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
        let search = Search::new(&self.roots, self.budget, request, algorithms)?;
        search.check_end_entity(request.role, request.name.as_ref())?;
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

    fn root_hints(&self) -> &[Vec<u8>] {
        &self.hints
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some(self.roots_hash)
    }
}

/// What ends an attempt.
enum Stop {
    /// This path doesn't hold; another one may.
    Fault(CertificateError),
    /// Nothing more is tried.
    OutOfBudget,
}

/// A signature that has been looked at.
struct Checked<'a> {
    index: usize,
    key: KeyInfo<'a>,
    result: Result<(), Fault>,
}

/// The search for one chain.
struct Search<'a> {
    roots: &'a RootStore,
    algorithms: &'a VerifyAlgorithms,
    now: Moment,
    purpose: (&'static [u8], &'static str),
    end_entity: Certificate<'a>,
    /// What else came, from position 1 on.
    others: Vec<Result<Certificate<'a>, DecodeError>>,
    /// Positions: the peer's own certificate first, each issued by the next.
    path: Vec<usize>,
    checked: Vec<Checked<'a>>,
    left: Budget,
    failure: Option<CertificateError>,
}

impl<'a> Search<'a> {
    fn new(
        roots: &'a RootStore,
        budget: Budget,
        request: &'a VerifyRequest,
        algorithms: &'a VerifyAlgorithms,
    ) -> Result<Self, CertificateError> {
        let mut certificates = request.chain.certificates();
        let end_entity = certificates
            .next()
            .ok_or(CertificateError::new(None, Fault::NoCertificate))?;
        if u32::try_from(request.chain.len()).is_ok_and(|n| n > budget.certificates) {
            return Err(CertificateError::new(None, Fault::OutOfBudget));
        }
        let end_entity = Certificate::parse(end_entity)
            .map_err(|e| CertificateError::new(Some(0), Fault::Malformed(e)))?;
        Ok(Self {
            roots,
            algorithms,
            now: Moment(i64::try_from(request.now.as_secs()).unwrap_or(i64::MAX)),
            purpose: match request.role {
                Role::Server => (oid::SERVER_AUTH, "serverAuth"),
                Role::Client => (oid::CLIENT_AUTH, "clientAuth"),
            },
            end_entity,
            others: certificates.map(Certificate::parse).collect(),
            path: Vec::new(),
            checked: Vec::new(),
            left: budget,
            failure: None,
        })
    }

    fn certificate(&self, index: usize) -> Option<&Certificate<'a>> {
        match index.checked_sub(1) {
            None => Some(&self.end_entity),
            Some(other) => self.others.get(other)?.as_ref().ok(),
        }
    }

    /// What can be said of the peer's own certificate alone.
    fn check_end_entity(
        &self,
        role: Role,
        asked: Option<&ServerName<'_>>,
    ) -> Result<(), CertificateError> {
        let certificate = &self.end_entity;
        let check = || {
            self.check_any(certificate)?;
            // RFC 9846 4.5.1.2: digitalSignature must be set, if keyUsage is there.
            if !certificate.allows_key_usage(key_usage::DIGITAL_SIGNATURE) {
                return Err(Fault::KeyUsage {
                    needed: "digitalSignature",
                });
            }
            match asked {
                Some(asked) if !certificate.matches_name(asked) => {
                    let (presented, more) = certificate.presented_names();
                    Err(Fault::NameMismatch {
                        asked: name::host_text(asked),
                        presented,
                        more,
                    })
                }
                Some(_) => Ok(()),
                None if role == Role::Server => Err(Fault::NoNameToCheck),
                None => Ok(()),
            }
        };
        check().map_err(|fault| self.error(0, fault))
    }

    /// What holds for every certificate of a path.
    fn check_any(&self, certificate: &Certificate<'_>) -> Result<(), Fault> {
        // RFC 5280 4.1.1.2: the same algorithm identifier inside and outside.
        if !certificate.algorithms_agree() {
            return Err(Fault::AlgorithmMismatch);
        }
        // RFC 5280 4.2: an unknown critical extension is refused.
        if let Some(id) = certificate.unknown_critical() {
            return Err(Fault::CriticalExtension { oid: oid::text(id) });
        }
        // RFC 5280 6.1.3 (a)(2): the time.
        let (not_before, not_after) = certificate.validity();
        let now = self.now;
        if now < not_before {
            return Err(Fault::NotYetValid { not_before, now });
        }
        if now > not_after {
            return Err(Fault::Expired { not_after, now });
        }
        // RFC 5280 4.2.1.12: for a CA it limits those below, as everybody has come to read it.
        let (purpose, needed) = self.purpose;
        if !certificate.allows_purpose(purpose) {
            return Err(Fault::ExtendedKeyUsage { needed });
        }
        match certificate.key().rsa_bits() {
            Ok(Some(bits)) if !RSA_BITS.contains(&bits) => Err(Fault::KeySize { bits }),
            Ok(_) => Ok(()),
            Err(e) => Err(Fault::Malformed(e)),
        }
    }

    /// What can be said of an issuer before its key is used; it would stand above the path so far.
    fn check_issuer(&self, issuer: &Certificate<'_>) -> Result<(), Fault> {
        self.check_any(issuer)?;
        // RFC 5280 6.1.4 (k): a CA.
        let constraints = match issuer.basic_constraints() {
            Some(constraints) if constraints.ca => constraints,
            _ => return Err(Fault::NotACa),
        };
        // RFC 5280 6.1.4 (n): keyCertSign, if keyUsage is there.
        if !issuer.allows_key_usage(key_usage::KEY_CERT_SIGN) {
            return Err(Fault::KeyUsage {
                needed: "keyCertSign",
            });
        }
        // RFC 5280 6.1.4 (l), (m): self-issued intermediates don't count.
        if let Some(limit) = constraints.path_len {
            let below = self
                .path
                .iter()
                .skip(1)
                .filter_map(|i| self.certificate(*i));
            if below.filter(|c| !c.is_self_issued()).count() > usize::from(limit) {
                return Err(Fault::PathTooLong { limit });
            }
        }
        Ok(())
    }

    fn run(mut self) -> Result<VerifiedChain, CertificateError> {
        for index in 1..=self.others.len() {
            if let Some(Err(e)) = self.others.get(index.saturating_sub(1)) {
                let error = CertificateError::new(Some(index), Fault::Malformed(*e));
                self.note(error);
            }
        }
        self.path.push(0);
        match self.climb(0) {
            Ok(Some(anchor)) => Ok(VerifiedChain {
                path: self.path,
                trust: Trust::Root(anchor.text()),
            }),
            Err(Stop::OutOfBudget) => Err(CertificateError::new(None, Fault::OutOfBudget)),
            Err(Stop::Fault(error)) => Err(error),
            Ok(None) => {
                let unknown = self.unknown_issuer(0);
                Err(self.failure.unwrap_or(unknown))
            }
        }
    }

    /// Looks for a path on from the certificate at `index`, the last one of the path so far.
    /// Recurses at most [`MAX_PATH`] deep.
    fn climb(&mut self, index: usize) -> Result<Option<DistinguishedName<'a>>, Stop> {
        let Some(child) = self.certificate(index).cloned() else {
            return Ok(None);
        };
        let mut found = false;
        let roots = self.roots;
        for anchor in roots.anchors() {
            if !DistinguishedName::new(&anchor.subject).matches(child.issuer()) {
                continue;
            }
            found = true;
            spend(&mut self.left.steps)?;
            // An anchor that can't be read is nobody's.
            let Ok(anchor) = Anchor::parse(anchor) else {
                continue;
            };
            match self.validate(anchor) {
                Ok(()) => return Ok(Some(anchor.subject)),
                Err(Stop::Fault(error)) => self.note(error),
                Err(stop) => return Err(stop),
            }
        }
        // Those that the key identifiers hint at come first.
        for hinted in [true, false] {
            for candidate in 1..=self.others.len() {
                if !self.is_candidate(candidate, &child, hinted) {
                    continue;
                }
                found = true;
                spend(&mut self.left.steps)?;
                if let Some(anchor) = self.climb_over(candidate)? {
                    return Ok(Some(anchor));
                }
            }
        }
        if !found {
            let error = self.unknown_issuer(index);
            self.note(error);
        }
        Ok(None)
    }

    /// Tries a path over the certificate at `index` as the next issuer.
    fn climb_over(&mut self, index: usize) -> Result<Option<DistinguishedName<'a>>, Stop> {
        let fault = match self.certificate(index) {
            None => return Ok(None),
            Some(_) if self.path.len() >= MAX_PATH => Some(Fault::OutOfBudget),
            Some(issuer) => self.check_issuer(issuer).err(),
        };
        if let Some(fault) = fault {
            let error = self.error(index, fault);
            self.note(error);
            return Ok(None);
        }
        self.path.push(index);
        let anchor = self.climb(index)?;
        if anchor.is_none() {
            self.path.pop();
        }
        Ok(anchor)
    }

    /// Whether the certificate at `index` may be the issuer of `child`, by its name.
    fn is_candidate(&self, index: usize, child: &Certificate<'_>, hinted: bool) -> bool {
        let Some(candidate) = self.certificate(index) else {
            return false;
        };
        // RFC 4158 2.4.2: a name and key that the path has already lead in circles.
        let on_path = |on: &Certificate<'_>| {
            on.key() == candidate.key() && on.subject() == candidate.subject()
        };
        child.hints_at(candidate) == hinted
            && candidate.subject().matches(child.issuer())
            && !self
                .path
                .iter()
                .any(|i| *i == index || self.certificate(*i).is_some_and(on_path))
    }

    /// Verifies the path's signatures from the root down, and its names.
    fn validate(&mut self, anchor: Anchor<'a>) -> Result<(), Stop> {
        let mut key = anchor.key;
        for i in (0..self.path.len()).rev() {
            let index = self.path.get(i).copied().unwrap_or(0);
            self.check_signature(index, key)?;
            if let Some(certificate) = self.certificate(index) {
                key = certificate.key();
            }
        }
        self.check_names(anchor.name_constraints)
    }

    fn check_signature(&mut self, index: usize, key: KeyInfo<'a>) -> Result<(), Stop> {
        let known = self
            .checked
            .iter()
            .find(|c| c.index == index && c.key == key);
        let result = match known {
            Some(checked) => checked.result.clone(),
            None => {
                spend(&mut self.left.signatures)?;
                let result = match self.certificate(index) {
                    Some(certificate) => verify(certificate, key, self.algorithms),
                    None => Err(Fault::BadSignature),
                };
                self.checked.push(Checked {
                    index,
                    key,
                    result: result.clone(),
                });
                result
            }
        };
        result.map_err(|fault| Stop::Fault(self.error(index, fault)))
    }

    /// RFC 5280 6.1.3 (b), (c): every certificate within the constraints of all above it.
    fn check_names(&mut self, anchor: Option<&[u8]>) -> Result<(), Stop> {
        let mut left = Comparisons(self.left.comparisons);
        let result = self.compare_names(anchor, &mut left);
        self.left.comparisons = left.0;
        result
    }

    fn compare_names(&self, anchor: Option<&[u8]>, left: &mut Comparisons) -> Result<(), Stop> {
        for (i, index) in self.path.iter().enumerate() {
            let Some(certificate) = self.certificate(*index) else {
                continue;
            };
            // Self-issued intermediates are let through; the peer's own certificate isn't.
            if i > 0 && certificate.is_self_issued() {
                continue;
            }
            let above = self.path.iter().skip(i.saturating_add(1));
            let above = above.filter_map(|i| self.certificate(*i)?.name_constraints());
            for constraints in above.chain(anchor) {
                match constraints::allow(constraints, certificate, left) {
                    Ok(()) => {}
                    Err(Denied::OutOfBudget) => return Err(Stop::OutOfBudget),
                    Err(Denied::Fault(fault)) => {
                        return Err(Stop::Fault(self.error(*index, fault)));
                    }
                }
            }
        }
        Ok(())
    }

    fn unknown_issuer(&self, index: usize) -> CertificateError {
        let (issuer, self_signed) = match self.certificate(index) {
            Some(c) => (c.issuer_text(), c.is_self_issued()),
            None => (Text::default(), false),
        };
        self.error(
            index,
            Fault::UnknownIssuer {
                issuer,
                self_signed,
            },
        )
    }

    fn error(&self, index: usize, fault: Fault) -> CertificateError {
        let error = CertificateError::new(Some(index), fault);
        match self.certificate(index) {
            Some(certificate) => error.of_subject(certificate.subject_text()),
            None => error,
        }
    }

    /// Keeps the failure that says most: the first of the most telling kind.
    fn note(&mut self, error: CertificateError) {
        let better = |kept: &CertificateError| telling(&error.fault) > telling(&kept.fault);
        if self.failure.as_ref().is_none_or(better) {
            self.failure = Some(error);
        }
    }
}

/// How much a fault says about why there is no path: one that nearly holds before a dead end.
const fn telling(fault: &Fault) -> u8 {
    match fault {
        Fault::UnknownIssuer { .. } => 0,
        Fault::Malformed(_) => 1,
        // Often just another key under the same name.
        Fault::BadSignature => 2,
        _ => 3,
    }
}

fn spend(left: &mut u32) -> Result<(), Stop> {
    *left = left.checked_sub(1).ok_or(Stop::OutOfBudget)?;
    Ok(())
}

/// RFC 5280 6.1.3 (a)(1): whether `key` made the certificate's signature.
fn verify(
    certificate: &Certificate<'_>,
    key: KeyInfo<'_>,
    algorithms: &VerifyAlgorithms,
) -> Result<(), Fault> {
    let id = certificate.signature_algorithm();
    let mut known = false;
    for algorithm in algorithms.all {
        if algorithm.signature_alg_id().as_ref() != id {
            continue;
        }
        known = true;
        if algorithm.public_key_alg_id().as_ref() == key.algorithm {
            return algorithm
                .verify_signature(key.key, certificate.tbs(), certificate.signature())
                .map_err(|_| Fault::BadSignature);
        }
    }
    Err(match AlgorithmName::of(id) {
        _ if known => Fault::IssuerKeyKind,
        AlgorithmName::Broken(algorithm) => Fault::BrokenSignatureAlgorithm { algorithm },
        name => Fault::SignatureAlgorithm {
            algorithm: name.text(),
        },
    })
}
