//! PromQL with holes. A value that is filled in between quotes stays between them, whatever signs it
//! has: it can neither end the text nor add to the question. Outside of quotes it stands as it is.

use super::{Part, Template};
use crate::condition::Failed;
use crate::view::View;

impl Template {
    /// Fills it in as PromQL.
    ///
    /// # Errors
    /// The first hole that cannot be filled; and a value with a backtick between backticks, where
    /// PromQL has no way to write it.
    pub fn render_promql(&self, view: &dyn View) -> Result<String, Failed> {
        let mut text = String::with_capacity(self.source.len());
        let mut quote = Quote::default();
        for part in &self.parts {
            match part {
                Part::Text(range) => {
                    let piece = &self.source[range.clone()];
                    quote.read(piece);
                    text.push_str(piece);
                }
                Part::Hole(_, expression) => {
                    let value = self.filled(expression, view)?;
                    quote.fill(&value, &mut text).map_err(|it| it.of(self.written.as_ref()))?;
                }
            }
        }
        Ok(text)
    }
}

/// Between which quotes we stand.
#[derive(Clone, Copy, Debug, Default)]
struct Quote {
    open: Option<char>,
    /// A backslash has come, and its sign has not.
    escaped: bool,
    /// The rest of the line is a comment.
    comment: bool,
}

impl Quote {
    fn read(&mut self, text: &str) {
        for it in text.chars() {
            match (self.open, it) {
                (None, _) if self.comment => self.comment = it != '\n',
                (None, '#') => self.comment = true,
                (None, '"' | '\'' | '`') => self.open = Some(it),
                (Some(_), _) if self.escaped => self.escaped = false,
                (Some('"' | '\''), '\\') => self.escaped = true,
                (Some(open), _) if it == open => self.open = None,
                (None | Some(_), _) => {}
            }
        }
    }

    fn fill(self, value: &str, text: &mut String) -> Result<(), Failed> {
        match self.open {
            Some('`') if value.contains('`') => {
                let message = format!("`{value}` has a backtick: write the text between double quotes");
                return Err(Failed { message, no_answer: false, written: None });
            }
            None | Some('`') => text.push_str(value),
            Some(quote) => {
                for it in value.chars() {
                    match it {
                        '\n' => text.push_str("\\n"),
                        '\\' => text.push_str("\\\\"),
                        _ if it == quote => text.extend(['\\', it]),
                        _ => text.push(it),
                    }
                }
            }
        }
        Ok(())
    }
}
