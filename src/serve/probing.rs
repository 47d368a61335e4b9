//! `/probe`: asks one target once, now, as `blackbox_exporter` does, and tells in metrics what came of
//! it. It moves no alert. Whoever waits and goes away ends the attempt.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tokio::sync::{Semaphore, watch};
use tracing::debug;

use super::Front;
use super::history::{History, Probed};
use super::metrics;
use crate::cause::{Cause, Judged, Verdict};
use crate::config::without_secrets;
use crate::dial::ASKED_FOR_OTHERS;
use crate::spec::Module;
use crate::target::Target;
use document::Told;
use question::{Question, Refusal};

mod document;
mod question;

pub use document::Level;

/// What `/probe` needs of the rest of the program. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Probing {
    ways: watch::Receiver<Arc<Ways>>,
    asker: Asker,
    offset: f64,
    level: Level,
    places: Arc<Semaphore>,
    at_once_max: usize,
    pub(super) history: History,
}

/// How `/probe` is set up.
#[derive(Clone, Copy, Debug)]
pub struct ProbingSettings {
    /// `--timeout-offset`, in seconds: so much earlier than its scraper gives up it is done.
    pub timeout_offset: f64,
    /// `--log.prober`: the least that the log of an attempt tells.
    pub level: Level,
    /// `--history.limit`: how many results are kept, and how many failures besides.
    pub history_limit: usize,
    /// The most attempts at once; beyond that it answers 503.
    pub at_once_max: usize,
}

/// As the exporter has it.
impl Default for ProbingSettings {
    fn default() -> Self {
        Self { timeout_offset: 0.5, level: Level::Info, history_limit: 100, at_once_max: 256 }
    }
}

/// The modules that can be asked for, and the configuration as it may be shown.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// By name.
    pub modules: BTreeMap<Arc<str>, Way>,
    /// Modules that ask for what is not built, and for what.
    pub left_out: BTreeMap<Arc<str>, String>,
    /// Every file that is in force, as YAML without secrets.
    pub shown: Arc<str>,
}

/// A module that can be asked for.
#[derive(Clone, Debug)]
pub struct Way {
    /// The module.
    pub module: Arc<Module>,
    /// Whether it says no timeout: then an attempt has as long as its scraper waits.
    pub untimed: bool,
    /// As YAML without secrets.
    pub shown: Arc<str>,
}

/// Carries out one attempt. Dropping what it returns calls the attempt off.
#[derive(Clone)]
pub struct Asker(Arc<dyn Fn(Module, Target) -> Asked + Send + Sync>);

type Asked = Pin<Box<dyn Future<Output = Judged> + Send>>;

impl Asker {
    /// Carries attempts out by `ask`.
    pub fn new<F>(ask: impl Fn(Module, Target) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Judged> + Send + 'static,
    {
        Self(Arc::new(move |module, target| Box::pin(ask(module, target))))
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asker")
    }
}

impl Probing {
    /// Over those modules, with nothing in its history.
    pub fn new(settings: ProbingSettings, ways: watch::Receiver<Arc<Ways>>, asker: Asker) -> Self {
        Self {
            ways,
            asker,
            offset: settings.timeout_offset,
            level: settings.level,
            places: Arc::new(Semaphore::new(settings.at_once_max)),
            at_once_max: settings.at_once_max,
            history: History::new(settings.history_limit),
        }
    }

    /// How many attempts there can be at once.
    pub(super) fn at_once_max(&self) -> usize {
        self.at_once_max
    }

    pub(super) fn ways(&self) -> Arc<Ways> {
        Arc::clone(&self.ways.borrow())
    }
}

/// Answers in the order in which the exporter looks at a question.
pub(super) async fn probe(
    State(front): State<Front>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if headers.contains_key(ASKED_FOR_OTHERS) {
        return refused(StatusCode::LOOP_DETECTED, "a /probe does not ask another /probe\n");
    }
    let probing = &front.probing;
    let question = Question::of(query.as_deref().unwrap_or_default());
    let ways = probing.ways();
    // The modules are not read yet: nobody has asked for a wrong one.
    if ways.modules.is_empty() && !*front.ready.borrow() {
        return come_back("the drop-ins are not read yet\n");
    }
    if let Some(what) = ways.left_out.get(&*question.module) {
        return Refusal::LeftOut(question.module, what.clone()).into_response();
    }
    let Some(way) = ways.modules.get(&*question.module) else {
        front.own.module_unknown();
        return Refusal::UnknownModule(question.module).into_response();
    };
    let asked = question::timeout(&headers, way, probing.offset)
        .and_then(|timeout| Ok((question.module_for(way, timeout)?, question.target_for(way)?)));
    let (module, target) = match asked {
        Ok(asked) => asked,
        Err(refusal) => return refusal.into_response(),
    };
    let Ok(_place) = probing.places.try_acquire() else {
        return come_back("as many targets are being asked as can be at once\n");
    };
    let timeout = module.timeout;
    let judged = (probing.asker.0)(module.clone(), target).await;
    let shown_target = without_secrets(&question.target).unwrap_or_else(|| question.target.clone());
    let (verdict, cause) = (judged.verdict.name(), judged.verdict.cause_name());
    debug!(module = &*module.name, target = %told_short(&shown_target), verdict, cause, "asked through /probe");
    answer(
        probing,
        &question,
        way,
        &Told { module: &module, target: &shown_target, timeout, judged: &judged },
    )
}

/// Remembers what came of it, and tells it in the way that was asked for.
fn answer(probing: &Probing, question: &Question, way: &Way, told: &Told<'_>) -> Response {
    let page = metrics::render_alone(told.module, told.judged);
    let document = document::write(told, probing.level, &page, &way.shown);
    probing.history.add(Probed {
        module: Arc::clone(&told.module.name),
        asked: question.target.clone(),
        target: told.target.to_owned(),
        success: told.judged.verdict == Verdict::Success,
        document: document.clone().into(),
    });
    if question.debug {
        return ([(header::CONTENT_TYPE, PLAIN)], document).into_response();
    }
    match told.judged.verdict {
        Verdict::Failure(Cause::TargetDenied, _) => refused(StatusCode::FORBIDDEN, DENIED),
        Verdict::Failure(..) | Verdict::Success | Verdict::Unknown(_) => {
            ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], page).into_response()
        }
    }
}

/// The beginning of what somebody sent, on one line.
fn told_short(text: &str) -> String {
    text.chars().take(LOGGED_CHARS_MAX).flat_map(char::escape_debug).collect()
}

fn refused(status: StatusCode, told: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, PLAIN)], told).into_response()
}

fn come_back(told: &'static str) -> Response {
    let mut response = refused(StatusCode::SERVICE_UNAVAILABLE, told);
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match &self {
            Self::UnparsedTimeout(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::UnknownModule(_)
            | Self::LeftOut(..)
            | Self::NoTarget
            | Self::BoundlessTimeout
            | Self::OtherHost { .. }
            | Self::BadHost => StatusCode::BAD_REQUEST,
        };
        (status, [(header::CONTENT_TYPE, PLAIN)], format!("{self}\n")).into_response()
    }
}

pub(super) const PLAIN: &str = "text/plain; charset=utf-8";
const DENIED: &str = "target_denied: the target's address is reached from this machine only, so nobody was asked; \
    name it with --probe.allow if it is meant to be probed\n";
const LOGGED_CHARS_MAX: usize = 256;
/// The longest that an attempt may take, whatever its scraper says.
pub(super) const TIMEOUT_MAX: Duration = Duration::from_mins(10);

#[cfg(test)]
pub(super) mod tests;
