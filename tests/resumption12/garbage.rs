//! No bytes in the place of others are taken in an abbreviated handshake, or make an end panic.

use super::common::rogue12::Rogue;
use super::{Setup, client, server};
use proptest::prelude::*;
use std::sync::Arc;
use symbolon::codepoint::{ContentType, HandshakeType};
use symbolon::config::ServerConfig;
use symbolon::conn::{ClientConnection, ServerConnection};

/// How far a scripted server goes before it says something else.
fn client_at(state: u8, by: client::By) -> Rogue<ClientConnection> {
    let known = client::Known::new(by);
    let mut rogue = match state {
        0 => known.offered(false),
        _ => known.accepted(true),
    };
    if state > 1 {
        rogue.ticket(0, b"another");
    }
    if state > 2 {
        rogue.ccs();
    }
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None);
    rogue
}

/// How far a scripted client goes.
fn server_at(state: u8, by: client::By) -> Rogue<ServerConnection> {
    // Each thread has its own: with the same seed, two servers would give the same session IDs.
    thread_local!(static CONFIGS: [Arc<ServerConfig>; 2] =
        [Setup::tickets().configs().1, Setup::ids().configs().1]);
    let mut rogue = CONFIGS.with(|configs| {
        server::resumed(match by {
            client::By::Ticket => &configs[0],
            client::By::Id => &configs[1],
        })
    });
    if state > 0 {
        rogue.ccs();
    }
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None);
    rogue
}

fn by() -> impl Strategy<Value = client::By> {
    prop::sample::select(&client::BYS[..])
}

/// Messages whose type and length are right, or nearly so.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop::sample::select(vec![0_u8, 1, 2, 4, 11, 12, 13, 14, 15, 16, 20, 22, 24]);
    let body = prop::collection::vec(prop_oneof![2 => 0..4_u8, 1 => any::<u8>()], 0..80);
    (kinds, body).prop_map(|(kind, body)| super::common::rogue::message(HandshakeType(kind), &body))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_bytes_are_taken(
        by in by(),
        state in 0..4_u8,
        bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let mut rogue = client_at(state, by);
        rogue.raw(&bytes);
        rogue.peer.run();
        prop_assert!(rogue.peer.done.is_none() && rogue.peer.sessions.is_empty());
        let mut rogue = server_at(state % 2, by);
        rogue.raw(&bytes);
        rogue.peer.run();
        prop_assert!(rogue.peer.done.is_none());
    }

    #[test]
    fn no_messages_are_taken(
        by in by(),
        state in 0..4_u8,
        messages in prop::collection::vec(message(), 1..4),
    ) {
        let mut rogue = client_at(state, by);
        messages.iter().for_each(|message| rogue.record(ContentType::HANDSHAKE, message));
        rogue.peer.run();
        prop_assert!(rogue.peer.done.is_none() && rogue.peer.sessions.is_empty());
        let mut rogue = server_at(state % 2, by);
        messages.iter().for_each(|message| rogue.record(ContentType::HANDSHAKE, message));
        rogue.peer.run();
        prop_assert!(rogue.peer.done.is_none());
    }
}
