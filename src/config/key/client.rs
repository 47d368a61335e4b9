//! The keys of whoever calls a server: Prometheus's http client's, and the settings that name servers.

use super::{Key, Section, key, later, unbuilt};

/// `basic_auth:`.
pub const BASIC_AUTH: Section = Section {
    title: "a `basic_auth` section",
    keys: &[
        key("username", "a text", "", "the user's name"),
        key("password", "a text", "none", "the password"),
        key("password_file", "a path", "none", "a file that holds the password"),
        key("username_file", "a path", "none", "a file that holds the user's name"),
        later("username_ref", "the user's name", "there is no secret manager here: write `username`"),
        later("password_ref", "the password", "there is no secret manager here: name a `password_file`"),
    ],
};

/// `authorization:`.
pub const AUTHORIZATION: Section = Section {
    title: "an `authorization` section",
    keys: &[
        key("type", "a text", "Bearer", "the word before the credentials"),
        key("credentials", "a text", "", "the credentials"),
        key("credentials_file", "a path", "", "a file that holds them"),
        later("credentials_ref", "credentials", "there is no secret manager here: name a `credentials_file`"),
    ],
};

/// `oauth2:`.
pub const OAUTH2_GRANT: Section = Section {
    title: "an `oauth2` section",
    keys: &[
        key("client_id", "a text", "", "who we are to the token server"),
        key("client_secret", "a text", "none", "the proof of it"),
        key("client_secret_file", "a path", "none", "a file that holds the proof, read at each use"),
        key("token_url", "a URL", "", "where tokens are given out"),
        key("scopes", "a list of texts", "none", "what the token is wanted for"),
        key("endpoint_params", "a map of texts", "none", "sent to the token server besides"),
        key("grant_type", "client_credentials", "client_credentials", "in whose name a token is asked for"),
        TLS_KEY,
        PROXY,
        PROXY_NOT,
        PROXY_ENV,
        PROXY_HEADER,
        unbuilt("client_certificate_key", "a key that signs", SIGNED),
        unbuilt("client_certificate_key_file", "a file with a key that signs", SIGNED),
        unbuilt("client_certificate_key_id", "the name of a key that signs", SIGNED),
        unbuilt("signature_algorithm", "how it signs", SIGNED),
        unbuilt("iss", "what it signs", SIGNED),
        unbuilt("audience", "what it signs", SIGNED),
        unbuilt("claims", "what it signs", SIGNED),
        later(
            "client_secret_ref",
            "the proof",
            "there is no secret manager here: name a `client_secret_file`",
        ),
        later(
            "client_certificate_key_ref",
            "a key that signs",
            "there is no secret manager here: name a `client_secret_file`",
        ),
    ],
};

const SIGNED: &str = "only the grant `client_credentials` with a `client_secret` is built";

/// `tls_config:`.
pub const TLS: Section = Section {
    title: "a `tls_config` section",
    keys: &[
        key("ca", "PEM", "the system's", "roots that are trusted"),
        key("ca_file", "a path", "the system's", "a file of roots that are trusted"),
        key("cert", "PEM", "none", "our certificate"),
        key("cert_file", "a path", "none", "a file with our certificate"),
        key("key", "PEM", "none", "its key"),
        key("key_file", "a path", "none", "a file with its key"),
        key("server_name", "a host", "the target's", "the name that the certificate must bear"),
        key("insecure_skip_verify", "true or false", "false", "whether any certificate will do"),
        key("min_version", "TLS12 or TLS13", "TLS12", "the lowest version that is offered"),
        key("max_version", "TLS12 or TLS13", "TLS13", "the highest"),
        later("ca_ref", "roots", "there is no secret manager here: name a `ca_file`"),
        later("cert_ref", "our certificate", "there is no secret manager here: name a `cert_file`"),
        later("key_ref", "its key", "there is no secret manager here: name a `key_file`"),
    ],
};

/// `http_headers.<name>`.
pub const EXTRA_HEADER: Section = Section {
    title: "an entry of `http_headers`",
    keys: &[
        key("values", "a list of texts", "none", "values, all of them sent"),
        key("secrets", "a list of texts", "none", "values that nobody is shown"),
        key("files", "a list of paths", "none", "files that hold a value each, read at each use"),
    ],
};

