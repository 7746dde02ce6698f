//! Templates by their names, as the engines of the project find them.
//!
//! Directories of settings come first, then applications in their order. It knows no template outside of the
//! project and does not read what templates say; that is in their facts.

mod closure;
pub mod table;
mod tags;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::facts::Dialect;
use crate::project::hints::{DjangoHints, Settings, TemplateDir};
use crate::project::modules::{ModuleIndex, Resolved};
use crate::source::{FileId, Sym};

use super::{Def, FuncId, Part, Project, common_components};

pub use tags::{TagDef, TagKind};

/// What is known of the project's templates.
#[derive(Debug, Default)]
pub(super) struct Templates {
    /// Name → the files that have it.
    by_name: FxHashMap<Sym, Vec<Place>>,
    /// The name under which a template is found first.
    names: FxHashMap<FileId, Sym>,
    /// Directories with a `manage.py`, deepest first.
    sites: Vec<String>,
    libraries: tags::Libraries,
    processors: Vec<FuncId>,
    variables: FxHashMap<FileId, Option<FxHashSet<Sym>>>,
}

/// Where a template is found under a name.
#[derive(Debug, Clone, Copy)]
struct Place {
    file: FileId,
    dialect: Dialect,
    /// Index into [`Templates::sites`]; one more is none.
    site: usize,
    /// Smaller ones are searched first.
    rank: Rank,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Below a directory that settings name, the how manieth.
    Dirs(u32),
    /// In an installed application, the how manieth.
    App(u32),
    /// In a directory that engines search in applications, but the application is not known to be installed.
    Unlisted,
}

/// One directory that an engine searches.
struct Root {
    dir: TemplateDir,
    dialect: Option<Dialect>,
    site: usize,
    rank: Rank,
}

/// Whether a file is a template, judged by where it lies.
pub fn accepts(path: &str, hints: &DjangoHints) -> bool {
    in_engine_directory(path).is_some()
        || engine_dirs(hints).any(|(_, dir)| !dir.path.is_empty() && dir.below(path).is_some())
}

/// The language that a template is written in.
pub fn dialect(path: &str, hints: &DjangoHints) -> Dialect {
    if let Some(dialect) = table::ending(path) {
        return dialect;
    }
    let holders: Vec<Dialect> = engine_dirs(hints)
        .filter(|(_, dir)| dir.below(path).is_some())
        .map(|(dialect, _)| dialect)
        .collect();
    match in_engine_directory(path) {
        Some((_, Dialect::Jinja, _)) => Dialect::Jinja,
        _ if !holders.is_empty() && holders.iter().all(|dialect| *dialect == Dialect::Jinja) => {
            Dialect::Jinja
        }
        _ => Dialect::Django,
    }
}

/// The other language that a template of no certain place may be written in: engines ask one another.
pub fn other_dialect(path: &str, hints: &DjangoHints) -> Option<Dialect> {
    let mut engines = hints.sites.iter().flat_map(|settings| &settings.engines);
    let mixed = dialect(path, hints) == Dialect::Django && table::ending(path).is_none();
    (mixed && engines.any(|engine| engine.dialect == Dialect::Jinja)).then_some(Dialect::Jinja)
}

fn engine_dirs(hints: &DjangoHints) -> impl Iterator<Item = (Dialect, &TemplateDir)> {
    let engines = hints.sites.iter().flat_map(|settings| &settings.engines);
    engines.flat_map(|engine| engine.dirs.iter().map(|dir| (engine.dialect, dir)))
}

/// The directory above the first one that engines search in applications, its language, and the name below it.
fn in_engine_directory(path: &str) -> Option<(&str, Dialect, &str)> {
    let mut start = 0;
    loop {
        let end = start + path[start..].find('/')?;
        if let Some(dialect) = table::directory(&path[start..end]) {
            return Some((path[..start].trim_end_matches('/'), dialect, &path[end + 1..]));
        }
        start = end + 1;
    }
}

