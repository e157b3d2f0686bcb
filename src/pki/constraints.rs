//! Name constraints (RFC 5280 4.2.1.10): host names, addresses, directory names, mail addresses
//! and the hosts in URIs.
//!
//! A form of name that isn't known here is refused where a CA constrains that form, never let
//! through.

use super::cert::Certificate;
use super::der::{self, Reader};
use super::name::GeneralName;
use super::oid;
use crate::error::{CertificateFault, DecodeError, DecodeFault};

const WHAT: &str = "nameConstraints";

/// Checks the value of the extension; returns the contents of its SEQUENCE.
pub(crate) fn check(value: &[u8]) -> Result<&[u8], DecodeError> {
    let mut outer = Reader::new(value, WHAT);
    let contents = outer.contents(der::SEQUENCE, WHAT)?;
    outer.end()?;
    check_contents(contents)
}

/// Checks the contents of the SEQUENCE, and returns them.
pub(crate) fn check_contents(contents: &[u8]) -> Result<&[u8], DecodeError> {
    let mut reader = Reader::new(contents, WHAT);
    // RFC 5280 4.2.1.10: not an empty sequence.
    if reader.is_empty() {
        return Err(reader.fail(DecodeFault::BadLength));
    }
    for tag in [PERMITTED, EXCLUDED] {
        if let Some(list) = reader.optional(tag, WHAT)? {
            let mut list = Reader::new(list, WHAT);
            if list.is_empty() {
                return Err(list.fail(DecodeFault::BadLength));
            }
            while !list.is_empty() {
                subtree(&mut list)?;
            }
        }
    }
    reader.end()?;
    Ok(contents)
}

const PERMITTED: u8 = der::context_constructed(0);
const EXCLUDED: u8 = der::context_constructed(1);

/// The base of one GeneralSubtree.
fn subtree<'a>(list: &mut Reader<'a>) -> Result<GeneralName<'a>, DecodeError> {
    let mut reader = list.nested(der::SEQUENCE, "GeneralSubtree")?;
    let base = GeneralName::read(&mut reader)?;
    // RFC 5280 4.2.1.10: minimum is zero and so left out, maximum is absent.
    reader.end()?;
    let good = match base {
        GeneralName::Ip(range) => mask(range).is_some(),
        GeneralName::Dns(base) | GeneralName::Uri(base) => is_domain(base),
        GeneralName::Email(base) => mailbox(base).is_some() || is_domain(base),
        GeneralName::Directory(_) | GeneralName::Other(_) => true,
    };
    if !good {
        return Err(DecodeError::new(WHAT, DecodeFault::BadValue));
    }
    Ok(base)
}

/// Whether names can be compared with this. One that nothing ever matches, a wildcard for instance,
/// would let through what it is meant to exclude.
fn is_domain(base: &[u8]) -> bool {
    let base = base.strip_prefix(b".").unwrap_or(base);
    base.is_empty() || is_host(base) == Some(base)
}

/// Address and mask of a range, the mask being ones and then zeros (RFC 4632 3.1).
fn mask(range: &[u8]) -> Option<(&[u8], &[u8])> {
    let (address, mask) = match range.len() {
        8 => range.split_at_checked(4)?,
        32 => range.split_at_checked(16)?,
        _ => return None,
    };
    let mut over = false;
    for octet in mask {
        if (over && *octet != 0) || octet.leading_ones() != octet.count_ones() {
            return None;
        }
        over |= *octet != 0xff;
    }
    Some((address, mask))
}

/// The work that may still be done; spent before it is.
pub(crate) struct Comparisons(pub(crate) u32);

impl Comparisons {
    /// Pays for comparing two names: once, and again for every 64 octets of the shorter one.
    pub(crate) fn spend(&mut self, a: &[u8], b: &[u8]) -> Option<()> {
        self.spend_octets(a.len().min(b.len()))
    }

    /// Pays for going through so many octets.
    pub(crate) fn spend_octets(&mut self, octets: usize) -> Option<()> {
        let blocks = octets.checked_div(64)?;
        let cost = u32::try_from(blocks).ok()?.checked_add(1)?;
        self.0 = self.0.checked_sub(cost)?;
        Some(())
    }
}

