//! The table: what a TLS machine does with each thing that can come, in each of its states. Written
//! from RFC 9846 appendix A and sections 4 to 6, RFC 5246 7.2 to 7.4, RFC 5077 3.3 and RFC 6066 8.

use symbolon::codepoint::AlertDescription as A;

/// Handshake messages, each made right for the handshake so far, wherever it comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum M {
    HelloRequest,
    ClientHello,
    /// Without a key share: it asks for a HelloRetryRequest.
    ClientHelloNoShare,
    ClientHelloPsk,
    /// With a PSK and early data.
    ClientHelloEarly,
    ClientHelloEarlyNoShare,
    /// TLS 1.2: with an empty ticket, which asks for one.
    ClientHelloTicket,
    /// TLS 1.2: resumes a session.
    ClientHelloResume,
    HelloRetryRequest,
    ServerHello,
    ServerHelloPsk,
    /// TLS 1.2: promises a CertificateStatus.
    ServerHelloStatus,
    /// TLS 1.2: promises a NewSessionTicket.
    ServerHelloTicket,
    /// TLS 1.2: resumes the session that was offered.
    ServerHelloResume,
    ServerHelloResumeTicket,
    EncryptedExtensions,
    /// Accepts early data.
    EncryptedExtensionsEarly,
    CertificateRequest,
    Certificate,
    CertificateEmpty,
    CertificateStatus,
    ServerKeyExchange,
    /// With a signature that is not right.
    ServerKeyExchangeWrong,
    ServerHelloDone,
    ClientKeyExchange,
    CertificateVerify,
    CertificateVerifyWrong,
    Finished,
    FinishedWrong,
    EndOfEarlyData,
    NewSessionTicket,
    KeyUpdate,
    /// update_requested.
    KeyUpdateAsked,
    MessageHash,
    /// A type that nobody has given out.
    Unknown,
}

/// All that can be made in TLS 1.3, of both roles.
pub const MESSAGES13: &[M] = &[
    M::HelloRequest,
    M::ClientHello,
    M::ClientHelloNoShare,
    M::ClientHelloPsk,
    M::ClientHelloEarly,
    M::ClientHelloEarlyNoShare,
    M::HelloRetryRequest,
    M::ServerHello,
    M::ServerHelloPsk,
    M::EncryptedExtensions,
    M::EncryptedExtensionsEarly,
    M::CertificateRequest,
    M::Certificate,
    M::CertificateEmpty,
    M::CertificateStatus,
    M::ServerKeyExchange,
    M::ServerHelloDone,
    M::ClientKeyExchange,
    M::CertificateVerify,
    M::CertificateVerifyWrong,
    M::Finished,
    M::FinishedWrong,
    M::EndOfEarlyData,
    M::NewSessionTicket,
    M::KeyUpdate,
    M::KeyUpdateAsked,
    M::MessageHash,
    M::Unknown,
];

/// All that can be made in TLS 1.2.
pub const MESSAGES12: &[M] = &[
    M::HelloRequest,
    M::ClientHello,
    M::ClientHelloTicket,
    M::ClientHelloResume,
    M::ServerHello,
    M::ServerHelloStatus,
    M::ServerHelloTicket,
    M::ServerHelloResume,
    M::ServerHelloResumeTicket,
    M::EncryptedExtensions,
    M::CertificateRequest,
    M::Certificate,
    M::CertificateEmpty,
    M::CertificateStatus,
    M::ServerKeyExchange,
    M::ServerKeyExchangeWrong,
    M::ServerHelloDone,
    M::ClientKeyExchange,
    M::CertificateVerify,
    M::CertificateVerifyWrong,
    M::Finished,
    M::FinishedWrong,
    M::EndOfEarlyData,
    M::NewSessionTicket,
    M::KeyUpdate,
    M::MessageHash,
    M::Unknown,
];

/// The keys of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum E {
    Plain,
    Early,
    Handshake,
    /// Those of TLS 1.2, or of the application epoch as it stands (the first one, before it).
    App,
    /// The application epoch before the last KeyUpdate.
    Before,
    /// The application epoch after the next KeyUpdate.
    After,
}

pub const EPOCHS: [E; 6] = [
    E::Plain,
    E::Early,
    E::Handshake,
    E::App,
    E::Before,
    E::After,
];

