//! The key schedule of TLS 1.2 against vectors, and connections of OpenSSL's: every secret, key and
//! verify_data computed again, every record opened and sealed.

#[path = "common/vectors.rs"]
mod vectors;

use symbolon::codepoint::{CipherSuite, ContentType, HandshakeType};
use symbolon::crypto::{Hash, HashOutput, SharedSecret, SuiteAuth, Tls12Suite};
use symbolon::keys::Transcript;
use symbolon::keys::tls12::{
    KeyBlock, MasterSecret, Prf, Randoms, export, extended_master_secret, finished, master_secret,
};
use symbolon::provider::RUSTCRYPTO;
use symbolon::provider::rustcrypto::hash::{SHA256, SHA384, SHA512};
use symbolon::record::{MAX_PLAINTEXT, Opener, Sealer};
use symbolon::wire::hello::{ClientHello, ServerHello};
use symbolon::wire::tls12::{Certificate, ServerKeyExchange};
use vectors::{Section, Vectors};

fn hash(name: &str) -> &'static dyn Hash {
    match name {
        "sha256" => SHA256,
        "sha384" => SHA384,
        "sha512" => SHA512,
        other => panic!("{other}"),
    }
}

fn suite(name: CipherSuite) -> &'static Tls12Suite {
    let suites = RUSTCRYPTO.tls12_suites;
    suites.iter().copied().find(|s| s.name == name).unwrap()
}

fn random<'a>(section: &'a Section, key: &str) -> &'a [u8; 32] {
    section.get(key).try_into().unwrap()
}

#[test]
fn the_prf() {
    let file = Vectors::load("tls12-prf.txt");
    let mut seen = 0;
    for section in &file.sections {
        let Some(name) = section.name.strip_prefix("prf ") else {
            continue;
        };
        let expected = section.get("output");
        let (secret, label) = (section.get("secret"), section.get("label"));
        let seed = section.get("seed");
        let prf = Prf::new(hash(name), secret);
        // A shorter output is the beginning of a longer one, and a seed may come in parts.
        for len in [0, 1, 31, 32, 33, 64, expected.len()] {
            let mut out = vec![0; len];
            prf.fill(label, &[seed], &mut out);
            assert_eq!(out, expected[..len], "{name}");
            let (a, b) = seed.split_at(5);
            prf.fill(label, &[a, &[], b], &mut out);
            assert_eq!(out, expected[..len], "{name}");
        }
        seen += 1;
    }
    assert_eq!(seen, 3);
}

#[test]
fn the_schedule() {
    let file = Vectors::load("tls12-prf.txt");
    let mut seen = 0;
    for section in &file.sections {
        let Some(name) = section.name.strip_prefix("schedule ") else {
            continue;
        };
        let suite = suite(CipherSuite(u16::from_str_radix(name, 16).unwrap()));
        let shared = SharedSecret::copied_from(section.get("shared")).unwrap();
        let randoms = Randoms {
            client: random(section, "client_random"),
            server: random(section, "server_random"),
        };
        let older = master_secret(suite.hash, shared.expose(), randoms);
        assert_eq!(older.expose(), section.get("master"));
        let session_hash = HashOutput::new(section.get("session_hash"));
        let master = extended_master_secret(suite.hash, shared.expose(), &session_hash);
        assert_eq!(master.expose(), section.get("extended_master"));
        let keys = KeyBlock::new(suite, &Prf::new(suite.hash, master.expose()), randoms);
        let (key, iv) = keys.write_key(true);
        assert_eq!(
            (key, iv),
            (section.get("client_key"), section.get("client_iv"))
        );
        let (key, iv) = keys.write_key(false);
        assert_eq!(
            (key, iv),
            (section.get("server_key"), section.get("server_iv"))
        );
        let transcript = HashOutput::new(section.get("transcript"));
        let ours = finished(&Prf::new(suite.hash, master.expose()), true, &transcript);
        assert_eq!(ours, section.get("client_verify_data"));
        let ours = finished(&Prf::new(suite.hash, master.expose()), false, &transcript);
        assert_eq!(ours, section.get("server_verify_data"));
        let label = section.get("label");
        let context = section.get("context");
        let len = u16::try_from(context.len()).unwrap();
        for (context, expected) in [
            (None, "exported"),
            (Some((&[][..], 0)), "exported_empty"),
            (Some((context, len)), "exported_context"),
        ] {
            let mut out = [0; 40];
            let master = Prf::new(suite.hash, master.expose());
            export(&master, randoms, label, context, &mut out);
            assert_eq!(out, section.get(expected));
        }
        seen += 1;
    }
    assert_eq!(seen, 4);
}

