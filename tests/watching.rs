//! What can be taken out of a connection: exported keys, key logs, observations.

mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
}

use common::certs::{KeyKind, TestPki};
use common::pair::Pair;
use common::rogue::{World, credential};
use std::sync::{Arc, Mutex};
use symbolon::config::{
    ClientAuth, ClientConfigBuilder, Direction, KeyLog, Observation, Observer, ServerConfigBuilder,
};
use symbolon::error::Misuse;
use symbolon::pki::PathVerifier;
use symbolon::provider::RUSTCRYPTO;
use symbolon::record::Epoch;

fn defaults() -> (ClientConfigBuilder, ServerConfigBuilder) {
    let world = World::new();
    (world.client_config(), world.server_config())
}

fn pair(client: ClientConfigBuilder, server: ServerConfigBuilder) -> Pair {
    Pair::new(client.build().unwrap(), server.build().unwrap())
}

#[test]
fn exporters_and_bindings() {
    let (client, server) = defaults();
    let mut pair = pair(client, server);
    let mut out = [0; 32];
    let early = pair
        .client
        .connection
        .export_keying_material(b"label", Some(b""), &mut out);
    assert_eq!(early, Err(Misuse::HandshakeNotDone.into()));
    let (client, server) = pair.handshake();
    let export = |label: &[u8], context: &[u8], len: usize| {
        let (mut a, mut b) = (vec![0; len], vec![0; len]);
        let (ours, theirs) = (&pair.client.connection, &pair.server.connection);
        ours.export_keying_material(label, Some(context), &mut a)
            .unwrap();
        theirs
            .export_keying_material(label, Some(context), &mut b)
            .unwrap();
        assert_eq!(a, b);
        a
    };
    let mut all: Vec<_> = [
        export(b"EXPORTER-a", b"", 32),
        export(b"EXPORTER-b", b"", 32),
        export(b"EXPORTER-a", b"c", 32),
        export(b"EXPORTER-a", &[b'c'; 70_000], 32),
        export(b"EXPORTER-a", b"", 48),
        export(b"EXPORTER-Channel-Binding", b"", 32),
    ]
    .into();
    let binding = pair.client.connection.tls_exporter().unwrap();
    assert_eq!(all[5], binding);
    assert_eq!(pair.server.connection.tls_exporter(), Ok(binding));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 6);
    for (label, len) in [(&[b'x'; 250][..], 32), (b"", 32), (b"label", 255 * 32 + 1)] {
        let mut out = vec![0; len];
        let wrong = pair
            .client
            .connection
            .export_keying_material(label, Some(b""), &mut out);
        assert_eq!(
            wrong,
            Err(Misuse::BadExporterInput.into()),
            "{}",
            label.len()
        );
    }
    let end_point = client.tls_server_end_point().unwrap();
    assert_eq!(server.tls_server_end_point(), Ok(end_point));
    assert_eq!(end_point.as_bytes().len(), 32);
}

#[test]
fn a_certificate_that_is_signed_with_sha384_is_hashed_so() {
    let mut world = World::new();
    world.pki = TestPki::with_keys(KeyKind::EcdsaP384);
    world.server = world.pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let (client, server) = pair(world.client_config(), world.server_config()).handshake();
    let hash = RUSTCRYPTO.sha384.hash(&[&world.server.0[0]]);
    assert_eq!(client.tls_server_end_point(), Ok(hash));
    assert_eq!(server.tls_server_end_point(), Ok(hash));
}

#[derive(Debug, Default)]
struct Lines(Mutex<Vec<String>>);

