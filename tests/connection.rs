//! Connections after the handshake: data, keys, closing, halves.

mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
}

use common::pair::{Pair, records};
use common::rogue::{Rogue, World};
use symbolon::codepoint::*;
use symbolon::config::{ClientConfigBuilder, ServerConfigBuilder};
use symbolon::conn::{
    ClientConnection, Connection, Eof, Event, HalfEvent, Receiver, Sender, Sent, ServerConnection,
};
use symbolon::error::{Error, ErrorKind, Misuse};
use symbolon::record::FixedSink;

fn pair_with(
    client: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder,
    server: impl FnOnce(ServerConfigBuilder) -> ServerConfigBuilder,
) -> Pair {
    let world = World::new();
    let client = client(world.client_config()).build().unwrap();
    let server = server(world.server_config()).build().unwrap();
    Pair::new(client, server)
}

fn done() -> Pair {
    let mut pair = pair_with(|c| c, |s| s);
    pair.handshake();
    pair
}

fn ping_pong(pair: &mut Pair) {
    pair.client.send(b"ping");
    pair.server.send(b"pong");
    pair.run();
    assert_eq!(
        (&pair.server.data[..], &pair.client.data[..]),
        (&b"ping"[..], &b"pong"[..])
    );
    pair.server.data.clear();
    pair.client.data.clear();
}

/// The lengths of what goes out when nothing else does.
fn flushed<C: Connection>(end: &mut common::pair::End<C>) -> usize {
    let before = end.output.len();
    assert_eq!(end.connection.flush(&mut end.output), 0);
    end.output.len() - before
}

const KEY_UPDATE: usize = 5 + 5 + 17;
const ALERT: usize = 5 + 2 + 17;

#[test]
fn nothing_goes_out_for_nothing() {
    let mut pair = done();
    let mut sink = Vec::new();
    let sent = Ok(Sent {
        taken: 0,
        output: 0,
    });
    assert_eq!(pair.client.connection.send(b"", &mut sink), sent);
    let none = pair.client.connection.send_vectored(&[b"", b""], &mut sink);
    assert_eq!(none, sent);
    assert_eq!(pair.client.connection.send_vectored(&[], &mut sink), sent);
    assert_eq!(pair.client.connection.flush(&mut sink), 0);
    assert!(sink.is_empty());
}

#[test]
fn odd_slices_are_sent_as_one() {
    let data: Vec<u8> = (0..50_000_u32).map(|i| (i % 253) as u8).collect();
    for cuts in [
        &[][..],
        &[0, 0, 1, 1, 2, 50_000, 50_000],
        &[16_384, 16_384, 32_768],
        &[16_383, 16_385, 16_386, 40_000],
        &[1, 2, 3, 4, 5, 6, 7, 49_999],
    ] {
        let mut parts = Vec::new();
        let mut from = 0;
        for cut in cuts {
            parts.push(&data[from..*cut]);
            from = *cut;
        }
        parts.push(&data[from..]);
        let mut pair = done();
        let start = pair.to_server.len();
        let output = &mut pair.client.output;
        let sent = pair.client.connection.send_vectored(&parts, output);
        assert_eq!(
            sent,
            Ok(Sent {
                taken: data.len(),
                output: 0
            })
        );
        pair.run();
        assert!(pair.server.data == data);
        // Full records, and the rest.
        let lens: Vec<_> = records(&pair.to_server[start..])
            .iter()
            .map(|r| r.1 - 17)
            .collect();
        assert_eq!(lens, [16_384, 16_384, 16_384, 848]);
    }
}