/// Why a certificate doesn't get through the constraints.
pub(crate) enum Denied {
    Fault(CertificateFault),
    OutOfBudget,
}

/// Whether a CA with these constraints (the contents of the SEQUENCE, checked) may have issued
/// to the names of `certificate`.
pub(crate) fn allow(
    constraints: &[u8],
    certificate: &Certificate<'_>,
    left: &mut Comparisons,
) -> Result<(), Denied> {
    let subject = certificate.subject();
    if !subject.is_empty() {
        allow_name(constraints, GeneralName::Directory(subject), left)?;
    }
    // RFC 5280 4.2.1.10: an address in the subject counts as well.
    for address in subject.values_of(oid::EMAIL_ADDRESS) {
        allow_name(constraints, GeneralName::Email(address), left)?;
    }
    for name in certificate.names() {
        allow_name(constraints, name, left)?;
    }
    Ok(())
}

fn allow_name(
    constraints: &[u8],
    name: GeneralName<'_>,
    left: &mut Comparisons,
) -> Result<(), Denied> {
    let denied = || {
        Err(Denied::Fault(CertificateFault::NameNotAllowed {
            name: name.text(),
        }))
    };
    let mut reader = Reader::new(constraints, WHAT);
    let (mut constrained, mut permitted) = (false, false);
    for tag in [PERMITTED, EXCLUDED] {
        let Ok(Some(list)) = reader.optional(tag, WHAT) else {
            continue;
        };
        let mut list = Reader::new(list, WHAT);
        while let Ok(base) = subtree(&mut list) {
            left.spend(name.octets(), base.octets())
                .ok_or(Denied::OutOfBudget)?;
            match (within(name, base, tag == EXCLUDED), tag) {
                (Within::OtherForm, _) => {}
                (Within::Unknown(form), _) => {
                    return Err(Denied::Fault(CertificateFault::NameForm { form }));
                }
                (Within::Yes, EXCLUDED) | (Within::Neither, _) => return denied(),
                (Within::No, EXCLUDED) => {}
                (Within::Yes, _) => (constrained, permitted) = (true, true),
                (Within::No, _) => constrained = true,
            }
        }
    }
    if constrained && !permitted {
        return denied();
    }
    Ok(())
}

