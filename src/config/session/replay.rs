//! Recorders of ClientHellos whose early data was accepted (RFC 9846 8.2): exact, and as a filter.
//!
//! Both keep one promise whatever happens: `New` is said only of what certainly wasn't recorded before.
//! Whoever can't be sure says `Unknown`: one that is full, one that started a moment ago, one whose
//! clock was set back behind what it has forgotten.

use super::state::SKEW;
use super::{Freshness, ReplayQuery, ReplayRecorder, later};
use crate::crypto::{CryptoProvider, Hash, HashSecret};
use crate::lock::Lock;
use crate::pki::Decision;
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec;
use core::fmt;
use rustls_pki_types::UnixTime;

/// Of which times there is no knowledge.
#[derive(Clone, Copy, Debug)]
struct Horizon {
    /// What was good until then at the latest may have been recorded and forgotten.
    forgotten: u64,
    /// Seconds for which one is good.
    span: u32,
}

impl Horizon {
    /// RFC 9846 8.2: after a start, nothing is accepted that may have been before it.
    fn new(started: UnixTime, span: u32) -> Self {
        Self {
            // And with a clock that was ahead then.
            forgotten: later(started, span.saturating_add(SKEW)).as_secs(),
            span,
        }
    }

    fn knows(self, query: &ReplayQuery) -> bool {
        // One that is good for longer than was said may have been recorded before the start.
        let longest = later(query.now, self.span.saturating_add(1));
        query.now.as_secs() > self.forgotten && query.expires <= longest
    }

    fn forget(&mut self, until: u64) {
        self.forgotten = self.forgotten.max(until);
    }
}

/// Whether what is good until then is of no use any more, by all clocks.
fn is_over(expires: u64, now: UnixTime) -> bool {
    expires.saturating_add(u64::from(SKEW)) <= now.as_secs()
}

/// A [`ReplayRecorder`] that remembers every ClientHello by itself: exact, about 150 bytes each.
pub struct ReplayMap {
    most: usize,
    inner: Lock<Recorded>,
}

struct Recorded {
    horizon: Horizon,
    by_key: BTreeMap<[u8; 32], u64>,
    by_end: BTreeSet<(u64, [u8; 32])>,
}

impl ReplayMap {
    /// Room for so many at the same time; when it is full, early data is refused until some are over.
    ///
    /// `started` is the time it is now, `span` the seconds for which one ClientHello may be accepted:
    /// twice the freshness window ([`super::StatelessSessions::freshness_window`]). In the first `span`
    /// seconds and ten more early data is refused, as it may have been accepted before the start; and always, where
    /// the window is wider than was said here.
    #[must_use]
    pub fn new(most: usize, started: UnixTime, span: u32) -> Self {
        Self {
            most,
            inner: Lock::new(Recorded {
                horizon: Horizon::new(started, span),
                by_key: BTreeMap::new(),
                by_end: BTreeSet::new(),
            }),
        }
    }
}

impl Recorded {
    fn clean(&mut self, now: UnixTime) {
        while let Some((end, key)) = self.by_end.first().copied()
            && is_over(end, now)
        {
            self.by_end.remove(&(end, key));
            self.by_key.remove(&key);
            self.horizon.forget(end);
        }
    }

    fn record(&mut self, query: &ReplayQuery, most: usize) -> Freshness {
        self.clean(query.now);
        if self.by_key.contains_key(&query.key) {
            return Freshness::Seen;
        }
        if !self.horizon.knows(query) || self.by_key.len() >= most {
            return Freshness::Unknown;
        }
        let end = query.expires.as_secs();
        self.by_key.insert(query.key, end);
        self.by_end.insert((end, query.key));
        Freshness::New
    }
}

impl ReplayRecorder for ReplayMap {
    fn record(&self, query: &ReplayQuery) -> Decision<Freshness> {
        let answer = self.inner.with(|r| r.record(query, self.most));
        Decision::Now(answer.unwrap_or(Freshness::Unknown))
    }
}

