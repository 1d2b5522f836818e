//! Reference pages made from the code's own tables, so that they cannot disagree with it.

use clap::ValueEnum;

/// The pages there are.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Page {
    /// The keys of pipeline.toml: docs/pipeline.toml.md.
    PipelineToml,
    /// The metrics: docs/metrics.md.
    Metrics,
}

/// The page's Markdown.
pub(super) fn page(page: Page) -> String {
    match page {
        Page::PipelineToml => crate::config::reference(),
        Page::Metrics => crate::telemetry::catalog::reference(),
    }
}
