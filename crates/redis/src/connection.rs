//! Connections to Redis: a few, kept, each wait bounded, and none made while it is known to be gone.

use redis::{Client, Connection, ErrorKind, IntoConnectionInfo, RedisError, RedisResult};
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How Redis is used.
#[derive(Clone, Debug)]
pub struct Options {
    prefix: String,
    timeout: Duration,
    pause: Duration,
    connections: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            prefix: "symbolon:".to_owned(),
            timeout: Duration::from_millis(250),
            pause: Duration::from_secs(1),
            connections: 16,
        }
    }
}

impl Options {
    /// What all keys begin with (`symbolon:`): servers with the same prefix are a fleet. Cut to 64 bytes.
    #[must_use]
    pub fn prefix(mut self, prefix: &str) -> Self {
        self.prefix = prefix.chars().take(64).collect();
        while self.prefix.len() > 64 {
            self.prefix.pop();
        }
        self
    }

    /// How long it takes at most to connect, and how long to wait for an answer (250 ms).
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout.max(Duration::from_millis(1));
        self
    }

    /// For how long nobody asks after a failure (1 s).
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause;
        self
    }

    /// How many connections are open at most (16). A call that finds all in use waits for one, no longer
    /// than the timeout.
    #[must_use]
    pub fn connections(mut self, most: usize) -> Self {
        self.connections = most.max(1);
        self
    }
}

/// A Redis server, for the stores of one process.
pub struct Redis {
    client: Client,
    options: Options,
    pool: Mutex<Pool>,
    returned: Condvar,
    failures: AtomicU64,
}

#[derive(Default)]
struct Pool {
    idle: Vec<Link>,
    /// Idle or in use.
    open: usize,
    breaker: Breaker,
}

/// Whether Redis answers.
#[derive(Default)]
enum Breaker {
    /// It does, as far as is known.
    #[default]
    Up,
    /// It didn't: nobody asks until then.
    Down(Instant),
    /// One call finds out. Another one may, should this one not be heard of until then.
    Trying(Instant),
}

/// A connection, and to which life of the server.
pub(crate) struct Link {
    pub(crate) connection: Connection,
    pub(crate) run: String,
}

/// Why a command wasn't carried out, as far as is known.
enum Failure {
    /// The connection had been closed from the other side while it was idle.
    Stale,
    Redis,
}

impl From<RedisError> for Failure {
    fn from(error: RedisError) -> Self {
        match error.is_connection_dropped() {
            true => Self::Stale,
            false => Self::Redis,
        }
    }
}

impl Redis {
    /// A server at an address as the `redis` crate reads it: `redis://:password@127.0.0.1:6379/0`. Nothing
    /// is connected yet.
    ///
    /// # Errors
    /// Where the address isn't one.
    pub fn new(address: &str, options: Options) -> Result<Arc<Self>, RedisError> {
        let address = address.into_connection_info()?;
        // One answer less to wait for.
        let settings = address.redis_settings().clone().set_skip_set_lib_name();
        let address = address.set_redis_settings(settings);
        Ok(Arc::new(Self {
            client: Client::open(address)?,
            options,
            pool: Mutex::default(),
            returned: Condvar::new(),
            failures: AtomicU64::new(0),
        }))
    }

    /// How many times Redis was asked and didn't answer, or said that it can't.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// A key: the prefix, and what it is of.
    pub(crate) fn key(&self, parts: &[&[u8]]) -> Vec<u8> {
        let mut key = self.options.prefix.as_bytes().to_vec();
        parts.iter().for_each(|part| key.extend_from_slice(part));
        key
    }

    /// Does something with a connection. It is done at most twice: a second time where a kept
    /// connection turned out to be closed. `None`: Redis is slow, gone or refuses.
    pub(crate) fn with<R>(&self, f: impl Fn(&mut Link) -> RedisResult<R>) -> Option<R> {
        let pooled = self.borrow()?;
        let was_idle = pooled.is_some();
        let result = self.attempt(pooled, &f);
        let result = match result {
            Err(Failure::Stale) if was_idle => {
                self.lock().forget_idle();
                self.attempt(None, &f)
            }
            result => result,
        };
        match result {
            Ok((link, value)) => {
                self.give_back(link);
                Some(value)
            }
            Err(_) => {
                self.failed();
                None
            }
        }
    }

    fn attempt<R>(
        &self,
        link: Option<Link>,
        f: impl Fn(&mut Link) -> RedisResult<R>,
    ) -> Result<(Link, R), Failure> {
        let mut link = match link {
            Some(link) => link,
            None => self.connect()?,
        };
        // Whatever went wrong, an answer may still be on its way: this connection isn't used again.
        let value = f(&mut link)?;
        Ok((link, value))
    }

    fn connect(&self) -> RedisResult<Link> {
        let timeout = self.options.timeout;
        let start = Instant::now();
        let mut connection = self.client.get_connection_with_timeout(timeout)?;
        // What is left of the time to connect; none at all would mean for ever.
        let left = timeout.saturating_sub(start.elapsed());
        let left = left.max(Duration::from_millis(1));
        connection.set_read_timeout(Some(left))?;
        connection.set_write_timeout(Some(timeout))?;
        let info: String = redis::cmd("INFO").arg("server").query(&mut connection)?;
        connection.set_read_timeout(Some(timeout))?;
        let run = info.lines().find_map(|line| line.strip_prefix("run_id:"));
        let run = run.map(|id| id.trim().chars().take(40).collect());
        let run = run.ok_or((ErrorKind::UnexpectedReturnType, "no run_id in INFO"))?;
        Ok(Link { connection, run })
    }

    /// A kept connection, or leave to make one (`Some(None)`). `None`: not now.
    fn borrow(&self) -> Option<Option<Link>> {
        let mut pool = self.lock();
        let now = Instant::now();
        match pool.breaker {
            Breaker::Up => {}
            Breaker::Down(until) | Breaker::Trying(until) if now < until => return None,
            Breaker::Down(_) | Breaker::Trying(_) => {
                let twice = self.options.timeout.saturating_mul(2);
                pool.breaker = Breaker::Trying(after(now, twice.max(self.options.pause)));
            }
        }
        let full = |pool: &mut Pool| pool.idle.is_empty() && pool.open >= self.options.connections;
        let (mut pool, _) = self
            .returned
            .wait_timeout_while(pool, self.options.timeout, full)
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(link) = pool.idle.pop() {
            return Some(Some(link));
        }
        // Somebody may have failed while this one waited.
        if matches!(pool.breaker, Breaker::Down(until) if Instant::now() < until) {
            return None;
        }
        if pool.open >= self.options.connections {
            return None;
        }
        pool.open = pool.open.saturating_add(1);
        Some(None)
    }

    fn give_back(&self, link: Link) {
        let mut pool = self.lock();
        pool.breaker = Breaker::Up;
        pool.idle.push(link);
        drop(pool);
        self.returned.notify_one();
    }

    /// The connection that was borrowed is gone, and with it those that wait.
    fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        let mut pool = self.lock();
        pool.breaker = Breaker::Down(after(Instant::now(), self.options.pause));
        pool.open = pool.open.saturating_sub(1);
        pool.forget_idle();
        drop(pool);
        self.returned.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        // Nothing in it is left half done by a panic.
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    fn forget_idle(&mut self) {
        self.open = self.open.saturating_sub(self.idle.len());
        self.idle.clear();
    }
}

fn after(now: Instant, duration: Duration) -> Instant {
    now.checked_add(duration).unwrap_or(now)
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The address may hold a password.
        f.debug_struct("Redis")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
