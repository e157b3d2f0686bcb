//! The search for a path.
//!
//! The search goes from the peer's certificate towards a root by names, looking at whatever
//! costs little: time, purpose, whether a CA is one. Only when the names have reached a root are
//! signatures verified, from the root down, so that each is made with a key that is vouched for
//! already and nobody without a certified key can make us verify more than the first one. A
//! signature is verified once, however many paths lead over it, and those of accepted paths are
//! remembered (`memo`). What holds for the path as a whole comes last: comparing the names of a
//! path that nobody has signed could cost more than the first signature.

use super::{Budget, PathVerifier};
use crate::crypto::VerifyAlgorithms;
use crate::error::{
    CertificateError, CertificateFault as Fault, DecodeError, DecodeFault, Moment, StatusSource,
    Text, Tried, TriedPath,
};
use crate::pki::cert::{Certificate, key_usage};
use crate::pki::constraints::{self, Comparisons, Denied};
use crate::pki::key::KeyInfo;
use crate::pki::memo::Signature;
use crate::pki::name::{self, ComparedName, DistinguishedName};
use crate::pki::policy::{self, PolicyFault};
use crate::pki::profile;
use crate::pki::revocation;
use crate::pki::roots::{Anchor, Root};
use crate::pki::{Role, Trust, VerifiedChain, VerifyRequest, der, oid, sha256};
use alloc::vec::Vec;
use core::mem;
use rustls_pki_types::ServerName;

/// How many certificates a path may have, without the root.
const MAX_PATH: usize = 10;

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
    result: Result<Option<Signature>, Fault>,
}

/// Subject and issuer of a certificate as numbers: the same name has the same one.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Names {
    subject: usize,
    issuer: usize,
}

/// A certificate that the peer sent, and what was found out about it.
struct Sent<'a> {
    der: &'a [u8],
    parsed: Result<Certificate<'a>, DecodeError>,
    /// Compared once; none for what isn't a certificate.
    names: Option<Names>,
    /// What was found of it by itself, once that was looked at.
    sound: Option<Result<(), Fault>>,
}

