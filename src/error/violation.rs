//! The rules a peer can break, each with its section, its alert and its words: one table.

use crate::codepoint::AlertDescription;
use core::fmt;

macro_rules! violations {
    ($($variant:ident: $alert:ident, $rule:literal, $text:literal $(, $remedy:literal)?;)*) => {
        /// A rule of the protocol that the peer broke.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Violation {
            $(#[doc = concat!($text, " (", $rule, ").")] $variant,)*
        }

        impl Violation {
            /// Every rule of the table.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The alert that the rule's section asks for.
            #[must_use]
            pub const fn alert(self) -> AlertDescription {
                match self { $(Self::$variant => AlertDescription::$alert,)* }
            }

            /// The document and section of the rule.
            #[must_use]
            pub const fn rule(self) -> &'static str {
                match self { $(Self::$variant => $rule,)* }
            }

            /// What a person can do about it, where there is something.
            #[must_use]
            pub const fn remedy(self) -> Option<&'static str> {
                match self { $(Self::$variant => violations!(@remedy $($remedy)?),)* }
            }
        }

        impl fmt::Display for Violation {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Self::$variant => $text,)* })
            }
        }
    };
    (@remedy) => { None };
    (@remedy $remedy:literal) => { Some($remedy) };
}

violations! {
    UnexpectedMessage: UNEXPECTED_MESSAGE, "RFC 9846 4", "a message that is not expected here";
    UnexpectedContentType: UNEXPECTED_MESSAGE, "RFC 9846 5", "a record of an unknown or unexpected type";
    NotTls: DECODE_ERROR, "RFC 9846 5.1", "what came is not TLS",
        "check host and port: the peer may speak another protocol there";
    RecordTooLong: RECORD_OVERFLOW, "RFC 9846 5.2", "a record is longer than allowed";
    EmptyHandshakeRecord: UNEXPECTED_MESSAGE, "RFC 9846 5.1", "a handshake or alert record without content";
    NoContentType: UNEXPECTED_MESSAGE, "RFC 9846 5.4", "a protected record that holds nothing but padding";
    UnprotectedRecord: UNEXPECTED_MESSAGE, "RFC 9846 5", "an unprotected record where protection is in force";
    MessageAcrossKeyChange: UNEXPECTED_MESSAGE, "RFC 9846 5.1", "a handshake message does not end where the keys change";
    InterleavedRecord: UNEXPECTED_MESSAGE, "RFC 9846 5.1", "another record between the fragments of a handshake message";
    UnexpectedChangeCipherSpec: UNEXPECTED_MESSAGE, "RFC 9846 5", "a change_cipher_spec that is not expected here, or is not the single byte 1";
    BadAlert: DECODE_ERROR, "RFC 9846 6", "an alert that is not two bytes long";
    BadRecordVersion: PROTOCOL_VERSION, "RFC 9846 5.1", "a record of an unknown major version",
        "check host and port: the peer may speak another protocol there";
    ServerLegacyVersion: ILLEGAL_PARAMETER, "RFC 9846 4.2.3", "legacy_version of ServerHello is not 0x0303";
    BadCompression: ILLEGAL_PARAMETER, "RFC 9846 4.2.2", "a compression method other than null";
    ServerHelloVersion: ILLEGAL_PARAMETER, "RFC 9846 4.3.1", "supported_versions selects a version that was not offered";
    OldServer: PROTOCOL_VERSION, "RFC 9846 4.2.3", "the server chose a version that we do not allow",
        "the server has no newer version: allow the older one in the config if you must";
    Downgrade: ILLEGAL_PARAMETER, "RFC 9846 4.2.3", "the server's random says that the version was downgraded",
        "something between you and the server may be tampering with the handshake";
    SessionIdNotEchoed: ILLEGAL_PARAMETER, "RFC 9846 4.2.3", "the session ID is not the one that was sent";
    SuiteNotOffered: ILLEGAL_PARAMETER, "RFC 9846 4.2.3", "a cipher suite that was not offered";
    SuiteChanged: ILLEGAL_PARAMETER, "RFC 9846 4.2.4", "the cipher suite differs from HelloRetryRequest's";
    GroupNotOffered: ILLEGAL_PARAMETER, "RFC 9846 4.3.8", "a key share of a group that was not offered";
    RetryGroupNotOffered: ILLEGAL_PARAMETER, "RFC 9846 4.3.8", "HelloRetryRequest selects a group that was not offered";
    RetryWithoutChange: ILLEGAL_PARAMETER, "RFC 9846 4.2.4", "HelloRetryRequest asks for nothing new";
    SecondRetry: UNEXPECTED_MESSAGE, "RFC 9846 4.2.4", "a second HelloRetryRequest";
    ChangedClientHello: ILLEGAL_PARAMETER, "RFC 9846 4.2.2", "the second ClientHello differs from the first where it must not";
    RetryNotHeeded: ILLEGAL_PARAMETER, "RFC 9846 4.3.8", "the second ClientHello does not have the one share that was asked for";
    BadCookie: ILLEGAL_PARAMETER, "RFC 9846 4.3.2", "the cookie is not the one that was sent";
    ShareNotInGroups: ILLEGAL_PARAMETER, "RFC 9846 4.3.8", "a key share of a group that is not in supported_groups";
    UnsolicitedExtension: UNSUPPORTED_EXTENSION, "RFC 9846 4.3", "an extension that was not asked for";
    MissingKeyShare: MISSING_EXTENSION, "RFC 9846 9.2", "key_share is missing";
    MissingGroups: MISSING_EXTENSION, "RFC 9846 9.2", "supported_groups is missing";
    MissingSignatureAlgorithms: MISSING_EXTENSION, "RFC 9846 9.2", "signature_algorithms is missing";
    PskIndex: ILLEGAL_PARAMETER, "RFC 9846 4.3.11", "a PSK was chosen that was not offered";
    PskHash: ILLEGAL_PARAMETER, "RFC 9846 4.3.11", "a PSK was chosen whose hash is not that of the cipher suite";
    PskWithoutKeyShare: ILLEGAL_PARAMETER, "RFC 9846 4.3.11", "a PSK was chosen without the key_share that psk_dhe_ke needs";
    BadBinder: DECRYPT_ERROR, "RFC 9846 4.3.11", "the binder of a PSK is not right";
    EarlyDataNotFirst: ILLEGAL_PARAMETER, "RFC 9846 4.3.10", "early data was accepted under other parameters than those of the first PSK";
    EarlyDataDowngrade: PROTOCOL_VERSION, "RFC 9846 D.3", "a server that was sent early data does not speak TLS 1.3 any more",
        "connect again without the session";
    TooMuchEarlyData: UNEXPECTED_MESSAGE, "RFC 9846 4.3.10", "more early data than the ticket allows";
    MissingPskModes: MISSING_EXTENSION, "RFC 9846 4.3.9", "pre_shared_key without psk_key_exchange_modes";
    AlpnNotOffered: ILLEGAL_PARAMETER, "RFC 7301 3.1", "the server selected an application protocol that was not offered";
    RecordSizeLimitRange: ILLEGAL_PARAMETER, "RFC 8449 4", "record_size_limit is below 64 or above the protocol's maximum";
    CertificateContext: ILLEGAL_PARAMETER, "RFC 9846 4.5.1", "certificate_request_context is not the one that was sent";
    EmptyServerCertificate: DECODE_ERROR, "RFC 9846 4.5.1", "the server's certificate list is empty";
    CertificateRequired: CERTIFICATE_REQUIRED, "RFC 9846 4.5.1", "the client sent no certificate where one is required",
        "configure a client certificate at the peer";
    SchemeNotOffered: ILLEGAL_PARAMETER, "RFC 9846 4.5.2", "a signature scheme that was not offered";
    SchemeNotForKey: ILLEGAL_PARAMETER, "RFC 9846 4.5.2", "a signature scheme that does not fit the certificate's key";
    BadFinished: DECRYPT_ERROR, "RFC 9846 4.5.3", "Finished does not verify";
    BadRenegotiationInfo: HANDSHAKE_FAILURE, "RFC 5746 3.4", "renegotiation_info is not that of a new connection";
    NoRenegotiationInfo: HANDSHAKE_FAILURE, "RFC 5746 4.1", "the peer does not know secure renegotiation",
        "update the peer: its TLS is older than 2010";
    NoExtendedMasterSecret: HANDSHAKE_FAILURE, "RFC 7627 5.2", "the peer does not have extended_master_secret",
        "update the peer, or turn off require_extended_master_secret in the config";
    NoClientCertificate: HANDSHAKE_FAILURE, "RFC 5246 7.4.6", "the client sent no certificate where one is required",
        "configure a client certificate at the peer";
    FallbackNotAllowed: INAPPROPRIATE_FALLBACK, "RFC 7507 3", "the client fell back although both ends have a newer version";
    SessionNotOffered: ILLEGAL_PARAMETER, "RFC 5246 7.4.1.3", "the server resumes a session that was not offered";
    SessionChanged: ILLEGAL_PARAMETER, "RFC 5246 7.4.1.3", "the server resumes the session with another cipher suite";
    ResumedWithoutExtendedMasterSecret: HANDSHAKE_FAILURE, "RFC 7627 5.3", "the peer resumes a session without the extended_master_secret that it was made with",
        "something between you and the peer may be tampering with the handshake";
    PointFormats: ILLEGAL_PARAMETER, "RFC 8422 5.1.2", "ec_point_formats without uncompressed points";
    NoOcspAsked: UNSUPPORTED_EXTENSION, "RFC 9846 4.5.1.1", "a stapled status that was not asked for";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_cites_a_section() {
        for violation in Violation::ALL {
            assert!(violation.rule().starts_with("RFC "), "{violation:?}");
            assert!(violation.rule().split(' ').count() >= 3, "{violation:?}");
        }
    }
}
