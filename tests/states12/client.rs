//! The client's table.

use super::MESSAGES;
use super::common::rogue::{World, credential};
use super::common::rogue12::{Rogue, STATUS, client_config};
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{ExtensionType as X, HandshakeType as T};
use symbolon::conn::ClientConnection;
use symbolon::error::Violation as V;
use symbolon::pki::PathVerifier;

type Client = Rogue<ClientConnection>;

/// Where the client stands: how far the script has gone.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum At {
    Begin,
    ServerHello,
    Certificate,
    Status,
    KeyExchange,
    Request,
    HelloDone,
    ChangeCipherSpec,
    Finished,
}

const STATES: [At; 9] = [
    At::Begin,
    At::ServerHello,
    At::Certificate,
    At::Status,
    At::KeyExchange,
    At::Request,
    At::HelloDone,
    At::ChangeCipherSpec,
    At::Finished,
];

/// The messages with which the script goes on from a state, the rest of it at the end.
fn expected(at: At) -> &'static [T] {
    match at {
        At::Begin => &[T::SERVER_HELLO],
        At::ServerHello => &[T::CERTIFICATE, T::HELLO_REQUEST],
        At::Certificate => &[
            T::CERTIFICATE_STATUS,
            T::SERVER_KEY_EXCHANGE,
            T::HELLO_REQUEST,
        ],
        At::Status => &[T::SERVER_KEY_EXCHANGE, T::HELLO_REQUEST],
        At::KeyExchange => &[
            T::CERTIFICATE_REQUEST,
            T::SERVER_HELLO_DONE,
            T::HELLO_REQUEST,
        ],
        At::Request => &[T::SERVER_HELLO_DONE, T::HELLO_REQUEST],
        At::HelloDone => &[T::HELLO_REQUEST],
        At::ChangeCipherSpec => &[T::FINISHED, T::HELLO_REQUEST],
        At::Finished => &[T::HELLO_REQUEST],
    }
}

fn step(rogue: &mut Client, world: &World, to: At) {
    match to {
        At::Begin => {}
        At::ServerHello => {
            rogue.server_hello(|h| h.extensions.push((X::STATUS_REQUEST, vec![])));
        }
        At::Certificate => rogue.certificate(&world.server),
        At::Status => rogue.certificate_status(),
        At::KeyExchange => rogue.key_exchange(&world.server),
        At::Request => rogue.certificate_request(),
        At::HelloDone => {
            rogue.hello_done();
            rogue.read_client_flight();
        }
        At::ChangeCipherSpec => rogue.ccs(),
        At::Finished => rogue.finished(),
    }
}

/// A client that asked for a status and has a certificate, in a state.
fn at(world: &World, at: At) -> Client {
    let verifier = PathVerifier::new(world.pki.roots());
    let config = client_config(world)
        .verifier(std::sync::Arc::new(verifier))
        .credential(credential(&world.client));
    let mut rogue = Rogue::server(config.build().unwrap());
    for to in STATES.into_iter().take_while(|to| *to <= at) {
        step(&mut rogue, world, to);
    }
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None, "{at:?}");
    rogue
}

#[test]
fn each_row_goes_on_to_the_end() {
    let world = World::new();
    let mut rogue = at(&world, At::Finished);
    rogue.works();
    let chain = rogue.peer.done.as_ref().unwrap().peer_chain.clone();
    assert_eq!(chain.unwrap().ocsp_response(), Some(STATUS));
    // Without the status that was promised, which is allowed (RFC 6066 8), and without a request.
    for skipped in [At::Status, At::Request] {
        let mut rogue = at(&world, At::Begin);
        for to in STATES.into_iter().filter(|to| *to != skipped) {
            step(&mut rogue, &world, to);
        }
        rogue.peer.run();
        rogue.works();
    }
}

#[test]
fn each_other_message_is_refused() {
    let world = World::new();
    for state in STATES {
        for kind in MESSAGES {
            if expected(state).contains(&kind) {
                continue;
            }
            let mut rogue = at(&world, state);
            rogue.message(kind, &[]);
            rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
            assert_eq!(rogue.peer.done.is_some(), state == At::Finished);
        }
    }
}
