//! Byte offsets to 1-based lines and columns.

/// A 1-based line and column; the column counts Unicode characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

/// Offsets of line starts of one text.
#[derive(Debug)]
pub struct LineIndex {
    starts: Vec<u32>,
}

impl LineIndex {
    pub fn new(text: &str) -> Self {
        let bytes = text.as_bytes();
        let mut starts = vec![0];
        for (i, b) in bytes.iter().enumerate() {
            let ends = match b {
                b'\n' => true,
                b'\r' => bytes.get(i + 1) != Some(&b'\n'),
                _ => false,
            };
            if ends {
                starts.push(i as u32 + 1);
            }
        }
        Self { starts }
    }

    pub fn position(&self, text: &str, offset: u32) -> Position {
        let line = self.line_of(offset);
        let start = self.starts[line as usize - 1] as usize;
        let end = (offset as usize).min(text.len());
        let column = text.get(start..end).map_or(end - start, |s| s.chars().count());
        Position {
            line,
            column: column as u32 + 1,
        }
    }

    /// 1-based line that holds the offset.
    pub fn line_of(&self, offset: u32) -> u32 {
        self.starts.partition_point(|s| *s <= offset) as u32
    }

    pub fn line_count(&self) -> u32 {
        self.starts.len() as u32
    }

    /// Byte range of a 1-based line, its line break included.
    pub fn line_range(&self, text: &str, line: u32) -> (u32, u32) {
        let start = self
            .starts
            .get(line as usize - 1)
            .copied()
            .unwrap_or(text.len() as u32);
        let end = self
            .starts
            .get(line as usize)
            .copied()
            .unwrap_or(text.len() as u32);
        (start, end)
    }
}

#[cfg(test)]
mod tests {
    use super::{LineIndex, Position};

    #[test]
    fn columns_count_characters_and_crlf_is_one_break() {
        let text = "a\r\nðx = 1\rend\n";
        let index = LineIndex::new(text);
        assert_eq!(index.position(text, 0), Position { line: 1, column: 1 });
        assert_eq!(index.position(text, 5), Position { line: 2, column: 2 });
        assert_eq!(index.position(text, text.len() as u32).line, 4);
    }
}
