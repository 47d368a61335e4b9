//! Where our server listens, and who may come in.

use std::path::PathBuf;

use tokio::net::TcpListener;

use super::Failed;
use crate::serve::{Gate, Prefix};

/// How our server is set up.
#[derive(Clone, Debug, Default)]
pub struct Port {
    /// Where to listen, as `host:port` or `:port`.
    pub listen: Vec<String>,
    /// Whether systemd has opened the sockets for us, instead.
    pub by_systemd: bool,
    /// `--web.config.file`; none: anybody may ask, in plain text.
    pub web_config: Option<PathBuf>,
    /// What stands before every path.
    pub prefix: Prefix,
}

impl Port {
    /// Who may come in.
    pub(super) fn gate(&self) -> Result<Gate, Failed> {
        self.web_config.as_deref().map_or_else(|| Ok(Gate::open()), Gate::of).map_err(Failed::Web)
    }

    /// The sockets. `:port` is every address of this machine, of both families.
    pub(super) async fn listeners(&self) -> Result<Vec<TcpListener>, Failed> {
        if self.by_systemd {
            return handed_over();
        }
        let mut listeners = Vec::new();
        for address in &self.listen {
            let full = if address.starts_with(':') { format!("[::]{address}") } else { address.clone() };
            let listener = TcpListener::bind(&full).await;
            listeners.push(listener.map_err(|error| Failed::Listen { address: address.clone(), error })?);
        }
        Ok(listeners)
    }
}

fn handed_over() -> Result<Vec<TcpListener>, Failed> {
    let failed = |error| Failed::Listen { address: "the sockets of systemd".to_owned(), error };
    let mut given = listenfd::ListenFd::from_env();
    let mut listeners = Vec::new();
    for at in 0..given.len() {
        if let Some(listener) = given.take_tcp_listener(at).map_err(failed)? {
            listener.set_nonblocking(true).map_err(failed)?;
            listeners.push(TcpListener::from_std(listener).map_err(failed)?);
        }
    }
    if listeners.is_empty() { Err(Failed::NoSocket) } else { Ok(listeners) }
}
