//! The time that this thread has spent on a CPU: what other programs do at the same time isn't in it.

/// Nanoseconds of CPU time of this thread (`CLOCK_THREAD_CPUTIME_ID`).
pub fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is valid for writes, and the clock exists on Linux.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    assert_eq!(result, 0, "there is no clock of this thread");
    let whole = u64::try_from(time.tv_sec).expect("it has gone by");
    whole * 1_000_000_000 + u64::try_from(time.tv_nsec).expect("it has gone by")
}

/// Nanoseconds that a call takes.
pub fn spent<T>(call: impl FnOnce() -> T) -> (u64, T) {
    let begin = now();
    let result = call();
    (now() - begin, result)
}

/// The least and the median of what was measured.
#[derive(Clone, Copy, Debug)]
pub struct Spread {
    pub min: f64,
    pub median: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(mut values: Vec<f64>) -> Option<Self> {
        values.sort_by(f64::total_cmp);
        let min = *values.first()?;
        let median = values[values.len() / 2];
        Some(Self { min, median })
    }
}
