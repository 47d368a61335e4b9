//! What a gRPC health check showed.

use serde::Serialize;

/// What a gRPC health check showed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct GrpcFacts {
    /// The code that ended the call, from 0 (it is well) to 16; other numbers as they came.
    pub status: u32,
    /// What was said of it: the server's message, or what stands where there should be gRPC.
    pub message: String,
    /// What the health service says; none where the call failed.
    pub serving: Option<Serving>,
}

/// What a health service says of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Serving {
    /// It does not say, or says what nobody has a word for.
    Unknown,
    /// It serves.
    Serving,
    /// It does not serve.
    NotServing,
    /// It has no such service.
    ServiceUnknown,
}

impl Serving {
    /// All of them, by the numbers they have on the wire.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::Serving, Self::NotServing, Self::ServiceUnknown];

    /// The word that gRPC and metrics have for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Serving => "SERVING",
            Self::NotServing => "NOT_SERVING",
            Self::ServiceUnknown => "SERVICE_UNKNOWN",
        }
    }
}

/// The word for a code that ends a call; empty for a number that has none.
pub fn grpc_status_name(status: u32) -> &'static str {
    let at = usize::try_from(status).unwrap_or(usize::MAX);
    GRPC_STATUSES.get(at).copied().unwrap_or_default()
}

/// The codes of gRPC, by their numbers.
const GRPC_STATUSES: [&str; 17] = [
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
];
