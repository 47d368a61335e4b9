//! One worker for each Alertmanager: it carries what its [`Outbox`] has to say. Workers share
//! nothing, so that one Alertmanager that hangs delays no other.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::sync::mpsc;
use tokio::time::{sleep, sleep_until, timeout_at};
use tracing::{debug, info, warn};
use url::Url;

use super::outbox::{Batch, Manners, Outbox, Reception};
use super::{Counts, News};
use crate::config::Endpoint;
use crate::dial::{Answer, CallFailed, Dialer};
use crate::labels::{FNV_OFFSET, fnv1a};
use crate::moment::Moment;
use crate::notification::Incident;

/// The `sink` label of the Alertmanager that stands at `position` in the settings, from 0: its URL
/// may hold what is not for everyone's eyes.
pub fn sink_name(position: usize) -> String {
    format!("alertmanager-{position}")
}

/// A number for the Alertmanager at that URL, the same after a restart.
pub fn ear(base: &Url) -> u64 {
    fnv1a(FNV_OFFSET, alerts_url(base).as_str())
}

/// Called when an Alertmanager has heard of an incident's end.
pub type OnEnd = Arc<dyn Fn(Incident) + Send + Sync>;

/// Tells one Alertmanager until `news` is closed, and then for `flush_within` at the most what it has
/// not heard yet. That we stop ends no alert.
pub async fn run(
    listener: Listener,
    dialer: Dialer,
    manners: Manners,
    news: mpsc::UnboundedReceiver<News>,
    flush_within: Duration,
) {
    let Listener { name, endpoint, counts, on_end } = listener;
    let url = alerts_url(&endpoint.url);
    let manners = Manners { seed: ear(&endpoint.url), ..manners };
    let post = move |body: Bytes| {
        let (endpoint, dialer, url) = (endpoint.clone(), dialer.clone(), url.clone());
        async move {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
            let Endpoint { client, timeout, .. } = &endpoint;
            dialer.call(client, Method::POST, &url, headers, body, *timeout).await
        }
    };
    Worker::new(name, manners, counts, on_end).work(post, news, flush_within).await;
}

/// One Alertmanager, and what we do with its answers.
pub struct Listener {
    /// Its `sink` label.
    pub name: String,
    /// Where it is.
    pub endpoint: Endpoint,
    /// What became of the alerts that it was told.
    pub counts: Counts,
    /// Who wants to know when it has heard of an end.
    pub on_end: OnEnd,
}

/// Where alerts are posted: under the path that the settings give.
fn alerts_url(base: &Url) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/api/v2/alerts", base.path().trim_end_matches('/')));
    url
}

/// What is known of one Alertmanager.
struct Worker {
    name: String,
    outbox: Outbox,
    counts: Counts,
    on_end: OnEnd,
    started: Instant,
    /// Whether the last batch was answered well; a change is logged.
    listening: bool,
    /// Whether its clock was far from ours; a change is logged.
    clocks_differ: bool,
}

/// A batch on its way; it comes back with what became of it.
type Call<'a> = Pin<Box<dyn Future<Output = (Batch, Result<Answer, CallFailed>)> + Send + 'a>>;

impl Worker {
    fn new(name: String, manners: Manners, counts: Counts, on_end: OnEnd) -> Self {
        let (outbox, started) = (Outbox::new(manners), Instant::now());
        Self { name, outbox, counts, on_end, started, listening: true, clocks_differ: false }
    }

    async fn work<P, F>(mut self, post: P, mut news: mpsc::UnboundedReceiver<News>, flush_within: Duration)
    where
        P: Fn(Bytes) -> F + Send,
        F: Future<Output = Result<Answer, CallFailed>> + Send,
    {
        let mut call = None;
        loop {
            call = call.or_else(|| self.next_call(&post));
            let wakeup = self.wakeup();
            self.counts.beat.turn();
            tokio::select! {
                biased;
                it = news.recv() => match it {
                    Some(News::Told(notification)) => self.outbox.take(notification, self.now()),
                    Some(News::Again) => self.outbox.say_again(self.now()),
                    None => break,
                },
                (batch, answer) = on_its_way(&mut call) => {
                    call = None;
                    self.settle(batch, answer);
                }
                () = sleep_until(wakeup.into()), if call.is_none() => {}
                () = sleep(TURN) => {}
            }
        }
        let deadline = Instant::now() + flush_within;
        if timeout_at(deadline.into(), self.flush(&post, call)).await.is_err() {
            warn!(sink = self.name, "stopped before everything was heard");
        }
    }

    /// Says what was not heard yet, and only that.
    async fn flush<'a, P, F>(&mut self, post: &'a P, mut call: Option<Call<'a>>)
    where
        P: Fn(Bytes) -> F + Send,
        F: Future<Output = Result<Answer, CallFailed>> + Send + 'a,
    {
        loop {
            self.outbox.keep_only_unheard();
            call = call.or_else(|| self.next_call(post));
            if self.outbox.is_empty() {
                return;
            }
            let wakeup = self.wakeup();
            tokio::select! {
                (batch, answer) = on_its_way(&mut call) => {
                    call = None;
                    self.settle(batch, answer);
                }
                () = sleep_until(wakeup.into()), if call.is_none() => {}
            }
        }
    }

