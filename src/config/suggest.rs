//! "Did you mean": the known word nearest to an unknown one.

/// The known word that resembles `word` most, when one does.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_ascii_lowercase();
    let known: Vec<&str> = known.into_iter().collect();
    let folded: Vec<String> = known.iter().map(|k| k.to_ascii_lowercase()).collect();
    let words: Vec<&str> = folded.iter().map(String::as_str).collect();
    let near = *similar::get_close_matches(lower.as_str(), &words, 1, 0.6).first()?;
    folded.iter().position(|k| k == near).map(|i| known[i])
}

/// `, did you mean …?` or nothing.
pub(super) fn hint<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known).map_or_else(String::new, |near| format!(", did you mean `{near}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_words_are_offered_and_far_ones_are_not() {
        let known = ["related-access-in-loop", "query-in-loop", "DJP101"];
        assert_eq!(
            nearest("related-acess-in-loop", known),
            Some("related-access-in-loop")
        );
        assert_eq!(nearest("djp101", known), Some("DJP101"));
        assert_eq!(nearest("zzz", known), None);
    }
}
