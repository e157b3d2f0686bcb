//! ChaCha20 and the pass over a message, written once for both widths of vectors (as `gcm::batches` is, for
//! the same reason).
//!
//! The module that calls it has of its width: `Row`, which is `WIDTH` bytes, with `load`, `store`, `add`, `xor`;
//! `repeated`, 16 bytes in each place; `counters`, what the last rows of a group begin with;
//! `Rotations` and `rotated_16` to `rotated_7`; `turned`, which turns the words of each 16 bytes by so many
//! places; and `in_order`, the bytes of a group's blocks.

macro_rules! stream {
    ($extensions:literal) => {
        /// The rows of the states of some blocks.
        type Group = [Row; 4];

        /// Blocks of a group.
        const GROUP: u32 = (WIDTH / 16) as u32;
        /// Blocks and bytes that are computed at once.
        const BLOCKS: u32 = GROUP * GROUPS as u32;
        const BATCH: usize = 4 * WIDTH * GROUPS;
        /// Bytes of the first batch that are left for the message: its first block is Poly1305's key.
        const HEAD: usize = BATCH - BLOCK;
        /// What is hashed with each of ten double rounds.
        const STEP: usize = HEAD / 10;

        /// What the states of a message's blocks begin with (RFC 8439 2.3).
        struct Start {
            rows: Group,
        }

        impl Start {
            #[target_feature(enable = $extensions)]
            fn new(key: &Key, nonce: &[u8; 12]) -> Self {
                let [k0, k1]: [[u8; 16]; 2] = cast(key.words);
                let mut last = [0; 16];
                for (to, from) in last.iter_mut().skip(4).zip(nonce) {
                    *to = *from;
                }
                let rows = [
                    repeated(*b"expand 32-byte k"),
                    repeated(k0),
                    repeated(k1),
                    repeated(last),
                ];
                Self { rows }
            }

            /// The states of N groups of blocks.
            #[target_feature(enable = $extensions)]
            fn at<const N: usize>(&self, counter: u32) -> [Group; N] {
                let mut states = [self.rows; N];
                let mut counters = counters(counter);
                let increment = repeated(cast([GROUP, 0, 0, 0]));
                for state in &mut states {
                    state[3] = xor(state[3], counters);
                    counters = add(counters, increment);
                }
                states
            }
        }

        /// Quarter rounds on the columns of the states (RFC 8439 2.1), each step on all of them.
        #[target_feature(enable = $extensions)]
        fn quarter_rounds<const N: usize>(states: &mut [Group; N], rotations: Rotations) {
            for [a, b, _, d] in states.iter_mut() {
                *a = add(*a, *b);
                *d = rotated_16(xor(*d, *a), rotations);
            }
            for [_, b, c, d] in states.iter_mut() {
                *c = add(*c, *d);
                *b = rotated_12(xor(*b, *c));
            }
            for [a, b, _, d] in states.iter_mut() {
                *a = add(*a, *b);
                *d = rotated_8(xor(*d, *a), rotations);
            }
            for [_, b, c, d] in states.iter_mut() {
                *c = add(*c, *d);
                *b = rotated_7(xor(*b, *c));
            }
        }

        /// Turns the diagonals of the states into columns.
        #[target_feature(enable = $extensions)]
        fn diagonals<const N: usize>(states: &mut [Group; N]) {
            for [_, b, c, d] in states.iter_mut() {
                *b = turned::<0x39>(*b);
                *c = turned::<0x4e>(*c);
                *d = turned::<0x93>(*d);
            }
        }

        /// The other way.
        #[target_feature(enable = $extensions)]
        fn columns<const N: usize>(states: &mut [Group; N]) {
            for [_, b, c, d] in states.iter_mut() {
                *b = turned::<0x93>(*b);
                *c = turned::<0x4e>(*c);
                *d = turned::<0x39>(*d);
            }
        }

        /// The key stream from the states after all rounds.
        #[target_feature(enable = $extensions)]
        fn key_stream<const N: usize>(
            start: &Start,
            counter: u32,
            states: [Group; N],
        ) -> [Group; N] {
            let mut stream = start.at::<N>(counter);
            for (rows, state) in stream.iter_mut().zip(&states) {
                for (row, added) in rows.iter_mut().zip(state) {
                    *row = add(*row, *added);
                }
                *rows = in_order(*rows);
            }
            stream
        }

        /// N groups of key stream, and nothing else.
        #[target_feature(enable = $extensions)]
        fn stream_alone<const N: usize>(start: &Start, counter: u32) -> [Group; N] {
            let rotations = Rotations::new();
            let mut states = start.at::<N>(counter);
            for _ in 0..10 {
                quarter_rounds(&mut states, rotations);
                diagonals(&mut states);
                quarter_rounds(&mut states, rotations);
                columns(&mut states);
            }
            key_stream(start, counter, states)
        }

        /// Key stream of at least `len` bytes, or as much as is computed at once.
        #[target_feature(enable = $extensions)]
        fn stream_for(start: &Start, counter: u32, len: usize) -> [Group; GROUPS] {
            let mut stream = [start.rows; GROUPS];
            match len.div_ceil(4 * WIDTH) {
                0 | 1 => stream[0] = stream_alone::<1>(start, counter)[0],
                2 => [stream[0], stream[1]] = stream_alone(start, counter),
                _ => stream = stream_alone(start, counter),
            }
            stream
        }

        /// As much key stream as is computed at once, while `hash` goes into `poly`. `SEAL` only
        /// makes two of it, so that each is used once and inlined.
        #[target_feature(enable = $extensions)]
        fn stream_and_hash<const SEAL: bool>(
            start: &Start,
            counter: u32,
            poly: &mut Poly,
            hash: &[u8; HEAD],
        ) -> [Group; GROUPS] {
            let rotations = Rotations::new();
            let mut states = start.at::<GROUPS>(counter);
            let (hash, _) = hash.as_chunks::<STEP>();
            for blocks in hash {
                let (blocks, _) = blocks.as_chunks::<16>();
                let (first, second) = blocks.split_at(blocks.len() / 2);
                quarter_rounds(&mut states, rotations);
                diagonals(&mut states);
                for block in first {
                    poly.add(block);
                }
                quarter_rounds(&mut states, rotations);
                columns(&mut states);
                for block in second {
                    poly.add(block);
                }
            }
            key_stream(start, counter, states)
        }

        /// Adds key stream to bytes; there is enough of it.
        #[target_feature(enable = $extensions)]
        fn add_stream(bytes: &mut [u8], stream: &[Row]) {
            let (rows, rest) = bytes.as_chunks_mut::<WIDTH>();
            let mut stream = stream.iter();
            for (bytes, stream) in rows.iter_mut().zip(&mut stream) {
                store(bytes, xor(load(bytes), *stream));
            }
            if let (false, Some(stream)) = (rest.is_empty(), stream.next()) {
                add_rest(rest, &cast::<Row, [u8; WIDTH]>(*stream));
            }
        }

        /// One pass over a message: `SEAL` tells whether what is hashed comes out or goes in.
        #[target_feature(enable = $extensions)]
        fn run<const SEAL: bool>(
            key: &Key,
            nonce: &[u8; 12],
            aad: &[u8],
            message: &mut [u8],
        ) -> u128 {
            let start = Start::new(key, nonce);
            let lengths =
                [aad.len(), message.len()].map(|len| u64::try_from(len).unwrap_or(u64::MAX));

            // The first blocks: Poly1305's key, then the beginning of the message.
            let first = stream_for(&start, 0, BLOCK + message.len().min(HEAD));
            let (before, first) = first.as_flattened().split_at(BLOCK / WIDTH);
            let before: [u8; WIDTH] = cast(before[0]);
            let Some(poly_key) = before.first_chunk() else {
                return 0;
            };
            let mut poly = Poly::new(poly_key);
            poly.add_padded(aad);

            let Some((head, rest)) = message.split_first_chunk_mut::<HEAD>() else {
                if SEAL {
                    add_stream(message, first);
                    poly.add_padded(message);
                } else {
                    poly.add_padded(message);
                    add_stream(message, first);
                }
                poly.add(&cast(lengths));
                return poly.finish();
            };
            if !SEAL {
                poly.add_padded(head);
            }
            add_stream(head, first);

            let mut counter = BLOCKS;
            // What is encrypted and not yet hashed (sealing).
            let (mut pending, mut pending_rest): (Option<&[u8; HEAD]>, &[u8]) = (Some(head), &[]);
            for batch in rest.chunks_mut(BATCH) {
                let interleaved = if SEAL { pending } else { batch.first_chunk() };
                let stream = match interleaved {
                    Some(hash) => stream_and_hash::<SEAL>(&start, counter, &mut poly, hash),
                    None => stream_for(&start, counter, batch.len()),
                };
                poly.add_padded(match batch.split_first_chunk::<HEAD>() {
                    _ if SEAL => pending_rest,
                    Some((_, rest)) => rest,
                    None => batch,
                });
                add_stream(batch, stream.as_flattened());
                if SEAL {
                    (pending, pending_rest) = match batch.split_first_chunk() {
                        Some((front, rest)) => (Some(front), rest),
                        None => (None, &*batch),
                    };
                }
                counter = counter.wrapping_add(BLOCKS);
            }
            if SEAL {
                if let Some(pending) = pending {
                    poly.add_padded(pending);
                }
                poly.add_padded(pending_rest);
            }
            poly.add(&cast(lengths));
            poly.finish()
        }

        #[target_feature(enable = $extensions)]
        pub(super) fn seal(key: &Key, nonce: &[u8; 12], aad: &[u8], message: &mut [u8]) -> u128 {
            run::<true>(key, nonce, aad, message)
        }

        #[target_feature(enable = $extensions)]
        pub(super) fn open(
            key: &Key,
            nonce: &[u8; 12],
            aad: &[u8],
            message: &mut [u8],
            tag: &[u8; 16],
        ) -> bool {
            let expected = run::<false>(key, nonce, aad, message);
            let difference: __m128i = cast(expected ^ u128::from_le_bytes(*tag));
            _mm_testz_si128(difference, difference) == 1
        }
    };
}

pub(super) use stream;
