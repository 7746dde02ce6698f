//! Adds what is known of installed packages: built-in stubs, and sources of a virtual environment.

use rustc_hash::FxHashSet;

use crate::discover::{Discovery, site_package_sources};
use crate::facts::ImportKind;
use crate::lower::{self, python::Depth};
use crate::project::modules::{ModuleIndex, Resolved};
use crate::project::{LinkInput, Part, stubs};
use crate::source::{SourceFile, Sym};

/// Packages that djperf knows from its own tables.
const BUILT_IN: &[&str] = &["django", "rest_framework"];

/// Appends stubs and package sources behind the project's files, in a fixed order.
pub(super) fn add(found: &mut Discovery, index: &ModuleIndex, inputs: &mut Vec<LinkInput>) {
    for (module, text) in stubs::all() {
        let path = format!("{}.pyi", module.replace('.', "/"));
        push(found, inputs, path, text, Sym::new(module), Part::Stub);
    }
    let Some(venv) = &found.venv else { return };
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
    let sources = site_package_sources(venv, &names);
    for source in sources {
        let module = module_of(&source.path);
        push(
            found,
            inputs,
            source.path.clone(),
            &source.text,
            module,
            Part::Package,
        );
    }
}

fn push(
    found: &mut Discovery,
    inputs: &mut Vec<LinkInput>,
    path: String,
    text: &str,
    module: Sym,
    part: Part,
) {
    let facts = lower::python::extract(text, Depth { bodies: true });
    found.sources.push(SourceFile::new(path.clone(), text.into()));
    inputs.push(LinkInput {
        path,
        part,
        facts,
        module: Some(module),
    });
}

fn module_of(path: &str) -> Sym {
    let stem = path.strip_suffix(".py").unwrap_or(path);
    let stem = stem.strip_suffix("/__init__").unwrap_or(stem);
    Sym::new(&stem.replace('/', "."))
}
