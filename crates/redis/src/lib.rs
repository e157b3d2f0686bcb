//! Sessions and replay records of a fleet in Redis, for servers made with [`symbolon`].
//!
//! - [`RedisSessions`] is a [`SessionStore`](symbolon::config::SessionStore): a session that one server made
//!   resumes at every other, and of all that take the same one, one gets it.
//! - [`RedisReplay`] is a [`ReplayRecorder`](symbolon::config::ReplayRecorder): early data that one server
//!   accepted is refused by every other.
//!
//! ```no_run
//! use std::sync::Arc;
//! use symbolon::config::{RotatingTicketer, ServerConfig, StatelessSessions};
//! use symbolon_redis::{Options, Redis, RedisReplay};
//! # fn f(secret: [u8; 32]) -> Result<(), Box<dyn std::error::Error>> {
//! let redis = Redis::new("redis://127.0.0.1:6379", Options::default())?;
//! // Tickets need only a secret in common; what was accepted early is recorded for all.
//! let provider = symbolon::provider::RUSTCRYPTO;
//! let ticketer = RotatingTicketer::new(&provider, &secret, 12 * 3600)?;
//! let replay = RedisReplay::new(redis, 2 * 10);
//! let sessions = StatelessSessions::new(Arc::new(ticketer)).early_data(16_384, Arc::new(replay));
//! let config = ServerConfig::builder().sessions(sessions);
//! # Ok(()) }
//! ```
//!
//! # When Redis is slow or gone
//! Handshakes go on. A session that can't be asked for isn't resumed, one that can't be kept isn't
//! given to the client, and early data that can't be recorded is refused (and sent again by the
//! client, after the handshake). A call waits no longer than about three times [`Options::timeout`]:
//! for a connection, where others use all, to connect, and for the answer. After one that failed, all others fail at once for
//! [`Options::pause`]; then one call tries again, and only when it succeeds do the others follow. So a
//! dead Redis costs one handshake in a pause its timeout, and the others nothing.
//!
//! Give an address, not a name, where the resolver may be slow, and TCP rather than a Unix socket: nothing
//! bounds the time in which a name is resolved, or a Unix socket whose queue is full takes a connection.
//!
//! # When Redis forgets
//! A Redis that starts again has forgotten replay records, or remembers sessions that were taken
//! already; so has a replica that takes over. Both show by their run ID. What was stored under
//! another run ID is not found again, and under a new one early data is refused until all that could have
//! been recorded before is too old anyway. The same goes after `FLUSHALL`. Sessions may be evicted, it costs
//! a full handshake; replay records must not: use `maxmemory-policy noeviction` (the default).
//!
//! # What Redis sees
//! Sessions hold secrets. Give [`RedisSessions`] a [`RotatingTicketer`](symbolon::config::RotatingTicketer), and
//! Redis keeps them sealed. Without one, whoever reads Redis can read resumed connections. The connection to
//! Redis isn't encrypted here. Keys are the prefix and at most 75 bytes, values at most 64 KiB, and
//! everything expires.
//!
//! # Blocking
//! Calls wait for the network. Where they must not, give the config a store and a recorder of your own that
//! answer [`Decision::Later`](symbolon::pki::Decision), and ask these from a thread that may wait, when the
//! request comes.
#![forbid(unsafe_code)]
#![warn(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    rust_2018_idioms
)]
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
        clippy::arithmetic_side_effects
    )
)]

mod connection;
mod replay;
mod sessions;

pub use connection::{Options, Redis};
pub use redis::RedisError;
pub use replay::RedisReplay;
pub use sessions::RedisSessions;

/// Seconds by which the clocks of a fleet may differ.
const SKEW: u64 = 10;
