//! For which certificates and reasons a CRL speaks: the distribution points of certificates and
//! CRLs (RFC 5280 4.2.1.13, 5.2.5).

use super::cert::Certificate;
use super::der::{self, Reader};
use super::name::{self, DistinguishedName, GeneralName};
use crate::error::{DecodeError, DecodeFault};
use alloc::vec::Vec;

const POINTS: &str = "cRLDistributionPoints";
const ISSUING: &str = "issuingDistributionPoint";

/// ReasonFlags, as a set. A BIT STRING's first octet is the high half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reasons(u16);

impl Reasons {
    pub(crate) const NONE: Self = Self(0);
    /// All that are defined: bit 0 is unused, bit 8 the last one.
    pub(crate) const ALL: Self = Self(0x7f80);

    /// Reads the contents of a BIT STRING.
    fn parse(contents: &[u8], what: &'static str) -> Result<Self, DecodeError> {
        let bits = match *contents {
            [0] => 0,
            [0..=7, a] => u16::from_be_bytes([a, 0]),
            [0..=7, a, b] => u16::from_be_bytes([a, b]),
            // An empty one has not even the count of unused bits.
            _ => return Err(DecodeError::new(what, DecodeFault::BadValue)),
        };
        Ok(Self(bits).and(Self::ALL))
    }

    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// A DistributionPointName.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PointName<'a> {
    /// The contents of `fullName`, GeneralNames.
    Full(&'a [u8]),
    /// The contents of `nameRelativeToCRLIssuer`, a RelativeDistinguishedName.
    Relative(&'a [u8]),
}

impl<'a> PointName<'a> {
    fn parse(contents: &'a [u8], what: &'static str) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(contents, what);
        let choice = reader.any()?;
        reader.end()?;
        match choice.tag {
            0xa0 => {
                let mut names = Reader::new(choice.contents, what);
                if names.is_empty() {
                    return Err(names.fail(DecodeFault::BadLength));
                }
                while !names.is_empty() {
                    GeneralName::read(&mut names)?;
                }
                Ok(Self::Full(choice.contents))
            }
            0xa1 => {
                name::check_rdn(choice.contents, what)?;
                Ok(Self::Relative(choice.contents))
            }
            _ => Err(DecodeError::new(what, DecodeFault::BadValue)),
        }
    }

    /// Whether one of the names is this directory name.
    fn is_directory(self, issuer: DistinguishedName<'_>, wanted: DistinguishedName<'_>) -> bool {
        match self {
            Self::Full(names) => values(names).any(|name| directory(name) == Some(wanted.into())),
            Self::Relative(rdn) => {
                DistinguishedName::new(&relative(issuer.contents(), rdn)).matches(wanted)
            }
        }
    }

    /// Whether both have a name in common. What is relative is so to the same issuer.
    fn meets(self, issuer: DistinguishedName<'_>, other: PointName<'_>) -> bool {
        match (self, other) {
            (Self::Full(ours), PointName::Full(theirs)) => {
                values(ours).any(|a| values(theirs).any(|b| same_name(a, b)))
            }
            (Self::Relative(rdn), _) => {
                let name = relative(issuer.contents(), rdn);
                other.is_directory(issuer, DistinguishedName::new(&name))
            }
            (_, PointName::Relative(rdn)) => {
                let name = relative(issuer.contents(), rdn);
                self.is_directory(issuer, DistinguishedName::new(&name))
            }
        }
    }
}

/// The name with one RelativeDistinguishedName after it.
fn relative(issuer: &[u8], rdn: &[u8]) -> Vec<u8> {
    let mut name = issuer.to_vec();
    name.extend(der::encode(der::SET, rdn));
    name
}

fn values(contents: &[u8]) -> impl Iterator<Item = der::Tlv<'_>> {
    let mut reader = Reader::new(contents, POINTS);
    core::iter::from_fn(move || reader.any().ok())
}

/// A directory name that compares as RFC 5280 7.1 says.
struct Directory<'a>(DistinguishedName<'a>);

impl<'a> From<DistinguishedName<'a>> for Directory<'a> {
    fn from(name: DistinguishedName<'a>) -> Self {
        Self(name)
    }
}

impl PartialEq for Directory<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0.matches(other.0)
    }
}

fn directory(name: der::Tlv<'_>) -> Option<Directory<'_>> {
    match GeneralName::read(&mut Reader::new(name.whole, POINTS)) {
        Ok(GeneralName::Directory(name)) => Some(name.into()),
        _ => None,
    }
}

/// Whether two GeneralNames are the same: octet by octet, but for directory names.
fn same_name(a: der::Tlv<'_>, b: der::Tlv<'_>) -> bool {
    a == b || (a.tag == b.tag && directory(a).is_some_and(|a| Some(a) == directory(b)))
}

/// One DistributionPoint of a certificate.
struct Point<'a> {
    name: Option<PointName<'a>>,
    reasons: Reasons,
    /// CRLs there are issued by somebody else than the certificate's issuer.
    indirect: bool,
}

