//! The flags of our server, by the exporters' names.

use std::path::PathBuf;

use clap::Args;
use url::Url;

use crate::app::Port;
use crate::serve::Prefix;

/// Of our server.
#[derive(Debug, Args)]
pub(super) struct WebFlags {
    /// Where to listen; may be repeated. [default: :19115]
    #[arg(long = "web.listen-address", value_name = "ADDRESS", global = true)]
    listen: Vec<String>,
    /// Listen on the sockets that systemd hands over.
    #[arg(long = "web.systemd-socket", global = true)]
    by_systemd: bool,
    /// A file with TLS, users and limits of our server; it is read anew when it changes.
    #[arg(long = "web.config.file", value_name = "FILE", global = true)]
    config: Option<String>,
    /// The URL under which people reach this server; stands in alerts as their source.
    #[arg(long = "web.external-url", value_name = "URL", global = true)]
    pub(super) external_url: Option<Url>,
    /// What stands before every path of this server. [default: the path of --web.external-url]
    #[arg(long = "web.route-prefix", value_name = "PATH", value_parser = prefix, global = true)]
    prefix: Option<Prefix>,
}

impl WebFlags {
    pub(super) fn listen_or(&self, default: &str) -> Vec<String> {
        if self.listen.is_empty() { vec![default.to_owned()] } else { self.listen.clone() }
    }

    /// How our server is set up; an empty `--web.config.file` is none, as in the exporters.
    pub(super) fn port(&self, default: &str) -> Port {
        let of_url = || self.external_url.as_ref().and_then(|it| Prefix::of(it.path()));
        Port {
            listen: self.listen_or(default),
            by_systemd: self.by_systemd,
            web_config: self.config.clone().filter(|it| !it.is_empty()).map(PathBuf::from),
            prefix: self.prefix.clone().or_else(of_url).unwrap_or_default(),
        }
    }
}

fn prefix(word: &str) -> Result<Prefix, String> {
    Prefix::of(word).ok_or_else(|| "it is no plain path, as /fingerpost".to_owned())
}
