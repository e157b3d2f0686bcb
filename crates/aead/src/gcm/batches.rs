//! Whole batches, written once for both widths of vectors: functions that need other extensions of
//! the CPU can't share code by a trait or a type parameter, so that a macro makes them.
//!
//! The module that calls it has of its width what its instructions are named for: `Vector`, which is `WIDTH`
//! bytes, `load`, `store`, `xor`, `aes_round`, `last_aes_round`, `product`; `repeated`, a block in each
//! place, `sum_of_blocks`, `halves_swapped`; the `counter_blocks` of a batch; and for [`Sums`] the
//! functions `add_four`, which hashes a fourth of a batch, and `reduced_fours`. It gives the extensions, and how often
//! the loop around AES and the hash runs, which is three times.

macro_rules! batches {
    ($extensions:literal, $steps:expr) => {
        /// Vectors of a batch.
        const VECTORS: usize = BATCH / WIDTH;

        /// Sums of products before reduction: of the low halves, the high halves, and the rest.
        #[derive(Clone, Copy)]
        pub(super) struct Sums {
            low: Vector,
            middle: Vector,
            high: Vector,
        }

        impl Sums {
            #[target_feature(enable = $extensions)]
            #[inline]
            pub(super) fn zero() -> Self {
                let zero = repeated(zero());
                Self {
                    low: zero,
                    middle: zero,
                    high: zero,
                }
            }

            /// Adds x * power, by four products.
            #[target_feature(enable = $extensions)]
            #[inline]
            pub(super) fn add(&mut self, x: Vector, power: Vector) {
                let cross = xor(product::<0x01>(x, power), product::<0x10>(x, power));
                self.add_ends(x, power);
                self.middle = xor(self.middle, cross);
            }

            #[target_feature(enable = $extensions)]
            #[inline]
            fn add_ends(&mut self, x: Vector, power: Vector) {
                self.low = xor(self.low, product::<0x00>(x, power));
                self.high = xor(self.high, product::<0x11>(x, power));
            }

            /// The sum over all places, reduced.
            #[target_feature(enable = $extensions)]
            #[inline]
            pub(super) fn reduced(self) -> Block {
                sum_of_blocks(self.reduced_each())
            }

            /// Each place reduced: what stands in the lowest 64 bits is moved up by a multiple of
            /// the polynomial, twice.
            #[target_feature(enable = $extensions)]
            #[inline]
            pub(super) fn reduced_each(self) -> Vector {
                let middle = xor(self.middle, folded(self.low));
                xor(self.high, folded(middle))
            }
        }

        #[target_feature(enable = $extensions)]
        #[inline]
        fn folded(x: Vector) -> Vector {
            let polynomial = repeated(cast(u128::from(POLYNOMIAL)));
            xor(halves_swapped(x), product::<0x00>(x, polynomial))
        }

        #[target_feature(enable = $extensions)]
        #[inline]
        fn round<const N: usize>(states: &mut [Vector; N], key: Block) {
            let key = repeated(key);
            for state in states {
                *state = aes_round(*state, key);
            }
        }

        /// AES but for the last round, of counter blocks.
        #[target_feature(enable = $extensions)]
        #[inline]
        pub(super) fn rounds<const R: usize, const N: usize>(
            key: &Key<R>,
            mut states: [Vector; N],
        ) -> [Vector; N] {
            round(&mut states, key.second);
            for key in key.middle.as_flattened() {
                round(&mut states, *key);
            }
            states
        }

        /// The same for a batch, with the hash of another between. `SEAL` only makes two of it,
        /// so that each is used once and inlined.
        #[target_feature(enable = $extensions)]
        fn rounds_and_hash<const R: usize, const SEAL: bool>(
            key: &Key<R>,
            mut states: [Vector; VECTORS],
            so_far: Block,
            bytes: &[u8; BATCH],
        ) -> ([Vector; VECTORS], Block) {
            let mut sums = Sums::zero();
            let (quarters, _) = bytes.as_chunks::<64>();
            let [_, powers @ .., _] = &key.powers;
            let (powers, _) = powers.as_chunks::<4>();
            let (Some((first, quarters)), Some((first_powers, powers))) =
                (quarters.split_first(), powers.split_first())
            else {
                return (states, so_far);
            };
            let [power_sums @ .., first_sums] = &key.sums;
            let [middle @ .., last_middle] = &key.middle;

            round(&mut states, key.second);
            for (((keys, power_sums), powers), bytes) in middle
                .iter()
                .zip(power_sums)
                .zip(powers.iter().rev())
                .zip(quarters.iter().rev())
                .take($steps)
            {
                for key in keys {
                    round(&mut states, *key);
                }
                sums.add_four(bytes, zero(), powers, cast(*power_sums));
            }
            for key in last_middle {
                round(&mut states, *key);
            }
            sums.add_four(first, so_far, first_powers, cast(*first_sums));
            (states, sums.reduced_fours())
        }

        /// Hashes a batch: `so_far` belongs to its first block.
        #[target_feature(enable = $extensions)]
        pub(super) fn hash_batch<const R: usize>(
            key: &Key<R>,
            mut so_far: Block,
            bytes: &[u8; BATCH],
        ) -> Block {
            let (quarters, _) = bytes.as_chunks::<64>();
            let [_, powers @ .., _] = &key.powers;
            let (powers, _) = powers.as_chunks::<4>();
            let mut sums = Sums::zero();
            for ((bytes, powers), power_sums) in
                quarters.iter().zip(powers).zip(key.sums.iter().rev())
            {
                sums.add_four(bytes, so_far, powers, cast(*power_sums));
                so_far = zero();
            }
            sums.reduced_fours()
        }

        /// AES's last round, and what it gives added to the message.
        #[target_feature(enable = $extensions)]
        fn finish_batch<const R: usize>(
            key: &Key<R>,
            states: [Vector; VECTORS],
            bytes: &mut [u8; BATCH],
        ) {
            let last = repeated(key.last);
            let (vectors, _) = bytes.as_chunks_mut::<WIDTH>();
            for (vector, state) in vectors.iter_mut().zip(&states) {
                let x = xor(load(vector), last);
                store(vector, last_aes_round(*state, x));
            }
        }

        /// All but the last, incomplete batch. Returns the hash so far.
        #[target_feature(enable = $extensions)]
        fn seal_batches<const R: usize>(
            key: &Key<R>,
            counters: &Counters,
            mut hash: Block,
            batches: &mut [[u8; BATCH]],
        ) -> Block {
            let Some((mut before, rest)) = batches.split_first_mut() else {
                return hash;
            };
            finish_batch(key, rounds(key, counter_blocks(counters, 0)), before);
            let mut counter = 0u32;
            for batch in rest {
                counter = counter.wrapping_add(16);
                let states = counter_blocks(counters, counter);
                let (states, hashed) = rounds_and_hash::<R, true>(key, states, hash, before);
                hash = hashed;
                finish_batch(key, states, batch);
                before = batch;
            }
            hash_batch(key, hash, before)
        }

        /// The same the other way.
        #[target_feature(enable = $extensions)]
        fn open_batches<const R: usize>(
            key: &Key<R>,
            counters: &Counters,
            mut hash: Block,
            batches: &mut [[u8; BATCH]],
        ) -> Block {
            let mut counter = 0u32;
            for batch in batches {
                let states = counter_blocks(counters, counter);
                let (states, hashed) = rounds_and_hash::<R, false>(key, states, hash, batch);
                hash = hashed;
                finish_batch(key, states, batch);
                counter = counter.wrapping_add(16);
            }
            hash
        }

        #[target_feature(enable = $extensions)]
        #[inline(never)]
        pub(super) fn seal<const R: usize>(
            key: &Key<R>,
            nonce: &[u8; 12],
            aad: &[u8],
            message: &mut [u8],
        ) -> u128 {
            let counters = Counters::new(key, nonce);
            let lengths = [aad.len(), message.len()];
            let hash = hash_aad(key, aad);
            let (batches, rest) = message.as_chunks_mut();
            let hash = seal_batches(key, &counters, hash, batches);
            cast(tail::<R, WIDTH, true>(key, &counters, hash, lengths, rest))
        }

        #[target_feature(enable = $extensions)]
        #[inline(never)]
        pub(super) fn open<const R: usize>(
            key: &Key<R>,
            nonce: &[u8; 12],
            aad: &[u8],
            message: &mut [u8],
            tag: &[u8; 16],
        ) -> bool {
            let counters = Counters::new(key, nonce);
            let lengths = [aad.len(), message.len()];
            let hash = hash_aad(key, aad);
            let (batches, rest) = message.as_chunks_mut();
            let hash = open_batches(key, &counters, hash, batches);
            let expected = tail::<R, WIDTH, false>(key, &counters, hash, lengths, rest);
            let difference = _mm_xor_si128(expected, cast(*tag));
            _mm_testz_si128(difference, difference) == 1
        }
    };
}

pub(super) use batches;
