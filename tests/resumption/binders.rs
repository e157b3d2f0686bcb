//! What a client may get wrong about the PSKs that it offers, from a script.

use super::*;
use common::rogue::{Kind, Psk, Rogue, block, u16s, vec8, vec16};
use symbolon::codepoint::*;
use symbolon::error::{DecodeFault, ErrorKind, Mismatch, Parameter, Violation as V};
use symbolon::handshake::Authentication;
use symbolon::keys::tls13::PskKind;

type Script = Rogue<ServerConnection>;

const AES: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;

/// A server with tickets, of the script's own suite, and a ticket of its.
fn served(edit: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder) -> (World, Script, Psk) {
    let world = World::new();
    let server = edit(world.ticketing().cipher_suites(&[AES]));
    let server = server.build().unwrap();
    // The script sends no name.
    let client = world.client().server_name(false).build().unwrap();
    let session = sessions(&client, &server).pop().unwrap();
    let psk = psk_of(&session);
    let mut script = Script::client(server);
    script.psk = Some(psk.key.clone());
    (world, script, psk)
}

/// The session as a script offers it; its age is anything.
pub fn psk_of(session: &Session) -> Psk {
    Psk {
        identity: session.ticket().to_vec(),
        key: session.expose_secret().to_vec(),
        kind: PskKind::Resumption,
        age: 0,
    }
}

/// The rest of a handshake that must go well.
#[track_caller]
fn finishes(script: &mut Script, resumed: bool) {
    let messages = script.read_flight();
    let signed = messages
        .iter()
        .any(|(kind, _)| *kind == HandshakeType::CERTIFICATE_VERIFY);
    assert_eq!(signed, !resumed);
    script.finished();
    script.peer.run();
    assert_eq!(script.peer.failed, None);
    assert_eq!(script.peer.done.as_ref().unwrap().resumed(), resumed);
}

#[test]
fn a_right_one() {
    let (_, mut script, psk) = served(|server| server);
    script.psk_hello(&[psk], |_| ());
    finishes(&mut script, true);
}

#[test]
fn a_wrong_binder() {
    let (_, mut script, mut psk) = served(|server| server);
    psk.key[0] ^= 1;
    script.psk_hello(&[psk], |_| ());
    script.refused(V::BadBinder, AlertDescription::DECRYPT_ERROR);
    // Of the wrong kind.
    let (_, mut script, mut psk) = served(|server| server);
    psk.kind = PskKind::External;
    script.psk_hello(&[psk], |_| ());
    script.refused(V::BadBinder, AlertDescription::DECRYPT_ERROR);
}

#[test]
fn a_binder_of_another_length() {
    for len in [33, 48, 64, 255] {
        let (_, mut script, psk) = served(|server| server);
        let list = vec8(&vec![0; len]);
        offer(&mut script, &psk.entry(), &list);
        script.refused(V::BadBinder, AlertDescription::DECRYPT_ERROR);
    }
    for len in [0, 31] {
        let (_, mut script, psk) = served(|server| server);
        let list = [vec8(&vec![0; len]), vec8(&[0; 32])].concat();
        offer(&mut script, &psk.entry().repeat(2), &list);
        script.refused_as(DecodeFault::BadLength, AlertDescription::DECODE_ERROR);
    }
}

/// Offers these bytes of identities and binders.
fn offer(script: &mut Script, identities: &[u8], binders: &[u8]) {
    script.client_hello(|hello| {
        hello.set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vec8(&[1]));
        let lists = [vec16(identities), vec16(binders)].concat();
        hello.set(ExtensionType::PRE_SHARED_KEY, lists);
    });
}

#[test]
fn as_many_binders_as_identities() {
    for (identities, binders) in [(1, 2), (2, 1), (3, 2)] {
        let (_, mut script, psk) = served(|server| server);
        let list = vec8(&[0; 32]).repeat(binders);
        offer(&mut script, &psk.entry().repeat(identities), &list);
        script.refused_as(DecodeFault::BadValue, AlertDescription::ILLEGAL_PARAMETER);
    }
}

