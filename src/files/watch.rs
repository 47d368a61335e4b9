//! Word that something under the configuration's folders may have changed.

use std::path::PathBuf;
use std::time::Duration;

use notify::{RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc::{self, Receiver};
use tokio::time::{Instant, timeout, timeout_at};

/// A watch over folders. It tells that it is time to look again, never what has changed: events come
/// late, double or not at all (some network file systems send none), so what a look finds is
/// compared with what was there before, and there is a look now and then without any event.
#[derive(Debug)]
pub struct Watch {
    paths: Vec<PathBuf>,
    /// None where the system gives no watch; then only the clock tells.
    watcher: Option<RecommendedWatcher>,
    events: Receiver<()>,
    /// Something has happened that nobody was told of yet.
    untold: bool,
    rescan: Duration,
}

impl Watch {
    /// Watches these folders and all that is in them, and of a file's folder only the folder. What is
    /// not there yet is tried again at each look without an event.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self::with_rescan(paths, RESCAN)
    }

    fn with_rescan(paths: Vec<PathBuf>, rescan: Duration) -> Self {
        // One place is enough: all events mean the same.
        let (sender, events) = mpsc::channel(1);
        let told = move |event: notify::Result<notify::Event>| {
            if !event.is_ok_and(|it| it.kind.is_access()) {
                let _already_told = sender.try_send(());
            }
        };
        let watcher = notify::recommended_watcher(told).ok();
        let mut watch = Self { paths, watcher, events, untold: false, rescan };
        watch.begin();
        watch
    }

    /// Returns when it is time to look again: something happened and then nothing for half a second
    /// (five at the most), or nothing for a minute. May be dropped and called again at any time.
    pub async fn look_again(&mut self) {
        if !self.untold {
            match timeout(self.rescan, self.events.recv()).await {
                Ok(Some(())) => self.untold = true,
                // Without a watcher the channel is closed: the clock alone tells.
                Ok(None) => tokio::time::sleep(self.rescan).await,
                Err(_elapsed) => self.begin(),
            }
        }
        if self.untold {
            self.settle().await;
            self.untold = false;
        }
    }

    /// Waits until whoever writes has finished.
    async fn settle(&mut self) {
        let latest = Instant::now() + SETTLE_MAX;
        while let Ok(Some(())) = timeout_at(latest.min(Instant::now() + SETTLE), self.events.recv()).await {
            if Instant::now() >= latest {
                break;
            }
        }
    }

    /// Watching a folder anew finds it where another has been put in its place.
    fn begin(&mut self) {
        let Some(watcher) = &mut self.watcher else { return };
        for path in &self.paths {
            let (path, mode) = match path.parent().filter(|_| !path.is_dir()) {
                None => (path.as_path(), RecursiveMode::Recursive),
                Some(folder) => (folder, RecursiveMode::NonRecursive),
            };
            let _not_watched = watcher.unwatch(path);
            let _not_there = watcher.watch(path, mode);
        }
    }
}

const RESCAN: Duration = Duration::from_mins(1);
const SETTLE: Duration = Duration::from_millis(500);
const SETTLE_MAX: Duration = Duration::from_secs(5);
