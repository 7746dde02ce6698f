//! The facts of all files, linked into one immutable project.
//!
//! Answers "what does this name mean here", "what are this class's bases" and "what does this
//! attribute of this model lead to". It follows no values and runs no code; that is `analysis`.

mod bases;
mod classes;
pub mod columns;
pub mod fields;
mod graph;
pub mod hints;
pub mod indexes;
mod link;
mod managers;
mod meta;
pub mod middleware;
pub mod migrations;
pub mod models;
pub mod modules;
mod names;
mod paths;
mod relations;
pub mod settings;
pub mod stubs;
pub mod templates;
#[cfg(test)]
mod testing;
pub mod urls;
mod visitors;

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::facts::{ClassFacts, FileFacts};
use crate::ir::{ClassIdx, FuncIdx, Routine};
use crate::source::{FileId, Site, Span, Sym};

pub use classes::{ClassRef, Member};
pub use columns::{Column, ColumnKind};
pub use indexes::{Index, IndexColumn, IndexOrigin};
pub use link::{LinkInput, link};
pub use models::{Between, Field, Generic, Meta, Model, ModelAttr, RelKind, Relation, Target};
pub use names::Def;
pub use paths::Hop;

use hints::DjangoHints;
use modules::ModuleIndex;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
        pub struct $name(pub u32);
    };
}
id!(
    /// A class of the project, of a stub or of an installed package.
    ClassId
);
id!(
    /// A function, method, lambda or module body.
    FuncId
);
id!(ModelId);
id!(
    /// A relation field of one model; abstract fields have one per inheriting model.
    RelId
);

/// What part of the project a file plays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    Source,
    /// A management command or script: rarely in the request path.
    Command,
    Test,
    Migration,
    /// A template: no Python.
    Template,
    /// Built-in knowledge of a library.
    Stub,
    /// An installed package.
    Package,
}

/// One file of the project.
#[derive(Debug)]
pub struct File {
    pub facts: FileFacts,
    /// Dotted module name; the path for templates.
    pub module: Sym,
    pub part: Part,
    /// `/`-separated path, for choosing the nearest of several candidates.
    pub path: String,
}

/// A class with its bases resolved.
#[derive(Debug)]
pub struct Class {
    pub file: FileId,
    pub idx: ClassIdx,
    /// `module.qualname`.
    pub dotted: Sym,
    pub bases: Vec<ClassRef>,
    /// Method resolution order, this class first.
    pub mro: Vec<ClassRef>,
    /// A base could not be resolved.
    pub open: bool,
    pub model: Option<ModelId>,
    pub(crate) members: FxHashMap<Sym, Member>,
}

/// The linked project.
#[derive(Debug)]
pub struct Project {
    files: Vec<File>,
    modules: ModuleIndex,
    stub_modules: FxHashMap<Sym, FileId>,
    scopes: Vec<FxHashMap<Sym, Def>>,
    stars: Vec<Vec<Def>>,
    funcs: Vec<(FileId, FuncIdx)>,
    func_base: Vec<u32>,
    classes: Vec<Class>,
    class_base: Vec<u32>,
    classes_by_name: FxHashMap<Sym, Vec<ClassId>>,
    pub hints: DjangoHints,
    models: Vec<Model>,
    relations: Vec<Relation>,
    labels: FxHashMap<Sym, Vec<ModelId>>,
    /// Lookup paths that the code eager-loads somewhere, each with its sub-paths, by file.
    eager_paths: FxHashMap<Sym, Vec<FileId>>,
    templates: templates::Templates,
    urls: urls::Urls,
    /// Made when somebody asks for them.
    tables: OnceLock<indexes::Tables>,
    settings: OnceLock<settings::Settings>,
}

impl Project {
    pub fn file(&self, id: FileId) -> &File {
        &self.files[id.0 as usize]
    }

    /// Puts facts in the place of a file's, where both declare the same at the same places.
    pub fn replace_bodies(&mut self, id: FileId, facts: FileFacts) {
        self.files[id.0 as usize].facts = facts;
    }

    /// Takes the facts of all files, in their order; what is left has no files.
    pub fn take_facts(&mut self) -> impl Iterator<Item = FileFacts> + use<> {
        let files = std::mem::take(&mut self.files);
        files.into_iter().map(|file| file.facts)
    }

