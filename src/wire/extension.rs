//! Extensions: which may come in which message, how a block of them is read, and the forms of
//! those that more than one message has.

use crate::codepoint::{CertificateStatusType, ExtensionType, NamedGroup};
use crate::error::{DecodeError, DecodeFault};
use crate::wire::codec::{Item, List, Reader, Writer, duplicate};
use core::fmt;

/// The messages that have a block of extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// ClientHello, of any version.
    ClientHello,
    /// ServerHello that selects TLS 1.3.
    ServerHello,
    /// ServerHello with the random that makes it a HelloRetryRequest.
    HelloRetryRequest,
    /// ServerHello that selects TLS 1.2 or older: one without `supported_versions`.
    OldServerHello,
    /// EncryptedExtensions.
    EncryptedExtensions,
    /// CertificateRequest of TLS 1.3.
    CertificateRequest,
    /// One entry of Certificate of TLS 1.3.
    CertificateEntry,
    /// NewSessionTicket of TLS 1.3.
    NewSessionTicket,
}

impl MessageKind {
    const fn bit(self) -> u8 {
        match self {
            Self::ClientHello => CH,
            Self::ServerHello => SH,
            Self::HelloRetryRequest => HRR,
            Self::OldServerHello => OLD_SH,
            Self::EncryptedExtensions => EE,
            Self::CertificateRequest => CR,
            Self::CertificateEntry => CT,
            Self::NewSessionTicket => NST,
        }
    }
}

const CH: u8 = 1;
const SH: u8 = 1 << 1;
const HRR: u8 = 1 << 2;
const OLD_SH: u8 = 1 << 3;
const EE: u8 = 1 << 4;
const CR: u8 = 1 << 5;
const CT: u8 = 1 << 6;
const NST: u8 = 1 << 7;

/// Every extension that this crate knows, with the messages it may come in: the table of
/// RFC 9846 4.3, the "TLS 1.3" column of the registry for what is newer, and for ServerHello of
/// TLS 1.2 the documents that define the extensions.
///
/// A server of TLS 1.2 has no business with `supported_groups`, but some send it, and clients
/// ignore it there by custom.
#[rustfmt::skip]
const TABLE: &[(ExtensionType, u8)] = &[
    (ExtensionType::SERVER_NAME, CH | EE | OLD_SH),
    (ExtensionType::MAX_FRAGMENT_LENGTH, CH | EE | OLD_SH),
    (ExtensionType::STATUS_REQUEST, CH | CR | CT | OLD_SH),
    (ExtensionType::SUPPORTED_GROUPS, CH | EE | OLD_SH),
    (ExtensionType::EC_POINT_FORMATS, CH | OLD_SH),
    (ExtensionType::SIGNATURE_ALGORITHMS, CH | CR),
    (ExtensionType::USE_SRTP, CH | EE | OLD_SH),
    (ExtensionType::HEARTBEAT, CH | EE | OLD_SH),
    (ExtensionType::ALPN, CH | EE | OLD_SH),
    (ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, CH | CR | CT | OLD_SH),
    (ExtensionType::CLIENT_CERTIFICATE_TYPE, CH | EE | OLD_SH),
    (ExtensionType::SERVER_CERTIFICATE_TYPE, CH | EE | OLD_SH),
    (ExtensionType::PADDING, CH),
    (ExtensionType::EXTENDED_MASTER_SECRET, CH | OLD_SH),
    (ExtensionType::COMPRESS_CERTIFICATE, CH | CR),
    (ExtensionType::RECORD_SIZE_LIMIT, CH | EE | OLD_SH),
    (ExtensionType::DELEGATED_CREDENTIAL, CH | CR | CT),
    (ExtensionType::SESSION_TICKET, CH | OLD_SH),
    (ExtensionType::PRE_SHARED_KEY, CH | SH),
    (ExtensionType::EARLY_DATA, CH | EE | NST),
    (ExtensionType::SUPPORTED_VERSIONS, CH | SH | HRR),
    (ExtensionType::COOKIE, CH | HRR),
    (ExtensionType::PSK_KEY_EXCHANGE_MODES, CH),
    (ExtensionType::CERTIFICATE_AUTHORITIES, CH | CR),
    (ExtensionType::OID_FILTERS, CR),
    (ExtensionType::POST_HANDSHAKE_AUTH, CH),
    (ExtensionType::SIGNATURE_ALGORITHMS_CERT, CH | CR),
    (ExtensionType::KEY_SHARE, CH | SH | HRR),
    (ExtensionType::QUIC_TRANSPORT_PARAMETERS, CH | EE),
    (ExtensionType::TICKET_REQUEST, CH | EE),
    (ExtensionType::ENCRYPTED_CLIENT_HELLO, CH | HRR | EE),
    (ExtensionType::RENEGOTIATION_INFO, CH | OLD_SH),
];

