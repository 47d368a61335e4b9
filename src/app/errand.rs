//! Carries out what alerts want to know: follow-up checks here or from another vantage, and questions
//! to Prometheus. Each in a task of its own, and each comes back with an event, whatever happens.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use tokio::task::{self, JoinSet};
use tracing::{error, info, warn};

use crate::board::reading_of;
use crate::cause::Judged;
use crate::dial::Dialer;
use crate::engine::{CheckOrder, CheckTopic, Event, QueryOrder};
use crate::outcome::PathFacts;
use crate::plan::Vantage;
use crate::prometheus::Prometheus;
use crate::serve::{OwnMetrics, QueryResult};
use crate::spec::Prober;
use crate::vantage;
use crate::view::{CheckAnswer, Hop};

/// The errands that are under way. Dropping it calls all of them off.
#[derive(Debug)]
pub(super) struct Errands {
    dialer: Dialer,
    prometheus: Option<Prometheus>,
    own: OwnMetrics,
    under_way: JoinSet<Done>,
    /// What is said of one that was lost by a mistake of ours.
    lost: HashMap<task::Id, Event>,
    /// Who did not answer the last time.
    silent: BTreeSet<Arc<str>>,
}

/// An errand that is over.
struct Done {
    event: Event,
    /// Who was asked, where it was not the target itself, and why there is no answer.
    asked: Option<(Arc<str>, Result<(), String>)>,
}

impl Errands {
    /// Nobody is under way yet; the engine bounds how many there are.
    pub(super) fn new(dialer: Dialer, prometheus: Option<Prometheus>, own: OwnMetrics) -> Self {
        Self {
            dialer,
            prometheus,
            own,
            under_way: JoinSet::new(),
            lost: HashMap::new(),
            silent: BTreeSet::new(),
        }
    }

    /// Questions go to that Prometheus from now on.
    pub(super) fn ask_of(&mut self, prometheus: Option<Prometheus>) {
        self.prometheus = prometheus;
    }

    /// Sends out a check.
    pub(super) fn check(&mut self, order: CheckOrder) {
        let lost = Event::Checked { topic: order.topic.clone(), answer: None };
        let task = self.under_way.spawn(look_closer(self.dialer.clone(), order));
        self.lost.insert(task.id(), lost);
    }

    /// Sends out a question. Without a Prometheus there is no answer to it.
    pub(super) fn ask(&mut self, order: QueryOrder) {
        let lost = Event::Answered { promql: Arc::clone(&order.promql), value: None };
        let task = self.under_way.spawn(question(self.prometheus.clone(), self.own.clone(), order));
        self.lost.insert(task.id(), lost);
    }

    /// What the next one brings. May be dropped while waiting.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            match self.under_way.join_next_with_id().await {
                Some(Ok((task, Done { event, asked }))) => {
                    self.lost.remove(&task);
                    if let Some((who, told)) = asked {
                        self.note(&who, told);
                    }
                    return event;
                }
                Some(Err(lost)) => {
                    error!("a check or a query was lost by a mistake of ours");
                    if let Some(event) = self.lost.remove(&lost.id()) {
                        return event;
                    }
                }
                None => std::future::pending().await,
            }
        }
    }

    /// Logs that somebody has stopped, or begun again, to answer.
    fn note(&mut self, who: &Arc<str>, told: Result<(), String>) {
        match told {
            Err(why) => {
                if self.silent.insert(Arc::clone(who)) {
                    warn!(asked = &**who, why, "no answer");
                }
            }
            Ok(()) => {
                if self.silent.remove(who) {
                    info!(asked = &**who, "answers again");
                }
            }
        }
    }
}

async fn look_closer(dialer: Dialer, order: CheckOrder) -> Done {
    let CheckOrder { topic, target, module, via } = order;
    let done = |topic: CheckTopic, answer: Option<CheckAnswer>| Event::Checked {
        topic,
        answer: answer.map(Box::new),
    };
    if via == Vantage::Unnamed {
        return Done { event: done(topic, None), asked: None };
    }
    if let Vantage::At(via) = &via {
        let told = vantage::ask(&dialer, via, &module, &target).await;
        let (answer, told) = match told {
            Ok(reading) => (Some(CheckAnswer { reading, hops: Vec::new() }), Ok(())),
            Err(why) => (None, Err(why.to_string())),
        };
        // Without what may stand in a URL that is not for everyone's eyes.
        let who =
            format!("{}:{}", via.host_str().unwrap_or_default(), via.port_or_known_default().unwrap_or(0));
        return Done { event: done(topic, answer), asked: Some((who.into(), told)) };
    }
    let target = match &module.prober {
        Prober::Tcp(_) | Prober::Tls(_) | Prober::Path(_) => Arc::new(target.port()),
        Prober::Http(_)
        | Prober::Metrics(_)
        | Prober::Unix(_)
        | Prober::Dns(_)
        | Prober::Icmp(_)
        | Prober::Grpc(_)
        | Prober::WebSocket(_)
        | Prober::Query(_) => target,
    };
    let (outcome, rest) = crate::probe::ask(&dialer, &module, &target).await;
    let judged = Judged::new(&module, outcome);
    let late = match rest {
        Some(rest) => Some(rest.finish().await),
        None => None,
    };
    let reading = reading_of(&target, target.labels.public(), &module, &judged, late);
    let hops = judged.outcome.path.as_ref().map_or(&[][..], |PathFacts { hops, .. }| hops);
    let hops = hops.iter().map(Hop::from).collect();
    Done { event: done(topic, Some(CheckAnswer { reading, hops })), asked: None }
}

async fn question(prometheus: Option<Prometheus>, own: OwnMetrics, order: QueryOrder) -> Done {
    let QueryOrder { promql, asked_by } = order;
    let Some(prometheus) = prometheus else {
        return Done { event: Event::Answered { promql, value: None }, asked: None };
    };
    let (value, result, told) = match prometheus.number(&promql).await {
        Ok(it) if it.is_nan() => (Some(it), QueryResult::Empty, Ok(())),
        Ok(it) => (Some(it), QueryResult::Answered, Ok(())),
        Err(why) => (None, QueryResult::Failed, Err(why.to_string())),
    };
    own.query(result);
    let name = asked_by.first().map(|(alert, query)| format!("prometheus, {query} of {alert}"));
    let asked = name.map(|it| (it.into(), told));
    Done { event: Event::Answered { promql, value }, asked }
}