#[test]
fn a_small_sink_takes_what_it_has_room_for() {
    let data: Vec<u8> = (0..3000_u32).map(|i| (i % 253) as u8).collect();
    for size in [512, 513, 600, 1000, 5000] {
        let mut pair = done();
        let mut at = 0;
        let mut calls = 0;
        while at < data.len() {
            let mut buffer = vec![0; size];
            let mut sink = FixedSink::new(&mut buffer);
            let sent = pair.client.connection.send(&data[at..], &mut sink).unwrap();
            assert!(sent.taken > 0, "no progress with {size}");
            assert!(sent.output <= 512);
            assert_eq!(sent.output == 0, at + sent.taken == data.len());
            pair.client.output.extend_from_slice(sink.written());
            at += sent.taken;
            calls += 1;
        }
        pair.run();
        assert!(pair.server.data == data);
        assert!(calls <= data.len() / (size - 22) + 2);
    }
    // Less room than is useful: nothing is taken, and the room is named.
    let mut pair = done();
    let mut buffer = [0; 511];
    let mut sink = FixedSink::new(&mut buffer);
    let sent = pair.client.connection.send(&data, &mut sink).unwrap();
    assert_eq!(
        sent,
        Sent {
            taken: 0,
            output: 512
        }
    );
    let sent = pair.client.connection.send(&data[..10], &mut sink).unwrap();
    assert_eq!(
        sent,
        Sent {
            taken: 10,
            output: 0
        }
    );
}

#[test]
fn sealing_in_place() {
    let mut pair = done();
    let (head, tail) = pair.client.connection.in_place_room();
    assert_eq!((head, tail), (5, 17));
    for len in [0, 1, 1000, 16_384] {
        let mut buf = vec![0x77; 3 + head + len + tail];
        let payload = 3 + head..3 + head + len;
        buf[payload.clone()].fill(b'p');
        let range = pair
            .client
            .connection
            .seal_in_place(&mut buf, payload)
            .unwrap();
        assert_eq!(range, 3..buf.len());
        assert_eq!(buf[..3], [0x77; 3]);
        pair.client.output.extend_from_slice(&buf[range]);
        pair.run();
        assert_eq!(pair.server.data, vec![b'p'; len]);
        pair.server.data.clear();
    }
    ping_pong(&mut pair);
}

/// A range as a mistake in the caller's arithmetic makes it.
fn reversed(start: usize, end: usize) -> std::ops::Range<usize> {
    start..end
}

#[test]
fn sealing_in_place_where_it_cannot_be() {
    let mut pair = done();
    let client = &mut pair.client.connection;
    let mut buf = vec![0; 20_000];
    for (payload, misuse) in [
        (4..100, Misuse::NoRoom),
        (0..100, Misuse::NoRoom),
        (19_980..19_984, Misuse::NoRoom),
        (19_999..20_001, Misuse::NoRoom),
        (30_000..30_001, Misuse::NoRoom),
        (usize::MAX - 1..usize::MAX, Misuse::NoRoom),
        (5..16_390, Misuse::TooLong),
        // Ends before it begins.
        (reversed(20, 19), Misuse::NoRoom),
        (reversed(20, 18), Misuse::NoRoom),
        (reversed(20, 0), Misuse::NoRoom),
    ] {
        let text = format!("{payload:?}");
        assert_eq!(
            client.seal_in_place(&mut buf, payload),
            Err(misuse.into()),
            "{text}"
        );
    }
    assert!(buf.iter().all(|byte| *byte == 0));
    client.update_keys(false).unwrap();
    let first = client.seal_in_place(&mut buf, 5..10);
    assert_eq!(first, Err(Misuse::FlushFirst.into()));
    assert_eq!(flushed(&mut pair.client), KEY_UPDATE);
    let range = pair
        .client
        .connection
        .seal_in_place(&mut buf, 5..10)
        .unwrap();
    pair.client.output.extend_from_slice(&buf[range]);
    pair.run();
    assert_eq!(pair.server.data, [0; 5]);
    pair.client.connection.close();
    let closed = pair.client.connection.seal_in_place(&mut buf, 5..10);
    assert_eq!(closed, Err(Misuse::SendAfterClose.into()));
    // Within the peer's record_size_limit.
    let mut pair = pair_with(|c| c.record_size_limit(100), |s| s.record_size_limit(100));
    pair.handshake();
    let long = pair.client.connection.seal_in_place(&mut buf, 5..105);
    assert_eq!(long, Err(Misuse::TooLong.into()));
    assert_eq!(
        pair.client.connection.seal_in_place(&mut buf, 5..104),
        Ok(0..121)
    );
}

