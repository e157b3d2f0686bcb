//! Names: distinguished names for people to read and paths to follow, and general names, among
//! them those of hosts (RFC 5280 4.2.1.6, RFC 9525).

use super::der::{self, Reader};
use super::oid;
use crate::error::{DecodeError, DecodeFault, Text, TextWriter};
use core::fmt;
use rustls_pki_types::{IpAddr, ServerName};

/// How many attributes one RelativeDistinguishedName may have.
const MOST_ATTRIBUTES: usize = 16;

/// A DistinguishedName (RFC 5280 4.1.2.4). Shown in the form of RFC 4514, the most specific
/// attribute first, escaped and bounded as [`Text`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DistinguishedName<'a> {
    /// The contents of the RDNSequence.
    contents: &'a [u8],
}

const RDN: &str = "RelativeDistinguishedName";

impl<'a> DistinguishedName<'a> {
    /// Takes the contents of the outer SEQUENCE, which are not checked.
    pub(crate) const fn new(contents: &'a [u8]) -> Self {
        Self { contents }
    }

    /// The contents of the RDNSequence: its DER without the outer header.
    #[must_use]
    pub const fn contents(&self) -> &'a [u8] {
        self.contents
    }

    /// Whether it has no attribute.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.contents.is_empty()
    }

    /// Whether it is well-formed to the last byte.
    pub(crate) fn check(&self, what: &'static str) -> Result<(), DecodeError> {
        let mut names = self.contents;
        while !names.is_empty() {
            names = match past_common_rdn(names) {
                Some(rest) => rest,
                None => {
                    let mut rdns = Reader::new(names, what);
                    check_rdn(rdns.contents(der::SET, what)?, what)?;
                    rdns.rest()
                }
            };
        }
        Ok(())
    }

    /// The contents of each RelativeDistinguishedName, the most general first.
    fn rdns(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        Values(Reader::new(self.contents, RDN))
    }

    /// Whether both are the same name (RFC 5280 7.1): the same attributes in the same order,
    /// letter case and runs of spaces in text aside.
    pub(crate) fn matches(&self, other: DistinguishedName<'_>) -> bool {
        self.contents == other.contents
            || (self.is_within(other) && other.is_within(DistinguishedName::new(self.contents)))
    }

    /// Whether it begins with all of `base` (RFC 5280 4.2.1.10).
    pub(crate) fn is_within(&self, base: DistinguishedName<'_>) -> bool {
        let mut own = self.rdns();
        let mut base = base.rdns();
        base.all(|wanted| own.next().is_some_and(|found| same_rdn(found, wanted)))
    }

    /// The contents of the attributes of this type.
    pub(crate) fn values_of(&self, kind: &[u8]) -> impl Iterator<Item = &'a [u8]> {
        self.rdns()
            .flat_map(attributes)
            .filter(move |attribute| attribute.kind == kind)
            .map(|attribute| attribute.value.contents)
    }

    /// The form of RFC 4514, escaped and bounded, for a person to read.
    #[must_use]
    pub fn text(&self) -> Text {
        /// More than this many levels aren't shown.
        const MOST: usize = 16;
        let mut text = TextWriter::roomy();
        let mut levels: [&[u8]; MOST] = [&[]; MOST];
        let mut count: usize = 0;
        for (level, rdn) in levels.iter_mut().zip(self.rdns()) {
            *level = rdn;
            count = count.saturating_add(1);
        }
        if count == 0 {
            text.words(["(no name)"]);
        }
        // RFC 4514 2.1: the last one first.
        for (i, rdn) in levels.iter().take(count).rev().enumerate() {
            for (j, Attribute { kind, value }) in attributes(rdn).enumerate() {
                match (i, j) {
                    (0, 0) => {}
                    (_, 0) => text.words([","]),
                    _ => text.words(["+"]),
                }
                match attribute_name(kind) {
                    Some(name) => text.words([name, "="]),
                    None => text.words([oid::text(kind).as_str(), "="]),
                }
                write_value(&mut text, value);
                if text.is_full() {
                    return text.finish();
                }
            }
        }
        text.finish()
    }
}

