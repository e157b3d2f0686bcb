//! All targets in one program: `FUZZ_TARGET` chooses. One build and one link serve them all.
#![no_main]

use std::alloc::{GlobalAlloc, Layout, System};

/// A peer never decides how much is allocated: so much at once is far more than anything needs.
const MOST: usize = 8 << 20;

struct Limited;

// SAFETY: it is the system's, but for what is refused.
unsafe impl GlobalAlloc for Limited {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        check(layout.size());
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        check(size);
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        unsafe { System.dealloc(old, layout) }
    }
}

fn check(size: usize) {
    if size > MOST {
        eprintln!("an allocation of {size} bytes");
        std::process::abort();
    }
}

#[global_allocator]
static ALLOCATOR: Limited = Limited;

libfuzzer_sys::fuzz_target!(
    init: {
        if std::env::var_os("FUZZ_TARGET").is_none() {
            print!("{}", symbolon_fuzz::names());
            std::process::exit(0);
        }
    },
    |bytes: &[u8]| symbolon_fuzz::run(bytes)
);