#[test]
fn padding_applies_in_place_as_far_as_there_is_room() {
    let padding = symbolon::record::Padding::ToMultipleOf(64);
    let mut pair = pair_with(|c| c.padding(padding), |s| s);
    pair.handshake();
    for (room, len) in [(200, 5 + 64 + 16), (60, 60)] {
        let mut buf = vec![0; room];
        let range = pair
            .client
            .connection
            .seal_in_place(&mut buf, 5..15)
            .unwrap();
        assert_eq!(range, 0..len);
        pair.client.output.extend_from_slice(&buf[range]);
        pair.run();
        assert_eq!(pair.server.data.len(), 10);
        pair.server.data.clear();
    }
}

#[test]
fn key_updates_of_every_kind() {
    for (by_client, by_server) in [
        (Some(false), None),
        (Some(true), None),
        (None, Some(true)),
        (Some(false), Some(false)),
        (Some(true), Some(true)),
        (Some(true), Some(false)),
    ] {
        let mut pair = done();
        for _ in 0..3 {
            if let Some(request) = by_client {
                pair.client.connection.update_keys(request).unwrap();
                assert_eq!(flushed(&mut pair.client), KEY_UPDATE);
            }
            if let Some(request) = by_server {
                pair.server.connection.update_keys(request).unwrap();
                assert_eq!(flushed(&mut pair.server), KEY_UPDATE);
            }
            // Both are under way at once; the answers go before the data.
            ping_pong(&mut pair);
            ping_pong(&mut pair);
        }
        assert_eq!((&pair.client.failed, &pair.server.failed), (&None, &None));
    }
}

#[test]
fn requests_coalesce_into_one_reply() {
    let mut rogue = Rogue::<ServerConnection>::done(World::new().server_config().build().unwrap());
    // A sink without room: the reply waits.
    for _ in 0..5 {
        rogue.key_update(1);
    }
    rogue.peer.room = Some(0);
    rogue.peer.run();
    assert!(rogue.peer.output.is_empty());
    rogue.peer.room = None;
    assert_eq!(flushed(&mut rogue.peer), KEY_UPDATE);
    assert_eq!(flushed(&mut rogue.peer), 0);
    let (kind, body) = rogue.read_record().unwrap();
    assert_eq!(
        (kind, &body[..]),
        (ContentType::HANDSHAKE, &[24, 0, 0, 1, 0][..])
    );
    // One that doesn't ask isn't answered.
    rogue.key_update(0);
    rogue.peer.run();
    assert!(rogue.peer.output.is_empty());
}

#[test]
fn no_second_request_before_the_reply() {
    // RFC 9846 4.7.3.
    let world = World::new();
    let config = world.client_config().build().unwrap();
    let mut rogue = Rogue::<ClientConnection>::done(config, &world);
    let mut asked = Vec::new();
    for _ in 0..3 {
        rogue.peer.connection.update_keys(true).unwrap();
        flushed(&mut rogue.peer);
        let (_, body) = rogue.read_record().unwrap();
        asked.push(body[4]);
        let own = rogue.secrets.client_application.take().unwrap();
        let hash = rogue.suite.hash;
        let next = symbolon::keys::tls13::next_traffic_secret(hash, &own).unwrap();
        let opener = symbolon::record::Opener::new(hash, rogue.suite.aead, &next);
        rogue.opener = Some(opener.unwrap());
        rogue.secrets.client_application = Some(next);
        if asked.len() == 2 {
            rogue.key_update(0);
            rogue.peer.run();
        }
    }
    assert_eq!(asked, [1, 0, 1]);
}

#[test]
fn keys_change_by_themselves_before_their_limit() {
    let mut pair = pair_with(|c| c.key_limit(8), |s| s);
    pair.handshake();
    let start = pair.to_server.len();
    for i in 0..100_u8 {
        pair.client.send(&[i]);
    }
    pair.run();
    assert_eq!(pair.server.data, (0..100).collect::<Vec<u8>>());
    let all = records(&pair.to_server[start..]);
    let updates = all.iter().filter(|r| r.1 == KEY_UPDATE - 5).count();
    assert!(updates >= 100 / 8, "{updates}");
    let mut run = 0;
    for (_, len) in all {
        run = if len == KEY_UPDATE - 5 { 0 } else { run + 1 };
        assert!(run < 8, "a key was used too often");
    }
    // In place the caller is told to flush.
    let mut buf = [0; 100];
    let mut flushes = 0;
    for _ in 0..50 {
        let range = match pair.client.connection.seal_in_place(&mut buf, 5..6) {
            Ok(range) => range,
            Err(error) => {
                assert_eq!(error, Misuse::FlushFirst.into());
                assert_eq!(flushed(&mut pair.client), KEY_UPDATE);
                flushes += 1;
                pair.client
                    .connection
                    .seal_in_place(&mut buf, 5..6)
                    .unwrap()
            }
        };
        pair.client.output.extend_from_slice(&buf[range]);
    }
    pair.run();
    assert!(flushes >= 6);
    assert_eq!(pair.server.data.len(), 150);
}

