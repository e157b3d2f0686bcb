//! ClientHello out, ServerHello or HelloRetryRequest in (RFC 9846 4.2).

use super::{ClientCx, State, psk, tls12, tls13};
use crate::codepoint::{
    CipherSuite, ExtensionType, HandshakeType, NamedGroup, ProtocolVersion, PskKeyExchangeMode,
    SignatureScheme,
};
use crate::config::Offered;
use crate::crypto::{KeyExchange, KeyExchangeGroup, SharedSecret};
use crate::error::{CryptoError, Error, ErrorKind, Violation};
use crate::handshake::{Action, EarlyDataRefusal, Message, Out};
use crate::keys::Epoch;
use crate::keys::Transcript;
use crate::keys::tls13::Early;
use crate::wire::codec::{Item, List, Writer};
use crate::wire::extension::{Binder, KeyShareEntry, OfferedPsks, ProtocolName};
use crate::wire::hello::{
    ClientExtensions, ClientHello, DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12, GreaseExtensions,
    ServerHello,
};
use alloc::borrow::Cow;
use alloc::vec::Vec;
use rustls_pki_types::ServerName;

/// Draws what is random, makes the key shares and sends the first ClientHello.
pub(super) fn start(c: &mut ClientCx, out: &mut Out) -> Result<(), Error> {
    c.cx.client_random = c.cx.random.array();
    let tls13 = c.config.common.speaks(ProtocolVersion::TLS13);
    if c.config.middlebox_compatibility && tls13 {
        // RFC 9846 D.4: a non-empty session ID, not predictable.
        c.session_id = (c.cx.random.array(), 32);
    }
    tls12::offer(c);
    if c.config.grease {
        c.grease = Some(c.cx.random.array());
    }
    match c.config.key_shares.clone() {
        _ if !tls13 => {}
        Some(names) => {
            for name in names {
                start_exchange(c, name)?;
            }
        }
        None => {
            if let Some(first) = c.config.common.groups.first() {
                start_exchange(c, first.name())?;
            }
        }
    }
    if tls13 {
        psk::prepare(c);
    }
    let (start, end) = send_hello(c, out)?;
    let bytes = crate::handshake::range(start, end).and_then(|range| c.cx.flight.get(range));
    c.hello.extend_from_slice(bytes.unwrap_or(&[]));
    psk::begin_early_data(c, out)
}

fn start_exchange(c: &mut ClientCx, name: NamedGroup) -> Result<(), Error> {
    let group = find_group(c, name).ok_or(ErrorKind::Internal("a group that isn't there"))?;
    c.cx.depth.reach(group.stack());
    let exchange = group.start(&mut c.cx.random)?;
    c.exchanges.push(exchange);
    Ok(())
}

fn find_group(c: &ClientCx, name: NamedGroup) -> Option<&'static dyn KeyExchangeGroup> {
    c.config
        .common
        .groups
        .iter()
        .copied()
        .find(|group| group.name() == name)
}

/// Room for a ClientHello with one share of a curve.
const HELLO: usize = 384;

/// The entries of `key_share`, as they go over the wire.
fn write_shares(c: &ClientCx) -> Result<Vec<u8>, Error> {
    const SHORT: ErrorKind = ErrorKind::Internal("a share of another length than its group's");
    let mut bytes = Vec::with_capacity(HELLO);
    let mut w = Writer::new(&mut bytes);
    if let Some(seed) = c.grease.filter(|_| !c.asked_share) {
        let entry = KeyShareEntry {
            group: NamedGroup(grease(seed, 1)),
            key_exchange: &[0],
        };
        entry.write(&mut w);
    }
    w.finish()?;
    for exchange in &c.exchanges {
        let name = exchange.group();
        let len = find_group(c, name).ok_or(SHORT)?.client_share_len();
        let [high, low] = u16::try_from(len).map_err(|_| SHORT)?.to_be_bytes();
        let [first, second] = name.0.to_be_bytes();
        bytes.extend_from_slice(&[first, second, high, low]);
        let start = bytes.len();
        bytes.resize(start.saturating_add(len), 0);
        let share = bytes.get_mut(start..).ok_or(SHORT)?;
        exchange.write_share(share)?;
        if let Some((group, range)) = half(c, exchange.as_ref()) {
            let half = share.get(range).ok_or(SHORT)?.to_vec();
            let mut w = Writer::new(&mut bytes);
            let entry = KeyShareEntry {
                group,
                key_exchange: &half,
            };
            entry.write(&mut w);
            w.finish()?;
        }
    }
    Ok(bytes)
}

