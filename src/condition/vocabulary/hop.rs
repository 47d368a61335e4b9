//! What stands after each of `checks.<name>.hops`.

use super::Field;
use crate::condition::kind::Kind;
use crate::condition::value::{count, number, text};
use crate::view::Hop;

pub(in crate::condition) const HOP: &[Field<Hop>] = &[
    Field {
        name: "address",
        kind: Kind::Text,
        meaning: "its address; '' where nobody answers",
        read: |it| text(&it.address),
    },
    Field {
        name: "loss",
        kind: Kind::Double,
        meaning: "percent of the packets that were not answered",
        read: |it| number(it.loss),
    },
    Field { name: "sent", kind: Kind::Int, meaning: "packets sent", read: |it| count(it.sent) },
    Field {
        name: "last",
        kind: Kind::Double,
        meaning: "the last round trip, in milliseconds",
        read: |it| number(it.last),
    },
    Field {
        name: "average",
        kind: Kind::Double,
        meaning: "the mean round trip, in milliseconds",
        read: |it| number(it.average),
    },
    Field {
        name: "best",
        kind: Kind::Double,
        meaning: "the shortest round trip, in milliseconds",
        read: |it| number(it.best),
    },
    Field {
        name: "worst",
        kind: Kind::Double,
        meaning: "the longest round trip, in milliseconds",
        read: |it| number(it.worst),
    },
    Field {
        name: "deviation",
        kind: Kind::Double,
        meaning: "the standard deviation of the round trips, in milliseconds",
        read: |it| number(it.deviation),
    },
];
