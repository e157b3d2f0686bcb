//! The server's table.

use super::MESSAGES;
use super::common::rogue::World;
use super::common::rogue12::{Rogue, server_config};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::HandshakeType as T;
use symbolon::config::ClientAuth;
use symbolon::conn::ServerConnection;
use symbolon::error::Violation as V;
use symbolon::pki::PathVerifier;

type Server = Rogue<ServerConnection>;

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum At {
    Begin,
    ClientHello,
    Certificate,
    KeyExchange,
    CertificateVerify,
    ChangeCipherSpec,
    Finished,
}

const STATES: [At; 7] = [
    At::Begin,
    At::ClientHello,
    At::Certificate,
    At::KeyExchange,
    At::CertificateVerify,
    At::ChangeCipherSpec,
    At::Finished,
];

/// How the server asks for a certificate, and what the client does.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Auth {
    No,
    Shown,
    Empty,
}

const AUTHS: [Auth; 3] = [Auth::No, Auth::Shown, Auth::Empty];

/// The steps of a whole handshake.
fn steps(auth: Auth) -> impl Iterator<Item = At> {
    STATES.into_iter().filter(move |at| match at {
        At::Certificate => auth != Auth::No,
        At::CertificateVerify => auth == Auth::Shown,
        _ => true,
    })
}

fn expected(at: At, auth: Auth) -> Option<T> {
    match (at, auth) {
        (At::Begin, _) => Some(T::CLIENT_HELLO),
        (At::ClientHello, Auth::No) | (At::Certificate, _) => Some(T::CLIENT_KEY_EXCHANGE),
        (At::ClientHello, _) => Some(T::CERTIFICATE),
        (At::KeyExchange, Auth::Shown) => Some(T::CERTIFICATE_VERIFY),
        (At::KeyExchange | At::CertificateVerify, _) => None,
        (At::ChangeCipherSpec, _) => Some(T::FINISHED),
        // An offer to renegotiate.
        (At::Finished, _) => Some(T::CLIENT_HELLO),
    }
}

fn step(rogue: &mut Server, world: &World, auth: Auth, to: At) {
    match to {
        At::Begin => {}
        At::ClientHello => {
            rogue.client_hello(|_| ());
            rogue.read_flight();
        }
        At::Certificate if auth == Auth::Shown => rogue.certificate(&world.client),
        At::Certificate => rogue.certificate_with(&[] as &[&[u8]]),
        At::KeyExchange => rogue.key_exchange(),
        At::CertificateVerify => rogue.certificate_verify(&world.client),
        At::ChangeCipherSpec => rogue.ccs(),
        At::Finished => {
            rogue.finished();
            rogue.read_end();
        }
    }
}

fn at(world: &World, auth: Auth, at: At) -> Server {
    let mut config = server_config(world);
    if auth != Auth::No {
        let verifier = PathVerifier::new(world.pki.roots());
        config = config.client_auth(ClientAuth::Optional(Arc::new(verifier)));
    }
    let mut rogue = Rogue::client(config.build().unwrap());
    for to in steps(auth).take_while(|to| *to <= at) {
        step(&mut rogue, world, auth, to);
    }
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None, "{auth:?} {at:?}");
    rogue
}

#[test]
fn each_row_goes_on_to_the_end() {
    let world = World::new();
    for auth in AUTHS {
        let mut rogue = at(&world, auth, At::Finished);
        rogue.works();
        let done = rogue.peer.done.as_ref().unwrap();
        assert_eq!(done.verified.is_some(), auth == Auth::Shown);
        assert_eq!(done.peer_chain.is_some(), auth == Auth::Shown);
    }
}

#[test]
fn each_other_message_is_refused() {
    let world = World::new();
    for auth in AUTHS {
        for state in steps(auth) {
            for kind in MESSAGES {
                if expected(state, auth) == Some(kind) {
                    continue;
                }
                let mut rogue = at(&world, auth, state);
                rogue.message(kind, &[]);
                rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
                assert_eq!(rogue.peer.done.is_some(), state == At::Finished);
            }
        }
    }
}
