//! What may not be read in logs: our secrets, and the peer's own words.

use super::common::certs::server_params;
use super::common::pair::Pair;
use super::common::rogue::{World, vec8, vec16};
use super::common::rogue12::{self, BOTH, TLS12};
use super::{Client, Client12, Server, Server12};
use rcgen::{DnType, SanType};
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{ContentType as C, ExtensionType as X};
use symbolon::config::*;
use symbolon::crypto::HashSecret;
use symbolon::error::Error;
use symbolon::keys::tls12::MasterSecret;
use symbolon::keys::tls13::Early;
use symbolon::provider::default_provider;
use symbolon::secret::SecretBytes;

/// All secrets of the connections that log to it.
#[derive(Default)]
struct Secrets(Mutex<Vec<Vec<u8>>>);

/// It is part of the configs.
impl Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}

impl KeyLog for Secrets {
    fn log(&self, _: &'static str, _: &[u8; 32], secret: &[u8]) {
        self.0.lock().unwrap().push(secret.to_vec());
    }
}

/// Whether any four bytes of the secret in a row can be read in the text, as numbers or in hexadecimal.
fn shows(text: &str, secret: &[u8]) -> bool {
    // `{:#?}` has a number a line.
    let flat: String = text.split_whitespace().collect();
    secret.windows(4).any(|w| {
        let [a, b, c, d] = w else { return false };
        let hex = format!("{a:02x}{b:02x}{c:02x}{d:02x}");
        let decimal = format!("{a},{b},{c},{d},");
        flat.contains(&decimal) || flat.to_lowercase().contains(&hex)
    })
}

fn debugged(value: &dyn Debug) -> String {
    format!("{value:?}\n{value:#?}")
}

/// Secrets in logs: whoever printed a config or a connection for debugging printed its keys. RFC 9846 C.1
/// and E.1 rest on keys that nobody else has; no `Debug` here shows one, in any state of a handshake.
#[test]
fn secrets_in_debug() {
    // The search finds what is there.
    let sample: Vec<u8> = (100..132).collect();
    assert!(shows(&debugged(&sample), &sample));
    assert!(shows(&format!("{sample:02X?}").replace(", ", ""), &sample));
    assert!(!shows(&debugged(&sample), &[1, 2, 3, 4]));

    let world = World::new();
    let log = Arc::new(Secrets::default());
    let (ticket_secret, psk_key) = ([0x5c; 32], [0xa7; 32]);
    let provider = default_provider();
    let ticketer = RotatingTicketer::new(&provider, &ticket_secret, 3600).unwrap();
    let psk = ExternalPsk::new(b"id", SecretBytes::new(psk_key.to_vec()), PskHash::Sha256);
    let psk = Arc::new(psk.unwrap());
    let mut texts = Vec::new();
    for versions in [TLS12, BOTH] {
        let client = world
            .client_config()
            .versions(versions)
            .key_log(log.clone());
        let client = client.psk(Arc::clone(&psk)).build().unwrap();
        let sessions = RotatingTicketer::new(&provider, &ticket_secret, 3600)
            .map(Arc::new)
            .unwrap();
        let server = world
            .server_config()
            .versions(versions)
            .key_log(log.clone());
        let server = server
            .sessions(StatelessSessions::new(sessions))
            .build()
            .unwrap();
        texts.push(debugged(&(&client, &server)));
        let mut pair = Pair::new(client, server);
        // After each few hundred bytes.
        for _ in 0..40 {
            pair.client.run();
            pair.server.run();
            for to_server in [true, false] {
                let (from, to) = match to_server {
                    true => (&mut pair.client.output, &mut pair.server.input),
                    false => (&mut pair.server.output, &mut pair.client.input),
                };
                let len = from.len().min(200);
                to.extend(from.drain(..len));
            }
            let both = (&pair.client.connection, &pair.server.connection);
            texts.push(debugged(&both));
        }
        let (summary, _) = pair.handshake();
        texts.push(debugged(&summary));
        texts.push(debugged(&pair.client.connection.exporter().unwrap()));
        let sessions = std::mem::take(&mut pair.client.sessions);
        for session in &sessions {
            let secret = session.expose_secret().to_vec();
            log.0.lock().unwrap().push(secret);
            texts.push(debugged(session));
            texts.push(debugged(&session.to_bytes()));
        }
        assert!(!sessions.is_empty());
        texts.push(debugged(&pair.client.connection.into_split().unwrap()));
        texts.push(debugged(&pair.server.connection.into_split().unwrap()));
    }
    // Single values.
    let key = &world.server.1;
    let private = key.secret_der();
    texts.push(debugged(&super::common::rogue::credential(&world.server)));
    texts.push(debugged(&(&psk, &ticketer)));
    texts.push(debugged(&HashSecret::copied_from(&psk_key)));
    texts.push(debugged(&MasterSecret::copied_from(&[0xa7; 48])));
    let suite = super::common::rogue::suite();
    texts.push(debugged(&Early::new(suite.hash, Some(&psk_key))));

    let mut secrets = log.0.lock().unwrap().clone();
    assert!(secrets.len() > 10);
    secrets.push(ticket_secret.to_vec());
    secrets.push(psk_key.to_vec());
    secrets.push(private[private.len() - 32..].to_vec());
    // The seeds of all connections here.
    secrets.extend([vec![1; 32], vec![2; 32]]);
    for (i, text) in texts.iter().enumerate() {
        for secret in &secrets {
            assert!(!shows(text, secret), "text {i} shows {secret:?}: {text}");
        }
    }
}