/// What can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sym {
    /// A message in a record of its own, under the keys that are in force.
    Msg(M),
    /// A message that the machine waits for, under other keys.
    In(E, M),
    /// A message that the machine waits for and the one that is due after it, in one record.
    Two(M),
    /// A message that the machine waits for and the first byte of one that follows it.
    Tail(M),
    /// The first half of a message that the machine waits for.
    Begin(M),
    /// What is left of a message that was begun.
    Rest,
    /// The same under other keys.
    RestIn(E),
    Ccs,
    /// A change_cipher_spec of another byte.
    CcsWrong,
    /// A change_cipher_spec under the keys that are in force.
    CcsProtected,
    /// Application data under the keys that are in force.
    Data,
    DataIn(E),
    /// Application data without content.
    NoData,
    /// A record of the type application_data that is under no keys at all.
    Noise,
    NoHandshake,
    NoAlert,
    /// TLS 1.3: nothing but zeros inside.
    Padding,
    CloseNotify,
    UserCanceled,
    /// unrecognized_name as a warning.
    Warning,
    /// handshake_failure.
    Fatal,
    /// handshake_failure in the clear, where protection is in force.
    FatalPlain,
    /// A record of the type that was heartbeat.
    Heartbeat,
}

/// States, by the names of RFC 9846 appendix A, and the like for TLS 1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum S {
    Start,
    WaitCh2,
    /// As before, with early data to skip.
    WaitCh2Skip,
    WaitSh,
    /// After a HelloRetryRequest.
    WaitSh2,
    WaitEe,
    WaitEePsk,
    /// With a PSK after a HelloRetryRequest.
    WaitEePsk2,
    WaitCertCr,
    WaitCert,
    WaitCv,
    WaitEoed,
    /// Certificate, where a status was promised.
    WaitCertStatus,
    WaitStatus,
    WaitSke,
    WaitCrShd,
    WaitShd,
    WaitCke,
    /// With a CertificateVerify to come.
    WaitCkeCv,
    WaitTicket,
    WaitCcs,
    WaitFin,
    Connected,
}

/// What has to be so for a rule to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum If {
    Always,
    /// The client has a PSK or session, and the server knows it.
    Psk,
    /// The client offers early data, and the server accepts it if it is asked.
    Early,
    /// The server refuses early data.
    EarlyRefused,
    /// The server asks for a certificate.
    Auth,
    /// The server insists on one.
    Required,
    /// TLS 1.2: a NewSessionTicket was promised.
    Promised,
}

/// What comes of a message.
#[derive(Clone, Copy, Debug)]
pub enum Then {
    Go(S),
    /// Into this state, where records that do not open are skipped.
    Skipping(S),
    /// No state is left for it.
    Stay,
    Die(&'static [A]),
}
use Then::{Die, Go, Skipping, Stay};

/// What becomes of change_cipher_spec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ccs {
    /// RFC 9846 5: dropped without further processing.
    Drop,
    Die,
    /// RFC 5246 7.1: the keys change.
    Go(S),
}

/// What becomes of application data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    Early,
    Data,
}

/// What holds in a state. A message that no rule is for is unexpected (RFC 9846 4, RFC 5246 7.4).
#[derive(Debug)]
pub struct Row {
    pub at: S,
    pub reads: E,
    pub ccs: Ccs,
    pub data: Takes,
    /// The first one that holds.
    pub rules: &'static [(M, If, Then)],
}

const fn row(at: S, reads: E, ccs: Ccs, rules: &'static [(M, If, Then)]) -> Row {
    let data = match at {
        S::Connected => Takes::Data,
        S::WaitEoed => Takes::Early,
        _ => Takes::Nothing,
    };
    Row {
        at,
        reads,
        ccs,
        data,
        rules,
    }
}

/// RFC 9846 4.3: an extension in an answer that was not asked for.
const UNASKED: Then = Die(&[A::UNSUPPORTED_EXTENSION]);
/// RFC 9846 4.5.2, 4.5.3; RFC 5246 7.2.2.
const WRONG: Then = Die(&[A::DECRYPT_ERROR]);
const ALWAYS: If = If::Always;

