//! PLACEHOLDER

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
    pub mod rogue12;
    pub mod stores;
}
mod hellos;
mod keys;
mod leaks;
mod order;
mod records;
mod sessions;
mod tls12;

use common::rogue::World;
use std::sync::Arc;
use symbolon::config::{ClientAuth, ServerConfig, ServerConfigBuilder};
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::pki::PathVerifier;

/// A scripted server, whose victim is a client of TLS 1.3.
type Client = common::rogue::Rogue<ClientConnection>;
/// A scripted client, whose victim is a server of TLS 1.3.
type Server = common::rogue::Rogue<ServerConnection>;
/// The same for TLS 1.2.
type Client12 = common::rogue12::Rogue<ClientConnection>;
type Server12 = common::rogue12::Rogue<ServerConnection>;

/// A server that asks for certificates of this PKI.
fn asking(config: ServerConfigBuilder, world: &World, required: bool) -> Arc<ServerConfig> {
    let verifier = Arc::new(PathVerifier::new(world.pki.roots()));
    let auth = match required {
        true => ClientAuth::Required(verifier),
        false => ClientAuth::Optional(verifier),
    };
    config.client_auth(auth).build().unwrap()
}

/// Takes the one record that waits to be read; its content.
fn unwrap(input: &mut Vec<u8>) -> Vec<u8> {
    let record = std::mem::take(input);
    let len = usize::from(u16::from_be_bytes([record[3], record[4]]));
    assert_eq!(record.len(), len + 5);
    record[5..].to_vec()
}
