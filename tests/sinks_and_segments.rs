//! However the bytes are cut, and however little room there is, the outcome is the same.

mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
}

use common::certs::KeyKind;
use common::pair::{End, Pair};
use common::rogue::{World, credential};
use proptest::prelude::*;
use std::sync::{Arc, OnceLock};
use symbolon::codepoint::{AlertDescription, ContentType, NamedGroup};
use symbolon::config::{ClientAuth, ClientConfig, ServerConfig};
use symbolon::conn::{Connection, Event};
use symbolon::handshake::Summary;
use symbolon::pki::PathVerifier;
use symbolon::record::{FixedSink, MAX_PLAINTEXT, Sink, write_record};

/// Configs made once: with and without HelloRetryRequest and client certificate.
fn configs(retry: bool, auth: bool) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    type Both = (Arc<ClientConfig>, Arc<ServerConfig>);
    static ALL: OnceLock<Vec<Both>> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let mut world = World::new();
        world.server = world.pki.leaf(&["server.example"], KeyKind::Ed25519);
        world.client = world.pki.client("client", KeyKind::Ed25519);
        let mut all = Vec::new();
        for (retry, auth) in [(false, false), (false, true), (true, false), (true, true)] {
            let mut client = world.client_config();
            let mut server = world.server_config();
            if retry {
                client = client.key_shares(&[NamedGroup::SECP256R1]);
                server = server.groups(&[NamedGroup::X25519]);
            }
            if auth {
                client = client.credential(credential(&world.client));
                let verifier = PathVerifier::new(world.pki.roots());
                server = server.client_auth(ClientAuth::Required(Arc::new(verifier)));
            }
            all.push((client.build().unwrap(), server.build().unwrap()));
        }
        all
    });
    all[usize::from(retry) * 2 + usize::from(auth)].clone()
}

fn pair(retry: bool, auth: bool) -> Pair {
    let (client, server) = configs(retry, auth);
    Pair::new(client, server)
}

/// All that a handshake comes to, and data after it.
type Outcome = (String, String, [u8; 32], [u8; 32]);

fn outcome(pair: &mut Pair) -> Outcome {
    let words = |summary: &Summary| {
        format!(
            "{summary} {:?} {:?} {} {:?}",
            summary.peer_signature_scheme,
            summary.signature_scheme,
            summary.hello_retry_request,
            summary.client_random
        )
    };
    let (client, server) = pair.handshake();
    let data: Vec<u8> = (0..20_000_u32).map(|i| (i % 241) as u8).collect();
    pair.client.send(&data);
    pair.server.send(&data[..500]);
    pair.run();
    assert!(pair.server.data == data && pair.client.data == data[..500]);
    (
        words(&client),
        words(&server),
        pair.client.connection.tls_exporter().unwrap(),
        pair.server.connection.tls_exporter().unwrap(),
    )
}

#[test]
fn pieces_of_every_small_size() {
    for (retry, auth) in [(false, false), (true, true)] {
        let whole = outcome(&mut pair(retry, auth));
        for step in [1, 2, 3, 4, 5, 6, 7, 11, 64, 1000] {
            let mut pair = pair(retry, auth);
            pair.step = Some(step);
            assert_eq!(outcome(&mut pair), whole, "in pieces of {step}");
        }
    }
}

/// Plaintext handshake records at the front, cut into records of at most `len` bytes.
fn refragment(bytes: &[u8], len: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_first_chunk::<5>() {
        let size = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let (body, next) = after.split_at(size);
        if header[0] == 22 {
            for part in body.chunks(len) {
                let size = u16::try_from(part.len()).unwrap().to_be_bytes();
                out.extend([22, 3, 3, size[0], size[1]]);
                out.extend(part);
            }
        } else {
            out.extend(header);
            out.extend(body);
        }
        rest = next;
    }
    out
}

/// A handshake whose plaintext flights are cut into such records on the way.
fn refragmented(retry: bool, auth: bool, len: usize) -> Outcome {
    let mut pair = pair(retry, auth);
    for _ in 0..3 {
        pair.client.run();
        let output = std::mem::take(&mut pair.client.output);
        pair.server.input.extend(refragment(&output, len));
        pair.server.run();
        let output = std::mem::take(&mut pair.server.output);
        pair.client.input.extend(refragment(&output, len));
    }
    outcome(&mut pair)
}

#[test]
fn messages_cut_into_records_of_any_length() {
    for (retry, auth) in [(false, false), (true, true)] {
        let whole = outcome(&mut pair(retry, auth));
        for len in [1, 2, 3, 4, 5, 100, 300] {
            assert_eq!(refragmented(retry, auth, len), whole, "records of {len}");
        }
    }
}

/// Carries what there is, and runs both ends with sinks of this room.
fn with_room(pair: &mut Pair, mut room: impl FnMut() -> usize) {
    for _ in 0..10_000 {
        let mut moved = step(&mut pair.client, &mut pair.server, room());
        moved |= step(&mut pair.server, &mut pair.client, room());
        if !moved && pair.client.done.is_some() && pair.server.done.is_some() {
            return;
        }
    }
    panic!("no end: {:?} {:?}", pair.client.failed, pair.server.failed);
}

