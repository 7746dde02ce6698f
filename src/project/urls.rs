//! The endpoints of the project: which pattern leads to which view.
//!
//! Follows `urlpatterns` from the root URL configurations through includes and routers. Patterns that functions
//! compute are unknown, and so are those of packages.

mod pattern;
mod routers;
mod table;
mod views;
mod walk;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::ir::Call;
use crate::source::{FileId, Site, Sym};

use super::{ClassId, Def, FuncId, Part, Project};

pub use table::{answers_reads, reading_actions, shared, view, view_set};

/// One pattern with its view.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// As a reader would write it: `/orders/<int:pk>/`.
    pub pattern: Sym,
    /// As `reverse` knows it, namespaces included.
    pub name: Option<Sym>,
    pub view: ViewRef,
    /// The call of `as_view(…)`.
    pub as_view: Option<AsView>,
    /// For viewsets: request method and the method of the class that answers it.
    pub actions: Vec<(Sym, Sym)>,
    /// The call of `path(…)` or `router.register(…)`.
    pub site: Site,
}

/// What answers a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewRef {
    Func(FuncId),
    /// A view class, or a class whose instances are called.
    Class(ClassId),
    /// A class or function outside of the project, by its dotted path.
    External(Sym),
    Other,
}

/// A call of `as_view`, whose keyword arguments are attributes of the view.
#[derive(Debug, Clone)]
pub struct AsView {
    /// Where the arguments have their meaning, at module level.
    pub file: FileId,
    pub call: Call,
}

/// All endpoints.
#[derive(Debug, Default)]
pub(super) struct Urls {
    endpoints: Vec<Endpoint>,
    of_func: FxHashMap<FuncId, Vec<u32>>,
    of_class: FxHashMap<ClassId, Vec<u32>>,
}

impl Project {
    /// The endpoints of all sites, in the order in which URLs are resolved.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.urls.endpoints
    }

    /// The endpoints that a function answers.
    pub fn endpoints_of_func(&self, func: FuncId) -> impl Iterator<Item = &Endpoint> {
        self.urls.pick(self.urls.of_func.get(&func))
    }

    /// The endpoints that a class answers.
    pub fn endpoints_of_class(&self, class: ClassId) -> impl Iterator<Item = &Endpoint> {
        self.urls.pick(self.urls.of_class.get(&class))
    }

    /// The endpoints of the view function or view class that a place stands in.
    pub fn endpoints_at(&self, site: Site) -> Vec<&Endpoint> {
        let facts = &self.file(site.file).facts;
        let outer = |span: crate::source::Span| span.contains(site.span);
        if let Some(idx) = facts.classes.iter().position(|c| outer(c.span)) {
            let class = self.class_id(site.file, crate::ir::ClassIdx(idx as u32));
            return self.endpoints_of_class(class).collect();
        }
        let func = facts
            .functions
            .iter()
            .enumerate()
            .skip(1)
            .find(|(_, f)| f.parent.is_none() && outer(f.span));
        match func {
            Some((idx, _)) => {
                let func = self.func_id(site.file, crate::ir::FuncIdx(idx as u32));
                self.endpoints_of_func(func).collect()
            }
            None => Vec::new(),
        }
    }

    pub(super) fn link_urls(&mut self) {
        let mut endpoints = walk::endpoints(self);
        let mut seen: FxHashSet<(Sym, Site)> = FxHashSet::default();
        endpoints.retain(|endpoint| seen.insert((endpoint.pattern, endpoint.site)));
        let mut urls = Urls::default();
        for (at, endpoint) in endpoints.iter().enumerate() {
            let at = at as u32;
            match endpoint.view {
                ViewRef::Func(func) => urls.of_func.entry(func).or_default().push(at),
                ViewRef::Class(class) => urls.of_class.entry(class).or_default().push(at),
                ViewRef::External(_) | ViewRef::Other => {}
            }
        }
        urls.endpoints = endpoints;
        self.urls = urls;
    }

    /// The modules that settings name as `ROOT_URLCONF`; without any, all that look like URL configurations.
    fn root_urlconfs(&self) -> (Vec<FileId>, bool) {
        let mut named: Vec<FileId> = Vec::new();
        for settings in &self.hints.sites {
            let Some(path) = settings.root_urlconf else {
                continue;
            };
            if let Some(Def::Module(file)) = self.dotted(settings.file, path.as_str())
                && !named.contains(&file)
            {
                named.push(file);
            }
        }
        if !named.is_empty() {
            return (named, true);
        }
        let looks = |file: &FileId| {
            let stem = self.modules.stem(*file);
            self.file(*file).part == Part::Source
                && (stem == "urls" || stem.as_str().ends_with("_urls") || stem == "__init__")
                && self
                    .file(*file)
                    .facts
                    .bindings
                    .iter()
                    .any(|(name, _)| *name == "urlpatterns")
        };
        (self.file_ids().filter(looks).collect(), false)
    }
}

impl Urls {
    fn pick<'a>(&'a self, found: Option<&'a Vec<u32>>) -> impl Iterator<Item = &'a Endpoint> {
        found
            .into_iter()
            .flatten()
            .map(|at| &self.endpoints[*at as usize])
    }
}

#[cfg(test)]
mod tests;