impl Project {
    /// The templates in Django's own language.
    pub fn django_templates(&self) -> impl Iterator<Item = FileId> {
        self.file_ids().filter(|id| {
            let file = self.file(*id);
            let template = file.facts.template.as_deref();
            file.part == Part::Template
                && template.is_some_and(|template| template.dialect == Dialect::Django)
        })
    }

    /// The template that is found under `name` when the file `near` asks for it.
    ///
    /// Directories of settings come before applications, applications in the order of `INSTALLED_APPS`; the
    /// settings of the same site go before others. In a template, names may begin with `./` or `../`, and only
    /// templates of the same language are found.
    pub fn template(&self, name: &str, near: FileId) -> Option<FileId> {
        self.places(self.absolute_template_name(name, near)?, near)
            .first()
            .copied()
    }

    /// The template that `{% extends name %}` in `near` leads to: a template that extends its own name extends the
    /// next one of that name.
    pub fn extended_template(&self, name: &str, near: FileId) -> Option<FileId> {
        let places = self.places(self.absolute_template_name(name, near)?, near);
        match places.iter().position(|file| *file == near) {
            Some(at) => places.get(at + 1).copied(),
            None => places.first().copied(),
        }
    }

    /// The name under which a template is found first.
    pub fn template_name(&self, file: FileId) -> Option<Sym> {
        self.templates.names.get(&file).copied()
    }

    /// The functions of the project among the context processors of all settings, ordered.
    pub fn context_processors(&self) -> &[FuncId] {
        &self.templates.processors
    }

    /// Every context variable that a template mentions, those of included and extended templates among them. None
    /// when it cannot be known, because some name is computed or some template lies outside of the project.
    pub fn template_names(&self, file: FileId) -> Option<&FxHashSet<Sym>> {
        self.templates.variables.get(&file)?.as_ref()
    }