#[test]
fn half_close() {
    let mut pair = done();
    pair.client.send(b"last");
    pair.client.connection.close();
    pair.client.connection.close();
    assert_eq!(flushed(&mut pair.client), ALERT);
    assert_eq!(flushed(&mut pair.client), 0);
    let after: Result<(), Error> = Err(Misuse::SendAfterClose.into());
    let mut sink = Vec::new();
    assert_eq!(
        pair.client.connection.send(b"x", &mut sink).map(|_| ()),
        after
    );
    assert_eq!(pair.client.connection.update_keys(false), after);
    assert!(sink.is_empty());
    pair.run();
    assert_eq!(pair.server.data, b"last");
    assert_eq!(pair.server.closed, Some(Eof::Clean));
    // RFC 9846 6.1: the other direction is open, for as long as it likes, keys included.
    for _ in 0..3 {
        pair.server.send(b"more");
        pair.server.connection.update_keys(true).unwrap();
        pair.run();
    }
    assert_eq!(pair.client.data, b"moremoremore");
    // Nothing follows our own close_notify, not even an answer to KeyUpdate.
    assert!(pair.client.output.is_empty());
    assert_eq!(pair.client.closed, None);
    pair.server.connection.close();
    flushed(&mut pair.server);
    pair.run();
    assert_eq!(pair.client.closed, Some(Eof::Clean));
    assert_eq!((&pair.client.failed, &pair.server.failed), (&None, &None));
}

#[test]
fn a_key_update_that_is_owed_goes_before_close_notify() {
    let mut pair = done();
    pair.client.connection.update_keys(true).unwrap();
    pair.client.connection.close();
    assert_eq!(flushed(&mut pair.client), KEY_UPDATE + ALERT);
    pair.run();
    assert_eq!(pair.server.closed, Some(Eof::Clean));
    assert_eq!((&pair.client.failed, &pair.server.failed), (&None, &None));
}

#[test]
fn the_end_of_input() {
    // Clean, with all that came before.
    let mut pair = done();
    pair.client.send(b"x");
    pair.client.connection.close();
    flushed(&mut pair.client);
    pair.server.input = std::mem::take(&mut pair.client.output);
    pair.server.connection.end_of_input();
    pair.server.run();
    assert_eq!(
        (&pair.server.data[..], pair.server.closed),
        (&b"x"[..], Some(Eof::Clean))
    );
    // Cut off at a record, or within one.
    for cut in [0, 1, 5, 20] {
        let mut pair = done();
        pair.client.send(b"x");
        let whole = pair.client.output.len();
        pair.client.send(b"y");
        pair.client.output.truncate(whole + cut);
        pair.run();
        assert_eq!(pair.server.closed, None);
        pair.server.connection.end_of_input();
        pair.server.run();
        assert_eq!(pair.server.data, b"x");
        assert_eq!(pair.server.closed, Some(Eof::Truncated));
        // Told again, and nothing is taken any more.
        let mut input = [23, 3, 3, 0, 1, 0];
        let received = pair.server.connection.receive(&mut input, &mut Vec::new());
        assert_eq!(received.consumed, 0);
        assert!(matches!(received.event, Event::Closed(Eof::Truncated)));
    }
    // In the middle of a handshake.
    let mut pair = pair_with(|c| c, |s| s);
    pair.client.run();
    pair.client.connection.end_of_input();
    pair.client.run();
    assert_eq!(pair.client.closed, Some(Eof::Truncated));
    assert!(pair.client.done.is_none());
}

