//! A client's session as bytes, for a file: how a program that was started again resumes.
//!
//! ```text
//! "SYMBSESS" | version (2): 1
//! 0 | DNS name <1..2^8-1>, or 4 | IPv4 address (4), or 6 | IPv6 address (16)
//! scope (32)
//! ALPN <0..2^8-1>                       empty: none
//! authenticated (8) | received (8)      seconds since 1970
//! lifetime (4)                          seconds
//! cipher suite (2)
//! certificates <0..2^24-1>: DER <1..2^24-1> each; none: authenticated by an external PSK
//! 3 | ticket <1..2^16-1> | PSK <32..64> | ticket_age_add (4) | max_early_data_size (4)      TLS 1.3
//! 2 | ticket <0..2^16-1> | session ID <0..32> | master secret <48> | extended (1): 0 or 1   TLS 1.2
//! ```
//! Numbers are in network byte order; `<a..b>` has a length before it, of as many bytes as `b` needs.

use super::state::{filled, read_chain, read_time, write_chain};
use super::{MAX_LIFETIME, Resume, Scope, Session, SessionTerms};
use crate::codepoint::CipherSuite;
use crate::crypto::HashSecret;
use crate::error::{DecodeError, DecodeFault};
use crate::secret::SecretBytes;
use crate::wire::codec::{Reader, Writer};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::{DnsName, IpAddr, Ipv4Addr, Ipv6Addr, ServerName};

const MAGIC: &[u8; 8] = b"SYMBSESS";
const VERSION: u16 = 1;
const TLS13: u8 = 3;
const TLS12: u8 = 2;
const DNS: u8 = 0;
const IPV4: u8 = 4;
const IPV6: u8 = 6;
const WHAT: &str = "saved session";

/// Bytes are no session that can be used here. A client then makes a full handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionFormatError {
    /// They are something else.
    NotASession,
    /// A session in a form that this version of the library doesn't know.
    UnknownVersion(u16),
    /// A session that was cut off or altered.
    Malformed(DecodeError),
}

