//! What whoever comes from `blackbox_exporter` brings along: a file of modules, and the module that is
//! asked for where `/probe` names none.

use std::sync::Arc;

use super::desk::Desk;
use super::raw::{self, Value};
use super::{LastGood, Source, load};
use crate::spec::Module;

/// Whether the file holds `modules:` and nothing else: a module file of the exporter, no settings.
pub fn is_module_file(source: &Source) -> bool {
    let Ok(text) = &source.text else { return false };
    let root = raw::read(&mut Desk::new(Arc::clone(&source.name), Arc::clone(text)));
    root.is_some_and(|root| match &root.value {
        Value::Map(entries) => entries.len() == 1 && &*entries[0].key == "modules",
        Value::Null | Value::Scalar(_) | Value::List(_) => false,
    })
}

/// What [`DEFAULT_MODULE`] is where no drop-in says it: a GET that wants a 2xx. It is always there; a test holds
/// that what is built in is good.
pub fn default_module() -> Option<Arc<Module>> {
    let source = Source { name: "built in".into(), text: Ok(DEFAULT_FILE.into()) };
    let mut modules = load(&[source], &LastGood::default()).config.modules;
    modules.remove(DEFAULT_MODULE)
}

/// The module that is asked for where `/probe` names none.
pub const DEFAULT_MODULE: &str = "http_2xx";
const DEFAULT_FILE: &str = "modules: { http_2xx: { prober: http } }";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_modules_alone_is_told_from_settings() {
        let is = |text: &str| is_module_file(&Source { name: "f".into(), text: Ok(text.into()) });
        assert!(is("modules:\n  a:\n    prober: http\n"));
        assert!(is("modules:\n  a: { prober: nonsense }\n"), "what is wrong with it is told elsewhere");
        for other in
            ["resend_interval: 1m\n", "modules: {}\nprobes: []\n", "modules", "", "- modules: x", "a: [\n"]
        {
            assert!(!is(other), "{other}");
        }
    }

    #[test]
    fn the_module_that_is_built_in_asks_over_http() {
        assert_eq!(default_module().unwrap().prober.name(), "http");
    }

    #[test]
    fn a_module_without_a_timeout_is_known() {
        let text = "modules:\n  a: { prober: tcp }\n  b: { prober: tcp, timeout: 5s }\n  c: { prober: tcp, timeout: 0s }\n";
        let source = Source { name: "f".into(), text: Ok(text.into()) };
        let untimed = load(&[source], &LastGood::default()).config.untimed;
        assert_eq!(untimed.iter().map(|it| &**it).collect::<Vec<_>>(), ["a", "c"]);
    }
}