/// The bit of an extension in a set, whether or not the table has it: the small numbers stand for
/// themselves, two large ones have the places that are left. 0 for all others.
#[expect(clippy::as_conversions, reason = "in a const fn there is no From")]
const fn bit_of(extension: ExtensionType) -> u64 {
    match extension {
        ExtensionType::ENCRYPTED_CLIENT_HELLO => 1 << 62,
        ExtensionType::RENEGOTIATION_INFO => 1 << 63,
        ExtensionType(0..62) => 1u64.wrapping_shl(extension.0 as u32),
        _ => 0,
    }
}

/// The extensions of the table that may come in one of these messages.
const fn known(messages: u8) -> u64 {
    let mut set = 0;
    let mut rest: &[(ExtensionType, u8)] = TABLE;
    while let [(extension, allowed), others @ ..] = rest {
        if *allowed & messages != 0 {
            set |= bit_of(*extension);
        }
        rest = others;
    }
    set
}

/// All of the table.
const KNOWN: u64 = known(u8::MAX);

/// The known extensions that `message` may have.
#[must_use]
pub fn allowed_in(message: MessageKind) -> ExtensionSet {
    const fn allowed(message: MessageKind) -> ExtensionSet {
        ExtensionSet(known(message.bit()))
    }
    macro_rules! table {
        ($($kind:ident)*) => {
            match message {
                $(MessageKind::$kind => const { allowed(MessageKind::$kind) },)*
            }
        };
    }
    table!(ClientHello ServerHello HelloRetryRequest OldServerHello EncryptedExtensions
        CertificateRequest CertificateEntry NewSessionTicket)
}

/// A set of known extensions: one bit for each.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ExtensionSet(u64);

impl ExtensionSet {
    /// The set without extensions.
    pub const EMPTY: Self = Self(0);

    /// Adds an extension. One that this crate doesn't know can't be in a set; `false` then.
    pub fn insert(&mut self, extension: ExtensionType) -> bool {
        let bit = Self::bit(extension);
        self.0 |= bit;
        bit != 0
    }

    /// Whether the extension is in the set.
    #[must_use]
    pub fn contains(self, extension: ExtensionType) -> bool {
        self.0 & Self::bit(extension) != 0
    }

    /// Whether the set has no extension.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// What is in one of both sets.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The extensions of the set, by number.
    pub fn iter(self) -> impl Iterator<Item = ExtensionType> {
        let kinds = TABLE.iter().map(|(kind, _)| *kind);
        kinds.filter(move |kind| self.contains(*kind))
    }

    const fn bit(extension: ExtensionType) -> u64 {
        bit_of(extension) & KNOWN
    }
}

impl FromIterator<ExtensionType> for ExtensionSet {
    /// The known ones among the extensions.
    fn from_iter<I: IntoIterator<Item = ExtensionType>>(iter: I) -> Self {
        iter.into_iter().fold(Self::EMPTY, |mut set, extension| {
            set.insert(extension);
            set
        })
    }
}

impl fmt::Display for ExtensionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return f.write_str("none");
        }
        for (i, extension) in self.iter().enumerate() {
            let separator = if i == 0 { "" } else { ", " };
            write!(f, "{separator}{extension}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for ExtensionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// One extension as it stands in a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// `extension_type`.
    pub kind: ExtensionType,
    /// `extension_data`.
    pub data: &'a [u8],
}

impl<'a> Item<'a> for Extension<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            kind: ExtensionType(r.u16("Extension.extension_type")?),
            data: r.vec16("Extension.extension_data", 0..=0xffff)?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.extension(self.kind, |w| w.bytes(self.data));
    }
}

/// What a block held, whether or not anything was made of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) present: ExtensionSet,
    pub(crate) unknown: Option<ExtensionType>,
}

