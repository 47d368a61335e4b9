//! The real programs that the daemon works with, and the daemon itself, each on a free port of
//! loopback with a folder of its own. Here alone the tests wait, and never without a limit.
//!
//! A program that is not installed is named and its test skipped; with `CI=true` it is a failure.

pub(crate) mod alertmanager;
pub(crate) mod blackbox_exporter;
pub(crate) mod daemon;
pub(crate) mod door;
pub(crate) mod http;
pub(crate) mod network;
pub(crate) mod nginx;
pub(crate) mod node_exporter;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod shipped;
pub(crate) mod unbound;

#[cfg(test)]
mod tests;
