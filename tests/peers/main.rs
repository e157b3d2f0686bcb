//! Against other people's TLS, over loopback.
//!
//! Each test starts and ends its own peer. Where a peer isn't installed its tests say so and pass;
//! with `SYMBOLON_REQUIRE_PEERS=1` they fail.

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod stores;
}
mod curl;
mod gnutls;
mod go;
mod mixed;
mod nginx;
mod openssl_client;
mod openssl_server;
mod resumption12;
mod scanners;
mod sessions;
mod support;
mod tls12;
mod tshark;
