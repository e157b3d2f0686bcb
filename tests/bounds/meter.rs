//! What a connection holds and has done, counted call by call.
//!
//! Only what happens inside calls into the library counts, and only on the thread that calls: the
//! caller's buffers don't.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use symbolon::conn::{Connection, Event};
use symbolon::error::Error;
use symbolon::record::FixedSink;

struct Counting;

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static PEAK: Cell<isize> = const { Cell::new(0) };
    static CALLS: Cell<usize> = const { Cell::new(0) };
    static BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is the system's; numbers are counted on the way. A block that grows counts
// twice while it is copied, as the default `realloc` of the trait has it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if INSIDE.get() {
            LIVE.set(LIVE.get() + layout.size() as isize);
            PEAK.set(PEAK.get().max(LIVE.get()));
            CALLS.set(CALLS.get() + 1);
            BYTES.set(BYTES.get() + layout.size());
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if INSIDE.get() {
            LIVE.set(LIVE.get() - layout.size() as isize);
        }
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Runs something that counts.
pub fn inside<T>(run: impl FnOnce() -> T) -> T {
    INSIDE.set(true);
    let result = run();
    INSIDE.set(false);
    result
}

/// What was allocated inside so far: blocks and bytes.
pub fn allocated() -> (usize, usize) {
    (CALLS.get(), BYTES.get())
}

/// A connection whose bytes are counted.
#[derive(Debug)]
pub struct Metered<C> {
    pub connection: C,
    base: isize,
    /// The most bytes held so far, also within a call.
    pub peak: usize,
    /// The most bytes held so far between calls.
    pub rest: usize,
    pub received: usize,
    pub done: bool,
    pub failed: Option<Error>,
    pub data: usize,
    pub output: Vec<u8>,
    room: Vec<u8>,
}

impl<C: Connection> Metered<C> {
    pub fn new(make: impl FnOnce() -> C) -> Self {
        let base = LIVE.get();
        PEAK.set(base);
        let connection = inside(make);
        let mut this = Self {
            connection,
            base,
            peak: 0,
            rest: 0,
            received: 0,
            done: false,
            failed: None,
            data: 0,
            output: Vec::new(),
            room: vec![0; 1 << 17],
        };
        this.note();
        this
    }

    /// Bytes held now, with the connection itself.
    pub fn held(&self) -> usize {
        usize::try_from(LIVE.get() - self.base).unwrap_or(0) + size_of::<C>()
    }

    fn note(&mut self) {
        let peak = usize::try_from(PEAK.get() - self.base).unwrap_or(0);
        self.peak = self.peak.max(peak + size_of::<C>());
        self.rest = self.rest.max(self.held());
    }

    /// Takes what is at the front of `input`; how much of it.
    pub fn receive(&mut self, input: &mut [u8]) -> usize {
        let mut start = 0;
        while self.failed.is_none() {
            let Self {
                connection, room, ..
            } = self;
            let mut sink = FixedSink::new(room);
            PEAK.set(LIVE.get());
            let received = inside(|| connection.receive(&mut input[start..], &mut sink));
            self.output.extend_from_slice(sink.written());
            start += received.consumed;
            let mut stop = false;
            match received.event {
                Event::NeedInput { .. } | Event::Closed(_) => stop = true,
                Event::Failed(error) => self.failed = Some(error),
                Event::Data(data) => self.data += data.len(),
                Event::EarlyData(data) => self.data += data.bytes.len(),
                // What is handed out is the caller's.
                Event::HandshakeDone(summary) => {
                    self.done = true;
                    inside(|| drop(summary));
                }
                Event::Session(session) => inside(|| drop(session)),
                event => panic!("{event:?}"),
            }
            self.note();
            if stop {
                break;
            }
        }
        self.received += start;
        start
    }

    /// Takes these bytes in steps of so many; `each` is told what has come so far.
    pub fn feed(&mut self, bytes: &[u8], step: usize, mut each: impl FnMut(&Self, usize)) {
        let mut input = Vec::with_capacity(bytes.len());
        let mut start = 0;
        for part in bytes.chunks(step) {
            input.extend_from_slice(part);
            start += self.receive(&mut input[start..]);
            each(self, input.len());
            if self.failed.is_some() {
                return;
            }
        }
    }
}
