//! The PSKs that a client offers, and early data under the first of them (RFC 9846 4.3.10, 4.3.11).

use super::ClientCx;
use crate::codepoint::HandshakeType;
use crate::config::{ExternalPsk, Resume, Session};
use crate::crypto::{Hash, HashOutput, Tls13Suite};
use crate::error::{Error, ErrorKind, Violation};
use crate::handshake::{Action, Authentication, EarlyDataOutcome, EarlyDataRefusal, Out, range};
use crate::keys::Epoch;
use crate::keys::tls13::{Early, PskKind};
use crate::pki::VerifiedChain;
use crate::secret::Secret;
use crate::wire::extension::PskIdentity;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls_pki_types::UnixTime;

/// A PSK that is offered, as the first stage of the key schedule.
#[derive(Debug)]
pub(super) struct Offer {
    early: Option<Early>,
    hash: &'static dyn Hash,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// And the suite that early data goes under, if it is still in use.
    Session(Session, Option<&'static Tls13Suite>),
    Psk(Arc<ExternalPsk>),
}

/// The server chose one of the PSKs. Made by [`choose`] only.
#[derive(Clone, Copy, Debug)]
pub(super) struct PskChosen(());

impl Offer {
    fn new(hash: &'static dyn Hash, psk: &[u8], source: Source) -> Self {
        Self {
            early: Some(Early::new(hash, Some(psk))),
            hash,
            source,
        }
    }

    /// Whether it can be used with suites of this hash.
    pub(super) fn fits(&self, hash: &dyn Hash) -> bool {
        self.hash.output_len() == hash.output_len()
    }

    /// `obfuscated_ticket_age` (RFC 9846 4.3.11.1).
    pub(super) fn age(&self, now: UnixTime) -> u32 {
        let Source::Session(session, _) = &self.source else {
            return 0;
        };
        let Resume::Tls13 { age_add, .. } = &session.resume else {
            return 0;
        };
        let seconds = now.as_secs().saturating_sub(session.received.as_secs());
        let age = u32::try_from(seconds.saturating_mul(1000)).unwrap_or(u32::MAX);
        age.wrapping_add(*age_add)
    }

    /// As many zero bytes as the binder is long.
    pub(super) fn blank(&self) -> HashOutput {
        let zeros = Secret::<64>::zeroed(self.hash.output_len());
        HashOutput::new(zeros.expose())
    }

    fn kind(&self) -> PskKind {
        match &self.source {
            Source::Session(..) => PskKind::Resumption,
            Source::Psk(psk) if psk.imported => PskKind::Imported,
            Source::Psk(_) => PskKind::External,
        }
    }
}

/// What goes over the wire of an offer.
pub(super) fn identity((offer, age): (&Offer, u32)) -> PskIdentity<'_> {
    let identity = match &offer.source {
        Source::Session(session, _) => session.ticket(),
        Source::Psk(psk) => &psk.identity,
    };
    PskIdentity {
        identity,
        obfuscated_ticket_age: age,
    }
}

/// Collects what is to be offered: the session first, since early data goes under it.
pub(super) fn prepare(c: &mut ClientCx) {
    let common = &c.config.common;
    let resumable = c.session.take_if(|session| session.is_tls13());
    let most = c.config.psks.len().saturating_add(resumable.iter().len());
    c.offers.reserve(most);
    if let Some(session) = resumable
        && let Resume::Tls13 { psk, .. } = &session.resume
        // RFC 9846 4.3.11: a suite of the same hash is enough.
        && let Some(usable) = {
            let fits = |s: &&&Tls13Suite| s.hash.output_len() == psk.len();
            common.suites.iter().find(fits)
        }
    {
        let (hash, name) = (usable.hash, session.cipher_suite);
        let early = Some(Early::new(hash, Some(psk.expose())));
        let same = common.suites.iter().copied().find(|s| s.name == name);
        let source = Source::Session(session, same);
        c.offers.push(Offer {
            early,
            hash,
            source,
        });
    }
    for psk in &c.config.psks {
        let len = psk.hash.output_len();
        let mut hashes = common.suites.iter().map(|suite| suite.hash);
        if let Some(hash) = hashes.find(|hash| hash.output_len() == len) {
            let source = Source::Psk(Arc::clone(psk));
            c.offers.push(Offer::new(hash, psk.key.expose(), source));
        }
    }
}

/// Fills the binders of the ClientHello at this range of the flight in (RFC 9846 4.3.11.2).
pub(super) fn bind(c: &mut ClientCx, start: u32, end: u32) -> Result<(), Error> {
    const SHORT: ErrorKind = ErrorKind::Internal("a ClientHello without room for its binders");
    if c.offers.is_empty() {
        return Ok(());
    }
    let hello = range(start, end).ok_or(SHORT)?;
    let lengths = c.offers.iter().map(|offer| offer.hash.output_len());
    let list = lengths.fold(2_usize, |sum, len| {
        sum.saturating_add(len).saturating_add(1)
    });
    let mut at = hello.end.checked_sub(list).ok_or(SHORT)?;
    let partial = c.cx.flight.get(hello.start..at).ok_or(SHORT)?;
    let mut binders = Vec::with_capacity(c.offers.len());
    for offer in &mut c.offers {
        let kind = offer.kind();
        let early = offer.early.as_mut().ok_or(SHORT)?;
        let transcript = offer.hash.hash(&[&c.prefix, partial]);
        binders.push(early.binder(kind, &transcript)?);
    }
    at = at.saturating_add(2);
    for binder in binders {
        let (from, to) = (
            at.saturating_add(1),
            at.saturating_add(1).saturating_add(binder.len()),
        );
        let place = c.cx.flight.get_mut(from..to).ok_or(SHORT)?;
        for (to, from) in place.iter_mut().zip(binder.expose()) {
            *to = *from;
        }
        at = to;
    }
    Ok(())
}