/// A name to be compared with many others. Most names differ in what comes last, the common name.
#[derive(Clone, Copy)]
pub(crate) struct ComparedName<'a> {
    pub(crate) name: DistinguishedName<'a>,
    /// The last RelativeDistinguishedName, if it is of one short attribute, and all others are short.
    last: Option<Attribute<'a>>,
}

impl<'a> ComparedName<'a> {
    pub(crate) fn new(name: DistinguishedName<'a>) -> Self {
        let (mut last, mut rest) = (None, name.contents);
        while let Some((rdn, after)) = short_rdn(rest) {
            (last, rest) = (Some(rdn), after);
        }
        let whole = rest.is_empty();
        Self {
            name,
            last: last.filter(|_| whole).and_then(Attribute::only),
        }
    }

    /// [`DistinguishedName::matches`].
    pub(crate) fn matches(&self, other: &ComparedName<'_>) -> bool {
        let may_match = || match (self.last, other.last) {
            (Some(a), Some(b)) => a.kind == b.kind && !differ_in_ascii(a.value, b.value),
            _ => true,
        };
        self.name == other.name || (may_match() && self.name.matches(other.name))
    }
}

impl fmt::Display for DistinguishedName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.text())
    }
}

impl fmt::Debug for DistinguishedName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())
    }
}

/// Goes past a RelativeDistinguishedName of one short attribute, the common one, if that is what comes
/// first and it is well-formed: what is left.
fn past_common_rdn(names: &[u8]) -> Option<&[u8]> {
    let (rdn, rest) = short_rdn(names)?;
    Attribute::only(rdn).map(|_| rest)
}

/// The contents of the first RelativeDistinguishedName if that is a short one, and what is left.
fn short_rdn(names: &[u8]) -> Option<(&[u8], &[u8])> {
    match names {
        [0x31, length @ 0..=0x7f, rest @ ..] => rest.split_at_checked(usize::from(*length)),
        _ => None,
    }
}

/// Whether the contents of a RelativeDistinguishedName are well-formed.
pub(crate) fn check_rdn(contents: &[u8], what: &'static str) -> Result<(), DecodeError> {
    let mut rdn = Reader::new(contents, what);
    if rdn.is_empty() {
        return Err(rdn.fail(DecodeFault::BadLength));
    }
    // Comparing sets costs the square of their size; real ones have one or two attributes.
    let mut attributes = 0_usize;
    while !rdn.is_empty() {
        attributes = attributes.saturating_add(1);
        if attributes > MOST_ATTRIBUTES {
            return Err(rdn.fail(DecodeFault::BadLength));
        }
        let mut attribute = rdn.nested(der::SEQUENCE, what)?;
        attribute.contents(der::OID, what)?;
        attribute.any()?;
        attribute.end()?;
    }
    Ok(())
}

/// The contents of one value after another; ends at the first that is ill-formed.
struct Values<'a>(Reader<'a>);

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        self.0.any().ok().map(|value| value.contents)
    }
}

/// Type and value of each attribute of one RelativeDistinguishedName.
fn attributes(rdn: &[u8]) -> impl Iterator<Item = Attribute<'_>> {
    Values(Reader::new(rdn, RDN)).filter_map(Attribute::read)
}

/// An AttributeTypeAndValue.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Attribute<'a> {
    kind: &'a [u8],
    value: der::Tlv<'a>,
}

impl<'a> Attribute<'a> {
    /// Reads what is inside of the outer SEQUENCE.
    #[inline]
    fn read(contents: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(contents, RDN);
        Some(Self {
            kind: reader.contents(der::OID, RDN).ok()?,
            value: reader.any().ok()?,
        })
    }

