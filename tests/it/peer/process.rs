//! Finds, starts, awaits and ends a program.

use std::fmt::Display;
use std::fs::{self, File};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use std::{env, process};

use tempfile::TempDir;

/// A running program with its folder; it and all that it started end when this is dropped.
pub(crate) struct Process {
    name: String,
    child: Child,
    /// Standard output and error, in the order they were written.
    log: PathBuf,
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
}

/// How long a program may take until it is ready. Generous: it is reached only when all is lost.
const READY_MAX: Duration = Duration::from_mins(1);

const POLL: Duration = Duration::from_millis(50);

/// Below the range from which the kernel draws the ports of outgoing connections.
const PORTS: std::ops::Range<u32> = 20_000..32_000;

impl Process {
    /// Starts the program in `folder`, in a process group of its own.
    pub(crate) fn start(program: &Path, arguments: &[String], folder: TempDir) -> Self {
        let log = folder.path().join("log");
        let (program, arguments) = (program.to_owned(), arguments.to_vec());
        let child = spawn(&program, &arguments, folder.path(), &log);
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { name, child, log, program, arguments, folder }
    }

    /// Kills it, wherever it is, and starts it again in the same folder, with an empty log.
    pub(crate) fn kill_and_start_again(&mut self) {
        kill("KILL", &format!("-{}", self.child.id()));
        self.child.wait().ok();
        self.child = spawn(&self.program, &self.arguments, self.folder.path(), &self.log);
    }

    /// The file that takes what the program says.
    pub(super) fn log(&self) -> &Path {
        &self.log
    }

    /// What the program has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_else(|error| error.to_string())
    }

    /// Waits until `ready`; the error tells what the program said instead.
    pub(crate) fn await_ready(&mut self, mut ready: impl FnMut() -> bool) -> Result<(), String> {
        let until = Instant::now() + READY_MAX;
        while !ready() {
            let ended = self.child.try_wait().expect("a child of ours can be asked");
            if let Some(status) = ended {
                return Err(format!("{} ended before it was ready, {status}:\n{}", self.name, self.said()));
            }
            if Instant::now() > until {
                return Err(format!("{} is not ready after {READY_MAX:?}:\n{}", self.name, self.said()));
            }
            thread::sleep(POLL);
        }
        Ok(())
    }

    /// Sends a signal by its name (`TERM`) to the program alone.
    pub(crate) fn signal(&self, name: &str) {
        kill(name, &self.child.id().to_string());
    }

    /// Asks for a page of a server in the program's own network, by a port that is drawn from no range.
    pub(crate) fn page_in_its_network(&self, url: &str) -> String {
        let pid = self.child.id().to_string();
        let words = ["-t", &pid, "-n", "curl", "-s", "--local-port", "50000-60000", url];
        let told = Command::new("nsenter").args(words).output();
        told.map(|it| String::from_utf8_lossy(&it.stdout).into_owned()).unwrap_or_default()
    }

    /// Lets the program have that many open files at the most; none: as many as this test may have.
    /// Whether that can be done.
    pub(crate) fn limit_descriptors(&self, most: Option<u32>) -> bool {
        let own = Command::new("sh").args(["-c", "ulimit -S -n"]).output().expect("every Unix has a shell");
        let own = String::from_utf8_lossy(&own.stdout).trim().to_owned();
        let limit = format!("--nofile={}:", most.map_or(own, |it| it.to_string()));
        let words = ["--pid", &self.child.id().to_string(), &limit];
        Command::new("prlimit").args(words).status().is_ok_and(|it| it.success())
    }

    /// Waits for the program to end by itself; `None` when it does not within `limit`.
    pub(crate) fn await_end(&mut self, limit: Duration) -> Option<process::ExitStatus> {
        eventually(limit, || self.child.try_wait().expect("a child of ours can be asked"))
    }
}

fn spawn(program: &Path, arguments: &[String], folder: &Path, log: &Path) -> Child {
    let out = File::create(log).expect("a folder of our own takes a file");
    command(program)
        .args(arguments)
        .current_dir(folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stderr(out.try_clone().expect("an open file can be shared"))
        .stdout(out)
        .spawn()
        .unwrap_or_else(|error| panic!("{} does not start: {error}", program.display()))
}

impl Drop for Process {
    fn drop(&mut self) {
        kill("KILL", &format!("-{}", self.child.id()));
        // The status of something killed is of no interest; that it is gone is.
        self.child.wait().ok();
    }
}

/// Looks again and again until there is something to see; `None` when `limit` has passed.
pub(crate) fn eventually<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + limit;
    loop {
        let seen = look();
        if seen.is_some() || Instant::now() > until {
            return seen;
        }
        thread::sleep(POLL);
    }
}

/// The program's path, or `None` and a line that names what is skipped. With `CI=true` it must be there.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let found = look_up(program);
    if found.is_none() {
        insist(program, env::var("CI").is_ok_and(|it| it == "true"));
        // Not `eprintln!`: that is kept from the reader when the test passes.
        writeln!(io::stderr(), "skipped: no {program}").expect("standard error is open");
    }
    found
}

pub(super) fn insist(missing: &str, ci: bool) {
    assert!(!ci, "no {missing}, and with CI=true nothing is skipped");
}

/// A port of loopback that nothing else has now, and that no outgoing connection will be given.
pub(crate) fn free_address() -> SocketAddr {
    static TAKEN: AtomicU32 = AtomicU32::new(0);
    let width = PORTS.end - PORTS.start;
    for _ in PORTS {
        // Runs side by side begin at different places.
        let step = TAKEN.fetch_add(1, Ordering::Relaxed).wrapping_add(process::id().wrapping_mul(101));
        let port = u16::try_from(PORTS.start + step % width).expect("the range ends below 65536");
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no port of loopback is free between {} and {}", PORTS.start, PORTS.end);
}

/// A new folder that is gone with its owner.
pub(crate) fn folder() -> TempDir {
    tempfile::Builder::new().prefix("fingerpost-").tempdir().expect("there is room for a temporary folder")
}

/// Writes a file of `folder`, with the folders above it.
pub(crate) fn write(folder: &Path, name: &str, text: impl Display) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().expect("a file stands in a folder"))
        .expect("our own folder can be written");
    fs::write(path, text.to_string()).expect("our own folder can be written");
}

/// nginx is installed where only root's path leads.
pub(super) fn look_up(program: &str) -> Option<PathBuf> {
    let paths = env::var_os("PATH").unwrap_or_default();
    let beyond = ["/usr/local/sbin", "/usr/sbin"].map(PathBuf::from);
    env::split_paths(&paths).chain(beyond).map(|it| it.join(program)).find(|it| it.is_file())
}

/// With `setpriv` the program ends even when the test is killed and cannot end it.
fn command(program: &Path) -> Command {
    match look_up("setpriv") {
        None => Command::new(program),
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
    }
}

/// The shell's own `kill`, which is everywhere; whom it does not find has ended already.
fn kill(signal: &str, whom: &str) {
    let told = Command::new("sh").args(["-c", "kill -s \"$0\" -- \"$1\"", signal, whom]).output();
    told.expect("every Unix has a shell");
}
