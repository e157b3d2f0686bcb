//! Counts what is allocated: by Rust code through the global allocator, by C code (AWS-LC, OpenSSL)
//! because `malloc` and its kin are defined here, too, in front of glibc's. Off while time is
//! measured, but for one test of a flag.
//!
//! Bytes are those asked for where Rust asks, and those given (`malloc_usable_size`, up to 15 more)
//! where C does, since `free` isn't told a size.

use std::alloc::{GlobalAlloc, Layout};
use std::backtrace::Backtrace;
use std::collections::BTreeMap;
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

unsafe extern "C" {
    fn __libc_malloc(size: usize) -> *mut c_void;
    fn __libc_calloc(count: usize, size: usize) -> *mut c_void;
    fn __libc_realloc(memory: *mut c_void, size: usize) -> *mut c_void;
    fn __libc_memalign(align: usize, size: usize) -> *mut c_void;
    fn __libc_free(memory: *mut c_void);
}

static COUNTING: AtomicBool = AtomicBool::new(false);
static TRACING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static TRACES: Mutex<Vec<Backtrace>> = Mutex::new(Vec::new());

/// What was allocated during a call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Count {
    /// Calls of malloc, calloc and realloc.
    pub allocations: u64,
    /// Bytes allocated and not freed, less those freed that were there before.
    pub live: i64,
}

impl std::ops::AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.allocations += other.allocations;
        self.live += other.live;
    }
}

/// Counts what a call allocates. One thread at a time.
pub fn count<T>(call: impl FnOnce() -> T) -> (Count, T) {
    ALLOCATIONS.store(0, Relaxed);
    LIVE.store(0, Relaxed);
    COUNTING.store(true, Relaxed);
    let result = call();
    COUNTING.store(false, Relaxed);
    let count = Count {
        allocations: ALLOCATIONS.load(Relaxed),
        live: LIVE.load(Relaxed),
    };
    (count, result)
}

/// Adds to `by` in which crate each allocation of Rust code was made.
pub fn trace<T>(by: &mut BTreeMap<String, u64>, call: impl FnOnce() -> T) -> T {
    TRACING.store(true, Relaxed);
    let result = count(call).1;
    TRACING.store(false, Relaxed);
    let traces = std::mem::take(&mut *TRACES.lock().expect("nobody has panicked"));
    for trace in traces {
        *by.entry(place(&format!("{trace:#}"))).or_default() += 1;
    }
    result
}

/// Whose code the innermost function is that isn't the standard library's, by where its source lies:
/// the name of a crate, or for ours the module's.
fn place(trace: &str) -> String {
    let this_file = file!().rsplit('/').next().unwrap_or_default();
    let package = env!("CARGO_MANIFEST_DIR");
    let library = package.strip_suffix("/benches/peers").unwrap_or(package);
    let places = trace
        .lines()
        .filter_map(|line| line.trim().strip_prefix("at "));
    for place in places {
        let path = place.split(':').next().unwrap_or_default();
        if path.starts_with("/rustc/") || path.contains("/library/") || path.ends_with(this_file) {
            continue;
        }
        if path.starts_with(package) {
            return "the bench".into();
        }
        if let Some(module) = path.strip_prefix(library) {
            return match module.strip_prefix("/src/") {
                Some(module) => {
                    let module = module.split(['/', '.']).next().unwrap_or_default();
                    format!("symbolon::{module}")
                }
                None => "symbolon-aead".into(),
            };
        }
        // `.../registry/src/index/NAME-VERSION/src/...`
        if let Some((_, rest)) = path.split_once("/registry/src/") {
            let name = rest.split('/').nth(1).unwrap_or_default();
            return name.to_owned();
        }
    }
    "unknown".to_owned()
}

#[cold]
fn record(bytes: i64) {
    LIVE.store(LIVE.load(Relaxed) + bytes, Relaxed);
    ALLOCATIONS.store(ALLOCATIONS.load(Relaxed) + 1, Relaxed);
    if TRACING.load(Relaxed) {
        TRACING.store(false, Relaxed);
        COUNTING.store(false, Relaxed);
        let trace = Backtrace::force_capture();
        TRACES.lock().expect("nobody has panicked").push(trace);
        COUNTING.store(true, Relaxed);
        TRACING.store(true, Relaxed);
    }
}