/// The search for one chain.
pub(super) struct Search<'a> {
    verifier: &'a PathVerifier,
    request: &'a VerifyRequest,
    algorithms: &'a VerifyAlgorithms,
    now: Moment,
    role: Role,
    /// What the peer sent.
    certificates: Vec<Sent<'a>>,
    /// For each number of a name that was looked for among the roots: an entry without a position, and
    /// one for each root that has the name.
    anchors: Vec<(usize, Option<usize>)>,
    /// Positions: the peer's own certificate first, each issued by the next.
    path: Vec<usize>,
    checked: Vec<Checked<'a>>,
    /// Who says that the path's certificates aren't revoked.
    statuses: Vec<Option<StatusSource>>,
    left: Budget,
    failure: Option<CertificateError>,
    tried: Tried,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        verifier: &'a PathVerifier,
        request: &'a VerifyRequest,
        algorithms: &'a VerifyAlgorithms,
    ) -> Result<Self, CertificateError> {
        let budget = verifier.budget;
        if u32::try_from(request.chain.len()).is_ok_and(|n| n > budget.certificates) {
            return Err(CertificateError::new(None, Fault::OutOfBudget));
        }
        let mut certificates = Vec::with_capacity(request.chain.len());
        certificates.extend(request.chain.certificates().map(|der| Sent {
            der,
            parsed: Certificate::parse(der),
            names: None,
            sound: None,
        }));
        match certificates.first().map(|first| &first.parsed) {
            None => return Err(CertificateError::new(None, Fault::NoCertificate)),
            Some(Err(e)) => return Err(CertificateError::malformed(0, *e)),
            Some(Ok(_)) => {}
        }
        let mut comparisons = Comparisons(budget.comparisons);
        number_names(&mut certificates, &mut comparisons)
            .ok_or(CertificateError::new(None, Fault::OutOfBudget))?;
        Ok(Self {
            verifier,
            request,
            algorithms,
            now: Moment(i64::try_from(request.now.as_secs()).unwrap_or(i64::MAX)),
            role: request.role,
            // Enough for a chain without strangers.
            anchors: Vec::with_capacity(certificates.len().saturating_add(1)),
            path: Vec::with_capacity(certificates.len().min(MAX_PATH)),
            checked: Vec::with_capacity(certificates.len()),
            certificates,
            statuses: Vec::new(),
            left: Budget {
                comparisons: comparisons.0,
                ..budget
            },
            failure: None,
            tried: Tried::default(),
        })
    }

    fn certificate(&self, index: usize) -> Option<&Certificate<'a>> {
        self.certificates.get(index)?.parsed.as_ref().ok()
    }

    fn names(&self, index: usize) -> Option<Names> {
        self.certificates.get(index)?.names
    }

    fn is_self_issued(&self, index: usize) -> bool {
        self.names(index)
            .is_some_and(|names| names.subject == names.issuer)
    }

    /// What can be said of the peer's own certificate alone.
    pub(super) fn check_end_entity(
        &mut self,
        asked: Option<&ServerName<'_>>,
    ) -> Result<(), CertificateError> {
        let fault = match self.check_any(0) {
            Ok(()) => self.check_use(asked),
            fault => fault,
        };
        fault.map_err(|fault| self.error(0, fault))
    }

    /// Whether the peer's own certificate is for what it is used for, and under which name.
    fn check_use(&self, asked: Option<&ServerName<'_>>) -> Result<(), Fault> {
        let Some(certificate) = self.certificate(0) else {
            return Err(Fault::NoCertificate);
        };
        self.verifier
            .profile
            .check_end_entity(certificate, self.role)?;
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
            None if self.role == Role::Server => Err(Fault::NoNameToCheck),
            None => Ok(()),
        }
    }

    /// What holds for every certificate of a path; found out once for each.
    fn check_any(&mut self, index: usize) -> Result<(), Fault> {
        let sent = self.certificates.get(index).ok_or(Fault::NoCertificate)?;
        let result = match (&sent.sound, &sent.parsed) {
            (Some(known), _) => return known.clone(),
            (None, Ok(certificate)) => self.examine(sent.der, certificate),
            (None, Err(_)) => Err(Fault::NoCertificate),
        };
        if let Some(sent) = self.certificates.get_mut(index) {
            sent.sound = Some(result.clone());
        }
        result
    }

    fn examine(&self, der: &[u8], certificate: &Certificate<'_>) -> Result<(), Fault> {
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
        let (purpose, needed) = profile::purpose(self.role);
        if !certificate.allows_purpose(purpose) {
            return Err(Fault::ExtendedKeyUsage { needed });
        }
        self.verifier
            .profile
            .check_any(certificate, self.algorithms)?;
        self.check_trust(der, certificate)
    }

    /// Whether neither the certificate nor its key is distrusted.
    fn check_trust(&self, der: &[u8], certificate: &Certificate<'_>) -> Result<(), Fault> {
        let lists = &self.verifier.distrusted;
        let spki = certificate.subject_public_key_info();
        for (list, bytes, key) in [(&lists.certificates, der, false), (&lists.keys, spki, true)] {
            if self.is_listed(list, bytes) {
                return Err(Fault::Distrusted { key });
            }
        }
        Ok(())
    }

    fn is_listed(&self, list: &[[u8; 32]], bytes: &[u8]) -> bool {
        // Nothing is hashed for nothing.
        !list.is_empty() && { list.contains(&sha256(&[bytes], self.algorithms)) }
    }

    /// What can be said of an issuer before its key is used; it would stand above the path so far.
    fn check_issuer(&mut self, index: usize) -> Result<(), Fault> {
        self.check_any(index)?;
        let Some(issuer) = self.certificate(index) else {
            return Err(Fault::NoCertificate);
        };
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
        self.verifier.profile.check_ca(issuer)?;
        // RFC 5280 6.1.4 (l), (m): self-issued intermediates don't count.
        if let Some(limit) = constraints.path_len {
            let below = self.path.iter().skip(1);
            if below.filter(|i| !self.is_self_issued(**i)).count() > usize::from(limit) {
                return Err(Fault::PathTooLong { limit });
            }
        }
        Ok(())
    }

    /// To be called once.
    pub(super) fn run(&mut self) -> Result<VerifiedChain, CertificateError> {
        for (index, certificate) in self.certificates.iter().enumerate() {
            if let Err(e) = &certificate.parsed
                && self.failure.is_none()
            {
                self.failure = Some(CertificateError::malformed(index, *e));
            }
        }
        self.path.push(0);
        match self.climb(0) {
            Ok(Some(position)) => Ok(VerifiedChain {
                path: mem::take(&mut self.path),
                trust: Trust::Root(Root::new(&self.verifier.roots, position)),
                statuses: mem::take(&mut self.statuses),
            }),
            Err(Stop::OutOfBudget) => Err(CertificateError::new(None, Fault::OutOfBudget)
                .having_tried(mem::take(&mut self.tried))),
            Err(Stop::Fault(error)) => Err(error),
            Ok(None) => {
                let unknown = self.unknown_issuer(0);
                let error = self.failure.take().unwrap_or(unknown);
                Err(error.having_tried(mem::take(&mut self.tried)))
            }
        }
    }

    /// Looks for a path on from the certificate at `index`, the last one of the path so far: the position
    /// of the root that it ends in. Recurses at most [`MAX_PATH`] deep.
    fn climb(&mut self, index: usize) -> Result<Option<usize>, Stop> {
        let Some(names) = self.names(index) else {
            return Ok(None);
        };
        let mut found = false;
        self.find_anchors(index, names.issuer);
        for at in 0..self.anchors.len() {
            let Some((issuer, Some(position))) = self.anchors.get(at).copied() else {
                continue;
            };
            if issuer != names.issuer {
                continue;
            }
            found = true;
            spend(&mut self.left.steps)?;
            if self.ends_in(position)? {
                return Ok(Some(position));
            }
        }
        // Those that the key identifiers hint at come first.
        for hinted in [true, false] {
            for candidate in 1..self.certificates.len() {
                if !self.is_candidate(candidate, index, hinted) {
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
            self.note(error, None, None);
        }
        Ok(None)
    }

    /// Looks for the roots that have the name of the issuer of the certificate at `index`, which has this
    /// number: once for each name.
    fn find_anchors(&mut self, index: usize, number: usize) {
        if self.anchors.iter().any(|(known, _)| *known == number) {
            return;
        }
        self.anchors.push((number, None));
        if let Some(issuer) = self.certificate(index).map(Certificate::issuer) {
            let issuer = ComparedName::new(issuer);
            for (position, root) in self.verifier.roots.anchors().enumerate() {
                let subject = ComparedName::new(DistinguishedName::new(&root.subject));
                if subject.matches(&issuer) {
                    self.anchors.push((number, Some(position)));
                }
            }
        }
    }

    /// Tries a path over the certificate at `index` as the next issuer.
    fn climb_over(&mut self, index: usize) -> Result<Option<usize>, Stop> {
        let fault = match self.path.len() >= MAX_PATH {
            true => Err(Fault::OutOfBudget),
            false => self.check_issuer(index),
        };
        if let Err(fault) = fault {
            let error = self.error(index, fault);
            self.note(error, Some(index), None);
            return Ok(None);
        }
        self.path.push(index);
        let anchor = self.climb(index)?;
        if anchor.is_none() {
            self.path.pop();
        }
        Ok(anchor)
    }

    /// Whether the certificate at `index` may be the issuer of the one at `child`, by its name.
    fn is_candidate(&self, index: usize, child: usize, hinted: bool) -> bool {
        let (Some(own), Some(below)) = (self.names(index), self.names(child)) else {
            return false;
        };
        if own.subject != below.issuer || self.path.contains(&index) {
            return false;
        }
        let (Some(candidate), Some(child)) = (self.certificate(index), self.certificate(child))
        else {
            return false;
        };
        // RFC 4158 2.4.2: a name and key that the path has already lead in circles.
        let on_path = |on: usize| {
            self.names(on).is_some_and(|on| on.subject == own.subject)
                && self
                    .certificate(on)
                    .is_some_and(|on| on.key() == candidate.key())
        };
        child.hints_at(candidate) == hinted && !self.path.iter().any(|on| on_path(*on))
    }

    /// Whether the path holds if it ends in the root at `position` of the store.
    fn ends_in(&mut self, position: usize) -> Result<bool, Stop> {
        // An anchor that can't be read is nobody's.
        let Some(root) = self.verifier.roots.anchors().nth(position) else {
            return Ok(false);
        };
        let Ok(anchor) = Anchor::parse(root) else {
            return Ok(false);
        };
        let keys = &self.verifier.distrusted.keys;
        let key = || der::encode(der::SEQUENCE, &root.subject_public_key_info);
        let result = if !keys.is_empty() && self.is_listed(keys, &key()) {
            let error = CertificateError::new(None, Fault::Distrusted { key: true });
            Err(Stop::Fault(error.of_subject(anchor.subject.text())))
        } else {
            self.validate(anchor)
        };
        match result {
            Ok(()) => Ok(true),
            Err(Stop::Fault(error)) => {
                self.note(error, None, Some(anchor.subject));
                Ok(false)
            }
            Err(stop) => Err(stop),
        }
    }

    /// Verifies the path's signatures from the root down, and then what holds for it as a whole.
    fn validate(&mut self, anchor: Anchor<'a>) -> Result<(), Stop> {
        for place in (0..self.path.len()).rev() {
            let (index, key) = self.link(place, anchor.key);
            self.check_signature(index, key)?;
        }
        self.check_names(anchor.name_constraints)?;
        self.check_policies()?;
        self.check_status(anchor.key)?;
        self.remember(anchor.key);
        Ok(())
    }

    /// The certificate at a place of the path, and the key that it must be signed with.
    fn link(&self, place: usize, root: KeyInfo<'a>) -> (usize, KeyInfo<'a>) {
        let at = |place: usize| self.path.get(place).copied();
        let issuer = at(place.saturating_add(1)).and_then(|index| self.certificate(index));
        (
            at(place).unwrap_or(0),
            issuer.map_or(root, Certificate::key),
        )
    }

    /// What was found of the signature on the certificate at `index`, if it was looked at.
    fn checked(&self, index: usize, key: KeyInfo<'a>) -> Option<&Result<Option<Signature>, Fault>> {
        let mut all = self.checked.iter();
        let checked = all.find(|checked| checked.index == index && checked.key == key)?;
        Some(&checked.result)
    }

    /// Remembers the signatures of the path, which is accepted.
    fn remember(&self, root: KeyInfo<'a>) {
        let Some(memo) = &self.verifier.memo else {
            return;
        };
        // Where all were remembered before, nothing is new.
        let mut results = self.checked.iter().map(|checked| &checked.result);
        if results.all(|result| !matches!(result, Ok(Some(_)))) {
            return;
        }
        for place in (0..self.path.len()).rev() {
            let (index, key) = self.link(place, root);
            if let Some(Ok(Some(signature))) = self.checked(index, key) {
                memo.insert(*signature, index == 0);
            }
        }
    }

    /// RFC 5280 6.1.3 (a)(3): none was revoked, as far as that is to be known.
    fn check_status(&mut self, anchor: KeyInfo<'a>) -> Result<(), Stop> {
        let mut left = self.left.signatures;
        let path = self.path.iter();
        let mut path = path.filter_map(|index| Some((*index, self.certificate(*index)?)));
        let Some(first) = path.next() else {
            return Ok(());
        };
        let mut links = [first; MAX_PATH];
        for (link, above) in links.iter_mut().skip(1).zip(path) {
            *link = above;
        }
        let result = revocation::check(
            &revocation::Chain {
                policy: &self.verifier.revocation,
                timestamps: self.verifier.timestamps.as_ref(),
                profile: &self.verifier.profile,
                request: self.request,
                path: links.get(..self.path.len()).unwrap_or(&links),
                anchor,
                algorithms: self.algorithms,
                now: self.now,
            },
            &mut left,
        );
        self.left.signatures = left;
        match result {
            Ok(statuses) => {
                self.statuses = statuses;
                Ok(())
            }
            Err(None) => Err(Stop::OutOfBudget),
            Err(Some((index, fault))) => {
                Err(Stop::Fault(self.error(index, Fault::Revocation(fault))))
            }
        }
    }

    /// RFC 5280 6.1.3 (d) to (f) and on, as RFC 9618 has them.
    fn check_policies(&mut self) -> Result<(), Stop> {
        let mut path = self.path.iter().filter_map(|i| self.certificate(*i));
        let silent = path.all(|certificate| certificate.policies().is_silent());
        // Where nobody states or requires a policy, none is missing.
        if silent && !self.verifier.policies.explicit {
            return Ok(());
        }
        let from_above = self.path.iter().rev();
        let steps: Vec<policy::Step<'_>> = from_above
            .filter_map(|index| {
                Some(policy::Step {
                    policies: *self.certificate(*index)?.policies(),
                    self_issued: self.is_self_issued(*index),
                })
            })
            .collect();
        let octets = steps.iter().map(|step| step.policies.octets());
        let octets = octets.fold(0, usize::saturating_add);
        let mut left = Comparisons(self.left.comparisons);
        if octets > 0 {
            left.spend_octets(octets).ok_or(Stop::OutOfBudget)?;
        }
        self.left.comparisons = left.0;
        policy::check(&steps, &self.verifier.policies).map_err(|fault| {
            let malformed = |what, fault| Fault::Malformed(DecodeError::new(what, fault));
            let (step, fault) = match fault {
                PolicyFault::NoneValid(step) => (step, Fault::NoPolicy),
                PolicyFault::Twice(step) => (
                    step,
                    malformed("certificatePolicies", DecodeFault::Duplicate),
                ),
                PolicyFault::MapsAny(step) => {
                    (step, malformed("policyMappings", DecodeFault::BadValue))
                }
            };
            let index = self.path.iter().rev().nth(step).copied().unwrap_or(0);
            Stop::Fault(self.error(index, fault))
        })
    }

    /// Whether the key made the certificate's signature.
    fn check_signature(&mut self, index: usize, key: KeyInfo<'a>) -> Result<(), Stop> {
        let fault = match self.checked(index, key) {
            Some(known) => known.as_ref().err().cloned(),
            None => {
                spend(&mut self.left.signatures)?;
                let result = self.verify_signature(index, key);
                let fault = result.as_ref().err().cloned();
                self.checked.push(Checked { index, key, result });
                fault
            }
        };
        match fault {
            None => Ok(()),
            Some(fault) => Err(Stop::Fault(self.error(index, fault))),
        }
    }

    /// Gives what is to be remembered if the path turns out to be good.
    fn verify_signature(&self, index: usize, key: KeyInfo<'_>) -> Result<Option<Signature>, Fault> {
        let Some(Sent {
            der,
            parsed: Ok(certificate),
            ..
        }) = self.certificates.get(index)
        else {
            return Err(Fault::BadSignature);
        };
        // What is allowed is judged before what is remembered.
        self.verifier.profile.check_digest(certificate, key)?;
        let algorithm = key.algorithm_for(certificate.signature_algorithm(), self.algorithms)?;
        let memo = self.verifier.memo.as_ref();
        let signature = memo.map(|_| Signature::new(der, key, algorithm, self.algorithms));
        if let (Some(memo), Some(signature)) = (memo, &signature)
            && memo.knows(signature, index == 0)
        {
            return Ok(None);
        }
        // RFC 5280 6.1.3 (a)(1): whether the key made the signature.
        match algorithm.verify_signature(key.key, certificate.tbs(), certificate.signature()) {
            Ok(()) => Ok(signature),
            Err(_) => Err(Fault::BadSignature),
        }
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
            if i > 0 && self.is_self_issued(*index) {
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
        let issuer = match self.certificate(index) {
            Some(certificate) => certificate.issuer_text(),
            None => Text::default(),
        };
        let self_signed = self.is_self_issued(index);
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

    /// Notes why the path so far doesn't hold, with what it would have gone on to, and keeps the
    /// failure that says most: the first of the most telling kind.
    fn note(
        &mut self,
        error: CertificateError,
        over: Option<usize>,
        root: Option<DistinguishedName<'_>>,
    ) {
        let path = &self.path;
        self.tried.note(|| TriedPath {
            path: path.iter().copied().chain(over).collect(),
            root: root.map(|name| name.text()),
            failure: error.clone(),
        });
        let better = |kept: &CertificateError| telling(&error.fault) > telling(&kept.fault);
        if self.failure.as_ref().is_none_or(better) {
            self.failure = Some(error);
        }
    }
}

/// Gives the same number to the same name, and compares no two of them again afterwards. `None`
/// if that takes more comparisons than are left.
fn number_names(certificates: &mut [Sent<'_>], left: &mut Comparisons) -> Option<()> {
    let mut known = Vec::with_capacity(certificates.len().saturating_mul(2));
    for sent in certificates {
        if let Ok(certificate) = &sent.parsed {
            sent.names = Some(Names {
                subject: number_of(certificate.subject(), &mut known, left)?,
                issuer: number_of(certificate.issuer(), &mut known, left)?,
            });
        }
    }
    Some(())
}

/// The place of a name among those that are known, the last one if it is new; `None` if it takes too many
/// comparisons to know.
fn number_of<'a>(
    name: DistinguishedName<'a>,
    known: &mut Vec<ComparedName<'a>>,
    left: &mut Comparisons,
) -> Option<usize> {
    let compared = ComparedName::new(name);
    for (number, other) in known.iter().enumerate() {
        left.spend(name.contents(), other.name.contents())?;
        if compared.matches(other) {
            return Some(number);
        }
    }
    let number = known.len();
    known.push(compared);
    Some(number)
}

/// How much a fault says about why there is no path: one that nearly holds before a dead end.
const fn telling(fault: &Fault) -> u8 {
    match fault {
        Fault::UnknownIssuer { .. } => 0,
        Fault::Malformed(_) => 1,
        // Often just another key under the same name.
        Fault::BadSignature => 2,
        // All else of the path holds.
        Fault::Revocation(_) => 4,
        _ => 3,
    }
}

fn spend(left: &mut u32) -> Result<(), Stop> {
    *left = left.checked_sub(1).ok_or(Stop::OutOfBudget)?;
    Ok(())
}
