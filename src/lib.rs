//! Fingerpost asks targets, judges what it saw, and points a person at the step of the runbook
//! where they must act.
//!
//! The modules stand here in reading order, and a module uses only those above it (a test holds
//! that). Facts say what was seen, judgement says what it means, edges move bytes. Facts and
//! judgement are pure: time, randomness and text come to them as arguments.

// Facts: what there is to ask, and what was seen.
pub mod moment;
pub mod labels;
pub mod relabel;
pub mod target;
pub mod dns;
pub mod spec;
pub mod exposition;
pub mod outcome;
pub mod text;

// Judgement: what it means, and which way to point.
pub mod cause;
pub mod schedule;
pub mod runbook;
pub mod view;
pub mod condition;
pub mod template;
pub mod plan;
pub mod rules;
pub mod advice;
pub mod board;
pub mod rule;
pub mod notification;
pub mod engine;
pub mod config;

// Edges: bytes in, bytes out.
pub mod files;
pub mod store;
pub mod dial;
pub mod prometheus;
pub mod vantage;
pub mod others;
pub mod discovery;
pub mod probe;
pub mod sink;
pub mod serve;
pub mod scenario;
pub mod app;
pub mod demo;
pub mod cli;
