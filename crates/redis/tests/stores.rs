//! Against a real `redis-server`.

mod common;

use common::at;
use std::sync::{Arc, Barrier};
use std::time::Duration;
use symbolon::config::{
    Freshness, ReplayQuery, ReplayRecorder, RotatingTicketer, SessionQuery, SessionStore,
    StoreSession,
};
use symbolon::pki::Decision;
use symbolon::provider::RUSTCRYPTO;
use symbolon::secret::SecretBytes;
use symbolon_redis::{Options, Redis, RedisReplay, RedisSessions};

const SPAN: u32 = 20;
/// Seconds after the first use of a Redis; what may have been recorded before is over.
const RUNNING: u64 = 31;
const STATE: &[u8] = b"what the server has to know again";

fn session(n: u8) -> StoreSession {
    StoreSession {
        id: [n; 32],
        state: Arc::new(SecretBytes::new(STATE.to_vec())),
        expires: at(3600),
        now: at(0),
    }
}

fn query(n: u8) -> SessionQuery {
    SessionQuery {
        id: vec![n; 32],
        once: true,
        now: at(1),
    }
}

fn put(store: &RedisSessions, n: u8) -> bool {
    store.put(&session(n)) == Decision::Now(true)
}

/// Whether it was there, and as it was put.
fn found(answer: Decision<Option<SecretBytes>>) -> bool {
    match answer {
        Decision::Now(Some(state)) => {
            assert_eq!(state.expose(), STATE);
            true
        }
        Decision::Now(None) => false,
        Decision::Later => panic!("it waits"),
    }
}

fn take(store: &RedisSessions, n: u8) -> bool {
    found(store.take(&query(n)))
}

fn get(store: &RedisSessions, n: u8) -> bool {
    found(store.get(&query(n)))
}

fn record(replay: &RedisReplay, n: u8, seconds: u64) -> Freshness {
    let query = ReplayQuery {
        key: [n; 32],
        expires: at(seconds + u64::from(SPAN)),
        now: at(seconds),
    };
    match replay.record(&query) {
        Decision::Now(answer) => answer,
        Decision::Later => panic!("it waits"),
    }
}

/// Two servers' recorders, used for a while already.
fn recorders(redis: &common::RedisServer) -> [RedisReplay; 2] {
    let recorders = [(); 2].map(|()| RedisReplay::new(redis.user(), SPAN));
    assert_eq!(record(&recorders[0], 0, 0), Freshness::Unknown);
    recorders
}

#[test]
fn a_session_goes_from_one_server_to_another_once() {
    let redis = start_or_skip!();
    let (first, second) = (
        RedisSessions::new(redis.user()),
        RedisSessions::new(redis.user()),
    );
    assert!(put(&first, 1));
    assert!(get(&first, 1) && get(&second, 1));
    assert!(take(&second, 1));
    assert!(!take(&first, 1) && !take(&second, 1) && !get(&first, 1));
    assert_eq!(redis.keys(), Vec::<Vec<u8>>::new());
}

#[test]
fn of_many_that_take_the_same_session_one_gets_it() {
    let redis = start_or_skip!();
    let stores = [(); 2].map(|()| RedisSessions::new(redis.user()));
    assert!((0..100).all(|n| put(&stores[0], n)));
    let start = Barrier::new(4);
    let taken: usize = std::thread::scope(|scope| {
        let racers = [0, 1, 0, 1].map(|n| {
            let (store, start) = (&stores[n], &start);
            scope.spawn(move || {
                start.wait();
                (0..100).filter(|n| take(store, *n)).count()
            })
        });
        racers.into_iter().map(|r| r.join().unwrap()).sum()
    });
    assert_eq!(taken, 100);
}

#[test]
fn everything_expires_and_keys_are_bounded() {
    let redis = start_or_skip!();
    let user = redis.user_with(Options::default().prefix(&"p".repeat(1000)));
    let store = RedisSessions::new(user.clone());
    assert!(put(&store, 1));
    let ended = StoreSession {
        expires: at(0),
        ..session(2)
    };
    assert_eq!(store.put(&ended), Decision::Now(false));
    let long = StoreSession {
        state: Arc::new(SecretBytes::new(vec![0; 70_000])),
        ..session(3)
    };
    assert_eq!(store.put(&long), Decision::Now(false));
    let other = SessionQuery {
        id: vec![1; 100_000],
        ..query(1)
    };
    assert!(!found(store.take(&other)));
    record(&RedisReplay::new(user, SPAN), 1, 0);
    let keys = redis.keys();
    assert_eq!(keys.len(), 3);
    let mut ends = Vec::new();
    let client = redis::Client::open(redis.address()).unwrap();
    let mut connection = client.get_connection().unwrap();
    for key in keys {
        assert!(key.len() <= 64 + 75, "{key:?}");
        let end = redis::cmd("TTL").arg(key).query(&mut connection);
        ends.push(end.unwrap());
    }
    ends.sort_unstable();
    let most = [30, 3600, 30 * 24 * 3600];
    for (end, most) in ends.into_iter().zip(most) {
        let end: i64 = end;
        assert!((most - 20..=most).contains(&end), "{end}");
    }
}

