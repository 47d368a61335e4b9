//! Tokens of OAuth 2: asked of their server, and held until they run out. Whoever asks a target needs
//! one first; that there is none is our own trouble, never the target's.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde::Deserialize;
use tokio::time::Instant;
use tracing::{info, warn};
use url::form_urlencoded::{self, byte_serialize};

use super::call::Answer;
use super::secret::{base64, reveal};
use super::{Dialer, Trail, secret};
use crate::outcome::OwnSide;
use crate::spec::{HttpClient, OAuth2};

/// The tokens that we hold, a place for each grant. Whoever finds its place taken waits: the token
/// that is being asked for will do for both.
#[derive(Default)]
pub(super) struct Tokens(Mutex<HashMap<Identity, Place>>);

type Place = Arc<tokio::sync::Mutex<Held>>;

/// What tells two grants apart: what may be shown of them, and what may not.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    shown: String,
    secrets: Vec<String>,
}

#[derive(Clone)]
enum Held {
    /// Nobody has asked yet.
    Nothing,
    /// A token.
    Token(Token),
    /// The server gave none at that time.
    Refused(Instant),
}

#[derive(Clone)]
struct Token {
    value: HeaderValue,
    since: Instant,
    /// How long it is taken for good.
    life: Duration,
    /// The same by the clock on the wall, which does not stand still while the machine sleeps.
    until: SystemTime,
}

impl Token {
    fn is_good(&self, now: Instant, wall: SystemTime) -> bool {
        now.saturating_duration_since(self.since) < self.life && wall < self.until
    }
}

impl Dialer {
    /// The value of `Authorization` that `client` itself asks for, where it asks for one. A token may
    /// have to be fetched; that time is in no phase of the attempt, and if the attempt's own time runs out
    /// over it, that is our trouble.
    pub(crate) async fn authorization(
        &self,
        client: &HttpClient,
        trail: &Trail,
    ) -> Result<Option<HeaderValue>, OwnSide> {
        let Some(grant) = &client.oauth2 else {
            return client.auth.as_ref().map(secret::authorization).transpose();
        };
        trail.enter_own(OwnSide::Secret);
        let value = self.bearer(grant).await?;
        trail.leave_own();
        Ok(Some(value))
    }

    /// What `client` was given was refused. The next attempt asks for another token, unless this one was
    /// fresh: then it was not too old, but the wrong one.
    pub(crate) async fn refused(&self, client: &HttpClient) {
        let Some(Ok(identity)) = client.oauth2.as_deref().map(Identity::of) else { return };
        let place = self.means.tokens.place(identity);
        let mut held = place.lock().await;
        if matches!(&*held, Held::Token(token) if token.since.elapsed() > FRESH) {
            *held = Held::Nothing;
        }
    }

    async fn bearer(&self, grant: &OAuth2) -> Result<HeaderValue, OwnSide> {
        let place = self.means.tokens.place(Identity::of(grant)?);
        let mut held = place.lock().await;
        match &*held {
            Held::Token(token) if token.is_good(Instant::now(), SystemTime::now()) => {
                return Ok(token.value.clone());
            }
            Held::Refused(at) if at.elapsed() < RETRY => return Err(OwnSide::Secret),
            Held::Nothing | Held::Token(_) | Held::Refused(_) => {}
        }
        let was_refused = matches!(&*held, Held::Refused(_));
        let server = grant.token_url.host_str().unwrap_or_default();
        match self.fetch(grant).await {
            Ok(token) => {
                if was_refused {
                    info!(server, "the token server gives tokens again");
                }
                let value = token.value.clone();
                *held = Held::Token(token);
                Ok(value)
            }
            Err(told) => {
                if !was_refused {
                    warn!(server, reason = %told, "the token server gives no token");
                }
                *held = Held::Refused(Instant::now());
                Err(OwnSide::Secret)
            }
        }
    }

    /// Asks for a token. Who we are is told in a header; a server that will not have it so is told in
    /// the body.
    async fn fetch(&self, grant: &OAuth2) -> Result<Token, NoToken> {
        let words = Words::of(grant).map_err(|_| NoToken::Secret)?;
        let answer = self.ask_for_token(grant, Some(words.header), words.question).await?;
        if !answer.status.is_client_error() {
            return token(&answer);
        }
        token(&self.ask_for_token(grant, None, words.question_with_client).await?)
    }

    async fn ask_for_token(
        &self,
        grant: &OAuth2,
        authorization: Option<HeaderValue>,
        form: String,
    ) -> Result<Answer, NoToken> {
        let mut headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded")),
            (ACCEPT, HeaderValue::from_static("application/json")),
        ]);
        headers.extend(authorization.map(|it| (AUTHORIZATION, it)));
        let (url, body) = (&grant.token_url, Bytes::from(form));
        let sent =
            self.for_ourselves().call_bare(&grant.client, Method::POST, url, headers, body, LIMIT).await;
        sent.map_err(|failed| NoToken::Call(failed.0))
    }
}

