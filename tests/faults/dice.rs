//! All that is random comes out of one number.

use std::cell::{Cell, RefCell};

/// SplitMix64.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut this = Self(seed ^ 0x5851_f42d_4c95_7f2d);
        this.next();
        this
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to less than `n`.
    pub fn below(&mut self, n: usize) -> usize {
        (((self.next() >> 32) * n as u64) >> 32) as usize
    }

    /// True once in `n`.
    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn array(&mut self) -> [u8; 32] {
        let mut out = [0; 32];
        for chunk in out.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes());
        }
        out
    }
}

thread_local! {
    static TRACING: Cell<bool> = const { Cell::new(false) };
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Whether what happens is written down: only when a seed is run again.
pub fn tracing() -> bool {
    TRACING.get()
}

pub fn start_trace() {
    TRACING.set(true);
    LINES.take();
}

pub fn end_trace() -> Vec<String> {
    TRACING.set(false);
    LINES.take()
}

pub fn add_line(line: String) {
    LINES.with_borrow_mut(|lines| lines.push(line));
}

/// Writes down what happens.
macro_rules! trace {
    ($($arg:tt)*) => {
        if $crate::dice::tracing() {
            $crate::dice::add_line(format!($($arg)*));
        }
    };
}

/// Ends the run with a message unless this holds.
macro_rules! check {
    ($cond:expr, $($arg:tt)*) => {
        if !$cond {
            return Err(format!($($arg)*));
        }
    };
}

pub(crate) use {check, trace};

/// A run, or what was wrong with it.
pub type Checked<T> = Result<T, String>;