/// A hybrid's classical half, if it is offered on its own as well: by default, in the first
/// ClientHello, if the config has that group.
fn half(c: &ClientCx, exchange: &dyn KeyExchange) -> Option<(NamedGroup, core::ops::Range<usize>)> {
    exchange.component().filter(|(name, _)| {
        c.config.key_shares.is_none() && !c.asked_share && find_group(c, *name).is_some()
    })
}

/// Whether a share of this group was in the last ClientHello.
fn sent_share(c: &ClientCx, group: NamedGroup) -> bool {
    c.exchanges.iter().any(|exchange| {
        let half = || half(c, exchange.as_ref());
        exchange.group() == group || half().is_some_and(|(name, _)| name == group)
    })
}

/// GREASE values from their random seed (RFC 8701 2).
fn grease(seed: [u8; 8], which: usize) -> u16 {
    let byte = (seed.get(which).copied().unwrap_or(0) & 0xf0) | 0x0a;
    u16::from_be_bytes([byte, byte])
}

/// What the config offers, with a GREASE value first or last of each kind (RFC 8701 3.1).
fn greased(offered: &Offered, seed: [u8; 8]) -> Offered {
    fn first<T>(value: T, rest: &[T]) -> Vec<T>
    where
        T: Copy,
    {
        core::iter::once(value)
            .chain(rest.iter().copied())
            .collect()
    }
    let mut schemes = offered.schemes.clone();
    schemes.push(SignatureScheme(grease(seed, 3)));
    Offered {
        suites: first(CipherSuite(grease(seed, 0)), &offered.suites),
        groups: first(NamedGroup(grease(seed, 1)), &offered.groups),
        versions: first(ProtocolVersion(grease(seed, 2)), &offered.versions),
        schemes,
    }
}

/// Encodes the ClientHello, first or second, and has it sent. The transcript isn't touched.
fn send_hello(c: &mut ClientCx, out: &mut Out) -> Result<(u32, u32), Error> {
    let mut shares = write_shares(c)?;
    let common = &c.config.common;
    let tls13 = common.speaks(ProtocolVersion::TLS13);
    let tls12 = common.speaks(ProtocolVersion::TLS12);
    let lists = match c.grease {
        Some(seed) => Cow::Owned(greased(&c.config.offered, seed)),
        None => Cow::Borrowed(&c.config.offered),
    };
    let alpn: Vec<ProtocolName<'_>> = common.alpn.iter().map(|name| ProtocolName(name)).collect();
    let modes: &[PskKeyExchangeMode] = match common.psk_without_key_exchange {
        true => &[PskKeyExchangeMode::PSK_DHE_KE, PskKeyExchangeMode::PSK_KE],
        false => &[PskKeyExchangeMode::PSK_DHE_KE],
    };
    let ages: Vec<_> = c.offers.iter().map(|offer| offer.age(c.cx.now)).collect();
    let identities: Vec<_> = c.offers.iter().zip(ages).map(psk::identity).collect();
    let blanks: Vec<_> = c.offers.iter().map(psk::Offer::blank).collect();
    let binders: Vec<_> = blanks
        .iter()
        .map(|blank| Binder(blank.as_bytes()))
        .collect();
    let psks = OfferedPsks {
        identities: List::Values(&identities),
        binders: List::Values(&binders),
    };
    let host = match &c.name {
        ServerName::DnsName(name) if c.config.server_name => Some(name.as_ref()),
        _ => None,
    };
    let extensions = ClientExtensions {
        grease: c.grease.map(grease_extensions),
        // RFC 6066 3: the name goes without a trailing dot.
        server_name: host.map(|host| host.strip_suffix('.').unwrap_or(host).as_bytes()),
        // A client of TLS 1.2 alone looks like one: what only TLS 1.3 has isn't sent.
        supported_versions: tls13.then_some(List::Values(&lists.versions)),
        extended_master_secret: tls12,
        renegotiation_info: tls12.then_some(&[]),
        ec_point_formats: tls12.then_some(&[0]),
        supported_groups: Some(List::Values(&lists.groups)),
        signature_algorithms: Some(List::Values(&lists.schemes)),
        signature_algorithms_cert: Some(List::Values(&lists.schemes)),
        alpn: Some(List::Values(alpn.as_slice())).filter(|_| !alpn.is_empty()),
        status_request: c.wants_ocsp,
        signed_certificate_timestamp: c.wants_timestamps,
        record_size_limit: common.record_size_limit,
        session_ticket: Some(c.server.ticket()).filter(|_| tls12 && c.scope.is_some()),
        key_shares: tls13.then_some(List::Wire(&shares)),
        cookie: c.cookie.as_deref(),
        psk_key_exchange_modes: tls13.then_some(List::Values(modes)),
        ticket_request: c.config.ticket_request.filter(|_| tls13),
        // RFC 9846 4.3.10: not in a second ClientHello.
        early_data: !c.cx.retried && psk::early_data(c).is_some(),
        pre_shared_key: Some(psks).filter(|_| !c.offers.is_empty()),
        ..ClientExtensions::default()
    };
    let (session_id, session_id_len) = &c.session_id;
    let random = c.cx.client_random;
    let hello = ClientHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &random,
        session_id: session_id.get(..*session_id_len).unwrap_or(&[]),
        cipher_suites: List::Values(&lists.suites),
        compression_methods: &[0],
        extensions,
    };
    let offered = hello.extensions.offered();
    let (start, end) =
        c.cx.write(HandshakeType::CLIENT_HELLO, |w| hello.write(w))?;
    let server_name = hello.extensions.server_name.map(<[u8]>::to_vec);
    c.offered = offered;
    c.cx.server_name = server_name;
    psk::bind(c, start, end)?;
    // Their room serves for the copy that is kept.
    shares.clear();
    c.hello = shares;
    out.push(Action::Send(start, end))?;
    Ok((start, end))
}

