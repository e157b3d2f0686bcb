//! Every parser of `wire`.

use std::sync::LazyLock;
use symbolon::codepoint::{CipherSuite, ExtensionType, HandshakeType, ProtocolVersion};
use symbolon::config::Parsed;
use symbolon::error::DecodeError;
use symbolon::wire::{
    Alert, Certificate, CertificateRequest, CertificateVerify, ClientHello, EncryptedExtensions,
    EndOfEarlyData, Extension, ExtensionSet, Finished, HELLO_RETRY_REQUEST_RANDOM, HandshakeHeader,
    KeyUpdate, List, MessageKind, NewSessionTicket, RecordHeader, ServerHello, Writer, allowed_in,
    tls12, write_message,
};

/// Parses; what is accepted must come back the same after being written.
type Check = fn(&[u8]) -> Result<(), DecodeError>;

macro_rules! check {
    ($type:ty) => {
        |body| {
            let message = <$type>::parse(body)?;
            let _ = format!("{message:?}");
            let bytes = written(|w| message.write(w));
            let again = <$type>::parse(&bytes).expect("what was written is refused");
            assert_eq!(again, message);
            // Written once more, it is the same to the byte: there is one form.
            assert_eq!(written(|w| again.write(w)), bytes);
            Ok(())
        }
    };
}

