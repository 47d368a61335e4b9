//! Who may ask our server, and over what: `--web.config.file`. It is looked at for each connection and
//! each request, so that a changed password or certificate counts at once. A version of it that is bad
//! leaves the one before in force, and says so once.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::time::Instant;
use tracing::{error, info};

use crate::config::{self, Clients, Complaint, Level, Place, Rate, ServerTls, Source, WebConfig};
use crate::dial::Reception;
use crate::labels::{FNV_OFFSET, fnv1a};
use crate::spec::{Pem, Secret};
use users::{Stranger, Users};

mod users;

/// What stands before every answer. Cheap to clone.
#[derive(Clone)]
pub struct Gate {
    file: Option<PathBuf>,
    standing: Arc<Mutex<Standing>>,
}

/// The rules in force, and of which version of the files they were tried last.
struct Standing {
    seen: u64,
    rules: Arc<Rules>,
}

/// What holds for a request.
pub(super) struct Rules {
    /// None: plain text.
    pub(super) reception: Option<Reception>,
    headers: HeaderMap,
    users: Users,
    bucket: Option<Mutex<Bucket>>,
}

impl Gate {
    /// Everybody may ask, in plain text.
    pub fn open() -> Self {
        let rules =
            Rules { reception: None, headers: HeaderMap::new(), users: Users::default(), bucket: None };
        Self { file: None, standing: Arc::new(Mutex::new(Standing { seen: 0, rules: Arc::new(rules) })) }
    }

    /// As this file says.
    ///
    /// # Errors
    ///
    /// What is wrong with it, in words and with its place: nobody wants an open server by mistake.
    pub fn of(file: &Path) -> Result<Self, String> {
        let text = read(file);
        let (rules, seen) = Rules::of(file, &text)?;
        let standing = Standing { seen, rules: Arc::new(rules) };
        Ok(Self { file: Some(file.to_owned()), standing: Arc::new(Mutex::new(standing)) })
    }

    /// The rules in force now.
    pub(super) async fn rules(&self) -> Arc<Rules> {
        let Some(file) = self.file.clone() else { return self.standing() };
        let gate = self.clone();
        let looked = tokio::task::spawn_blocking(move || gate.look(&file)).await;
        looked.unwrap_or_else(|_| self.standing())
    }

    fn standing(&self) -> Arc<Rules> {
        Arc::clone(&self.standing.lock().expect("nobody panics while looking").rules)
    }

    fn look(&self, file: &Path) -> Arc<Rules> {
        let text = read(file);
        let mut standing = self.standing.lock().expect("nobody panics while looking");
        let now = signature(file, &text);
        if standing.seen != now {
            standing.seen = now;
            match Rules::of(file, &text) {
                Ok((rules, _)) => {
                    standing.rules = Arc::new(rules);
                    info!(file = %file.display(), "the web configuration has changed");
                }
                Err(told) => {
                    error!(file = %file.display(), "the web configuration is bad, the one before holds: {told}");
                }
            }
        }
        Arc::clone(&standing.rules)
    }
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("file", &self.file).finish_non_exhaustive()
    }
}

impl Rules {
    fn of(file: &Path, text: &Result<Arc<str>, Complaint>) -> Result<(Self, u64), String> {
        let seen = signature(file, text);
        let web = parse(file, text).map_err(|complaints| {
            complaints.iter().map(Complaint::to_string).collect::<Vec<_>>().join("\n\n")
        })?;
        let reception = web.tls.as_ref().map(|it| Reception::of(it, web.http2)).transpose();
        let reception = reception.map_err(|it| format!("{}: {it}", file.display()))?;
        let bucket = web.rate.map(|it| Mutex::new(Bucket::full(it, Instant::now())));
        Ok((Self { reception, headers: web.headers, users: Users::new(web.users), bucket }, seen))
    }

    /// Whether a request with these headers is answered, or the answer that it gets instead.
    pub(super) async fn admit(&self, headers: &HeaderMap) -> Result<(), Response> {
        let is_within = self
            .bucket
            .as_ref()
            .is_none_or(|it| it.lock().expect("nobody panics while counting").take(Instant::now()));
        if !is_within {
            return Err((StatusCode::TOO_MANY_REQUESTS, "Too Many Requests\n").into_response());
        }
        self.users.admit(headers.get(header::AUTHORIZATION)).await.map_err(|stranger| match stranger {
            Stranger::Unknown => {
                let mut response = (StatusCode::UNAUTHORIZED, "Unauthorized\n").into_response();
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
                response
            }
            Stranger::Crowd => (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests\n").into_response(),
        })
    }

    /// Puts the headers of every answer onto this one.
    pub(super) fn dress(&self, response: &mut Response) {
        response.headers_mut().extend(self.headers.clone());
    }
}

/// Holds as many requests as may be answered at once; time fills it.
#[derive(Debug)]
struct Bucket {
    rate: Rate,
    held: f64,
    at: Instant,
}

impl Bucket {
    fn full(rate: Rate, at: Instant) -> Self {
        Self { rate, held: f64::from(rate.burst), at }
    }

    fn take(&mut self, now: Instant) -> bool {
        let gained = now.saturating_duration_since(self.at).div_duration_f64(self.rate.interval);
        self.held = (self.held + gained).min(f64::from(self.rate.burst));
        self.at = now;
        let has_one = self.held >= 1.0;
        if has_one {
            self.held -= 1.0;
        }
        has_one
    }
}

fn parse(file: &Path, text: &Result<Arc<str>, Complaint>) -> Result<WebConfig, Vec<Complaint>> {
    let source = Source { name: file.display().to_string().into(), text: text.clone() };
    config::web(&source, file.parent().unwrap_or(Path::new("")))
}

fn read(file: &Path) -> Result<Arc<str>, Complaint> {
    std::fs::read_to_string(file).map(Arc::from).map_err(|error| Complaint {
        level: Level::Error,
        place: Place::unread(file.display().to_string().into()),
        title: format!("the web configuration cannot be read: {error}"),
        help: Some("mend the path, or give the user that runs this the right to read it".to_owned()),
    })
}

/// A number that changes when the file, or one that it names, says something else.
fn signature(file: &Path, text: &Result<Arc<str>, Complaint>) -> u64 {
    let said = text.as_deref().unwrap_or_default();
    let tls = parse(file, text).ok().and_then(|it| it.tls);
    let named = tls.as_ref().map(paths).unwrap_or_default();
    named.iter().fold(fnv1a(FNV_OFFSET, said), |hash, path| {
        fnv1a(hash, &std::fs::read_to_string(path).unwrap_or_default())
    })
}

fn paths(tls: &ServerTls) -> Vec<&Path> {
    let ca = match &tls.clients {
        Clients::Unasked => None,
        Clients::VerifiedIfGiven(ca) | Clients::Verified(ca) => Some(ca),
    };
    let pems = std::iter::once(&tls.certificate).chain(ca);
    let mut paths: Vec<&Path> = pems
        .filter_map(|it| match it {
            Pem::File(path) => Some(path.as_path()),
            Pem::Inline(_) => None,
        })
        .collect();
    match &tls.key {
        Secret::File(path) => paths.push(path),
        Secret::Inline(_) => {}
    }
    paths
}

/// How long a password that was found to be right is known.
const KNOWN_FOR: Duration = Duration::from_mins(5);

#[cfg(test)]
pub(super) mod tests;
