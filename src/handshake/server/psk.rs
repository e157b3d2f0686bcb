//! The server's choice of a PSK, and of early data under it (RFC 9846 4.3.10, 4.3.11).

use super::hello::{self, Offer};
use super::{ServerCx, State};
use crate::codepoint::{ProtocolVersion, PskKeyExchangeMode};
use crate::config::{
    ExternalPsk, Freshness, PskQuery, ReplayQuery, ServerConfig, ServerSessions, SessionQuery,
    TicketSource, TicketState,
};
use crate::crypto::Tls13Suite;
use crate::error::{Error, ErrorKind, Violation};
use crate::handshake::negotiate::{self, GroupChoice};
use crate::handshake::{Authentication, EarlyDataOutcome, EarlyDataRefusal, Out, Request};
use crate::keys::tls13::{Early, PskKind};
use crate::pki::{Decision, VerifiedChain};
use crate::secret::{self, SecretBytes};
use crate::wire::codec::List;
use crate::wire::hello::ClientHello;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

const GONE: ErrorKind = ErrorKind::Internal("the ClientHello is gone");

/// Bytes of the name of a session in a store.
const STORED_ID: usize = 32;

/// The search through the PSKs that a client offers.
#[derive(Debug, Default)]
pub(super) struct Lookup {
    /// Which one is looked at.
    index: usize,
    /// It isn't the identity of an external PSK.
    not_external: bool,
    chosen: Option<Chosen>,
    /// The PSK has gone into the key schedule.
    taken: bool,
    /// Found by the first ClientHello, with its identity, for the second one.
    kept: Option<(Vec<u8>, Found)>,
}

/// The PSK that is used, and its place in the client's list.
#[derive(Debug)]
struct Chosen {
    index: u16,
    found: Found,
    /// The first stage of the key schedule, once the suite is known.
    early: Option<Early>,
}

#[derive(Debug)]
enum Found {
    Session(Box<TicketState>),
    External(Arc<ExternalPsk>),
}

impl Found {
    fn secret(&self) -> &[u8] {
        match self {
            Self::Session(state) => state.secret.expose(),
            Self::External(psk) => psk.key.expose(),
        }
    }

    fn hash_len(&self) -> usize {
        match self {
            // A PSK of a session is as long as the hash.
            Self::Session(state) => state.secret.len(),
            Self::External(psk) => psk.hash.output_len(),
        }
    }

    fn kind(&self) -> PskKind {
        match self {
            Self::Session(_) => PskKind::Resumption,
            Self::External(psk) if psk.imported => PskKind::Imported,
            Self::External(_) => PskKind::External,
        }
    }
}

impl Lookup {
    /// Which hash the suite should have for the sake of the PSK.
    pub(super) fn hash_len(&self) -> Option<usize> {
        self.chosen.as_ref().map(|chosen| chosen.found.hash_len())
    }

    /// Whether the handshake is by a PSK.
    fn by_psk(&self) -> bool {
        self.taken || self.chosen.is_some()
    }

    pub(super) fn has_chosen(&self) -> bool {
        self.chosen.is_some()
    }
}

/// Looks for a PSK among those offered, if any can be used.
pub(super) fn look_up(s: &mut ServerCx, offer: &Offer<'_>, out: &mut Out) -> Result<State, Error> {
    let Offer { config, hello, .. } = offer;
    s.lookup.index = 0;
    s.lookup.not_external = false;
    s.tickets.ask(config, hello);
    let (dhe, alone) = modes(config, hello);
    if hello.extensions.pre_shared_key.is_none() || !(dhe || alone) {
        return hello::tls13_parameters(s, offer, out);
    }
    next(s, offer, out)
}

/// Whether a PSK may be used with a key exchange, and without one (RFC 9846 4.3.9).
pub(super) fn modes(config: &ServerConfig, hello: &ClientHello<'_>) -> (bool, bool) {
    let modes = hello.extensions.psk_key_exchange_modes;
    let modes = modes.unwrap_or(List::Values(&[]));
    let alone = config.common.psk_without_key_exchange;
    (
        modes.contains(PskKeyExchangeMode::PSK_DHE_KE),
        alone && modes.contains(PskKeyExchangeMode::PSK_KE),
    )
}

