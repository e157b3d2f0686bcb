//! Whether the certificates of a path were revoked: what is asked, in which order, and what an
//! unknown status means.

use super::cert::{Certificate, key_usage};
use super::crl::CrlStore;
use super::key::KeyInfo;
use super::profile::Profile;
use super::sct::TimestampPolicy;
use super::{DistinguishedName, Role, VerifyRequest, ocsp, sct};
use crate::crypto::VerifyAlgorithms;
use crate::error::{
    CertificateFault, CrlFault, Moment, OcspFault, RevocationFault, RevocationReason, StatusSource,
};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

/// What is done about revocation. Goes to [`PathVerifier::with_revocation`].
///
/// The default asks nobody: a stapled OCSP response is judged where one came, and must come where
/// the certificate demands it (RFC 7633); nothing else is required. To require a known status of
/// every certificate:
/// ```
/// use symbolon::pki::{CrlStore, Revocation, RevocationDepth, UnknownStatus};
///
/// let mut crls = CrlStore::new();
/// // crls.add(der)?; and so on, one for each CA
/// let revocation = Revocation {
///     crls: crls.into(),
///     depth: RevocationDepth::Chain,
///     unknown: UnknownStatus::Refuse,
///     ..Revocation::default()
/// };
/// ```
/// The rules, for each certificate of a path whose signatures and names hold:
/// 1. A **stapled OCSP response** is verified, whatever the depth. One that says "revoked"
///    refuses the path, also if it is outdated. One that isn't satisfactory otherwise (not about
///    this certificate, not signed by those who may, outdated, "unknown") refuses it as well
///    (RFC 6066 8), unless [`ignore_bad_staples`](Self::ignore_bad_staples). The error messages of
///    responders (`tryLater` and others), which some servers pass on, are no responses.
/// 2. A server's own certificate with the TLS feature `status_request`, its own or that of a CA
///    above it, needs a good response, and so does every server's if
///    [`require_staple`](Self::require_staple).
/// 3. Within the [`depth`](Self::depth) the **CRLs** of the issuer are asked. A certificate that
///    one lists is refused, also if the list is outdated. One that isn't listed is good if the lists
///    that are in time and cover it do so for all reasons.
/// 4. Within the depth a certificate that neither a response nor the lists call good has an
///    [`unknown`](Self::unknown) status.
///
/// Roots have no status. Certificates of clients come without staples, so that for them only CRLs
/// count. Nothing is fetched: distribution points and responders in certificates aren't visited.
///
/// [`PathVerifier::with_revocation`]: super::PathVerifier::with_revocation
#[derive(Clone, Debug)]
pub struct Revocation {
    /// Which certificates need a status. The peer's own by default.
    pub depth: RevocationDepth,
    /// The CRLs at hand. None by default.
    pub crls: Arc<CrlStore>,
    /// What an unknown status means. By default the certificate is accepted.
    pub unknown: UnknownStatus,
    /// Whether every server must staple a good OCSP response. Not by default.
    pub require_staple: bool,
    /// Whether a stapled response that isn't satisfactory is taken as none, against RFC 6066 8. Not
    /// by default.
    pub ignore_bad_staples: bool,
    /// By how much the clocks of CAs and responders may differ from ours. 5 minutes by default.
    pub clock_skew: Duration,
    /// For how long an OCSP response counts that doesn't say when the next one comes. 7 days by
    /// default.
    pub max_age: Duration,
}

impl Default for Revocation {
    fn default() -> Self {
        Self {
            depth: RevocationDepth::EndEntity,
            crls: Arc::default(),
            unknown: UnknownStatus::Accept,
            require_staple: false,
            ignore_bad_staples: false,
            clock_skew: Duration::from_secs(300),
            max_age: Duration::from_secs(7 * 86_400),
        }
    }
}

/// Which certificates of a path need a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RevocationDepth {
    /// The peer's own.
    EndEntity,
    /// The peer's own and the CAs below the root.
    Chain,
}