/// The PRF of a connection's master secret.
fn prf_of(suite: &Tls12Suite, master: Option<&MasterSecret>) -> Prf {
    Prf::new(suite.hash, master.unwrap().expose())
}

/// Reads a recorded connection from its beginning to its end; how many protected records it has.
fn follow(trace: &Vectors) -> usize {
    let message = |name: &str| &trace.find(name).get("message")[4..];
    let client = ClientHello::parse(message("client message ClientHello")).unwrap();
    let server = ServerHello::parse(message("server message ServerHello")).unwrap();
    let suite = suite(server.cipher_suite);
    let randoms = Randoms {
        client: client.random,
        server: server.random,
    };
    let mut transcript = Transcript::new(suite.hash);
    let mut master = None;
    let mut keys = [const { None }, const { None }];
    let mut protected = 0;
    for section in &trace.sections {
        let (side, what) = section.name.split_once(' ').unwrap();
        let side = usize::from(side == "server");
        if what == "master" {
            let current = transcript.current();
            assert_eq!(current.as_bytes(), section.get("session_hash"));
            let shared = SharedSecret::copied_from(section.get("shared")).unwrap();
            let ours = extended_master_secret(suite.hash, shared.expose(), &current);
            assert_eq!(ours.expose(), section.get("master"));
            master = Some(ours);
        } else if what == "key-block" {
            let block = KeyBlock::new(suite, &prf_of(suite, master.as_ref()), randoms);
            for (by_client, side) in [(true, "client"), (false, "server")] {
                let (key, iv) = block.write_key(by_client);
                assert_eq!(key, section.get(&format!("{side}_key")));
                assert_eq!(iv, section.get(&format!("{side}_iv")));
            }
        } else if what == "finished" {
            let current = transcript.current();
            assert_eq!(current.as_bytes(), section.get("hash"));
            let ours = finished(&prf_of(suite, master.as_ref()), side == 0, &current);
            assert_eq!(ours, section.get("verify_data"));
            let message = [&[HandshakeType::FINISHED.0, 0, 0, 12][..], &ours].concat();
            let sides = ["client", "server"][side];
            let sent = trace.value(&format!("{sides} message Finished"), "message");
            assert_eq!(message, sent);
        } else if let Some(name) = what.strip_prefix("message ") {
            transcript.add(section.get("message"));
            if name == "ServerKeyExchange" {
                let body = &section.get("message")[4..];
                check_signature(trace, suite, randoms, body);
            }
        } else if what.starts_with("record ") {
            if let Some((opener, sealer)) = &mut keys[side] {
                record(suite, section, opener, sealer);
                protected += 1;
                continue;
            }
            assert_eq!(section.get("record")[5..], *section.get("payload"));
            if what == "record change_cipher_spec" {
                let block = KeyBlock::new(suite, &prf_of(suite, master.as_ref()), randoms);
                let key = block.write_key(side == 0);
                let opener = Opener::tls12(suite, key).unwrap();
                keys[side] = Some((opener, Sealer::tls12(suite, key, u64::MAX).unwrap()));
            }
        }
    }
    protected
}