/// The name of an extension, for errors.
pub(crate) fn name_of(extension: ExtensionType) -> &'static str {
    extension.name().unwrap_or("extension")
}

/// Reads a block of extensions of a message of one of `kinds`, giving each known one to `read`,
/// which must consume it to its end.
pub(crate) fn read_block<'a>(
    block: &'a [u8],
    kinds: &[MessageKind],
    mut read: impl FnMut(ExtensionType, &mut Reader<'a>) -> Result<(), DecodeError>,
) -> Result<Seen, DecodeError> {
    let allowed = kinds.iter().fold(ExtensionSet::EMPTY, |set, kind| {
        set.union(allowed_in(*kind))
    });
    let extensions = List::<Extension<'a>>::parse(block)?;
    // RFC 9846 4.3: there MUST NOT be more than one extension of the same type in a block.
    if let Some(twice) = repeated(extensions) {
        return Err(DecodeError::new(name_of(twice), DecodeFault::Duplicate));
    }
    let mut seen = Seen::default();
    for Extension { kind, data } in extensions {
        // RFC 9846 4.3.11: the "pre_shared_key" extension MUST be the last one in ClientHello.
        if kinds == [MessageKind::ClientHello]
            && seen.present.contains(ExtensionType::PRE_SHARED_KEY)
        {
            return Err(DecodeError::new("pre_shared_key", DecodeFault::NotLast));
        }
        if !seen.present.insert(kind) {
            seen.unknown.get_or_insert(kind);
            continue;
        }
        // RFC 9846 4.3: an extension that is recognized and not specified for the message that
        // it appears in MUST end the handshake with illegal_parameter.
        if !allowed.contains(kind) {
            return Err(DecodeError::new(name_of(kind), DecodeFault::NotAllowedHere));
        }
        let mut r = Reader::new(data);
        read(kind, &mut r)?;
        r.finish(name_of(kind))?;
    }
    Ok(seen)
}

/// An extension that is there twice: the known ones have a bit each, the unknown ones are few.
fn repeated(extensions: List<'_, Extension<'_>>) -> Option<ExtensionType> {
    let mut known = ExtensionSet::EMPTY;
    let mut others = 0_usize;
    for Extension { kind, .. } in extensions {
        if known.contains(kind) {
            return Some(kind);
        }
        if !known.insert(kind) {
            others = others.saturating_add(1);
        }
    }
    if others < 2 {
        return None;
    }
    let kinds = extensions.iter().map(|extension| extension.kind);
    let unknown = kinds.filter(|kind| !known.contains(*kind));
    duplicate(unknown.map(|kind| kind.0)).map(ExtensionType)
}

impl Writer<'_> {
    /// Writes an extension: its type, and the length of what `data` writes before it.
    pub fn extension(&mut self, kind: ExtensionType, data: impl FnOnce(&mut Self)) {
        self.u16(kind.0);
        self.vec16(data);
    }

    /// Writes an extension without content, if `flag` is set.
    pub fn flag_extension(&mut self, kind: ExtensionType, flag: bool) {
        if flag {
            self.extension(kind, |_| ());
        }
    }
}

/// Declares what is known of a block of extensions: the given fields, and what reading it fills
/// in beside them, which `PartialEq` leaves out.
macro_rules! extension_block {
    ($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        ///
        /// Equality is that of the extensions' contents; `present` and `unknown` don't count.
        #[derive(Clone, Copy, Debug, Default)]
        pub struct $name<'a> {
            $($(#[$fdoc])* pub $field: $type,)*
            /// The known extensions that were there, also those that have no field here. Filled
            /// by reading; writing ignores it.
            pub present: $crate::wire::extension::ExtensionSet,
            /// The first extension of an unknown type. Filled by reading; writing ignores it.
            pub unknown: Option<$crate::codepoint::ExtensionType>,
        }

        impl PartialEq for $name<'_> {
            fn eq(&self, other: &Self) -> bool {
                true $(&& self.$field == other.$field)*
            }
        }

        impl Eq for $name<'_> {}
    };
}
pub(crate) use extension_block;

/// A key share: a group and a public key or ciphertext (RFC 9846 4.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShareEntry<'a> {
    /// `group`.
    pub group: NamedGroup,
    /// `key_exchange`: 1 to 2^16-1 bytes.
    pub key_exchange: &'a [u8],
}

