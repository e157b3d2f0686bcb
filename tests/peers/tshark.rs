//! `tshark` reads a capture of our connections with the key log that they wrote.

use crate::common::certs::KeyKind;
use crate::common::pair::{End, Pair, now};
use crate::support::{Dir, NAME, Peer, Site, need};
use rustls_pki_types::ServerName;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use symbolon::codepoint::CipherSuite;
use symbolon::config::KeyLogFile;
use symbolon::conn::ClientConnection;

/// Writes a capture file of TCP connections between 10.0.0.1 and 10.0.0.2, port 443.
struct Capture {
    file: Vec<u8>,
    packets: u32,
}

/// One connection within a capture.
struct Tcp {
    client_port: u16,
    /// The next sequence numbers of client and server.
    next: [u32; 2],
}

const SYN: u8 = 0x02;
const ACK: u8 = 0x10;

impl Capture {
    fn new() -> Self {
        // Magic, version 2.4, no zone, no accuracy, longest packet, LINKTYPE_IPV4.
        let words = [0xa1b2_c3d4, 0x0002_0004, 0, 0, 0xffff, 228_u32];
        let file = words.iter().flat_map(|word| word.to_be_bytes()).collect();
        Self { file, packets: 0 }
    }

    fn open(&mut self, client_port: u16) -> Tcp {
        let mut tcp = Tcp {
            client_port,
            next: [1000, 5000],
        };
        self.segment(&tcp, true, SYN, &[]);
        tcp.next[0] += 1;
        self.segment(&tcp, false, SYN | ACK, &[]);
        tcp.next[1] += 1;
        self.segment(&tcp, true, ACK, &[]);
        tcp
    }

    fn data(&mut self, tcp: &mut Tcp, from_client: bool, bytes: &[u8]) {
        for part in bytes.chunks(1400) {
            self.segment(tcp, from_client, ACK, part);
            tcp.next[usize::from(!from_client)] += part.len() as u32;
        }
    }

