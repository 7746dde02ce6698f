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

/// Bytes of names and numbers.
const WORD: [bool; 256] = {
    let mut word = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        word[byte] = byte >= 0x80 || byte == b'_' as usize || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    word
};

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
            if WORD[byte as usize] {
                self.word();
                continue;
            }
            match byte {
                b' ' | b'\t' => self.at += 1,
                b'\n' | b'\r' => {
                    if self.is_over() {
                        return true;
                    }
                    self.at += 1;
                    if self.open.is_empty() {
                        (self.chain, self.total, self.lambdas) = (0, 0, 0);
                        self.indentation();
                    }
                }
                b'\\' => self.escape(),
                b'#' => self.skip(|byte| byte != b'\n' && byte != b'\r'),
                b'"' | b'\'' => self.string(false),
                b'(' | b'[' | b'{' => {
                    self.at += 1;
                    self.open.push(self.chain);
                    self.chain = 0;
                    if self.is_over() {
                        return true;
                    }
                }
                b')' | b']' | b'}' => {
                    if self.is_over() {
                        return true;
                    }
                    self.at += 1;
                    if let Some(outer) = self.open.pop() {
                        self.total -= self.chain;
                        self.chain = outer;
                    }
                    self.count(1);
                }
                b',' => {
                    if self.is_over() {
                        return true;
                    }
                    self.at += 1;
                    self.total -= self.chain;
                    self.chain = 0;
                }
                _ => {
                    self.at += 1;
                    self.count(1);
                }
            }
        }
        self.is_over()
    }

    /// Asked wherever a count grows for the last time before it may shrink.
    fn is_over(&self) -> bool {
        self.total > MAX_CHAIN
            || self.open.len() > MAX_BRACKETS
            || self.indents.len() > MAX_INDENTS
            || self.lambdas > MAX_LAMBDAS
    }

    fn count(&mut self, tokens: u32) {
        self.chain += tokens;
        self.total += tokens;
    }

    fn word(&mut self) {
        let start = self.at;
        self.skip(|byte| WORD[byte as usize]);
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

    fn skip(&mut self, passes: impl Fn(u8) -> bool) {
        let rest = &self.bytes[self.at..];
        self.at += rest.iter().position(|byte| !passes(*byte)).unwrap_or(rest.len());
    }

    /// A backslash and what it escapes, a line end of two bytes included.
    fn escape(&mut self) {
        let escaped = if self.bytes[self.at + 1..].starts_with(b"\r\n") {
            3
        } else {
            2
        };
        self.at = (self.at + escaped).min(self.bytes.len());
    }

    fn string(&mut self, interpolated: bool) {
        let quote = self.bytes[self.at];
        let triple = self.bytes[self.at..].starts_with(&[quote; 3]);
        self.at += if triple { 3 } else { 1 };
        let start = self.at;
        loop {
            self.skip(|byte| byte != quote && byte != b'\\' && byte != b'\n' && byte != b'\r');
            match self.bytes.get(self.at) {
                None => break,
                Some(b'\\') => self.escape(),
                Some(b'\n' | b'\r') if !triple => break,
                Some(&byte)
                    if byte == quote && (!triple || self.bytes[self.at..].starts_with(&[quote; 3])) =>
                {
                    break;
                }
                Some(_) => self.at += 1,
            }
        }
        if interpolated {
            self.interpolations(start, self.at);
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
        assert_eq!(too_deep(&format!("x = 'a\\\r\n{}'", "[".repeat(2000))), None);
        assert_eq!(too_deep("x = 'abc\\"), None);
        assert_eq!(too_deep("\\"), None);
        assert_eq!(too_deep(&format!("x = 'a\\\r\n{}'", "[".repeat(2000))), None);
    }
}