impl fmt::Display for SessionFormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotASession => f.write_str("these bytes are no saved session"),
            Self::UnknownVersion(version) => {
                write!(
                    f,
                    "a saved session of version {version}, which is not known here"
                )
            }
            Self::Malformed(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SessionFormatError {}

impl From<DecodeError> for SessionFormatError {
    fn from(error: DecodeError) -> Self {
        Self::Malformed(error)
    }
}

impl Session {
    /// The session as bytes that [`Session::from_bytes`] reads. They contain the secret that it is
    /// resumed with: whoever reads them can read what is sent under it early, or without a new key
    /// exchange. Keep them where keys are kept.
    ///
    /// What was stapled to the certificates isn't in them. The form is in this module's source, and
    /// has a version.
    #[must_use]
    pub fn to_bytes(&self) -> SecretBytes {
        // Never grows, so that nothing is left behind unwiped.
        let mut bytes = Vec::with_capacity(self.encoded_len());
        let mut w = Writer::new(&mut bytes);
        w.bytes(MAGIC);
        w.u16(VERSION);
        let (kind, name) = name_bytes(&self.terms.server);
        w.u8(kind);
        match kind {
            DNS => w.vec8(|w| w.bytes(name)),
            _ => w.bytes(name),
        }
        w.bytes(&self.terms.scope.0);
        w.vec8(|w| w.bytes(self.terms.alpn.as_deref().unwrap_or(&[])));
        w.bytes(&self.terms.authenticated.as_secs().to_be_bytes());
        w.bytes(&self.received.as_secs().to_be_bytes());
        w.u32(self.lifetime);
        w.u16(self.cipher_suite.0);
        write_chain(&mut w, self.terms.peer_chain.as_deref());
        self.resume.encode(&mut w);
        let written = w.finish();
        let bytes = SecretBytes::new(bytes);
        // Each part came in a message, with a length of that size. Nothing reads as nothing.
        match written {
            Ok(()) => bytes,
            Err(_) => SecretBytes::new(Vec::new()),
        }
    }

    /// At least the bytes it takes.
    fn encoded_len(&self) -> usize {
        let resume = match &self.resume {
            Resume::Tls13 { ticket, .. } => ticket.len(),
            Resume::Tls12 { ticket, .. } => ticket.len(),
        };
        let alpn = self.terms.alpn.as_ref().map_or(0, |alpn| alpn.len());
        let (_, name) = name_bytes(&self.terms.server);
        let chain = self.terms.peer_chain.iter();
        let chain = chain.flat_map(|chain| chain.certificates());
        let parts = chain.map(|der| der.len().saturating_add(3));
        let parts = parts.chain([resume, alpn, name.len()]);
        parts.fold(256, usize::saturating_add)
    }

    /// Reads what [`Session::to_bytes`] wrote.
    ///
    /// # Errors
    /// Where the bytes are something else, of another version, or damaged. What they say isn't
    /// checked otherwise: give it bytes only from where nobody else can write.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SessionFormatError> {
        let rest = bytes.strip_prefix(MAGIC);
        let mut r = Reader::new(rest.ok_or(SessionFormatError::NotASession)?);
        let version = r.u16(WHAT)?;
        if version != VERSION {
            return Err(SessionFormatError::UnknownVersion(version));
        }
        let server = read_name(&mut r)?;
        let scope = Scope(*r.array(WHAT)?);
        let alpn = filled(r.vec8(WHAT, 0..=0xff)?);
        let authenticated = read_time(&mut r, WHAT)?;
        let received = read_time(&mut r, WHAT)?;
        let lifetime = r.u32(WHAT)?.min(MAX_LIFETIME);
        let cipher_suite = CipherSuite(r.u16(WHAT)?);
        let peer_chain = read_chain(&mut r, WHAT)?;
        let resume = Resume::decode(&mut r)?;
        r.finish(WHAT)?;
        Ok(Self {
            terms: Arc::new(SessionTerms::new(
                server,
                scope,
                alpn.map(Vec::into_boxed_slice),
                authenticated,
                peer_chain,
            )),
            cipher_suite,
            received,
            lifetime,
            resume,
        })
    }
}

impl Resume {
    fn encode(&self, w: &mut Writer<'_>) {
        match self {
            Self::Tls13 {
                ticket,
                psk,
                age_add,
                max_early_data,
            } => {
                w.u8(TLS13);
                w.vec16(|w| w.bytes(ticket));
                w.vec8(|w| w.bytes(psk.expose()));
                w.u32(*age_add);
                w.u32(*max_early_data);
            }
            Self::Tls12 {
                ticket,
                session_id,
                master,
                extended_master_secret,
            } => {
                w.u8(TLS12);
                w.vec16(|w| w.bytes(ticket));
                w.vec8(|w| w.bytes(session_id));
                w.vec8(|w| w.bytes(master.expose()));
                w.u8(u8::from(*extended_master_secret));
            }
        }
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match r.u8(WHAT)? {
            TLS13 => Ok(Self::Tls13 {
                ticket: r.vec16(WHAT, 1..=0xffff)?.to_vec(),
                psk: read_secret(r.vec8(WHAT, 32..=64)?)?.into(),
                age_add: r.u32(WHAT)?,
                max_early_data: r.u32(WHAT)?,
            }),
            TLS12 => Ok(Self::Tls12 {
                ticket: r.vec16(WHAT, 0..=0xffff)?.to_vec(),
                session_id: r.vec8(WHAT, 0..=32)?.to_vec(),
                master: read_secret(r.vec8(WHAT, 48..=48)?)?.into(),
                extended_master_secret: match r.u8(WHAT)? {
                    0 => false,
                    1 => true,
                    _ => return Err(BAD_VALUE),
                },
            }),
            _ => Err(BAD_VALUE),
        }
    }
}