impl fmt::Debug for ReplayMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayMap")
            .field("most", &self.most)
            .finish_non_exhaustive()
    }
}

/// So many parts a filter has. With one more than is needed for all that is remembered, one can be
/// cleared while the others are in use.
const PARTS: usize = 4;

/// A [`ReplayRecorder`] as a filter: a few bytes for each ClientHello, at the price that now and then
/// one is taken for a replay that isn't. Its early data is then refused and sent again after the
/// handshake; a replay is never taken for new.
///
/// It has four parts (Bloom filters). One is written until it is full, then the next, once all that the
/// next one holds is over. So it remembers everything at least for as long as a replay could be
/// accepted, and its memory is given once, at the start. When all is full, early data is refused.
///
/// Which bits stand for a ClientHello depends on a secret: nobody outside can choose ClientHellos that
/// fill it faster or that make another's look like a replay.
///
/// # The rate of false alarms
/// The four parts together are made so that at most one in `one_in` new ClientHellos is taken for a
/// replay, when all of them are full. With k bits set per entry in a part made for k / ln 2 bits
/// per entry, and a tenth more, a part that is full is at most half set, and one in 2^k strangers finds
/// all its bits set. Memory is about 2 bits times k for each entry of `most`: for a million entries
/// and one in a million (k = 22) 5.9 MB.
pub struct ReplayFilter {
    hash: &'static dyn Hash,
    secret: HashSecret,
    /// Bits that are set for an entry.
    bits: u32,
    /// Entries that a part takes.
    room: usize,
    inner: Lock<Filter>,
}

struct Filter {
    horizon: Horizon,
    parts: [Part; PARTS],
    current: usize,
}

struct Part {
    words: Box<[u32]>,
    entries: usize,
    /// When all that is in it is over.
    end: u64,
}

impl ReplayFilter {
    /// A filter that remembers at least `most` ClientHellos at the same time and takes at most one in
    /// `one_in` new ones for a replay (at most one in 2^28 can be asked for).
    ///
    /// `secret` is random, and this filter's alone; `started` and `span` are as for
    /// [`ReplayMap::new`].
    #[must_use]
    pub fn new(
        provider: &CryptoProvider,
        secret: &[u8; 32],
        most: usize,
        one_in: u32,
        started: UnixTime,
        span: u32,
    ) -> Self {
        // Each of the parts may give a false alarm: two bits more than for one.
        let bits = log2_up(one_in.min(1 << 28)).saturating_add(2);
        let room = most.div_ceil(PARTS.saturating_sub(1)).max(1);
        // 1 / ln 2, and a tenth more: 1.587.
        let per_entry = usize::try_from(bits).unwrap_or(0).saturating_mul(1587);
        let wanted = room.saturating_mul(per_entry).div_ceil(1000);
        let words = wanted.div_ceil(32).max(2);
        Self {
            hash: provider.sha256,
            secret: provider.sha256.hkdf_extract(b"symbolon replay", secret),
            bits,
            room,
            inner: Lock::new(Filter {
                horizon: Horizon::new(started, span),
                parts: [(); PARTS].map(|()| Part::new(words)),
                current: 0,
            }),
        }
    }

    /// Bytes of memory that it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let words = |filter: &mut Filter| filter.parts.iter().map(|p| p.words.len()).sum();
        let words: usize = self.inner.with(words).unwrap_or(0);
        words.saturating_mul(4)
    }

    /// Where the bits of an entry are, from two halves of a MAC: the first, and the way from each to the
    /// next, which changes so that two entries that share both ends share little between.
    fn places(&self, key: &[u8; 32]) -> Places {
        let mac = self.hash.hmac(self.secret.expose(), &[key]);
        let (halves, _) = mac.expose().as_chunks::<8>();
        let mut halves = halves.iter().map(|half| u64::from_be_bytes(*half));
        Places {
            next: halves.next().unwrap_or(0),
            step: halves.next().unwrap_or(0),
            left: self.bits,
        }
    }
}

/// The smallest power of two that isn't less.
fn log2_up(n: u32) -> u32 {
    n.saturating_sub(1)
        .checked_ilog2()
        .map_or(0, |log| log.saturating_add(1))
}

