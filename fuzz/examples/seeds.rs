//! Writes the seed corpora: `cargo run --example seeds --no-default-features` in `fuzz/`.
//!
//! Whatever it writes follows from the code and the certificates alone, so that running it again
//! changes a file only where the library's own bytes have changed.

use std::fs;
use std::path::Path;
use symbolon::conn::{ClientConnection, Connection, Event, ServerConnection};
use symbolon::wire::{HANDSHAKE_HEADER_LEN, HandshakeHeader};
use symbolon_fuzz::{
    LEAF, LEAF_KEY, Options, PARSERS, ROOT, client_connection, pem, server_connection, with_retry,
};

fn main() {
    for (label, options) in [
        ("plain", 0),
        ("narrow", Options::NARROW | Options::PIECES),
        ("grease", Options::GREASE),
        ("transparent", Options::TRANSPARENT),
        (
            "transparent-auth",
            Options::TRANSPARENT | Options::CLIENT_AUTH,
        ),
        (
            "transparent-ask",
            Options::TRANSPARENT | Options::CLIENT_AUTH | Options::ASK,
        ),
        ("transparent-grease", Options::TRANSPARENT | Options::GREASE),
        ("sessions", Options::SESSIONS),
        (
            "transparent-sessions",
            Options::SESSIONS | Options::TRANSPARENT,
        ),
        (
            "transparent-sessions-ask",
            Options::SESSIONS | Options::TRANSPARENT | Options::ASK,
        ),
        (
            "transparent-psk",
            Options::SESSIONS | Options::TRANSPARENT | Options::GREASE,
        ),
        (
            "psk-ask",
            Options::SESSIONS | Options::GREASE | Options::ASK,
        ),
        (
            "sessions12",
            Options::SESSIONS | Options::TLS12 | Options::TRANSPARENT,
        ),
        (
            "psk12",
            Options::SESSIONS | Options::TLS12 | Options::TRANSPARENT | Options::GREASE,
        ),
        ("plain12", Options::TLS12),
        ("transparent12", Options::TRANSPARENT | Options::TLS12),
        (
            "auth12",
            Options::TLS12 | Options::CLIENT_AUTH | Options::TRANSPARENT,
        ),
        (
            "ask12",
            Options::TLS12 | Options::TRANSPARENT | Options::CLIENT_AUTH | Options::ASK,
        ),
    ] {
        let pair = (
            client_connection(Options(options)),
            server_connection(Options(options)),
        );
        let (to_server, to_client) = handshake(options, pair);
        let with_options = |bytes: &[u8]| [&[options], bytes].concat();
        save("client", label, &with_options(&to_client));
        save("server", label, &with_options(&to_server));
        // Protected records look alike; a plain start and a whole stream are enough.
        save("deframer", label, &[&[3], &to_client[..]].concat());
        match label {
            "transparent-auth" => save_messages("", &[to_server, to_client]),
            "auth12" => save_messages("12", &[to_server, to_client]),
            _ => {}
        }
    }
    // The other half of these isn't what the target's other end would send.
    let options = Options::TRANSPARENT;
    let (_, to_client) = handshake(options, with_retry(Options(options), false));
    save(
        "client",
        "transparent-retry",
        &[&[options], &to_client[..]].concat(),
    );
    let (to_server, _) = handshake(options, with_retry(Options(options), true));
    save(
        "server",
        "transparent-retry",
        &[&[options], &to_server[..]].concat(),
    );
    save("handshake_messages", "key_update", &[9, 1]);
    save("handshake_messages", "alert", &[10, 2, 40]);
    let ticket = b"\x08\0\0\x1c\x20\x12\x34\x56\x78\x01\0\0\x04tick\0\x08\0\x2a\0\x04\0\0\x40\0";
    save("handshake_messages", "new_session_ticket", ticket);

    // Each suite, with additional data as long as TLS has it, around the sizes that the kernels work in.
    for (suite, name) in [(0, "aes128gcm"), (1, "aes256gcm"), (2, "chacha20")] {
        for len in [0, 1, 64, 257, 385, 600] {
            let head = [suite + 3 * 5, 77];
            let bytes: Vec<u8> = head
                .into_iter()
                .chain((0..49 + len).map(|at| at as u8))
                .collect();
            save("aead", &format!("{name}-{len}"), &bytes);
        }
    }
    for (target, name, bytes) in symbolon_fuzz::seeds() {
        save(target, name, &bytes);
    }
    save("certificate", "root", ROOT);
    save("certificate", "leaf", LEAF);
    let rsa = include_bytes!("../../tests/data/rsa-2048.pk8.der");
    let pair = pem("CERTIFICATE", LEAF) + &pem("PRIVATE KEY", LEAF_KEY);
    save("pem", "pair", pair.as_bytes());
    save("pem", "key", pem("PRIVATE KEY", LEAF_KEY).as_bytes());
    save("pem", "rsa", pem("PRIVATE KEY", rsa).as_bytes());
    // ECPrivateKey lies inside of PKCS#8 after version, algorithm and the header of an OCTET STRING.
    let sec1 = &LEAF_KEY[29..];
    save("pem", "sec1", pem("EC PRIVATE KEY", sec1).as_bytes());
    // Likewise RSAPrivateKey.
    save(
        "pem",
        "pkcs1",
        pem("RSA PRIVATE KEY", &rsa[26..]).as_bytes(),
    );

    let tls13 = [
        &[3, 0, 5][..],
        b"tick!",
        &[32],
        &[7; 32],
        &[1, 2, 3, 4],
        &[0, 0, 64, 0],
    ]
    .concat();
    let tls12 = [&[2, 0, 0, 32][..], &[5; 32], &[48], &[7; 48], &[1]].concat();
    save(
        "saved_session",
        "tls13",
        &saved_session(&[LEAF, ROOT], &tls13),
    );
    save("saved_session", "tls12", &saved_session(&[LEAF], &tls12));
    save("saved_session", "psk", &saved_session(&[], &tls13));
    save_extensions();
    save_differences();
    // In pieces of one, two and five bytes.
    let two = b"\x01\0\0\x03abc\x14\0\0\0\x0b\0\x01\0";
    save(
        "joiner",
        "two_and_a_part",
        &[&[2, 1, 2, 5], &two[..]].concat(),
    );
    for choice in 0..8 {
        save("client_hello_rustls", &format!("good-{choice}"), &[choice]);
        save("server_hello_rustls", &format!("good-{choice}"), &[choice]);
    }
    // The second ClientHello has another session ID.
    save("client_hello_rustls", "second", &[6, 0xff, 3, 2, 2, 1, 9]);
    // The ServerHello after a HelloRetryRequest has another suite.
    save("server_hello_rustls", "second", &[1, 0xff, 3, 3, 2, 1, 1]);
    save("private_key", "pkcs8", &[&[0], LEAF_KEY].concat());
    save("private_key", "sec1", &[&[1], sec1].concat());
    save("private_key", "rsa", &[&[0], &rsa[..]].concat());
    save("private_key", "pkcs1", &[&[2], &rsa[26..]].concat());
}