/// Goes on with the PSK at hand, or the next one.
fn next(s: &mut ServerCx, offer: &Offer<'_>, out: &mut Out) -> Result<State, Error> {
    let Offer { config, hello, .. } = offer;
    let offered = hello.extensions.pre_shared_key.ok_or(GONE)?;
    let identities = offered.identities.iter().take(s.limits.psks);
    for psk in identities.skip(s.lookup.index) {
        let identity = psk.identity.to_vec();
        if let Some((kept, found)) = s.lookup.kept.take() {
            if kept == identity {
                choose(s, found);
                break;
            }
            s.lookup.kept = Some((kept, found));
        }
        if config.psks.is_some() && !s.lookup.not_external {
            s.cx.ask(out, Request::Psk(PskQuery { identity }))?;
            return Ok(State::WaitPsk);
        }
        if let Some(sessions) = sessions_named(config, &identity) {
            let query = SessionQuery {
                id: identity,
                once: true,
                now: s.cx.now,
            };
            match sessions.look_up(&query) {
                Decision::Now(found) if choose_session(s, offer, found.as_ref()) => break,
                Decision::Now(_) => {}
                Decision::Later => {
                    s.cx.ask(out, Request::Session(query))?;
                    return Ok(State::WaitSession);
                }
            }
        }
        s.lookup.index = s.lookup.index.saturating_add(1);
        s.lookup.not_external = false;
    }
    hello::tls13_parameters(s, offer, out)
}

/// The sessions, if there may be one of this name.
fn sessions_named<'a>(config: &'a ServerConfig, name: &[u8]) -> Option<&'a ServerSessions> {
    let sessions = config.sessions.as_ref()?;
    let named = match sessions.source {
        TicketSource::Stateful(_) => name.len() == STORED_ID,
        TicketSource::Stateless(_) => true,
    };
    named.then_some(sessions)
}

fn choose(s: &mut ServerCx, found: Found) {
    s.lookup.chosen = Some(Chosen {
        index: u16::try_from(s.lookup.index).unwrap_or(u16::MAX),
        found,
        early: None,
    });
}

/// The answer about an external PSK.
pub(super) fn external(
    s: &mut ServerCx,
    psk: Option<Arc<ExternalPsk>>,
    out: &mut Out,
) -> Result<State, Error> {
    hello::resume(s, |s, offer| {
        let psk = psk.filter(|psk| is_usable(s, offer, psk.hash.output_len()));
        match psk {
            Some(psk) => {
                choose(s, Found::External(psk));
                hello::tls13_parameters(s, offer, out)
            }
            None => {
                s.lookup.not_external = true;
                next(s, offer, out)
            }
        }
    })
}

/// The answer about a session.
pub(super) fn session(
    s: &mut ServerCx,
    session: Option<Arc<SecretBytes>>,
    out: &mut Out,
) -> Result<State, Error> {
    hello::resume(s, |s, offer| {
        if choose_session(s, offer, session.as_deref()) {
            return hello::tls13_parameters(s, offer, out);
        }
        s.lookup.index = s.lookup.index.saturating_add(1);
        s.lookup.not_external = false;
        next(s, offer, out)
    })
}

/// Chooses a session that was found, if it is good; RFC 9846 4.7.1: a ticket that isn't means a full
/// handshake.
fn choose_session(s: &mut ServerCx, offer: &Offer<'_>, found: Option<&SecretBytes>) -> bool {
    let state = found.and_then(|bytes| TicketState::decode(bytes.expose()).ok());
    let (scope, name) = (s.cx.scope, s.cx.server_name.as_deref());
    let state = state.filter(|state| {
        scope.is_some_and(|scope| state.is_for(ProtocolVersion::TLS13, scope, name, s.cx.now))
            && is_usable(s, offer, state.secret.len())
    });
    match state {
        Some(state) => choose(s, Found::Session(Box::new(state))),
        None => return false,
    }
    true
}

/// Whether there is a suite with a hash of this length: a PSK of another hash is passed over for the
/// next one.
fn is_usable(s: &ServerCx, offer: &Offer<'_>, hash_len: usize) -> bool {
    // RFC 9846 4.2.4: after a HelloRetryRequest the suite stays.
    let suite = s.cx.suite.map_or_else(
        || negotiate::suite(offer.config, &offer.hello, Some(hash_len)).ok(),
        Some,
    );
    suite.is_some_and(|suite| suite.hash.output_len() == hash_len)
}