impl<'a> Point<'a> {
    fn read(list: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let mut reader = list.nested(der::SEQUENCE, POINTS)?;
        let name = reader.optional(der::context_constructed(0), POINTS)?;
        let reasons = reader.optional(der::context(1), POINTS)?;
        let issuer = reader.optional(der::context_constructed(2), POINTS)?;
        reader.end()?;
        // RFC 5280 4.2.1.13: not with reasons alone.
        if name.is_none() && issuer.is_none() {
            return Err(reader.fail(DecodeFault::BadValue));
        }
        Ok(Self {
            name: match name {
                Some(name) => Some(PointName::parse(name, POINTS)?),
                None => None,
            },
            reasons: match reasons {
                Some(reasons) => Reasons::parse(reasons, POINTS)?,
                None => Reasons::ALL,
            },
            indirect: issuer.is_some(),
        })
    }
}

/// Checks the value of a certificate's cRLDistributionPoints; returns the contents of its SEQUENCE.
pub(crate) fn check_distribution_points(value: &[u8]) -> Result<&[u8], DecodeError> {
    let mut list = der::only(value, der::SEQUENCE, POINTS)?;
    let contents = list.rest();
    if list.is_empty() {
        return Err(list.fail(DecodeFault::BadLength));
    }
    while !list.is_empty() {
        Point::read(&mut list)?;
    }
    Ok(contents)
}

/// IssuingDistributionPoint (RFC 5280 5.2.5): what a CRL is about. The default is everything.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    name: Option<PointName<'a>>,
    only_user: bool,
    only_ca: bool,
    only_attribute: bool,
    reasons: Reasons,
    pub(crate) indirect: bool,
}

impl Default for Scope<'_> {
    fn default() -> Self {
        Self {
            name: None,
            only_user: false,
            only_ca: false,
            only_attribute: false,
            reasons: Reasons::ALL,
            indirect: false,
        }
    }
}

impl<'a> Scope<'a> {
    /// Reads the value of the extension.
    pub(crate) fn parse(value: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = der::only(value, der::SEQUENCE, ISSUING)?;
        // RFC 5280 5.2.5: never an empty sequence.
        if reader.is_empty() {
            return Err(reader.fail(DecodeFault::BadLength));
        }
        let name = match reader.optional(der::context_constructed(0), ISSUING)? {
            Some(name) => Some(PointName::parse(name, ISSUING)?),
            None => None,
        };
        let only_user = flag(&mut reader, 1)?;
        let only_ca = flag(&mut reader, 2)?;
        let reasons = match reader.optional(der::context(3), ISSUING)? {
            Some(reasons) => Reasons::parse(reasons, "onlySomeReasons")?,
            None => Reasons::ALL,
        };
        let indirect = flag(&mut reader, 4)?;
        let only_attribute = flag(&mut reader, 5)?;
        reader.end()?;
        let kinds = [only_user, only_ca, only_attribute];
        // RFC 5280 5.2.5: at most one kind of certificate.
        if kinds.iter().filter(|only| **only).count() > 1 {
            return Err(reader.fail(DecodeFault::BadValue));
        }
        Ok(Self {
            name,
            only_user,
            only_ca,
            only_attribute,
            reasons,
            indirect,
        })
    }

    /// For which reasons a CRL with this scope, of the certificate's issuer, tells whether the
    /// certificate is revoked (RFC 5280 6.3.3 (b), (d)).
    pub(crate) fn covers(&self, certificate: &Certificate<'_>) -> Reasons {
        let is_ca = certificate.basic_constraints().is_some_and(|c| c.ca);
        // RFC 5280 6.3.3 (b)(2)(ii) to (iv).
        if self.only_attribute || (self.only_user && is_ca) || (self.only_ca && !is_ca) {
            return Reasons::NONE;
        }
        let issuer = certificate.issuer();
        let Some(name) = self.name else {
            return self.reasons;
        };
        // RFC 5280 6.3.3, at its end: a CRL of the issuer counts for the issuer's own name, too.
        if name.is_directory(issuer, issuer) {
            return self.reasons;
        }
        // RFC 5280 6.3.3 (b)(2)(i): each distribution point of the certificate, not the first only.
        let mut reasons = Reasons::NONE;
        let mut points = Reader::new(certificate.distribution_points().unwrap_or(&[]), POINTS);
        while let Ok(point) = Point::read(&mut points) {
            let meets = point.name.is_some_and(|theirs| name.meets(issuer, theirs));
            if meets && !point.indirect {
                reasons = reasons.or(point.reasons);
            }
        }
        reasons.and(self.reasons)
    }
}

/// `[n] BOOLEAN DEFAULT FALSE`.
fn flag(reader: &mut Reader<'_>, n: u8) -> Result<bool, DecodeError> {
    match reader.optional(der::context(n), ISSUING)? {
        None | Some([0]) => Ok(false),
        Some([0xff]) => Ok(true),
        Some(_) => Err(DecodeError::new(ISSUING, DecodeFault::BadValue)),
    }
}
