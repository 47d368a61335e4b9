//! `probes`: what is asked, and how often.

use std::sync::Arc;
use std::time::Duration;

use super::desk::Desk;
use super::field::Fields;
use super::key::{FILE_SD, PROBE, STATIC_CONFIG, TARGETS};
use super::raw::Node;
use super::rewrite;
use super::word::{self, Bounds, DAY, Word};
use super::{Discovery, TargetGroup};
use crate::labels::Labels;

/// A probe whose module is not looked up yet.
#[derive(Clone, Debug)]
pub(super) struct ProbeDraft {
    pub(super) name: Word,
    pub(super) module: Word,
    pub(super) interval: Duration,
    /// Where the interval stands, or the name where it is not said.
    pub(super) interval_span: std::ops::Range<usize>,
    /// Where it says something of targets.
    pub(super) own_targets: Option<std::ops::Range<usize>>,
    /// Where it should say who is asked, and does not.
    pub(super) asks_nobody: Option<std::ops::Range<usize>>,
    pub(super) discovery: Discovery,
    /// Whether its targets are known to be well and stand near the prober's door.
    pub(super) control: bool,
}

/// None where it has no name or no module; why is on the desk.
pub(super) fn read(node: &Node, desk: &mut Desk) -> Option<ProbeDraft> {
    let fields = Fields::of(node, &PROBE, desk);
    let name = fields.required_word("name", desk);
    let module = fields.required_word("module", desk);
    let interval = fields.duration("interval", &INTERVAL_BOUNDS, desk).unwrap_or(INTERVAL);
    let own_targets = ["targets", "relabel_configs"].into_iter().find_map(|it| fields.key_span(it)).cloned();
    let mut discovery = Discovery {
        probe: name.as_ref().map_or_else(|| Arc::from(""), |it| Arc::clone(&it.text)),
        static_configs: Vec::new(),
        file_sd_patterns: Vec::new(),
        relabel: rewrite::read(&fields, "relabel_configs", desk),
    };
    if let Some(targets) = fields.get("targets") {
        read_targets(targets, &mut discovery, desk);
    }
    let asks_nobody = fields.get("targets").is_none();
    let asks_nobody = asks_nobody.then(|| fields.key_span("targets").unwrap_or(&fields.span).clone());
    let control = fields.flag("control", false, desk);
    let name = name?;
    let interval_span = fields.get("interval").map_or(&name.span, |it| &it.span).clone();
    Some(ProbeDraft {
        name,
        module: module?,
        interval,
        interval_span,
        own_targets,
        asks_nobody,
        discovery,
        control,
    })
}

fn read_targets(node: &Node, discovery: &mut Discovery, desk: &mut Desk) {
    let fields = Fields::of(node, &TARGETS, desk);
    let groups = fields.list("static_configs", desk).iter();
    discovery.static_configs = groups.map(|it| group(it, desk)).collect();
    for node in fields.list("file_sd_configs", desk) {
        let entry = Fields::of(node, &FILE_SD, desk);
        entry.duration("refresh_interval", &REFRESH_BOUNDS, desk);
        let Some(files) = entry.required("files", desk) else { continue };
        let patterns = word::list(files, desk).iter();
        discovery.file_sd_patterns.extend(patterns.filter_map(|it| pattern(it, desk)));
    }
}

/// A group as Prometheus has it. Its addresses are looked at when they have been relabelled.
pub(super) fn group(node: &Node, desk: &mut Desk) -> TargetGroup {
    let fields = Fields::of(node, &STATIC_CONFIG, desk);
    let (mut targets, mut places) = (Vec::new(), Vec::new());
    for node in fields.required("targets", desk).map_or(&[][..], |it| word::list(it, desk)) {
        let Some(address) = word::text(node, desk) else { continue };
        places.push(desk.place(&desk.inside(node, &(0..address.len()))));
        targets.push(address.to_owned());
    }
    TargetGroup { targets, places, labels: labels(&fields, "labels", desk) }
}

/// Plain labels: names with their values.
pub(super) fn labels(fields: &Fields<'_>, key: &str, desk: &mut Desk) -> Labels {
    let mut pairs = Vec::new();
    for entry in fields.map(key, desk) {
        let sound = word::check_label_name(&entry.key, &entry.key_span, desk);
        let value = if entry.node.is_null() { Some("") } else { word::text(&entry.node, desk) };
        pairs.extend(value.filter(|_| sound).map(|value| (&*entry.key, value)));
    }
    pairs.into_iter().collect()
}

fn pattern(node: &Node, desk: &mut Desk) -> Option<String> {
    let written = word::text(node, desk)?;
    if let Err(error) = glob::Pattern::new(written) {
        let at = error.pos.min(written.len());
        let span = desk.inside(node, &(at..written.len()));
        let title = format!("the pattern cannot be read: {}", error.msg.to_lowercase());
        desk.error(&span, title, "`*` stands for any part of a name, `[ab]` for one of its signs");
        return None;
    }
    let ending = written.rsplit('.').next().unwrap_or_default();
    if !ENDINGS.iter().any(|it| it.eq_ignore_ascii_case(ending)) {
        let help = "name files that end in `.yaml`, `.yml` or `.json`";
        desk.error(&node.span, format!("`{written}` names files of an unknown format"), help);
        return None;
    }
    desk.needs_pattern(&node.span, written);
    Some(written.to_owned())
}

/// What holds where a probe says nothing.
const INTERVAL: Duration = Duration::from_secs(30);
const INTERVAL_BOUNDS: Bounds = Bounds::new(Duration::from_millis(100), DAY);
const REFRESH_BOUNDS: Bounds = Bounds::new(Duration::from_secs(1), DAY);
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
