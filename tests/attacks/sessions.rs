//! Tickets and pre-shared keys where they don't belong.

use super::common::pair::{Pair, now};
use super::common::rogue::{Psk, World, vec16};
use super::common::rogue12::{self, BOTH, TLS12};
use super::common::stores::OpenTicketer;
use super::{Server, Server12};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{ExtensionType as X, HandshakeType as T, ProtocolVersion};
use symbolon::config::*;
use symbolon::error::Violation as V;
use symbolon::keys::tls13::PskKind;

/// A server of both versions with tickets that show what is in them.
fn ticketing(world: &World) -> Arc<ServerConfig> {
    let sessions = StatelessSessions::new(Arc::new(OpenTicketer(7)));
    let config = rogue12::newer_server(world).sessions(sessions);
    config.build().unwrap()
}

/// A session of this server with a client that sends no name, as scripts do.
fn session(world: &World, server: &Arc<ServerConfig>, version: ProtocolVersion) -> Session {
    let client = world
        .client_config()
        .versions(&[version])
        .server_name(false);
    let mut pair = Pair::new(client.build().unwrap(), Arc::clone(server));
    let (summary, _) = pair.handshake();
    assert_eq!(summary.version, version);
    pair.client.sessions.pop().unwrap()
}

fn psk(session: &Session) -> Psk {
    Psk {
        identity: session.ticket().to_vec(),
        key: session.expose_secret().to_vec(),
        kind: PskKind::Resumption,
        age: 0,
    }
}

/// Cross-protocol confusion (CVE-2026-34873 of Mbed TLS is one): a secret of one version used in the other,
/// where it stands for less. RFC 9846 4.7.1, RFC 5077 3.4: a ticket resumes the version that gave
/// it, and is unknown to the other, which makes a full handshake.
#[test]
fn tickets_of_one_version_in_the_other() {
    let world = World::new();
    let server = ticketing(&world);
    // The script is right: each ticket resumes its own version.
    let new = session(&world, &server, ProtocolVersion::TLS13);
    let mut rogue = Server::client(Arc::clone(&server));
    rogue.psk = Some(new.expose_secret().to_vec());
    rogue.psk_hello(&[psk(&new)], |_| ());
    let flight = rogue.read_flight();
    assert!(flight.iter().all(|m| m.0 != T::CERTIFICATE));
    let old = session(&world, &server, ProtocolVersion::TLS12);
    let shown = |ticket: &[u8]| {
        let mut rogue = Server12::client(Arc::clone(&server));
        rogue.client_hello(|h| {
            h.set(X::SESSION_TICKET, ticket.to_vec());
            h.session_id = vec![5; 32];
        });
        rogue.peer.run();
        assert_eq!(rogue.peer.failed, None);
        rogue
    };
    let mut rogue = shown(old.ticket());
    assert_eq!(rogue.read_message().0, T::SERVER_HELLO);
    assert_ne!(rogue.read_message().0, T::CERTIFICATE);
    // TLS 1.3's in TLS 1.2.
    let mut rogue = shown(new.ticket());
    rogue.read_flight();
    rogue.key_exchange();
    rogue.ccs();
    rogue.finished();
    rogue.peer.run();
    assert!(!rogue.peer.done.as_ref().unwrap().resumed());
    // TLS 1.2's in TLS 1.3, with its master secret as the PSK.
    let mut rogue = Server::client(Arc::clone(&server));
    rogue.psk_hello(&[psk(&old)], |h| h.suites = vec![0x1301, 0x1302]);
    let flight = rogue.read_flight();
    assert!(flight.iter().any(|m| m.0 == T::CERTIFICATE));
    rogue.finished();
    rogue.peer.run();
    assert!(!rogue.peer.done.as_ref().unwrap().resumed());
}

