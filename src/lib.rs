//! TLS 1.3 and 1.2 as a state machine: bytes in, bytes out, no I/O, no C, no global state.
//!
//! A connection ([`conn::ClientConnection`], [`conn::ServerConnection`]) opens no socket, reads no
//! clock and asks no operating system for randomness: bytes, the time and a seed are inputs. It
//! works on the caller's buffers: a record is decrypted where it lies and its plaintext handed out
//! as a slice of the input; output goes to the caller's [`record::Sink`], a growing vector or a
//! fixed array.
//!
//! Both versions are spoken by the same connection types; by default the newest that both ends have
//! is taken, and `versions` of either config builder narrows the choice.
//!
//! # A client, without I/O
//! ```
//! use symbolon::config::ClientConfig;
//! use symbolon::conn::{ClientConnection, Event};
//! # use symbolon::pki::RootStore;
//! # use rustls_pki_types::UnixTime;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let roots: RootStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
//! # let (seed, now) = ([7; 32], UnixTime::now());
//! let config = ClientConfig::builder().roots(roots).alpn(["http/1.1"]).build()?;
//! let mut tls = ClientConnection::new(config, "example.com".try_into()?, seed, now)?;
//!
//! let mut input = vec![0; 16_645]; // a whole record of the largest size
//! let (start, end) = (0, 0); // what of it was received and isn't consumed
//! let mut output = Vec::new(); // or a FixedSink over an array
//!
//! let received = tls.receive(&mut input[start..end], &mut output);
//! match received.event {
//!     Event::NeedInput { min } => { /* send the output, read until there are `min` bytes */ }
//!     Event::NeedOutput { min } => { /* send the output, call again */ }
//!     Event::Ask(request) => { /* tls.answer(..), now or later */ }
//!     Event::HandshakeDone(summary) => println!("{summary}"),
//!     Event::Data(data) => { /* a slice of `input` */ }
//!     Event::Session(session) => { /* a ticket to keep */ }
//!     Event::Failed(error) => eprintln!("{error}"),
//!     Event::Closed(eof) => { /* Clean or Truncated */ }
//!     _ => {}
//! }
//! assert!(output.starts_with(&[22, 3]), "the ClientHello");
//! # Ok(())
//! # }
//! ```
//!
//! # Over a blocking socket
//! ```no_run
//! # #[cfg(feature = "std")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::io::{Read, Write};
//! use std::net::TcpStream;
//! use symbolon::config::ClientConfig;
//! use symbolon::conn::ClientConnection;
//! use symbolon::io::{Stream, now, seed};
//! use symbolon::pki::RootStore;
//!
//! let roots: RootStore = webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect();
//! let config = ClientConfig::builder().roots(roots).build()?;
//! let tls = ClientConnection::new(config, "example.com".try_into()?, seed()?, now())?;
//! let mut stream = Stream::new(tls, TcpStream::connect("example.com:443")?);
//! stream.write_all(b"GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n")?;
//! let mut page = Vec::new();
//! stream.read_to_end(&mut page)?;
//! stream.close()?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "std"))]
//! # fn main() {}
//! ```
//!
//! # Decisions that take time
//! Choosing a config or certificate from the ClientHello, signing, judging a chain, and looking up or
//! keeping sessions, pre-shared keys and replays can each be
//! answered at once by the config, which is the default, or later by the application:
//! [`conn::Event::Ask`] hands out a [`handshake::Request`] that borrows nothing, and
//! `answer` resumes the handshake.
//!
//! # The map
//! Imports run downwards only; `tests/layers.rs` checks it.
//!
//! | room | what is in it |
//! | --- | --- |
//! | [`codepoint`], [`secret`], [`error`] | the registries; bytes that are wiped; what can go wrong, and the alert for it |
//! | [`wire`] | bytes to types and back, nothing else |
//! | [`crypto`] | traits and tables that a provider fills |
//! | [`keys`], [`record`], [`pki`] | transcript and the key schedules of both versions; records; certificates |
//! | [`config`] | what clients and servers are set up with |
//! | [`handshake`] | the states: a message in, actions out |
//! | [`conn`] | the engine that performs the actions, and the connections |
//! | [`provider`], [`io`] | implementations of `crypto`; adapters that do I/O |
//!
//! # Features
//! `std` (default): [`io`] and `SSLKEYLOGFILE`. Without it the crate is `no_std` with `alloc`. `tables`
//! (default; implies `std`): precomputed tables that make the curves of [`provider::rustcrypto`] faster. `tls12` (default): TLS 1.2; without it no handshake of
//! that version is linked. `platform-roots` (default, with `std`): [`io::platform_roots`]. `fast` (default; implies `std`): `provider::fast`, faster cryptography on x86-64 and
//! AArch64 CPUs that can run it. It is the one part that asks the operating system for randomness; its docs
//! tell how the choice is made and how to make another.
//!
//! # Memory
//! After the handshake a connection keeps two traffic keys (a boxed AEAD key each), in TLS 1.3 the
//! secrets to update them, the secret that exporters need, counters, and no buffer; a client of TLS
//! 1.3 also what its sessions are made of, the server's name and certificates among it. Moving a
//! connection leaves copies of its secrets where it was: keep it in place, or in a `Box`. The
//! handshake ends by overwriting the stack that it has used (as far down as its algorithms say: 44 KiB at most with the
//! providers here, 52 with debug assertions, 4 without `std`). Data is sent and received without allocation. What a
//! peer may make a connection hold before that is bounded by [`config::Limits`].
//!
//! # Not here yet
//! Fetching CRLs and OCSP responses (those that are given or stapled are judged), QUIC, async
//! adapters, Encrypted ClientHello, raw public keys.
//!
//! # Left out for good
//! Versions before TLS 1.2; suites that aren't AEADs (CBC, RC4, 3DES); key exchange with static RSA or
//! DH; SHA-1 and MD5 signatures; compression; renegotiation.
#![no_std]
#![forbid(unsafe_code)]
#![warn(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    rust_2018_idioms
)]
// A build without TLS 1.2 keeps the data of both versions in one shape.
#![cfg_attr(not(feature = "tls12"), allow(dead_code))]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::todo,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::as_conversions,
        clippy::arithmetic_side_effects,
        clippy::disallowed_methods
    )
)]

extern crate alloc;
#[cfg(any(feature = "std", test))]
extern crate std;

pub mod codepoint;
pub mod config;
pub mod conn;
pub mod crypto;
pub mod error;
pub mod handshake;
pub mod io;
pub mod keys;
mod lock;
pub mod pki;
pub mod provider;
pub mod record;
pub mod secret;
pub mod wire;

/// The code in the README compiles.
#[cfg(all(doctest, feature = "std"))]
#[doc = include_str!("../README.md")]
struct Readme;
