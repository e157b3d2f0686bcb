//! What a peer may make this end hold and do.

/// Bounds in force from the first byte. Going over one ends the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a ClientHello (16 KiB).
    pub client_hello: usize,
    /// Bytes of a client's Certificate message (24 KiB). In TLS 1.2 less by what the ClientHello has beyond
    /// 3 KiB, since a server keeps both until the client has signed them; 1 KiB of it always goes.
    pub client_chain: usize,
    /// Bytes of a server's Certificate message (56 KiB); what its CertificateRequest names counts as
    /// a part of it.
    pub server_chain: usize,
    /// Certificates in a chain (64).
    pub certificates: usize,
    /// Bytes of a CertificateRequest, which may name many authorities (32 KiB).
    pub certificate_request: usize,
    /// Bytes of a NewSessionTicket (16 KiB).
    pub ticket: usize,
    /// Bytes of any other handshake message (8 KiB).
    pub other_message: usize,
    /// Records received before the handshake is done (4096).
    pub flight_records: u32,
    /// Records without content in a row (32).
    pub empty_records: u32,
    /// Warning alerts, and offers to renegotiate, in a row; each 256 bytes of application data make
    /// up for one (4).
    pub warnings: u32,
    /// KeyUpdates in a row; each 256 bytes of application data make up for one (32).
    pub key_updates: u32,
    /// Session tickets in a row; each 256 bytes of application data make up for one (32).
    pub tickets: u32,
    /// PSKs of a ClientHello that a server looks up: each may cost a decryption, or a question to
    /// somebody else (8).
    pub psks: usize,
    /// Bytes of early data that a client sends at most, since it keeps a copy until the server has
    /// answered (16 KiB).
    pub early_data: usize,
    /// Bytes of refused early data that a server skips (17 KiB); as many as its policy takes, if that
    /// is more.
    pub skipped_early_data: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            client_hello: 16 * 1024,
            client_chain: 24 * 1024,
            server_chain: 56 * 1024,
            certificates: 64,
            certificate_request: 32 * 1024,
            ticket: 16 * 1024,
            other_message: 8 * 1024,
            flight_records: 4096,
            empty_records: 32,
            warnings: 4,
            key_updates: 32,
            tickets: 32,
            psks: 8,
            early_data: 16 * 1024,
            skipped_early_data: 17 * 1024,
        }
    }
}
