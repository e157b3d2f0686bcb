//! What the program asks of the kernel: to write a line and to end.

use core::arch::asm;
use core::fmt;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
compile_error!("the system calls here are those of Linux on x86-64");

const WRITE: usize = 1;
const EXIT_GROUP: usize = 231;

/// Standard output. What can't be written is lost.
pub struct Output;

impl fmt::Write for Output {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // SAFETY: the kernel reads `text.len()` bytes at `text` and changes nothing else; `rcx`
        // and `r11` are told to be lost.
        unsafe {
            asm!(
                "syscall",
                inlateout("rax") WRITE => _,
                in("rdi") 1,
                in("rsi") text.as_ptr(),
                in("rdx") text.len(),
                lateout("rcx") _,
                lateout("r11") _,
                options(nostack),
            );
        }
        Ok(())
    }
}

/// Ends the process.
pub fn exit(status: i32) -> ! {
    // SAFETY: the call doesn't come back.
    unsafe {
        asm!(
            "syscall",
            in("rax") EXIT_GROUP,
            in("rdi") status,
            options(noreturn, nostack),
        );
    }
}