fn grease_extensions(seed: [u8; 8]) -> GreaseExtensions {
    let first = grease(seed, 4);
    let last = grease(seed, 5);
    // Two extensions of one type aren't allowed (RFC 8701 3.1).
    let last = if first == last { last ^ 0x1010 } else { last };
    GreaseExtensions {
        first: ExtensionType(first),
        last: ExtensionType(last),
    }
}

/// Reads a ServerHello or HelloRetryRequest: the next state.
pub(super) fn server_hello(
    c: &mut ClientCx,
    message: Message<'_>,
    out: &mut Out,
) -> Result<State, Error> {
    let hello = ServerHello::parse(message.body)?;
    if hello.extensions.supported_version.is_none() {
        check_old_version(c, &hello)?;
        // RFC 9846 D.3: a client that has sent early data must not go on with an older version.
        if c.cx.traffic.client_early.is_some() {
            return Err(Violation::EarlyDataDowngrade.into());
        }
        return tls12::server_hello(c, message, &hello).map(State::Tls12);
    }
    check_server_hello(c, &hello)?;
    if hello.is_hello_retry_request() {
        retry(c, message, &hello, out)?;
        return Ok(State::WaitServerHello);
    }
    let suite = choose_suite(c, hello.cipher_suite)?;
    let selected = hello.extensions.pre_shared_key;
    let chosen = selected
        .map(|index| psk::choose(c, index, suite))
        .transpose()?;
    let shared = match hello.extensions.key_share {
        Some(entry) => Some(key_exchange(c, entry)?),
        // RFC 9846 4.3.11: without a key exchange only by a PSK, and if the client allowed it.
        None if chosen.is_none() => return Err(Violation::MissingKeyShare.into()),
        None if !c.config.common.psk_without_key_exchange => {
            return Err(Violation::PskWithoutKeyShare.into());
        }
        None => None,
    };
    c.exchanges = Vec::new();
    c.cx.transcript()?.add(message.raw);

    let (early, state) = match chosen {
        Some((early, valid)) => (early, tls13::State::WaitEncryptedExtensions(Some(valid))),
        None => (
            Early::new(suite.hash, None),
            tls13::State::WaitEncryptedExtensions(None),
        ),
    };
    let mut handshake = early.into_handshake(shared.as_ref())?;
    let transcript = c.cx.transcript()?.current();
    let [client, server] = handshake.traffic_secrets(&transcript)?;
    c.cx.traffic.client_handshake = Some(client);
    c.cx.traffic.server_handshake = Some(server);
    c.main = Some(handshake.into_main()?);
    out.push(Action::SetRead(Epoch::Handshake))?;
    // RFC 9846 D.4: a change_cipher_spec just before the second flight; our keys change here
    // already, so that alerts are protected from now on.
    // With early data it went out before that.
    let early_data = c.cx.traffic.client_early.is_some();
    if c.config.middlebox_compatibility && !c.cx.retried && !early_data {
        out.push(Action::ChangeCipherSpec)?;
    }
    if selected != Some(0) {
        psk::refuse_early_data(c, EarlyDataRefusal::OtherPsk);
    }
    // Early data may go on until the server has finished.
    if c.cx.early_room.is_none() {
        out.push(Action::SetWrite(Epoch::Handshake))?;
    }
    Ok(State::Tls13(state))
}