enum Within {
    Yes,
    No,
    /// The name says no host, so that nobody can tell.
    Neither,
    /// The base says nothing about names of this form.
    OtherForm,
    /// It does, and how isn't known here.
    Unknown(&'static str),
}

/// Whether `name` is in the subtree of `base`; if `partly`, whether any host that it stands for is.
fn within(name: GeneralName<'_>, base: GeneralName<'_>, partly: bool) -> Within {
    let inside = match (name, base) {
        (GeneralName::Dns(name), GeneralName::Dns(base)) => {
            dns_within(name, base) || (partly && wildcard_covers(name, base))
        }
        (GeneralName::Ip(address), GeneralName::Ip(range)) => ip_within(address, range),
        (GeneralName::Directory(name), GeneralName::Directory(base)) => name.is_within(base),
        (GeneralName::Email(name), GeneralName::Email(base)) => match email_within(name, base) {
            Some(inside) => inside,
            None => return Within::Neither,
        },
        (GeneralName::Uri(name), GeneralName::Uri(base)) => match uri_host(name) {
            Some(host) => host_within(host, base),
            None => return Within::Neither,
        },
        (GeneralName::Other(name), GeneralName::Other(base)) if name == base => {
            return Within::Unknown(name);
        }
        _ => return Within::OtherForm,
    };
    if inside { Within::Yes } else { Within::No }
}

/// Any labels may be added to the left; a leading dot, common though not in the RFC, asks for
/// one at least.
fn dns_within(name: &[u8], base: &[u8]) -> bool {
    let Some(start) = name.len().checked_sub(base.len()) else {
        return false;
    };
    let (left, right) = name.split_at_checked(start).unwrap_or((name, &[]));
    right.eq_ignore_ascii_case(base)
        && (left.is_empty() || base.is_empty() || base.starts_with(b".") || left.ends_with(b"."))
}

/// Whether `name` is a wildcard that stands for the host `base` among others.
fn wildcard_covers(name: &[u8], base: &[u8]) -> bool {
    let Some(parent) = name.strip_prefix(b"*.") else {
        return false;
    };
    let Some(dot) = base.iter().position(|c| *c == b'.') else {
        return false;
    };
    match base.split_at_checked(dot.saturating_add(1)) {
        Some((_, base_parent)) => dot > 0 && parent.eq_ignore_ascii_case(base_parent),
        None => false,
    }
}

/// The base is a mailbox, a host, or with a dot before it every host of a domain. `None` if the
/// name is no mailbox.
fn email_within(name: &[u8], base: &[u8]) -> Option<bool> {
    let (local, host) = mailbox(name)?;
    Some(match mailbox(base) {
        Some((base_local, base_host)) => {
            local == base_local && host.eq_ignore_ascii_case(base_host)
        }
        None => host_within(host, base),
    })
}

/// What is before and after the last `@`.
fn mailbox(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = name.iter().rposition(|c| *c == b'@')?;
    let (local, host) = name.split_at_checked(at)?;
    let host = is_host(host.get(1..)?)?;
    (!local.is_empty()).then_some((local, host))
}

/// A base with a dot before it stands for the hosts below it, another one for that host alone.
fn host_within(host: &[u8], base: &[u8]) -> bool {
    let below = base.first() == Some(&b'.');
    let start = host.len().checked_sub(base.len());
    match start.and_then(|start| host.split_at_checked(start)) {
        Some((left, right)) => {
            base.is_empty() || (right.eq_ignore_ascii_case(base) && left.is_empty() != below)
        }
        None => false,
    }
}

/// The host of a URI (RFC 3986 3.2). RFC 5280 4.2.1.10: one that has none, or an address instead
/// of a name, is refused where URIs are constrained.
fn uri_host(uri: &[u8]) -> Option<&[u8]> {
    let colon = uri.iter().position(|c| *c == b':')?;
    let rest = uri.get(colon..)?.strip_prefix(b"://")?;
    let end = |c: &u8| matches!(c, b'/' | b'?' | b'#');
    let authority = rest.split(end).next()?;
    // What some take for the end of the authority and others don't.
    if authority.contains(&b'\\') {
        return None;
    }
    let host = authority.rsplit(|c| *c == b'@').next()?;
    let host = match host.iter().position(|c| *c == b':') {
        Some(colon) => host.get(..colon)?,
        None => host,
    };
    let last = host
        .rsplit(|c| *c == b'.')
        .find(|label| !label.is_empty())?;
    // The last label of a domain name isn't a number; that of an IPv4 address is.
    if last.iter().all(u8::is_ascii_digit) {
        return None;
    }
    is_host(host)
}

/// The name of a host, without the dot of an absolute one; `None` if it can't be one, an escaped
/// one for instance, that others would read as another.
fn is_host(name: &[u8]) -> Option<&[u8]> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let good = |c: &u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
    let labels = name.split(|c| *c == b'.').all(|label| !label.is_empty());
    (labels && name.iter().all(good)).then_some(name)
}

