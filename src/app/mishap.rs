//! Says in the log which expressions fail, with their places, and which do so no more.

use tracing::{info, warn};

use crate::engine::{Mishap, MishapNews};

/// Writes what has changed.
pub(super) fn tell(news: &[MishapNews]) {
    for it in news {
        match it {
            MishapNews::Began(it) => {
                let (alert, place, expression) = spot(it);
                let help = "it counts as not holding, and the alert goes out with the next row";
                warn!(alert, place, expression, error = it.error, help, "an expression cannot be evaluated");
            }
            MishapNews::Ended(it) => {
                let (alert, place, expression) = spot(it);
                info!(alert, place, expression, error = it.error, "an expression can be evaluated again");
            }
            MishapNews::TooMany => {
                let metric = "fingerpost_expression_errors_total";
                warn!(metric, "more expressions fail than are told: the metric counts them");
            }
        }
    }
}

fn spot(it: &Mishap) -> (&str, &str, &str) {
    let written = it.written.as_ref();
    (&it.alert, written.map_or("", |it| &it.place), written.map_or("", |it| &it.text))
}
