//! What a certificate says, kept whether or not anybody believes it.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rustls::SupportedCipherSuite;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use x509_parser::certificate::X509Certificate;
use x509_parser::der_parser::oid::Oid;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::{
    OID_X509_COMMON_NAME, OID_X509_COUNTRY_NAME, OID_X509_LOCALITY_NAME, OID_X509_ORGANIZATION_NAME,
    OID_X509_ORGANIZATIONAL_UNIT, OID_X509_POSTAL_CODE, OID_X509_SERIALNUMBER,
    OID_X509_STATE_OR_PROVINCE_NAME, OID_X509_STREET_ADDRESS,
};
use x509_parser::prelude::FromDer as _;
use x509_parser::time::ASN1Time;
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

use crate::outcome::CertificateFacts;

/// What the certificate in `der` says; none where it is none.
pub(crate) fn facts(der: &[u8]) -> Option<CertificateFacts> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(CertificateFacts {
        subject: distinguished_name(certificate.subject()),
        issuer: distinguished_name(certificate.issuer()),
        names: alternative_names(&certificate),
        not_before: system_time(certificate.validity().not_before),
        not_after: system_time(certificate.validity().not_after),
        serial: hex(&certificate.serial.to_bytes_be()),
        fingerprint_sha256: hex(&sha256(der)),
    })
}

fn system_time(time: ASN1Time) -> SystemTime {
    let seconds = Duration::from_secs(time.timestamp().unsigned_abs());
    let epoch = SystemTime::UNIX_EPOCH;
    if time.timestamp() >= 0 { epoch + seconds } else { epoch - seconds }
}

fn alternative_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let extension = certificate.subject_alternative_name().ok().flatten();
    let names = extension.iter().flat_map(|it| &it.value.general_names);
    names
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => ip_address(bytes).map(|it| it.to_string()),
            GeneralName::OtherName(..)
            | GeneralName::RFC822Name(_)
            | GeneralName::X400Address(_)
            | GeneralName::DirectoryName(_)
            | GeneralName::EDIPartyName(_)
            | GeneralName::URI(_)
            | GeneralName::RegisteredID(_)
            | GeneralName::Invalid(..) => None,
        })
        .collect()
}

fn ip_address(bytes: &[u8]) -> Option<IpAddr> {
    let ip4 = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    ip4.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from)).ok()
}

/// A name as the exporter writes it: RFC 2253's notation, the parts that every certificate may have in a
/// fixed order (Go's, whatever the certificate has), and others behind them, the last one first.
fn distinguished_name(name: &X509Name<'_>) -> String {
    let all: Vec<_> = name.iter_rdn().flat_map(RelativeDistinguishedName::iter).collect();
    let of =
        |oid: &Oid<'_>| all.iter().filter(|it| it.attr_type() == oid).map(|it| value(it)).collect::<Vec<_>>();
    let mut parts = Vec::new();
    for (oid, short, many) in &SHORT_NAMES {
        let values = of(oid);
        let told = match many {
            Many::Together => &values[..],
            Many::LastOnly => &values[values.len().saturating_sub(1)..],
        };
        let told: Vec<_> = told.iter().map(|it| format!("{short}={}", escape(it))).collect();
        parts.extend((!told.is_empty()).then(|| told.join("+")));
    }
    let is_other =
        |it: &&&AttributeTypeAndValue<'_>| SHORT_NAMES.iter().all(|(oid, ..)| oid != it.attr_type());
    parts.extend(
        all.iter().filter(is_other).rev().map(|it| format!("{}=#{}", it.attr_type(), encoded(&value(it)))),
    );
    parts.join(",")
}

fn value(attribute: &AttributeTypeAndValue<'_>) -> String {
    attribute
        .as_str()
        .map_or_else(|_| String::from_utf8_lossy(attribute.as_slice()).into_owned(), str::to_owned)
}

