//! Sessions of servers.

use crate::Redis;
use redis::cmd;
use std::sync::Arc;
use symbolon::config::{RotatingTicketer, SessionQuery, SessionStore, StoreSession, Ticketer};
use symbolon::crypto::Random;
use symbolon::pki::Decision;
use symbolon::secret::SecretBytes;

/// The longest value that is kept or taken, in bytes.
const MOST: usize = 64 * 1024;

/// A [`SessionStore`] in Redis.
#[derive(Clone, Debug)]
pub struct RedisSessions {
    redis: Arc<Redis>,
    seal: Option<Arc<RotatingTicketer>>,
}

impl RedisSessions {
    /// Sessions that Redis keeps as they are: whoever reads it can use them.
    #[must_use]
    pub fn new(redis: Arc<Redis>) -> Self {
        Self { redis, seal: None }
    }

    /// Sessions that Redis keeps sealed. All servers of the fleet need a ticketer of the same secret and
    /// period; the period should be no shorter than the lifetime of the sessions.
    #[must_use]
    pub fn sealed(redis: Arc<Redis>, seal: Arc<RotatingTicketer>) -> Self {
        Self {
            redis,
            seal: Some(seal),
        }
    }

    fn key(&self, run: &str, id: &[u8; 32]) -> Vec<u8> {
        self.redis.key(&[b"s:", run.as_bytes(), b":", id])
    }

    fn keep(&self, session: &StoreSession) -> Option<()> {
        let (now, end) = (session.now.as_secs(), session.expires.as_secs());
        let seconds = end.checked_sub(now).filter(|seconds| *seconds > 0)?;
        let sealed = match &self.seal {
            // The ID is random and used once; the ticketer mixes the session in.
            Some(seal) => {
                let random = &mut Random::new(session.id);
                Some(seal.seal(session.state.expose(), session.now, random)?)
            }
            None => None,
        };
        let value = sealed.as_deref().unwrap_or(session.state.expose());
        if value.len() > MOST {
            return None;
        }
        self.redis.with(|link| {
            let key = self.key(&link.run, &session.id);
            let mut set = cmd("SET");
            set.arg(key).arg(value).arg("EX").arg(seconds);
            set.exec(&mut link.connection)
        })
    }

    fn ask(&self, command: &str, query: &SessionQuery) -> Option<SecretBytes> {
        let id: &[u8; 32] = query.id.as_slice().try_into().ok()?;
        let value: Option<Vec<u8>> = self.redis.with(|link| {
            let key = self.key(&link.run, id);
            cmd(command).arg(key).query(&mut link.connection)
        })?;
        let value = SecretBytes::new(value.filter(|value| value.len() <= MOST)?);
        match &self.seal {
            None => Some(value),
            Some(seal) => match seal.open(value.expose(), query.now) {
                Decision::Now(state) => state,
                Decision::Later => None,
            },
        }
    }
}

impl SessionStore for RedisSessions {
    fn put(&self, session: &StoreSession) -> Decision<bool> {
        Decision::Now(self.keep(session).is_some())
    }

    fn take(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        // One command: of two that take, one gets it. (Since Redis 6.2.)
        Decision::Now(self.ask("GETDEL", query))
    }

    fn get(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        Decision::Now(self.ask("GET", query))
    }
}