#[test]
fn lists_that_are_empty_or_cut_short() {
    let (_, _, psk) = served(|server| server);
    let (entry, binder) = (psk.entry(), vec8(&[0; 32]));
    for (identities, binders) in [
        (&[][..], &binder[..]),
        (&entry, &[]),
        (&entry[..entry.len() - 1], &binder),
        (&entry, &binder[..32]),
        (
            &[&[0, 0, 0, 0, 0, 0], &entry[..]].concat(),
            &binder.repeat(2),
        ),
    ] {
        let (_, mut script, _) = served(|server| server);
        offer(&mut script, identities, binders);
        let error = script.failed(Some(AlertDescription::DECODE_ERROR));
        assert!(matches!(error.kind(), ErrorKind::Decode(_)), "{error}");
        assert!(script.peer.done.is_none());
    }
}

#[test]
fn pre_shared_key_is_last() {
    let (_, mut script, psk) = served(|server| server);
    script.client_hello(|hello| {
        hello.set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vec8(&[1]));
        let lists = [vec16(&psk.entry()), vec16(&vec8(&[0; 32]))].concat();
        hello.set(ExtensionType::PRE_SHARED_KEY, lists);
        hello.set(ExtensionType::PADDING, vec![0; 4]);
    });
    script.refused_as(DecodeFault::NotLast, AlertDescription::ILLEGAL_PARAMETER);
}

#[test]
fn psk_key_exchange_modes_must_be_there() {
    let (_, mut script, psk) = served(|server| server);
    script.psk_hello(&[psk], |hello| {
        hello.remove(ExtensionType::PSK_KEY_EXCHANGE_MODES);
    });
    script.refused(V::MissingPskModes, AlertDescription::MISSING_EXTENSION);
}

#[test]
fn the_second_of_two_is_known() {
    let (_, mut script, psk) = served(|server| server);
    let unknown = Psk {
        identity: b"unknown".to_vec(),
        key: vec![1; 32],
        kind: PskKind::Resumption,
        age: 9,
    };
    script.psk_hello(&[unknown, psk], |_| ());
    finishes(&mut script, true);
}

#[test]
fn only_so_many_are_looked_up() {
    let store = Psks::of(&[]);
    let (_, mut script, psk) = served(|server| server.psks(store.clone()));
    store.asked.lock().unwrap().clear();
    let unknown = |n| Psk {
        identity: vec![n; 8],
        key: vec![n; 32],
        kind: PskKind::External,
        age: 0,
    };
    let mut psks: Vec<_> = (1..=100).map(unknown).collect();
    psks.push(psk);
    script.psk_hello(&psks, |_| ());
    finishes(&mut script, false);
    assert_eq!(store.asked.lock().unwrap().len(), Limits::default().psks);
}

#[test]
fn a_psk_alone_only_if_the_server_has_it_so() {
    let modes = |hello: &mut common::rogue::Hello| {
        hello.set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vec8(&[0]));
    };
    // The client has nothing else, the server doesn't take it: a full handshake.
    let (_, mut script, psk) = served(|server| server);
    script.psk_hello(&[psk], modes);
    finishes(&mut script, false);
    assert!(script.peer.done.unwrap().group.is_some());
    // It takes it.
    let (_, mut script, psk) = served(|server| server.psk_without_key_exchange(true));
    script.psk_hello(&[psk], modes);
    finishes(&mut script, true);
    assert_eq!(script.peer.done.unwrap().group, None);
    // With both, a key exchange is better.
    let (_, mut script, psk) = served(|server| server.psk_without_key_exchange(true));
    script.psk_hello(&[psk], |hello| {
        hello.set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vec8(&[0, 1]));
    });
    finishes(&mut script, true);
    assert!(script.peer.done.unwrap().group.is_some());
}

#[test]
fn a_client_that_cannot_exchange_keys() {
    let bare = |hello: &mut common::rogue::Hello| {
        hello.set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vec8(&[0]));
        for kind in [
            ExtensionType::KEY_SHARE,
            ExtensionType::SUPPORTED_GROUPS,
            ExtensionType::SIGNATURE_ALGORITHMS,
        ] {
            hello.remove(kind);
        }
    };
    let (_, mut script, psk) = served(|server| server.psk_without_key_exchange(true));
    script.psk_hello(&[psk], bare);
    finishes(&mut script, true);
    // Without a PSK that is known there is nothing to go on with.
    let (_, mut script, mut psk) = served(|server| server.psk_without_key_exchange(true));
    psk.identity = b"unknown".to_vec();
    script.psk_hello(&[psk], bare);
    script.refused(
        V::MissingSignatureAlgorithms,
        AlertDescription::MISSING_EXTENSION,
    );
    // Nor with a server that doesn't take a PSK alone.
    let (_, mut script, psk) = served(|server| server);
    script.psk_hello(&[psk], bare);
    script.refused(
        V::MissingSignatureAlgorithms,
        AlertDescription::MISSING_EXTENSION,
    );
}

