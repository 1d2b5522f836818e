//! Code on one line where it fits, on several where it does not.

/// Columns that a line should not exceed.
pub const WIDTH: usize = 100;

/// A piece of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// Never broken.
    Text(String),
    /// Text, code, text: `Some(`...`)`.
    Around(String, Box<Code>, String),
    /// Items between brackets, all on one line or each on its own.
    Group {
        /// The opening bracket, and what stands before it.
        open: String,
        /// Each with what stands before it: `name: `.
        items: Vec<(String, Code)>,
        /// The closing bracket.
        close: &'static str,
        /// Whether brackets keep a space from their items on one line.
        spaced: bool,
    },
}

/// How a language lays code out.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// One level of indentation.
    pub indent: &'static str,
    /// What stands behind the last item where each has a line of its own.
    pub last: &'static str,
    /// Columns that the items of spaced brackets may have on one line.
    pub spaced: usize,
}

impl Code {
    /// Code that is never broken.
    pub fn text(text: impl Into<String>) -> Self {
        Code::Text(text.into())
    }

    /// Code between two texts.
    pub fn around(before: impl Into<String>, inner: Code, after: impl Into<String>) -> Self {
        Code::Around(before.into(), Box::new(inner), after.into())
    }

    /// Items between brackets, with a space beside these.
    pub fn spaced(open: impl Into<String>, items: Vec<(String, Code)>, close: &'static str) -> Self {
        Code::Group { open: open.into(), items, close, spaced: true }
    }

    /// Items between brackets.
    pub fn tight(open: impl Into<String>, items: Vec<(String, Code)>, close: &'static str) -> Self {
        Code::Group { open: open.into(), items, close, spaced: false }
    }

    /// On one line.
    pub fn line(&self) -> String {
        match self {
            Code::Text(text) => text.clone(),
            Code::Around(before, inner, after) => format!("{before}{}{after}", inner.line()),
            Code::Group { open, items, close, .. } if items.is_empty() => format!("{open}{close}"),
            Code::Group { open, items, close, spaced } => {
                let items: Vec<String> = items.iter().map(|(name, code)| format!("{name}{}", code.line())).collect();
                let space = if *spaced { " " } else { "" };
                format!("{open}{space}{}{space}{close}", items.join(", "))
            }
        }
    }

    /// In a line that is indented by `level` and has `before` columns besides.
    pub fn laid_out(&self, style: Style, level: usize, before: usize) -> String {
        let indent = style.indent.replace('\t', "    ").len() * level;
        let line = self.line();
        if indent + before + line.len() < WIDTH && self.is_small(style) {
            return line;
        }
        self.broken(style, level)
    }

    fn is_small(&self, style: Style) -> bool {
        match self {
            Code::Text(_) => true,
            Code::Around(_, inner, _) => inner.is_small(style),
            Code::Group { open, items, close, spaced } => {
                let inner = self.line().len() - open.len() - close.len();
                (!spaced || inner <= style.spaced + 2) && items.iter().all(|(_, code)| code.is_small(style))
            }
        }
    }

    /// With each item of the outermost brackets on its own line.
    pub fn broken(&self, style: Style, level: usize) -> String {
        match self {
            Code::Text(text) => text.clone(),
            Code::Around(start, inner, after) => {
                format!("{start}{}{after}", inner.broken(style, level))
            }
            Code::Group { open, items, close, .. } if items.is_empty() => format!("{open}{close}"),
            Code::Group { open, items, close, spaced: false } if is_hugged(items) => {
                let inner = items.iter().map(|(_, code)| code.broken(style, level));
                format!("{open}{}{close}", inner.collect::<String>())
            }
            Code::Group { open, items, close, .. } => {
                let inner = style.indent.repeat(level + 1);
                let mut text = format!("{open}\n");
                for (place, (name, code)) in items.iter().enumerate() {
                    let comma = if place + 1 == items.len() { style.last } else { "," };
                    let code = code.laid_out(style, level + 1, name.len() + 1);
                    text.push_str(&format!("{inner}{name}{code}{comma}\n"));
                }
                text + &style.indent.repeat(level) + close
            }
        }
    }
}

/// Brackets around nothing but other brackets are broken together with these.
fn is_hugged(items: &[(String, Code)]) -> bool {
    matches!(items, [(name, Code::Group { .. } | Code::Around(..))] if name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const STYLE: Style = Style { indent: "    ", last: ",", spaced: 60 };

    fn record(items: usize) -> Code {
        let items = (0..items).map(|n| (format!("field_{n}: "), Code::text("0")));
        Code::around("Some(", Code::spaced("R {", items.collect(), "}"), ")")
    }

    #[test]
    fn what_fits_is_one_line() {
        assert_eq!(record(2).laid_out(STYLE, 1, 4), "Some(R { field_0: 0, field_1: 0 })");
        assert_eq!(record(0).laid_out(STYLE, 1, 4), "Some(R {})");
        assert_eq!(Code::tight("[", vec![(String::new(), Code::text("1"))], "]").line(), "[1]");
    }

    #[test]
    fn what_does_not_fit_is_broken_at_its_brackets() {
        let text = record(10).laid_out(STYLE, 1, 4);
        assert_eq!(text.lines().next(), Some("Some(R {"));
        assert_eq!(text.lines().nth(1), Some("        field_0: 0,"));
        assert_eq!(text.lines().last(), Some("    })"));
        assert_eq!(text.lines().count(), 12);
        let alone = Code::tight("vec![", vec![(String::new(), record(10))], "]").laid_out(STYLE, 1, 4);
        assert_eq!(alone, format!("vec![{text}]"));
    }
}