/// The shares of a ClientHello; those that were read have a group of their own each.
pub type KeyShares<'a> = List<'a, KeyShareEntry<'a>>;

impl<'a> Item<'a> for KeyShareEntry<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            group: NamedGroup(r.u16("KeyShareEntry.group")?),
            key_exchange: r.vec16("KeyShareEntry.key_exchange", 1..=0xffff)?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.u16(self.group.0);
        w.vec16(|w| w.bytes(self.key_exchange));
    }
}

impl<'a> KeyShares<'a> {
    /// The share of a group.
    #[must_use]
    pub fn get(&self, group: NamedGroup) -> Option<&'a [u8]> {
        self.iter()
            .find(|share| share.group == group)
            .map(|share| share.key_exchange)
    }

    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let shares = Self::parse(r.vec16("KeyShareClientHello.client_shares", 0..=0xffff)?)?;
        // RFC 9846 4.3.8: clients MUST NOT offer multiple KeyShareEntry values for the same group.
        if duplicate(shares.iter().map(|share| share.group.0)).is_some() {
            return Err(DecodeError::new(
                "KeyShareEntry.group",
                DecodeFault::Duplicate,
            ));
        }
        Ok(shares)
    }
}

/// Declares an item that is a single vector of bytes.
macro_rules! opaque_item {
    ($(#[$doc:meta])* $name:ident($vec:ident, $what:literal, $allowed:expr)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name<'a>(pub &'a [u8]);

        impl<'a> Item<'a> for $name<'a> {
            fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
                r.$vec($what, $allowed).map(Self)
            }

            fn write(&self, w: &mut Writer<'_>) {
                w.$vec(|w| w.bytes(self.0));
            }
        }
    };
}

opaque_item! {
    /// The name of an application protocol: 1 to 255 bytes (RFC 7301 3.1).
    ProtocolName(vec8, "ProtocolName", 1..=0xff)
}

/// Names of application protocols.
pub type Protocols<'a> = List<'a, ProtocolName<'a>>;

impl<'a> Protocols<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Self::parse(r.vec16("ProtocolNameList.protocol_name_list", 2..=0xffff)?)
    }
}

/// A server's ALPN extension: a list of one name.
pub(crate) fn read_selected_protocol<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
    let mut names = Protocols::read(r)?.iter();
    match (names.next(), names.next()) {
        (Some(name), None) => Ok(name.0),
        // RFC 7301 3.1: the list MUST contain exactly one ProtocolName.
        _ => Err(DecodeError::new(
            "ProtocolNameList.protocol_name_list",
            DecodeFault::BadLength,
        )),
    }
}

pub(crate) fn write_selected_protocol(w: &mut Writer<'_>, name: Option<&[u8]>) {
    if let Some(name) = name {
        w.extension(ExtensionType::ALPN, |w| {
            w.vec16(|w| ProtocolName(name).write(w));
        });
    }
}

opaque_item! {
    /// The name of a certificate authority: the DER of a `Name` (RFC 9846 4.3.4).
    DistinguishedName(vec16, "DistinguishedName", 1..=0xffff)
}

/// Names of certificate authorities.
pub type Names<'a> = List<'a, DistinguishedName<'a>>;

impl<'a> Names<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Self::parse(r.vec16("CertificateAuthoritiesExtension.authorities", 3..=0xffff)?)
    }
}

/// A PSK that a client offers (RFC 9846 4.3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskIdentity<'a> {
    /// `identity`: 1 to 2^16-1 bytes.
    pub identity: &'a [u8],
    /// `obfuscated_ticket_age`, milliseconds modulo 2^32.
    pub obfuscated_ticket_age: u32,
}

/// The PSKs that a client offers.
pub type PskIdentities<'a> = List<'a, PskIdentity<'a>>;

impl<'a> Item<'a> for PskIdentity<'a> {
    fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        Ok(Self {
            identity: r.vec16("PskIdentity.identity", 1..=0xffff)?,
            obfuscated_ticket_age: r.u32("PskIdentity.obfuscated_ticket_age")?,
        })
    }

    fn write(&self, w: &mut Writer<'_>) {
        w.vec16(|w| w.bytes(self.identity));
        w.u32(self.obfuscated_ticket_age);
    }
}