#[test]
fn no_group_in_common_is_no_reason_to_go_without_unasked() {
    let (_, mut script, psk) = served(|server| server.groups(&[NamedGroup::SECP384R1]));
    script.psk_hello(&[psk], |_| ());
    let theirs = [NamedGroup::X25519.0, NamedGroup::SECP256R1.0];
    let mismatch = Mismatch::new(Parameter::Group, [NamedGroup::SECP384R1.0], theirs);
    script.refused(
        Kind(ErrorKind::NothingInCommon(Arc::new(mismatch))),
        AlertDescription::HANDSHAKE_FAILURE,
    );
}

/// Up to the second ClientHello, with what the first one offered.
fn retried(edit: impl FnOnce(&mut common::rogue::Hello)) -> (Script, Psk, common::rogue::Hello) {
    let (_, mut script, psk) = served(|server| server.groups(&[NamedGroup::SECP256R1]));
    let mut hello = script.hello_for(NamedGroup::X25519);
    hello.set(ExtensionType::PSK_KEY_EXCHANGE_MODES, vec8(&[1]));
    edit(&mut hello);
    script.send_psk_hello(hello.clone(), std::slice::from_ref(&psk));
    script.read_retry();
    let second = script.hello_for(NamedGroup::SECP256R1);
    let mut share = second.extensions.into_iter();
    let share = share.rfind(|e| e.0 == ExtensionType::KEY_SHARE);
    hello.set(ExtensionType::KEY_SHARE, share.unwrap().1);
    (script, psk, hello)
}

#[test]
fn binders_after_a_retry() {
    let (mut script, psk, hello) = retried(|_| ());
    script.send_psk_hello(hello, &[psk]);
    finishes(&mut script, true);
    assert!(script.peer.done.unwrap().hello_retry_request);
    // Over the second ClientHello alone, as if there had been no first one.
    let (mut script, psk, hello) = retried(|_| ());
    script.forget_retry();
    script.send_psk_hello(hello, &[psk]);
    script.refused(V::BadBinder, AlertDescription::DECRYPT_ERROR);
    // With another key than the first time.
    let (mut script, mut psk, hello) = retried(|_| ());
    psk.key[31] ^= 0x80;
    script.send_psk_hello(hello, &[psk]);
    script.refused(V::BadBinder, AlertDescription::DECRYPT_ERROR);
    // The PSK may go: then certificates are used.
    let (mut script, _, mut hello) = retried(|_| ());
    hello.remove(ExtensionType::PRE_SHARED_KEY);
    script.send_hello(&hello);
    finishes(&mut script, false);
}

#[test]
fn a_second_hello_still_with_early_data() {
    let (mut script, psk, hello) = retried(|hello| {
        hello.set(ExtensionType::EARLY_DATA, Vec::new());
    });
    script.send_psk_hello(hello, &[psk]);
    script.refused(V::ChangedClientHello, AlertDescription::ILLEGAL_PARAMETER);
}

#[test]
fn a_clients_ticket_is_of_no_use_in_a_message_to_the_server() {
    // RFC 9846 4.7.1: only a server gives tickets.
    let (_, mut script, psk) = served(|server| server);
    script.psk_hello(&[psk], |_| ());
    finishes(&mut script, true);
    let body = [
        &[0, 0, 0, 9, 0, 0, 0, 0, 0][..],
        &vec16(b"ticket"),
        &block(&[]),
    ]
    .concat();
    script.message(HandshakeType::NEW_SESSION_TICKET, &body);
    script.dead(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
}

#[test]
fn a_ticket_changes_no_terms() {
    // The ticket of an anonymous client stands for an anonymous client, whatever else is sent.
    let (_, mut script, psk) = served(|server| server);
    script.psk_hello(&[psk], |hello| {
        hello.set(
            ExtensionType::SUPPORTED_GROUPS,
            vec16(&u16s(&[NamedGroup::X25519.0])),
        );
    });
    finishes(&mut script, true);
    let summary = script.peer.done.unwrap();
    assert!(summary.peer_chain.is_none() && summary.verified.is_none());
    let authenticated = now();
    assert_eq!(
        summary.authentication,
        Authentication::Session { authenticated }
    );
}
