//! Alerts that hold each other back in a ring, of which none would ever be told. `link` refuses the file
//! where it finds one; but an earlier version of a file may be in force in its place, and close a ring
//! with what others say now. Nobody may stay silent for that, so here what is in force is opened.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::plan::Alert;

/// Takes every inhibitor away that leads back to its own alert.
pub(super) fn open(alerts: &mut [Arc<Alert>]) {
    for at in 0..alerts.len() {
        let name = Arc::clone(&alerts[at].name);
        let leads_back = |by: &Arc<str>| *by == name || reaches(alerts, by, &name);
        let kept: Vec<_> =
            alerts[at].inhibited_by.iter().filter(|it| !leads_back(&it.alert)).cloned().collect();
        if kept.len() < alerts[at].inhibited_by.len() {
            let alert = Arc::get_mut(&mut alerts[at]).expect("nobody has a plan that is being made");
            alert.inhibited_by = kept;
        }
    }
}

/// Whether `to` holds `from` back, itself or by way of others.
fn reaches(alerts: &[Arc<Alert>], from: &Arc<str>, to: &Arc<str>) -> bool {
    let (mut seen, mut open) = (BTreeSet::from([from]), vec![from]);
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        let alert = alerts.iter().filter(|it| it.name == *name);
        open.extend(alert.flat_map(|it| &it.inhibited_by).map(|it| &it.alert).filter(|it| seen.insert(it)));
    }
    false
}
