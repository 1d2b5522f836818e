//! What an operator sees: logs, metrics, health, and the endpoint that serves them.
//!
//! Nothing here knows the pipeline. Stages hold handles from [`metrics`] and [`health`]; the command line wires them.

pub mod printable;
pub mod repeats;
pub mod line;
pub mod logs;
pub mod capture;
pub mod histogram;
pub mod catalog;
mod series;
pub mod guest_series;
pub mod metrics;
pub mod exposition;
pub mod health;
pub mod admin;
