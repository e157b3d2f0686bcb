//! The files of `vectors/` are in the form that `vectors/README.md` describes, and what they hold
//! fits together: record headers, handshake headers and payloads agree on their lengths.

#[path = "common/vectors.rs"]
mod vectors;

use vectors::{Section, Vectors};

const TRACES: [&str; 5] = [
    "rfc8448-1rtt.txt",
    "rfc8448-resumed-0rtt.txt",
    "rfc8448-hrr.txt",
    "rfc8448-client-auth.txt",
    "rfc8448-compat.txt",
];

fn sides<'a>(trace: &'a Vectors, side: &'a str) -> impl Iterator<Item = &'a Section> {
    trace.sections.iter().filter(move |s| s.side() == side)
}

/// Splits a flight into handshake messages by their own length fields.
fn messages(mut flight: &[u8]) -> Vec<&[u8]> {
    let mut found = Vec::new();
    while !flight.is_empty() {
        let [_, a, b, c, ..] = flight else {
            panic!("a cut handshake header")
        };
        let body = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let (message, rest) = flight.split_at(4 + body);
        found.push(message);
        flight = rest;
    }
    found
}

#[test]
fn every_file_parses_and_is_listed() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".txt") {
            assert!(!Vectors::load(&name).sections.is_empty(), "{name} is empty");
            assert!(
                readme.contains(&format!("`{name}`")),
                "{name} isn't in the README"
            );
            files += 1;
        }
    }
    assert_eq!(files, 18);
}

#[test]
fn records_and_their_headers_agree() {
    for file in TRACES {
        let trace = Vectors::load(file);
        let mut seen = 0;
        for step in trace
            .sections
            .iter()
            .filter(|s| s.name.contains(" record "))
        {
            let (payload, record) = (step.get("payload"), step.get("record"));
            let [kind, 3, _, high, low, fragment @ ..] = record else {
                panic!("{file} [{}]: no record header", step.name)
            };
            assert_eq!(
                usize::from(u16::from_be_bytes([*high, *low])),
                fragment.len()
            );
            match kind {
                // Content type and AEAD tag come on top; the traces have no padding.
                23 => assert_eq!(
                    fragment.len(),
                    payload.len() + 1 + 16,
                    "{file} [{}]",
                    step.name
                ),
                20 | 22 => assert_eq!(fragment, payload, "{file} [{}]", step.name),
                other => panic!("{file}: record type {other}"),
            }
            seen += 1;
        }
        assert!(seen >= 6, "{file} has {seen} records only");
    }
}

#[test]
fn handshake_records_carry_the_messages() {
    for file in TRACES {
        let trace = Vectors::load(file);
        for side in ["client", "server"] {
            // The 0-RTT ClientHello stands there without its binders: its record has it whole.
            let built: Vec<&[u8]> = sides(&trace, side)
                .filter(|s| s.name.contains(" message "))
                .filter_map(|s| s.values.iter().find(|(k, _)| k == "message"))
                .map(|(_, m)| m.as_slice())
                .collect();
            let mut sent: Vec<&[u8]> = sides(&trace, side)
                .filter(|s| s.name.ends_with(" record handshake"))
                .flat_map(|s| messages(s.get("payload")))
                .collect();
            if trace.named("client binder").count() == 1 && side == "client" {
                let binder = trace.find("client binder");
                let hello = sent.remove(0);
                let rest = hello.strip_prefix(binder.get("truncated")).unwrap();
                assert_eq!(
                    rest.strip_prefix(&[0, 33, 32]).unwrap(),
                    binder.get("finished")
                );
            }
            assert_eq!(built, sent, "{file}, {side}");
        }
    }
}

#[test]
fn equal_steps_have_a_step_to_be_equal_to() {
    for file in TRACES {
        let trace = Vectors::load(file);
        for (at, step) in trace
            .sections
            .iter()
            .enumerate()
            .filter(|(_, s)| s.same_as_peer())
        {
            let (peer, rest) = match step.name.split_once(' ').unwrap() {
                ("client", rest) => ("server", rest),
                (_, rest) => ("client", rest),
            };
            let rest = match rest.rsplit_once(' ') {
                Some((keys, "read")) => format!("{keys} write"),
                Some((keys, "write")) => format!("{keys} read"),
                _ => rest.to_owned(),
            };
            let name = format!("{peer} {rest}");
            let earlier = trace.sections[..at]
                .iter()
                .any(|s| s.name == name && !s.same_as_peer());
            assert!(earlier, "{file}: [{}] has no [{name}] before it", step.name);
        }
    }
}

#[test]
fn the_parser_refuses_what_the_form_forbids() {
    let good = "# c\n[a b]\nk = 00\n  ff0a\ne =\n\n[a b]\n";
    let read = Vectors::parse(good).unwrap();
    assert_eq!(read.named("a b").count(), 2);
    assert_eq!(read.value("a b", "k"), [0, 0xff, 0x0a]);
    assert_eq!(read.value("a b", "e"), []);
    assert!(read.sections[1].same_as_peer());
    for (bad, why) in [
        ("k = 00\n", "line 1: before any section"),
        ("[a]\nk = 0\n", "line 2: not hexadecimal"),
        ("[a]\nk = 0G\n", "line 2: not hexadecimal"),
        ("[a]\nk = 0A\n", "line 2: not hexadecimal"),
        ("[a]\n  00\n", "line 2: continues no value"),
        ("[a]\nk = 00\n\n  00\n", "line 4: continues no value"),
        ("[a]\nk = 00\nk = 00\n", "line 3: empty or repeated key"),
        ("[a\n", "line 1: no section name"),
        ("[]\n", "line 1: no section name"),
        ("[a]\nnothing\n", "line 2: no `=`"),
    ] {
        assert_eq!(Vectors::parse(bad).unwrap_err(), why, "{bad:?}");
    }
}

#[test]
fn a_walk_goes_in_order() {
    let trace = Vectors::load("rfc7748.txt");
    let mut walk = trace.walk();
    let first = walk.next("x25519").clone();
    assert_ne!(&first, walk.next("x25519"));
    assert!(!walk.at_end());
    walk.skip_to("x25519 diffie-hellman");
    assert!(walk.at_end());
}
