//! What stands after `target.` of the certificate that it showed, also where nobody accepted it. Without
//! a certificate there is no answer: of one that was not seen nobody knows that it is well.

use super::Field;
use crate::condition::kind::Kind;
use crate::condition::value::{count, hour, no_answer, text, texts, truth};
use crate::outcome::{CertificateFacts, CertificateFault, TlsFacts};
use crate::view::Reading;

pub(in crate::condition) const CERTIFICATE: &[Field<Reading>] = &[
    Field {
        name: "certificate_subject",
        kind: Kind::Text,
        meaning: "whom its own certificate names: 'CN=a,O=b'",
        read: |it| own(it).and_then(|it| text(&it.subject)),
    },
    Field {
        name: "certificate_issuer",
        kind: Kind::Text,
        meaning: "who signed that",
        read: |it| own(it).and_then(|it| text(&it.issuer)),
    },
    Field {
        name: "certificate_names",
        kind: Kind::Texts,
        meaning: "the names and addresses that it is for",
        read: |it| own(it).map(|it| texts(it.names.iter().map(String::as_str)) as _),
    },
    Field {
        name: "certificate_not_before",
        kind: Kind::Timestamp,
        meaning: "when its own certificate begins",
        read: |it| own(it).and_then(|it| hour(it.not_before)),
    },
    Field {
        name: "certificate_own_not_after",
        kind: Kind::Timestamp,
        meaning: "when its own certificate ends",
        read: |it| own(it).and_then(|it| hour(it.not_after)),
    },
    Field {
        name: "certificate_usable_until",
        kind: Kind::Timestamp,
        meaning: "until when those who trust its root take its chain, be that past; of one without such a root, when the first certificate of its chain ends",
        read: |it| match shown(it)?.usable_until() {
            Some(end) => hour(end),
            None => Err(none_shown()),
        },
    },
    Field {
        name: "certificate_chain_length",
        kind: Kind::Int,
        meaning: "how many certificates it showed",
        read: |it| count(shown(it)?.chain.len() as u64),
    },
    Field {
        name: "certificate_verified",
        kind: Kind::Bool,
        meaning: "whether nothing is wrong with its chain, also where the module takes any",
        read: |it| truth(shown(it)?.verified),
    },
    Field {
        name: "certificate_expired",
        kind: Kind::Bool,
        meaning: "whether the time of its chain is over",
        read: |it| truth(shown(it)?.has(CertificateFault::Expired)),
    },
    Field {
        name: "certificate_not_yet_valid",
        kind: Kind::Bool,
        meaning: "whether the time of its chain has not come",
        read: |it| truth(shown(it)?.has(CertificateFault::NotYetValid)),
    },
    Field {
        name: "certificate_wrong_name",
        kind: Kind::Bool,
        meaning: "whether its own certificate is for other names",
        read: |it| truth(shown(it)?.has(CertificateFault::WrongName)),
    },
    Field {
        name: "certificate_untrusted",
        kind: Kind::Bool,
        meaning: "whether its chain leads, at no time, to a root that is trusted",
        read: |it| truth(shown(it)?.has(CertificateFault::Untrusted)),
    },
];

fn shown(it: &Reading) -> Result<&TlsFacts, cel::ExecutionError> {
    it.tls.as_deref().ok_or_else(none_shown)
}

fn own(it: &Reading) -> Result<&CertificateFacts, cel::ExecutionError> {
    shown(it)?.chain.first().ok_or_else(none_shown)
}

fn none_shown() -> cel::ExecutionError {
    no_answer("the target showed no certificate")
}
