//! Records, and the messages in them.

use symbolon::codepoint::HandshakeType;
use symbolon::record::{Deframed, Joined, Joiner, deframe};

/// Records are found in the bytes, which the first byte says how to judge; what handshake records
/// bring is joined. Joined or not, the messages must be the same bytes in the same order.
pub fn deframer(bytes: &[u8]) {
    let Some((options, mut input)) = bytes.split_first() else {
        return;
    };
    let protected = options & 1 != 0;
    let mut first = options & 2 != 0;
    let (mut joiner, mut storage) = (Joiner::default(), Vec::new());
    let (mut pushed, mut joined) = (Vec::new(), Vec::new());
    while let Ok(found) = deframe(input, first, protected) {
        let frame = match found {
            Deframed::Need(need) => {
                assert!(need > input.len() && need <= 5 + 16_384 + 256);
                break;
            }
            Deframed::Frame(frame) => frame,
        };
        first = false;
        // The same record must be found however much follows, and not in less.
        let (record, rest) = input.split_at(frame.len());
        assert_eq!(deframe(record, false, protected), Ok(found));
        let less = deframe(&record[..record.len() - 1], false, protected);
        assert!(matches!(less, Ok(Deframed::Need(_))));
        input = rest;

        let body = &record[5..];
        pushed.extend_from_slice(body);
        joiner.push(&mut storage, body);
        loop {
            match joiner.next(&storage) {
                Joined::Message(kind, range) => {
                    let message = &storage[range.clone()];
                    assert_eq!(HandshakeType(message[0]), kind);
                    assert_eq!(
                        Joiner::first(message),
                        Joined::Message(kind, 0..message.len())
                    );
                    joined.extend_from_slice(message);
                    joiner.consume(&mut storage, range.end);
                }
                Joined::Part(_) => break,
                Joined::Empty => {
                    assert_eq!(storage.capacity(), 0);
                    break;
                }
            }
        }
        assert!(pushed.starts_with(&joined));
    }
}

/// How many pieces there are, their lengths, and what comes in pieces of these lengths over and over:
/// however it is cut, the messages are those of the whole, and nothing is kept besides what came.
pub fn joiner(bytes: &[u8]) {
    let Some((count, rest)) = bytes.split_first() else {
        return;
    };
    let count = usize::from(count % 16) + 1;
    let Some((lengths, stream)) = rest.split_at_checked(count) else {
        return;
    };
    let mut whole = Vec::new();
    let mut left = stream;
    while let Some(([_, a, b, c], rest)) = left.split_first_chunk() {
        let len = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        if rest.len() < len {
            break;
        }
        let (message, rest) = left.split_at(4 + len);
        whole.push(message);
        left = rest;
    }

    let (mut joiner, mut storage) = (Joiner::default(), Vec::new());
    let mut joined = Vec::new();
    let mut input = stream;
    for len in lengths.iter().cycle() {
        let len = usize::from(*len).max(1).min(input.len());
        let (piece, rest) = input.split_at(len);
        input = rest;
        joiner.push(&mut storage, piece);
        while let Joined::Message(kind, range) = joiner.next(&storage) {
            let message = storage[range.clone()].to_vec();
            assert_eq!(HandshakeType(message[0]), kind);
            joiner.consume(&mut storage, range.end);
            joined.push(message);
        }
        // Twice what came, and the little that a vector begins with.
        assert!(storage.capacity() <= 2 * stream.len() + 16);
        if input.is_empty() {
            break;
        }
    }
    assert_eq!(joined, whole);
    match joiner.next(&storage) {
        Joined::Empty => assert!(left.is_empty()),
        Joined::Part(_) => assert!(storage.ends_with(left) && !left.is_empty()),
        Joined::Message(..) => panic!("it was left"),
    }
}
