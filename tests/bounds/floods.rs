//! Peers that behave for long, with more in all than a flood may have in a row. That floods end the
//! connection, with which error and which alert, is shown by `tests/refusals/floods.rs` for TLS 1.3 and
//! by `tests/states12` for TLS 1.2.

use crate::common::rogue::{Rogue, World, message, vec8, vec16};
use crate::common::rogue12;
use symbolon::codepoint::{AlertDescription as A, ContentType as C, HandshakeType as T};
use symbolon::config::Limits;
use symbolon::conn::{ClientConnection, ServerConnection};

/// Messages of each kind in a long connection: many times what a flood is.
const ROUNDS: u32 = 1000;

#[test]
fn a_long_connection_of_tls13() {
    let world = World::new();
    let limits = Limits::default();
    assert!(
        ROUNDS
            > 20 * limits
                .key_updates
                .max(limits.tickets)
                .max(limits.empty_records)
    );
    // A server that gives a ticket and changes its keys after each answer, and sends records without
    // content to hide how long its answers are.
    let config = world.client_config().build().unwrap();
    let mut rogue = Rogue::<ClientConnection>::done(config, &world);
    let mut ticket = vec![0, 0, 0, 9, 0, 0, 0, 0];
    ticket.extend(vec8(b"n"));
    ticket.extend(vec16(b"ticket"));
    ticket.extend([0, 0]);
    let ticket = message(T::NEW_SESSION_TICKET, &ticket);
    for round in 0..ROUNDS {
        rogue.record(C::APPLICATION_DATA, &[7; 512]);
        rogue.record(C::HANDSHAKE, &ticket);
        for _ in 0..round % limits.empty_records {
            rogue.padded(C::APPLICATION_DATA, b"", 16);
        }
        if round % 2 == 0 {
            rogue.record(C::ALERT, &[1, A::USER_CANCELED.0]);
        }
        rogue.key_update(0);
        rogue.peer.run();
        assert_eq!(rogue.peer.failed, None, "round {round}");
    }
    assert_eq!(rogue.peer.data.len(), 512 * 1000);
    assert_eq!(rogue.peer.sessions.len(), 1000);
    // A client that asks for new keys each time: each request is answered.
    let mut rogue = Rogue::<ServerConnection>::done(world.server_config().build().unwrap());
    for round in 0..ROUNDS {
        rogue.record(C::APPLICATION_DATA, &[7; 512]);
        rogue.key_update(1);
        rogue.peer.run();
        assert_eq!(rogue.peer.failed, None, "round {round}");
    }
    assert_eq!(rogue.peer.data.len(), 512 * 1000);
    let answers = crate::common::pair::records(&rogue.peer.output);
    assert_eq!(answers.len(), 1000);
}

#[test]
fn a_long_connection_of_tls12() {
    let world = World::new();
    // A server that would renegotiate each time, and takes no for an answer.
    let config = rogue12::client_config(&world).build().unwrap();
    let mut rogue = rogue12::Rogue::<ClientConnection>::done(config, &world);
    for round in 0..ROUNDS {
        rogue.record(C::APPLICATION_DATA, &[7; 512]);
        rogue.record(C::HANDSHAKE, &message(T::HELLO_REQUEST, b""));
        for _ in 0..round % Limits::default().empty_records {
            rogue.record(C::APPLICATION_DATA, b"");
        }
        rogue.peer.run();
        assert_eq!(rogue.peer.failed, None, "round {round}");
    }
    assert_eq!(rogue.peer.data.len(), 512 * 1000);
    // Warnings that end nothing.
    let config = rogue12::server_config(&world).build().unwrap();
    let mut rogue = rogue12::Rogue::<ServerConnection>::done(config);
    for round in 0..ROUNDS {
        rogue.record(C::APPLICATION_DATA, &[7; 512]);
        rogue.record(C::ALERT, &[1, A::NO_RENEGOTIATION.0]);
        rogue.peer.run();
        assert_eq!(rogue.peer.failed, None, "round {round}");
    }
    assert_eq!(rogue.peer.data.len(), 512 * 1000);
}