/// One call of `receive`, whose output goes to the other end; whether anything happened.
fn step<A: Connection, B>(end: &mut End<A>, other: &mut End<B>, room: usize) -> bool {
    let mut buffer = vec![0; room];
    let mut sink = FixedSink::new(&mut buffer);
    let received = end.connection.receive(&mut end.input, &mut sink);
    let consumed = received.consumed;
    let mut moved = consumed > 0 || !sink.written().is_empty();
    match received.event {
        Event::NeedInput { min } => assert!(min > end.input.len() - consumed, "{min}"),
        Event::NeedOutput { min } => {
            // A constant, whatever waits; and true: that much room is enough.
            assert!((1..=512).contains(&min), "{min}");
            let written = sink.written().len();
            assert!(room - written < min, "{min} where {room} had {written}");
            let mut enough = vec![0; min];
            let mut sink = FixedSink::new(&mut enough);
            if written == 0 && room + 1 == min {
                // Exactly one byte was missing.
                end.connection.flush(&mut sink);
                assert!(!sink.written().is_empty());
                other.input.extend(sink.written());
            }
            moved = true;
        }
        Event::HandshakeDone(summary) => {
            // Only when all has gone out.
            let mut sink = Vec::new();
            assert_eq!(end.connection.flush(&mut sink), 0);
            assert!(sink.is_empty());
            assert_eq!(received.output, 0);
            end.done = Some(*summary);
            moved = true;
        }
        event => panic!("{event:?}"),
    }
    other.input.extend(sink.written());
    end.input.drain(..consumed);
    moved
}

#[test]
fn sinks_of_every_size() {
    let whole = outcome(&mut pair(false, false));
    for room in 0..=600 {
        let mut pair = pair(false, false);
        if room < 512 {
            // Too little for some record: every other call has enough.
            let mut calls = 0;
            with_room(&mut pair, || {
                calls += 1;
                if calls / 2 % 2 == 0 { room } else { 512 }
            });
        } else {
            with_room(&mut pair, || room);
        }
        if room % 50 == 0 {
            assert_eq!(outcome(&mut pair), whole, "with room {room}");
        }
    }
}

#[test]
fn a_sink_without_room_consumes_nothing_further() {
    let mut pair = pair(false, true);
    pair.client.run();
    pair.server.input = std::mem::take(&mut pair.client.output);
    let mut nothing = FixedSink::new(&mut []);
    let all = pair.server.input.len();
    let received = pair
        .server
        .connection
        .receive(&mut pair.server.input, &mut nothing);
    assert_eq!(received.consumed, all);
    let Event::NeedOutput { min } = received.event else {
        panic!()
    };
    assert_eq!(received.output, min);
    // More input changes nothing while output waits.
    let mut more = vec![20, 3, 3, 0, 1, 1];
    for _ in 0..3 {
        let received = pair.server.connection.receive(&mut more, &mut nothing);
        assert_eq!(received.consumed, 0);
        assert!(matches!(received.event, Event::NeedOutput { min: again } if again == min));
    }
}

#[test]
fn an_alert_waits_for_room_too() {
    // In the handshake, in the clear; and after it, protected.
    for (done, len) in [(false, 7), (true, 24)] {
        let mut pair = pair(false, false);
        if done {
            pair.handshake();
        }
        let mut input = vec![21, 3, 3, 0, 0];
        if done {
            input = vec![23, 3, 3, 0, 0];
        }
        let mut failed = None;
        for room in 0..len {
            let mut buffer = vec![0; room];
            let mut sink = FixedSink::new(&mut buffer);
            let received = pair.server.connection.receive(&mut input, &mut sink);
            let consumed = received.consumed;
            match received.event {
                Event::NeedOutput { min } => assert_eq!(min, len),
                event => panic!("{event:?}"),
            }
            input.drain(..consumed);
            assert!(sink.written().is_empty());
            let error = pair.server.connection.send(b"x", &mut sink).unwrap_err();
            assert_eq!(*failed.get_or_insert(error.clone()), error);
        }
        let mut buffer = vec![0; len];
        let mut sink = FixedSink::new(&mut buffer);
        let received = pair.server.connection.receive(&mut input, &mut sink);
        match received.event {
            Event::Failed(error) => assert_eq!(Some(error), failed),
            event => panic!("{event:?}"),
        }
        assert_eq!(sink.written().len(), len);
    }
}