    /// The attribute of a RelativeDistinguishedName that is well-formed and has but one, and a short one:
    /// nearly all are so.
    fn only(rdn: &'a [u8]) -> Option<Self> {
        let is_all = |length: u8, of: &[u8]| length < 0x80 && usize::from(length) == of.len();
        let [der::SEQUENCE, length, attribute @ ..] = rdn else {
            return None;
        };
        let [der::OID, kind_length @ 1..=0x7f, rest @ ..] = attribute else {
            return None;
        };
        let (kind, whole) = rest.split_at_checked(usize::from(*kind_length))?;
        let [tag, value_length, contents @ ..] = whole else {
            return None;
        };
        let (tag, value_length) = (*tag, *value_length);
        let well_formed =
            is_all(*length, attribute) && is_all(value_length, contents) && tag & 0x1f != 0x1f;
        well_formed.then_some(Self {
            kind,
            value: der::Tlv {
                tag,
                contents,
                whole,
            },
        })
    }

    fn same(self, other: Attribute<'_>) -> bool {
        self.kind == other.kind && same_value(self.value, other.value)
    }
}

/// Whether both have the same attributes, and as many (RFC 5280 7.1).
fn same_rdn(a: &[u8], b: &[u8]) -> bool {
    if a == b {
        return true;
    }
    // Nearly all have one attribute.
    if let (Some(a), Some(b)) = (Attribute::only(a), Attribute::only(b)) {
        return a.same(b);
    }
    // DER sorts a SET, but not by what is the same here, so that the order is left open.
    let covers = |x, y| attributes(x).all(|x| attributes(y).any(|y| x.same(y)));
    attributes(a).count() == attributes(b).count() && covers(a, b) && covers(b, a)
}

fn same_value(a: der::Tlv<'_>, b: der::Tlv<'_>) -> bool {
    if a == b {
        return true;
    }
    if differ_in_ascii(a, b) {
        return false;
    }
    match (Letters::of(a), Letters::of(b)) {
        (Some(a), Some(b)) => Folded::new(a).eq(Folded::new(b)),
        _ => false,
    }
}

/// Whether the first octets that differ in more than case are two characters of ASCII other than the
/// space: then the strings differ, and nothing else of them matters.
fn differ_in_ascii(a: der::Tlv<'_>, b: der::Tlv<'_>) -> bool {
    let is_utf8 = |value: der::Tlv<'_>| Letters::are_utf8(value.tag);
    let mut octets = a.contents.iter().zip(b.contents);
    is_utf8(a)
        && is_utf8(b)
        && octets
            .find(|(a, b)| !a.eq_ignore_ascii_case(b))
            .is_some_and(|(a, b)| a.is_ascii_graphic() && b.is_ascii_graphic())
}

/// The characters of a string, whatever its type.
enum Letters<'a> {
    Utf8(core::str::Chars<'a>),
    Latin1(core::slice::Iter<'a, u8>),
    /// Pairs of octets.
    Bmp(core::slice::ChunksExact<'a, u8>),
}

impl<'a> Letters<'a> {
    /// Whether strings of this type are in UTF-8, or in what is a part of it.
    const fn are_utf8(tag: u8) -> bool {
        matches!(
            tag,
            der::UTF8_STRING | der::PRINTABLE_STRING | der::IA5_STRING
        )
    }

    /// `None` if it is no string of a known type, or not well-formed.
    fn of(value: der::Tlv<'a>) -> Option<Self> {
        match value.tag {
            tag if Self::are_utf8(tag) => {
                let text = core::str::from_utf8(value.contents).ok()?;
                Some(Self::Utf8(text.chars()))
            }
            // Latin-1 in practice, whatever T.61 says.
            der::TELETEX_STRING => Some(Self::Latin1(value.contents.iter())),
            der::BMP_STRING => {
                let pairs = value.contents.chunks_exact(2);
                pairs.remainder().is_empty().then_some(Self::Bmp(pairs))
            }
            _ => None,
        }
    }
}

impl Iterator for Letters<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        match self {
            Self::Utf8(chars) => chars.next(),
            Self::Latin1(octets) => octets.next().map(|octet| char::from(*octet)),
            // UCS-2: one unit each; a surrogate is no character.
            Self::Bmp(pairs) => {
                let pair: [u8; 2] = pairs.next()?.try_into().ok()?;
                let unit = u32::from(u16::from_be_bytes(pair));
                Some(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
            }
        }
    }
}

/// RFC 5280 7.1, after RFC 4518: small letters, no space at either end, single spaces within.
struct Folded<'a> {
    letters: Letters<'a>,
    /// What one letter has become and isn't told yet.
    lower: Option<core::char::ToLowercase>,
    started: bool,
}