fn ip_within(address: &[u8], range: &[u8]) -> bool {
    let Some((base, mask)) = mask(range) else {
        return false;
    };
    address.len() == base.len()
        && address
            .iter()
            .zip(base)
            .zip(mask)
            .all(|((a, b), m)| a & m == b & m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_that_can_be_compared_with() {
        for good in [
            "",
            ".",
            "example.com",
            ".example.com",
            "EXAMPLE",
            "a_b.example",
            "xn--a.b",
        ] {
            assert!(is_domain(good.as_bytes()), "{good}");
        }
        for bad in [
            "*.example.com",
            "example.com.",
            "..example.com",
            "example..com",
            "a b",
            "b\u{fc}cher.example",
            "\0",
        ] {
            assert!(!is_domain(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn hosts_within() {
        for (name, base, inside) in [
            ("example.com", "example.com", true),
            ("a.b.example.com", "example.com", true),
            ("A.Example.COM", "example.com", true),
            ("badexample.com", "example.com", false),
            ("com", "example.com", false),
            ("example.com.evil.org", "example.com", false),
            ("*.example.com", "example.com", true),
            ("*.example.com", "a.example.com", false),
            ("a.example.com", ".example.com", true),
            ("example.com", ".example.com", false),
            ("anything", "", true),
        ] {
            assert_eq!(
                dns_within(name.as_bytes(), base.as_bytes()),
                inside,
                "{name} {base}"
            );
        }
    }

    #[test]
    fn wildcards_that_cover_an_excluded_host() {
        for (name, base, covers) in [
            ("*.example.com", "a.example.com", true),
            ("*.EXAMPLE.com", "a.example.com", true),
            ("*.example.com", "a.b.example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "com", false),
            ("b.example.com", "a.example.com", false),
        ] {
            assert_eq!(
                wildcard_covers(name.as_bytes(), base.as_bytes()),
                covers,
                "{name} {base}"
            );
        }
    }

    #[test]
    fn mailboxes_within() {
        for (name, base, inside) in [
            ("a@example.com", "a@example.com", Some(true)),
            ("a@EXAMPLE.com", "a@example.COM", Some(true)),
            ("A@example.com", "a@example.com", Some(false)),
            ("b@example.com", "a@example.com", Some(false)),
            ("a@example.com", "example.com", Some(true)),
            ("a@example.com.", "example.com", Some(true)),
            ("a@x.example.com", "example.com", Some(false)),
            ("a@badexample.com", "example.com", Some(false)),
            ("a@x.example.com", ".example.com", Some(true)),
            ("a@x.y.example.com", ".Example.com", Some(true)),
            ("a@example.com", ".example.com", Some(false)),
            ("\"a@example.com\"@evil.org", "example.com", Some(false)),
            ("a@example.com", "", Some(true)),
            ("example.com", "example.com", None),
            ("@example.com", "example.com", None),
            ("a@", "example.com", None),
            ("a@exa%6dple.com", "example.com", None),
        ] {
            let result = email_within(name.as_bytes(), base.as_bytes());
            assert_eq!(result, inside, "{name} {base}");
        }
    }

    #[test]
    fn hosts_in_uris() {
        for (uri, host) in [
            ("https://example.com", Some("example.com")),
            ("https://example.com/path@evil.org", Some("example.com")),
            ("https://example.com?x", Some("example.com")),
            ("https://example.com#x", Some("example.com")),
            ("https://example.com:8443/", Some("example.com")),
            ("https://user:pass@example.com:1/", Some("example.com")),
            ("https://a@evil.org@example.com/", Some("example.com")),
            ("https://example.com./", Some("example.com")),
            ("https://192.0.2.1/", None),
            ("https://192.0.2.1./", None),
            ("https://3221225985/", None),
            ("https://[2001:db8::1]/", None),
            ("https://ex%61mple.com/", None),
            ("https://example.com\\@evil.org/", None),
            ("https:///path", None),
            ("https://.", None),
            ("https://example.com../", None),
            ("mailto:a@example.com", None),
            ("urn:example:x", None),
            ("example.com", None),
            ("", None),
        ] {
            let found = uri_host(uri.as_bytes());
            assert_eq!(found, host.map(str::as_bytes), "{uri}");
        }
        for (host, base, inside) in [
            ("example.com", "example.com", true),
            ("Example.com", "example.COM", true),
            ("a.example.com", "example.com", false),
            ("a.example.com", ".example.com", true),
            ("a.b.example.com", ".example.com", true),
            ("example.com", ".example.com", false),
            ("badexample.com", "example.com", false),
            ("example.com", "", true),
        ] {
            let result = host_within(host.as_bytes(), base.as_bytes());
            assert_eq!(result, inside, "{host} {base}");
        }
    }

    #[test]
    fn addresses_within() {
        let range = [10, 1, 0, 0, 255, 255, 0, 0];
        assert!(ip_within(&[10, 1, 2, 3], &range));
        assert!(!ip_within(&[10, 2, 2, 3], &range));
        assert!(!ip_within(&[0; 16], &range));
        assert!(ip_within(&[1, 2, 3, 4], &[0; 8]));
        for bad in [
            &[10, 0, 0, 0, 255, 0, 255, 0][..],
            &[10, 0, 0, 0, 0xfd, 0, 0, 0],
            &[0; 7],
        ] {
            assert!(mask(bad).is_none(), "{bad:?}");
        }
    }
}
