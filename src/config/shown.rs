//! Files as they may be shown to anybody: as YAML, with every secret hidden. Which values are secret is
//! told by their keys, so a file need not be good to be shown; what is no YAML is not shown at all.

use std::sync::Arc;

use url::Url;

use super::desk::Desk;
use super::key;
use super::raw::{self, Entry, Node, Value};
use super::veil::without_credentials;

/// The file as YAML, its secrets hidden, its aliases written out; with a comment that names it.
pub fn shown(name: &str, text: &str) -> String {
    let mut out = format!("# {}\n", name.escape_debug());
    match parsed(text) {
        Some(root) => Sheet { out: &mut out }.node(&root, 0, Sight::Open, ""),
        None => out.push_str("# this is not YAML\n"),
    }
    out
}

/// The modules of a file by their names, each as YAML, their secrets hidden.
pub fn modules_shown(text: &str) -> Vec<(Arc<str>, String)> {
    let root = parsed(text);
    let modules = root.as_deref().and_then(|it| child(it, "modules")).map(|it| &it.value);
    let Some(Value::Map(entries)) = modules else { return Vec::new() };
    let told = |it: &Entry| {
        let mut out = String::new();
        Sheet { out: &mut out }.node(&it.node, 0, Sight::Open, "");
        (Arc::clone(&it.key), out)
    };
    entries.iter().map(told).collect()
}

pub(super) fn parsed(text: &str) -> Option<Arc<Node>> {
    raw::read(&mut Desk::new("".into(), text.into()))
}

fn child<'a>(node: &'a Node, key: &str) -> Option<&'a Node> {
    match &node.value {
        Value::Map(entries) => entries.iter().find(|it| &*it.key == key).map(|it| &*it.node),
        Value::Null | Value::Scalar(_) | Value::List(_) => None,
    }
}

/// What may be seen below a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// All of it, but for what its own keys call secret.
    Open,
    /// The names, and the values of those that do not sound like a secret: headers and parameters.
    Named,
    /// The names alone.
    Names,
    /// Nothing.
    Hidden,
}

impl Sight {
    /// What may be seen of `key`, which stands below `parent`.
    pub(super) fn of(self, key: &str, parent: &str) -> Self {
        match self {
            Self::Hidden | Self::Names => Self::Hidden,
            Self::Named if sounds_secret(key) => Self::Hidden,
            Self::Named | Self::Open if SECRETS.contains(&key) => Self::Hidden,
            Self::Named | Self::Open if is_misspelt(key) => Self::Hidden,
            Self::Open if key == "key" && parent.starts_with("tls") => Self::Hidden,
            Self::Open if NAMES.contains(&key) => Self::Names,
            Self::Open if NAMED.contains(&key) => Self::Named,
            Self::Named => Self::Named,
            Self::Open => Self::Open,
        }
    }
}

struct Sheet<'a> {
    out: &'a mut String,
}

impl Sheet<'_> {
    /// Writes the node; the cursor stands at the beginning of a line.
    fn node(&mut self, node: &Node, indent: usize, sight: Sight, key: &str) {
        match &node.value {
            Value::Map(entries) if !entries.is_empty() => {
                for entry in entries {
                    self.margin(indent);
                    self.out.push_str(&scalar(&entry.key, false));
                    self.out.push(':');
                    self.below(&entry.node, indent + 1, sight.of(&entry.key, key), &entry.key);
                }
            }
            Value::List(items) if !items.is_empty() => {
                for item in items {
                    self.margin(indent);
                    self.out.push('-');
                    self.below(item, indent + 1, sight, key);
                }
            }
            Value::Map(_) => self.line(indent, "{}"),
            Value::List(_) => self.line(indent, "[]"),
            Value::Null => self.line(indent, "null"),
            Value::Scalar(it) => self.line(indent, &told(&it.text, it.plain, sight)),
        }
    }

    /// Writes what stands behind `:` or `-`.
    fn below(&mut self, node: &Node, indent: usize, sight: Sight, key: &str) {
        let is_inline = match &node.value {
            Value::Map(entries) => entries.is_empty(),
            Value::List(items) => items.is_empty(),
            Value::Null | Value::Scalar(_) => true,
        };
        if is_inline {
            self.out.push(' ');
            self.node(node, 0, sight, key);
        } else {
            self.out.push('\n');
            self.node(node, indent, sight, key);
        }
    }

    fn margin(&mut self, indent: usize) {
        self.out.extend(std::iter::repeat_n("  ", indent));
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.margin(indent);
        self.out.push_str(text);
        self.out.push('\n');
    }
}

fn told(text: &str, plain: bool, sight: Sight) -> String {
    match sight {
        Sight::Hidden | Sight::Names if !text.is_empty() => HIDDEN.to_owned(),
        Sight::Hidden | Sight::Names | Sight::Open | Sight::Named => match without_secrets(text) {
            Some(url) => scalar(&url, false),
            None => scalar(&without_credentials(text), plain),
        },
    }
}

/// A URL whose password, or whose parameters that sound like a secret, are hidden; none where there is
/// nothing to hide.
pub fn without_secrets(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok().filter(Url::has_host)?;
    let mut hides = false;
    if url.password().is_some() {
        hides = url.set_password(Some("xxxxx")).is_ok();
    }
    if url.query_pairs().any(|(name, _)| sounds_secret(&name)) {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if sounds_secret(&name) { "xxxxx".into() } else { value };
                (name.into_owned(), value.into_owned())
            })
            .collect();
        url.query_pairs_mut().clear().extend_pairs(pairs);
        hides = true;
    }
    hides.then(|| url.to_string())
}

