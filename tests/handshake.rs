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

#[test]
fn only_the_initial_client_hello_says_tls_1_0_in_its_record() {
    let (_, client, server) = configs(KeyKind::EcdsaP256);
    // No share of a group that the server has: a HelloRetryRequest asks for another.
    let client = client.key_shares(&[NamedGroup::X25519]);
    let server = server.groups(&[NamedGroup::SECP256R1]);
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    let mut records = Vec::new();
    for _ in 0..4 {
        pair.client.run();
        let mut rest = &pair.client.output[..];
        while let [kind, major, minor, high, low, body @ ..] = rest {
            records.push((*kind, [*major, *minor]));
            rest = &body[usize::from(u16::from_be_bytes([*high, *low]))..];
        }
        pair.server.input.append(&mut pair.client.output);
        pair.server.run();
        if pair.client.done.is_some() {
            break;
        }
        assert_eq!(pair.server.output.get(1..3), Some(&[3, 3][..]));
        pair.client.input.append(&mut pair.server.output);
    }
    assert!(pair.server.done.unwrap().hello_retry_request);
    // ClientHello; change_cipher_spec and the second ClientHello; the last flight.
    assert_eq!(
        records,
        [(22, [3, 1]), (20, [3, 3]), (22, [3, 3]), (23, [3, 3])]
    );
}