/// Lets the PSK go if it isn't of the suite's hash; else begins the key schedule with it.
pub(super) fn keep_if_usable(s: &mut ServerCx, suite: &'static Tls13Suite) {
    // RFC 9846 4.3.11: only a PSK of the suite's hash.
    let len = suite.hash.output_len();
    let chosen = s.lookup.chosen.take();
    s.lookup.chosen = chosen.filter(|chosen| chosen.found.hash_len() == len);
    if let Some(chosen) = &mut s.lookup.chosen {
        chosen.early = Some(Early::new(suite.hash, Some(chosen.found.secret())));
    }
}

/// The group of the key exchange; none if the PSK is used alone.
pub(super) fn key_exchange<'a>(
    s: &ServerCx,
    config: &ServerConfig,
    hello: &ClientHello<'a>,
) -> Result<Option<GroupChoice<'a>>, Error> {
    let (dhe, alone) = modes(config, hello);
    let alone = alone && s.lookup.by_psk();
    if alone && !dhe {
        return Ok(None);
    }
    if !s.lookup.by_psk() {
        negotiate::check_full(hello)?;
    }
    match negotiate::group(config, hello) {
        Ok(choice) => Ok(Some(choice)),
        Err(_) if alone => Ok(None),
        Err(error) => Err(error),
    }
}

/// Verifies the binder of the PSK that was chosen.
pub(super) fn check_binder(
    s: &mut ServerCx,
    hello: &ClientHello<'_>,
    suite: &Tls13Suite,
) -> Result<(), Error> {
    let Some(chosen) = &mut s.lookup.chosen else {
        return Ok(());
    };
    let offered = hello.extensions.pre_shared_key.ok_or(GONE)?;
    let at = hello.binders_offset(s.hello_raw.len()).ok_or(GONE)?;
    let partial = s.hello_raw.get(..at).ok_or(GONE)?;
    let early = chosen.early.as_mut().ok_or(GONE)?;
    let transcript = suite.hash.hash(&[&s.prefix, partial]);
    let expected = early.binder(chosen.found.kind(), &transcript)?;
    let binder = offered.binders.iter().nth(usize::from(chosen.index));
    // RFC 9846 4.3.11: a binder that isn't there or isn't right ends the handshake.
    match binder {
        Some(binder) if secret::equal(binder.0, expected.expose()) => Ok(()),
        _ => Err(Violation::BadBinder.into()),
    }
}

/// Keeps the PSK for the second ClientHello: a session may be given only once.
pub(super) fn keep_for_second_hello(s: &mut ServerCx, hello: &ClientHello<'_>) {
    let Some(chosen) = s.lookup.chosen.take() else {
        return;
    };
    let offered = hello.extensions.pre_shared_key;
    let offer = offered.and_then(|psks| psks.identities.iter().nth(usize::from(chosen.index)));
    if let Some(offer) = offer {
        s.lookup.kept = Some((offer.identity.to_vec(), chosen.found));
    }
}

/// Refuses the early data that is on its way.
pub(super) fn refuse_early_data(s: &mut ServerCx, reason: EarlyDataRefusal) -> Result<(), Error> {
    let unsent = Vec::new();
    s.cx.early_data = EarlyDataOutcome::Rejected { reason, unsent };
    // RFC 9846 4.3.10: early data that isn't taken is skipped, up to what could have been taken.
    let config = s.config()?;
    let policy = config.sessions.as_ref().and_then(|s| s.early_data.as_ref());
    s.cx.skip_early_data = Some(policy.map_or(0, |policy| policy.most));
    Ok(())
}

/// Decides about early data, as far as that can be done here, and goes on.
pub(super) fn early_data(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    suite: &'static Tls13Suite,
    out: &mut Out,
) -> Result<State, Error> {
    // After a HelloRetryRequest there is none.
    if !offer.hello.extensions.early_data {
        return hello::authenticate(s, offer, suite, out);
    }
    match fresh_enough(s, offer.config, &offer.hello, suite) {
        Ok(query) => {
            s.cx.ask(out, Request::Replay(query))?;
            Ok(State::WaitReplay(suite))
        }
        Err(reason) => skip(s, offer, reason, suite, out),
    }
}

/// Goes on without the early data that is on its way.
fn skip(
    s: &mut ServerCx,
    offer: &Offer<'_>,
    reason: EarlyDataRefusal,
    suite: &'static Tls13Suite,
    out: &mut Out,
) -> Result<State, Error> {
    refuse_early_data(s, reason)?;
    hello::authenticate(s, offer, suite, out)
}