/// RFC 9846 A.1. A client drops change_cipher_spec from its ClientHello to the server's Finished (5).
pub const CLIENT13: &[Row] = &[
    row(
        S::WaitSh,
        E::Plain,
        Ccs::Drop,
        &[
            (M::ServerHello, ALWAYS, Go(S::WaitEe)),
            (M::ServerHelloPsk, If::Psk, Go(S::WaitEePsk)),
            (M::ServerHelloPsk, ALWAYS, UNASKED),
            (M::HelloRetryRequest, ALWAYS, Go(S::WaitSh2)),
        ],
    ),
    // 4.2.4: a second HelloRetryRequest is unexpected.
    row(
        S::WaitSh2,
        E::Plain,
        Ccs::Drop,
        &[
            (M::ServerHello, ALWAYS, Go(S::WaitEe)),
            (M::ServerHelloPsk, If::Psk, Go(S::WaitEePsk2)),
            (M::ServerHelloPsk, ALWAYS, UNASKED),
        ],
    ),
    // 4.3.10: early data is accepted with the first PSK only; without one either alert can be had.
    row(
        S::WaitEe,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::EncryptedExtensions, ALWAYS, Go(S::WaitCertCr)),
            (
                M::EncryptedExtensionsEarly,
                If::Early,
                Die(&[A::ILLEGAL_PARAMETER, A::UNSUPPORTED_EXTENSION]),
            ),
            (M::EncryptedExtensionsEarly, ALWAYS, UNASKED),
        ],
    ),
    row(
        S::WaitEePsk,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::EncryptedExtensions, ALWAYS, Go(S::WaitFin)),
            (M::EncryptedExtensionsEarly, If::Early, Go(S::WaitFin)),
            (M::EncryptedExtensionsEarly, ALWAYS, UNASKED),
        ],
    ),
    // 4.3.10: no early data after a HelloRetryRequest: the second ClientHello did not offer it.
    row(
        S::WaitEePsk2,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::EncryptedExtensions, ALWAYS, Go(S::WaitFin)),
            (M::EncryptedExtensionsEarly, ALWAYS, UNASKED),
        ],
    ),
    // 4.5.1: an empty list from a server is a decode_error.
    row(
        S::WaitCertCr,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::Certificate, ALWAYS, Go(S::WaitCv)),
            (M::CertificateRequest, ALWAYS, Go(S::WaitCert)),
            (M::CertificateEmpty, ALWAYS, Die(&[A::DECODE_ERROR])),
        ],
    ),
    row(
        S::WaitCert,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::Certificate, ALWAYS, Go(S::WaitCv)),
            (M::CertificateEmpty, ALWAYS, Die(&[A::DECODE_ERROR])),
        ],
    ),
    row(
        S::WaitCv,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::CertificateVerify, ALWAYS, Go(S::WaitFin)),
            (M::CertificateVerifyWrong, ALWAYS, WRONG),
        ],
    ),
    row(
        S::WaitFin,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::Finished, ALWAYS, Go(S::Connected)),
            (M::FinishedWrong, ALWAYS, WRONG),
        ],
    ),
    // 4.7. A CertificateRequest was not allowed for by post_handshake_auth (4.7.2).
    row(
        S::Connected,
        E::App,
        Ccs::Die,
        &[
            (M::NewSessionTicket, ALWAYS, Stay),
            (M::KeyUpdate, ALWAYS, Stay),
            (M::KeyUpdateAsked, ALWAYS, Stay),
        ],
    ),
];

