//! Which texts speak of indexes in SQL. Reads no SQL; that is for whoever knows tables.

/// Whether a text holds `CREATE [UNIQUE] INDEX` or `DROP INDEX`, in any case.
pub(super) fn is_about_indexes(text: &str) -> bool {
    let bytes = text.as_bytes();
    let starts = |at: usize| {
        bytes[at..]
            .get(..5)
            .is_some_and(|word| word.eq_ignore_ascii_case(b"index"))
    };
    (1..bytes.len()).any(|at| {
        starts(at)
            && bytes[at - 1].is_ascii_whitespace()
            && match last_word(&bytes[..at]) {
                (b"unique", before) => last_word(before).0 == b"create",
                (word, _) => word == b"create" || word == b"drop",
            }
    })
}

/// The last word of a text if it is one of few, in lower case, and what stands before it.
fn last_word(text: &[u8]) -> (&'static [u8], &[u8]) {
    let text = text.trim_ascii_end();
    let words: [&[u8]; 3] = [b"create", b"unique", b"drop"];
    for word in words {
        if let Some(before) = text.len().checked_sub(word.len())
            && text[before..].eq_ignore_ascii_case(word)
        {
            return (word, &text[..before]);
        }
    }
    (b"", text)
}

#[cfg(test)]
mod tests {
    use super::is_about_indexes;

    #[test]
    fn statements_and_prose() {
        assert!(is_about_indexes("-- fast\nCREATE  Unique\n INDEX x ON t (a)"));
        assert!(is_about_indexes("drop index concurrently x"));
        assert!(!is_about_indexes(
            "Creates an index, and drops no index at all. Unique index."
        ));
        assert!(!is_about_indexes("index"));
    }
}
