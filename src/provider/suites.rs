//! The suites that every provider has.

/// Declares the suites of TLS 1.2 named so.
macro_rules! tls12_suites {
    ($($(#[$doc:meta])* $id:ident = $name:ident, $auth:ident, $hash:expr, $aead:expr, $explicit:literal, $default:literal;)*) => {
        $($(#[$doc])* #[doc = concat!("`", stringify!($name), "`")]
        pub static $id: Tls12Suite = Tls12Suite {
            name: CipherSuite::$name,
            auth: SuiteAuth::$auth,
            hash: $hash,
            aead: $aead,
            explicit_nonce: $explicit,
            by_default: $default,
        };)*
    };
}
pub(super) use tls12_suites;

/// Declares the suites of a provider and the tables of them, with the `aead` and the `hash` of
/// the module that asks.
macro_rules! suites {
    () => {
        /// The TLS 1.3 suites, best first (RFC 9846 B.4).
        pub static TLS13_SUITES: &[&Tls13Suite] = &[
            &TLS_AES_128_GCM_SHA256,
            &TLS_AES_256_GCM_SHA384,
            &TLS_CHACHA20_POLY1305_SHA256,
            &TLS_AES_128_CCM_SHA256,
            &TLS_AES_128_CCM_8_SHA256,
        ];

        /// `TLS_AES_128_GCM_SHA256`, which every implementation has (RFC 9846 9.1).
        pub static TLS_AES_128_GCM_SHA256: Tls13Suite = Tls13Suite {
            name: CipherSuite::TLS_AES_128_GCM_SHA256,
            hash: hash::SHA256,
            aead: aead::AES_128_GCM,
            by_default: true,
        };

        /// `TLS_AES_256_GCM_SHA384`.
        pub static TLS_AES_256_GCM_SHA384: Tls13Suite = Tls13Suite {
            name: CipherSuite::TLS_AES_256_GCM_SHA384,
            hash: hash::SHA384,
            aead: aead::AES_256_GCM,
            by_default: true,
        };

        /// `TLS_CHACHA20_POLY1305_SHA256`.
        pub static TLS_CHACHA20_POLY1305_SHA256: Tls13Suite = Tls13Suite {
            name: CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
            hash: hash::SHA256,
            aead: aead::CHACHA20_POLY1305,
            by_default: true,
        };

        /// `TLS_AES_128_CCM_SHA256`, for small devices; not used unless asked for.
        pub static TLS_AES_128_CCM_SHA256: Tls13Suite = Tls13Suite {
            name: CipherSuite::TLS_AES_128_CCM_SHA256,
            hash: hash::SHA256,
            aead: aead::AES_128_CCM,
            by_default: false,
        };

        /// `TLS_AES_128_CCM_8_SHA256`: its tag of 8 bytes is short; not used unless asked for.
        pub static TLS_AES_128_CCM_8_SHA256: Tls13Suite = Tls13Suite {
            name: CipherSuite::TLS_AES_128_CCM_8_SHA256,
            hash: hash::SHA256,
            aead: aead::AES_128_CCM_8,
            by_default: false,
        };

        /// The TLS 1.2 suites, best first (RFC 5289, RFC 7905, RFC 7251, RFC 8442). Those with a
        /// pre-shared key go before the others, where there is one.
        pub static TLS12_SUITES: &[&Tls12Suite] = &[
            &ECDHE_PSK_AES_128_GCM,
            &ECDHE_PSK_AES_256_GCM,
            &ECDHE_PSK_CHACHA20_POLY1305,
            &ECDHE_ECDSA_AES_128_GCM,
            &ECDHE_RSA_AES_128_GCM,
            &ECDHE_ECDSA_AES_256_GCM,
            &ECDHE_RSA_AES_256_GCM,
            &ECDHE_ECDSA_CHACHA20_POLY1305,
            &ECDHE_RSA_CHACHA20_POLY1305,
            &ECDHE_ECDSA_AES_128_CCM,
            &ECDHE_ECDSA_AES_128_CCM_8,
            &ECDHE_PSK_AES_128_CCM,
            &ECDHE_PSK_AES_128_CCM_8,
        ];

        $crate::provider::suites::tls12_suites! {
            ECDHE_ECDSA_AES_128_GCM = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, Ecdsa, hash::SHA256, aead::AES_128_GCM, true, true;
            ECDHE_RSA_AES_128_GCM = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, Rsa, hash::SHA256, aead::AES_128_GCM, true, true;
            ECDHE_ECDSA_AES_256_GCM = TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, Ecdsa, hash::SHA384, aead::AES_256_GCM, true, true;
            ECDHE_RSA_AES_256_GCM = TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, Rsa, hash::SHA384, aead::AES_256_GCM, true, true;
            ECDHE_ECDSA_CHACHA20_POLY1305 = TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, Ecdsa, hash::SHA256, aead::CHACHA20_POLY1305, false, true;
            ECDHE_RSA_CHACHA20_POLY1305 = TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, Rsa, hash::SHA256, aead::CHACHA20_POLY1305, false, true;
            ECDHE_ECDSA_AES_128_CCM = TLS_ECDHE_ECDSA_WITH_AES_128_CCM, Ecdsa, hash::SHA256, aead::AES_128_CCM, true, false;
            ECDHE_ECDSA_AES_128_CCM_8 = TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, Ecdsa, hash::SHA256, aead::AES_128_CCM_8, true, false;
            ECDHE_PSK_AES_128_GCM = TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, Psk, hash::SHA256, aead::AES_128_GCM, true, true;
            ECDHE_PSK_AES_256_GCM = TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384, Psk, hash::SHA384, aead::AES_256_GCM, true, true;
            ECDHE_PSK_CHACHA20_POLY1305 = TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, Psk, hash::SHA256, aead::CHACHA20_POLY1305, false, true;
            ECDHE_PSK_AES_128_CCM = TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256, Psk, hash::SHA256, aead::AES_128_CCM, true, false;
            ECDHE_PSK_AES_128_CCM_8 = TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256, Psk, hash::SHA256, aead::AES_128_CCM_8, true, false;
        }
    };
}
pub(super) use suites;