/// Numbers that look random, one for each bit of an entry.
#[derive(Clone)]
struct Places {
    next: u64,
    step: u64,
    left: u32,
}

impl Iterator for Places {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.left = self.left.checked_sub(1)?;
        let place = self.next;
        self.next = self.next.wrapping_add(self.step);
        self.step = self.step.wrapping_add(u64::from(self.left));
        Some(place)
    }
}

impl Part {
    fn new(words: usize) -> Self {
        Self {
            words: vec![0; words].into_boxed_slice(),
            entries: 0,
            end: 0,
        }
    }

    /// The word and the bit in it.
    fn locate(&self, place: u64) -> (usize, u32) {
        let words = u64::try_from(self.words.len()).unwrap_or(u64::MAX);
        let bits = words.saturating_mul(32);
        let bit = place.checked_rem(bits).unwrap_or(0);
        let in_word = u32::try_from(bit % 32).unwrap_or(0);
        (
            usize::try_from(bit / 32).unwrap_or(usize::MAX),
            1 << in_word,
        )
    }

    fn holds(&self, mut places: Places) -> bool {
        self.entries > 0
            && places.all(|place| {
                let (word, bit) = self.locate(place);
                self.words.get(word).is_some_and(|word| word & bit != 0)
            })
    }

    fn insert(&mut self, places: Places, end: u64) {
        for place in places {
            let (word, bit) = self.locate(place);
            if let Some(word) = self.words.get_mut(word) {
                *word |= bit;
            }
        }
        self.entries = self.entries.saturating_add(1);
        self.end = self.end.max(end);
    }

    fn clear(&mut self) {
        self.words.fill(0);
        self.entries = 0;
        self.end = 0;
    }
}

impl Filter {
    /// The part to write into, if there is one with room.
    fn writable(&mut self, room: usize, now: UnixTime) -> Option<&mut Part> {
        let full = |part: &Part| part.entries >= room;
        if self.parts.get(self.current).is_none_or(full) {
            let next = self.current.wrapping_add(1) % PARTS;
            let part = self.parts.get_mut(next)?;
            if part.entries > 0 {
                if !is_over(part.end, now) {
                    return None;
                }
                self.horizon.forget(part.end);
                part.clear();
            }
            self.current = next;
        }
        self.parts.get_mut(self.current)
    }

    fn record(&mut self, query: &ReplayQuery, places: Places, room: usize) -> Freshness {
        if self.parts.iter().any(|part| part.holds(places.clone())) {
            return Freshness::Seen;
        }
        if !self.horizon.knows(query) {
            return Freshness::Unknown;
        }
        let Some(part) = self.writable(room, query.now) else {
            return Freshness::Unknown;
        };
        part.insert(places, query.expires.as_secs());
        Freshness::New
    }
}

impl ReplayRecorder for ReplayFilter {
    fn record(&self, query: &ReplayQuery) -> Decision<Freshness> {
        let places = self.places(&query.key);
        let record = |filter: &mut Filter| filter.record(query, places, self.room);
        let answer = self.inner.with(record);
        Decision::Now(answer.unwrap_or(Freshness::Unknown))
    }
}