    fn segment(&mut self, tcp: &Tcp, from_client: bool, flags: u8, payload: &[u8]) {
        let [client, server] = tcp.next;
        let acknowledged = |next| if flags & ACK == 0 { 0 } else { next };
        let (from, to, ports, sequence, other) = if from_client {
            (1, 2, [tcp.client_port, 443], client, acknowledged(server))
        } else {
            (2, 1, [443, tcp.client_port], server, acknowledged(client))
        };
        let length = 40 + payload.len();
        let mut packet = vec![0x45, 0];
        packet.extend((length as u16).to_be_bytes());
        // No fragment, 64 hops, TCP; checksums are not looked at.
        packet.extend([0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
        packet.extend(ports.iter().flat_map(|port| port.to_be_bytes()));
        packet.extend(sequence.to_be_bytes());
        packet.extend(other.to_be_bytes());
        packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend(payload);
        self.packets += 1;
        let seconds = 1_795_392_000 + self.packets;
        for word in [seconds, 0, length as u32, length as u32] {
            self.file.extend(word.to_be_bytes());
        }
        self.file.extend(packet);
    }
}

/// Carries everything to and fro, into the capture as well.
fn carry(pair: &mut Pair, capture: &mut Capture, tcp: &mut Tcp) {
    pair.client.run();
    while !(pair.client.output.is_empty() && pair.server.output.is_empty()) {
        let bytes = std::mem::take(&mut pair.client.output);
        capture.data(tcp, true, &bytes);
        pair.server.input.extend(bytes);
        pair.server.run();
        let bytes = std::mem::take(&mut pair.server.output);
        capture.data(tcp, false, &bytes);
        pair.client.input.extend(bytes);
        pair.client.run();
    }
    assert_eq!((&pair.client.failed, &pair.server.failed), (&None, &None));
}

fn update(client: &mut End<ClientConnection>) {
    client.connection.update_keys(true).unwrap();
    client.connection.flush(&mut client.output);
}

/// What `tshark` makes of these fields, a line for each packet that has the first.
fn fields(dir: &Dir, tshark: &Path, log: &str, names: &[&str]) -> Vec<String> {
    let log = format!("tls.keylog_file:{log}");
    let mut args = vec![
        "-n",
        "-r",
        "capture.pcap",
        "-o",
        &log,
        "-Y",
        names[0],
        "-T",
        "fields",
    ];
    for name in names {
        args.extend(["-e", name]);
    }
    let mut peer = Peer::start_with_stdin(dir, tshark, &args, Stdio::null());
    assert!(peer.exit().success());
    let output = String::from_utf8(peer.output()).expect("text");
    output.lines().map(str::to_owned).collect()
}

#[test]
fn the_key_log_opens_every_record() {
    let tshark = need!("tshark");
    let site = Site::new();
    let log = site.dir.file("keys.log");
    let keys = Arc::new(KeyLogFile::open(&log).unwrap());
    let mut capture = Capture::new();
    let suites = [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        CipherSuite::TLS_AES_128_CCM_SHA256,
        CipherSuite::TLS_AES_128_CCM_8_SHA256,
    ];
    for (i, suite) in (0..).zip(suites) {
        let client = site.client().cipher_suites(&[suite]);
        let client = client.key_log(keys.clone()).build().unwrap();
        let server = site.our_server(KeyKind::EcdsaP256).cipher_suites(&[suite]);
        let mut pair = Pair::to(NAME, client.clone(), server.build().unwrap());
        // Each with a client random of its own, by which the log names connections.
        let name = ServerName::try_from(NAME).unwrap();
        let connection = ClientConnection::new(client, name, [i as u8 + 10; 32], now());
        pair.client = End::new(connection.unwrap());
        let mut tcp = capture.open(50_000 + i);
        carry(&mut pair, &mut capture, &mut tcp);
        for page in ["first", "second"] {
            let request = format!("GET /{page}-{i} HTTP/1.1\r\nHost: localhost\r\n\r\n");
            pair.client.send(request.as_bytes());
            carry(&mut pair, &mut capture, &mut tcp);
            let answer =
                format!("HTTP/1.1 200 OK\r\nServer: {page}-{i}\r\nContent-Length: 0\r\n\r\n");
            pair.server.send(answer.as_bytes());
            carry(&mut pair, &mut capture, &mut tcp);
            update(&mut pair.client);
            carry(&mut pair, &mut capture, &mut tcp);
        }
        pair.client.connection.close();
        pair.client.connection.flush(&mut pair.client.output);
        carry(&mut pair, &mut capture, &mut tcp);
    }
    site.dir.write("capture.pcap", &capture.file);

    let expect = |prefix: &str| -> Vec<String> {
        (0..suites.len())
            .flat_map(|i| [format!("{prefix}first-{i}"), format!("{prefix}second-{i}")])
            .collect()
    };
    assert_eq!(
        fields(&site.dir, &tshark, &log, &["http.request.uri"]),
        expect("/")
    );
    assert_eq!(
        fields(&site.dir, &tshark, &log, &["http.server"]),
        expect("")
    );
    let types: BTreeSet<u8> = fields(&site.dir, &tshark, &log, &["tls.handshake.type"])
        .iter()
        .flat_map(|line| line.split(','))
        .map(|number| number.parse().expect("a number"))
        .collect();
    // EncryptedExtensions, Certificate, CertificateVerify, Finished and KeyUpdate are seen only
    // where records were decrypted.
    assert_eq!(types, BTreeSet::from([1, 2, 8, 11, 15, 20, 24]));

    let text = std::fs::read_to_string(&log).unwrap();
    let labels: BTreeSet<&str> = text.lines().filter_map(|l| l.split(' ').next()).collect();
    let known = [
        "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        "CLIENT_TRAFFIC_SECRET_0",
        "SERVER_TRAFFIC_SECRET_0",
        "EXPORTER_SECRET",
    ];
    assert_eq!(labels, BTreeSet::from(known));
}

#[test]
fn without_the_key_log_nothing_is_read() {
    let tshark = need!("tshark");
    let site = Site::new();
    let client = site.client().build().unwrap();
    let server = site.our_server(KeyKind::EcdsaP256).build().unwrap();
    let mut pair = Pair::to(NAME, client, server);
    let mut capture = Capture::new();
    let mut tcp = capture.open(50_000);
    carry(&mut pair, &mut capture, &mut tcp);
    pair.client.send(b"GET /secret HTTP/1.1\r\n\r\n");
    carry(&mut pair, &mut capture, &mut tcp);
    site.dir.write("capture.pcap", &capture.file);
    let log = site.dir.write("keys.log", "");
    let none: [String; 0] = [];
    assert_eq!(
        fields(&site.dir, &tshark, &log, &["http.request.uri"]),
        none
    );
    assert_eq!(
        fields(&site.dir, &tshark, &log, &["tls.handshake.type"]),
        ["1", "2"]
    );
}
