//! The words of the command line before they are looked at: `--no-…` takes a flag back, as the
//! exporters have it.

use std::ffi::OsString;

/// Flags that need no word behind them.
const SWITCHES: [&str; 4] =
    ["--web.enable-lifecycle", "--web.systemd-socket", "--config.check", "--config.enable-auto-reload"];

/// The words without those that another takes back; of the same flag the last word counts.
pub(super) fn settled(words: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut settled: Vec<OsString> = Vec::new();
    for word in words {
        let text = word.to_str().unwrap_or_default();
        let taken_back = text.strip_prefix("--no-").map(|it| format!("--{it}"));
        let switch = taken_back.as_deref().unwrap_or(text);
        if SWITCHES.contains(&switch) {
            settled.retain(|it| it != switch);
            if taken_back.is_some() {
                continue;
            }
        }
        settled.push(word);
    }
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_switch_and_its_taking_back_the_last_counts() {
        let of = |words: &str| -> Vec<String> {
            let words = words.split(' ').map(OsString::from);
            settled(words).iter().map(|it| it.to_string_lossy().into_owned()).collect()
        };
        for (given, left) in [
            ("f --config.check --no-config.check", "f"),
            ("f --no-config.check --config.check", "f --config.check"),
            ("f --web.enable-lifecycle --web.enable-lifecycle run", "f --web.enable-lifecycle run"),
            ("f --no-web.systemd-socket run", "f run"),
            ("f --no-such --log.level=info", "f --no-such --log.level=info"),
        ] {
            assert_eq!(of(given).join(" "), left, "{given}");
        }
    }
}
