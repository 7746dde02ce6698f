//! Puts the facts of all files together, phase by phase: names, classes, models.

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::facts::FileFacts;
use crate::ir::FuncIdx;
use crate::source::{FileId, Sym};

use super::classes::linearise;
use super::hints::DjangoHints;
use super::modules::ModuleIndex;
use super::{Class, ClassId, ClassRef, File, Part, Project, graph};

/// One file on its way into the project.
#[derive(Debug)]
pub struct LinkInput {
    pub path: String,
    pub part: Part,
    pub facts: FileFacts,
    /// For stubs and packages: the module they stand for.
    pub module: Option<Sym>,
}

/// Links all files; Python files must stand before templates, both in path order, so that the result does not depend on reading order.
pub fn link(inputs: Vec<LinkInput>, modules: ModuleIndex, hints: DjangoHints) -> Project {
    let mut files = Vec::with_capacity(inputs.len());
    let mut stub_modules = FxHashMap::default();
    for (i, input) in inputs.into_iter().enumerate() {
        let id = FileId(i as u32);
        let module = match input.module {
            Some(module) => {
                stub_modules.insert(module, id);
                module
            }
            None if input.part == Part::Template => Sym::new(&input.path),
            None => Sym::new(&modules.module_name(id)),
        };
        files.push(File {
            facts: input.facts,
            module,
            part: input.part,
            path: input.path,
        });
    }
    let mut project = Project {
        scopes: vec![FxHashMap::default(); files.len()],
        stars: vec![Vec::new(); files.len()],
        files,
        modules,
        stub_modules,
        funcs: Vec::new(),
        func_base: Vec::new(),
        classes: Vec::new(),
        class_base: Vec::new(),
        classes_by_name: FxHashMap::default(),
        hints,
        models: Vec::new(),
        relations: Vec::new(),
        labels: FxHashMap::default(),
        eager_paths: FxHashMap::default(),
        templates: super::templates::Templates::default(),
        urls: super::urls::Urls::default(),
        tables: std::sync::OnceLock::new(),
        settings: std::sync::OnceLock::new(),
    };
    project.number();
    project.stars = project
        .file_ids()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|f| project.build_stars(f))
        .collect();
    project.scopes = project
        .file_ids()
        .collect::<Vec<_>>()
        .into_par_iter()
        .map(|f| project.build_scope(f))
        .collect();
    project.link_classes();
    let graph = graph::build(&project);
    for (class, model) in &graph.model_of_class {
        project.classes[class.0 as usize].model = Some(*model);
    }
    project.models = graph.models;
    project.relations = graph.relations;
    project.labels = graph.labels;
    project.collect_eager_paths();
    project.link_templates();
    project.link_urls();
    project
}

/// Longer lookup paths are indexed by their first components only.
const MAX_COMPONENTS: usize = 8;

impl Project {
    fn collect_eager_paths(&mut self) {
        let mut all: FxHashMap<Sym, Vec<FileId>> = FxHashMap::default();
        for (i, file) in self.files.iter().enumerate() {
            if matches!(file.part, Part::Test | Part::Migration | Part::Stub) {
                continue;
            }
            let id = FileId(i as u32);
            for path in &file.facts.eager_paths {
                let parts: Vec<&str> = path.as_str().split("__").take(MAX_COMPONENTS).collect();
                for from in 0..parts.len() {
                    for to in from + 1..=parts.len() {
                        let files = all.entry(Sym::new(&parts[from..to].join("__"))).or_default();
                        if files.last() != Some(&id) {
                            files.push(id);
                        }
                    }
                }
            }
        }
        self.eager_paths = all;
    }

    fn number(&mut self) {
        for (i, file) in self.files.iter().enumerate() {
            let id = FileId(i as u32);
            self.func_base.push(self.funcs.len() as u32);
            self.class_base.push(self.classes.len() as u32);
            self.funcs
                .extend((0..file.facts.functions.len()).map(|n| (id, FuncIdx(n as u32))));
            for (n, facts) in file.facts.classes.iter().enumerate() {
                let class_id = ClassId(self.classes.len() as u32);
                self.classes_by_name.entry(facts.name).or_default().push(class_id);
                self.classes.push(Class {
                    file: id,
                    idx: crate::ir::ClassIdx(n as u32),
                    dotted: file.module.dot(facts.qualname.as_str()),
                    bases: Vec::new(),
                    mro: Vec::new(),
                    open: false,
                    model: None,
                    members: FxHashMap::default(),
                });
            }
        }
    }

    fn link_classes(&mut self) {
        let ids: Vec<ClassId> = self.class_ids().collect();
        let members: Vec<_> = ids
            .par_iter()
            .map(|id| self.build_members(self.class(*id).file, self.class_facts(*id)))
            .collect();
        for (class, members) in self.classes.iter_mut().zip(members) {
            class.members = members;
        }
        self.resolve_bases(&ids);
        // `class Meta(Base.Meta)`: what is inside a class is found through the order of its bases.
        let waiting: Vec<ClassId> = ids.iter().copied().filter(|id| self.class(*id).open).collect();
        self.resolve_bases(&waiting);
        let open: Vec<bool> = ids
            .iter()
            .map(|id| {
                self.class(*id).mro.iter().any(|b| match b {
                    ClassRef::Known(c) => self.class(*c).open,
                    ClassRef::External(name) => {
                        !name.as_str().starts_with("builtins.") && !name.as_str().starts_with("django.")
                    }
                })
            })
            .collect();
        for (class, open) in self.classes.iter_mut().zip(open) {
            class.open = open;
        }
    }

    /// Sets the bases of some classes, and the order of bases of all.
    fn resolve_bases(&mut self, ids: &[ClassId]) {
        let found: Vec<_> = ids
            .par_iter()
            .map(|id| {
                let file = self.class(*id).file;
                let facts = self.class_facts(*id);
                let mut open = false;
                let mut bases = Vec::new();
                for expr in &facts.bases {
                    let refs = self.base_refs(file, facts, expr, 8);
                    open |= refs.is_empty();
                    for base in refs {
                        if base != ClassRef::Known(*id) && !bases.contains(&base) {
                            bases.push(base);
                        }
                    }
                }
                (bases, open)
            })
            .collect();
        for (id, (bases, open)) in ids.iter().zip(found) {
            let class = &mut self.classes[id.0 as usize];
            class.bases = bases;
            class.open = open;
        }
        let mut memo = FxHashMap::default();
        let orders: Vec<Vec<ClassRef>> = self
            .class_ids()
            .map(|id| linearise(&self.classes, id, &mut memo, 64))
            .collect();
        for (class, mro) in self.classes.iter_mut().zip(orders) {
            class.mro = mro;
        }
    }
}
