//! `prober: dns`.

use super::address::{dial, source};
use super::client;
use super::complaint::nearest;
use super::desk::Desk;
use super::field::Fields;
use super::key::{DNS, RECORD_RULES};
use super::raw::Node;
use super::word;
use crate::dns::{CLASSES, Class, Name, Query, RCODES, Rcode, RecordType, Section, TYPES};
use crate::spec::{DialSpec, DnsSpec, DnsTransport, RecordRule, RecordsFailIf};

/// The section, or what holds without one: `. ANY` over UDP.
pub(super) fn read(node: Option<&Node>, desk: &mut Desk) -> DnsSpec {
    let query = Query { name: Name::root(), record_type: RecordType::ANY, class: Class::IN, recursion: true };
    let mut spec = DnsSpec {
        dial: DialSpec::default(),
        transport: DnsTransport::Udp,
        query,
        valid_rcodes: vec![Rcode::NOERROR],
        rules: Vec::new(),
    };
    let Some(node) = node else { return spec };
    let fields = Fields::of(node, &DNS, desk);
    spec.dial = dial(&fields, desk);
    spec.dial.source = source(&fields, desk);
    spec.transport = transport(&fields, desk);
    spec.query = query_of(&fields, spec.query, desk);
    let codes = fields.list("valid_rcodes", desk).iter();
    let codes: Vec<_> = codes.filter_map(|it| one_of(it, "code", RCODES, Rcode::from_name, desk)).collect();
    if !codes.is_empty() {
        spec.valid_rcodes = codes;
    }
    for (section, key) in Section::ALL.into_iter().zip(SECTION_KEYS) {
        if let Some(node) = fields.get(key) {
            add_rules(&mut spec.rules, section, &Fields::of(node, &RECORD_RULES, desk), desk);
        }
    }
    spec
}

fn query_of(fields: &Fields<'_>, default: Query, desk: &mut Desk) -> Query {
    let record_type = fields.get("query_type").filter(|it| !word::is_empty(it));
    let class = fields.get("query_class").filter(|it| !word::is_empty(it));
    let named = fields.required("query_name", desk);
    Query {
        name: named.and_then(|it| name(it, desk)).unwrap_or(default.name),
        record_type: record_type
            .and_then(|it| one_of(it, "type of records", TYPES, RecordType::from_name, desk))
            .unwrap_or(default.record_type),
        class: class
            .and_then(|it| one_of(it, "class of records", CLASSES, Class::from_name, desk))
            .unwrap_or(default.class),
        recursion: fields.flag("recursion_desired", default.recursion, desk),
    }
}

fn name(node: &Node, desk: &mut Desk) -> Option<Name> {
    let written = word::text(node, desk)?;
    if written.is_empty() {
        desk.error(&node.span, "the question is about no name", "write a name, or `.` for the root");
        return None;
    }
    match Name::parse(written) {
        Ok(name) => Some(name),
        Err(why) => {
            let help = "a name looks like `www.example.com`; a dot within a part is written `\\.`";
            desk.error(&node.span, format!("`{written}` is no name: {why}"), help);
            None
        }
    }
}

fn transport(fields: &Fields<'_>, desk: &mut Desk) -> DnsTransport {
    let tls = fields.get("tls_config").map(|it| client::tls(it, desk)).unwrap_or_default();
    let within_tls = fields.flag("dns_over_tls", false, desk);
    let node = fields.get("transport_protocol");
    let transport = match node.and_then(|it| word::text(it, desk)).unwrap_or_default() {
        "udp" | "" => DnsTransport::Udp,
        "tcp" => DnsTransport::Tcp,
        other => {
            let span = node.map_or(&fields.span, |it| &it.span);
            desk.error(span, format!("no question travels over `{other}`"), "write `udp` or `tcp`");
            return DnsTransport::Udp;
        }
    };
    match (within_tls, transport) {
        (false, transport) => transport,
        (true, DnsTransport::Tcp | DnsTransport::Tls(_)) => DnsTransport::Tls(tls),
        (true, DnsTransport::Udp) => {
            let span = fields.key_span("dns_over_tls").unwrap_or(&fields.span);
            desk.error(span, "a question within TLS wants a connection", "add `transport_protocol: tcp`");
            DnsTransport::Tls(tls)
        }
    }
}

fn add_rules(rules: &mut Vec<RecordRule>, section: Section, fields: &Fields<'_>, desk: &mut Desk) {
    for fail_if in RecordsFailIf::ALL {
        for node in fields.list(fail_if.key(), desk) {
            rules.extend(word::regex(node, desk).map(|regex| RecordRule { section, regex, fail_if }));
        }
    }
    let key = RecordsFailIf::AllMatch.key();
    if let Some(span) = fields.key_span(key).filter(|_| fields.get(key).is_some()) {
        let title = format!("`{key}` fails where a record does not match, and passes where all do");
        let help = "the exporter does so too; `fail_if_not_matches_regexp` says it by its name";
        desk.warning(span, title, help);
    }
}

/// A word of a table, in the case in which it stands there.
fn one_of<T>(
    node: &Node,
    what: &str,
    table: &[(u16, &'static str)],
    find: fn(&str) -> Option<T>,
    desk: &mut Desk,
) -> Option<T> {
    let written = word::text(node, desk)?;
    let found = find(written);
    if found.is_none() {
        let names = table.iter().map(|(_, name)| *name);
        let upper = written.to_ascii_uppercase();
        let near = names.clone().find(|it| *it == upper).or_else(|| nearest(&upper, names));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("write a {what} as its registry has it, such as `{}`", table[0].1),
        };
        desk.error(&node.span, format!("`{written}` is no {what}"), help);
    }
    found
}

const SECTION_KEYS: [&str; 3] = ["validate_answer_rrs", "validate_authority_rrs", "validate_additional_rrs"];