/// A client takes each of its sessions only where it was made: not for another version than the
/// server's answer has, and never for another name. RFC 9846 4.7.1, C.4.
#[test]
fn sessions_of_one_version_offered_in_the_other() {
    let world = World::new();
    let server = ticketing(&world);
    for (made, spoken) in [
        (ProtocolVersion::TLS13, TLS12),
        (ProtocolVersion::TLS12, &[ProtocolVersion::TLS13][..]),
    ] {
        let session = session(&world, &server, made);
        let ticket = session.ticket().to_vec();
        let config = world.client_config().versions(spoken).server_name(false);
        let name = session.server().clone();
        let client = symbolon::conn::ClientConnection::resume(
            config.build().unwrap(),
            name,
            session,
            [8; 32],
            now(),
        );
        let server = world.server_config().versions(BOTH).build().unwrap();
        let server = symbolon::conn::ServerConnection::new(server, [9; 32], now());
        let mut pair = Pair::of(client.unwrap(), server.unwrap());
        let (client, server) = pair.handshake();
        assert!(!client.resumed() && !server.resumed());
        let shown = pair.to_server.windows(ticket.len()).any(|w| w == ticket);
        assert!(!shown, "a ticket of {made} went out");
    }
}

/// Binders that cover too little: with the end of ClientHello, or what comes before, out of the hash,
/// whoever sits between can change what was offered with a PSK. RFC 9846 4.3.11.2: all up to the
/// binders is covered, and one that doesn't fit ends the handshake with decrypt_error.
#[test]
fn binder_of_another_client_hello() {
    let world = World::new();
    let server = ticketing(&world);
    let session = session(&world, &server, ProtocolVersion::TLS13);
    let sent = |psks: &[Psk]| {
        let mut rogue = Server::client(Arc::clone(&server));
        rogue.psk = Some(session.expose_secret().to_vec());
        rogue.psk_hello(psks, |h| h.extensions.push((X(0x1234), vec![0; 4])));
        rogue
    };
    let psk = psk(&session);
    sent(std::slice::from_ref(&psk)).read_flight();
    let hello = sent(std::slice::from_ref(&psk)).peer.input;
    let find = |bytes: &[u8]| hello.windows(bytes.len()).position(|w| w == bytes).unwrap();
    let unknown = find(&[0x12, 0x34, 0, 4]);
    let identity = find(&psk.identity);
    let places = [
        // The random, the session ID, an extension's type and its content, a share.
        9 + 2,
        9 + 34 + 1,
        unknown + 1,
        unknown + 5,
        find(&[0, 29, 0, 32]) + 20,
        // The age at the end of the identity; the binder itself, first and last byte.
        identity + psk.identity.len() + 3,
        hello.len() - 32,
        hello.len() - 1,
    ];
    for at in places {
        let mut rogue = sent(std::slice::from_ref(&psk));
        rogue.peer.input[at] ^= 1;
        rogue.refused(V::BadBinder, A::DECRYPT_ERROR);
    }
    // A binder over the whole of it, itself as zeros, or over less than the identities.
    let mut early = symbolon::keys::tls13::Early::new(
        super::common::rogue::suite().hash,
        Some(session.expose_secret()),
    );
    let hash = super::common::rogue::suite().hash;
    let list = 2 + 1 + 32;
    let blank = [&hello[5..hello.len() - 32], &[0; 32]].concat();
    let short = hello.len() - list - psk.entry().len() - 2;
    for covered in [&blank[..], &hello[5..short], &hello[9..hello.len() - list]] {
        let binder = early.binder(PskKind::Resumption, &hash.hash(&[covered]));
        let mut rogue = sent(std::slice::from_ref(&psk));
        let at = rogue.peer.input.len() - 32;
        rogue.peer.input[at..].copy_from_slice(binder.unwrap().expose());
        rogue.refused(V::BadBinder, A::DECRYPT_ERROR);
    }
    // The right one put together by hand, to show that these are wrong for what they cover alone.
    let right = &hello[5..hello.len() - list];
    let binder = early.binder(PskKind::Resumption, &hash.hash(&[right]));
    assert_eq!(hello[hello.len() - 32..], *binder.unwrap().expose());
    // The binder of one PSK for another.
    let mut swapped = sent(&[psk.clone(), psk.clone()]);
    let len = swapped.peer.input.len();
    swapped.peer.input[len - 66..len - 33].fill(32);
    swapped.refused(V::BadBinder, A::DECRYPT_ERROR);
    // Found by another name alone: the ticket in the wrong place.
    let mut rogue = sent(&[Psk {
        identity: [&psk.identity[..], &vec16(b"x")].concat(),
        ..psk
    }]);
    rogue.psk = None;
    let flight = rogue.read_flight();
    assert!(flight.iter().any(|m| m.0 == T::CERTIFICATE));
}
