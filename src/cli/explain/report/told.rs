//! A report as a person reads it.

use std::fmt;

use super::{Escalation, Failure, Named, Region, Report, Way, Zone};
use crate::text::TEXT_BYTES_MAX;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.way.points() {
            write!(f, "{}", self.way)?;
        } else if !self.points() {
            writeln!(f, "no rule of the drop-ins knows this text")?;
        }
        if !self.named.is_empty() {
            write!(f, "\n{}", self.named)?;
        } else if !self.in_order.is_empty() {
            writeln!(f)?;
            for (name, value) in &self.in_order {
                writeln!(f, "{name}: {value}")?;
            }
        }
        if self.operations_total > 1 {
            self.tell_operations(f)?;
        }
        for region in &self.regions {
            write!(f, "\n{region}")?;
        }
        for flaw in &self.flaws {
            writeln!(f, "\n{flaw}")?;
        }
        if self.cut {
            writeln!(f, "\nthe text is longer: only its first {} MiB were read", TEXT_BYTES_MAX >> 20)?;
        }
        Ok(())
    }
}

impl Report {
    fn tell_operations(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{} failed operations", self.operations_total)?;
        let told = self.operations.iter().take(OPERATIONS_TOLD_MAX);
        for Failure { named, escalate } in told {
            writeln!(f, "- {}", on_one_line(&named.labels))?;
            if !named.annotations.is_empty() {
                writeln!(f, "  {}", on_one_line(&named.annotations))?;
            }
            if let Some(escalate) = escalate.as_ref().filter(|it| Some(*it) != self.way.escalate.as_ref()) {
                let whom = escalate.call.as_ref().unwrap_or(&escalate.title);
                writeln!(f, "  if that does not help: {whom}")?;
            }
        }
        match self.operations_total.saturating_sub(OPERATIONS_TOLD_MAX) {
            0 => Ok(()),
            more => writeln!(f, "and {more} more"),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for before in &self.before {
            writeln!(f, "first: {before}")?;
        }
        for line in self.title.iter().chain(&self.runbook_url) {
            writeln!(f, "{line}")?;
        }
        for also in &self.also {
            writeln!(f, "also: {also}")?;
        }
        if let Some(note) = &self.note {
            writeln!(f, "note: {note}")?;
        }
        if let Some(call) = &self.call {
            writeln!(f, "call: {call}")?;
        }
        self.escalate.as_ref().map_or(Ok(()), |it| write!(f, "{it}"))
    }
}

impl fmt::Display for Escalation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "if that does not help: {}\n{}", self.title, self.runbook_url)?;
        self.call.as_ref().map_or(Ok(()), |it| writeln!(f, "call: {it}"))
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, pairs) in [("labels", &self.labels), ("annotations", &self.annotations)] {
            if !pairs.is_empty() {
                writeln!(f, "{title}")?;
            }
            for (name, value) in pairs {
                writeln!(f, "  {name}: {value}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)?;
        write!(f, "{}", self.way)?;
        let width =
            |of: fn(&Zone) -> &str| self.zones.iter().map(|it| of(it).chars().count()).max().unwrap_or(0);
        let (zone, id) = (width(|it| &it.name), width(|it| &it.magic_box));
        let (upstream, front) = (width(|it| &it.upstream), width(|it| &it.front));
        for it in &self.zones {
            writeln!(
                f,
                "{:zone$}  {:>4}  {:id$}  front {:front$}  upstream {:upstream$}  {}",
                it.name, it.state, it.magic_box, it.front, it.upstream, it.readiness
            )?;
        }
        Ok(())
    }
}

fn on_one_line<N: fmt::Display>(pairs: &[(N, String)]) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("  ")
}

/// How many failed operations a person is told; a program gets more of them.
const OPERATIONS_TOLD_MAX: usize = 50;
