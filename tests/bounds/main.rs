//! What a peer can make a connection hold and do, counted: bytes by the allocator, key exchanges,
//! signatures, verifications and hashed bytes by a provider that counts.
//!
//! The connection itself counts, the caller's buffers don't. The lines that are printed are for
//! whoever asks for them with `--nocapture`. What an idle connection holds, and that data moves without
//! allocation, is shown by `tests/allocations.rs`.

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
    pub mod rogue12;
}
mod counting;
mod floods;
mod linear;
mod memory;
mod meter;
mod work;