/// What an unknown status means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnknownStatus {
    /// The certificate is accepted.
    Accept,
    /// It is refused.
    Refuse,
}

/// What a source says of a certificate; `U` says why it doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status<U> {
    Good,
    Revoked {
        since: Moment,
        reason: Option<RevocationReason>,
    },
    Unknown(U),
}

/// There is no more work to be done for these certificates.
pub(super) struct OutOfBudget;

/// What every source needs to judge.
pub(super) struct Checker<'a> {
    pub(super) algorithms: &'a VerifyAlgorithms,
    pub(super) now: Moment,
    pub(super) policy: &'a Revocation,
    pub(super) profile: &'a Profile,
    /// How many signatures may still be verified.
    signatures: &'a mut u32,
}

impl Checker<'_> {
    /// To be called before a signature is verified.
    pub(super) fn spend(&mut self) -> Result<(), OutOfBudget> {
        *self.signatures = self.signatures.checked_sub(1).ok_or(OutOfBudget)?;
        Ok(())
    }

    /// Whether a time is still to come, clocks aside.
    pub(super) fn is_future(&self, time: Moment) -> bool {
        time > after(self.now, self.policy.clock_skew)
    }

    /// Whether a time is over, clocks aside.
    pub(super) fn is_past(&self, time: Moment) -> bool {
        after(time, self.policy.clock_skew) < self.now
    }
}

pub(super) fn after(time: Moment, duration: Duration) -> Moment {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    Moment(time.0.saturating_add(seconds))
}

/// A certificate and the key that it is issued with.
pub(super) struct Link<'c, 'a> {
    pub(super) certificate: &'c Certificate<'a>,
    pub(super) issuer_key: KeyInfo<'a>,
    /// The certificate that the issuer's key is from; none of a root.
    pub(super) issuer: Option<&'c Certificate<'a>>,
    /// The path and its place in it, where another key of the issuer's may sign CRLs.
    pub(super) place: Option<(&'c Chain<'c, 'a>, usize)>,
}

/// What a key has signed.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub(super) algorithm: &'a [u8],
    pub(super) message: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> Signed<'a> {
    /// What the issuer of a certificate has.
    pub(super) const fn of(certificate: &Certificate<'a>) -> Self {
        Self {
            algorithm: certificate.signature_algorithm(),
            message: certificate.tbs(),
            signature: certificate.signature(),
        }
    }

    /// Whether this key made the signature.
    pub(super) fn is_by(
        self,
        key: KeyInfo<'_>,
        checker: &mut Checker<'_>,
    ) -> Result<Result<(), CertificateFault>, OutOfBudget> {
        checker.spend()?;
        Ok(key.verify(
            self.algorithm,
            self.message,
            self.signature,
            checker.algorithms,
        ))
    }
}

/// A path that holds otherwise.
pub(super) struct Chain<'c, 'a> {
    pub(super) policy: &'c Revocation,
    pub(super) timestamps: Option<&'c TimestampPolicy>,
    pub(super) profile: &'c Profile,
    pub(super) request: &'c VerifyRequest,
    /// Positions in the peer's chain, and certificates; its own first, each issued by the next.
    pub(super) path: &'c [(usize, &'c Certificate<'a>)],
    pub(super) anchor: KeyInfo<'a>,
    pub(super) algorithms: &'c VerifyAlgorithms,
    pub(super) now: Moment,
}

/// What is held against which certificate; `None` if the budget didn't suffice.
type Refusal = Option<(usize, RevocationFault)>;