/// Whether early data may be taken if it is no replay: what to ask then.
fn fresh_enough(
    s: &ServerCx,
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    suite: &'static Tls13Suite,
) -> Result<ReplayQuery, EarlyDataRefusal> {
    use EarlyDataRefusal as R;
    let chosen = s.lookup.chosen.as_ref().ok_or(R::OtherPsk)?;
    let Found::Session(state) = &chosen.found else {
        return Err(R::OtherPsk);
    };
    // RFC 9846 4.3.10: the first PSK, and the version, suite and protocol of its session.
    if chosen.index != 0 {
        return Err(R::OtherPsk);
    }
    let sessions = config.sessions.as_ref().ok_or(R::Disabled)?;
    let (policy, window) = (sessions.early_data.as_ref(), sessions.window);
    // A ticket of a more generous time is no promise.
    let allowed = 1..=policy.map_or(0, |policy| policy.most);
    let policy = policy.filter(|_| allowed.contains(&state.max_early_data));
    if policy.is_none() {
        return Err(R::Disabled);
    }
    if state.cipher_suite != suite.name {
        return Err(R::Suite);
    }
    if state.alpn != s.cx.alpn.as_deref().unwrap_or(&[]) {
        return Err(R::Alpn);
    }
    let psks = hello.extensions.pre_shared_key.ok_or(R::OtherPsk)?;
    let offer = psks.identities.first().ok_or(R::OtherPsk)?;
    // RFC 9846 8.3: the age as the client tells it, in milliseconds, and as the server sees it.
    let told = offer.obfuscated_ticket_age.wrapping_sub(state.age_add);
    let now = s.cx.now.as_secs();
    let seen = now.saturating_sub(state.issued.as_secs());
    let off = seen.saturating_mul(1000).abs_diff(u64::from(told));
    if off > u64::from(window).saturating_mul(1000) {
        return Err(R::Stale);
    }
    let binder = psks.binders.first().ok_or(R::OtherPsk)?;
    let key = *binder.0.first_chunk().ok_or(R::OtherPsk)?;
    // The same ClientHello is refused for its age once both halves of the window have gone by.
    let remembered = window.saturating_mul(2).saturating_add(1);
    Ok(ReplayQuery {
        key,
        expires: crate::config::later(s.cx.now, remembered),
        now: s.cx.now,
    })
}

/// The answer about a replay.
pub(super) fn replay(
    s: &mut ServerCx,
    suite: &'static Tls13Suite,
    freshness: Freshness,
    out: &mut Out,
) -> Result<State, Error> {
    let refusal = match freshness {
        Freshness::Seen => EarlyDataRefusal::Replayed,
        Freshness::Unknown => EarlyDataRefusal::Unknown,
        Freshness::New => {
            accept_early_data(s, suite)?;
            return hello::resume(s, |s, offer| hello::authenticate(s, offer, suite, out));
        }
    };
    hello::resume(s, |s, offer| skip(s, offer, refusal, suite, out))
}

fn accept_early_data(s: &mut ServerCx, suite: &'static Tls13Suite) -> Result<(), Error> {
    let transcript = s.cx.transcript()?.current();
    let chosen = s.lookup.chosen.as_ref().ok_or(GONE)?;
    let Found::Session(state) = &chosen.found else {
        return Err(GONE.into());
    };
    let early = chosen.early.as_ref().ok_or(GONE)?;
    let secret = early.client_traffic_secret(&transcript)?;
    let room = state.max_early_data;
    s.cx.traffic.client_early = Some((suite, secret));
    s.cx.early_room = Some(room);
    s.cx.early_data = EarlyDataOutcome::Accepted;
    Ok(())
}

/// Takes the PSK over: its place and the first stage of the key schedule.
pub(super) fn take(s: &mut ServerCx) -> Result<(u16, Early), Error> {
    let chosen = s.lookup.chosen.as_mut().ok_or(GONE)?;
    let early = chosen.early.as_mut().ok_or(GONE)?.duplicate();
    // Moved, it would stay behind: it is wiped here.
    chosen.early = None;
    let chosen = s.lookup.chosen.take().ok_or(GONE)?;
    s.lookup.taken = true;
    match chosen.found {
        Found::External(psk) => {
            let identity = psk.identity.clone();
            s.cx.authentication = Authentication::Psk { identity };
        }
        Found::Session(state) => {
            let authenticated = state.authenticated;
            s.cx.authentication = Authentication::Session { authenticated };
            s.cx.authenticated = authenticated;
            s.cx.verified = state
                .peer_chain
                .as_ref()
                .map(|_| VerifiedChain::by_session());
            s.cx.peer_chain = state.peer_chain;
        }
    }
    Ok((chosen.index, early))
}