#[test]
fn a_handshake_that_is_given_up() {
    let mut pair = pair_with(|c| c, |s| s);
    pair.client.run();
    pair.client.connection.close();
    pair.run();
    let error = pair.client.failed.clone().unwrap();
    assert_eq!(
        *error.kind(),
        ErrorKind::Refused(AlertDescription::USER_CANCELED)
    );
    assert!(pair.server.done.is_none());
    assert_eq!(
        pair.client.connection.send(b"x", &mut Vec::new()),
        Err(error)
    );
}

#[test]
fn data_before_the_clients_finished() {
    let mut pair = pair_with(|c| c, |s| s);
    pair.client.run();
    let hello = std::mem::take(&mut pair.client.output);
    pair.server.input.extend(hello);
    pair.server.run();
    assert!(pair.server.done.is_none());
    let output = &mut pair.server.output;
    let sent = pair
        .server
        .connection
        .send_before_client_finished(b"early", output);
    assert_eq!(
        sent,
        Ok(Sent {
            taken: 5,
            output: 0
        })
    );
    let mut sink = Vec::new();
    let usual = pair.server.connection.send(b"x", &mut sink);
    assert_eq!(usual, Err(Misuse::HandshakeNotDone.into()));
    pair.run();
    assert_eq!(pair.client.data, b"early");
    assert!(pair.server.done.is_some());
    let output = &mut pair.server.output;
    let sent = pair
        .server
        .connection
        .send_before_client_finished(b" late", output);
    assert_eq!(
        sent,
        Ok(Sent {
            taken: 5,
            output: 0
        })
    );
    pair.run();
    assert_eq!(pair.client.data, b"early late");
}

#[test]
fn early_data_of_a_server_waits_for_room() {
    let mut pair = pair_with(|c| c, |s| s);
    pair.client.run();
    pair.server.input = std::mem::take(&mut pair.client.output);
    let mut nothing = FixedSink::new(&mut []);
    let received = pair
        .server
        .connection
        .receive(&mut pair.server.input, &mut nothing);
    assert!(matches!(received.event, Event::NeedOutput { .. }));
    pair.server.input.clear();
    let sent = pair
        .server
        .connection
        .send_before_client_finished(b"early", &mut nothing);
    assert_eq!(sent.unwrap().taken, 0);
    let output = &mut pair.server.output;
    let sent = pair
        .server
        .connection
        .send_before_client_finished(b"early", output);
    assert_eq!(
        sent,
        Ok(Sent {
            taken: 5,
            output: 0
        })
    );
    pair.run();
    assert_eq!(pair.client.data, b"early");
}

#[test]
fn a_blocked_sink_never_stops_data() {
    let mut pair = done();
    pair.client.connection.update_keys(true).unwrap();
    for _ in 0..10 {
        pair.client.send(b"x");
    }
    let mut input = std::mem::take(&mut pair.client.output);
    let mut at = 0;
    let mut data = 0;
    let mut backlog = 0;
    loop {
        let mut nothing = FixedSink::new(&mut []);
        let received = pair
            .server
            .connection
            .receive(&mut input[at..], &mut nothing);
        at += received.consumed;
        backlog = received.output.max(backlog);
        match received.event {
            Event::Data(bytes) => data += bytes.len(),
            Event::NeedInput { .. } => break,
            event => panic!("{event:?}"),
        }
    }
    assert_eq!((data, backlog), (10, KEY_UPDATE));
    // Sending waits for it.
    let mut small = [0; KEY_UPDATE - 1];
    let mut sink = FixedSink::new(&mut small);
    let sent = pair.server.connection.send(b"y", &mut sink).unwrap();
    assert_eq!(
        sent,
        Sent {
            taken: 0,
            output: KEY_UPDATE
        }
    );
    pair.server.send(b"y");
    pair.run();
    assert_eq!(pair.client.data, b"y");
}

/// A client in two halves, with a server that is whole.
struct Halves {
    sender: Sender,
    receiver: Receiver,
    server: common::pair::End<ServerConnection>,
    data: Vec<u8>,
    tokens: usize,
    failed: Option<Error>,
    closed: Option<Eof>,
}

impl Halves {
    fn new() -> Self {
        let pair = done();
        let (sender, receiver) = pair.client.connection.into_split().unwrap();
        Self {
            sender,
            receiver,
            server: pair.server,
            data: Vec::new(),
            tokens: 0,
            failed: None,
            closed: None,
        }
    }

