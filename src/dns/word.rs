//! The numbers of DNS and their names, as IANA's registries have them.

use std::borrow::Cow;

use serde::Serialize;

/// A part of an answer that holds records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What was asked for.
    Answer,
    /// Who would know.
    Authority,
    /// What helps with the others.
    Additional,
}

impl Section {
    /// All of them, in the order of a message.
    pub const ALL: [Self; 3] = [Self::Answer, Self::Authority, Self::Additional];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Authority => "authority",
            Self::Additional => "additional",
        }
    }
}

/// What the server says of the question as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rcode(pub u16);

/// A type of records, or of questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RecordType(pub u16);

/// A class of records; all that matter are in `IN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Class(pub u16);

impl Rcode {
    /// No error.
    pub const NOERROR: Self = Self(0);

    /// The code of that name, written as `NXDOMAIN`.
    pub fn from_name(name: &str) -> Option<Self> {
        number(RCODES, name).map(Self)
    }

    /// Its name, or `RCODE4000`.
    pub fn name(self) -> Cow<'static, str> {
        word(RCODES, self.0).map_or_else(|| format!("RCODE{}", self.0).into(), Cow::Borrowed)
    }
}

impl RecordType {
    /// Any type: a question, never a record.
    pub const ANY: Self = Self(255);
    /// The start of a zone.
    pub const SOA: Self = Self(6);
    /// Not a record, but a note of one server to the other (EDNS).
    pub(super) const OPT: Self = Self(41);

    /// The type of that name, written as `AAAA`.
    pub fn from_name(name: &str) -> Option<Self> {
        number(TYPES, name).map(Self)
    }

    /// Its name, or `TYPE4000`.
    pub fn name(self) -> Cow<'static, str> {
        word(TYPES, self.0).map_or_else(|| format!("TYPE{}", self.0).into(), Cow::Borrowed)
    }

    pub(super) fn is_known(self) -> bool {
        word(TYPES, self.0).is_some()
    }
}

impl Class {
    /// The Internet.
    pub const IN: Self = Self(1);

    /// The class of that name, written as `IN`.
    pub fn from_name(name: &str) -> Option<Self> {
        number(CLASSES, name).map(Self)
    }

    /// Its name, or `CLASS4000`.
    pub fn name(self) -> Cow<'static, str> {
        word(CLASSES, self.0).map_or_else(|| format!("CLASS{}", self.0).into(), Cow::Borrowed)
    }
}

fn number(table: &[(u16, &str)], name: &str) -> Option<u16> {
    table.iter().find(|(_, it)| *it == name).map(|(number, _)| *number)
}

fn word(table: &'static [(u16, &str)], number: u16) -> Option<&'static str> {
    table.iter().find(|(it, _)| *it == number).map(|(_, name)| *name)
}

/// Codes with their names.
pub const RCODES: &[(u16, &str)] = &[
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (6, "YXDOMAIN"),
    (7, "YXRRSET"),
    (8, "NXRRSET"),
    (9, "NOTAUTH"),
    (10, "NOTZONE"),
    (11, "DSOTYPENI"),
    (16, "BADVERS"),
    (17, "BADKEY"),
    (18, "BADTIME"),
    (19, "BADMODE"),
    (20, "BADNAME"),
    (21, "BADALG"),
    (22, "BADTRUNC"),
    (23, "BADCOOKIE"),
];

/// Classes with their names.
pub const CLASSES: &[(u16, &str)] =
    &[(1, "IN"), (2, "CS"), (3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY")];

/// Types with their names.
#[rustfmt::skip]
pub const TYPES: &[(u16, &str)] = &[
    (1, "A"), (2, "NS"), (3, "MD"), (4, "MF"), (5, "CNAME"), (6, "SOA"), (7, "MB"), (8, "MG"), (9, "MR"),
    (10, "NULL"), (12, "PTR"), (13, "HINFO"), (14, "MINFO"), (15, "MX"), (16, "TXT"), (17, "RP"),
    (18, "AFSDB"), (19, "X25"), (20, "ISDN"), (21, "RT"), (23, "NSAPPTR"), (24, "SIG"), (25, "KEY"),
    (26, "PX"), (27, "GPOS"), (28, "AAAA"), (29, "LOC"), (30, "NXT"), (31, "EID"), (32, "NIMLOC"),
    (33, "SRV"), (34, "ATMA"), (35, "NAPTR"), (36, "KX"), (37, "CERT"), (39, "DNAME"), (41, "OPT"),
    (42, "APL"), (43, "DS"), (44, "SSHFP"), (45, "IPSECKEY"), (46, "RRSIG"), (47, "NSEC"), (48, "DNSKEY"),
    (49, "DHCID"), (50, "NSEC3"), (51, "NSEC3PARAM"), (52, "TLSA"), (53, "SMIMEA"), (55, "HIP"),
    (56, "NINFO"), (57, "RKEY"), (58, "TALINK"), (59, "CDS"), (60, "CDNSKEY"), (61, "OPENPGPKEY"),
    (62, "CSYNC"), (63, "ZONEMD"), (64, "SVCB"), (65, "HTTPS"), (99, "SPF"), (100, "UINFO"), (101, "UID"),
    (102, "GID"), (103, "UNSPEC"), (104, "NID"), (105, "L32"), (106, "L64"), (107, "LP"), (108, "EUI48"),
    (109, "EUI64"), (249, "TKEY"), (250, "TSIG"), (251, "IXFR"), (252, "AXFR"), (253, "MAILB"),
    (254, "MAILA"), (255, "ANY"), (256, "URI"), (257, "CAA"), (258, "AVC"), (260, "AMTRELAY"),
    (32768, "TA"), (32769, "DLV"),
];