/// Contents of extensions, in the messages that may have them.
fn save_extensions() {
    let hello: &[(u8, &[u8])] = &[
        (0, b"\0\x11\0\0\x0eserver.example"),
        (2, b"\x01\0\0\0\0"),
        (3, b"\0\x04\0\x1d\0\x17"),
        (4, b"\x01\0"),
        (5, b"\0\x04\x04\x03\x08\x07"),
        (8, b"\0\x03\x02h2"),
        (15, b"\x02\0"),
        (
            18,
            b"\0\x0a\0\x04tick\0\0\0\0\0\x21\x20aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ),
        (20, b"\x04\x03\x04\x03\x03"),
        (21, b"\0\x01c"),
        (22, b"\x01\x01"),
        (23, b"\0\x03\0\x01n"),
        (27, b"\0\x05\0\x1d\0\x01k"),
    ];
    let others: &[(u8, u8, &[u8])] = &[
        (1, 27, b"\0\x1d\0\x01k"),
        (1, 18, b"\0\0"),
        (2, 27, b"\0\x17"),
        (2, 21, b"\0\x01c"),
        (3, 8, b"\0\x03\x02h2"),
        (3, 31, b"\0"),
        (4, 3, b"\0\x02\0\x1d"),
        (4, 15, b"\x40\x01"),
        (5, 5, b"\0\x02\x04\x03"),
        (5, 24, b"\0\0"),
        (6, 2, b"\x01\0\0\x01r"),
        (6, 9, b"\0\x03\0\x01s"),
        (7, 19, b"\0\0\x40\0"),
    ];
    let hello = hello.iter().map(|(kind, data)| (0, *kind, *data));
    for (message, kind, data) in hello.chain(others.iter().copied()) {
        let input = [&[message, kind], data].concat();
        save("extension", &format!("{message}-{kind}"), &input);
    }
}

/// A session as `Session::to_bytes` writes it, of a server with these certificates.
fn saved_session(chain: &[&[u8]], resume: &[u8]) -> Vec<u8> {
    let long = |bytes: &[u8]| {
        let len = u32::try_from(bytes.len()).expect("it is short");
        [&len.to_be_bytes()[1..], bytes].concat()
    };
    let chain: Vec<_> = chain.iter().flat_map(|der| long(der)).collect();
    let now = symbolon_fuzz::NOW.as_secs().to_be_bytes();
    let mut bytes = b"SYMBSESS\0\x01\0\x0eserver.example".to_vec();
    bytes.extend([3; 32]);
    bytes.extend(b"\x02h2");
    bytes.extend(now.repeat(2));
    bytes.extend([0, 0, 0x1c, 0x20, 0x13, 0x01]);
    bytes.extend(long(&chain));
    bytes.extend(resume);
    assert!(symbolon::config::Session::from_bytes(&bytes).is_ok());
    bytes
}

/// The messages in what both sides sent, for the parsers whose names end like this, if there is one.
fn save_messages(version: &str, streams: &[Vec<u8>]) {
    for (kind, body) in streams.iter().flat_map(|stream| messages(stream)) {
        let kind = kind.to_lowercase() + version;
        let of_kind = |(name, _): &(&str, _)| name.replace('_', "") == kind;
        if let Some(at) = PARSERS.iter().position(of_kind) {
            let selector = u8::try_from(at).expect("there are few");
            let input = [&[selector], &body[..]].concat();
            save("handshake_messages", PARSERS[at].0, &input);
        }
    }
}

/// What is known to differ from rustls, to be read.
fn save_differences() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("DIFFERENCES.md");
    fs::write(path, symbolon_fuzz::differences()).expect("the file can be written");
}

