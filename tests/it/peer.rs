//! The real programs that the daemon works with, and the daemon itself, each on a free port of
//! loopback with a folder of its own. Here alone the tests wait, and never without a limit.
//!
//! A program that is not installed is named and its test skipped; with `CI=true` it is a failure.

mod alertmanager;
mod http;
mod nginx;
mod node_exporter;
mod process;
mod prometheus;

#[cfg(test)]
mod tests;
