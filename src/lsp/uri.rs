//! Addresses of files: `file:` URIs to paths and back.

use std::path::{Path, PathBuf};

use gen_lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// What stands in a path of a URI as it is.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// The absolute path of a file; nothing for other schemes, such as those of unsaved or virtual documents.
pub(super) fn path(uri: &Uri) -> Option<PathBuf> {
    let (scheme, rest) = uri.0.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let rest = rest.split(['?', '#']).next()?;
    let rest = match rest.strip_prefix("//") {
        // Behind the name of a host, which is this one.
        Some(behind) => &behind[behind.find('/')?..],
        None => rest,
    };
    let text = percent_decode_str(rest).decode_utf8().ok()?;
    if text.contains('\0') {
        return None;
    }
    let text = match text.as_bytes() {
        // `/c:/…`
        [b'/', drive, b':', ..] if cfg!(windows) && drive.is_ascii_alphabetic() => &text[1..],
        _ => &text,
    };
    let path = Path::new(text);
    path.is_absolute()
        .then(|| crate::discover::absolute(Path::new("/"), path))
}

/// The URI of an absolute path.
pub(super) fn of(path: &Path) -> Uri {
    let text = path.to_string_lossy().replace('\\', "/");
    let lead = if text.starts_with('/') { "" } else { "/" };
    Uri(format!("file://{lead}{}", utf8_percent_encode(&text, KEPT)))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use gen_lsp_types::Uri;

    use super::{of, path};

    #[cfg(unix)]
    #[test]
    fn paths_and_back() {
        for text in ["/a/b.py", "/a b/ü%/[id]#x?.html", "/"] {
            assert_eq!(path(&of(Path::new(text))), Some(PathBuf::from(text)), "{text}");
        }
        let known = |uri: &str| path(&Uri::from(uri));
        assert_eq!(known("file:///a/%C3%BC/x.py"), Some(PathBuf::from("/a/ü/x.py")));
        assert_eq!(known("FILE://localhost/a.py"), Some(PathBuf::from("/a.py")));
        assert_eq!(known("file:/a/../b.py"), Some(PathBuf::from("/b.py")));
        for other in [
            "untitled:Untitled-1",
            "git:/a.py",
            "file:",
            "file://",
            "file:a.py",
            "",
            "file:///%ff",
        ] {
            assert_eq!(known(other), None, "{other}");
        }
    }
}