/// Checks a path from its end, so that what a CA above says counts before what one below says.
/// Tells by place in the path who calls the certificate good; nothing if nobody does of any.
pub(super) fn check(
    chain: &Chain<'_, '_>,
    signatures: &mut u32,
) -> Result<Vec<Option<StatusSource>>, Refusal> {
    let mut statuses: Vec<Option<StatusSource>> = Vec::new();
    let mut checker = Checker {
        algorithms: chain.algorithms,
        now: chain.now,
        policy: chain.policy,
        profile: chain.profile,
        signatures,
    };
    for (place, (index, certificate)) in chain.path.iter().enumerate().rev() {
        let issuer = chain.path.get(place.saturating_add(1)).map(|(_, c)| *c);
        let link = Link {
            certificate,
            issuer_key: issuer.map_or(chain.anchor, Certificate::key),
            issuer,
            place: Some((chain, place)),
        };
        let mut checked = Checked {
            chain,
            link,
            index: *index,
            own: place == 0,
        };
        match checked.check(&mut checker) {
            Ok(Ok(None)) => {}
            Ok(Ok(status)) => {
                // Hardly ever does anybody say anything.
                statuses.resize(chain.path.len(), None);
                if let Some(slot) = statuses.get_mut(place) {
                    *slot = status;
                }
            }
            Ok(Err(fault)) => return Err(Some((*index, fault))),
            Err(OutOfBudget) => return Err(None),
        }
    }
    Ok(statuses)
}

/// Who issued a certificate of a path, or one further up.
struct Issuer<'c, 'a> {
    name: DistinguishedName<'a>,
    key: KeyInfo<'a>,
    /// None of a root.
    certificate: Option<&'c Certificate<'a>>,
}

impl<'c, 'a> Chain<'c, 'a> {
    /// All that stand above the certificate at `place`, its own issuer first and the root last.
    fn issuers(&self, place: usize) -> impl Iterator<Item = Issuer<'c, 'a>> {
        let above = self.path.iter().skip(place.saturating_add(1));
        let cas = above.map(|(_, certificate)| Issuer {
            name: certificate.subject(),
            key: certificate.key(),
            certificate: Some(certificate),
        });
        let root = self.path.last().map(|(_, certificate)| Issuer {
            name: certificate.issuer(),
            key: self.anchor,
            certificate: None,
        });
        cas.chain(root)
    }

