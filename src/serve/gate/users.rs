//! Users with passwords. A hash is made to be slow, so it is worked out beside the threads that
//! others wait for, few at a time, and what was found to be right is known for a while. Whoever is
//! unknown takes as long as whoever has a wrong password.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::thread::available_parallelism;

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use axum::http::HeaderValue;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::KNOWN_FOR;

/// Who may ask; nobody in it: anybody may.
#[derive(Default)]
pub(super) struct Users {
    hashes: BTreeMap<String, String>,
    desk: Option<Desk>,
}

/// Where passwords are looked at.
struct Desk {
    known: Mutex<HashMap<[u8; 32], Instant>>,
    key: hmac::Key,
    /// At work at once, and at work or waiting.
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

/// Whom we do not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stranger {
    /// No name, or not this password.
    Unknown,
    /// Too many wait to be looked at.
    Crowd,
}

impl Users {
    pub(super) fn new(hashes: BTreeMap<String, String>) -> Self {
        let turns = available_parallelism().map_or(1, usize::from);
        let desk = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new()).ok().map(|key| Desk {
            known: Mutex::default(),
            key,
            turns: Arc::new(Semaphore::new(turns)),
            queue: Arc::new(Semaphore::new(turns + QUEUE_MAX)),
        });
        Self { hashes, desk }
    }

    /// Whether who sends this `Authorization` may ask.
    pub(super) async fn admit(&self, authorization: Option<&HeaderValue>) -> Result<(), Stranger> {
        let Some(anybody) = self.hashes.values().next() else { return Ok(()) };
        let (user, password) = credentials(authorization).ok_or(Stranger::Unknown)?;
        let desk = self.desk.as_ref().ok_or(Stranger::Crowd)?;
        // Of an unknown user the work is done all the same, for nothing.
        let (hash, is_user) = self.hashes.get(&user).map_or((anybody, false), |it| (it, true));
        let mark = desk.mark(&user, hash, &password);
        if desk.knows(&mark, Instant::now()) {
            return Ok(());
        }
        let place = Arc::clone(&desk.queue).try_acquire_owned().map_err(|_| Stranger::Crowd)?;
        let turn = Arc::clone(&desk.turns).acquire_owned().await.map_err(|_| Stranger::Crowd)?;
        let hash = hash.clone();
        let found = tokio::task::spawn_blocking(move || {
            let _held_to_the_end = (place, turn);
            bcrypt::verify(password, &hash).unwrap_or(false)
        });
        if !(found.await.unwrap_or(false) && is_user) {
            return Err(Stranger::Unknown);
        }
        desk.remember(mark, Instant::now());
        Ok(())
    }
}

impl Desk {
    /// What is remembered in the place of a password. Lengths stand before the parts, so that no two
    /// users can be made to look like one.
    fn mark(&self, user: &str, hash: &str, password: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.key);
        for part in [user.as_bytes(), hash.as_bytes(), password] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut mark = [0; 32];
        mark.copy_from_slice(context.sign().as_ref());
        mark
    }

    fn knows(&self, mark: &[u8; 32], now: Instant) -> bool {
        let known = self.known.lock().expect("nobody panics while remembering");
        known.get(mark).is_some_and(|since| now.saturating_duration_since(*since) < KNOWN_FOR)
    }

    fn remember(&self, mark: [u8; 32], now: Instant) {
        let mut known = self.known.lock().expect("nobody panics while remembering");
        known.retain(|_, since| now.saturating_duration_since(*since) < KNOWN_FOR);
        if known.len() >= KNOWN_MAX {
            known.clear();
        }
        known.insert(mark, now);
    }
}

/// Name and password of `Basic`.
fn credentials(authorization: Option<&HeaderValue>) -> Option<(String, Vec<u8>)> {
    let text = authorization?.to_str().ok()?;
    let (scheme, words) = text.split_once(' ')?;
    let words = scheme.eq_ignore_ascii_case("basic").then(|| from_base64(words.trim()))??;
    let colon = words.iter().position(|it| *it == b':')?;
    let password = words[colon + 1..].to_vec();
    Some((String::from_utf8(words[..colon].to_vec()).ok()?, password))
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for symbol in text.trim_end_matches('=').bytes() {
        let value = ALPHABET.iter().position(|it| *it == symbol)?;
        held = held << 6 | u32::try_from(value).ok()?;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// Who may wait for a turn.
const QUEUE_MAX: usize = 16;
/// How many passwords are known at once.
const KNOWN_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    fn users() -> Users {
        let hash = |password: &str| bcrypt::hash(password, 4).unwrap();
        Users::new([("alice", "open"), ("bob", "sesame")].map(|(name, it)| (name.into(), hash(it))).into())
    }

    async fn admit(users: &Users, words: &str) -> Result<(), Stranger> {
        users.admit(Some(&HeaderValue::from_str(words).unwrap())).await
    }

    #[tokio::test]
    async fn a_user_comes_in_with_the_right_password_and_nobody_else_does() {
        let users = users();
        // alice:open, bob:sesame
        for words in ["Basic YWxpY2U6b3Blbg==", "basic YWxpY2U6b3Blbg", "Basic Ym9iOnNlc2FtZQ=="] {
            for _ in 0..2 {
                assert_eq!(admit(&users, words).await, Ok(()), "{words}");
            }
        }
        // alice:sesame, carol:open, alice, alice:, and what is no Basic at all.
        for words in [
            "Basic YWxpY2U6c2VzYW1l",
            "Basic Y2Fyb2w6b3Blbg==",
            "Basic YWxpY2U=",
            "Basic YWxpY2U6",
            "Bearer YWxpY2U6b3Blbg==",
            "Basic",
            "Basic ???",
        ] {
            for _ in 0..2 {
                assert_eq!(admit(&users, words).await, Err(Stranger::Unknown), "{words}");
            }
        }
        assert_eq!(users.admit(None).await, Err(Stranger::Unknown));
        assert_eq!(Users::default().admit(None).await, Ok(()), "without users anybody may ask");
    }

    #[tokio::test]
    async fn only_who_was_let_in_is_known_and_only_for_a_while() {
        let users = users();
        let desk = users.desk.as_ref().unwrap();
        let _ = admit(&users, "Basic YWxpY2U6c2VzYW1l").await;
        assert!(desk.known.lock().unwrap().is_empty());
        let (now, mark) = (Instant::now(), desk.mark("a", "h", b"p"));
        desk.remember(mark, now);
        assert!(desk.knows(&mark, now) && !desk.knows(&mark, now + KNOWN_FOR));
        assert_ne!(desk.mark("ab", "c", b"d"), desk.mark("a", "bc", b"d"));
        for number in 0..=KNOWN_MAX {
            desk.remember(desk.mark("a", "h", &number.to_be_bytes()), now);
        }
        assert!(desk.known.lock().unwrap().len() <= KNOWN_MAX);
    }

    #[tokio::test]
    async fn who_comes_when_too_many_wait_is_sent_away_and_who_is_known_is_not() {
        let users = users();
        assert_eq!(admit(&users, "Basic YWxpY2U6b3Blbg==").await, Ok(()));
        let desk = users.desk.as_ref().unwrap();
        let all = u32::try_from(desk.queue.available_permits()).unwrap();
        let _everybody = desk.queue.acquire_many(all).await.unwrap();
        assert_eq!(admit(&users, "Basic Ym9iOnNlc2FtZQ==").await, Err(Stranger::Crowd));
        assert_eq!(admit(&users, "Basic YWxpY2U6b3Blbg==").await, Ok(()));
    }
}