/// Whether a name is that of a secret.
pub(super) fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    SUSPECT_WORDS.iter().any(|word| name.contains(word))
}

/// Whether a key that is none of ours was likely meant to be one that holds a secret.
fn is_misspelt(key: &str) -> bool {
    let is_known = || key::SECTIONS.iter().any(|it| it.key(key).is_some());
    SECRETS.iter().any(|it| strsim::normalized_damerau_levenshtein(it, key) >= LIKENESS_MIN) && !is_known()
}

/// Without quotes where it was written so and is a plain word, else between double quotes.
fn scalar(text: &str, plain: bool) -> String {
    let is_word = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '/' | '-' | '+');
    let starts_well = text.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '/');
    let is_key = text.starts_with(|it: char| it.is_ascii_alphabetic()) && !WORDS_OF_YAML.contains(&text);
    if starts_well && text.chars().all(is_word) && (plain || is_key) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string()
}

const HIDDEN: &str = "<secret>";

/// From here on a key is taken for another that is misspelt.
const LIKENESS_MIN: f64 = 0.7;

/// Keys below which names are free, and all values are secrets.
const NAMES: [&str; 3] = ["proxy_connect_header", "endpoint_params", "claims"];

/// Keys whose values are secrets wherever they stand.
const SECRETS: [&str; 8] = [
    "password",
    "credentials",
    "bearer_token",
    "client_secret",
    "client_certificate_key",
    "secrets",
    "token",
    "basic_auth_users",
];

/// Keys below which names are free, and tell which values are secrets.
const NAMED: [&str; 4] = ["headers", "http_headers", "metadata", "params"];

/// Parts of the names of headers and parameters that carry credentials, in lower case.
const SUSPECT_WORDS: [&str; 10] =
    ["auth", "cookie", "credential", "key", "pass", "secret", "session", "signature", "token", "jwt"];

/// Words that mean something else without quotes.
const WORDS_OF_YAML: [&str; 11] =
    ["null", "Null", "NULL", "true", "false", "True", "False", "yes", "no", "on", "off"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_secret_is_shown_and_everything_else_is() {
        let text = r#"
modules:
  a:
    prober: http
    timeout: 5s
    http:
      headers: { Authorization: "Bearer S1", Cookie: [S2], X-Api-Key: S3, Accept: "*/*", Host: h.example }
      http_headers: { X-Plain: { values: [seen], secrets: [S4], files: [/run/f] }, X-Auth: { values: [S5] } }
      basic_auth: { username: u, password: S6, password_file: /run/p }
      authorization: { type: Bearer, credentials: S7 }
      oauth2: { client_id: c, client_secret: S8, token_url: "https://u:S9@h/t", endpoint_params: { client_assertion_token: S10 } }
      bearer_token: S11
      proxy_url: http://user:S12@proxy:3128
      proxy_connect_header: { X-Any: [S13] }
      tls_config: { ca_file: /run/ca, key: "-----BEGIN S14", cert: C }
  g:
    prober: grpc
    grpc: { metadata: { authorization: [S15], x-plain: [also seen] } }
probes:
  - name: p
    targets: { static_configs: [ { targets: ["https://h/x?a=1&token=S16", "http://me:S17@h/"] } ] }
"#;
        let page = shown("probes.d/a.yaml", text);
        for number in 1..=17 {
            let secret = format!("S{number}");
            let leaks = page.split(|it: char| !it.is_ascii_alphanumeric()).any(|word| word == secret);
            assert!(!leaks, "{secret}\n{page}");
        }
        for seen in [
            "*/*",
            "h.example",
            "seen",
            "/run/f",
            "/run/p",
            "also seen",
            "client_id: c",
            "a=1",
            "timeout: 5s",
        ] {
            assert!(page.contains(seen), "{seen}\n{page}");
        }
        assert!(
            page.contains("http://user:xxxxx@proxy:3128") && page.contains("password: <secret>"),
            "{page}"
        );
        assert!(parsed(&page).is_some(), "{page}");
    }

    #[test]
    fn what_is_shown_says_the_same_as_the_file() {
        let text = "a: &x [1, '1', \"tab\\t\", 'true', yes, 'null', ~, {}, []]\nb: *x\n'null': |\n  two\n  lines\n'5': '- x: #'\n";
        let once = shown("f", text);
        assert_eq!(shown("f", &once), once);
        for part in [
            "  - 1\n  - \"1\"\n",
            "- \"tab\\t\"\n  - \"true\"\n",
            "- null\n  - {}\n  - []\n",
            "\"null\": \"two\\nlines\\n\"",
            "\"5\": \"- x: #\"",
        ] {
            assert!(once.contains(part), "{part}\n{once}");
        }
    }

    #[test]
    fn a_module_is_shown_by_its_name() {
        let text = "modules: { a: { prober: tcp }, b: { prober: http, http: { bearer_token: S1 } } }";
        let shown_modules = modules_shown(text);
        let told: Vec<_> = shown_modules.iter().map(|(name, text)| (&**name, &**text)).collect();
        assert_eq!(told, [("a", "prober: tcp\n"), ("b", "prober: http\nhttp:\n  bearer_token: <secret>\n")]);
        assert_eq!(shown("f", "a: ["), "# f\n# this is not YAML\n");
    }
}
