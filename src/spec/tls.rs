//! Which certificates are taken, and which one we show.

use std::path::PathBuf;

use super::Secret;

/// `tls_config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSpec {
    /// Roots that are trusted instead of the system's, as PEM.
    pub ca: Option<Pem>,
    /// Our own certificate and its key, as PEM.
    pub identity: Option<(Pem, Secret)>,
    /// The name that the certificate must bear, where it is not the host's.
    pub server_name: Option<String>,
    /// Whether any certificate will do. What it says is kept all the same.
    pub insecure_skip_verify: bool,
    /// The lowest version that is offered.
    pub version_min: TlsVersion,
    /// The highest version that is offered.
    pub version_max: TlsVersion,
}

/// The system's roots, nothing of our own, every version that we speak.
impl Default for TlsSpec {
    fn default() -> Self {
        Self {
            ca: None,
            identity: None,
            server_name: None,
            insecure_skip_verify: false,
            version_min: TlsVersion::LOWEST,
            version_max: TlsVersion::HIGHEST,
        }
    }
}

/// Certificates in PEM: given in the file, or in a file of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pem {
    /// The text itself.
    Inline(String),
    /// A file that is read when a connection is made.
    File(PathBuf),
}

/// Versions of TLS that we speak. A server that has only 1.0 or 1.1 is reported as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TlsVersion {
    /// TLS 1.2.
    V1_2,
    /// TLS 1.3.
    V1_3,
}

/// The whole range: lowest first.
impl TlsVersion {
    /// The lowest that is spoken unless a module says otherwise.
    pub const LOWEST: Self = Self::V1_2;
    /// The highest.
    pub const HIGHEST: Self = Self::V1_3;
}
