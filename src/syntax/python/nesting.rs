//! Measures how deep a tree could get before anybody builds it.
//!
//! Works on raw bytes and knows only strings, comments, brackets and indentation; where it is not
//! sure it overestimates.

/// Brackets inside brackets; CPython stops at 200.
const MAX_BRACKETS: usize = 1000;
/// Blocks inside blocks; CPython stops at 100.
const MAX_INDENTS: usize = 200;
/// Tokens that could each hang one level deeper: operator chains, `a.b().c()`, `not not x`.
const MAX_CHAIN: u32 = 100_000;
/// Lambdas in one logical line; the commas of their parameters hide how they nest.
const MAX_LAMBDAS: u32 = 10_000;

/// Where nesting gets too deep to parse and walk, if it does.
pub(super) fn too_deep(text: &str) -> Option<u32> {
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        open: Vec::new(),
        chain: 0,
        total: 0,
        lambdas: 0,
        indents: vec![],
    };
    scan.run().then_some(scan.at.min(text.len()) as u32)
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    /// Tokens since the last comma, for each bracket around the current one.
    open: Vec<u32>,
    /// Tokens since the last comma in the innermost bracket.
    chain: u32,
    /// Sum of `open` and `chain`.
    total: u32,
    lambdas: u32,
    indents: Vec<u32>,
}

impl Scan<'_> {
    fn run(&mut self) -> bool {
        self.indentation();
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | 0x80.. => self.word(),
                b'\n' | b'\r' => {
                    self.at += 1;
                    if self.open.is_empty() {
                        (self.chain, self.total, self.lambdas) = (0, 0, 0);
                        self.indentation();
                    }
                }
                b'\\' => {
                    self.at += if self.bytes[self.at + 1..].starts_with(b"\r\n") {
                        3
                    } else {
                        2
                    }
                }
                b'#' => self.comment(),
                b'"' | b'\'' => self.string(false),
                b'(' | b'[' | b'{' => {
                    self.at += 1;
                    self.open.push(self.chain);
                    self.chain = 0;
                }
                b')' | b']' | b'}' => {
                    self.at += 1;
                    if let Some(outer) = self.open.pop() {
                        self.total -= self.chain;
                        self.chain = outer;
                    }
                    self.count(1);
                }
                b',' => {
                    self.at += 1;
                    self.total -= self.chain;
                    self.chain = 0;
                }
                _ => {
                    self.at += 1;
                    self.count(1);
                }
            }
            if self.total > MAX_CHAIN
                || self.open.len() > MAX_BRACKETS
                || self.indents.len() > MAX_INDENTS
                || self.lambdas > MAX_LAMBDAS
            {
                return true;
            }
        }
        false
    }

    fn count(&mut self, tokens: u32) {
        self.chain += tokens;
        self.total += tokens;
    }

    fn word(&mut self) {
        let start = self.at;
        while self
            .bytes
            .get(self.at)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80)
        {
            self.at += 1;
        }
        let word = &self.bytes[start..self.at];
        if word.len() <= 2
            && matches!(self.bytes.get(self.at), Some(b'"' | b'\''))
            && word.iter().all(|b| b"rRbBuUfFtT".contains(b))
        {
            self.string(word.iter().any(|b| b"fFtT".contains(b)));
            return;
        }
        if word == b"lambda" {
            self.lambdas += 1;
        }
        self.count(1);
    }

    fn comment(&mut self) {
        while self
            .bytes
            .get(self.at)
            .is_some_and(|b| !matches!(b, b'\n' | b'\r'))
        {
            self.at += 1;
        }
    }

    fn string(&mut self, interpolated: bool) {
        let quote = self.bytes[self.at];
        let triple = self.bytes[self.at..].starts_with(&[quote; 3]);
        self.at += if triple { 3 } else { 1 };
        let start = self.at;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 1,
                b'\n' | b'\r' if !triple => break,
                _ if byte == quote && (!triple || self.bytes[self.at..].starts_with(&[quote; 3])) => break,
                _ => {}
            }
            self.at += 1;
        }
        let end = self.at.min(self.bytes.len());
        if interpolated {
            self.interpolations(start, end);
        }
        if self.bytes.get(self.at) == Some(&quote) {
            self.at += if triple { 3 } else { 1 };
        }
    }

    /// Counts what stands between the braces of an f-string.
    fn interpolations(&mut self, start: usize, end: usize) {
        let mut depth = 0usize;
        let mut deepest = 0;
        let mut tokens = 0;
        for &byte in &self.bytes[start..end] {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                b'(' | b'[' if depth > 0 => depth += 1,
                b')' | b']' if depth > 1 => depth -= 1,
                _ => {}
            }
            deepest = deepest.max(depth);
            tokens += u32::from(depth > 0 && byte != b' ');
        }
        self.count(tokens);
        if deepest + self.open.len() > MAX_BRACKETS {
            self.lambdas = MAX_LAMBDAS + 1;
        }
    }

    fn indentation(&mut self) {
        let mut column = 0;
        while let Some(&byte) = self.bytes.get(self.at) {
            match byte {
                b' ' => column += 1,
                b'\t' => column = (column / 8 + 1) * 8,
                0x0c => column = 0,
                b'\n' | b'\r' | b'#' => return,
                _ => break,
            }
            self.at += 1;
        }
        while self.indents.last().is_some_and(|outer| *outer > column) {
            self.indents.pop();
        }
        if column > 0 && self.indents.last() != Some(&column) {
            self.indents.push(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::too_deep;

    #[test]
    fn deep_text_is_found_and_ordinary_text_is_not() {
        let nested = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
        assert_eq!(too_deep(&nested(1000)), None);
        assert_eq!(too_deep(&nested(1001)), Some(1001));
        assert_eq!(
            too_deep(&format!("x = '{}' # {}", nested(2000), nested(2000))),
            None
        );
        assert!(too_deep(&format!("f'{{{}}}'", nested(2000))).is_some());
        assert!(too_deep(&"a+".repeat(100_000)).is_some());
        assert!(too_deep(&"lambda a, b: ".repeat(20_000)).is_some());
        assert_eq!(too_deep(&format!("[{}]", "a+b, ".repeat(100_000))), None);
        assert_eq!(too_deep(&"a = b + c\n".repeat(100_000)), None);
        assert_eq!(too_deep(&"))))".repeat(100)), None);
        let blocks = |n: usize| {
            (0..n)
                .map(|i| format!("{}if a:\n", " ".repeat(i)))
                .collect::<String>()
        };
        assert_eq!(too_deep(&blocks(150)), None);
        assert!(too_deep(&blocks(300)).is_some());
        assert_eq!(too_deep("x = 'abc\\"), None);
        assert_eq!(too_deep("\\"), None);
    }
}