#[cold]
fn forget(bytes: i64) {
    LIVE.store(LIVE.load(Relaxed) - bytes, Relaxed);
}

fn signed(bytes: usize) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

/// Of Rust code.
struct Counting;

// SAFETY: all memory comes from glibc's allocator, by these layouts, and goes back to it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if COUNTING.load(Relaxed) {
            record(signed(layout.size()));
        }
        // SAFETY: an alignment is a power of two; malloc's own is 16.
        unsafe {
            match layout.align() <= 16 {
                true => __libc_malloc(layout.size()).cast(),
                false => __libc_memalign(layout.align(), layout.size()).cast(),
            }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 16 {
            // SAFETY: as the caller promises; the memory is as long as the layout says.
            unsafe {
                let memory = self.alloc(layout);
                if !memory.is_null() {
                    memory.write_bytes(0, layout.size());
                }
                return memory;
            }
        }
        if COUNTING.load(Relaxed) {
            record(signed(layout.size()));
        }
        // SAFETY: it may be called with any size.
        unsafe { __libc_calloc(1, layout.size()).cast() }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.align() > 16 {
            let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
                return std::ptr::null_mut();
            };
            // SAFETY: both are as long as their layouts say, and the old one is `memory`'s.
            unsafe {
                let moved = self.alloc(wanted);
                if !moved.is_null() {
                    moved.copy_from_nonoverlapping(memory, size.min(layout.size()));
                    self.dealloc(memory, layout);
                }
                return moved;
            }
        }
        if COUNTING.load(Relaxed) {
            record(signed(size) - signed(layout.size()));
        }
        // SAFETY: the memory came from above.
        unsafe { __libc_realloc(memory.cast(), size).cast() }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if COUNTING.load(Relaxed) {
            forget(signed(layout.size()));
        }
        // SAFETY: the memory came from above.
        unsafe { __libc_free(memory.cast()) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What C code calls, in front of glibc's functions of these names.
mod in_front {
    use super::{
        __libc_calloc, __libc_free, __libc_malloc, __libc_memalign, __libc_realloc, COUNTING,
        forget, record, signed,
    };
    use std::ffi::{c_int, c_void};
    use std::sync::atomic::Ordering::Relaxed;

    fn given(memory: *mut c_void) -> i64 {
        // SAFETY: it came from glibc's allocator, or is null.
        signed(unsafe { libc::malloc_usable_size(memory) })
    }

    fn counted(memory: *mut c_void) -> *mut c_void {
        if COUNTING.load(Relaxed) {
            record(given(memory));
        }
        memory
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn malloc(size: usize) -> *mut c_void {
        // SAFETY: as the caller promises.
        counted(unsafe { __libc_malloc(size) })
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn calloc(count: usize, size: usize) -> *mut c_void {
        // SAFETY: as the caller promises.
        counted(unsafe { __libc_calloc(count, size) })
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn realloc(memory: *mut c_void, size: usize) -> *mut c_void {
        let before = given(memory);
        // SAFETY: as the caller promises.
        let moved = unsafe { __libc_realloc(memory, size) };
        if COUNTING.load(Relaxed) {
            record(given(moved) - before);
        }
        moved
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn free(memory: *mut c_void) {
        if COUNTING.load(Relaxed) {
            forget(given(memory));
        }
        // SAFETY: as the caller promises.
        unsafe { __libc_free(memory) }
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn memalign(align: usize, size: usize) -> *mut c_void {
        // SAFETY: as the caller promises.
        counted(unsafe { __libc_memalign(align, size) })
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn aligned_alloc(align: usize, size: usize) -> *mut c_void {
        // SAFETY: as the caller promises.
        counted(unsafe { __libc_memalign(align, size) })
    }

    #[unsafe(no_mangle)]
    unsafe extern "C" fn posix_memalign(to: *mut *mut c_void, align: usize, size: usize) -> c_int {
        // SAFETY: as the caller promises.
        unsafe {
            let memory = counted(__libc_memalign(align, size));
            if memory.is_null() {
                return libc::ENOMEM;
            }
            *to = memory;
        }
        0
    }
}