/// The parsers, by what the first byte of the input selects.
pub const PARSERS: &[(&str, Check)] = &[
    ("client_hello", check!(ClientHello)),
    ("server_hello", check!(ServerHello)),
    ("encrypted_extensions", check!(EncryptedExtensions)),
    ("certificate_request", check!(CertificateRequest)),
    ("certificate", check!(Certificate)),
    ("certificate_verify", check!(CertificateVerify)),
    ("finished", |body| {
        let finished = Finished::parse(body);
        assert_eq!(written(|w| finished.write(w)), body);
        Ok(())
    }),
    ("end_of_early_data", |body| {
        EndOfEarlyData::parse(body).map(|_| assert!(body.is_empty()))
    }),
    ("new_session_ticket", check!(NewSessionTicket)),
    ("key_update", check!(KeyUpdate)),
    ("alert", check!(Alert)),
    ("suites", |body| {
        List::<CipherSuite>::parse(body).map(|list| assert_eq!(written(|w| list.write(w)), body))
    }),
    ("extensions", |body| {
        List::<Extension<'_>>::parse(body).map(|list| {
            let copied: Vec<_> = list.iter().collect();
            assert_eq!(list.len(), copied.len());
            assert_eq!(written(|w| List::Values(&copied).write(w)), body);
        })
    }),
    ("headers", |body| {
        if let Some(bytes) = body.first_chunk() {
            assert_eq!(RecordHeader::parse(bytes).to_bytes(), *bytes);
        }
        if let Some(bytes) = body.first_chunk() {
            assert_eq!(written(|w| HandshakeHeader::parse(bytes).write(w)), bytes);
        }
        Ok(())
    }),
    ("certificate12", check!(tls12::Certificate<'_>)),
    ("certificate_status12", check!(tls12::CertificateStatus<'_>)),
    (
        "server_key_exchange12",
        check!(tls12::ServerKeyExchange<'_>),
    ),
    (
        "certificate_request12",
        check!(tls12::CertificateRequest<'_>),
    ),
    (
        "client_key_exchange12",
        check!(tls12::ClientKeyExchange<'_>),
    ),
    ("server_hello_done12", |body| {
        tls12::parse_empty(body, "ServerHelloDone").map(|()| assert!(body.is_empty()))
    }),
    ("observed", |body| {
        // As the observer is told: a whole message.
        if let Some((kind, body)) = body.split_first() {
            let kind = HandshakeType(*kind);
            let versions = [ProtocolVersion::TLS12, ProtocolVersion::TLS13];
            for parsed in versions.map(|version| Parsed::new(version, kind, body)) {
                let _ = format!("{parsed:?}");
                let mut out = Vec::new();
                let range = write_message(&mut out, kind, |w| w.bytes(body)).unwrap();
                assert_eq!(range, 0..body.len() + 4);
            }
        }
        Ok(())
    }),
    (
        "psk_server_key_exchange12",
        check!(tls12::PskServerKeyExchange<'_>),
    ),
    (
        "psk_client_key_exchange12",
        check!(tls12::PskClientKeyExchange<'_>),
    ),
    ("new_session_ticket12", check!(tls12::NewSessionTicket<'_>)),
];

/// A message that has extensions.
struct Block {
    message: MessageKind,
    /// Which of [`PARSERS`] reads it.
    parser: &'static str,
    /// What stands before the block.
    before: &'static [u8],
    /// An extension without which it would be another message.
    needed: &'static [u8],
}

const fn block(message: MessageKind, parser: &'static str, before: &'static [u8]) -> Block {
    let needed: &[u8] = match message {
        MessageKind::ServerHello | MessageKind::HelloRetryRequest => &VERSION,
        _ => &[],
    };
    Block {
        message,
        parser,
        before,
        needed,
    }
}

static BLOCKS: [Block; 8] = [
    block(MessageKind::ClientHello, "client_hello", &CLIENT),
    block(MessageKind::ServerHello, "server_hello", &SERVER),
    block(MessageKind::HelloRetryRequest, "server_hello", &RETRY),
    block(MessageKind::OldServerHello, "server_hello", &SERVER),
    block(
        MessageKind::EncryptedExtensions,
        "encrypted_extensions",
        &[],
    ),
    block(MessageKind::CertificateRequest, "certificate_request", &[0]),
    block(
        MessageKind::CertificateEntry,
        "certificate",
        b"\0\0\x01\x30",
    ),
    block(
        MessageKind::NewSessionTicket,
        "new_session_ticket",
        b"\0\0\0\x01\0\0\0\x01\0\0\x01\x05",
    ),
];

const VERSION: [u8; 6] = [0, 43, 0, 2, 3, 4];
const CLIENT: [u8; 41] = head(b"\0\0\x02\x13\x01\x01\0", [7; 32]);
const SERVER: [u8; 38] = head(b"\0\x13\x01\0", [7; 32]);
const RETRY: [u8; 38] = head(b"\0\x13\x01\0", HELLO_RETRY_REQUEST_RANDOM);

/// Version and random of a hello, and what comes after them.
const fn head<const N: usize, const M: usize>(rest: &[u8; M], random: [u8; 32]) -> [u8; N] {
    let mut out = [3; N];
    let mut at = 2;
    while at < N {
        out[at] = if at < 34 {
            random[at - 2]
        } else {
            rest[at - 34]
        };
        at += 1;
    }
    out
}

/// The first byte selects a message that has extensions, the next an extension, what follows is its
/// content: alone in its message it is read or refused, and so it is among others; twice it is refused, and
/// where it has no business too.
pub fn extension(bytes: &[u8]) {
    let [message, kind, data @ ..] = bytes else {
        return;
    };
    let Block {
        message,
        parser,
        before,
        needed,
    } = BLOCKS[usize::from(*message) % BLOCKS.len()];
    // All that are known, and then one of each byte.
    static KNOWN: LazyLock<ExtensionSet> =
        LazyLock::new(|| (0..=0xffff).map(ExtensionType).collect());
    let all = *KNOWN;
    let known = all.iter().nth(usize::from(*kind));
    let kind = known.unwrap_or(ExtensionType(u16::from(*kind)));
    let (_, check) = PARSERS.iter().find(|(name, _)| *name == parser).unwrap();
    let data = &data[..data.len().min(60_000)];
    let one = written(|w| w.extension(kind, |w| w.bytes(data)));
    let block_of = |parts: &[&[u8]]| {
        let block = [needed, &parts.concat()].concat();
        let whole = written(|w| {
            w.bytes(before);
            w.vec16(|w| w.bytes(&block));
        });
        // An entry stands in a list, after the context.
        let whole = match message {
            MessageKind::CertificateEntry => written(|w| {
                w.vec8(|_| ());
                w.vec24(|w| w.bytes(&whole));
            }),
            _ => whole,
        };
        check(&whole).is_ok()
    };
    let alone = block_of(&[&one]);
    // supported_versions alone makes a ServerHello that is none of an older version.
    let other = message == MessageKind::OldServerHello && kind == ExtensionType::SUPPORTED_VERSIONS;
    let allowed = allowed_in(message).contains(kind) || !all.contains(kind) || other;
    assert!(allowed || !alone, "{kind} in {message:?}");
    assert!(alone || all.contains(kind), "an unknown one is refused");
    assert!(!block_of(&[&one, &one]), "twice");
    let two = [&b"\x1a\x1a\0\x01\0"[..], &one].concat();
    assert_eq!(block_of(&[&two]), alone, "after another");
    if kind != ExtensionType::PRE_SHARED_KEY {
        assert_eq!(block_of(&[&one, b"\x1a\x1a\0\0"]), alone, "before another");
    }
}

fn written(write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut out = Vec::new();
    let mut w = Writer::new(&mut out);
    write(&mut w);
    w.finish().expect("what was read doesn't fit");
    out
}

/// The first byte selects a parser, the rest is the body.
pub fn handshake_messages(bytes: &[u8]) {
    let Some((selector, body)) = bytes.split_first() else {
        return;
    };
    let (_, check) = PARSERS[usize::from(*selector) % PARSERS.len()];
    if let Err(error) = check(body) {
        let _ = error.to_string();
    }
}
