//! Names for findings that survive edits elsewhere in the file: no line numbers go in.

use rustc_hash::FxHashMap;

use super::diagnostic::Diagnostic;
use crate::source::SourceSet;

/// One fingerprint a diagnostic, in order: 16 hexadecimal digits, unique within the run.
pub fn fingerprints(sources: &SourceSet, diagnostics: &[Diagnostic]) -> Vec<String> {
    let mut seen: FxHashMap<u64, u64> = FxHashMap::default();
    diagnostics
        .iter()
        .map(|diagnostic| {
            let base = base(sources, diagnostic);
            let occurrence = seen.entry(base.0).or_default();
            let mut hash = base;
            if *occurrence > 0 {
                hash.add(&occurrence.to_string());
            }
            *occurrence += 1;
            format!("{:016x}", hash.0)
        })
        .collect()
}

fn base(sources: &SourceSet, diagnostic: &Diagnostic) -> Fnv {
    let file = sources.get(diagnostic.file);
    let mut hash = Fnv::new();
    hash.add(diagnostic.rule);
    hash.add(&file.path);
    hash.add(diagnostic.model.as_deref().unwrap_or(""));
    for list in [&diagnostic.relations, &diagnostic.fields] {
        hash.add(&list.len().to_string());
        for item in list {
            hash.add(item);
        }
    }
    for word in file.slice(diagnostic.span).split_whitespace() {
        hash.add(word);
    }
    hash
}

/// FNV-1a: the same on every machine and in every release.
#[derive(Clone, Copy)]
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn add(&mut self, part: &str) {
        for byte in part.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fingerprints;
    use crate::report::json::tests::{diagnostic, sources};

    #[test]
    fn lines_above_do_not_matter_and_twins_differ() {
        let text = "x = Order.objects.all()\n";
        let moved = format!("# a comment\n\n{text}");
        let before = fingerprints(
            &sources(&[("a.py", text)]),
            &[diagnostic(text, "Order.objects.all()")],
        );
        let after = fingerprints(
            &sources(&[("a.py", &moved)]),
            &[diagnostic(&moved, "Order.objects.all()")],
        );
        assert_eq!(before, after);
        assert_eq!(before[0].len(), 16);

        let one = diagnostic(text, "Order.objects.all()");
        let twins = fingerprints(&sources(&[("a.py", text)]), &[one.clone(), one.clone()]);
        assert_ne!(twins[0], twins[1]);
        let elsewhere = fingerprints(&sources(&[("b.py", text)]), &[one]);
        assert_ne!(before, elsewhere);
    }
}
