//! The one lock behind the `&self` of stores and memos.
//!
//! With `std` it waits, as one does. Without, there is no scheduler to wait with: an interrupt that
//! waited for what it interrupted would wait forever. So it tries for a moment and then gives up,
//! and whoever asked goes on without: no ticket, no session, early data refused, a signature
//! verified again.

#[cfg(feature = "std")]
use std::sync::Mutex;

/// So often it is tried where waiting is no choice: longer than any of the holders needs, unless it
/// was interrupted.
#[cfg(not(feature = "std"))]
const TRIES: u32 = 10_000;

#[derive(Debug, Default)]
#[cfg(feature = "std")]
pub(crate) struct Lock<T>(Mutex<T>);

#[derive(Debug, Default)]
#[cfg(not(feature = "std"))]
pub(crate) struct Lock<T>(spin::mutex::SpinMutex<T>);

impl<T> Lock<T> {
    #[cfg(feature = "std")]
    pub(crate) const fn new(value: T) -> Self {
        Self(Mutex::new(value))
    }

    #[cfg(not(feature = "std"))]
    pub(crate) const fn new(value: T) -> Self {
        Self(spin::mutex::SpinMutex::new(value))
    }

    /// Does this with the value. `None`: it can't be had.
    #[cfg(feature = "std")]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        // A holder that panicked left something half done behind.
        self.0.lock().ok().map(|mut value| f(&mut value))
    }

    /// Does this with the value. `None`: it can't be had.
    #[cfg(not(feature = "std"))]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        for _ in 0..TRIES {
            if let Some(mut value) = self.0.try_lock() {
                return Some(f(&mut value));
            }
            core::hint::spin_loop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_does_the_next_sees() {
        let lock = Lock::new(1);
        assert_eq!(lock.with(|n| core::mem::replace(n, 2)), Some(1));
        assert_eq!(lock.with(|n| *n), Some(2));
    }

    #[test]
    fn without_std_it_gives_up_instead_of_waiting_for_itself() {
        let lock = Lock::new(1);
        #[cfg(not(feature = "std"))]
        assert_eq!(lock.with(|_| lock.with(|n| *n)), Some(None));
        assert_eq!(lock.with(|n| *n), Some(1));
    }
}
