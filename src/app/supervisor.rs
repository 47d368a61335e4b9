//! What whoever started the process (systemd) is told of it. Where nobody listens, nothing happens.

use sd_notify::NotifyState;
use tracing::warn;

/// The daemon answers, and has read its configuration for the first time, or again.
pub(super) fn ready(probes: usize, targets: usize) {
    let status = format!("watching {targets} targets of {probes} probes");
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
}

/// The configuration is being read again; [`ready`] follows.
pub(super) fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => warn!(%error, "the steady clock cannot be read"),
    }
}

/// The daemon lives, and does what it is there for.
pub(super) fn alive() {
    tell(&[NotifyState::Watchdog]);
}

/// The daemon is about to end.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        warn!(%error, "the service manager cannot be told");
    }
}