/// The signature of ServerKeyExchange is of the randoms and parameters, by the certificate's key.
fn check_signature(trace: &Vectors, suite: &Tls12Suite, randoms: Randoms<'_>, body: &[u8]) {
    let exchange = ServerKeyExchange::parse(body).unwrap();
    assert!(suite.auth.fits(exchange.scheme));
    let certificate = &trace.find("server message Certificate").get("message")[4..];
    let list = Certificate::parse(certificate).unwrap().entries;
    let leaf = list.iter().next().unwrap();
    let leaf = symbolon::pki::Certificate::parse(leaf.0).unwrap();
    let content = [randoms.client, randoms.server, exchange.params].concat();
    let schemes = RUSTCRYPTO.verify.schemes;
    let known = schemes.iter().find(|(name, _)| *name == exchange.scheme);
    let (_, algorithms) = known.unwrap();
    let mut verified = algorithms
        .iter()
        .map(|algorithm| leaf.verify_signature(*algorithm, &content, exchange.signature));
    assert!(verified.any(|result| result.is_ok()));
    let public = trace
        .sections
        .iter()
        .find(|s| s.name.starts_with("server key-pair"));
    assert_eq!(exchange.public, public.unwrap().get("public"));
}

/// Opens a record, and seals it again.
fn record(suite: &Tls12Suite, section: &Section, opener: &mut Opener, sealer: &mut Sealer) {
    let (record, payload) = (section.get("record"), section.get("payload"));
    let (header, body) = record.split_first_chunk::<5>().unwrap();
    let mut opened = body.to_vec();
    let count = opener.count();
    let inside = opener.open(header, &mut opened, MAX_PLAINTEXT).unwrap();
    assert_eq!(inside.content_type, ContentType(header[0]));
    let content = &opened[inside.start..inside.start + inside.len];
    assert_eq!(content, payload, "{}", section.name);
    // The same bytes, but for the explicit nonce: OpenSSL's begins anywhere, ours with the number.
    let front = sealer.front_len();
    assert_eq!(front, if suite.explicit_nonce { 8 } else { 0 });
    let mut sealed = vec![0; body.len()];
    sealed[front..front + payload.len()].copy_from_slice(payload);
    sealer.seal(header, &mut sealed).unwrap();
    match suite.explicit_nonce {
        false => assert_eq!(sealed, body),
        true => assert_eq!(sealed[..8], count.to_be_bytes()),
    }
}

const CONNECTIONS: [(&str, u16, SuiteAuth); 3] = [
    ("tls12-openssl-ecdsa.txt", 0xc02b, SuiteAuth::Ecdsa),
    ("tls12-openssl-client-auth.txt", 0xc030, SuiteAuth::Rsa),
    ("tls12-openssl-chacha.txt", 0xcca8, SuiteAuth::Rsa),
];

#[test]
fn connections_of_openssl() {
    for (file, name, auth) in CONNECTIONS {
        let trace = Vectors::load(file);
        assert_eq!(suite(CipherSuite(name)).auth, auth);
        let hello = &trace.value("server message ServerHello", "message")[4..];
        assert_eq!(ServerHello::parse(hello).unwrap().cipher_suite.0, name);
        // Both Finished, data and close_notify of each side.
        assert_eq!(follow(&trace), 6, "{file}");
    }
}

#[test]
fn a_changed_bit_is_noticed_wherever_it_is() {
    for (file, ..) in CONNECTIONS {
        let trace = Vectors::load(file);
        for (i, section) in trace.sections.iter().enumerate() {
            for (j, (key, _)) in section.values.iter().enumerate() {
                let seen = !section.name.contains(" key-pair ") || key == "public";
                let of_client = section.name.starts_with("client key-pair");
                if !seen || of_client {
                    continue;
                }
                let mut changed = trace.clone();
                *changed.sections[i].values[j].1.last_mut().unwrap() ^= 1;
                let result = std::panic::catch_unwind(|| follow(&changed));
                assert!(result.is_err(), "{file} [{}] {key}", section.name);
            }
        }
    }
}

#[test]
fn master_secrets_are_of_48_bytes() {
    let shared = SharedSecret::copied_from(&[7; 66]).unwrap();
    let hash = HashOutput::new(&[1; 48]);
    let master: MasterSecret = extended_master_secret(SHA384, shared.expose(), &hash);
    assert_eq!(master.expose().len(), 48);
}