impl KeyLog for Lines {
    fn log(&self, label: &'static str, client_random: &[u8; 32], secret: &[u8]) {
        let line = format!("{label} {client_random:02x?} {secret:02x?}");
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn key_logs_say_the_same_on_both_sides() {
    let logs = [Arc::new(Lines::default()), Arc::new(Lines::default())];
    let (client, server) = defaults();
    let mut pair = pair(
        client.key_log(logs[0].clone()),
        server.key_log(logs[1].clone()),
    );
    let (client, _) = pair.handshake();
    let [mut a, mut b] = logs.map(|log| log.0.lock().unwrap().clone());
    let random = format!("{:02x?}", client.client_random);
    assert!(a.iter().all(|line| line.contains(&random)));
    a.sort();
    b.sort();
    assert_eq!(a, b);
    let labels: Vec<_> = a.iter().map(|l| l.split(' ').next().unwrap()).collect();
    // RFC 9850.
    assert_eq!(
        labels,
        [
            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            "CLIENT_TRAFFIC_SECRET_0",
            "EXPORTER_SECRET",
            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            "SERVER_TRAFFIC_SECRET_0",
        ]
    );
}

#[derive(Debug, Default)]
struct Watcher(Mutex<Vec<String>>);

impl Observer for Watcher {
    fn observe(&self, observation: &Observation<'_>) {
        let way = |direction: &Direction| match direction {
            Direction::Sent => ">",
            Direction::Received => "<",
        };
        let level = |epoch: &Epoch| match epoch {
            Epoch::Plaintext => "p",
            Epoch::EarlyData => "e",
            Epoch::Handshake => "h",
            Epoch::Application => "a",
        };
        let line = match observation {
            Observation::Message {
                direction,
                epoch,
                kind,
                bytes,
                parsed,
            } => {
                assert_eq!(bytes[0], kind.0);
                assert!(parsed.is_some());
                format!("{} {} {kind}", way(direction), level(epoch))
            }
            Observation::ChangeCipherSpec { direction } => format!("{} ccs", way(direction)),
            Observation::KeyChange { direction, epoch } => {
                format!("{} keys {}", way(direction), level(epoch))
            }
            Observation::Alert {
                direction,
                epoch,
                description,
            } => format!("{} {} alert {description}", way(direction), level(epoch)),
            _ => panic!("something new"),
        };
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn observers_see_it_all_in_order() {
    let watchers = [Arc::new(Watcher::default()), Arc::new(Watcher::default())];
    let world = World::new();
    let auth = ClientAuth::Required(Arc::new(PathVerifier::new(world.pki.roots())));
    let mut pair = pair(
        world
            .client_config()
            .credential(credential(&world.client))
            .observer(watchers[0].clone()),
        world
            .server_config()
            .client_auth(auth)
            .observer(watchers[1].clone()),
    );
    pair.handshake();
    pair.client.connection.update_keys(true).unwrap();
    pair.client.send(b"x");
    pair.run();
    pair.client.connection.close();
    pair.client.connection.flush(&mut pair.client.output);
    pair.run();
    let [client, server] = watchers.map(|w| w.0.lock().unwrap().clone());
    let messages = |lines: &[String], way: &str| -> Vec<String> {
        let messages = lines
            .iter()
            .filter(|l| l.starts_with(way) && !l.contains("keys"));
        messages.map(|l| l[2..].to_owned()).collect()
    };
    let from_client = [
        "p ClientHello",
        "ccs",
        "h Certificate",
        "h CertificateVerify",
        "h Finished",
        "a KeyUpdate",
        "a alert close_notify",
    ];
    let from_server = [
        "p ServerHello",
        "ccs",
        "h EncryptedExtensions",
        "h CertificateRequest",
        "h Certificate",
        "h CertificateVerify",
        "h Finished",
        "a KeyUpdate",
    ];
    assert_eq!(messages(&client, ">"), from_client);
    assert_eq!(messages(&server, "<"), from_client);
    assert_eq!(messages(&server, ">"), from_server);
    assert_eq!(messages(&client, "<"), from_server);
    for lines in [&client, &server] {
        let keys: Vec<_> = lines.iter().filter(|l| l.contains("keys")).collect();
        let each = |way: &str| -> Vec<&str> {
            let lines = keys.iter().filter(|l| l.starts_with(way));
            lines.map(|l| &l[7..]).collect()
        };
        assert_eq!(each("> "), ["h", "a", "a"]);
        assert_eq!(each("< "), ["h", "a", "a"]);
    }
}