impl<'a> Folded<'a> {
    const fn new(letters: Letters<'a>) -> Self {
        Self {
            letters,
            lower: None,
            started: false,
        }
    }
}

impl Iterator for Folded<'_> {
    type Item = char;

    fn next(&mut self) -> Option<char> {
        if let Some(c) = self.lower.as_mut().and_then(Iterator::next) {
            return Some(c);
        }
        let mut space = false;
        let letter = loop {
            match self.letters.next()? {
                ' ' => space = true,
                letter => break letter,
            }
        };
        self.lower = Some(letter.to_lowercase());
        if space && self.started {
            return Some(' ');
        }
        self.started = true;
        self.lower.as_mut().and_then(Iterator::next)
    }
}

/// RFC 4514 3, and a few more that people know.
fn attribute_name(kind: &[u8]) -> Option<&'static str> {
    Some(match kind {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 5] => "serialNumber",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        _ if kind == oid::EMAIL_ADDRESS => "emailAddress",
        _ => return None,
    })
}

fn write_value(text: &mut TextWriter, value: der::Tlv<'_>) {
    // RFC 4514 2.4: what needs a backslash; what is no text is shown as its DER.
    const SPECIAL: &str = ",+\"<>;=";
    match Letters::of(value) {
        Some(letters) => {
            for c in letters.take(Text::MOST.saturating_add(1)) {
                text.escape_char(c, SPECIAL);
            }
        }
        None => {
            text.words(["#"]);
            for byte in value.whole.iter().take(Text::MOST) {
                text.add(format_args!("{byte:02x}"));
            }
        }
    }
}