/// Runs an end on an input buffer that grows only to what `NeedInput` names; the flights that the
/// other end is to get.
fn minimal<C: Connection>(end: &mut End<C>, flight: &[u8], got: &mut Vec<u8>) -> Vec<u8> {
    let mut rest = flight;
    let mut buffer: Vec<u8> = Vec::new();
    let mut output = Vec::new();
    loop {
        let received = end.connection.receive(&mut buffer, &mut output);
        let consumed = received.consumed;
        let mut need = None;
        match received.event {
            Event::NeedInput { min } => need = Some(min),
            Event::HandshakeDone(summary) => end.done = Some(*summary),
            Event::Data(data) => got.extend_from_slice(&data),
            event => panic!("{event:?}"),
        }
        buffer.drain(..consumed);
        if let Some(min) = need {
            assert!(min > buffer.len() && min <= 5 + 16_640);
            let missing = min - buffer.len();
            if missing > rest.len() {
                // Only ever short of a header, at the end of a flight.
                assert_eq!((rest.len(), min), (0, 5));
                return output;
            }
            buffer.extend(&rest[..missing]);
            rest = &rest[missing..];
        }
    }
}

#[test]
fn an_input_buffer_of_just_what_is_needed() {
    for (retry, auth) in [(false, false), (false, true), (true, true)] {
        let mut pair = pair(retry, auth);
        let (mut at_client, mut at_server) = (Vec::new(), Vec::new());
        let mut flight = Vec::new();
        for _ in 0..4 {
            flight = minimal(&mut pair.client, &flight, &mut at_client);
            flight = minimal(&mut pair.server, &flight, &mut at_server);
        }
        assert!(pair.client.done.is_some() && pair.server.done.is_some());
        let data = vec![b'x'; 40_000];
        pair.client.send(&data);
        let flight = std::mem::take(&mut pair.client.output);
        minimal(&mut pair.server, &flight, &mut at_server);
        assert!(at_server == data);
    }
}

/// A sink that says it has more room than it has.
struct Boaster(Vec<u8>, usize);

impl Sink for Boaster {
    fn room(&self) -> usize {
        100_000 - self.0.len()
    }

    fn append(&mut self, bytes: &[u8]) -> bool {
        let fits = self.0.len() + bytes.len() <= self.1;
        fits && Sink::append(&mut self.0, bytes)
    }

    fn tail_mut(&mut self, len: usize) -> &mut [u8] {
        self.0.tail_mut(len)
    }

    fn retract(&mut self, len: usize) {
        self.0.retract(len);
    }
}

#[test]
fn a_record_goes_into_a_sink_whole_or_not_at_all() {
    let write = |sink: &mut dyn Sink, len: usize| {
        let content = vec![b'x'; len];
        let parts = [&content[..]].into_iter();
        write_record(None, ContentType::APPLICATION_DATA, parts, 0, sink)
    };
    // Room for two records of one byte and a part of the third.
    for room in 12..18 {
        let mut boaster = Boaster(Vec::new(), room);
        let mut buffer = vec![0; room];
        let mut fixed = FixedSink::new(&mut buffer);
        for sink in [&mut boaster as &mut dyn Sink, &mut fixed] {
            assert_eq!(write(sink, 1), Ok(()));
            assert_eq!(write(sink, 1), Ok(()));
            let error = write(sink, 1).unwrap_err();
            assert_eq!(error.alert(), Some(AlertDescription::INTERNAL_ERROR));
        }
        let records = b"\x17\x03\x03\0\x01x\x17\x03\x03\0\x01x";
        assert_eq!(boaster.0, records);
        assert_eq!(fixed.written(), records);
        fixed.clear();
        assert!(fixed.written().is_empty());
        assert_eq!(fixed.room(), room);
    }
    // And none is longer than any peer would take.
    for len in [MAX_PLAINTEXT + 257, 0x1_0000] {
        let mut out = b"before".to_vec();
        assert!(write(&mut out, len).is_err());
        assert_eq!(out, b"before");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces(
        sizes in prop::collection::vec(1..700_usize, 1..40),
        retry: bool,
        auth: bool,
    ) {
        let whole = outcome(&mut pair(retry, auth));
        let mut pair = pair(retry, auth);
        let mut sizes = sizes.iter().cycle();
        for _ in 0..10_000 {
            pair.client.run();
            let output = std::mem::take(&mut pair.client.output);
            let mut rest = &output[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
                pair.server.input.extend(now);
                pair.server.run();
                rest = later;
            }
            let output = std::mem::take(&mut pair.server.output);
            let mut rest = &output[..];
            while !rest.is_empty() {
                let (now, later) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
                pair.client.input.extend(now);
                pair.client.run();
                rest = later;
            }
            if output.is_empty() && pair.client.output.is_empty() {
                break;
            }
        }
        prop_assert_eq!(outcome(&mut pair), whole);
    }

    #[test]
    fn any_rooms(rooms in prop::collection::vec(0..1400_usize, 1..60), retry: bool, auth: bool) {
        let whole = outcome(&mut pair(retry, auth));
        let mut pair = pair(retry, auth);
        // Two, so that either end gets enough room now and then.
        let mut rooms = rooms.iter().copied().chain([512, 512]).cycle();
        with_room(&mut pair, || rooms.next().unwrap());
        prop_assert_eq!(outcome(&mut pair), whole);
    }

    #[test]
    fn any_record_lengths(len in 1..400_usize, retry: bool, auth: bool) {
        prop_assert_eq!(refragmented(retry, auth, len), outcome(&mut pair(retry, auth)));
    }
}