const BAD_VALUE: DecodeError = DecodeError::new(WHAT, DecodeFault::BadValue);

/// A kind of name, and its bytes.
pub(super) fn name_bytes<'a>(name: &'a ServerName<'_>) -> (u8, &'a [u8]) {
    match name {
        ServerName::DnsName(name) => (DNS, name.as_ref().as_bytes()),
        ServerName::IpAddress(IpAddr::V4(address)) => (IPV4, address.as_ref()),
        ServerName::IpAddress(IpAddr::V6(address)) => (IPV6, address.as_ref()),
        // There is no other; one to come is never read back.
        _ => (u8::MAX, &[]),
    }
}

fn read_name(r: &mut Reader<'_>) -> Result<ServerName<'static>, DecodeError> {
    let address = match r.u8(WHAT)? {
        DNS => {
            let name = DnsName::try_from(r.vec8(WHAT, 1..=0xff)?).map_err(|_| BAD_VALUE)?;
            return Ok(ServerName::DnsName(name.to_owned()));
        }
        IPV4 => IpAddr::V4(Ipv4Addr::from(*r.array(WHAT)?)),
        IPV6 => {
            let mut groups = [0; 8];
            for group in &mut groups {
                *group = r.u16(WHAT)?;
            }
            IpAddr::V6(Ipv6Addr::from(groups))
        }
        _ => return Err(BAD_VALUE),
    };
    Ok(ServerName::IpAddress(address))
}

fn read_secret(bytes: &[u8]) -> Result<HashSecret, DecodeError> {
    HashSecret::copied_from(bytes).ok_or(DecodeError::new(WHAT, DecodeFault::BadLength))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::pki::PeerChain;
    use core::time::Duration;
    use proptest::prelude::*;
    use rustls_pki_types::UnixTime;
    use std::string::ToString;
    use std::{format, vec};

    fn tls13() -> Resume {
        Resume::Tls13 {
            ticket: vec![5; 200],
            psk: HashSecret::copied_from(&[6; 48]).unwrap().into(),
            age_add: 0x0102_0304,
            max_early_data: 16_384,
        }
    }

    fn tls12() -> Resume {
        Resume::Tls12 {
            ticket: Vec::new(),
            session_id: vec![8; 32],
            master: HashSecret::copied_from(&[9; 48]).unwrap().into(),
            extended_master_secret: true,
        }
    }

    fn session(server: &str, chain: &[&[u8]], resume: Resume) -> Session {
        let seconds = |n| UnixTime::since_unix_epoch(Duration::from_secs(n));
        let chain = chain.iter().map(|der| (*der, None));
        Session {
            terms: Arc::new(SessionTerms::new(
                ServerName::try_from(server).unwrap().to_owned(),
                Scope([3; 32]),
                (!server.is_empty()).then(|| b"h2".as_slice().into()),
                seconds(1_800_000_000),
                (chain.len() > 0).then(|| PeerChain::new(chain)),
            )),
            cipher_suite: CipherSuite::TLS_AES_256_GCM_SHA384,
            received: seconds(1_800_000_100),
            lifetime: 7200,
            resume,
        }
    }

    fn same(a: &Session, b: &Session) -> bool {
        a.terms == b.terms
            && (a.cipher_suite, a.received, a.lifetime) == (b.cipher_suite, b.received, b.lifetime)
            && a.resume == b.resume
    }

    #[test]
    fn a_session_comes_back_as_it_was() {
        let certificates: [&[u8]; 2] = [&[1; 1000], &[2; 700]];
        for saved in [
            session("server.example", &certificates, tls13()),
            session("192.0.2.1", &[], tls13()),
            session("2001:db8::1", &certificates[..1], tls12()),
        ] {
            let bytes = saved.to_bytes();
            let back = Session::from_bytes(bytes.expose()).unwrap();
            assert!(same(&saved, &back), "{saved:?} {back:?}");
            assert!(bytes.len() <= saved.encoded_len());
            assert!(!format!("{bytes:?}").contains("6, 6"));
        }
    }

    #[test]
    fn the_form_is_the_documented_one() {
        let saved = session("a.example", &[&[0xcc]], tls13());
        let mut expected = b"SYMBSESS\0\x01\0\x09a.example".to_vec();
        expected.extend([3; 32]);
        expected.extend(b"\x02h2");
        expected.extend(1_800_000_000_u64.to_be_bytes());
        expected.extend(1_800_000_100_u64.to_be_bytes());
        expected.extend(7200_u32.to_be_bytes());
        expected.extend([0x13, 0x02, 0, 0, 4, 0, 0, 1, 0xcc, 3, 0, 200]);
        expected.extend([5; 200]);
        expected.push(48);
        expected.extend([6; 48]);
        expected.extend([1, 2, 3, 4, 0, 0, 0x40, 0]);
        assert_eq!(saved.to_bytes().expose(), expected);
    }

    #[test]
    fn an_unknown_version_is_told_apart_from_what_is_no_session() {
        let mut bytes = session("a.example", &[], tls13())
            .to_bytes()
            .expose()
            .to_vec();
        bytes[9] = 2;
        let unknown = SessionFormatError::UnknownVersion(2);
        assert_eq!(Session::from_bytes(&bytes).err(), Some(unknown));
        assert!(unknown.to_string().contains("version 2"));
        bytes.truncate(10);
        assert_eq!(Session::from_bytes(&bytes).err(), Some(unknown));
        bytes[0] ^= 1;
        for bytes in [
            &bytes[..],
            b"",
            b"SYMB",
            b"-----BEGIN SSL SESSION PARAMETERS-----",
        ] {
            let error = Session::from_bytes(bytes).err();
            assert_eq!(error, Some(SessionFormatError::NotASession));
        }
    }

    #[test]
    fn one_that_was_cut_off_or_lengthened_is_refused() {
        for resume in [tls13(), tls12()] {
            let bytes = session("a.example", &[&[1; 30]], resume).to_bytes();
            let bytes = bytes.expose();
            for len in MAGIC.len()..bytes.len() {
                let error = Session::from_bytes(&bytes[..len]).err();
                assert!(
                    matches!(error, Some(SessionFormatError::Malformed(_))),
                    "{len}"
                );
            }
            let longer = [bytes, &[0]].concat();
            assert!(Session::from_bytes(&longer).is_err());
        }
    }

    #[test]
    fn one_from_a_longer_past_lives_no_longer_for_it() {
        let mut saved = session("a.example", &[], tls13());
        saved.lifetime = u32::MAX;
        let back = Session::from_bytes(saved.to_bytes().expose()).unwrap();
        assert_eq!(back.lifetime, MAX_LIFETIME);
    }

    proptest! {
        /// Whatever is read is written as the same bytes, but for the lifetime that is cut, and the
        /// spelling of a name.
        #[test]
        fn any_bytes_are_read_or_refused(
            at in 0_usize..600,
            flip in 1_u8..,
            tail in prop::collection::vec(any::<u8>(), 0..40),
            tls13 in any::<bool>(),
        ) {
            let resume = if tls13 { self::tls13() } else { tls12() };
            let mut bytes = session("a.example", &[&[1; 30]], resume).to_bytes().expose().to_vec();
            match bytes.get_mut(at) {
                Some(byte) => *byte ^= flip,
                None => bytes.extend(tail),
            }
            if let Ok(read) = Session::from_bytes(&bytes) {
                let again = Session::from_bytes(read.to_bytes().expose()).unwrap();
                prop_assert!(same(&read, &again));
                prop_assert_eq!(read.to_bytes().len(), bytes.len());
            }
        }
    }
}
