//! A Redis server of the test's own.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use rustls_pki_types::UnixTime;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use symbolon_redis::{Options, Redis};

/// Seconds.
pub fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_798_761_600 + seconds))
}

/// Whether there is a `redis-server`; otherwise says that the test is skipped.
pub fn installed() -> bool {
    let found = Command::new("redis-server")
        .arg("--version")
        .stdout(Stdio::null())
        .status()
        .is_ok();
    if !found {
        let must = std::env::var_os("SYMBOLON_REQUIRE_PEERS").is_some_and(|value| value == "1");
        assert!(
            !must,
            "redis-server not found, and SYMBOLON_REQUIRE_PEERS=1"
        );
        println!("skipped: redis-server not found");
    }
    found
}

/// Leaves the test if Redis isn't installed.
#[macro_export]
macro_rules! start_or_skip {
    () => {
        match $crate::common::RedisServer::start() {
            Some(server) => server,
            None => return,
        }
    };
}

/// A server on a Unix socket in a directory of its own.
pub struct RedisServer {
    process: Option<Child>,
    directory: PathBuf,
}

impl RedisServer {
    pub fn start() -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if !installed() {
            return None;
        }
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("symbolon-redis-{}-{count}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        let mut server = Self {
            process: None,
            directory,
        };
        server.run();
        Some(server)
    }

    fn socket(&self) -> PathBuf {
        self.directory.join("socket")
    }

    pub fn address(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Starts it, again after a kill: with the data that was saved.
    pub fn run(&mut self) {
        let process = Command::new("redis-server")
            .args(["--port", "0", "--save", "", "--unixsocket"])
            .arg(self.socket())
            .arg("--dir")
            .arg(&self.directory)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        self.process = Some(process);
        for _ in 0..1000 {
            if self.try_command(&["PING"]).is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("redis-server doesn't answer");
    }

    fn try_command(&self, words: &[&str]) -> Option<redis::Value> {
        let client = redis::Client::open(self.address()).unwrap();
        let mut connection = client.get_connection().ok()?;
        let mut command = redis::Cmd::new();
        words.iter().for_each(|word| {
            command.arg(*word);
        });
        command.query(&mut connection).ok()
    }

    /// What it answers.
    pub fn command<T: redis::FromRedisValue>(&self, words: &[&str]) -> T {
        let value = self.try_command(words).expect("Redis answers");
        redis::from_redis_value(value).unwrap()
    }

    /// All keys.
    pub fn keys(&self) -> Vec<Vec<u8>> {
        self.command(&["KEYS", "*"])
    }

    fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("it runs");
        let status = Command::new("kill")
            .args([signal, &process.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    /// It is there and doesn't answer.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    /// At once, as if the power had gone.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// A user of this server that tries again at once after a failure.
    pub fn user(&self) -> Arc<Redis> {
        self.user_with(Options::default().pause(Duration::ZERO))
    }

    pub fn user_with(&self, options: Options) -> Arc<Redis> {
        // Busy machines are slow.
        let options = options.timeout(Duration::from_secs(2));
        Redis::new(&self.address(), options).unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}