    /// Links the project anew with other facts of one file.
    pub fn relink_with(&mut self, id: FileId, facts: FileFacts) {
        let given = |part| matches!(part, Part::Stub | Part::Package);
        let mut inputs: Vec<LinkInput> = std::mem::take(&mut self.files)
            .into_iter()
            .map(|file| LinkInput {
                module: given(file.part).then_some(file.module),
                path: file.path,
                part: file.part,
                facts: file.facts,
            })
            .collect();
        inputs[id.0 as usize].facts = facts;
        *self = link(
            inputs,
            std::mem::take(&mut self.modules),
            std::mem::take(&mut self.hints),
        );
    }

    pub fn file_count(&self) -> usize {
        self.files.len()
    }

    pub fn file_ids(&self) -> impl Iterator<Item = FileId> + use<> {
        (0..self.files.len() as u32).map(FileId)
    }

    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.0 as usize]
    }

    pub fn class_ids(&self) -> impl Iterator<Item = ClassId> + use<> {
        (0..self.classes.len() as u32).map(ClassId)
    }

    pub fn class_facts(&self, id: ClassId) -> &ClassFacts {
        let class = self.class(id);
        &self.file(class.file).facts.classes[class.idx.0 as usize]
    }

    pub fn class_id(&self, file: FileId, idx: ClassIdx) -> ClassId {
        ClassId(self.class_base[file.0 as usize] + idx.0)
    }

    pub fn func_id(&self, file: FileId, idx: FuncIdx) -> FuncId {
        FuncId(self.func_base[file.0 as usize] + idx.0)
    }

    /// The file of a function and its index there.
    pub fn func(&self, id: FuncId) -> (FileId, FuncIdx) {
        self.funcs[id.0 as usize]
    }

    pub fn routine(&self, id: FuncId) -> &Routine {
        let (file, idx) = self.func(id);
        &self.file(file).facts.functions[idx.0 as usize]
    }

    /// The function or module that holds a function, as a reader would name it: `module.qualname`.
    pub fn func_name(&self, id: FuncId) -> String {
        let (file, _) = self.func(id);
        format!("{}.{}", self.file(file).module, self.routine(id).qualname)
    }

    pub fn func_count(&self) -> u32 {
        self.funcs.len() as u32
    }

    pub fn model(&self, id: ModelId) -> &Model {
        &self.models[id.0 as usize]
    }

    pub fn models(&self) -> &[Model] {
        &self.models
    }

    pub fn relation(&self, id: RelId) -> &Relation {
        &self.relations[id.0 as usize]
    }

    pub fn relations(&self) -> &[Relation] {
        &self.relations
    }

    pub fn model_of_class(&self, class: ClassId) -> Option<ModelId> {
        self.class(class).model
    }

    /// Models whose concrete table is named by `app_label.ModelName`, any case.
    pub fn model_by_label(&self, label: &str, near: FileId) -> Option<ModelId> {
        let found = self.labels.get(&Sym::new(&label.to_ascii_lowercase()))?;
        self.nearest(found.iter().copied(), near, |m| self.model(*m).site.file)
    }

    /// A class known only by its name and the tail of its module path, as app loaders name it.
    pub fn class_by_tail(&self, module_tail: &str, name: Sym, near: FileId) -> Option<ClassId> {
        let found = self.classes_by_name.get(&name)?;
        let fits = found.iter().copied().filter(|c| {
            let module = self.file(self.class(*c).file).module.as_str();
            module == module_tail
                || module
                    .strip_suffix(module_tail)
                    .is_some_and(|head| head.ends_with('.'))
        });
        self.nearest(fits, near, |c| self.class(*c).file)
    }

    /// A class of library knowledge by its full path.
    pub fn class_by_dotted(&self, dotted: &str) -> Option<ClassId> {
        let name = dotted.rsplit('.').next().unwrap_or(dotted);
        let found = self.classes_by_name.get(&Sym::new(name))?;
        found
            .iter()
            .copied()
            .find(|c| self.is_stub(self.class(*c).file) && self.class(*c).dotted == *dotted)
    }

    /// The only model class of that bare name, if there is exactly one outside of tests.
    pub fn unique_model_named(&self, name: Sym) -> Option<ModelId> {
        let mut found = self.classes_by_name.get(&name)?.iter().filter_map(|c| {
            let part = self.file(self.class(*c).file).part;
            if matches!(part, Part::Test | Part::Migration) {
                None
            } else {
                self.class(*c).model
            }
        });
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    fn nearest<T: Copy>(
        &self,
        items: impl Iterator<Item = T>,
        near: FileId,
        file: impl Fn(&T) -> FileId,
    ) -> Option<T> {
        let here = self.file(near);
        items
            .map(|item| {
                let other = self.file(file(&item));
                let quiet = matches!(other.part, Part::Test | Part::Migration)
                    && !matches!(here.part, Part::Test | Part::Migration);
                let shared = common_components(&here.path, &other.path);
                ((!quiet, other.part != Part::Stub, shared), item)
            })
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map(|(_, item)| item)
    }

    /// Some code in the project eager-loads this path, or one file eager-loads `head` and the parts of `tail`,
    /// as nested `Prefetch` objects do.
    pub fn eager_loads_somewhere(&self, head: &str, tail: &str) -> bool {
        if tail.is_empty() {
            return self.eager_paths.contains_key(&Sym::new(head));
        }
        if self
            .eager_paths
            .contains_key(&Sym::new(&format!("{head}__{tail}")))
        {
            return true;
        }
        let Some(files) = self.eager_paths.get(&Sym::new(head)) else {
            return false;
        };
        let parts: Vec<&Vec<FileId>> = tail
            .split("__")
            .filter_map(|part| self.eager_paths.get(&Sym::new(part)))
            .collect();
        parts.len() == tail.split("__").count()
            && files.iter().any(|file| parts.iter().all(|p| p.contains(file)))
    }

    /// The routine of a template.
    pub fn template_routine(&self, file: FileId) -> &Routine {
        &self.file(file).facts.functions[0]
    }

    /// The blocks that a template declares.
    pub fn blocks(&self, file: FileId) -> &[crate::facts::BlockFacts] {
        match &self.file(file).facts.template {
            Some(template) => &template.blocks,
            None => &[],
        }
    }

    /// Whether a queryset written at a place can be given another call: it stands in a function, neither in a
    /// template nor in a declaration that a framework reads.
    pub fn is_chain(&self, site: Site) -> bool {
        let file = self.file(site.file);
        if file.part == Part::Template {
            return false;
        }
        let inside = |span: Span| span.contains(site.span);
        file.facts.functions.iter().skip(1).any(|f| inside(f.span))
            || !file.facts.classes.iter().any(|c| inside(c.span))
    }

    /// Whether a related set read at `inner` is better loaded where its row is fetched, at `outer`: it stands in
    /// no function, or in a method that code outside of its class calls on rows of its own.
    pub fn loads_outside(&self, inner: Site, outer: Site) -> bool {
        if self.is_class_name(outer) {
            return false;
        }
        let functions = &self.file(inner.file).facts.functions;
        let holder = functions
            .iter()
            .skip(1)
            .find(|f| f.parent.is_none() && f.span.contains(inner.span));
        match holder {
            Some(routine) => {
                let classes = &self.file(inner.file).facts.classes;
                routine.class.is_some_and(|idx| {
                    let class = &classes[idx.0 as usize];
                    inner.file != outer.file || !class.span.contains(outer.span)
                })
            }
            None => !self.is_chain(inner),
        }
    }

    /// Whether a place is the name of a class: there is no queryset in it to change.
    fn is_class_name(&self, site: Site) -> bool {
        let classes = &self.file(site.file).facts.classes;
        classes.iter().any(|c| c.name_span == site.span)
    }

    /// The innermost class that a place stands in.
    pub fn class_around(&self, site: Site) -> Option<ClassId> {
        let classes = &self.file(site.file).facts.classes;
        let idx = classes.iter().rposition(|class| class.span.contains(site.span))?;
        Some(self.class_id(site.file, ClassIdx(idx as u32)))
    }

    /// The class that declares something at a place outside of functions, and the attribute it is assigned to.
    pub fn declaration_at(&self, site: Site) -> Option<(Sym, Option<Sym>)> {
        if self.is_chain(site) {
            return None;
        }
        let facts = &self.file(site.file).facts;
        let class = facts.classes.iter().rev().find(|c| c.span.contains(site.span))?;
        let attribute = class.assigns.iter().find(|a| a.span.contains(site.span));
        Some((class.name, attribute.map(|a| a.name)))
    }

    /// Whether a place lies in a template.
    pub fn is_template(&self, site: Site) -> bool {
        self.file(site.file).part == Part::Template
    }

    /// Whether a file is built-in knowledge of a library.
    pub fn is_stub(&self, id: FileId) -> bool {
        self.file(id).part == Part::Stub
    }

    /// Where a model's class is declared.
    pub fn model_site(&self, id: ModelId) -> Site {
        self.model(id).site
    }
}

fn common_components(a: &str, b: &str) -> usize {
    a.split('/').zip(b.split('/')).take_while(|(x, y)| x == y).count()
}