/// A GeneralName (RFC 5280 4.2.1.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GeneralName<'a> {
    Dns(&'a [u8]),
    Email(&'a [u8]),
    Uri(&'a [u8]),
    /// Four or sixteen octets in a name, eight or thirty-two in a constraint.
    Ip(&'a [u8]),
    Directory(DistinguishedName<'a>),
    /// Any other form, by the RFC's name.
    Other(&'static str),
}

impl<'a> GeneralName<'a> {
    /// Reads one; only the form is checked.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DecodeError> {
        const WHAT: &str = "GeneralName";
        let value = reader.any()?;
        Ok(match value.tag {
            0xa0 => Self::Other("otherName"),
            0x81 => Self::Email(ia5(value.contents, "rfc822Name")?),
            0x82 => Self::Dns(ia5(value.contents, "dNSName")?),
            0xa3 => Self::Other("x400Address"),
            0xa4 => {
                // Name is a CHOICE, so that the tag is explicit.
                let mut inner = Reader::new(value.contents, WHAT);
                let name = DistinguishedName::new(inner.contents(der::SEQUENCE, WHAT)?);
                inner.end()?;
                name.check(WHAT)?;
                Self::Directory(name)
            }
            0xa5 => Self::Other("ediPartyName"),
            0x86 => Self::Uri(ia5(value.contents, "uniformResourceIdentifier")?),
            0x87 => Self::Ip(value.contents),
            0x88 => Self::Other("registeredID"),
            _ => return Err(DecodeError::new(WHAT, DecodeFault::BadValue)),
        })
    }

    /// Whether this is the host asked for.
    pub(crate) fn matches(&self, asked: &ServerName<'_>) -> bool {
        match (self, asked) {
            (Self::Dns(presented), ServerName::DnsName(asked)) => {
                dns_matches(presented, asked.as_ref().as_bytes())
            }
            (Self::Ip(presented), ServerName::IpAddress(IpAddr::V4(asked))) => {
                *presented == asked.as_ref().as_slice()
            }
            (Self::Ip(presented), ServerName::IpAddress(IpAddr::V6(asked))) => {
                *presented == asked.as_ref().as_slice()
            }
            _ => false,
        }
    }

    /// What is compared, for its length.
    pub(crate) const fn octets(&self) -> &'a [u8] {
        match self {
            Self::Dns(octets) | Self::Email(octets) | Self::Uri(octets) | Self::Ip(octets) => {
                octets
            }
            Self::Directory(name) => name.contents,
            Self::Other(_) => &[],
        }
    }

    /// A host's name or address, for a person to read.
    pub(crate) fn host_text(&self) -> Option<Text> {
        matches!(self, Self::Dns(_) | Self::Ip(_)).then(|| self.text())
    }

    /// The name, for a person to read.
    pub(crate) fn text(&self) -> Text {
        let mut text = TextWriter::default();
        match self {
            Self::Dns(name) | Self::Email(name) | Self::Uri(name) => text.escape(name, ","),
            Self::Ip(octets) => {
                if let Ok(v4) = <[u8; 4]>::try_from(*octets) {
                    text.add(format_args!("{}", core::net::Ipv4Addr::from(v4)));
                } else if let Ok(v6) = <[u8; 16]>::try_from(*octets) {
                    text.add(format_args!("{}", core::net::Ipv6Addr::from(v6)));
                } else {
                    text.add(format_args!("an address of {} octets", octets.len()));
                }
            }
            Self::Directory(name) => return name.text(),
            Self::Other(form) => text.add(format_args!("{form}")),
        }
        text.finish()
    }
}

/// RFC 5280 4.2.1.6: an IA5String. No host, address or URI has a control character in it, and
/// what reads on past a NUL isn't what others read.
fn ia5<'a>(text: &'a [u8], what: &'static str) -> Result<&'a [u8], DecodeError> {
    match is_printable(text) {
        true => Ok(text),
        false => Err(DecodeError::new(what, DecodeFault::BadValue)),
    }
}

/// Whether all is printable ASCII, looked at by eights.
fn is_printable(text: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = ONES << 7;
    let is_word_printable = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        // The high bit of some octet is set if one is below 0x20, is 0x7f, or is above.
        let control = word.wrapping_sub(ONES.wrapping_mul(0x20)) & !word;
        let delete = word ^ ONES.wrapping_mul(0x7f);
        let delete = delete.wrapping_sub(ONES) & !delete;
        (word | control | delete) & HIGH == 0
    };
    let (words, rest) = text.as_chunks::<8>();
    words.iter().all(is_word_printable)
        && match text.last_chunk::<8>() {
            Some(last) => is_word_printable(last),
            None => rest.iter().all(|c| matches!(c, 0x20..=0x7e)),
        }
}

/// The host asked for, for a person to read.
pub(crate) fn host_text(asked: &ServerName<'_>) -> Text {
    match asked {
        ServerName::DnsName(name) => Text::from(name.as_ref()),
        ServerName::IpAddress(IpAddr::V4(address)) => GeneralName::Ip(address.as_ref()).text(),
        ServerName::IpAddress(IpAddr::V6(address)) => GeneralName::Ip(address.as_ref()).text(),
        _ => Text::from("a name of a form that is not known here"),
    }
}

/// Checks the value of a GeneralNames extension; returns the contents of its SEQUENCE.
pub(crate) fn check_general_names<'a>(
    value: &'a [u8],
    what: &'static str,
) -> Result<&'a [u8], DecodeError> {
    let mut outer = Reader::new(value, what);
    let contents = outer.contents(der::SEQUENCE, what)?;
    outer.end()?;
    let mut reader = Reader::new(contents, what);
    // RFC 5280 4.2.1.6: at least one entry.
    if reader.is_empty() {
        return Err(reader.fail(DecodeFault::BadLength));
    }
    while !reader.is_empty() {
        match GeneralName::read(&mut reader)? {
            GeneralName::Ip(octets) if !matches!(octets.len(), 4 | 16) => {
                return Err(DecodeError::new("iPAddress", DecodeFault::BadLength));
            }
            _ => {}
        }
    }
    Ok(contents)
}