/// The shared secret with the server's share.
fn key_exchange(c: &mut ClientCx, entry: KeyShareEntry<'_>) -> Result<SharedSecret, Error> {
    // RFC 9846 4.3.8: the server's share is of a group whose share was sent, after a
    // HelloRetryRequest of the group it asked for.
    if !sent_share(c, entry.group) {
        return Err(Violation::GroupNotOffered.into());
    }
    let shared = agree(c, entry)?;
    c.cx.group = Some(entry.group);
    Ok(shared)
}

/// Whether a version before TLS 1.3 may be gone on with.
fn check_old_version(c: &ClientCx, hello: &ServerHello<'_>) -> Result<(), Error> {
    let common = &c.config.common;
    // RFC 9846 4.2.3: with the sentinel of a server that has a newer version, someone interfered.
    let tail = hello.random.last_chunk::<8>();
    let sentinel = tail == Some(&DOWNGRADE_TO_TLS12) || tail == Some(&DOWNGRADE_TO_TLS11);
    if sentinel && common.speaks(ProtocolVersion::TLS13) {
        return Err(Violation::Downgrade.into());
    }
    // RFC 9846 4.2.4: after a HelloRetryRequest the version stays.
    if c.cx.retried || hello.is_hello_retry_request() {
        return Err(Violation::ServerHelloVersion.into());
    }
    if hello.legacy_version != ProtocolVersion::TLS12 || !common.speaks(ProtocolVersion::TLS12) {
        return Err(Violation::OldServer.into());
    }
    Ok(())
}

/// What ServerHello and HelloRetryRequest of TLS 1.3 have in common.
fn check_server_hello(c: &ClientCx, hello: &ServerHello<'_>) -> Result<(), Error> {
    let extensions = &hello.extensions;
    let version = extensions.supported_version.ok_or(Violation::OldServer)?;
    // RFC 9846 4.3.1: only a version that was offered, and not one before TLS 1.3.
    if version != ProtocolVersion::TLS13 || !c.config.common.speaks(version) {
        return Err(Violation::ServerHelloVersion.into());
    }
    // RFC 9846 4.2.3: legacy_version is 0x0303.
    if hello.legacy_version != ProtocolVersion::TLS12 {
        return Err(Violation::ServerLegacyVersion.into());
    }
    // RFC 9846 4.2.3: legacy_session_id_echo is what the client sent.
    let (session_id, len) = &c.session_id;
    if Some(hello.session_id) != session_id.get(..*len) {
        return Err(Violation::SessionIdNotEchoed.into());
    }
    // RFC 9846 4.2.3: legacy_compression_method is 0.
    if hello.compression_method != 0 {
        return Err(Violation::BadCompression.into());
    }
    // RFC 9846 4.3: responses only to what was asked; the cookie of a HelloRetryRequest is the
    // one exception.
    let mut asked = c.offered;
    if hello.is_hello_retry_request() {
        asked.insert(ExtensionType::COOKIE);
    }
    let unasked = extensions
        .present
        .difference(asked)
        .iter()
        .next()
        .or(extensions.unknown);
    if let Some(extension) = unasked {
        return Err(Error::from(Violation::UnsolicitedExtension).in_extension(extension));
    }
    Ok(())
}

