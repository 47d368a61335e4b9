//! What the `ServiceEndpointStatus` job prints: JSON arrays of five texts, one after another, a service
//! endpoint each, the regions mixed and other output around them.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;
use std::sync::LazyLock;

use regex::Regex;

use super::field::{Field, Fields};

/// All that the job said of service endpoints.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndpointStatus {
    /// The cluster that it was asked for: `registry-prod-us-south-az1`.
    pub cluster: Option<String>,
    /// The endpoints, in their order in the text.
    pub boxes: Vec<MagicBox>,
    /// Arrays that could not be read.
    pub flaws: Vec<Flaw>,
}

/// A service endpoint of one zone: a reverse proxy on the way to the registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MagicBox {
    /// `registry-prod-us-south-az1-1`.
    pub zone: String,
    /// The region in the zone's name: `prod-us-south`.
    pub region: String,
    /// The Magic Box ID, by which its team knows it.
    pub id: String,
    /// As the job says it: `Ready`, also where nothing works.
    pub readiness: String,
    /// The registry's ingress behind it.
    pub address: IpAddr,
    /// Whether it accepts connections itself.
    pub accepts: bool,
    /// What stands behind it.
    pub upstream: Upstream,
    /// Its own address.
    pub front: IpAddr,
    /// The length of that address's network prefix, in bits.
    pub prefix: u8,
    /// The line of the text in which it begins, from 1.
    pub line: usize,
}

/// What the registry behind an endpoint answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Upstream {
    /// Nothing: it refuses, or is too late (-1).
    Silent,
    /// A status other than 200 (0).
    Unhealthy,
    /// 200 (1).
    Healthy,
}

/// An array that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// The line in which it begins, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Silent => "-1",
            Self::Unhealthy => "0",
            Self::Healthy => "1",
        })
    }
}

/// The array that the job prints.
impl fmt::Display for MagicBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = format!("{}:{}", self.address, self.state());
        let front = format!("{}/{}", self.front, self.prefix);
        let texts = [&self.zone, &self.id, &self.readiness, &state, &front];
        f.write_str(&serde_json::to_string(&texts).expect("texts can be written as JSON"))
    }
}

impl MagicBox {
    /// `<se>:<upstream>`, as the job writes it.
    pub fn state(&self) -> String {
        format!("{}:{}", u8::from(self.accepts), self.upstream)
    }

    /// Those that come first are looked at first: what refuses before a healthy registry, then what
    /// accepts, then the rest; among equals the better registry first.
    fn order(&self) -> (u8, Reverse<Upstream>, &str) {
        let rank = match (self.accepts, self.upstream) {
            (false, Upstream::Healthy) => 0,
            (true, Upstream::Healthy | Upstream::Unhealthy | Upstream::Silent) => 1,
            (false, Upstream::Unhealthy | Upstream::Silent) => 2,
        };
        (rank, Reverse(self.upstream), &self.zone)
    }
}

impl EndpointStatus {
    /// The regions, sorted.
    pub fn regions(&self) -> Vec<&str> {
        let regions: BTreeSet<&str> = self.boxes.iter().map(|it| it.region.as_str()).collect();
        regions.into_iter().collect()
    }

    /// The endpoints of a region, in the order in which to look at them.
    pub fn of(&self, region: &str) -> Vec<&MagicBox> {
        let mut boxes: Vec<&MagicBox> = self.boxes.iter().filter(|it| it.region == region).collect();
        boxes.sort_by(|one, other| one.order().cmp(&other.order()));
        boxes
    }

    /// The endpoints of each region, in the order in which to look at them.
    pub fn by_region(&self) -> BTreeMap<&str, Vec<&MagicBox>> {
        let mut regions: BTreeMap<&str, Vec<&MagicBox>> = BTreeMap::new();
        for it in &self.boxes {
            regions.entry(&it.region).or_default().push(it);
        }
        for boxes in regions.values_mut() {
            boxes.sort_by(|one, other| one.order().cmp(&other.order()));
        }
        regions
    }

    /// Whether the job was asked for another region, and all is well in this one, which has these
    /// endpoints: it was only printed along.
    pub fn is_beside(&self, region: &str, boxes: &[&MagicBox]) -> bool {
        let asked = self.cluster.as_deref().and_then(region_of);
        let is_well = |it: &&MagicBox| it.accepts && it.upstream == Upstream::Healthy;
        asked.is_some_and(|it| it != region) && boxes.iter().all(is_well)
    }

    pub(super) fn fill(&self, fields: &mut Fields) {
        fields.put(Field::StatusCluster, self.cluster.clone().unwrap_or_default());
        if let [region] = self.regions()[..] {
            let states: Vec<String> = self.of(region).iter().map(|it| it.state()).collect();
            fields.put(Field::Region, region);
            fields.put(Field::States, states.join(" "));
        }
    }
}