    fn next_call<'a, P, F>(&mut self, post: &'a P) -> Option<Call<'a>>
    where
        P: Fn(Bytes) -> F + Send,
        F: Future<Output = Result<Answer, CallFailed>> + Send + 'a,
    {
        let batch = self.outbox.batch(self.now())?;
        self.counts.expired.inc_by(self.outbox.take_expired());
        let answer = post(batch.body.clone());
        Some(Box::pin(async move { (batch, answer.await) }))
    }

    fn settle(&mut self, batch: Batch, answer: Result<Answer, CallFailed>) {
        let (reception, said, date) = match answer {
            Ok(answer) => (reception_of(&answer, SystemTime::now()), said(&answer), date_of(&answer.headers)),
            Err(CallFailed(why)) => (Reception::Failed, why, None),
        };
        let sink = self.name.clone();
        let listening = match reception {
            Reception::Taken | Reception::Refused | Reception::TooLong => true,
            Reception::NotNow(_) | Reception::Failed => false,
        };
        match (self.listening, listening) {
            (true, false) => warn!(sink, said, "alerts are not heard; they are kept and tried again"),
            (false, true) => info!(sink, "alerts are heard again"),
            (true, true) | (false, false) => debug!(sink, said, ?reception, "posted"),
        }
        self.listening = listening;
        let settled = self.outbox.settle(batch, reception, self.now());
        if let Some(date) = date {
            self.heed_clock(date);
        }
        self.counts.delivered.inc_by(settled.delivered);
        settled.ended.into_iter().for_each(|it| (self.on_end)(it));
        self.counts.failed.inc_by(settled.failed);
        if let Some(labels) = settled.rejected {
            self.counts.rejected.inc();
            warn!(sink, %labels, said, "an alert was refused, and is set aside alone");
        }
    }

    /// Their clock decides whether an alert is over.
    fn heed_clock(&mut self, date: SystemTime) {
        self.outbox.hear_clock(date, self.now());
        let is_far = self.outbox.skew(self.now()).is_some_and(|it| it > SKEW_TOLD);
        if is_far != self.clocks_differ {
            let sink = &self.name;
            if is_far {
                warn!(sink, "its clock is not ours; ends are told by its clock");
            } else {
                info!(sink, "its clock is ours again");
            }
        }
        self.clocks_differ = is_far;
    }

    /// When to look again; without anything to say, news or the end will wake us first.
    fn wakeup(&self) -> Instant {
        let up = self.outbox.next_wakeup().unwrap_or(self.started.elapsed() + IDLE_WAKEUP);
        self.started + up
    }

    fn now(&self) -> Moment {
        Moment { up: self.started.elapsed(), wall: SystemTime::now() }
    }
}

/// Waits for the batch that is on its way; forever where there is none.
async fn on_its_way(call: &mut Option<Call<'_>>) -> (Batch, Result<Answer, CallFailed>) {
    match call {
        Some(call) => call.await,
        None => std::future::pending().await,
    }
}

/// What an answer means for the batch. A status that speaks of us (401), of the place (404) or of
/// the way there (a redirect, which is never followed) says nothing about the alerts.
fn reception_of(answer: &Answer, now: SystemTime) -> Reception {
    match answer.status {
        status if status.is_success() => Reception::Taken,
        StatusCode::PAYLOAD_TOO_LARGE => Reception::TooLong,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            retry_after(&answer.headers, now).map_or(Reception::Failed, Reception::NotNow)
        }
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::NOT_FOUND
        | StatusCode::METHOD_NOT_ALLOWED
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED
        | StatusCode::REQUEST_TIMEOUT => Reception::Failed,
        status if status.is_client_error() => Reception::Refused,
        _ => Reception::Failed,
    }
}

/// `Retry-After`, as seconds or as a date.
fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    match text.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(now).ok(),
    }
}

/// When it was answered, by their clock.
fn date_of(headers: &HeaderMap) -> Option<SystemTime> {
    httpdate::parse_http_date(headers.get(header::DATE)?.to_str().ok()?).ok()
}

/// The answer in words for the log: its status and how its body begins.
fn said(answer: &Answer) -> String {
    let start = &answer.body[..answer.body.len().min(LOGGED_BYTES_MAX)];
    format!("{}: {}", answer.status, String::from_utf8_lossy(start).trim())
}

/// How often a worker turns round at the least, so that it is known to be alive.
const TURN: Duration = Duration::from_secs(10);
/// With nothing to say, the outbox is looked at this often for no reason but that a sleep needs an end.
const IDLE_WAKEUP: Duration = Duration::from_hours(1);
/// Clocks that are further apart than this are told of.
const SKEW_TOLD: Duration = Duration::from_secs(5);
const LOGGED_BYTES_MAX: usize = 512;

#[cfg(test)]
mod tests;