/// The names in the contents of a GeneralNames SEQUENCE that was checked.
pub(crate) fn general_names(contents: &[u8]) -> impl Iterator<Item = GeneralName<'_>> {
    let mut reader = Reader::new(contents, "GeneralName");
    core::iter::from_fn(move || GeneralName::read(&mut reader).ok())
}

/// RFC 9525 6.3: whether `presented`, a `dNSName`, stands for the host name `asked`.
pub(crate) fn dns_matches(presented: &[u8], asked: &[u8]) -> bool {
    // An absolute name ("example.com.") is the same host.
    let asked = asked.strip_suffix(b".").unwrap_or(asked);
    let Some(base) = presented.strip_prefix(b"*.") else {
        // Most are written as they were asked for: one comparison.
        return !asked.is_empty() && (presented == asked || presented.eq_ignore_ascii_case(asked));
    };
    // RFC 9525 6.3: a wildcard is the complete left-most label and stands for exactly one label.
    // "*.com" is for nobody's host: at least two labels must follow.
    let Some(dot) = asked.iter().position(|c| *c == b'.') else {
        return false;
    };
    let (label, rest) = asked.split_at_checked(dot).unwrap_or((&[], &[]));
    let rest = rest.strip_prefix(b".").unwrap_or(rest);
    !label.is_empty() && base.contains(&b'.') && base.eq_ignore_ascii_case(rest)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn the_short_way_past_a_name_takes_what_the_long_way_takes() {
        // Every one of the five lengths, and the tags, off by a little or by much.
        let good = [0x31, 11, 0x30, 9, 6, 3, 0x55, 4, 3, 0x0c, 2, b'a', b'b'];
        assert_eq!(past_common_rdn(&good), Some(&[][..]));
        for at in [0, 1, 2, 3, 4, 5, 9, 10] {
            for octet in 0..=255 {
                let mut name = good.to_vec();
                name[at] = octet;
                name.extend([0; 300]);
                let mut long = Reader::new(&name, RDN);
                let rdn = long.contents(der::SET, RDN);
                let taken = rdn.is_ok_and(|rdn| check_rdn(rdn, RDN).is_ok());
                let rest = past_common_rdn(&name);
                // The short way may leave it to the long way, and never goes another one.
                assert!(
                    rest.is_none_or(|rest| taken && rest == long.rest()),
                    "{name:x?}"
                );
            }
        }
    }

    #[test]
    fn printable_is_what_is_printable_octet_by_octet() {
        for len in 0..20 {
            for at in 0..len {
                for octet in 0..=255 {
                    let mut text = std::vec![b'a'; len];
                    text[at] = octet;
                    let expected = matches!(octet, 0x20..=0x7e);
                    assert_eq!(is_printable(&text), expected, "{len} {at} {octet}");
                }
            }
        }
        assert!(is_printable(b"") && !is_printable(&[0x1f; 9]) && !is_printable(&[0x80; 8]));
    }

    #[test]
    fn a_set_of_many_attributes_is_refused() {
        // Each attribute: SEQUENCE of OID 2.5.4.3 and a PrintableString of one letter.
        let attribute = [0x30, 8, 6, 3, 0x55, 4, 3, 0x13, 1, b'x'];
        let rdn = |count: usize| {
            let mut set = [0x31, 0x81, u8::try_from(count * attribute.len()).unwrap()].to_vec();
            set.extend(attribute.repeat(count));
            set
        };
        assert_eq!(DistinguishedName::new(&rdn(16)).check("name"), Ok(()));
        assert!(DistinguishedName::new(&rdn(17)).check("name").is_err());
    }

    #[test]
    fn host_names() {
        for (presented, asked, fits) in [
            ("example.com", "example.com", true),
            ("EXAMPLE.com", "example.COM", true),
            ("example.com", "example.com.", true),
            ("example.com.", "example.com", false),
            ("example.com", "www.example.com", false),
            ("www.example.com", "example.com", false),
            ("localhost", "localhost", true),
            ("*.example.com", "a.example.com", true),
            ("*.example.com", "a.example.com.", true),
            ("*.EXAMPLE.com", "A.example.com", true),
            ("*.example.com", "xn--bcher-kva.example.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "a.b.example.com", false),
            ("*.b.example.com", "a.b.example.com", true),
            ("*.com", "example.com", false),
            ("*.", "a.", false),
            ("*", "localhost", false),
            ("*", "example.com", false),
            ("w*.example.com", "www.example.com", false),
            ("*w.example.com", "www.example.com", false),
            ("www.*.com", "www.example.com", false),
            ("*.*.com", "a.b.com", false),
            ("a.*.example.com", "a.b.example.com", false),
            ("", "", false),
            ("", ".", false),
            ("example.com\0.evil.org", "example.com", false),
            ("example.com ", "example.com", false),
        ] {
            let result = dns_matches(presented.as_bytes(), asked.as_bytes());
            assert_eq!(result, fits, "{presented} {asked}");
        }
    }

    #[test]
    fn addresses_are_no_host_names() {
        let address = ServerName::try_from("192.0.2.1").unwrap();
        assert!(GeneralName::Ip(&[192, 0, 2, 1]).matches(&address));
        assert!(!GeneralName::Dns(b"192.0.2.1").matches(&address));
        assert!(!GeneralName::Dns(b"*.0.2.1").matches(&address));
        let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 192, 0, 2, 1];
        assert!(!GeneralName::Ip(&mapped).matches(&address));
        let host = ServerName::try_from("example.com").unwrap();
        assert!(!GeneralName::Ip(b"example.com").matches(&host));
        assert!(!GeneralName::Uri(b"example.com").matches(&host));
        assert!(!GeneralName::Email(b"example.com").matches(&host));
    }

    /// One RelativeDistinguishedName for each list of (type, tag, text).
    fn name(rdns: &[&[(u8, u8, &str)]]) -> Vec<u8> {
        let mut out = Vec::new();
        for rdn in rdns {
            let mut set = Vec::new();
            for (kind, tag, text) in *rdn {
                let mut attribute = der::encode(der::OID, &[0x55, 4, *kind]);
                attribute.extend(der::encode(*tag, text.as_bytes()));
                set.extend(der::encode(der::SEQUENCE, &attribute));
            }
            out.extend(der::encode(der::SET, &set));
        }
        out
    }

    #[test]
    fn the_same_name() {
        const U: u8 = der::UTF8_STRING;
        const P: u8 = der::PRINTABLE_STRING;
        let base = name(&[&[(6, P, "DE")], &[(10, U, "Some Company")]]);
        for (other, same) in [
            (name(&[&[(6, P, "DE")], &[(10, U, "Some Company")]]), true),
            (
                name(&[&[(6, P, "de")], &[(10, P, " some  COMPANY ")]]),
                true,
            ),
            (name(&[&[(6, P, "DE")], &[(10, U, "SomeCompany")]]), false),
            (name(&[&[(10, U, "Some Company")], &[(6, P, "DE")]]), false),
            (name(&[&[(6, P, "DE")]]), false),
            (
                name(&[&[(6, P, "DE")], &[(10, U, "Some Company")], &[(3, U, "x")]]),
                false,
            ),
            (name(&[&[(6, P, "DE")], &[(11, U, "Some Company")]]), false),
            (
                name(&[&[(6, P, "DE")], &[(10, 0x1e, "Some Company")]]),
                false,
            ),
            (name(&[&[(6, P, "DE"), (10, U, "Some Company")]]), false),
            (Vec::new(), false),
        ] {
            let (a, b) = (
                DistinguishedName::new(&base),
                DistinguishedName::new(&other),
            );
            assert_eq!(a.matches(b), same, "{b}");
            assert_eq!(b.matches(a), same, "{b}");
            let (a, b) = (ComparedName::new(a), ComparedName::new(b));
            assert_eq!(a.matches(&b), same, "{}", b.name);
            assert_eq!(b.matches(&a), same, "{}", b.name);
        }
        let long = name(&[&[(6, P, "DE")], &[(10, U, "some company")], &[(3, U, "x")]]);
        assert!(DistinguishedName::new(&long).is_within(DistinguishedName::new(&base)));
        assert!(!DistinguishedName::new(&base).is_within(DistinguishedName::new(&long)));
    }

    #[test]
    fn the_first_letters_that_differ_tell_what_all_letters_tell() {
        // The Kelvin sign is a K, and a small letter may be two.
        let texts = [
            "", " ", "k", "K", "\u{212a}", "K ", " k", "kk", "k k", "k  k", "k\tk", "ka",
            "k\u{e4}", "K\u{c4}", "\u{e4}k", "\u{c4}K", "i\u{307}", "\u{130}", "i", "I", "s",
            "\u{17f}", "@", "`",
        ];
        let texts = texts.iter().map(|text| text.as_bytes());
        let texts: Vec<&[u8]> = texts.chain([&b"k\xff"[..], b"\xffk", b"K\xff"]).collect();
        let mut short = 0;
        for tags in [
            [der::UTF8_STRING; 2],
            [der::UTF8_STRING, der::TELETEX_STRING],
        ] {
            for a in &texts {
                for b in &texts {
                    let value = |tag, contents| der::Tlv {
                        tag,
                        contents,
                        whole: contents,
                    };
                    let (a, b) = (value(tags[0], *a), value(tags[1], *b));
                    let letters = (Letters::of(a), Letters::of(b));
                    let same = match letters {
                        (Some(a), Some(b)) => Folded::new(a).eq(Folded::new(b)),
                        _ => false,
                    };
                    short += usize::from(differ_in_ascii(a, b));
                    assert!(!(same && differ_in_ascii(a, b)), "{a:x?} {b:x?}");
                    assert_eq!(same_value(a, b), same || a == b, "{a:x?} {b:x?}");
                }
            }
        }
        assert!(short > 50, "{short}");
    }

    #[test]
    fn letters_of_every_string_type() {
        let folded = |tag, contents| {
            let value = der::Tlv {
                tag,
                contents,
                whole: contents,
            };
            Letters::of(value).map(|letters| Folded::new(letters).collect::<std::string::String>())
        };
        for (tag, contents, text) in [
            (
                der::UTF8_STRING,
                "  A  \u{c4}b ".as_bytes(),
                Some("a \u{e4}b"),
            ),
            (der::UTF8_STRING, b"   ", Some("")),
            (der::UTF8_STRING, b"\xff", None),
            (der::TELETEX_STRING, b"\xc4 B", Some("\u{e4} b")),
            (der::BMP_STRING, b"\x00\xc4\x00 \x00B", Some("\u{e4} b")),
            (der::BMP_STRING, b"\x00B\x00", None),
            (der::BMP_STRING, b"\xd8\x00", Some("\u{fffd}")),
            (der::INTEGER, b"1", None),
        ] {
            assert_eq!(
                folded(tag, contents).as_deref(),
                text,
                "{tag} {contents:x?}"
            );
        }
    }

    #[test]
    fn names_for_people() {
        let two = name(&[
            &[(6, der::PRINTABLE_STRING, "DE")],
            &[
                (3, der::TELETEX_STRING, "M\u{fc}"),
                (11, der::IA5_STRING, "a+b"),
            ],
            &[(99, der::INTEGER, "\x01")],
        ]);
        assert_eq!(
            DistinguishedName::new(&two).text().as_str(),
            "2.5.4.99=#020101,CN=M\u{c3}\u{bc}+OU=a\\+b,C=DE"
        );
        let wide = der::encode(
            der::SET,
            &der::encode(
                der::SEQUENCE,
                &[&[6, 3, 0x55, 4, 3, 0x1e, 4][..], &[0, b'h', 0x4e, 0x00]].concat(),
            ),
        );
        assert_eq!(
            DistinguishedName::new(&wide).text().as_str(),
            "CN=h\u{4e00}"
        );
        assert_eq!(DistinguishedName::new(&[]).text().as_str(), "(no name)");
    }
}
