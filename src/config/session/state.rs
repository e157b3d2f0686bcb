//! What a server keeps of a handshake, as bytes: the inside of a ticket.
//!
//! One byte of format version, then the fields one after the other. The form is nobody's business
//! but this server's: a ticket of another format is ignored, and the client makes a full handshake.

use super::{Scope, later};
use crate::codepoint::{CipherSuite, ProtocolVersion};
use crate::crypto::HashSecret;
use crate::error::{DecodeError, DecodeFault};
use crate::pki::{Certificate, PeerChain};
use crate::secret::SecretBytes;
use crate::wire::codec::{Reader, Writer};
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls_pki_types::UnixTime;

const FORMAT: u8 = 1;
const WHAT: &str = "session state";

/// A session as a server keeps it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TicketState {
    pub(crate) version: ProtocolVersion,
    pub(crate) cipher_suite: CipherSuite,
    /// The PSK of TLS 1.3, the master secret of TLS 1.2.
    pub(crate) secret: HashSecret,
    pub(crate) extended_master_secret: bool,
    pub(crate) issued: UnixTime,
    /// When the client, or what stands for it, was authenticated: not renewed by resumption.
    pub(crate) authenticated: UnixTime,
    /// From when on it isn't good any more.
    pub(crate) expires: UnixTime,
    pub(crate) age_add: u32,
    pub(crate) max_early_data: u32,
    pub(crate) scope: Scope,
    /// Empty if the client gave none. (A `None` would leave bytes of this, which goes into a box, to whatever
    /// was on the stack.)
    pub(crate) server_name: Vec<u8>,
    /// Empty if none was agreed on.
    pub(crate) alpn: Vec<u8>,
    pub(crate) peer_chain: Option<Arc<PeerChain>>,
}

impl TicketState {
    /// The bytes; `None` if a part is too long for its field.
    pub(crate) fn encode(&self) -> Option<SecretBytes> {
        let chain: usize = self
            .peer_chain
            .iter()
            .flat_map(|chain| chain.certificates())
            .fold(0, |sum, der| {
                sum.saturating_add(der.len()).saturating_add(3)
            });
        let names = self.server_name.len().saturating_add(self.alpn.len());
        // Never grows, so that nothing is left behind unwiped.
        let mut bytes = Vec::with_capacity(chain.saturating_add(names).saturating_add(192));
        let mut w = Writer::new(&mut bytes);
        w.u8(FORMAT);
        w.u16(self.version.0);
        w.u16(self.cipher_suite.0);
        w.vec8(|w| w.bytes(self.secret.expose()));
        w.u8(u8::from(self.extended_master_secret));
        for time in [self.issued, self.authenticated, self.expires] {
            w.bytes(&time.as_secs().to_be_bytes());
        }
        w.u32(self.age_add);
        w.u32(self.max_early_data);
        w.bytes(&self.scope.0);
        w.vec16(|w| w.bytes(&self.server_name));
        w.vec8(|w| w.bytes(&self.alpn));
        write_chain(&mut w, self.peer_chain.as_deref());
        let written = w.finish();
        let bytes = SecretBytes::new(bytes);
        written.ok().map(|()| bytes)
    }

    /// Reads what [`TicketState::encode`] wrote.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes);
        if r.u8(WHAT)? != FORMAT {
            return Err(DecodeError::new(WHAT, DecodeFault::BadValue));
        }
        let version = ProtocolVersion(r.u16(WHAT)?);
        let cipher_suite = CipherSuite(r.u16(WHAT)?);
        let secret = HashSecret::copied_from(r.vec8(WHAT, 32..=64)?)
            .ok_or(DecodeError::new(WHAT, DecodeFault::BadLength))?;
        let extended_master_secret = r.u8(WHAT)? == 1;
        let issued = read_time(&mut r, WHAT)?;
        let authenticated = read_time(&mut r, WHAT)?;
        let expires = read_time(&mut r, WHAT)?;
        let age_add = r.u32(WHAT)?;
        let max_early_data = r.u32(WHAT)?;
        let scope = Scope(*r.array(WHAT)?);
        let server_name = r.vec16(WHAT, 0..=0xffff)?.to_vec();
        let alpn = r.vec8(WHAT, 0..=0xff)?.to_vec();
        let peer_chain = read_chain(&mut r, WHAT)?;
        r.finish(WHAT)?;
        Ok(Self {
            version,
            cipher_suite,
            secret,
            extended_master_secret,
            issued,
            authenticated,
            expires,
            age_add,
            max_early_data,
            scope,
            server_name,
            alpn,
            peer_chain,
        })
    }

    /// Whether it may be resumed now under these terms, for this name: otherwise it is ignored.
    pub(crate) fn is_for(
        &self,
        version: ProtocolVersion,
        scope: Scope,
        server_name: Option<&[u8]>,
        now: UnixTime,
    ) -> bool {
        // RFC 9846 4.7.1, RFC 6066 3: the name is that of the first handshake.
        self.version == version
            && self.scope == scope
            && self.server_name == server_name.unwrap_or(&[])
            // A ticket from the future is of a clock that nothing is known of.
            && self.issued <= later(now, SKEW)
            && now < self.expires
            && self.peer_chain.as_ref().is_none_or(|chain| is_valid(chain, now))
    }
}

/// Seconds by which the clocks of a fleet may differ.
pub(super) const SKEW: u32 = 10;

/// Whether the peer's own certificate is within its time still.
fn is_valid(chain: &PeerChain, now: UnixTime) -> bool {
    not_after(chain).is_some_and(|not_after| now.as_secs() <= not_after)
}

/// The last second of the peer's own certificate; none if that can't be read, or was before 1970.
pub(super) fn not_after(chain: &PeerChain) -> Option<u64> {
    let moment = Certificate::not_after(chain.end_entity()?).ok()?;
    u64::try_from(moment.0).ok()
}

/// Seconds since 1970.
pub(super) fn read_time(r: &mut Reader<'_>, what: &'static str) -> Result<UnixTime, DecodeError> {
    let seconds = u64::from_be_bytes(*r.array(what)?);
    Ok(UnixTime::since_unix_epoch(core::time::Duration::from_secs(
        seconds,
    )))
}

/// The certificates without what was stapled to them; nothing where there are none.
pub(super) fn write_chain(w: &mut Writer<'_>, chain: Option<&PeerChain>) {
    w.vec24(|w| {
        for der in chain.iter().flat_map(|chain| chain.certificates()) {
            w.vec24(|w| w.bytes(der));
        }
    });
}

/// Reads what [`write_chain`] wrote.
pub(super) fn read_chain(
    r: &mut Reader<'_>,
    what: &'static str,
) -> Result<Option<Arc<PeerChain>>, DecodeError> {
    let mut r = Reader::new(r.vec24(what, 0..=0xff_ffff)?);
    let mut chain = Vec::new();
    while !r.is_empty() {
        chain.push((r.vec24(what, 1..=0xff_ffff)?, None));
    }
    Ok((!chain.is_empty()).then(|| PeerChain::new(chain.into_iter())))
}

pub(super) fn filled(bytes: &[u8]) -> Option<Vec<u8>> {
    Some(bytes.to_vec()).filter(|bytes| !bytes.is_empty())
}
