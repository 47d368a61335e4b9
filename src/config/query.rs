//! The `query` section of a module.

use super::desk::Desk;
use super::field::Fields;
use super::key::QUERY;
use super::word;
use crate::spec::{OnEmpty, QuerySpec};

/// What is asked of Prometheus; `module` are the fields of the module.
pub(super) fn read(module: &Fields<'_>, desk: &mut Desk) -> QuerySpec {
    let mut spec = QuerySpec { promql: "".into(), by: None, on_empty: OnEmpty::default() };
    let Some(node) = module.required("query", desk) else { return spec };
    let fields = Fields::of(node, &QUERY, desk);
    if let Some(node) = fields.required("promql", desk) {
        spec.promql = word::text(node, desk).unwrap_or_default().trim().into();
        if spec.promql.is_empty() && !desk.has_errors() {
            desk.error(&node.span, "there is no question", "write PromQL, as `up == 0`");
        }
    }
    spec.by = fields.get("by").is_some().then(|| fields.labels("by", desk));
    if let Some(node) = fields.get("on_empty") {
        match word::text(node, desk).unwrap_or_default() {
            "healthy" | "" => spec.on_empty = OnEmpty::Healthy,
            "failing" => spec.on_empty = OnEmpty::Failing,
            "unknown" => spec.on_empty = OnEmpty::Unknown,
            other => {
                let help = "write `healthy`, `failing` or `unknown`";
                desk.error(&node.span, format!("`{other}` is nothing that an empty answer says"), help);
            }
        }
    }
    spec
}
