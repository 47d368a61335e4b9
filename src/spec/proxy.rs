//! Whether a request goes through a proxy, and through which.

use std::net::IpAddr;
use std::sync::Arc;

use http::HeaderName;
use url::Url;

use super::{Auth, Secret};

/// `proxy_url` and the keys around it.
#[derive(Clone, Debug, Default)]
pub struct ProxySpec {
    /// Which way a request takes.
    pub way: Way,
    /// Sent to the proxy with a `CONNECT`, and to nobody else.
    pub connect_headers: Vec<(HeaderName, Secret)>,
    /// Whether the target's address is found here, and the proxy asked for that; else it is asked for
    /// the name.
    pub resolves_here: bool,
}

/// Which way a request takes.
#[derive(Clone, Debug, Default)]
pub enum Way {
    /// Straight to its target.
    #[default]
    Direct,
    /// Through that proxy.
    Proxy(Proxy),
    /// As `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` of our own environment say.
    Environment,
}

/// A proxy that is spoken to in the clear, by HTTP.
#[derive(Clone, Debug)]
pub struct Proxy {
    /// Its host, without brackets.
    pub host: Arc<str>,
    /// Its port.
    pub port: u16,
    /// Who we say we are to it.
    pub auth: Option<Auth>,
    /// Who is asked without it.
    pub except: Exceptions,
}

impl Proxy {
    /// The proxy at that URL; without any it says why it cannot be one.
    ///
    /// # Errors
    ///
    /// What is wrong with the URL.
    pub fn at(url: &Url, except: Exceptions) -> Result<Self, NoProxy> {
        match url.scheme() {
            "http" => {}
            "https" | "socks5" | "socks5h" => return Err(NoProxy::NotBuilt),
            _ => return Err(NoProxy::NoUrl),
        }
        let host = url.host_str().filter(|it| !it.is_empty()).ok_or(NoProxy::NoUrl)?;
        let auth = Auth::of_url(url);
        let host = host.trim_matches(['[', ']']).into();
        Ok(Self { host, port: url.port_or_known_default().unwrap_or(80), auth, except })
    }
}

/// Why a URL is none of a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoProxy {
    /// It names no place that could be one.
    NoUrl,
    /// It is one in a language that is not spoken here.
    NotBuilt,
}

/// `no_proxy`, as Go's programs read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exceptions {
    rules: Vec<Rule>,
    /// Whether this machine itself is asked without a proxy: so it is wherever there are exceptions.
    has_loopback: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    All,
    /// Addresses that agree in so many bits.
    Range(IpAddr, u8),
    Address(IpAddr, Option<u16>),
    /// Names that end so, from a dot on; and whether the name behind the dot is one of them.
    Domain(String, bool, Option<u16>),
}

impl Exceptions {
    /// Reads a list of hosts, domains, addresses and ranges, with commas between them. What is none of
    /// these names nobody.
    pub fn read(list: &str) -> Self {
        let rules = list.split(',').map(|it| it.trim().to_ascii_lowercase());
        Self {
            rules: rules.filter(|it| !it.is_empty()).filter_map(|it| rule(&it)).collect(),
            has_loopback: true,
        }
    }

    /// Whether that host (without brackets) is asked without the proxy.
    pub fn cover(&self, host: &str, port: u16) -> bool {
        let host = host.to_ascii_lowercase();
        let host = host.trim_end_matches('.');
        let address: Option<IpAddr> = host.parse().ok();
        let is_here = host == "localhost" || address.is_some_and(|it| it.is_loopback());
        if self.has_loopback && is_here {
            return true;
        }
        let fits = |wanted: &Option<u16>| wanted.is_none_or(|it| it == port);
        self.rules.iter().any(|rule| match rule {
            Rule::All => true,
            Rule::Range(base, bits) => address.is_some_and(|it| agree(*base, it, *bits)),
            Rule::Address(wanted, port) => address == Some(*wanted) && fits(port),
            Rule::Domain(tail, itself, port) => {
                (host.ends_with(tail.as_str()) || (*itself && host == &tail[1..])) && fits(port)
            }
        })
    }
}

fn rule(text: &str) -> Option<Rule> {
    if text == "*" {
        return Some(Rule::All);
    }
    if let Some((base, bits)) = text.split_once('/') {
        let (base, bits) = (base.parse::<IpAddr>().ok()?, bits.parse().ok()?);
        let most = if base.is_ipv4() { 32 } else { 128 };
        return (bits <= most).then_some(Rule::Range(base, bits));
    }
    let bare = |it: &str| it.trim_matches(['[', ']']).to_owned();
    if let Ok(address) = bare(text).parse() {
        return Some(Rule::Address(address, None));
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse().ok()?)),
        None => (text, None),
    };
    if let Ok(address) = bare(host).parse() {
        return Some(Rule::Address(address, port));
    }
    let host = host.strip_prefix('*').filter(|it| it.starts_with('.')).unwrap_or(host);
    let itself = !host.starts_with('.');
    let tail = if itself { format!(".{host}") } else { host.to_owned() };
    (tail.len() > 1).then_some(Rule::Domain(tail, itself, port))
}

fn agree(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    let same =
        |one: u128, other: u128, all: u32| (one ^ other).checked_shr(all - u32::from(bits)).unwrap_or(0) == 0;
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => same(one.to_bits().into(), other.to_bits().into(), 32),
        (IpAddr::V6(one), IpAddr::V6(other)) => same(one.to_bits(), other.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_are_names_domains_addresses_and_ranges() {
        let list = Exceptions::read(
            "a.example, .b.example,*.c.example, 10.0.0.0/8,[2001:db8::1]:443,192.0.2.7:80,d:8080, x:y,",
        );
        let table = [
            ("a.example", 1, true),
            ("www.A.example.", 1, true),
            ("aa.example", 1, false),
            ("b.example", 1, false),
            ("www.b.example", 1, true),
            ("c.example", 1, false),
            ("w.c.example", 1, true),
            ("10.255.0.1", 1, true),
            ("11.0.0.1", 1, false),
            ("2001:db8::1", 443, true),
            ("2001:db8::1", 80, false),
            ("192.0.2.7", 80, true),
            ("192.0.2.7", 443, false),
            ("d", 8080, true),
            ("d", 80, false),
            ("localhost", 1, true),
            ("127.9.9.9", 1, true),
            ("::1", 1, true),
        ];
        for (host, port, expected) in table {
            assert_eq!(list.cover(host, port), expected, "{host}:{port}");
        }
        assert!(
            Exceptions::read("*").cover("anybody", 1) && Exceptions::read("0.0.0.0/0").cover("9.9.9.9", 1)
        );
        assert!(!Exceptions::default().cover("localhost", 1), "a proxy without exceptions has none");
    }

    #[test]
    fn a_proxy_has_a_host_and_perhaps_credentials_which_it_does_not_show() {
        let at = |url: &str| Proxy::at(&url.parse().unwrap(), Exceptions::default());
        let it = at("http://us%40r:t0psecret@[::1]:3128/").unwrap();
        assert_eq!((&*it.host, it.port), ("::1", 3128));
        assert!(!format!("{it:?}").contains("t0psecret") && it.auth.is_some());
        assert_eq!(at("http://proxy").unwrap().port, 80);
        assert_eq!(at("socks5://proxy").unwrap_err(), NoProxy::NotBuilt);
        assert_eq!(at("ftp://proxy").unwrap_err(), NoProxy::NoUrl);
    }
}
