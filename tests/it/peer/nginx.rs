//! An nginx that serves what a test writes, and can be told to serve something else.

use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;

use super::process::{Process, find, folder, free_address, write};

/// A running nginx on one port.
pub(crate) struct Nginx {
    program: PathBuf,
    address: SocketAddr,
    process: Option<Process>,
}

impl Nginx {
    /// Starts it with these lines inside `server { … }`; `None` where there is no nginx.
    pub(crate) fn start(server: &str) -> Option<Self> {
        let mut nginx = Self { program: find("nginx")?, address: free_address(), process: None };
        nginx.serve(server);
        Some(nginx)
    }

    /// Ends what was served and serves this, on the same port. In between nobody answers there.
    pub(crate) fn serve(&mut self, server: &str) {
        self.process = None;
        let folder = folder();
        write(folder.path(), "nginx.conf", config(self.address, server));
        let arguments = [
            "-e".to_owned(),
            "stderr".to_owned(),
            "-p".to_owned(),
            folder.path().display().to_string(),
            "-c".to_owned(),
            "nginx.conf".to_owned(),
        ];
        let mut process = Process::start(&self.program, &arguments, folder);
        let ready = || TcpStream::connect(self.address).is_ok();
        process.await_ready(ready).unwrap_or_else(|told| panic!("{told}"));
        self.process = Some(process);
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

/// One process, and every path inside its own folder, so that it needs no root.
fn config(address: SocketAddr, server: &str) -> String {
    format!(
        "daemon off;
master_process off;
pid nginx.pid;
error_log stderr;
events {{}}
http {{
    access_log off;
    default_type 'text/plain; version=0.0.4';
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    server {{
        listen {address};
        {server}
    }}
}}
"
    )
}