/// What the token server is told.
struct Words {
    /// Who we are, in a header.
    header: HeaderValue,
    /// What we want.
    question: String,
    /// Both.
    question_with_client: String,
}

impl Words {
    fn of(grant: &OAuth2) -> Result<Self, OwnSide> {
        let password = grant.client_secret.as_ref().map(reveal).transpose()?.unwrap_or_default();
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if !grant.scopes.is_empty() {
            form.append_pair("scope", &grant.scopes.join(" "));
        }
        for (name, value) in &grant.endpoint_params {
            form.append_pair(name, &reveal(value)?);
        }
        let question = form.finish();
        let escaped = |it: &str| byte_serialize(it.as_bytes()).collect::<String>();
        let pair = format!("{}:{}", escaped(&grant.client_id), escaped(&password));
        let header = HeaderValue::try_from(format!("Basic {}", base64(pair.as_bytes())));
        let mut header = header.map_err(|_| OwnSide::Secret)?;
        header.set_sensitive(true);
        let mut form = form_urlencoded::Serializer::new(question.clone());
        form.append_pair("client_id", &grant.client_id);
        if !password.is_empty() {
            form.append_pair("client_secret", &password);
        }
        Ok(Self { header, question, question_with_client: form.finish() })
    }
}

impl Tokens {
    fn place(&self, identity: Identity) -> Place {
        let mut places = self.places();
        if !places.contains_key(&identity) && places.len() >= PLACES_MAX {
            places.clear();
        }
        Arc::clone(places.entry(identity).or_insert_with(|| Arc::new(Held::Nothing.into())))
    }

    fn places(&self) -> MutexGuard<'_, HashMap<Identity, Place>> {
        self.0.lock().expect("nobody panics while looking up")
    }
}

impl Identity {
    fn of(grant: &OAuth2) -> Result<Self, OwnSide> {
        let secrets = grant.client_secret.iter().chain(grant.endpoint_params.iter().map(|(_, value)| value));
        Ok(Self { shown: format!("{grant:?}"), secrets: secrets.map(reveal).collect::<Result<_, _>>()? })
    }
}

/// Why there is no token, in words for the log. What the server wrote is no part of it: it might repeat
/// what we said.
enum NoToken {
    Secret,
    Call(String),
    Status(u16),
    Unread,
}

impl fmt::Display for NoToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret => f.write_str("the client's secret cannot be read or sent"),
            Self::Call(told) => f.write_str(told),
            Self::Status(status) => write!(f, "it answers with status {status}"),
            Self::Unread => f.write_str("its answer holds no token that can be used"),
        }
    }
}

/// An answer that grants a token (RFC 6749, 5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<Seconds>,
}

/// Some servers write the number between quotes.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

fn token(answer: &Answer) -> Result<Token, NoToken> {
    if !answer.status.is_success() {
        return Err(NoToken::Status(answer.status.as_u16()));
    }
    let granted: Granted = serde_json::from_slice(&answer.body).map_err(|_| NoToken::Unread)?;
    if granted.access_token.is_empty() {
        return Err(NoToken::Unread);
    }
    let scheme = match granted.token_type.as_deref() {
        None | Some("") => "Bearer",
        Some(given) if given.eq_ignore_ascii_case("bearer") => "Bearer",
        Some(given) => given,
    };
    let value = HeaderValue::try_from(format!("{scheme} {}", granted.access_token));
    let mut value = value.map_err(|_| NoToken::Unread)?;
    value.set_sensitive(true);
    let life = life(granted.expires_in.as_ref());
    let until = SystemTime::now() + life;
    Ok(Token { value, since: Instant::now(), life, until })
}

/// How long a token is used: what the server says, less a margin in which an attempt can be over.
fn life(expires_in: Option<&Seconds>) -> Duration {
    let seconds = match expires_in {
        Some(Seconds::Number(it)) => Some(*it),
        Some(Seconds::Text(it)) => it.trim().parse().ok(),
        None => None,
    };
    let given = seconds.filter(|it| *it > 0.0).and_then(|it| Duration::try_from_secs_f64(it).ok());
    let given = given.unwrap_or(LIFE).min(LIFE_MAX);
    given.saturating_sub(MARGIN.min(given / 4))
}

/// How long the token server has for its answer.
const LIMIT: Duration = Duration::from_secs(10);

/// For how long a server that gave no token is not asked again.
const RETRY: Duration = Duration::from_secs(2);

/// A token that is refused at this age was not too old.
const FRESH: Duration = Duration::from_secs(10);

/// How long before its end a token is no longer used; a quarter of its life at the most.
const MARGIN: Duration = Duration::from_secs(30);

/// How long a token is held whose server does not say.
const LIFE: Duration = Duration::from_mins(5);

/// The longest that any is held.
const LIFE_MAX: Duration = Duration::from_hours(24);

/// The most grants that are remembered; those of old secrets are among them.
const PLACES_MAX: usize = 1024;

#[cfg(test)]
mod tests;
