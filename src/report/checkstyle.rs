//! The report of Checkstyle, which Jenkins and Gerrit read.

use super::View;
use super::place::Place;
use super::xml::{document, element, empty};

/// The version of Checkstyle whose report this is; readers ask for one.
const VERSION: &str = "4.3";

/// All findings as one document.
pub(super) fn render(view: &View<'_>) -> String {
    document(|xml| {
        element(xml, "checkstyle", &[("version", VERSION)], |xml| {
            for group in view.diagnostics.chunk_by(|a, b| a.file == b.file) {
                let path = &view.sources.get(group[0].file).path;
                element(xml, "file", &[("name", path)], |xml| {
                    for diagnostic in group {
                        let at = Place::of(view.sources, diagnostic.site());
                        let attributes = [
                            ("line", &*at.start.line.to_string()),
                            ("column", &*at.start.column.to_string()),
                            ("severity", diagnostic.severity.as_str()),
                            ("message", &diagnostic.message),
                            ("source", &format!("djperf.{}", diagnostic.code)),
                        ];
                        empty(xml, "error", &attributes)?;
                    }
                    Ok(())
                })?;
            }
            Ok(())
        })
    })
}
