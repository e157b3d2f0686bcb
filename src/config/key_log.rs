//! Logging secrets for debugging (RFC 9850).

use core::fmt;

/// Takes the secrets of connections, so that a capture can be decrypted.
///
/// Whoever can read the log can read, and forge, everything on those connections.
pub trait KeyLog: Send + Sync + fmt::Debug {
    /// One secret. `label` is RFC 9850's (`CLIENT_TRAFFIC_SECRET_0`).
    fn log(&self, label: &'static str, client_random: &[u8; 32], secret: &[u8]);
}

#[cfg(feature = "std")]
pub use file::KeyLogFile;

#[cfg(feature = "std")]
mod file {
    use super::KeyLog;
    use std::fmt::Write as _;
    use std::fs::{File, OpenOptions};
    use std::io::Write as _;
    use std::path::Path;
    use std::string::String;
    use std::sync::Mutex;

    /// Appends to a file in the form of RFC 9850, which Wireshark and others read.
    #[derive(Debug)]
    pub struct KeyLogFile(Mutex<File>);

    impl KeyLogFile {
        /// Appends to this file, which is made if need be, readable by its owner only.
        ///
        /// # Errors
        /// Those of opening it.
        pub fn open(path: impl AsRef<Path>) -> std::io::Result<Self> {
            let mut options = OpenOptions::new();
            options.append(true).create(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            Ok(Self(Mutex::new(options.open(path)?)))
        }

        /// Appends to the file that `SSLKEYLOGFILE` names; `None` if it isn't set.
        ///
        /// # Errors
        /// Those of opening it.
        pub fn from_env() -> std::io::Result<Option<Self>> {
            match std::env::var_os("SSLKEYLOGFILE") {
                Some(path) if !path.is_empty() => Self::open(path).map(Some),
                _ => Ok(None),
            }
        }
    }

    impl KeyLog for KeyLogFile {
        fn log(&self, label: &'static str, client_random: &[u8; 32], secret: &[u8]) {
            let mut line = String::from(label);
            for field in [&client_random[..], secret] {
                line.push(' ');
                for byte in field {
                    let _ = write!(line, "{byte:02x}");
                }
            }
            line.push('\n');
            // A log that can't be written must not end a connection.
            if let Ok(mut file) = self.0.lock() {
                let _ = file.write_all(line.as_bytes());
            }
        }
    }
}