/// `fingerpost.yaml`.
pub const SETTINGS: Section = Section {
    title: "the settings",
    keys: &[
        key("alertmanagers", "a list of servers", "none", "whom alerts are sent to"),
        key("prometheus", "a server", "none", "whom queries are asked of"),
        key("external_labels", "a map of texts", "none", "laid on every alert that lacks them"),
        key("generator_url", "a URL", "none", "what an alert's source links to"),
        key("resend_interval", "a duration", "1m", "how often a firing alert is sent again"),
        key("runbook", "a map", "", "where the pages are"),
        later(
            "webhooks",
            "whom else alerts are sent to",
            "webhooks are not built yet: Alertmanager can call them",
        ),
        later("storage", "where the state is kept", "the flag `--storage.path` says where"),
        later(
            "limits",
            "bounds of all kinds",
            "limits cannot be set yet: a module's own stand in its section",
        ),
    ],
};

/// `prometheus:`, an entry of `alertmanagers`.
pub const ENDPOINT: Section = Section {
    title: "a server",
    keys: &[
        key("url", "a URL", "", "where it is, without /api"),
        key("static_configs", "a list of groups", "", "addresses, as Prometheus has them"),
        key("scheme", "http or https", "http", "goes before those addresses"),
        key("path_prefix", "a path", "/", "goes behind them"),
        key("timeout", "a duration", "10s", "how long a call may take"),
        key("api_version", "v2", "v2", "of Alertmanager"),
        FOLLOW,
        BASIC,
        AUTHORIZATION_KEY,
        BEARER,
        BEARER_FILE,
        OAUTH2,
        TLS_KEY,
        HTTP2,
        PROXY,
        PROXY_NOT,
        PROXY_ENV,
        PROXY_HEADER,
        EXTRA,
        later("file_sd_configs", "addresses in files", "name the servers here: by `url`, one entry each"),
        later("kubernetes_sd_configs", "addresses from Kubernetes", "name a service's URL by `url`"),
        later("dns_sd_configs", "addresses from DNS", "name the servers here: by `url`, one entry each"),
        later("relabel_configs", "rules", "name the servers here: by `url`, one entry each"),
        later("alert_relabel_configs", "rules", "an alert's own `labels` say what it bears"),
    ],
};

/// `runbook:` of the settings.
pub const RUNBOOK: Section = Section {
    title: "a `runbook` section",
    keys: &[
        key("dir", "a path", "none", "a folder of pages"),
        key("base_url", "a URL", "the operators' site", "where the pages are read"),
    ],
};

pub(super) const PREFERRED: Key =
    key("preferred_ip_protocol", "ip4 or ip6", "ip6", "the family that is taken first");
pub(super) const FALLBACK: Key =
    key("ip_protocol_fallback", "true or false", "true", "whether the other family will do");
pub(super) const BASIC: Key = key("basic_auth", "a map", "none", "credentials by name and password");
pub(super) const AUTHORIZATION_KEY: Key = key("authorization", "a map", "none", "credentials by a token");
pub(super) const BEARER: Key = key("bearer_token", "a text", "none", "old form of `authorization`");
pub(super) const BEARER_FILE: Key = key("bearer_token_file", "a path", "none", "old form of `authorization`");
pub(super) const OAUTH2: Key = key("oauth2", "a map", "none", "credentials by a token server");
pub(super) const TLS_KEY: Key = key("tls_config", "a map", "", "which certificates are taken and shown");
pub(super) const FOLLOW: Key = key("follow_redirects", "true or false", "true", "whether a 3xx leads on");
pub(super) const HTTP2: Key = key("enable_http2", "true or false", "true", "whether HTTP/2 is offered");
pub(super) const PROXY: Key = key("proxy_url", "a URL", "none", "the proxy that requests go through");
pub(super) const PROXY_NOT: Key =
    key("no_proxy", "a text", "none", "hosts, domains and ranges that are asked without it, between commas");
pub(super) const PROXY_ENV: Key =
    key("proxy_from_environment", "true or false", "false", "HTTP_PROXY, HTTPS_PROXY and NO_PROXY count");
pub(super) const PROXY_HEADER: Key =
    key("proxy_connect_header", "a map of lists", "none", "sent to the proxy with a CONNECT");
pub(super) const EXTRA: Key =
    key("http_headers", "a map of headers", "none", "headers with several values or secrets");