    /// Whether a CRL of the issuer of the certificate at `place` is signed with another key of that
    /// issuer's, which CAs have that changed their key or keep one for CRLs (RFC 5280 6.3.3 (f)). The
    /// path must vouch for it: the key is that of a CA further up with the same name, or of a
    /// certificate that came along and that the issuer or somebody above it has issued.
    pub(super) fn is_by_other_key(
        &self,
        place: usize,
        crl: Signed<'_>,
        checker: &mut Checker<'_>,
    ) -> Result<bool, OutOfBudget> {
        let Some((_, certificate)) = self.path.get(place) else {
            return Ok(false);
        };
        let name = certificate.issuer();
        for issuer in self.issuers(place).skip(1) {
            let may_sign = issuer.certificate.map_or(Ok(()), check_crl_sign);
            if issuer.name.matches(name)
                && may_sign.is_ok()
                && crl.is_by(issuer.key, checker)?.is_ok()
            {
                return Ok(true);
            }
        }
        for (index, der) in self.request.chain.certificates().enumerate() {
            let Ok(signer) = Certificate::parse(der) else {
                continue;
            };
            if self.path.iter().all(|(other, _)| *other != index)
                && signer.subject().matches(name)
                && self.is_usable(&signer)
                && crl.is_by(signer.key(), checker)?.is_ok()
                && self.vouches_for(&signer, place, checker)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a certificate by itself is one to sign CRLs with.
    fn is_usable(&self, signer: &Certificate<'_>) -> bool {
        let (not_before, not_after) = signer.validity();
        (not_before..=not_after).contains(&self.now)
            && check_crl_sign(signer).is_ok()
            && signer.algorithms_agree()
            && signer.unknown_critical().is_none()
            && self.profile.check_any(signer, self.algorithms).is_ok()
    }

    /// Whether somebody above `place` issued this certificate and didn't take it back.
    fn vouches_for(
        &self,
        signer: &Certificate<'_>,
        place: usize,
        checker: &mut Checker<'_>,
    ) -> Result<bool, OutOfBudget> {
        for issuer in self.issuers(place) {
            if !signer.issuer().matches(issuer.name)
                || Signed::of(signer).is_by(issuer.key, checker)?.is_err()
            {
                continue;
            }
            let link = Link {
                certificate: signer,
                issuer_key: issuer.key,
                issuer: issuer.certificate,
                // Its own status comes from its issuer's own key, or else there is no end to it.
                place: None,
            };
            return Ok(match self.policy.crls.status(&link, checker)? {
                Status::Good => true,
                Status::Revoked { .. } => false,
                Status::Unknown(_) => self.policy.unknown == UnknownStatus::Accept,
            });
        }
        Ok(false)
    }
}

/// One certificate in its path.
struct Checked<'c, 'a> {
    chain: &'c Chain<'c, 'a>,
    link: Link<'c, 'a>,
    index: usize,
    /// Whether it is the peer's own.
    own: bool,
}

impl Checked<'_, '_> {
    fn check(
        &mut self,
        checker: &mut Checker<'_>,
    ) -> Result<Result<Option<StatusSource>, RevocationFault>, OutOfBudget> {
        let policy = self.chain.policy;
        let entry = self.chain.request.chain.entry(self.index);
        let entry = entry.unwrap_or_default();
        let mut good = None;
        let mut logged = None;
        if let Some(response) = entry.ocsp {
            match ocsp::status(response, &self.link, checker)? {
                (Status::Good, timestamps) => {
                    (good, logged) = (Some(StatusSource::Ocsp), timestamps);
                }
                (Status::Revoked { since, reason }, _) => {
                    let source = StatusSource::Ocsp;
                    return Ok(Err(revoked(source, since, reason)));
                }
                (Status::Unknown(_), _) if policy.ignore_bad_staples => {}
                (Status::Unknown(OcspFault::NotSuccessful { .. }), _)
                    if self.staple_needed().is_none() => {}
                (Status::Unknown(fault), _) => return Ok(Err(RevocationFault::BadStaple(fault))),
            }
        }
        if let Some(by_certificate) = self.staple_needed().filter(|_| good.is_none()) {
            return Ok(Err(RevocationFault::NoStaple { by_certificate }));
        }
        if self.own || policy.depth == RevocationDepth::Chain {
            match policy.crls.status(&self.link, checker)? {
                Status::Good => good = good.or(Some(StatusSource::Crl)),
                Status::Revoked { since, reason } => {
                    return Ok(Err(revoked(StatusSource::Crl, since, reason)));
                }
                Status::Unknown(closest)
                    if good.is_none() && policy.unknown == UnknownStatus::Refuse =>
                {
                    return Ok(Err(RevocationFault::Unknown { closest }));
                }
                Status::Unknown(_) => {}
            }
        }
        match self.chain.timestamps {
            Some(timestamps) if self.own && self.chain.request.role == Role::Server => {
                let lists = [entry.timestamps, logged, self.link.certificate.timestamps()];
                let result = sct::check(timestamps, lists, entry.certificate, &self.link, checker)?;
                Ok(result.map(|()| good))
            }
            _ => Ok(Ok(good)),
        }
    }

    /// Whether a good staple is needed, and if so, whether the certificate says so itself.
    fn staple_needed(&self) -> Option<bool> {
        if !self.own || self.chain.request.role != Role::Server {
            return None;
        }
        // RFC 7633 4.2.2, 4.3.3: what a CA's certificate demands holds for those below it.
        let mut path = self.chain.path.iter();
        if path.any(|(_, certificate)| certificate.must_staple()) {
            return Some(true);
        }
        self.chain.policy.require_staple.then_some(false)
    }
}

const fn revoked(
    source: StatusSource,
    since: Moment,
    reason: Option<RevocationReason>,
) -> RevocationFault {
    RevocationFault::Revoked {
        source,
        since,
        reason,
    }
}

/// RFC 5280 6.3.3 (f): cRLSign, if keyUsage is there.
pub(super) fn check_crl_sign(issuer: &Certificate<'_>) -> Result<(), CrlFault> {
    match issuer.allows_key_usage(key_usage::CRL_SIGN) {
        true => Ok(()),
        false => Err(CrlFault::KeyUsage),
    }
}