    /// What the server wrote comes in.
    fn receive(&mut self) {
        let mut input = std::mem::take(&mut self.server.output);
        let mut at = 0;
        loop {
            let received = self.receiver.receive(&mut input[at..]);
            at += received.consumed;
            match received.event {
                HalfEvent::NeedInput { .. } => break,
                HalfEvent::Data(bytes) => self.data.extend_from_slice(&bytes),
                HalfEvent::ForSender(token) => {
                    self.tokens += 1;
                    self.sender.accept(token);
                }
                HalfEvent::Failed(error) => {
                    self.failed = Some(error);
                    break;
                }
                HalfEvent::Closed(eof) => {
                    self.closed = Some(eof);
                    break;
                }
                event => panic!("{event:?}"),
            }
        }
    }

    fn flush(&mut self) {
        assert_eq!(self.sender.flush(&mut self.server.input), 0);
        self.server.run();
    }
}

#[test]
fn halves_need_no_more_than_tokens() {
    let mut halves = Halves::new();
    for round in 1..=5 {
        halves.server.connection.update_keys(true).unwrap();
        halves.server.send(b"to client");
        halves.receive();
        assert_eq!(halves.tokens, round);
        let sent = halves.sender.send(b"to server", &mut halves.server.input);
        assert_eq!(
            sent,
            Ok(Sent {
                taken: 9,
                output: 0
            })
        );
        halves.sender.update_keys(round % 2 == 0).unwrap();
        halves.flush();
        halves.server.send(b"!");
        let before = halves.tokens;
        halves.receive();
        // An answer to an update that asked for one.
        assert_eq!(halves.tokens - before, usize::from(round % 2 == 0));
        halves.tokens = round;
    }
    assert_eq!(halves.data, b"to client!".repeat(5));
    assert_eq!(halves.server.data, b"to server".repeat(5));
    assert_eq!(halves.server.failed, None);
    halves.server.connection.close();
    assert_eq!(halves.server.connection.flush(&mut halves.server.output), 0);
    halves.receive();
    assert_eq!(halves.closed, Some(Eof::Clean));
    halves
        .sender
        .send(b"still", &mut halves.server.input)
        .unwrap();
    halves.sender.close();
    halves.flush();
    assert_eq!(halves.server.closed, Some(Eof::Clean));
    assert!(halves.server.data.ends_with(b"still"));
}

#[test]
fn a_failure_of_one_half_is_the_others_too() {
    let mut halves = Halves::new();
    halves.server.send(b"x");
    *halves.server.output.last_mut().unwrap() ^= 1;
    halves.receive();
    let error = halves.failed.clone().unwrap();
    assert_eq!(error.alert(), Some(AlertDescription::BAD_RECORD_MAC));
    assert_eq!(halves.tokens, 1);
    let mut sink = Vec::new();
    assert_eq!(halves.sender.send(b"x", &mut sink), Err(error.clone()));
    assert!(sink.is_empty());
    halves.flush();
    let alert = ErrorKind::AlertReceived(AlertDescription::BAD_RECORD_MAC);
    assert_eq!(*halves.server.failed.as_ref().unwrap().kind(), alert);
    halves.failed = None;
    halves.receive();
    assert_eq!(halves.failed, Some(error));
    assert_eq!(halves.tokens, 1);
}

#[test]
fn a_dead_connection_cannot_be_split() {
    let mut pair = done();
    pair.server.send(b"x");
    *pair.server.output.last_mut().unwrap() ^= 1;
    pair.run();
    assert!(pair.client.failed.is_some());
    assert!(pair.client.connection.into_split().is_err());
}

#[test]
fn data_lies_where_its_range_says() {
    let mut pair = done();
    pair.client.send(b"hello");
    let mut input = std::mem::take(&mut pair.client.output);
    let received = pair.server.connection.receive(&mut input, &mut Vec::new());
    let consumed = received.consumed;
    let range = match received.event {
        Event::Data(data) => {
            assert_eq!(&*data, b"hello");
            data.range
        }
        event => panic!("{event:?}"),
    };
    assert_eq!(consumed, input.len());
    assert_eq!(&input[range], b"hello");
}
