//! Trees of the few files that get a fix, parsed again on demand.
//!
//! A file with a syntax error has no tree here, and so no fix. Templates have none either; their fixes find their
//! places in the facts.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::source::{FileId, SourceSet};
use crate::syntax::python::Module;

/// Parses files of one [`SourceSet`], each once.
pub struct Trees<'a> {
    sources: &'a SourceSet,
    parsed: RefCell<FxHashMap<FileId, Option<Rc<Module>>>>,
}

impl<'a> Trees<'a> {
    pub fn new(sources: &'a SourceSet) -> Self {
        Self {
            sources,
            parsed: RefCell::default(),
        }
    }

    /// Whether there is such a file.
    pub fn holds(&self, file: FileId) -> bool {
        (file.0 as usize) < self.sources.len()
    }

    /// The text of a file.
    pub fn text(&self, file: FileId) -> &'a str {
        &self.sources.get(file).text
    }

    /// Whether a file may be edited: a template, or Python without syntax errors.
    pub fn editable(&self, file: FileId) -> bool {
        !is_python(&self.sources.get(file).path) || self.get(file).is_some()
    }

    /// The tree of a Python file without syntax errors.
    pub fn get(&self, file: FileId) -> Option<Rc<Module>> {
        let mut parsed = self.parsed.borrow_mut();
        let tree = parsed.entry(file).or_insert_with(|| {
            let path = &self.sources.get(file).path;
            is_python(path)
                .then(|| whole(self.text(file)))
                .flatten()
                .map(Rc::new)
        });
        tree.clone()
    }
}

/// Whether a text is Python without syntax errors.
pub fn parses(text: &str) -> bool {
    whole(text).is_some()
}

/// Whether a changed text is as good as the old one: Python without errors, or a template with no more of them.
pub fn still_parses(path: &str, old: &str, new: &str) -> bool {
    if is_python(path) {
        return parses(new);
    }
    let errors = |text: &str| crate::syntax::template::django::parse(text).errors.len();
    errors(new) <= errors(old)
}

fn is_python(path: &str) -> bool {
    path.ends_with(".py") || path.ends_with(".pyi")
}

fn whole(text: &str) -> Option<Module> {
    let module = Module::parse(text).ok()?;
    let whole = module.errors().next().is_none();
    whole.then_some(module)
}
