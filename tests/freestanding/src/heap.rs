//! A first-fit heap over a static array.
//!
//! One thread uses it, so that a flag is enough to catch a second entry.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

const SIZE: usize = 256 * 1024;
/// Every block begins and ends at a multiple of this, and no layout here asks for more.
const UNIT: usize = 16;
const UNITS: usize = SIZE / UNIT;

#[repr(align(16))]
struct Memory(UnsafeCell<[u8; SIZE]>);

/// One byte for each unit: whether it is taken.
struct Map(UnsafeCell<[bool; UNITS]>);

/// The allocator.
pub struct Heap {
    memory: Memory,
    map: Map,
    entered: AtomicBool,
    live: AtomicUsize,
    peak: AtomicUsize,
    calls: AtomicUsize,
}

// SAFETY: `enter` keeps a second caller out of both cells.
unsafe impl Sync for Heap {}

impl Heap {
    /// An empty heap.
    pub const fn new() -> Self {
        Self {
            memory: Memory(UnsafeCell::new([0; SIZE])),
            map: Map(UnsafeCell::new([false; UNITS])),
            entered: AtomicBool::new(false),
            live: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            calls: AtomicUsize::new(0),
        }
    }

    /// Bytes asked for and not given back.
    pub fn live(&self) -> usize {
        self.live.load(Ordering::Relaxed)
    }

    /// The most that [`Heap::live`] ever was.
    pub fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    /// How often memory was asked for.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::Relaxed)
    }

    fn with_map<T>(&self, f: impl FnOnce(&mut [bool; UNITS]) -> T) -> T {
        assert!(!self.entered.swap(true, Ordering::Acquire));
        // SAFETY: the flag was clear, so that nobody else holds a reference.
        let result = f(unsafe { &mut *self.map.0.get() });
        self.entered.store(false, Ordering::Release);
        result
    }

    fn base(&self) -> *mut u8 {
        self.memory.0.get().cast()
    }
}

/// The units of a layout; at least one, so that addresses differ.
fn units(layout: Layout) -> usize {
    layout.size().div_ceil(UNIT).max(1)
}

/// The first run of `count` free units.
fn find(map: &[bool; UNITS], count: usize) -> Option<usize> {
    let mut run = 0;
    for (at, taken) in map.iter().enumerate() {
        run = if *taken { 0 } else { run + 1 };
        if run == count {
            return Some(at + 1 - count);
        }
    }
    None
}

// SAFETY: blocks are runs of units that no other live block has, inside of `memory`, which is
// aligned to a unit; a layout that wants more gets nothing.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > UNIT {
            return null_mut();
        }
        let count = units(layout);
        let found = self.with_map(|map| {
            let start = find(map, count)?;
            map[start..start + count].fill(true);
            Some(start)
        });
        let Some(start) = found else {
            return null_mut();
        };
        let live = self.live.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        self.peak.fetch_max(live, Ordering::Relaxed);
        self.calls.fetch_add(1, Ordering::Relaxed);
        // SAFETY: `start` is below UNITS.
        unsafe { self.base().add(start * UNIT) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        let start = (block.addr() - self.base().addr()) / UNIT;
        self.with_map(|map| map[start..start + units(layout)].fill(false));
        self.live.fetch_sub(layout.size(), Ordering::Relaxed);
    }
}
