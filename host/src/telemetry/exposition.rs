//! The two text formats of `/metrics`.
//!
//! OpenMetrics is what [`Exporter::render`](super::metrics::Exporter::render) writes and what Prometheus asks for. The
//! older Prometheus format, which people and older tools get, differs in a few comment lines only.

/// A text format of metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposition {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus text 0.0.4.
    Prometheus,
}

impl Exposition {
    /// The format for the value of an HTTP `Accept` header.
    pub fn accepted(accept: &str) -> Self {
        let open = accept.split(',').filter_map(|range| range.split(';').next());
        if open.map(str::trim).any(|kind| kind.eq_ignore_ascii_case("application/openmetrics-text")) {
            Exposition::OpenMetrics
        } else {
            Exposition::Prometheus
        }
    }

    /// The value of the `Content-Type` header.
    pub fn content_type(self) -> &'static str {
        match self {
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Exposition::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Turns OpenMetrics text into this format.
    pub fn convert(self, open_metrics: String) -> String {
        match self {
            Exposition::OpenMetrics => open_metrics,
            Exposition::Prometheus => prometheus(&open_metrics),
        }
    }
}

/// The older format names a counter in its comments as in its samples, and has no end mark.
fn prometheus(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 1024);
    let mut help: Option<(&str, &str)> = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = Some(rest.split_once(' ').unwrap_or((rest, "")));
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let total = if kind == "counter" { "_total" } else { "" };
            if let Some((_, words)) = help.take() {
                out.extend(["# HELP ", name, total, " ", words, "\n"]);
            }
            out.extend(["# TYPE ", name, total, " ", kind, "\n"]);
        } else if !line.starts_with('#') {
            out.extend([line, "\n"]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_chooses_the_format() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        assert_eq!(Exposition::accepted(prometheus), Exposition::OpenMetrics);
        for accept in ["", "*/*", "text/plain", "text/html,application/xhtml+xml"] {
            assert_eq!(Exposition::accepted(accept), Exposition::Prometheus, "{accept}");
        }
    }

    #[test]
    fn only_comments_differ() {
        let open = "# HELP a Counts a.\n# TYPE a counter\na_total{x=\"# HELP\"} 1\n\
                    # HELP b_seconds How long.\n# TYPE b_seconds gauge\n# UNIT b_seconds seconds\nb_seconds 2\n# EOF\n";
        assert_eq!(
            Exposition::Prometheus.convert(open.to_owned()),
            "# HELP a_total Counts a.\n# TYPE a_total counter\na_total{x=\"# HELP\"} 1\n\
             # HELP b_seconds How long.\n# TYPE b_seconds gauge\nb_seconds 2\n"
        );
        assert_eq!(Exposition::OpenMetrics.convert(open.to_owned()), open);
    }
}
