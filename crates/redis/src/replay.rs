//! Records of early data that was accepted.

use crate::{Redis, SKEW};
use redis::{Value, pipe};
use std::sync::Arc;
use symbolon::config::{Freshness, ReplayQuery, ReplayRecorder};
use symbolon::pki::Decision;

/// Seconds after which the mark of a Redis that nobody asks any more goes.
const MARK: u64 = 30 * 24 * 3600;

/// A [`ReplayRecorder`] in Redis: exact, for all servers that share it.
#[derive(Clone, Debug)]
pub struct RedisReplay {
    redis: Arc<Redis>,
    span: u64,
}

impl RedisReplay {
    /// `span` is how many seconds one ClientHello may be accepted for: twice the freshness window
    /// ([`symbolon::config::StatelessSessions::freshness_window`]), 20 if nothing else was said. Early
    /// data is refused for as long after the first use of a Redis, and always where the window is wider.
    #[must_use]
    pub fn new(redis: Arc<Redis>, span_seconds: u32) -> Self {
        Self {
            redis,
            span: u64::from(span_seconds),
        }
    }

    fn ask(&self, query: &ReplayQuery) -> Option<Freshness> {
        let now = query.now.as_secs();
        let left = query.expires.as_secs().saturating_sub(now);
        let longest = self.span.saturating_add(SKEW);
        if left > self.span.saturating_add(1) {
            return None;
        }
        let key = self.redis.key(&[b"r:", &query.key]);
        let (since, recorded) = self.redis.with(|link| {
            let mark = self.redis.key(&[b"m:", link.run.as_bytes()]);
            let mut all = pipe();
            all.atomic();
            all.cmd("SET").arg(&mark).arg(now).arg("NX").ignore();
            all.cmd("EXPIRE").arg(&mark).arg(MARK).ignore();
            all.cmd("GET").arg(&mark);
            // Kept for as long as by the slowest clock it could be accepted.
            let keep = left.saturating_add(SKEW);
            all.cmd("SET")
                .arg(&key)
                .arg(1)
                .arg("NX")
                .arg("EX")
                .arg(keep);
            all.query::<(u64, Value)>(&mut link.connection)
        })?;
        match recorded {
            Value::Nil => Some(Freshness::Seen),
            // RFC 9846 8.2: what was accepted before this Redis began to record, it can't know.
            Value::Okay if now > since.saturating_add(longest) => Some(Freshness::New),
            _ => None,
        }
    }
}

impl ReplayRecorder for RedisReplay {
    fn record(&self, query: &ReplayQuery) -> Decision<Freshness> {
        Decision::Now(self.ask(query).unwrap_or(Freshness::Unknown))
    }
}