/// Takes the suite over and starts the transcript, or checks that it is still the same.
fn choose_suite(
    c: &mut ClientCx,
    name: CipherSuite,
) -> Result<&'static crate::crypto::Tls13Suite, Error> {
    if let Some(suite) = c.cx.suite {
        // RFC 9846 4.2.4: the suite of HelloRetryRequest and ServerHello is the same.
        return if suite.name == name {
            Ok(suite)
        } else {
            Err(Violation::SuiteChanged.into())
        };
    }
    // RFC 9846 4.2.3: only a suite that was offered.
    let suite = c
        .config
        .common
        .suites
        .iter()
        .copied()
        .find(|suite| suite.name == name);
    let suite = suite.ok_or(Violation::SuiteNotOffered)?;
    c.cx.suite = Some(suite);
    let mut transcript = Transcript::new(suite.hash);
    transcript.add(&c.hello);
    c.hello = Vec::new();
    c.cx.transcript = Some(transcript);
    Ok(suite)
}

/// Ends the key exchange whose share the server has answered.
fn agree(c: &mut ClientCx, entry: KeyShareEntry<'_>) -> Result<SharedSecret, Error> {
    let exchanges = core::mem::take(&mut c.exchanges);
    let mut half = None;
    for exchange in exchanges {
        c.cx.depth.reach(exchange.stack());
        // A share of its own goes before the half of a hybrid's: that one wasn't sent then.
        if exchange.group() == entry.group {
            return Ok(exchange.finish(entry.key_exchange)?);
        }
        if exchange
            .component()
            .is_some_and(|(name, _)| name == entry.group)
        {
            half = Some(exchange);
        }
    }
    if let Some(exchange) = half {
        return Ok(exchange.finish_component(entry.key_exchange)?);
    }
    Err(CryptoError::InvalidKeyShare.into())
}

/// Answers a HelloRetryRequest with the second ClientHello (RFC 9846 4.2.4).
fn retry(
    c: &mut ClientCx,
    message: Message<'_>,
    hello: &ServerHello<'_>,
    out: &mut Out,
) -> Result<(), Error> {
    // RFC 9846 4.2.4: a second one ends the handshake with unexpected_message.
    if c.cx.retried {
        return Err(Violation::SecondRetry.into());
    }
    let extensions = &hello.extensions;
    if let Some(group) = extensions.retry_group {
        // RFC 9846 4.3.8: a group of supported_groups, and not one whose share was sent.
        if find_group(c, group).is_none() {
            return Err(Violation::RetryGroupNotOffered.into());
        }
        if sent_share(c, group) {
            return Err(Violation::RetryWithoutChange.into());
        }
    } else if extensions.cookie.is_none() {
        // RFC 9846 4.2.4: illegal_parameter if ClientHello would not change.
        return Err(Violation::RetryWithoutChange.into());
    }
    let suite = choose_suite(c, hello.cipher_suite)?;
    let transcript = c.cx.transcript()?;
    c.prefix = transcript.replace_by_message_hash();
    transcript.add(message.raw);
    c.prefix.extend_from_slice(message.raw);
    c.cx.retried = true;
    let early_data = c.cx.traffic.client_early.is_some();
    psk::refuse_early_data(c, EarlyDataRefusal::Retry);
    // RFC 9846 4.2.2: PSKs of another hash than the suite's may be left out.
    c.offers.retain(|offer| offer.fits(suite.hash));
    // RFC 9846 4.2.2: the cookie is copied, the shares are replaced by the one asked for.
    c.cookie = extensions.cookie.map(<[u8]>::to_vec);
    if let Some(group) = extensions.retry_group {
        c.asked_share = true;
        c.exchanges = Vec::new();
        start_exchange(c, group)?;
    }
    // Nothing that was read along with the HelloRetryRequest may be left over.
    out.push(Action::SetRead(Epoch::Plaintext))?;
    if early_data {
        // The second ClientHello goes out in the clear again.
        out.push(Action::SetWrite(Epoch::Plaintext))?;
    } else if c.config.middlebox_compatibility {
        out.push(Action::ChangeCipherSpec)?;
    }
    let (start, end) = send_hello(c, out)?;
    c.cx.add_to_transcript(start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_extensions_of_grease_are_never_alike() {
        for first in 0..16_u8 {
            for last in 0..16_u8 {
                let mut seed = [0; 8];
                (seed[4], seed[5]) = (first << 4, last << 4);
                let GreaseExtensions { first: a, last: b } = grease_extensions(seed);
                assert_ne!(a, b);
                let form = |value: u16| value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff;
                assert!(form(a.0) && form(b.0), "{a:?} {b:?}");
                assert_eq!(a.0 >> 12, u16::from(first));
                assert_eq!(b.0 >> 12 == u16::from(last), first != last);
            }
        }
    }
}