/// Reads every array that begins a line or follows another one. Of a text that is no such job's
/// output no flaws are told.
pub(super) fn find(text: &str) -> EndpointStatus {
    let text = &*without_prefixes(text);
    let cluster = CLUSTER.captures(text).and_then(|it| Some(it.get(1)?.as_str().to_owned()));
    let mut status = EndpointStatus { cluster, ..EndpointStatus::default() };
    let (mut at, mut counted, mut line) = (0, 0, 1);
    while let Some(begin) = BEGIN.find_at(text, at) {
        at = begin.start() + 1;
        let start = begin.start();
        let before = text[..start].trim_end_matches([' ', '\t', ',']);
        if !(before.is_empty() || before.ends_with(['\n', ']', '['])) {
            continue;
        }
        line += memchr::memchr_iter(b'\n', &text.as_bytes()[counted..start]).count();
        counted = start;
        let window = &text[start..text.floor_char_boundary((start + ARRAY_BYTES_MAX).min(text.len()))];
        let mut values = serde_json::Deserializer::from_str(window).into_iter::<serde_json::Value>();
        let read = match values.next() {
            Some(Ok(value)) => {
                at = start + values.byte_offset();
                magic_box(&value, line)
            }
            Some(Err(_)) | None => Err(unsound(window)),
        };
        match read {
            Ok(it) => status.boxes.push(it),
            Err(message) => status.flaws.push(Flaw { line, message }),
        }
    }
    if status.boxes.is_empty() && status.cluster.as_ref().is_none_or(|it| !it.starts_with("registry-")) {
        status.flaws.clear();
    }
    status
}

fn magic_box(value: &serde_json::Value, line: usize) -> Result<MagicBox, String> {
    let parts = value.as_array().map_or(&[][..], Vec::as_slice);
    let texts: Vec<&str> = parts.iter().filter_map(serde_json::Value::as_str).collect();
    let [zone, id, readiness, state, front] = texts[..] else {
        return Err(format!("an endpoint is five texts, and these are {} of {}", texts.len(), parts.len()));
    };
    let region =
        region_of(zone).map(str::to_owned).ok_or_else(|| format!("`{zone}` names no zone of a region"))?;
    let (address, accepts, upstream) =
        state_of(state).ok_or_else(|| format!("`{state}` is no `<address>:<se>:<upstream>`"))?;
    let front_of = |it: &str| {
        let (address, prefix) = it.split_once('/')?;
        let (address, prefix) = (address.parse::<IpAddr>().ok()?, prefix.parse::<u8>().ok()?);
        (prefix <= if address.is_ipv4() { 32 } else { 128 }).then_some((address, prefix))
    };
    let (front, prefix) = front_of(front).ok_or_else(|| format!("`{front}` is no `<address>/<prefix>`"))?;
    let [zone, id, readiness] = [zone, id, readiness].map(str::to_owned);
    Ok(MagicBox { zone, region, id, readiness, address, accepts, upstream, front, prefix, line })
}

/// What a log puts before each line would stand between the parts of an array: pods, branches, hours,
/// and the marks of a quotation. Taking them away is dear, so it is done only where an array is likely.
fn without_prefixes(text: &str) -> Cow<'_, str> {
    if text.contains("-az") && LIKELY.is_match(text) {
        PREFIX.replace_all(text, "")
    } else {
        Cow::Borrowed(text)
    }
}

/// An array that breaks off, or is none.
fn unsound(window: &str) -> String {
    match NAMED.captures(window).and_then(|it| it.get(1)) {
        Some(zone) => format!("the array of `{}` has no sound end", zone.as_str()),
        None => "this array has no sound end".to_owned(),
    }
}

/// The region in the name of a zone, or of its cluster.
fn region_of(zone: &str) -> Option<&str> {
    Some(ZONE.captures(zone)?.get(1)?.as_str())
}

fn state_of(state: &str) -> Option<(IpAddr, bool, Upstream)> {
    let mut parts = state.rsplitn(3, ':');
    let upstream = match parts.next()? {
        "-1" => Upstream::Silent,
        "0" => Upstream::Unhealthy,
        "1" => Upstream::Healthy,
        _ => return None,
    };
    let accepts = match parts.next()? {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    let address = parts.next()?.trim_start_matches('[').trim_end_matches(']');
    Some((address.parse().ok()?, accepts, upstream))
}

static BEGIN: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"\[\s*""#).expect("the pattern of an array's begin is sound"));

static PREFIX: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?xm) ^ (?: [\x20\t]*
        (?:
            >
          | \[ [^\[\]",\r\n]{1,100} \]
          | [0-9]{4} [-/] [0-9]{2} [-/] [0-9]{2} [T\x20] [0-9]{2}:[0-9]{2} [0-9:.,]* (?: Z | [+-][0-9]{2}:?[0-9]{2} )?
          | [0-9]{2}:[0-9]{2}:[0-9]{2} (?: [.,][0-9]+ )?
          | [\w.-]{1,100} \x20* \|
        )
        (?: [\x20\t]+ | $ ) )+"#;
    Regex::new(pattern).expect("the pattern of lines' prefixes is sound")
});

/// A zone's name with more texts behind it, in its line or in the next.
static LIKELY: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?m)"[^"\s]{1,100}-az[0-9]+(?:-[0-9]+)?"\s*,(?:\s*$|\s*"[^"\n]{0,200}"\s*,)"#;
    Regex::new(pattern).expect("the pattern of a likely array is sound")
});

/// The zone that an array begins with.
static NAMED: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"^\[\s*"([^"\s]{1,100}-az[0-9]+(?:-[0-9]+)?)""#;
    Regex::new(pattern).expect("the pattern of an array's zone is sound")
});

static CLUSTER: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?m)^\s*(?:\+\s+)?(?:export\s+)?CLUSTER=["']?([\w.-]+)"#;
    Regex::new(pattern).expect("the pattern of the job's cluster is sound")
});

static ZONE: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"^(?:registry-)?(\S+)-az[0-9]+(?:-[0-9]+)?$";
    Regex::new(pattern).expect("the pattern of a zone's name is sound")
});

/// An array is five short texts.
const ARRAY_BYTES_MAX: usize = 4096;
