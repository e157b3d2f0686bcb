//! Client against server, in memory.

mod common {
    pub mod certs;
    pub mod pair;
}

use common::certs::{KeyKind, TestPki};
use common::pair::Pair;
use std::sync::Arc;
use symbolon::codepoint::*;
use symbolon::config::{
    ClientConfig, ClientConfigBuilder, Credential, ServerConfig, ServerConfigBuilder,
};
use symbolon::provider::default_provider;

fn credential(identity: common::certs::Identity) -> Credential {
    Credential::new(identity.0, &identity.1, &default_provider()).unwrap()
}

fn configs(kind: KeyKind) -> (TestPki, ClientConfigBuilder, ServerConfigBuilder) {
    let pki = TestPki::new();
    let client = ClientConfig::builder().roots(pki.roots());
    let server =
        ServerConfig::builder().credential(credential(pki.leaf(&["server.example"], kind)));
    (pki, client, server)
}

#[test]
fn a_full_handshake_and_data_both_ways() {
    let (_, client, server) = configs(KeyKind::EcdsaP256);
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    let (client, server) = pair.handshake();
    assert_eq!(
        client.to_string(),
        "TLS 1.3 · TLS_AES_128_GCM_SHA256 · X25519MLKEM768"
    );
    assert_eq!(client.to_string(), server.to_string());
    assert!(!client.hello_retry_request);
    pair.client.send(b"ping");
    pair.run();
    assert_eq!(pair.server.data, b"ping");
    pair.server.send(b"pong");
    pair.run();
    assert_eq!(pair.client.data, b"pong");
    let _ = Arc::new(NamedGroup::X25519);
}
