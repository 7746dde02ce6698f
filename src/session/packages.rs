//! Adds what is known of installed packages: built-in stubs, and sources of a virtual environment.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::discover::{Discovery, site_package_sources};
use crate::facts::{FileFacts, ImportKind};
use crate::project::modules::{ModuleIndex, Resolved};
use crate::project::{LinkInput, Part, stubs};
use crate::source::{SourceFile, Sym};

use super::cache::Mark;
use super::reader::{Reader, Way};

/// Packages that djperf knows from its own tables.
const BUILT_IN: &[&str] = &["django", "rest_framework"];

/// Appends stubs and package sources behind the project's files, in a fixed order. Returns their marks.
pub(super) fn add(
    found: &mut Discovery,
    index: &ModuleIndex,
    inputs: &mut Vec<LinkInput>,
    reader: Reader<'_>,
) -> Vec<Mark> {
    let stubs = stubs::all().iter().map(|(module, text)| Package {
        path: format!("{}.pyi", module.replace('.', "/")),
        text: (*text).into(),
        module: Sym::new(module),
        part: Part::Stub,
    });
    let mut all: Vec<Package> = stubs.collect();
    all.extend(installed(found, index, inputs));
    let read: Vec<(FileFacts, Mark)> = all
        .par_iter()
        .map(|package| reader.read(Way::Python, &package.text))
        .collect();
    let mut marks = Vec::new();
    for (package, (facts, mark)) in all.into_iter().zip(read) {
        let Package {
            path,
            text,
            module,
            part,
        } = package;
        found.sources.push(SourceFile::new(path.clone(), text));
        inputs.push(LinkInput {
            path,
            part,
            facts,
            module: Some(module),
        });
        marks.push(mark);
    }
    marks
}

/// A file that is no part of the project.
struct Package {
    path: String,
    text: Arc<str>,
    module: Sym,
    part: Part,
}

/// The sources that a virtual environment has of the packages that the project imports.
fn installed(found: &Discovery, index: &ModuleIndex, inputs: &[LinkInput]) -> Vec<Package> {
    let Some(venv) = &found.venv else {
        return Vec::new();
    };
    let mut names: Vec<&str> = Vec::new();
    let mut seen: FxHashSet<&str> = FxHashSet::default();
    for input in inputs
        .iter()
        .filter(|i| matches!(i.part, Part::Source | Part::Command))
    {
        for import in input.facts.imports.iter().filter(|i| i.level == 0) {
            let top = match import.kind {
                ImportKind::Module { .. } | ImportKind::From { .. } | ImportKind::Star => {
                    import.module.as_str().split('.').next().unwrap_or_default()
                }
            };
            if seen.insert(top)
                && !BUILT_IN.contains(&top)
                && index.resolve_absolute(top) == Resolved::External
            {
                names.push(top);
            }
        }
    }
    names.sort_unstable();
    let sources = site_package_sources(venv, &names).into_iter();
    let packages = sources.map(|source| Package {
        module: module_of(&source.path),
        path: source.path,
        text: source.text,
        part: Part::Package,
    });
    packages.collect()
}

fn module_of(path: &str) -> Sym {
    let stem = path.strip_suffix(".py").unwrap_or(path);
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    Sym::new(&stem.replace('/', "."))
}
