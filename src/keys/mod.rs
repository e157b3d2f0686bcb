//! Transcript and key schedules: pure functions of secrets and bytes, which know no connection.

pub mod tls13;
mod transcript;

pub use transcript::Transcript;

/// Which keys protect a direction (RFC 9846 5, 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Epoch {
    /// None yet.
    Plaintext,
    /// Those of client_early_traffic_secret.
    EarlyData,
    /// Those of the handshake traffic secrets.
    Handshake,
    /// Those of the application traffic secrets, of any generation.
    Application,
}
