//! The `blackbox_exporter`, which does what we do.

use std::net::SocketAddr;

use super::http::{self, Reply};
use super::process::{Process, find, folder, free_address, write};

/// A running exporter with a module file.
pub(crate) struct BlackboxExporter {
    process: Process,
    address: SocketAddr,
}

impl BlackboxExporter {
    /// Starts it with this `blackbox.yml` and waits until it answers; `None` where there is none.
    pub(crate) fn start(modules: &str) -> Option<Self> {
        let program = find("prometheus-blackbox-exporter")?;
        let folder = folder();
        write(folder.path(), "blackbox.yml", modules);
        let address = free_address();
        let arguments = ["--config.file=blackbox.yml".to_owned(), format!("--web.listen-address={address}")];
        let mut process = Process::start(&program, &arguments, folder);
        let ready = || http::get(address, "/-/healthy").is_ok_and(|it| it.status == 200);
        process.await_ready(ready).unwrap_or_else(|told| panic!("{told}"));
        Some(Self { process, address })
    }

    /// Asks for a path of its server.
    pub(crate) fn get(&self, path: &str) -> Reply {
        let said = || self.process.said();
        http::get(self.address, path).unwrap_or_else(|error| panic!("{path}: {error}\n{}", said()))
    }
}