fn save(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    fs::create_dir_all(&folder).expect("the folder can be made");
    fs::write(folder.join(name), bytes).expect("the file can be written");
}

/// What client and server send each other in a handshake with data, new keys and an end.
fn handshake(
    options: u8,
    (mut client, mut server): (ClientConnection, ServerConnection),
) -> (Vec<u8>, Vec<u8>) {
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    let (mut server_read, mut client_read) = (0, 0);
    if client.early_data_room() > 0 {
        // All of it, as the target does.
        let early = vec![1; client.early_data_room()];
        let sent = client.send_early_data(&early, &mut to_server);
        assert_eq!(sent.expect("there is room").taken, early.len());
    }
    let mut turn = |to_server: &mut Vec<u8>, to_client: &mut Vec<u8>| {
        for _ in 0..4 {
            run(&mut client, to_client, &mut client_read, to_server, options);
            run(&mut server, to_server, &mut server_read, to_client, options);
        }
        (client.is_handshaking() || server.is_handshaking()).then(|| panic!("no handshake"));
    };
    turn(&mut to_server, &mut to_client);
    client.send(b"ping", &mut to_server).expect("it is done");
    server.send(b"pong", &mut to_client).expect("it is done");
    // There is none in TLS 1.2.
    if options & Options::TLS12 == 0 {
        client.update_keys(true).expect("it is done");
    }
    (to_server, to_client)
}

fn run(
    connection: &mut impl Connection,
    input: &mut [u8],
    read: &mut usize,
    output: &mut Vec<u8>,
    options: u8,
) {
    let mut copy = input.to_vec();
    loop {
        let received = connection.receive(&mut copy[*read..], output);
        *read += received.consumed;
        match received.event {
            Event::NeedInput { .. } | Event::Closed(_) => return,
            Event::Ask(request) => connection
                .answer(symbolon_fuzz::answer(request, Options(options)))
                .expect("it fits"),
            Event::Failed(error) => panic!("{error}"),
            _ => {}
        }
    }
}

/// The handshake messages in a stream whose protected records are in clear, with their types' names.
fn messages(mut stream: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    while let Some((header, rest)) = stream.split_first_chunk::<5>() {
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let (body, rest) = rest.split_at(len);
        match header[0] {
            22 => bytes.extend_from_slice(body),
            // Content, its type, and a tag.
            23 => {
                if let [content @ .., 22] = &body[..len - 16] {
                    bytes.extend_from_slice(content);
                }
            }
            _ => {}
        }
        stream = rest;
    }
    let mut out = Vec::new();
    let mut rest = &bytes[..];
    while let Some((header, body)) = rest.split_first_chunk::<HANDSHAKE_HEADER_LEN>() {
        let header = HandshakeHeader::parse(header);
        let (body, tail) = body.split_at(usize::try_from(header.length).expect("it is short"));
        out.push((header.kind.to_string(), body.to_vec()));
        rest = tail;
    }
    out
}
