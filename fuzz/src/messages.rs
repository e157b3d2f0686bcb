//! Every parser of `wire`.

use symbolon::codepoint::{CipherSuite, HandshakeType, ProtocolVersion};
use symbolon::config::Parsed;
use symbolon::error::DecodeError;
use symbolon::wire::{
    Alert, Certificate, CertificateRequest, CertificateVerify, ClientHello, EncryptedExtensions,
    EndOfEarlyData, Extension, Finished, HandshakeHeader, KeyUpdate, List, NewSessionTicket,
    RecordHeader, ServerHello, Writer, tls12, write_message,
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
];

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