/// A text in DER, in hex: a printable string where it is one, else UTF-8.
fn encoded(text: &str) -> String {
    let is_printable = |it: char| it.is_ascii_alphanumeric() || " '()+,-./:=?".contains(it);
    let tag = if text.chars().all(is_printable) { 0x13 } else { 0x0c };
    let length = text.len().to_be_bytes();
    let length = &length[length.iter().position(|it| *it != 0).unwrap_or(length.len() - 1)..];
    let long = u8::try_from(length.len()).map_or(0xff, |it| 0x80 | it);
    let head = if text.len() < 0x80 { vec![tag] } else { vec![tag, long] };
    hex(&[&head, length, text.as_bytes()].concat())
}

fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    let last = value.len().saturating_sub(1);
    for (at, letter) in value.char_indices() {
        let at_the_ends = (at == 0 && matches!(letter, '#' | ' ')) || (at == last && letter == ' ');
        if at_the_ends || matches!(letter, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

/// The hash of a cipher suite that is always there.
fn sha256(bytes: &[u8]) -> Vec<u8> {
    let SupportedCipherSuite::Tls13(suite) = TLS13_AES_128_GCM_SHA256 else {
        unreachable!("the suite's name says that it is one of TLS 1.3");
    };
    suite.common.hash_provider.hash(bytes).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What becomes of a part that a name has several times.
#[derive(Clone, Copy)]
enum Many {
    Together,
    LastOnly,
}

const SHORT_NAMES: [(Oid<'static>, &str, Many); 9] = [
    (OID_X509_SERIALNUMBER, "SERIALNUMBER", Many::LastOnly),
    (OID_X509_COMMON_NAME, "CN", Many::LastOnly),
    (OID_X509_POSTAL_CODE, "POSTALCODE", Many::Together),
    (OID_X509_STREET_ADDRESS, "STREET", Many::Together),
    (OID_X509_STATE_OR_PROVINCE_NAME, "ST", Many::Together),
    (OID_X509_LOCALITY_NAME, "L", Many::Together),
    (OID_X509_ORGANIZATIONAL_UNIT, "OU", Many::Together),
    (OID_X509_ORGANIZATION_NAME, "O", Many::Together),
    (OID_X509_COUNTRY_NAME, "C", Many::Together),
];

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, SerialNumber, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_says_who_it_is_for_and_until_when() {
        let mut params = CertificateParams::new(vec!["a.example".into(), "127.0.0.1".into()]).unwrap();
        params.distinguished_name.push(DnType::OrganizationName, "Fleet, Inc");
        params.distinguished_name.push(DnType::CommonName, " a");
        params.serial_number = Some(SerialNumber::from_slice(&[0x0a, 0xff]));
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let it = facts(certificate.der()).unwrap();
        assert_eq!(it.names, ["a.example", "127.0.0.1"]);
        assert_eq!(it.serial, "0aff");
        assert_eq!(it.not_after, httpdate::parse_http_date("Fri, 01 Jan 2021 00:00:00 GMT").unwrap());
        assert_eq!(it.fingerprint_sha256.len(), 64);
        assert_eq!(it.subject, r"CN=\ a,O=Fleet\, Inc");
        assert_eq!(it.subject, it.issuer);
    }

    #[test]
    fn a_name_stands_in_the_order_of_go_whatever_the_certificate_has() {
        let mut params = CertificateParams::new(vec!["a.example".into()]).unwrap();
        let mail = DnType::CustomDnType(vec![1, 2, 840, 113_549, 1, 9, 1]);
        for (kind, value) in [
            (mail, "a@b.c"),
            (DnType::CountryName, "DE"),
            (DnType::CommonName, "a"),
            (DnType::LocalityName, "Bremen"),
            (DnType::OrganizationalUnitName, "x;y"),
            (DnType::OrganizationName, "Fleet"),
        ] {
            params.distinguished_name.push(kind, value);
        }
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let subject = facts(certificate.der()).unwrap().subject;
        assert_eq!(subject, r"CN=a,L=Bremen,OU=x\;y,O=Fleet,C=DE,1.2.840.113549.1.9.1=#0c056140622e63");
        assert_eq!(encoded(&"a".repeat(200))[..6], *"1381c8");
    }

    #[test]
    fn the_fingerprint_is_sha256() {
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(hex(&sha256(b"")), of_nothing);
    }

    #[test]
    fn what_is_no_certificate_has_no_facts() {
        assert_eq!(facts(b"\x30\x03\x02\x01\x01"), None);
    }
}
