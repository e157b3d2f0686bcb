//! TLS 1.2, row by row: in each state each message that is expected is accepted, and each other one
//! refused. Then each rule of the messages.

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
    pub mod rogue12;
}
mod client;
mod hellos;
mod records;
mod server;

use symbolon::codepoint::HandshakeType as T;

/// All messages of any version.
const MESSAGES: [T; 17] = [
    T::HELLO_REQUEST,
    T::CLIENT_HELLO,
    T::SERVER_HELLO,
    T::NEW_SESSION_TICKET,
    T::END_OF_EARLY_DATA,
    T::ENCRYPTED_EXTENSIONS,
    T::CERTIFICATE,
    T::SERVER_KEY_EXCHANGE,
    T::CERTIFICATE_REQUEST,
    T::SERVER_HELLO_DONE,
    T::CERTIFICATE_VERIFY,
    T::CLIENT_KEY_EXCHANGE,
    T::FINISHED,
    T::CERTIFICATE_STATUS,
    T::KEY_UPDATE,
    T::MESSAGE_HASH,
    T(99),
];
