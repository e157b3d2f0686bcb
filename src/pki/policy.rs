//! Certificate policies (RFC 5280 4.2.1.4, 4.2.1.5, 4.2.1.11, 4.2.1.14 and 6.1), kept in the
//! graph of RFC 9618 instead of a tree: one node for each policy and certificate, so that its
//! size is that of what the certificates say and never more.

use super::der::{self, Reader};
use super::oid;
use crate::error::{DecodeError, DecodeFault};
use alloc::vec::Vec;

/// Which policies a path must hold under (RFC 5280 6.1.1 (c), (e) to (g)).
///
/// The default asks for none: `any-policy`, and nothing is inhibited. A CA can still ask for
/// more, in `policyConstraints` and `inhibitAnyPolicy`, and is heeded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitialPolicies {
    /// `user-initial-policy-set`: the contents of object identifiers. Empty is `any-policy`.
    pub set: Vec<Vec<u8>>,
    /// `initial-explicit-policy`: the path must hold under a policy of the set.
    pub explicit: bool,
    /// `initial-policy-mapping-inhibit`: no CA may map a policy to another one.
    pub inhibit_mapping: bool,
    /// `initial-any-policy-inhibit`: `anyPolicy` in a certificate stands for nothing.
    pub inhibit_any: bool,
}

impl InitialPolicies {
    /// The path must hold under one of these policies, given as object identifiers in dotted
    /// form (`"2.23.140.1.2.1"`); `None` if one of them is ill-formed.
    #[must_use]
    pub fn one_of(policies: &[&str]) -> Option<Self> {
        Some(Self {
            set: policies
                .iter()
                .map(|dotted| oid::parse(dotted))
                .collect::<Option<_>>()?,
            explicit: true,
            ..Self::default()
        })
    }
}

/// What a certificate says of policies: checked, not yet understood.
#[derive(Clone, Copy, Default)]
pub(crate) struct PolicyExtensions<'a> {
    /// The contents of the `certificatePolicies` SEQUENCE.
    policies: Option<&'a [u8]>,
    /// The contents of the `policyMappings` SEQUENCE.
    mappings: Option<&'a [u8]>,
    require_explicit: Option<u32>,
    inhibit_mapping: Option<u32>,
    inhibit_any: Option<u32>,
}

const POLICIES: &str = "certificatePolicies";
const MAPPINGS: &str = "policyMappings";
const CONSTRAINTS: &str = "policyConstraints";
const INHIBIT_ANY: &str = "inhibitAnyPolicy";

impl<'a> PolicyExtensions<'a> {
    /// Takes an extension if it is one of these.
    pub(crate) fn take(&mut self, id: &[u8], value: &'a [u8]) -> Result<bool, DecodeError> {
        if id == oid::CERTIFICATE_POLICIES {
            self.policies = Some(list(value, POLICIES, policy)?);
        } else if id == oid::POLICY_MAPPINGS {
            self.mappings = Some(list(value, MAPPINGS, mapping)?);
        } else if id == oid::POLICY_CONSTRAINTS {
            let mut reader = der::only(value, der::SEQUENCE, CONSTRAINTS)?;
            // RFC 5280 4.2.1.11: not an empty sequence.
            if reader.is_empty() {
                return Err(reader.fail(DecodeFault::BadLength));
            }
            let read =
                |contents: Option<&[u8]>| contents.map(|n| skip_certs(n, CONSTRAINTS)).transpose();
            self.require_explicit = read(reader.optional(der::context(0), CONSTRAINTS)?)?;
            self.inhibit_mapping = read(reader.optional(der::context(1), CONSTRAINTS)?)?;
            reader.end()?;
        } else if id == oid::INHIBIT_ANY_POLICY {
            let mut reader = Reader::new(value, INHIBIT_ANY);
            self.inhibit_any = Some(skip_certs(
                reader.contents(der::INTEGER, INHIBIT_ANY)?,
                INHIBIT_ANY,
            )?);
            reader.end()?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Whether nothing of them can make a path fail, if all its certificates are so.
    pub(crate) fn is_silent(&self) -> bool {
        self.policies.is_none() && self.mappings.is_none() && self.require_explicit.is_none()
    }

    /// How many octets there are to go through.
    pub(crate) fn octets(&self) -> usize {
        let lists = [self.policies, self.mappings];
        let lengths = lists.iter().flatten().map(|list| list.len());
        lengths.fold(0, usize::saturating_add)
    }

    fn policies(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        entries(self.policies, POLICIES, policy)
    }

    fn mappings(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        entries(self.mappings, MAPPINGS, mapping)
    }
}

type ReadEntry<'a, T> = fn(&mut Reader<'a>) -> Result<T, DecodeError>;

/// Checks a SEQUENCE of at least one entry; returns its contents.
fn list<'a, T>(
    value: &'a [u8],
    what: &'static str,
    read: ReadEntry<'a, T>,
) -> Result<&'a [u8], DecodeError> {
    let contents = der::only(value, der::SEQUENCE, what)?.rest();
    let mut reader = Reader::new(contents, what);
    if reader.is_empty() {
        return Err(reader.fail(DecodeFault::BadLength));
    }
    while !reader.is_empty() {
        read(&mut reader)?;
    }
    Ok(contents)
}