#[test]
fn fleets_with_other_prefixes_see_nothing_of_each_other() {
    let redis = start_or_skip!();
    let (ours, theirs) = (
        RedisSessions::new(redis.user()),
        RedisSessions::new(redis.user_with(Options::default().prefix("theirs:"))),
    );
    assert!(put(&ours, 1));
    assert!(!take(&theirs, 1));
    assert!(take(&ours, 1));
}

#[test]
fn sealed_sessions_show_nothing_and_open_with_the_same_secret_only() {
    let redis = start_or_skip!();
    let store = |secret: u8| {
        let seal = RotatingTicketer::new(&RUSTCRYPTO, &[secret; 32], 3600).unwrap();
        RedisSessions::sealed(redis.user(), Arc::new(seal))
    };
    assert!(put(&store(1), 1));
    let [key] = &redis.keys()[..] else {
        panic!("there is one session");
    };
    let client = redis::Client::open(redis.address()).unwrap();
    let mut connection = client.get_connection().unwrap();
    let value: Vec<u8> = redis::cmd("GET").arg(key).query(&mut connection).unwrap();
    assert!(!value.windows(8).any(|w| STATE.windows(8).any(|s| s == w)));
    assert!(!get(&store(2), 1));
    assert!(take(&store(1), 1));
}

#[test]
fn a_replay_is_refused_by_both_servers() {
    let redis = start_or_skip!();
    let [first, second] = recorders(&redis);
    assert_eq!(record(&first, 1, RUNNING), Freshness::New);
    assert_eq!(record(&first, 1, RUNNING), Freshness::Seen);
    assert_eq!(record(&second, 1, RUNNING + 9), Freshness::Seen);
    assert_eq!(record(&second, 2, RUNNING), Freshness::New);
    assert_eq!(record(&first, 2, RUNNING), Freshness::Seen);
}

#[test]
fn of_many_that_record_the_same_one_is_new() {
    let redis = start_or_skip!();
    let recorders = recorders(&redis);
    let start = Barrier::new(4);
    let new: usize = std::thread::scope(|scope| {
        let racers = [0, 1, 0, 1].map(|n| {
            let (recorder, start) = (&recorders[n], &start);
            scope.spawn(move || {
                start.wait();
                let keys = 1..=100;
                keys.filter(|n| record(recorder, *n, RUNNING) == Freshness::New)
                    .count()
            })
        });
        racers.into_iter().map(|r| r.join().unwrap()).sum()
    });
    assert_eq!(new, 100);
}

#[test]
fn nothing_is_new_to_a_redis_that_has_just_begun_or_in_a_wider_window() {
    let redis = start_or_skip!();
    let [first, second] = recorders(&redis);
    assert_eq!(record(&second, 1, RUNNING - 1), Freshness::Unknown);
    assert_eq!(record(&second, 1, RUNNING), Freshness::Seen);
    assert_eq!(record(&first, 2, RUNNING), Freshness::New);
    let wide = ReplayQuery {
        key: [3; 32],
        expires: at(RUNNING + u64::from(SPAN) + 11),
        now: at(RUNNING),
    };
    assert_eq!(first.record(&wide), Decision::Now(Freshness::Unknown));
}

#[test]
fn a_redis_that_forgot_everything_is_one_that_has_just_begun() {
    let redis = start_or_skip!();
    let [first, _] = recorders(&redis);
    assert_eq!(record(&first, 1, RUNNING), Freshness::New);
    redis.command::<()>(&["FLUSHALL"]);
    assert_eq!(record(&first, 1, RUNNING + 1), Freshness::Unknown);
    assert_eq!(record(&first, 2, RUNNING + 1), Freshness::Unknown);
    assert_eq!(record(&first, 3, 2 * RUNNING + 1), Freshness::New);
}