/// RFC 9846 A.2. A server drops change_cipher_spec from the first ClientHello to the client's
/// Finished (5). With a PSK it asks for no certificate (4.4.2).
pub const SERVER13: &[Row] = &[
    row(
        S::Start,
        E::Plain,
        Ccs::Die,
        &[
            (M::ClientHello, If::Auth, Go(S::WaitCert)),
            (M::ClientHello, ALWAYS, Go(S::WaitFin)),
            (M::ClientHelloPsk, If::Psk, Go(S::WaitFin)),
            (M::ClientHelloNoShare, ALWAYS, Go(S::WaitCh2)),
            (M::ClientHelloEarly, If::Early, Go(S::WaitEoed)),
            (M::ClientHelloEarly, If::EarlyRefused, Skipping(S::WaitFin)),
            (M::ClientHelloEarlyNoShare, If::Psk, Go(S::WaitCh2Skip)),
        ],
    ),
    // 4.2.2: the second ClientHello is the first one but for what it lists; 4.3.8: with the share.
    row(
        S::WaitCh2,
        E::Plain,
        Ccs::Drop,
        &[
            (M::ClientHello, If::Auth, Go(S::WaitCert)),
            (M::ClientHello, ALWAYS, Go(S::WaitFin)),
            (M::ClientHelloPsk, ALWAYS, CHANGED),
            (M::ClientHelloNoShare, ALWAYS, CHANGED),
            (M::ClientHelloEarly, ALWAYS, CHANGED),
            (M::ClientHelloEarlyNoShare, ALWAYS, CHANGED),
        ],
    ),
    row(
        S::WaitCh2Skip,
        E::Plain,
        Ccs::Drop,
        &[
            (M::ClientHelloPsk, ALWAYS, Go(S::WaitFin)),
            (M::ClientHello, ALWAYS, CHANGED),
            (M::ClientHelloNoShare, ALWAYS, CHANGED),
            (M::ClientHelloEarly, ALWAYS, CHANGED),
            (M::ClientHelloEarlyNoShare, ALWAYS, CHANGED),
        ],
    ),
    row(
        S::WaitEoed,
        E::Early,
        Ccs::Drop,
        &[(M::EndOfEarlyData, ALWAYS, Go(S::WaitFin))],
    ),
    // 4.5.1: a server may go on without a client's certificate, or not.
    row(
        S::WaitCert,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::Certificate, ALWAYS, Go(S::WaitCv)),
            (
                M::CertificateEmpty,
                If::Required,
                Die(&[A::CERTIFICATE_REQUIRED]),
            ),
            (M::CertificateEmpty, ALWAYS, Go(S::WaitFin)),
        ],
    ),
    row(
        S::WaitCv,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::CertificateVerify, ALWAYS, Go(S::WaitFin)),
            (M::CertificateVerifyWrong, ALWAYS, WRONG),
        ],
    ),
    row(
        S::WaitFin,
        E::Handshake,
        Ccs::Drop,
        &[
            (M::Finished, ALWAYS, Go(S::Connected)),
            (M::FinishedWrong, ALWAYS, WRONG),
        ],
    ),
    row(
        S::Connected,
        E::App,
        Ccs::Die,
        &[
            (M::KeyUpdate, ALWAYS, Stay),
            (M::KeyUpdateAsked, ALWAYS, Stay),
        ],
    ),
];

const CHANGED: Then = Die(&[A::ILLEGAL_PARAMETER]);

/// RFC 5246 7.4.1.1: a client that is negotiating ignores it, and later may.
const REQUEST: (M, If, Then) = (M::HelloRequest, ALWAYS, Stay);

/// RFC 5246 7.3, as a client. RFC 5077 3.3: a ticket that was promised comes, even if empty, and no
/// other does; RFC 6066 8: a status that was promised may come.
pub const CLIENT12: &[Row] = &[
    row(
        S::WaitSh,
        E::Plain,
        Ccs::Die,
        &[
            (M::ServerHello, ALWAYS, Go(S::WaitCert)),
            (M::ServerHelloStatus, ALWAYS, Go(S::WaitCertStatus)),
            (M::ServerHelloTicket, ALWAYS, Go(S::WaitCert)),
            (M::ServerHelloResume, If::Psk, Go(S::WaitCcs)),
            (M::ServerHelloResumeTicket, If::Psk, Go(S::WaitTicket)),
            REQUEST,
        ],
    ),
    // 7.4.2: a certificate list of a server is not empty; no alert is named.
    row(
        S::WaitCert,
        E::Plain,
        Ccs::Die,
        &[
            (M::Certificate, ALWAYS, Go(S::WaitSke)),
            (M::CertificateEmpty, ALWAYS, NO_CERTIFICATE),
            REQUEST,
        ],
    ),
    // Certificate, where a status may follow.
    row(
        S::WaitCertStatus,
        E::Plain,
        Ccs::Die,
        &[
            (M::Certificate, ALWAYS, Go(S::WaitStatus)),
            (M::CertificateEmpty, ALWAYS, NO_CERTIFICATE),
            REQUEST,
        ],
    ),
    // CertificateStatus, or none.
    row(
        S::WaitStatus,
        E::Plain,
        Ccs::Die,
        &[
            (M::ServerKeyExchange, ALWAYS, Go(S::WaitCrShd)),
            (M::ServerKeyExchangeWrong, ALWAYS, WRONG),
            (M::CertificateStatus, ALWAYS, Go(S::WaitSke)),
            REQUEST,
        ],
    ),
    row(
        S::WaitSke,
        E::Plain,
        Ccs::Die,
        &[
            (M::ServerKeyExchange, ALWAYS, Go(S::WaitCrShd)),
            (M::ServerKeyExchangeWrong, ALWAYS, WRONG),
            REQUEST,
        ],
    ),
    row(
        S::WaitCrShd,
        E::Plain,
        Ccs::Die,
        &[
            (M::ServerHelloDone, If::Promised, Go(S::WaitTicket)),
            (M::ServerHelloDone, ALWAYS, Go(S::WaitCcs)),
            (M::CertificateRequest, ALWAYS, Go(S::WaitShd)),
            REQUEST,
        ],
    ),
    row(
        S::WaitShd,
        E::Plain,
        Ccs::Die,
        &[
            (M::ServerHelloDone, If::Promised, Go(S::WaitTicket)),
            (M::ServerHelloDone, ALWAYS, Go(S::WaitCcs)),
            REQUEST,
        ],
    ),
    row(
        S::WaitTicket,
        E::Plain,
        Ccs::Die,
        &[(M::NewSessionTicket, ALWAYS, Go(S::WaitCcs)), REQUEST],
    ),
    row(S::WaitCcs, E::Plain, Ccs::Go(S::WaitFin), &[REQUEST]),
    row(
        S::WaitFin,
        E::App,
        Ccs::Die,
        &[
            (M::Finished, ALWAYS, Go(S::Connected)),
            (M::FinishedWrong, ALWAYS, WRONG),
            REQUEST,
        ],
    ),
    row(S::Connected, E::App, Ccs::Die, &[REQUEST]),
];