opaque_item! {
    /// The proof that a client holds a PSK: 32 to 255 bytes (RFC 9846 4.3.11.2).
    Binder(vec8, "PskBinderEntry", 32..=0xff)
}

/// The binders of the PSKs that a client offers, in the order of the identities.
pub type Binders<'a> = List<'a, Binder<'a>>;

/// `pre_shared_key` of a ClientHello (RFC 9846 4.3.11). What was read has as many binders as
/// identities, and at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedPsks<'a> {
    /// `identities`.
    pub identities: PskIdentities<'a>,
    /// `binders`.
    pub binders: Binders<'a>,
}

impl<'a> OfferedPsks<'a> {
    pub(crate) fn read(r: &mut Reader<'a>) -> Result<Self, DecodeError> {
        let identities = r.vec16("OfferedPsks.identities", 7..=0xffff)?;
        let binders = r.vec16("OfferedPsks.binders", 33..=0xffff)?;
        let psks = Self {
            identities: PskIdentities::parse(identities)?,
            binders: Binders::parse(binders)?,
        };
        // RFC 9846 4.3.11: the binders are one for each identity, in the same order.
        if psks.identities.len() != psks.binders.len() {
            return Err(DecodeError::new(
                "OfferedPsks.binders",
                DecodeFault::BadValue,
            ));
        }
        Ok(psks)
    }

    pub(crate) fn write(&self, w: &mut Writer<'_>) {
        w.vec16(|w| self.identities.write(w));
        self.write_binders(w);
    }

    /// Writes the list of binders with its length: the last bytes of a ClientHello.
    pub fn write_binders(&self, w: &mut Writer<'_>) {
        w.vec16(|w| self.binders.write(w));
    }

    /// Where the list of binders (with its length) begins in a ClientHello of `message_len`
    /// bytes: what comes before it is the partial ClientHello that the binders cover (RFC 9846
    /// 4.3.11.2). `None` where the message is too short to hold them.
    #[must_use]
    pub fn binders_offset(&self, message_len: usize) -> Option<usize> {
        let list = self.binders.iter().try_fold(2usize, |sum, binder| {
            sum.checked_add(1)?.checked_add(binder.0.len())
        })?;
        message_len.checked_sub(list)
    }
}

/// `status_request` of a ClientHello: whether it asks for OCSP. A type of status that is not
/// known is the same as no extension (RFC 6066 8).
pub(crate) fn read_status_request(r: &mut Reader<'_>) -> Result<bool, DecodeError> {
    let status_type = r.u8("CertificateStatusRequest.status_type")?;
    if CertificateStatusType(status_type) != CertificateStatusType::OCSP {
        r.rest();
        return Ok(false);
    }
    let mut ids = Reader::new(r.vec16("OCSPStatusRequest.responder_id_list", 0..=0xffff)?);
    while !ids.is_empty() {
        ids.vec16("ResponderID", 1..=0xffff)?;
    }
    r.vec16("OCSPStatusRequest.request_extensions", 0..=0xffff)?;
    Ok(true)
}

pub(crate) fn write_status_request(w: &mut Writer<'_>) {
    w.u8(CertificateStatusType::OCSP.0);
    w.vec16(|_| ());
    w.vec16(|_| ());
}

/// `server_name` of a ClientHello: the one host name, not empty (RFC 6066 3). Names of other
/// types are skipped: all must have a form that allows it.
pub(crate) fn read_server_name<'a>(r: &mut Reader<'a>) -> Result<Option<&'a [u8]>, DecodeError> {
    const HOST_NAME: u8 = 0;
    let mut names = Reader::new(r.vec16("ServerNameList.server_name_list", 1..=0xffff)?);
    let mut host_name = None;
    while !names.is_empty() {
        let name_type = names.u8("ServerName.name_type")?;
        let name = names.vec16("HostName", 1..=0xffff)?;
        // RFC 6066 3: the list MUST NOT contain more than one name of the same name_type.
        if name_type == HOST_NAME && host_name.replace(name).is_some() {
            return Err(DecodeError::new("HostName", DecodeFault::Duplicate));
        }
    }
    Ok(host_name)
}

pub(crate) fn write_server_name(w: &mut Writer<'_>, host_name: &[u8]) {
    w.vec16(|w| {
        w.u8(0);
        w.vec16(|w| w.bytes(host_name));
    });
}