/// Under which session and suite early data may be sent, if at all, and how much.
pub(super) fn early_data(c: &ClientCx) -> Option<(&Session, &'static Tls13Suite, u32)> {
    let Source::Session(session, Some(suite)) = &c.offers.first()?.source else {
        return None;
    };
    let Resume::Tls13 { max_early_data, .. } = session.resume else {
        return None;
    };
    // RFC 9846 4.3.10: under the protocol of the session, or under none.
    let ours = &c.config.common.alpn;
    let same_protocol = match &session.terms.alpn {
        Some(protocol) => ours.iter().any(|ours| **ours == **protocol),
        None => ours.is_empty(),
    };
    let allowed = c.config.early_data && max_early_data > 0 && same_protocol;
    allowed.then_some((session, suite, max_early_data))
}

/// Goes over to the early keys, if early data is offered.
pub(super) fn begin_early_data(c: &mut ClientCx, out: &mut Out) -> Result<(), Error> {
    let Some((_, suite, room)) = early_data(c) else {
        return Ok(());
    };
    let early = c.offers.first().and_then(|offer| offer.early.as_ref());
    let early = early.ok_or(ErrorKind::Internal("early data without a PSK"))?;
    let secret = early.client_traffic_secret(&suite.hash.hash(&[&c.hello]))?;
    c.cx.traffic.client_early = Some((suite, secret));
    c.cx.early_room = Some(room);
    // RFC 9846 D.4: with early data, just after the first ClientHello.
    if c.config.middlebox_compatibility {
        out.push(Action::ChangeCipherSpec)?;
    }
    out.push(Action::SetWrite(Epoch::EarlyData))
}

/// Takes note that early data, if any was offered, is not taken.
pub(super) fn refuse_early_data(c: &mut ClientCx, reason: EarlyDataRefusal) {
    if c.cx.early_room.take().is_some() {
        let unsent = Vec::new();
        c.cx.early_data = EarlyDataOutcome::Rejected { reason, unsent };
    }
}

/// The PSK that the server chose.
pub(super) fn choose(
    c: &mut ClientCx,
    index: u16,
    suite: &Tls13Suite,
) -> Result<(Early, PskChosen), Error> {
    // RFC 9846 4.3.11: the index is within what was offered, and the PSK's hash is the suite's.
    let offer = c
        .offers
        .get_mut(usize::from(index))
        .ok_or(Violation::PskIndex)?;
    if !offer.fits(suite.hash) {
        return Err(Violation::PskHash.into());
    }
    let early = offer.early.as_ref().map(Early::duplicate);
    let early = early.ok_or(Violation::PskIndex)?;
    // Moved, it would stay behind: it is wiped here.
    offer.early = None;
    match &offer.source {
        Source::Psk(psk) => {
            let identity = psk.identity.clone();
            c.cx.authentication = Authentication::Psk { identity };
        }
        Source::Session(session, _) => {
            let authenticated = session.terms.authenticated;
            c.cx.authentication = Authentication::Session { authenticated };
            c.cx.authenticated = authenticated;
            c.cx.peer_chain.clone_from(&session.terms.peer_chain);
            c.resumed = Some(Arc::clone(&session.terms));
            c.cx.verified =
                c.cx.peer_chain
                    .as_ref()
                    .map(|_| VerifiedChain::by_session());
        }
    }
    Ok((early, PskChosen(())))
}

/// The server's word on early data, in EncryptedExtensions.
pub(super) fn early_data_answer(
    c: &mut ClientCx,
    accepted: bool,
    out: &mut Out,
) -> Result<(), Error> {
    if !accepted {
        if c.cx.early_room.is_some() {
            refuse_early_data(c, EarlyDataRefusal::Declined);
            out.push(Action::SetWrite(Epoch::Handshake))?;
        }
        return Ok(());
    }
    // RFC 9846 4.3.10: accepted only with the first PSK, its suite and its protocol.
    let (session, suite, _) = early_data(c).ok_or(Violation::EarlyDataNotFirst)?;
    let same = c.cx.suite == Some(suite) && c.cx.alpn.as_deref() == session.terms.alpn.as_deref();
    if c.cx.early_room.is_none() || !same {
        return Err(Violation::EarlyDataNotFirst.into());
    }
    c.cx.early_data = EarlyDataOutcome::Accepted;
    Ok(())
}

/// EndOfEarlyData, and over to the handshake keys, after the server's Finished (RFC 9846 4.6).
pub(super) fn end_early_data(c: &mut ClientCx, out: &mut Out) -> Result<(), Error> {
    if c.cx.early_room.take().is_none() {
        return Ok(());
    }
    c.cx.send(out, HandshakeType::END_OF_EARLY_DATA, |_| ())?;
    out.push(Action::SetWrite(Epoch::Handshake))
}
