//! The keys of `--web.config.file`, as the exporters' toolkit has them.

use super::{Section, key, later, unread};

/// The file.
pub const WEB: Section = Section {
    title: "a web configuration",
    keys: &[
        key("tls_server_config", "a map", "none", "answers over TLS, and whom it is shown to"),
        key("http_server_config", "a map", "none", "how HTTP is spoken"),
        key("basic_auth_users", "a map of bcrypt hashes", "none", "who may ask, by name"),
        key("rate_limit", "a map", "none", "how many requests are answered"),
    ],
};

const BY_THE_LIBRARY: &str = "take it away: the library has none that is known to be weak";

/// `tls_server_config:`.
pub const WEB_TLS: Section = Section {
    title: "a `tls_server_config` section",
    keys: &[
        key("cert", "PEM", "none", "our certificate"),
        key("cert_file", "a path", "none", "a file with our certificate, relative to this one"),
        key("key", "PEM", "none", "its key"),
        key("key_file", "a path", "none", "a file with its key"),
        key("client_auth_type", "a word", "NoClientCert", "whether clients must show a certificate"),
        key("client_ca", "PEM", "none", "roots of clients' certificates"),
        key("client_ca_file", "a path", "none", "a file of such roots"),
        key("client_allowed_sans", "a list of names", "any", "of which a client's certificate must bear one"),
        key("min_version", "TLS12 or TLS13", "TLS12", "the lowest version that is spoken"),
        key("max_version", "TLS12 or TLS13", "TLS13", "the highest"),
        unread("prefer_server_cipher_suites", "whose order of suites counts: it is ours, and all are strong"),
        later("cipher_suites", "the suites of TLS 1.2", BY_THE_LIBRARY),
        later("curve_preferences", "groups for the exchange of keys", BY_THE_LIBRARY),
        later("client_ca_ref", "roots", "there is no secret manager here: name a `client_ca_file`"),
        later("cert_ref", "our certificate", "there is no secret manager here: name a `cert_file`"),
        later("key_ref", "its key", "there is no secret manager here: name a `key_file`"),
    ],
};

/// `http_server_config:`.
pub const WEB_HTTP: Section = Section {
    title: "an `http_server_config` section",
    keys: &[
        key("http2", "true or false", "true", "whether HTTP/2 is spoken over TLS"),
        key("headers", "a map of texts", "none", "security headers of every answer"),
    ],
};

/// `rate_limit:`.
pub const WEB_RATE: Section = Section {
    title: "a `rate_limit` section",
    keys: &[
        key("interval", "a duration", "none", "the time in which one more request is answered"),
        key("burst", "a number", "1", "how many are answered at once"),
    ],
};
