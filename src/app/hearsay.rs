//! Keeps asking the Alertmanagers what fires, and passes it on.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{MissedTickBehavior, interval};
use tracing::{info, warn};

use crate::config::{Endpoint, Settings};
use crate::dial::Dialer;
use crate::engine::Event;
use crate::others;

/// Asks whom the settings name, until `stop` comes.
pub(super) async fn listen(
    mut settings: watch::Receiver<Settings>,
    dialer: Dialer,
    events: mpsc::UnboundedSender<Event>,
    stop: impl Future<Output = ()>,
) {
    tokio::pin!(stop);
    loop {
        let endpoints = settings.borrow_and_update().alertmanagers.clone();
        if endpoints.is_empty() {
            // What somebody said who is not named any more holds nothing back.
            let _stopping = events.send(Event::Others(Vec::new()));
        }
        tokio::select! {
            () = &mut stop => return,
            Ok(()) = settings.changed() => {}
            () = ask(&endpoints, &dialer, &events), if !endpoints.is_empty() => {}
        }
    }
}

/// Asks again and again. It never ends by itself.
async fn ask(endpoints: &[Endpoint], dialer: &Dialer, events: &mpsc::UnboundedSender<Event>) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = 0_u32;
    loop {
        ticks.tick().await;
        match others::firing(endpoints, dialer).await {
            Ok(firing) => {
                if silent > 0 {
                    info!("the Alertmanagers say again what fires");
                }
                silent = 0;
                let _stopping = events.send(Event::Others(firing));
            }
            Err(why) => {
                silent = silent.saturating_add(1);
                if silent == 1 {
                    warn!(why, "no Alertmanager says what fires");
                }
                // What nobody can confirm any more holds nothing back.
                if silent == FORGOTTEN_AFTER {
                    let _stopping = events.send(Event::Others(Vec::new()));
                }
            }
        }
    }
}

const EVERY: Duration = Duration::from_secs(30);
const FORGOTTEN_AFTER: u32 = 4;
