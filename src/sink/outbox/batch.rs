//! A batch of alerts as `POST /api/v2/alerts` takes it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use serde::{Serialize, Serializer};
use url::Url;

use super::{Entry, Item, Outbox};
use crate::labels::Labels;
use crate::moment::Moment;

/// Alerts to be sent together; no label set stands in it twice.
#[derive(Debug)]
pub struct Batch {
    /// The JSON array.
    pub body: Bytes,
    pub(super) entries: Vec<Entry>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostedAlert<'a> {
    labels: &'a Labels,
    annotations: &'a BTreeMap<Arc<str>, String>,
    #[serde(serialize_with = "rfc3339")]
    starts_at: SystemTime,
    #[serde(serialize_with = "rfc3339")]
    ends_at: SystemTime,
    #[serde(rename = "generatorURL", skip_serializing_if = "Option::is_none")]
    generator_url: Option<&'a str>,
}

impl Outbox {
    /// Writes what the entries say now. Those that would make it too long are due again at once.
    pub(super) fn write(&mut self, mut entries: Vec<Entry>, now: Moment) -> Batch {
        let mut body = vec![b'['];
        let mut fitting = 0;
        for entry in &entries {
            let item = self.lanes[&entry.lane].incidents.front().expect("what is sent stands first");
            let alert = serde_json::to_vec(&self.posted(item, now))
                .expect("labels, annotations and the times of an incident are JSON");
            if fitting > 0 {
                if body.len() + alert.len() + 2 > self.bytes_max {
                    break;
                }
                body.push(b',');
            }
            body.extend(alert);
            fitting += 1;
        }
        body.push(b']');
        for left_out in entries.split_off(fitting) {
            self.plan(left_out.lane, now.up);
        }
        Batch { body: body.into(), entries }
    }

    fn posted<'a>(&'a self, item: &'a Item, now: Moment) -> PostedAlert<'a> {
        let it = &item.notification;
        PostedAlert {
            labels: &it.labels,
            annotations: &it.annotations,
            starts_at: it.starts_at,
            ends_at: self.ends_at(item, now),
            generator_url: item.generator_url.as_ref().map(Url::as_str),
        }
    }
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&humantime::format_rfc3339_nanos(*time))
}