const NO_CERTIFICATE: Then = Die(&[A::DECODE_ERROR, A::HANDSHAKE_FAILURE, A::BAD_CERTIFICATE]);

/// RFC 5246 7.3, as a server.
pub const SERVER12: &[Row] = &[
    row(
        S::Start,
        E::Plain,
        Ccs::Die,
        &[
            (M::ClientHello, If::Auth, Go(S::WaitCert)),
            (M::ClientHello, ALWAYS, Go(S::WaitCke)),
            (M::ClientHelloTicket, If::Auth, Go(S::WaitCert)),
            (M::ClientHelloTicket, ALWAYS, Go(S::WaitCke)),
            (M::ClientHelloResume, If::Psk, Go(S::WaitCcs)),
        ],
    ),
    // 7.4.6: without a certificate a server may go on, or send handshake_failure.
    row(
        S::WaitCert,
        E::Plain,
        Ccs::Die,
        &[
            (M::Certificate, ALWAYS, Go(S::WaitCkeCv)),
            (
                M::CertificateEmpty,
                If::Required,
                Die(&[A::HANDSHAKE_FAILURE]),
            ),
            (M::CertificateEmpty, ALWAYS, Go(S::WaitCke)),
        ],
    ),
    row(
        S::WaitCke,
        E::Plain,
        Ccs::Die,
        &[(M::ClientKeyExchange, ALWAYS, Go(S::WaitCcs))],
    ),
    row(
        S::WaitCkeCv,
        E::Plain,
        Ccs::Die,
        &[(M::ClientKeyExchange, ALWAYS, Go(S::WaitCv))],
    ),
    row(
        S::WaitCv,
        E::Plain,
        Ccs::Die,
        &[
            (M::CertificateVerify, ALWAYS, Go(S::WaitCcs)),
            (M::CertificateVerifyWrong, ALWAYS, WRONG),
        ],
    ),
    row(S::WaitCcs, E::Plain, Ccs::Go(S::WaitFin), &[]),
    row(
        S::WaitFin,
        E::App,
        Ccs::Die,
        &[
            (M::Finished, ALWAYS, Go(S::Connected)),
            (M::FinishedWrong, ALWAYS, WRONG),
        ],
    ),
    // 7.2.2: an offer to renegotiate is answered by the warning no_renegotiation.
    row(
        S::Connected,
        E::App,
        Ccs::Die,
        &[
            (M::ClientHello, ALWAYS, Stay),
            (M::ClientHelloTicket, ALWAYS, Stay),
            (M::ClientHelloResume, ALWAYS, Stay),
        ],
    ),
];