    fn absolute_template_name(&self, name: &str, near: FileId) -> Option<Sym> {
        if !(name.starts_with("./") || name.starts_with("../")) {
            return Some(Sym::new(name));
        }
        let own = self.template_name(near)?.as_str();
        let mut parts: Vec<&str> = own.split('/').collect();
        parts.pop();
        for part in name.split('/') {
            match part {
                "." | "" => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        Some(Sym::new(&parts.join("/")))
    }

    /// All files of a name in the order of search.
    fn places(&self, name: Sym, near: FileId) -> Vec<FileId> {
        // Since Django 6.0, `page.html#part` names a partial of `page.html`.
        let (whole, _) = name.as_str().split_once('#').unwrap_or((name.as_str(), ""));
        let by_name = &self.templates.by_name;
        let Some(places) = by_name.get(&name).or_else(|| by_name.get(&Sym::new(whole))) else {
            return Vec::new();
        };
        let here = self.file(near);
        let dialect = here.facts.template.as_ref().map(|template| template.dialect);
        let site = self.templates.site_of(&here.path);
        let mut found: Vec<_> = places
            .iter()
            .filter(|place| dialect.is_none_or(|dialect| place.dialect == dialect))
            .map(|place| {
                let far = usize::MAX - common_components(&here.path, &self.file(place.file).path);
                ((place.site != site, place.rank, far, place.file), place.file)
            })
            .collect();
        found.sort();
        let mut files: Vec<FileId> = Vec::new();
        for (_, file) in found {
            if !files.contains(&file) {
                files.push(file);
            }
        }
        files
    }

    /// What a dotted path in settings or a URL configuration names.
    pub(super) fn dotted(&self, near: FileId, path: &str) -> Option<Def> {
        if let Resolved::File(file) = self.modules.resolve(near, 0, path) {
            return Some(Def::Module(file));
        }
        let (head, name) = path.rsplit_once('.')?;
        self.def_member(self.dotted(near, head)?, Sym::new(name))
    }

    pub(super) fn link_templates(&mut self) {
        let mut templates = Templates::new(self);
        templates.libraries = tags::Libraries::new(self);
        templates.processors = processors(self);
        self.templates = templates;
        // Names and tags have to be known to follow what templates include.
        self.templates.variables = closure::variables(self);
    }
}

/// Functions named by settings.
fn processors(project: &Project) -> Vec<FuncId> {
    let mut found = Vec::new();
    for settings in &project.hints.sites {
        for engine in &settings.engines {
            let named = engine.context_processors.iter();
            let funcs = named.filter_map(|path| match project.dotted(settings.file, path.as_str()) {
                Some(Def::Func(func)) => Some(func),
                _ => None,
            });
            found.extend(funcs);
        }
    }
    found.sort();
    found.dedup();
    found
}

impl Templates {
    fn new(project: &Project) -> Self {
        let mut sites: Vec<String> = project
            .files
            .iter()
            .filter(|file| matches!(file.part, Part::Source | Part::Command))
            .filter_map(|file| {
                let dir = file.path.strip_suffix("manage.py")?;
                (dir.is_empty() || dir.ends_with('/')).then(|| dir.trim_end_matches('/').to_owned())
            })
            .collect();
        sites.sort_by_key(|dir| (std::cmp::Reverse(dir.len()), dir.clone()));
        let mut templates = Self {
            sites,
            ..Self::default()
        };
        let roots = templates.roots(project);
        let packages: FxHashSet<&str> = project
            .files
            .iter()
            .filter(|file| matches!(file.part, Part::Source | Part::Command))
            .filter_map(|file| file.path.rsplit_once('/').map(|(dir, _)| dir))
            .collect();
        let any_directory = project.hints.apps_incomplete || project.hints.installed_apps.is_empty();
        for file in project.file_ids() {
            let File {
                path,
                dialect: Some(dialect),
            } = File::of(project, file)
            else {
                continue;
            };
            let mut names: Vec<(Rank, Sym)> = Vec::new();
            for root in &roots {
                if root.dialect.is_some_and(|wanted| wanted != dialect) {
                    continue;
                }
                if let Some(name) = root.dir.below(path) {
                    let name = Sym::new(name);
                    names.push((root.rank, name));
                    templates.add(name, file, dialect, root.site, root.rank);
                }
            }
            if let Some((above, _, name)) = in_engine_directory(path)
                && (any_directory || packages.contains(above))
            {
                let name = Sym::new(name);
                let site = templates.site_of(path);
                names.push((Rank::Unlisted, name));
                templates.add(name, file, dialect, site, Rank::Unlisted);
            }
            if let Some((_, name)) = names.into_iter().min() {
                templates.names.insert(file, name);
            }
        }
        templates
    }

    fn add(&mut self, name: Sym, file: FileId, dialect: Dialect, site: usize, rank: Rank) {
        self.by_name.entry(name).or_default().push(Place {
            file,
            dialect,
            site,
            rank,
        });
    }

    /// The site that a path belongs to; the number of sites stands for none.
    fn site_of(&self, path: &str) -> usize {
        let holds = |dir: &String| {
            path.strip_prefix(dir.as_str())
                .is_some_and(|rest| dir.is_empty() || rest.starts_with('/'))
        };
        self.sites.iter().position(holds).unwrap_or(self.sites.len())
    }

    fn roots(&self, project: &Project) -> Vec<Root> {
        // The applications of one site are listed by several settings modules.
        let mut listed: FxHashMap<usize, Vec<String>> = FxHashMap::default();
        for settings in &project.hints.sites {
            let site = self.site_of(&project.file(settings.file).path);
            let dirs = listed.entry(site).or_default();
            for dir in app_dirs(project, settings) {
                if !dirs.contains(&dir) {
                    dirs.push(dir);
                }
            }
        }
        let mut roots = Vec::new();
        for (site, dirs) in listed {
            for (order, app) in dirs.into_iter().enumerate() {
                for (name, dialect) in table::directories() {
                    let path = match app.is_empty() {
                        true => name.to_owned(),
                        false => format!("{app}/{name}"),
                    };
                    roots.push(Root {
                        dir: TemplateDir { path, exact: true },
                        // Jinja templates may stand among Django's: `match_extension`.
                        dialect: (dialect == Dialect::Jinja).then_some(dialect),
                        site,
                        rank: Rank::App(order as u32),
                    });
                }
            }
        }
        let of_apps: FxHashSet<String> = roots.iter().map(|root| root.dir.path.clone()).collect();
        for settings in &project.hints.sites {
            let near = &project.file(settings.file).path;
            let dirs = settings.engines.iter().flat_map(|engine| &engine.dirs);
            for (order, dir) in dirs.filter(|dir| !dir.path.is_empty()).enumerate() {
                roots.extend(located(project, dir, near, &of_apps).map(|dir| Root {
                    dir,
                    dialect: None,
                    site: self.site_of(near),
                    rank: Rank::Dirs(order as u32),
                }));
            }
        }
        roots
    }
}

/// A directory of settings as it lies in the project. Where only the end of its path is known, it is the one nearest
/// to the settings that is no directory of an application.
fn located(
    project: &Project,
    dir: &TemplateDir,
    near: &str,
    of_apps: &FxHashSet<String>,
) -> Option<TemplateDir> {
    if dir.exact {
        return Some(dir.clone());
    }
    let templates = project.files.iter().filter(|file| file.part == Part::Template);
    let holders = templates.filter_map(|file| {
        let rest = dir.below(&file.path)?;
        Some(file.path[..file.path.len() - rest.len()].trim_end_matches('/'))
    });
    let far = |path: &str| usize::MAX - common_components(path, near);
    holders
        .filter(|path| !of_apps.contains(*path))
        .min_by_key(|path| (far(path), path.matches('/').count(), *path))
        .map(|path| TemplateDir {
            path: path.to_owned(),
            exact: true,
        })
}

/// The directories of installed applications that lie in the project, in order.
fn app_dirs(project: &Project, settings: &Settings) -> Vec<String> {
    let index = &project.modules;
    let find = |from: FileId, name: &str| package_dir(index, index.resolve(from, 0, name));
    let mut dirs = Vec::new();
    for app in &settings.apps {
        let entry = app.as_str();
        let dir = find(settings.file, entry).or_else(|| {
            let (module, class) = entry.rsplit_once('.')?;
            let Resolved::File(file) = index.resolve(settings.file, 0, module) else {
                return None;
            };
            let declared = config_name(project, file, Sym::new(class));
            declared
                .and_then(|name| find(file, name.as_str()))
                .or_else(|| Some(index.dir_path(index.dir_of(file))))
        });
        dirs.extend(dir);
    }
    dirs
}

fn package_dir(index: &ModuleIndex, found: Resolved) -> Option<String> {
    match found {
        Resolved::File(file) if index.stem(file) == "__init__" => Some(index.dir_path(index.dir_of(file))),
        Resolved::Namespace(dir) => Some(index.dir_path(dir)),
        _ => None,
    }
}

/// `name` of an `AppConfig`, its own or that of a base.
fn config_name(project: &Project, file: FileId, class: Sym) -> Option<Sym> {
    let Some(Def::Class(id)) = project.lookup(file, class) else {
        return None;
    };
    let (owner, member) = project.class_member(id, Sym::new("name"))?;
    let super::Member::Assign(idx) = member else {
        return None;
    };
    project.class_facts(owner).assigns[idx as usize]
        .value
        .as_ref()?
        .as_str()
}

/// What naming needs of a file.
struct File<'p> {
    path: &'p str,
    /// Set for templates.
    dialect: Option<Dialect>,
}

impl<'p> File<'p> {
    fn of(project: &'p Project, id: FileId) -> Self {
        let file = project.file(id);
        let is_template = file.part == Part::Template;
        let read = file.facts.template.as_ref().map(|template| template.dialect);
        Self {
            path: &file.path,
            dialect: is_template.then(|| read.unwrap_or_else(|| dialect(&file.path, &project.hints))),
        }
    }
}

#[cfg(test)]
mod tests;