impl fmt::Debug for ReplayFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplayFilter")
            .field("bits", &self.bits)
            .field("room", &self.room)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::provider::default_provider;
    use alloc::sync::Arc;
    use core::time::Duration;
    use std::collections::BTreeMap;
    use std::format;
    use std::vec::Vec;

    const START: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));
    const SPAN: u32 = 20;
    /// Seconds after the start; whatever was before it is over.
    const RUNNING: u32 = SPAN + SKEW + 1;

    fn query(n: u64, now: u32) -> ReplayQuery {
        let mut key = [0; 32];
        key[24..].copy_from_slice(&n.to_be_bytes());
        ReplayQuery {
            key,
            expires: later(START, now + SPAN),
            now: later(START, now),
        }
    }

    fn ask(recorder: &dyn ReplayRecorder, query: &ReplayQuery) -> Freshness {
        match recorder.record(query) {
            Decision::Now(answer) => answer,
            Decision::Later => panic!("nobody is asked"),
        }
    }

    fn filter(most: usize, one_in: u32) -> ReplayFilter {
        ReplayFilter::new(&default_provider(), &[1; 32], most, one_in, START, SPAN)
    }

    fn both(most: usize) -> [Arc<dyn ReplayRecorder>; 2] {
        [
            Arc::new(ReplayMap::new(most, START, SPAN)),
            Arc::new(filter(most, 1_000_000)),
        ]
    }

    #[test]
    fn what_was_recorded_is_seen() {
        for recorder in both(100) {
            let first = query(1, RUNNING);
            assert_eq!(ask(&*recorder, &first), Freshness::New);
            assert_eq!(ask(&*recorder, &first), Freshness::Seen);
            assert_eq!(ask(&*recorder, &query(2, RUNNING)), Freshness::New);
            assert_eq!(ask(&*recorder, &first), Freshness::Seen);
        }
    }

    #[test]
    fn two_servers_share_a_recorder_though_their_clocks_differ() {
        for recorder in both(1000) {
            let accepted = |skew: u32, turn: u32| {
                let queries = (0..200).map(move |n| ReplayQuery {
                    expires: query(n, 200).expires,
                    ..query(n, 200 + skew + turn)
                });
                queries
                    .filter(|q| ask(&*recorder, q) == Freshness::New)
                    .count()
            };
            let total: usize = std::thread::scope(|scope| {
                let servers = [0, 9].map(|skew| scope.spawn(move || accepted(skew, 0)));
                servers.into_iter().map(|s| s.join().unwrap()).sum()
            });
            assert_eq!(total, 200);
            assert_eq!(accepted(0, 11) + accepted(9, 11), 0);
        }
    }

    #[test]
    fn nothing_is_new_that_may_have_been_before_the_start() {
        for recorder in both(100) {
            assert_eq!(ask(&*recorder, &query(1, 0)), Freshness::Unknown);
            assert_eq!(ask(&*recorder, &query(2, SPAN + SKEW)), Freshness::Unknown);
            assert_eq!(ask(&*recorder, &query(3, RUNNING)), Freshness::New);
        }
    }

    #[test]
    fn nothing_is_new_that_is_good_for_longer_than_was_said() {
        for recorder in both(100) {
            let long = ReplayQuery {
                expires: later(START, RUNNING + SPAN + 2),
                ..query(1, RUNNING)
            };
            assert_eq!(ask(&*recorder, &long), Freshness::Unknown);
        }
    }

    #[test]
    fn it_is_seen_up_to_the_edge_of_its_window_and_never_new_after_it() {
        for recorder in both(3) {
            let first = query(1, RUNNING);
            assert_eq!(ask(&*recorder, &first), Freshness::New);
            for now in [
                RUNNING + 1,
                RUNNING + SPAN - 1,
                RUNNING + SPAN,
                RUNNING + SPAN + SKEW - 1,
            ] {
                let again = ReplayQuery {
                    now: later(START, now),
                    ..first.clone()
                };
                assert_eq!(ask(&*recorder, &again), Freshness::Seen, "{now}");
            }
            // Long after, others have taken its place.
            for n in 10..30 {
                let other = query(n, 1000 + u32::try_from(n).unwrap() * (SPAN + SKEW));
                assert_eq!(ask(&*recorder, &other), Freshness::New);
            }
            // With the right time nobody asks; with a clock that was set back it isn't new.
            assert_eq!(ask(&*recorder, &first), Freshness::Unknown);
        }
    }

    #[test]
    fn the_map_is_exact_up_to_its_limit_and_refuses_beyond() {
        let map = ReplayMap::new(100, START, SPAN);
        assert!((0..100).all(|n| ask(&map, &query(n, RUNNING)) == Freshness::New));
        assert!((100..200).all(|n| ask(&map, &query(n, RUNNING)) == Freshness::Unknown));
        assert!((0..100).all(|n| ask(&map, &query(n, RUNNING)) == Freshness::Seen));
        let over = RUNNING + SPAN + SKEW;
        assert!((200..300).all(|n| ask(&map, &query(n, over)) == Freshness::New));
        assert_eq!(
            map.inner.with(|r| (r.by_key.len(), r.by_end.len())),
            Some((100, 100))
        );
    }

    #[test]
    fn the_filter_takes_what_was_said_and_refuses_beyond() {
        let filter = filter(3000, 1_000_000);
        let answers: Vec<_> = (0..5000)
            .map(|n| ask(&filter, &query(n, RUNNING)))
            .collect();
        let new = answers.iter().filter(|a| **a == Freshness::New).count();
        assert!((3000..=4000).contains(&new), "{new}");
        assert!(answers[..3000].iter().all(|a| *a == Freshness::New));
        assert_eq!(answers[4999], Freshness::Unknown);
        for (n, answer) in (0..).zip(answers) {
            if answer == Freshness::New {
                assert_eq!(ask(&filter, &query(n, RUNNING)), Freshness::Seen);
            }
        }
        let over = RUNNING + SPAN + SKEW;
        assert!((5000..8000).all(|n| ask(&filter, &query(n, over)) == Freshness::New));
    }

    #[test]
    fn the_filter_gives_no_more_false_alarms_than_stated() {
        const ONE_IN: u32 = 1000;
        let filter = filter(30_000, ONE_IN);
        for n in 0..41_000 {
            ask(&filter, &query(n, RUNNING));
        }
        let parts = filter.inner.with(|f| f.parts.each_ref().map(|p| p.entries));
        assert_eq!(parts, Some([10_000; PARTS]));
        let asked = 200_000;
        let alarms = (0..asked)
            .filter(|n| ask(&filter, &query(1_000_000 + n, RUNNING)) == Freshness::Seen)
            .count();
        let stated = usize::try_from(asked).unwrap() / 1000;
        assert!(alarms <= stated, "{alarms} of {asked}");
        // That there are some shows that they were counted.
        assert!(alarms >= stated / 10, "{alarms} of {asked}");
    }

    #[test]
    fn the_filter_goes_on_for_a_day_and_misses_no_replay_in_the_window() {
        // 5 a second for 20 seconds and the skew are 150.
        let filter = filter(200, 1_000_000);
        let bytes = filter.bytes();
        let mut accepted = BTreeMap::new();
        let (mut new, mut n) = (0, 0);
        for now in (RUNNING..86_400).step_by(7) {
            for _ in 0..5 {
                let first = query(n, now);
                if ask(&filter, &first) == Freshness::New {
                    new += 1;
                    accepted.insert(n, first);
                }
                n += 1;
            }
            // All that can still be replayed is.
            accepted.retain(|_, first| first.expires > later(START, now));
            for first in accepted.values() {
                let again = ReplayQuery {
                    now: later(START, now),
                    ..first.clone()
                };
                assert_eq!(ask(&filter, &again), Freshness::Seen);
            }
        }
        assert_eq!(new, n);
        assert_eq!(filter.bytes(), bytes);
    }

    #[test]
    fn the_memory_is_what_the_docs_say() {
        let million = filter(1_000_000, 1_000_000).bytes();
        assert!((5_800_000..=6_000_000).contains(&million), "{million}");
        assert!(filter(0, 0).bytes() <= 64);
        // At most 2^28 is asked for, whatever is.
        assert_eq!(filter(10, 1 << 28).bytes(), filter(10, u32::MAX).bytes());
    }

    #[test]
    fn another_secret_sets_other_bits() {
        let provider = default_provider();
        let place = |secret: u8| {
            let filter = ReplayFilter::new(&provider, &[secret; 32], 10, 10, START, SPAN);
            filter.places(&[0; 32]).next()
        };
        assert_ne!(place(1), place(2));
        assert_eq!(place(1), place(1));
        assert!(!format!("{:?}", filter(10, 10)).contains("secret"));
    }
}
