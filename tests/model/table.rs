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
/// RFC 9846 4.2.2, 4.3.8: a second ClientHello that is not as it must be.
const CHANGED: Then = Die(&[A::ILLEGAL_PARAMETER]);
/// RFC 5246 7.4.2: a server's certificate list is not empty; no alert is named for it.
const NO_CERTIFICATE: Then = Die(&[A::DECODE_ERROR, A::HANDSHAKE_FAILURE, A::BAD_CERTIFICATE]);

/// A state, the keys under which records are read in it, and what comes of each message. `if` names
/// what must hold; the first line that holds counts.
macro_rules! rows {
    ($(#[$doc:meta])* $table:ident: $(
        $at:ident, reading $reads:ident, ccs $ccs:ident $(($into:ident))? {
            $($m:ident $(if $fact:ident)?: $then:expr;)*
        }
    )*) => {
        $(#[$doc])*
        pub const $table: &[Row] = {
            use S::*;
            &[$(row(
                $at,
                E::$reads,
                Ccs::$ccs $((S::$into))?,
                &[$((M::$m, rows!(@if $($fact)?), $then)),*],
            )),*]
        };
    };
    (@if) => { If::Always };
    (@if $fact:ident) => { If::$fact };
}

rows! {
    /// RFC 9846 A.1. A client drops change_cipher_spec from its ClientHello to the server's Finished (5).
    CLIENT13:
    WaitSh, reading Plain, ccs Drop {
        ServerHello: Go(WaitEe);
        ServerHelloPsk if Psk: Go(WaitEePsk);
        ServerHelloPsk: UNASKED;
        HelloRetryRequest: Go(WaitSh2);
    }
    // 4.2.4: a second HelloRetryRequest is unexpected.
    WaitSh2, reading Plain, ccs Drop {
        ServerHello: Go(WaitEe);
        ServerHelloPsk if Psk: Go(WaitEePsk2);
        ServerHelloPsk: UNASKED;
    }
    // 4.3.10: early data is accepted with the first PSK only; without one either alert can be had.
    WaitEe, reading Handshake, ccs Drop {
        EncryptedExtensions: Go(WaitCertCr);
        EncryptedExtensionsEarly if Early: Die(&[A::ILLEGAL_PARAMETER, A::UNSUPPORTED_EXTENSION]);
        EncryptedExtensionsEarly: UNASKED;
    }
    WaitEePsk, reading Handshake, ccs Drop {
        EncryptedExtensions: Go(WaitFin);
        EncryptedExtensionsEarly if Early: Go(WaitFin);
        EncryptedExtensionsEarly: UNASKED;
    }
    // 4.3.10: no early data after a HelloRetryRequest: the second ClientHello did not offer it.
    WaitEePsk2, reading Handshake, ccs Drop {
        EncryptedExtensions: Go(WaitFin);
        EncryptedExtensionsEarly: UNASKED;
    }
    // 4.5.1: an empty list from a server is a decode_error.
    WaitCertCr, reading Handshake, ccs Drop {
        Certificate: Go(WaitCv);
        CertificateRequest: Go(WaitCert);
        CertificateEmpty: Die(&[A::DECODE_ERROR]);
    }
    WaitCert, reading Handshake, ccs Drop {
        Certificate: Go(WaitCv);
        CertificateEmpty: Die(&[A::DECODE_ERROR]);
    }
    WaitCv, reading Handshake, ccs Drop {
        CertificateVerify: Go(WaitFin);
        CertificateVerifyWrong: WRONG;
    }
    WaitFin, reading Handshake, ccs Drop {
        Finished: Go(Connected);
        FinishedWrong: WRONG;
    }
    // 4.7. A CertificateRequest was not allowed for by post_handshake_auth (4.7.2).
    Connected, reading App, ccs Die {
        NewSessionTicket: Stay;
        KeyUpdate: Stay;
        KeyUpdateAsked: Stay;
    }
}

rows! {
    /// RFC 9846 A.2. A server drops change_cipher_spec from the first ClientHello to the client's
    /// Finished (5). With a PSK it asks for no certificate (4.4.2).
    SERVER13:
    Start, reading Plain, ccs Die {
        ClientHello if Auth: Go(WaitCert);
        ClientHello: Go(WaitFin);
        ClientHelloPsk if Psk: Go(WaitFin);
        ClientHelloNoShare: Go(WaitCh2);
        ClientHelloEarly if Early: Go(WaitEoed);
        ClientHelloEarly if EarlyRefused: Skipping(WaitFin);
        ClientHelloEarlyNoShare if Psk: Go(WaitCh2Skip);
    }
    // 4.2.2: the second ClientHello is the first one but for what it lists; 4.3.8: with the share.
    WaitCh2, reading Plain, ccs Drop {
        ClientHello if Auth: Go(WaitCert);
        ClientHello: Go(WaitFin);
        ClientHelloPsk: CHANGED;
        ClientHelloNoShare: CHANGED;
        ClientHelloEarly: CHANGED;
        ClientHelloEarlyNoShare: CHANGED;
    }
    WaitCh2Skip, reading Plain, ccs Drop {
        ClientHelloPsk: Go(WaitFin);
        ClientHello: CHANGED;
        ClientHelloNoShare: CHANGED;
        ClientHelloEarly: CHANGED;
        ClientHelloEarlyNoShare: CHANGED;
    }
    WaitEoed, reading Early, ccs Drop {
        EndOfEarlyData: Go(WaitFin);
    }
    // 4.5.1: a server may go on without a client's certificate, or not.
    WaitCert, reading Handshake, ccs Drop {
        Certificate: Go(WaitCv);
        CertificateEmpty if Required: Die(&[A::CERTIFICATE_REQUIRED]);
        CertificateEmpty: Go(WaitFin);
    }
    WaitCv, reading Handshake, ccs Drop {
        CertificateVerify: Go(WaitFin);
        CertificateVerifyWrong: WRONG;
    }
    WaitFin, reading Handshake, ccs Drop {
        Finished: Go(Connected);
        FinishedWrong: WRONG;
    }
    Connected, reading App, ccs Die {
        KeyUpdate: Stay;
        KeyUpdateAsked: Stay;
    }
}

rows! {
    /// RFC 5246 7.3, as a client, which passes over HelloRequest (7.4.1.1). RFC 5077 3.3: a ticket that
    /// was promised comes, even if empty, and no other does; RFC 6066 8: a status that was promised may
    /// come.
    CLIENT12:
    WaitSh, reading Plain, ccs Die {
        ServerHello: Go(WaitCert);
        ServerHelloStatus: Go(WaitCertStatus);
        ServerHelloTicket: Go(WaitCert);
        ServerHelloResume if Psk: Go(WaitCcs);
        ServerHelloResumeTicket if Psk: Go(WaitTicket);
        HelloRequest: Stay;
    }
    WaitCert, reading Plain, ccs Die {
        Certificate: Go(WaitSke);
        CertificateEmpty: NO_CERTIFICATE;
        HelloRequest: Stay;
    }
    // Certificate, where a status may follow.
    WaitCertStatus, reading Plain, ccs Die {
        Certificate: Go(WaitStatus);
        CertificateEmpty: NO_CERTIFICATE;
        HelloRequest: Stay;
    }
    // CertificateStatus, or none.
    WaitStatus, reading Plain, ccs Die {
        ServerKeyExchange: Go(WaitCrShd);
        ServerKeyExchangeWrong: WRONG;
        CertificateStatus: Go(WaitSke);
        HelloRequest: Stay;
    }
    WaitSke, reading Plain, ccs Die {
        ServerKeyExchange: Go(WaitCrShd);
        ServerKeyExchangeWrong: WRONG;
        HelloRequest: Stay;
    }
    WaitCrShd, reading Plain, ccs Die {
        ServerHelloDone if Promised: Go(WaitTicket);
        ServerHelloDone: Go(WaitCcs);
        CertificateRequest: Go(WaitShd);
        HelloRequest: Stay;
    }
    WaitShd, reading Plain, ccs Die {
        ServerHelloDone if Promised: Go(WaitTicket);
        ServerHelloDone: Go(WaitCcs);
        HelloRequest: Stay;
    }
    WaitTicket, reading Plain, ccs Die {
        NewSessionTicket: Go(WaitCcs);
        HelloRequest: Stay;
    }
    WaitCcs, reading Plain, ccs Go(WaitFin) {
        HelloRequest: Stay;
    }
    WaitFin, reading App, ccs Die {
        Finished: Go(Connected);
        FinishedWrong: WRONG;
        HelloRequest: Stay;
    }
    Connected, reading App, ccs Die {
        HelloRequest: Stay;
    }
}

rows! {
    /// RFC 5246 7.3, as a server.
    SERVER12:
    Start, reading Plain, ccs Die {
        ClientHello if Auth: Go(WaitCert);
        ClientHello: Go(WaitCke);
        ClientHelloTicket if Auth: Go(WaitCert);
        ClientHelloTicket: Go(WaitCke);
        ClientHelloResume if Psk: Go(WaitCcs);
    }
    // 7.4.6: without a certificate a server may go on, or send handshake_failure.
    WaitCert, reading Plain, ccs Die {
        Certificate: Go(WaitCkeCv);
        CertificateEmpty if Required: Die(&[A::HANDSHAKE_FAILURE]);
        CertificateEmpty: Go(WaitCke);
    }
    WaitCke, reading Plain, ccs Die {
        ClientKeyExchange: Go(WaitCcs);
    }
    WaitCkeCv, reading Plain, ccs Die {
        ClientKeyExchange: Go(WaitCv);
    }
    WaitCv, reading Plain, ccs Die {
        CertificateVerify: Go(WaitCcs);
        CertificateVerifyWrong: WRONG;
    }
    WaitCcs, reading Plain, ccs Go(WaitFin) {
    }
    WaitFin, reading App, ccs Die {
        Finished: Go(Connected);
        FinishedWrong: WRONG;
    }
    // 7.2.2: an offer to renegotiate is answered by the warning no_renegotiation.
    Connected, reading App, ccs Die {
        ClientHello: Stay;
        ClientHelloTicket: Stay;
        ClientHelloResume: Stay;
    }
}