#[test]
fn while_redis_is_gone_calls_fail_and_afterwards_they_work_again() {
    let mut redis = start_or_skip!();
    let store = RedisSessions::new(redis.user());
    let [replay, _] = recorders(&redis);
    assert!(put(&store, 1) && put(&store, 2));
    assert!(take(&store, 1));
    redis.kill();
    assert!(!take(&store, 2) && !get(&store, 2) && !put(&store, 3));
    assert_eq!(record(&replay, 1, RUNNING), Freshness::Unknown);
    redis.run();
    assert!(put(&store, 4) && take(&store, 4));
    // Another life: what was accepted in the one before can't be known for a while.
    assert_eq!(record(&replay, 1, RUNNING), Freshness::Unknown);
    assert_eq!(record(&replay, 2, 2 * RUNNING), Freshness::New);
}

#[test]
fn a_session_that_was_taken_does_not_come_back_with_an_old_snapshot() {
    let mut redis = start_or_skip!();
    let store = RedisSessions::new(redis.user());
    let [replay, _] = recorders(&redis);
    assert!(put(&store, 1));
    redis.command::<()>(&["SAVE"]);
    assert!(take(&store, 1));
    assert_eq!(record(&replay, 1, RUNNING), Freshness::New);
    redis.kill();
    redis.run();
    // It is there, and isn't given.
    assert_eq!(
        redis
            .keys()
            .iter()
            .filter(|key| key.ends_with(&[1; 32]))
            .count(),
        1
    );
    assert!(!take(&store, 1));
    assert_eq!(record(&replay, 1, RUNNING), Freshness::Unknown);
}

#[test]
fn a_frozen_redis_costs_one_timeout_and_then_nothing_until_the_pause_is_over() {
    let redis = start_or_skip!();
    let hour = Duration::from_secs(3600);
    let user = redis.user_with(Options::default().pause(hour));
    let (store, replay) = (
        RedisSessions::new(user.clone()),
        RedisReplay::new(user.clone(), SPAN),
    );
    assert!(put(&store, 1));
    redis.freeze();
    assert!(!get(&store, 1));
    assert_eq!(user.failures(), 1);
    // So many timeouts would take minutes; none of these asks.
    for _ in 0..100 {
        assert!(!get(&store, 1) && !put(&store, 2));
        assert_eq!(record(&replay, 1, RUNNING), Freshness::Unknown);
    }
    assert_eq!(user.failures(), 1);
    // Who comes new finds no answer either, while it connects.
    let impatient = RedisSessions::new(redis.user());
    assert!(!get(&impatient, 1));
    redis.thaw();
    assert!(get(&impatient, 1));
    assert!(!get(&store, 1), "the pause isn't over");
}

#[test]
fn a_connection_that_was_closed_while_idle_is_made_again() {
    let redis = start_or_skip!();
    let user = redis.user_with(Options::default().pause(Duration::from_secs(3600)));
    let store = RedisSessions::new(user.clone());
    assert!(put(&store, 1));
    redis.command::<i64>(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    assert!(get(&store, 1));
    assert_eq!(user.failures(), 0);
}

#[test]
fn what_redis_refuses_is_a_failure_too() {
    let redis = start_or_skip!();
    let user = redis.user();
    let replay = RedisReplay::new(user.clone(), SPAN);
    assert_eq!(record(&replay, 0, 0), Freshness::Unknown);
    assert_eq!(user.failures(), 0);
    // Full: nothing can be recorded, so nothing is new.
    redis.command::<()>(&["CONFIG", "SET", "maxmemory", "1"]);
    assert_eq!(record(&replay, 1, RUNNING), Freshness::Unknown);
    assert!(!put(&RedisSessions::new(user.clone()), 1));
    assert_eq!(user.failures(), 2);
    redis.command::<()>(&["CONFIG", "SET", "maxmemory", "0"]);
    assert_eq!(record(&replay, 1, RUNNING), Freshness::New);
}

#[test]
fn many_threads_share_a_few_connections() {
    let redis = start_or_skip!();
    let user = redis.user_with(Options::default().connections(2));
    let store = RedisSessions::new(user.clone());
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let store = &store;
            scope.spawn(move || {
                (0..25).for_each(|n| assert!(put(store, thread * 25 + n)));
            });
        }
    });
    assert!((0..200).all(|n| take(&store, n)));
    let clients: String = redis.command(&["CLIENT", "LIST"]);
    // One more asks for the list.
    assert!(clients.lines().count() <= 3, "{clients}");
    assert_eq!(user.failures(), 0);
}

#[test]
fn an_address_is_checked_and_its_password_not_shown() {
    assert!(Redis::new("http://127.0.0.1/", Options::default()).is_err());
    let redis = Redis::new("redis://:sesame@127.0.0.1:1/0", Options::default()).unwrap();
    assert!(!format!("{redis:?}").contains("sesame"));
    assert!(!put(&RedisSessions::new(redis.clone()), 1));
    assert_eq!(redis.failures(), 1);
}