/// The entries of what [`list`] has checked.
fn entries<'a, T>(
    contents: Option<&'a [u8]>,
    what: &'static str,
    read: ReadEntry<'a, T>,
) -> impl Iterator<Item = T> + use<'a, T> {
    let mut reader = Reader::new(contents.unwrap_or(&[]), what);
    core::iter::from_fn(move || read(&mut reader).ok())
}

/// PolicyInformation; the qualifiers are for people to read elsewhere.
fn policy<'a>(list: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let mut reader = list.nested(der::SEQUENCE, "PolicyInformation")?;
    let id = reader.contents(der::OID, "PolicyInformation")?;
    reader.optional(der::SEQUENCE, "PolicyInformation")?;
    reader.end()?;
    Ok(id)
}

/// The policy of the issuer's domain and that of the subject's.
fn mapping<'a>(list: &mut Reader<'a>) -> Result<(&'a [u8], &'a [u8]), DecodeError> {
    let mut reader = list.nested(der::SEQUENCE, MAPPINGS)?;
    let issuer = reader.contents(der::OID, MAPPINGS)?;
    let subject = reader.contents(der::OID, MAPPINGS)?;
    reader.end()?;
    Ok((issuer, subject))
}

/// SkipCerts: a number of certificates, cut to what no path reaches.
fn skip_certs(contents: &[u8], what: &'static str) -> Result<u32, DecodeError> {
    match *contents {
        [n @ 0..=0x7f] => Ok(n.into()),
        [0x01..=0x7f, _, ..] | [0, 0x80..=0xff, ..] => Ok(u32::MAX),
        _ => Err(DecodeError::new(what, DecodeFault::BadValue)),
    }
}

/// How the policies of a path fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PolicyFault {
    /// One is asked for, and no policy holds down to the certificate at this position of the path.
    NoneValid(usize),
    /// The certificate at this position names a policy twice.
    Twice(usize),
    /// The certificate at this position maps `anyPolicy`, or maps to it.
    MapsAny(usize),
}

/// That a policy holds for a certificate, and the policy of the one above that it came from; none if
/// that is `anyPolicy`. A policy that came from several is there as often.
struct Node<'a> {
    policy: &'a [u8],
    parent: Option<&'a [u8]>,
}

/// What holds at one certificate.
#[derive(Default)]
struct Level<'a> {
    nodes: Vec<Node<'a>>,
    /// `anyPolicy` holds as well.
    any: bool,
}

impl<'a> Level<'a> {
    fn is_empty(&self) -> bool {
        self.nodes.is_empty() && !self.any
    }

    fn policies(&self) -> Set<'a> {
        Set::new(self.nodes.iter().map(|node| node.policy))
    }

    /// Adds those of the policies that don't hold yet, as such that came from `anyPolicy`.
    fn add(&mut self, policies: &Set<'a>) {
        let held = self.policies();
        let new = policies.0.iter().filter(|policy| !held.contains(policy));
        let nodes = new.map(|policy| Node {
            policy,
            parent: None,
        });
        self.nodes.extend(nodes);
    }
}

/// Policies, each once. A sorted vector, since a tree would be more code than all of this.
struct Set<'a>(Vec<&'a [u8]>);

impl<'a> Set<'a> {
    fn new(policies: impl Iterator<Item = &'a [u8]>) -> Self {
        let mut policies: Vec<_> = policies.collect();
        policies.sort_unstable();
        policies.dedup();
        Self(policies)
    }

    fn contains(&self, policy: &[u8]) -> bool {
        self.0.binary_search(&policy).is_ok()
    }
}

/// One certificate of a path as seen from here.
#[derive(Clone, Copy)]
pub(crate) struct Step<'a> {
    pub(crate) policies: PolicyExtensions<'a>,
    pub(crate) self_issued: bool,
}

