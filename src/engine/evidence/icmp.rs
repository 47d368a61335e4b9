//! What was heard of an echo request that is not its reply.

use crate::cause::Judged;

/// Nothing of other probers.
pub(super) fn answer(judged: &Judged) -> Vec<String> {
    let Some(facts) = &judged.outcome.icmp else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some((from, refusal)) = facts.notice {
        lines.push(match refusal {
            Some(refusal) => format!("{from} says: {refusal}"),
            None => format!("{from} says: the packet's hops are used up"),
        });
    }
    if facts.too_large {
        lines.push("the first link of the way carries no packet as large as this one".to_owned());
    }
    if facts.strangers > 0 {
        lines.push(format!("{} packets that are no reply to ours were not believed", facts.strangers));
    }
    lines
}
