//! What the program asks of the operating system, by way of the C library.

use crate::Failure;
#[cfg(feature = "file-roots")]
use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::{CStr, c_char, c_int};
use core::fmt::{self, Display, Write};
use core::ptr::null_mut;
use core::time::Duration;
use rustls_pki_types::UnixTime;

/// The C library's heap.
pub struct Heap;

// SAFETY: blocks are those of `malloc` and `realloc`, which are aligned for every C type; a layout
// that wants more gets nothing.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > align_of::<libc::max_align_t>() {
            return null_mut();
        }
        // SAFETY: any size may be asked for.
        unsafe { libc::malloc(layout.size()).cast() }
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller has it from `alloc` or `realloc`.
        unsafe { libc::free(block.cast()) }
    }

    unsafe fn realloc(&self, block: *mut u8, _: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller has it from `alloc` or `realloc`; its alignment stays.
        unsafe { libc::realloc(block.cast(), size).cast() }
    }
}

/// An error of the C library, or of its look-up of names.
pub enum Errno {
    System(c_int),
    Lookup(c_int),
}

impl Errno {
    fn last() -> Self {
        // SAFETY: it points to the thread's own number.
        Self::System(unsafe { *libc::__errno_location() })
    }
}

impl Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: both give a string that lasts until the next call; no other thread calls.
        let text = unsafe {
            CStr::from_ptr(match *self {
                Self::System(errno) => libc::strerror(errno),
                Self::Lookup(code) => libc::gai_strerror(code),
            })
        };
        f.write_str(text.to_str().unwrap_or("an error without a name"))
    }
}

/// What a call gave: -1 is an error, and so is what isn't a size.
fn check(what: &'static str, result: isize) -> Result<usize, Failure> {
    usize::try_from(result).map_err(|_| Failure::System(what, Errno::last()))
}

/// An open file or socket, until the program ends.
pub struct Fd(c_int);

impl Fd {
    /// Standard output.
    pub const STDOUT: Self = Self(libc::STDOUT_FILENO);
    const STDERR: Self = Self(libc::STDERR_FILENO);

    /// Opens a file to read it.
    #[cfg(feature = "file-roots")]
    pub fn open(path: &CStr) -> Result<Self, Failure> {
        // SAFETY: the path is a C string.
        let fd = unsafe { libc::open(path.as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC) };
        check("the roots can't be opened", fd as isize).map(|_| Self(fd))
    }

    /// The rest of a file.
    #[cfg(feature = "file-roots")]
    pub fn read_to_end(&self) -> Result<Vec<u8>, Failure> {
        let mut all = Vec::new();
        loop {
            let len = all.len();
            all.resize(len + 65_536, 0);
            let read = self.read(&mut all[len..])?;
            all.truncate(len + read);
            if read == 0 {
                return Ok(all);
            }
        }
    }

    /// Reads once; 0 at the end.
    pub fn read(&self, into: &mut [u8]) -> Result<usize, Failure> {
        loop {
            // SAFETY: the slice is what is written to.
            let read = unsafe { libc::read(self.0, into.as_mut_ptr().cast(), into.len()) };
            match check("reading fails", read) {
                Err(Failure::System(_, Errno::System(libc::EINTR))) => {}
                other => return other,
            }
        }
    }

    /// Writes all of it.
    pub fn write_all(&self, mut bytes: &[u8]) -> Result<(), Failure> {
        while !bytes.is_empty() {
            // SAFETY: the slice is what is read from.
            let written = unsafe { libc::write(self.0, bytes.as_ptr().cast(), bytes.len()) };
            match check("writing fails", written) {
                Ok(written) => bytes = &bytes[written..],
                Err(Failure::System(_, Errno::System(libc::EINTR))) => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }
}

/// Connects to the first address of the host that answers.
pub fn connect(host: &CStr, port: &CStr) -> Result<Fd, Failure> {
    // SAFETY: all zeros are what each field means by nothing.
    let mut hints: libc::addrinfo = unsafe { core::mem::zeroed() };
    hints.ai_socktype = libc::SOCK_STREAM;
    let mut found = null_mut();
    // SAFETY: C strings and places for the hints and the list.
    let code = unsafe { libc::getaddrinfo(host.as_ptr(), port.as_ptr(), &hints, &mut found) };
    if code != 0 {
        return Err(Failure::System("the host is unknown", Errno::Lookup(code)));
    }
    let mut result = Err(Failure::Argument("the host has no address"));
    let mut next: *const libc::addrinfo = found;
    // SAFETY: the list is whole until it is freed, and ends in a null pointer.
    while let Some(address) = unsafe { next.as_ref() } {
        result = connect_to(address);
        if result.is_ok() {
            break;
        }
        next = address.ai_next;
    }
    // SAFETY: nothing of the list is used any more.
    unsafe { libc::freeaddrinfo(found) };
    result
}

fn connect_to(address: &libc::addrinfo) -> Result<Fd, Failure> {
    let kind = address.ai_socktype | libc::SOCK_CLOEXEC;
    // SAFETY: it takes numbers only.
    let fd = unsafe { libc::socket(address.ai_family, kind, address.ai_protocol) };
    check("there is no socket", fd as isize)?;
    // SAFETY: the address is as long as it says.
    let done = unsafe { libc::connect(fd, address.ai_addr, address.ai_addrlen) };
    let done = check("the host can't be connected to", done as isize);
    if done.is_err() {
        // SAFETY: nobody else has it.
        unsafe { libc::close(fd) };
    }
    done.map(|_| Fd(fd))
}

/// 32 random bytes.
pub fn seed() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    // SAFETY: the array is what is written to. So few bytes come whole, once any can be given.
    let got = unsafe { libc::getrandom(seed.as_mut_ptr().cast(), seed.len(), 0) };
    match check("there is no randomness", got)? {
        32 => Ok(seed),
        _ => Err(Failure::Argument("there is too little randomness")),
    }
}

/// The time; before 1970 it is 1970.
pub fn now() -> UnixTime {
    // SAFETY: no place is given to write to.
    let seconds = unsafe { libc::time(null_mut()) };
    UnixTime::since_unix_epoch(Duration::from_secs(seconds.try_into().unwrap_or(0)))
}

/// A variable of the environment.
#[cfg(feature = "file-roots")]
pub fn variable(name: &CStr) -> Option<&'static CStr> {
    // SAFETY: nobody changes the environment, so that what is found stays.
    unsafe {
        let value = libc::getenv(name.as_ptr());
        (!value.is_null()).then(|| CStr::from_ptr(value))
    }
}

/// An argument of the program.
///
/// # Safety
/// `arguments` must be those of `main`, and more than `at`.
pub unsafe fn argument(arguments: *const *const c_char, at: c_int) -> &'static CStr {
    // SAFETY: that is what this function asks for; they last as long as the program.
    unsafe { CStr::from_ptr(*arguments.offset(at as isize)) }
}

/// That writing to what nobody reads is an error, not the end of the program.
pub fn ignore_broken_pipes() {
    // SAFETY: no handler runs.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
}

/// A line on standard error.
pub fn complain(what: &dyn Display) {
    struct Stderr;

    impl Write for Stderr {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            Fd::STDERR
                .write_all(text.as_bytes())
                .map_err(|_| fmt::Error)
        }
    }
    // There is no other place to tell it.
    let _ = writeln!(Stderr, "Error: {what}");
}

/// Ends the program at once.
pub fn abort() -> ! {
    // SAFETY: the call doesn't come back.
    unsafe { libc::abort() }
}
