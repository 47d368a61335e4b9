//! What is asked: addresses with labels, as discovery finds them.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::labels::{FNV_OFFSET, Labels, fnv1a};

pub use address::{Flaw, Form};

mod address;

/// One thing to ask. Its labels are complete: relabelling is done, `instance` and `job` are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `__address__`: `host:port`, or a URL where the operator wrote one.
    pub address: Arc<str>,
    /// Every label, those that begin with `__` among them (`__scheme__`, `__metrics_path__`,
    /// `__param_*` say how to ask).
    pub labels: Labels,
}

impl Target {
    /// A target with these labels, whose `__address__` and `instance` are `address` unless they
    /// say otherwise.
    pub fn new(address: &str, labels: &Labels) -> Self {
        let defaults: Labels = [("__address__", address), ("instance", address)].into_iter().collect();
        let labels = defaults.with(labels.iter());
        Self { address: labels.get("__address__").into(), labels }
    }

    /// What stays the same while the target is the same: its probe, its address and its labels,
    /// without those that only discovery needs (`__meta_*`).
    pub fn id(&self, probe: &str) -> TargetId {
        let lasting = self.labels.iter().filter(|(name, _)| !name.starts_with("__meta_"));
        let hash = fnv1a(fnv1a(FNV_OFFSET, probe), &self.address);
        TargetId(lasting.fold(hash, |hash, (name, value)| fnv1a(fnv1a(hash, name), value)))
    }

    /// The URL to ask, as Prometheus makes it: the address as it is where it is a URL already, else
    /// `__scheme__` (or `http`), the address, `__metrics_path__` (or `default_path`) and the
    /// `__param_*` labels as a query.
    pub fn url(&self, default_path: &str) -> String {
        let has_scheme = self.address.get(..8).is_some_and(|it| it.eq_ignore_ascii_case("https://"))
            || self.address.get(..7).is_some_and(|it| it.eq_ignore_ascii_case("http://"));
        let or = |name, default| match self.labels.get(name) {
            "" => default,
            value => value,
        };
        let mut url = if has_scheme {
            self.address.to_string()
        } else {
            let path = or("__metrics_path__", default_path);
            let slash = if path.starts_with('/') || path.is_empty() { "" } else { "/" };
            format!("{}://{}{slash}{path}", or("__scheme__", "http"), self.address)
        };
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.labels.iter() {
            if let Some(name) = name.strip_prefix("__param_") {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if !query.is_empty() {
            url.push(if url.contains('?') { '&' } else { '?' });
            url.push_str(&query);
        }
        url
    }

    /// The same target by what there is to connect to, `host:port`: the address, or of a URL its host
    /// and its port.
    #[must_use]
    pub fn port(&self) -> Self {
        let of_url = || {
            let url = url::Url::parse(&self.address).ok().filter(url::Url::has_host)?;
            Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
        };
        let address = if self.address.contains("://") { of_url() } else { None };
        let address = address.map_or_else(|| Arc::clone(&self.address), Arc::from);
        Self { address, labels: self.labels.clone() }
    }
}

/// A target by number: see [`Target::id`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TargetId(pub u64);

impl fmt::Display for TargetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// All targets of one probe, as discovery knows them now. Whoever receives it finds out itself
/// what came and what went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TargetSet {
    /// The probe's name.
    pub probe: Arc<str>,
    /// Every target, none twice.
    pub targets: Vec<Arc<Target>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(address: &str, labels: &[(&str, &str)]) -> Target {
        Target::new(address, &labels.iter().copied().collect())
    }

    #[test]
    fn a_url_is_made_of_scheme_address_path_and_parameters() {
        assert_eq!(target("a:9100", &[]).url("/metrics"), "http://a:9100/metrics");
        let it = target("a:1", &[("__scheme__", "https"), ("__metrics_path__", "s"), ("__param_q", "a b")]);
        assert_eq!(it.url("/metrics"), "https://a:1/s?q=a+b");
        let it = target("HTTPS://a:10443/status?x=1", &[("__param_y", "2")]);
        assert_eq!(it.url("/metrics"), "HTTPS://a:10443/status?x=1&y=2");
    }

    #[test]
    fn the_port_of_a_url_is_what_one_connects_to() {
        let port = |address| target(address, &[("a", "b")]).port().address.to_string();
        assert_eq!(port("http://a/x"), "a:80");
        assert_eq!(port("HTTPS://a:10443/status?x=1"), "a:10443");
        assert_eq!(port("https://[::1]/"), "[::1]:443");
        assert_eq!((port("a:9100"), port("[::1]:5")), ("a:9100".to_owned(), "[::1]:5".to_owned()));
        assert_eq!(target("http://a/x", &[]).port().labels, target("http://a/x", &[]).labels);
    }

    #[test]
    fn discovery_notes_do_not_change_who_a_target_is() {
        let one = target("a:1", &[("job", "j"), ("__meta_filepath", "/x.yaml")]);
        let other = target("a:1", &[("job", "j"), ("__meta_filepath", "/y.yaml")]);
        assert_eq!(one.id("p"), other.id("p"));
        assert_ne!(one.id("p"), one.id("q"));
    }

    #[test]
    fn relabelling_may_have_set_the_address_and_the_instance() {
        let it = target("a:1", &[("__address__", "b:2"), ("instance", "c")]);
        assert_eq!((&*it.address, it.labels.get("instance")), ("b:2", "c"));
    }
}