/// Whether a path holds under the initial policies. `path` goes from the root's first
/// certificate down to the end entity's.
///
/// RFC 9618 5.3 to 5.6, which take the place of those parts of RFC 5280 6.1 that are about
/// policies.
pub(crate) fn check(path: &[Step<'_>], initial: &InitialPolicies) -> Result<(), PolicyFault> {
    let never = u32::try_from(path.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1);
    let unless = |now: bool| if now { 0 } else { never };
    // RFC 5280 6.1.2 (d) to (f).
    let mut explicit = unless(initial.explicit);
    let mut inhibit_any = unless(initial.inhibit_any);
    let mut mapping = unless(initial.inhibit_mapping);
    let mut levels: Vec<Level<'_>> = Vec::new();
    let mut level = Level {
        nodes: Vec::new(),
        any: true,
    };
    for (i, step) in path.iter().enumerate() {
        let last = i.saturating_add(1) == path.len();
        let own = &step.policies;
        let any_counts = inhibit_any > 0 || (!last && step.self_issued);
        narrow(&mut level, own, any_counts).map_err(|Duplicate| PolicyFault::Twice(i))?;
        // RFC 5280 6.1.3 (f).
        if explicit == 0 && level.is_empty() {
            return Err(PolicyFault::NoneValid(i));
        }
        let mut next = Level::default();
        if !last {
            next =
                map(&mut level, own, mapping > 0).map_err(|AnyMapped| PolicyFault::MapsAny(i))?;
        }
        // RFC 5280 6.1.4 (h), 6.1.5 (a): self-issued certificates don't count.
        if last || !step.self_issued {
            for counter in [&mut explicit, &mut mapping, &mut inhibit_any] {
                *counter = counter.saturating_sub(1);
            }
        }
        // RFC 5280 6.1.4 (i), (j), 6.1.5 (b): of the last certificate only a zero counts.
        let required = own.require_explicit.filter(|n| !last || *n == 0);
        explicit = explicit.min(required.unwrap_or(never));
        mapping = mapping.min(own.inhibit_mapping.unwrap_or(never));
        inhibit_any = inhibit_any.min(own.inhibit_any.unwrap_or(never));
        levels.push(core::mem::replace(&mut level, next));
    }
    // RFC 5280 6.1.5 (g) and 6.1.6.
    if explicit > 0 || holds(&levels, &initial.set) {
        return Ok(());
    }
    Err(PolicyFault::NoneValid(path.len().saturating_sub(1)))
}

struct Duplicate;
struct AnyMapped;

/// RFC 5280 6.1.3 (d), (e): keeps those policies that the certificate has too.
fn narrow<'a>(
    level: &mut Level<'a>,
    own: &PolicyExtensions<'a>,
    any_counts: bool,
) -> Result<(), Duplicate> {
    let mut named = Set::new(own.policies());
    // RFC 5280 4.2.1.4: not more than once.
    if named.0.len() != own.policies().count() {
        return Err(Duplicate);
    }
    let any = named.contains(oid::ANY_POLICY) && any_counts;
    if !any {
        level.nodes.retain(|node| named.contains(node.policy));
    }
    if level.any {
        named.0.retain(|policy| *policy != oid::ANY_POLICY);
        level.add(&named);
    }
    level.any &= any;
    Ok(())
}

/// RFC 5280 6.1.4 (a), (b): what is expected of the next certificate.
fn map<'a>(
    level: &mut Level<'a>,
    own: &PolicyExtensions<'a>,
    allowed: bool,
) -> Result<Level<'a>, AnyMapped> {
    // RFC 5280 4.2.1.5: neither may be anyPolicy.
    let is_any = |(issuer, subject)| issuer == oid::ANY_POLICY || subject == oid::ANY_POLICY;
    if own.mappings().any(is_any) {
        return Err(AnyMapped);
    }
    let mapped = Set::new(own.mappings().map(|(issuer, _)| issuer));
    if !allowed {
        level.nodes.retain(|node| !mapped.contains(node.policy));
    } else if level.any {
        level.add(&mapped);
    }
    let held = level.policies();
    let edges = own.mappings().filter(|(issuer, _)| held.contains(issuer));
    let edges = edges.map(|(issuer, subject)| Node {
        policy: subject,
        parent: Some(issuer),
    });
    let kept = held.0.iter().filter(|policy| !mapped.contains(policy));
    let kept = kept.map(|policy| Node {
        policy,
        parent: Some(policy),
    });
    Ok(Level {
        nodes: edges.chain(kept).collect(),
        any: level.any,
    })
}

/// Whether a policy of the `wanted` set holds down to the last level; an empty set is any.
fn holds(levels: &[Level<'_>], wanted: &[Vec<u8>]) -> bool {
    let Some(last) = levels.last() else {
        return wanted.is_empty();
    };
    if wanted.is_empty() || wanted.iter().any(|policy| policy == oid::ANY_POLICY) {
        return !last.is_empty();
    }
    // Where anyPolicy holds to the end, each of the wanted ones does.
    if last.any {
        return true;
    }
    // What leads to the end, seen from there; a policy without parents is one of the root's.
    let mut reached = last.policies();
    for level in levels.iter().rev() {
        let nodes = level.nodes.iter();
        let nodes = nodes.filter(|node| reached.contains(node.policy));
        let mut roots = nodes.clone().filter(|node| node.parent.is_none());
        if roots.any(|root| wanted.iter().any(|wanted| wanted == root.policy)) {
            return true;
        }
        reached = Set::new(nodes.filter_map(|node| node.parent));
    }
    false
}