/// Nothing in an error that a terminal, a log or a page takes for its own, and not more than so much.
#[track_caller]
fn harmless(error: &Error) {
    let texts = [
        (error.to_string(), 2048),
        (error.remedy().unwrap_or_default().into_owned(), 1024),
        (format!("{error:?}"), 16_384),
    ];
    for (text, most) in texts {
        let bad = |c: char| c.is_control() || ('\u{200e}'..='\u{202e}').contains(&c);
        assert!(!text.contains(bad), "{text:?}");
        assert!(text.len() <= most, "{} bytes: {text}", text.len());
    }
}

const ESCAPES: &str = "\x1b[2J\x1b]0;owned\x07\r\n\u{8}\u{202e}";

/// CVE-2025-58189 and CVE-2025-61729 (Go): errors held what the peer had sent, unescaped, so that it wrote
/// into logs and terminals, or at any length and a cost that grew with its square. No RFC asks for
/// it; here names in errors are escaped, cut and few.
#[test]
fn peer_text_in_errors() {
    let world = World::new();
    // A certificate for hundreds of other names, with a subject that clears screens.
    let mut params = server_params(&[]);
    params.distinguished_name.push(DnType::CommonName, ESCAPES);
    let names = (0..300).map(|i| {
        let name = format!("{i}.a-name-of-somebody-else.example");
        SanType::DnsName(name.try_into().unwrap())
    });
    params.subject_alt_names = names.collect();
    let many = world
        .pki
        .issue(&params, super::common::certs::KeyKind::EcdsaP256);
    // One that nobody knows the issuer of, whose name clears screens as well.
    let mut params = super::common::certs::ca_params("none");
    params
        .distinguished_name
        .push(DnType::OrganizationName, ESCAPES.repeat(50));
    let ca = super::common::certs::Ca::root_with(params, super::common::certs::KeyKind::EcdsaP256);
    let kind = super::common::certs::KeyKind::EcdsaP256;
    let (leaf, key) = ca.issue_for(&server_params(&["server.example"]), kind);
    let stranger = (vec![leaf], key);
    for (identity, alert) in [(&many, A::BAD_CERTIFICATE), (&stranger, A::UNKNOWN_CA)] {
        let mut rogue = Client::server(world.client_config().build().unwrap());
        rogue.server_hello(|_| ());
        rogue.encrypted_extensions(&[]);
        rogue.certificate(identity);
        let error = rogue.failed(Some(alert));
        harmless(&error);
        assert!(error.to_string().contains("\\1b"), "{error}");
        rogue.nothing_accepted();
        let mut rogue = Client12::server(rogue12::client_config(&world).build().unwrap());
        rogue.server_hello(|_| ());
        rogue.certificate(identity);
        rogue.key_exchange(identity);
        rogue.hello_done();
        harmless(&rogue.failed(Some(alert)));
    }
    // Protocols, names, suites and groups of a ClientHello; alerts.
    let evil = ESCAPES.as_bytes();
    let name = [&[0][..], &vec16(&[evil, b".example"].concat())].concat();
    let strict = {
        let credential = super::common::rogue::credential(&world.server);
        Arc::new(ServerCredentials::new(vec![Arc::new(credential)]).strict())
    };
    let config = || rogue12::newer_server(&world).alpn(["h2"]);
    let mut errors = Vec::new();
    let protocols = vec16(&vec8(&evil.repeat(9)));
    let mut rogue = Server::client(config().build().unwrap());
    rogue.client_hello(|h| h.set(X::ALPN, protocols.clone()));
    errors.push(rogue.failed(Some(A::NO_APPLICATION_PROTOCOL)));
    let mut rogue = Server12::client(config().build().unwrap());
    rogue.client_hello(|h| h.set(X::ALPN, protocols.clone()));
    errors.push(rogue.failed(Some(A::NO_APPLICATION_PROTOCOL)));
    let mut rogue = Server::client(config().credentials(strict.clone()).build().unwrap());
    rogue.client_hello(|h| h.set(X::SERVER_NAME, vec16(&name)));
    errors.push(rogue.failed(Some(A::UNRECOGNIZED_NAME)));
    let mut rogue = Server12::client(config().credentials(strict).build().unwrap());
    rogue.client_hello(|h| h.set(X::SERVER_NAME, vec16(&name)));
    errors.push(rogue.failed(Some(A::UNRECOGNIZED_NAME)));
    let mut rogue = Server::client(config().build().unwrap());
    rogue.client_hello(|h| h.suites = (0x2000..0x2f00).collect());
    errors.push(rogue.failed(Some(A::HANDSHAKE_FAILURE)));
    let mut rogue = Client::server(world.client_config().build().unwrap());
    rogue.plain(C::ALERT, &[2, 0x1b]);
    errors.push(rogue.failed(None));
    for error in &errors {
        harmless(error);
    }
}
