//! Transcript and key schedules: pure functions of secrets and bytes, which know no connection.

pub mod tls13;
mod transcript;

pub use transcript::Transcript;
