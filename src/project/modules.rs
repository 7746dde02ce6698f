//! Dotted module names to files and back, from file paths alone.
//!
//! Does not read files, does not know `sys.path` and does not follow names inside modules. Import
//! roots are guessed from the layout; see [`ModuleIndex::resolve`] for the order of the guesses.

mod known;
mod tree;

pub use tree::DirId;

use rustc_hash::FxHashMap;

use crate::source::{FileId, Sym};
use tree::{Dir, Node, Tree};

/// Where a dotted name leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolved {
    /// A module, or a package by its `__init__.py`.
    File(FileId),
    /// A directory without `__init__.py`.
    Namespace(DirId),
    /// Nothing in the project.
    External,
}

/// All modules of a project.
#[derive(Debug, Default)]
pub struct ModuleIndex {
    tree: Tree,
    /// First component of an absolute import → directories that have such a child.
    holders: FxHashMap<Sym, Vec<DirId>>,
    roots: Vec<Root>,
}

/// How likely a directory is on `sys.path`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Root {
    /// The project root, `src`, or a directory with `manage.py` or `setup.py`.
    Strong,
    /// Outside of all packages and directly above one.
    Weak,
    /// Outside of all packages: scripts import their neighbours.
    Scripts,
    /// Part of a package.
    Inside,
}

impl ModuleIndex {
    /// Indexes `/`-separated paths relative to one common directory; their order gives the file ids.
    pub fn new(paths: &[&str]) -> Self {
        let tree = Tree::new(paths);
        let mut holders: FxHashMap<Sym, Vec<DirId>> = FxHashMap::default();
        let mut roots = Vec::with_capacity(tree.len());
        for (id, dir) in tree.iter() {
            for name in dir.child_names() {
                holders.entry(name).or_default().push(id);
            }
            roots.push(Self::classify(&tree, id, dir));
        }
        Self { tree, holders, roots }
    }

    fn classify(tree: &Tree, id: DirId, dir: &Dir) -> Root {
        let is_root = dir.parent.is_none();
        if !is_root
            && tree
                .lineage(id)
                .any(|above| above != DirId::TOP && tree.dir(above).init().is_some())
        {
            return if dir.has_module("manage") {
                Root::Strong
            } else {
                Root::Inside
            };
        }
        if is_root || dir.has_module("manage") || dir.has_module("setup") || dir.name == "src" {
            Root::Strong
        } else if dir.subdirs().any(|child| tree.dir(child).init().is_some()) {
            Root::Weak
        } else {
            Root::Scripts
        }
    }

    /// Declares a directory to be an import root, for example one that settings add to `sys.path`.
    pub fn add_root(&mut self, path: &str) {
        if let Some(id) = self.tree.find_dir(path) {
            self.roots[id.0 as usize] = Root::Strong;
        }
    }

    /// Finds the module that `from` names with `level` leading dots and dotted text `module`.
    ///
    /// Absolute names are looked for in this order, and the first directory that has a regular
    /// module or package of the first name decides: known import roots above the importing file, nearest first;
    /// other directories outside of packages above it; import roots elsewhere, nearest first, if one
    /// is nearer than all others; at last directories inside packages, for dotted names only and
    /// never for the importing file's own directory. Names of the standard library and of well-known packages are
    /// only found in known roots above the importing file.
    pub fn resolve(&self, from: FileId, level: u32, module: &str) -> Resolved {
        if level > 0 {
            let start = self.tree.dir_of(from);
            let base = self.tree.lineage(start).nth(level as usize - 1);
            return base.map_or(Resolved::External, |dir| {
                self.descend(dir, module).unwrap_or(Resolved::External)
            });
        }
        self.absolute(self.tree.dir_of(from), module)
    }

    /// Finds an absolute dotted name as seen from the top of the project: settings, `apps.get_model` …
    pub fn resolve_absolute(&self, module: &str) -> Resolved {
        if self.tree.len() == 0 {
            return Resolved::External;
        }
        self.absolute(DirId::TOP, module)
    }

    /// The submodule `name` of a package or namespace.
    pub fn submodule(&self, of: Resolved, name: &str) -> Resolved {
        let dir = match of {
            Resolved::Namespace(dir) => Some(dir),
            Resolved::File(file) if self.tree.is_init(file) => Some(self.tree.dir_of(file)),
            _ => None,
        };
        dir.and_then(|dir| self.descend(dir, name))
            .unwrap_or(Resolved::External)
    }

    fn absolute(&self, from: DirId, module: &str) -> Resolved {
        let (first, dotted) = module
            .split_once('.')
            .map_or((module, false), |(first, _)| (first, true));
        let first_sym = Sym::new(first);
        let Some(holders) = self.holders.get(&first_sym) else {
            return Resolved::External;
        };
        let well_known = known::is_well_known(first);

        for wanted in [&[Root::Strong][..], &[Root::Weak, Root::Scripts][..]] {
            for dir in self
                .tree
                .lineage(from)
                .filter(|dir| wanted.contains(&self.root(*dir)))
            {
                let Some(child) = self.tree.dir(dir).child(first_sym) else {
                    continue;
                };
                let is_regular = self.tree.is_regular(child);
                if well_known && !is_regular {
                    continue;
                }
                match self.descend(dir, module) {
                    Some(found) => return found,
                    None if is_regular => return Resolved::External,
                    None => {}
                }
            }
            if well_known {
                return Resolved::External;
            }
        }
        let elsewhere = |dir: &&DirId| matches!(self.root(**dir), Root::Strong | Root::Weak);
        if let Some(found) = self.nearest(from, holders.iter().filter(elsewhere), module) {
            return found;
        }
        let inside = |dir: &&DirId| {
            self.root(**dir) == Root::Inside
                || (self.root(**dir) == Root::Strong && self.tree.dir(**dir).init().is_some())
        };
        let usable = |dir: &&DirId| {
            **dir != from
                && self.tree.dir(**dir).subdir(first_sym).is_some_and(|child| {
                    let child_dir = self.tree.dir(child);
                    child_dir.init().is_some()
                        && (dotted
                            || (child_dir.has_module("apps") || child_dir.has_module("models"))
                                && !self.tree.lineage(from).any(|above| above == child))
                })
        };
        self.nearest(from, holders.iter().filter(inside).filter(usable), module)
            .unwrap_or(Resolved::External)
    }

    /// The match in the directory that shares most of its path with `from`; none if two are as near.
    fn nearest<'a>(
        &self,
        from: DirId,
        dirs: impl Iterator<Item = &'a DirId>,
        module: &str,
    ) -> Option<Resolved> {
        let mut best: Option<((usize, usize), Resolved)> = None;
        let mut tie = false;
        for dir in dirs {
            let Some(found) = self.descend(*dir, module) else {
                continue;
            };
            let distance = self.tree.distance(from, *dir);
            match &best {
                Some((nearest, _)) if *nearest < distance => {}
                Some((nearest, _)) if *nearest == distance => tie = true,
                _ => {
                    best = Some((distance, found));
                    tie = false;
                }
            }
        }
        best.filter(|_| !tie).map(|(_, found)| found)
    }

    fn root(&self, dir: DirId) -> Root {
        self.roots[dir.0 as usize]
    }

    fn descend(&self, dir: DirId, module: &str) -> Option<Resolved> {
        let mut node = Node::Dir(dir);
        for part in module.split('.').filter(|part| !part.is_empty()) {
            let Node::Dir(dir) = node else { return None };
            node = self.tree.dir(dir).child(Sym::new(part))?;
        }
        Some(match node {
            Node::File(file) => Resolved::File(file),
            Node::Dir(dir) => self
                .tree
                .dir(dir)
                .init()
                .map_or(Resolved::Namespace(dir), Resolved::File),
        })
    }

    /// The dotted name of a file, from the import root that fits it best; `__init__` is left out.
    pub fn module_name(&self, file: FileId) -> String {
        let dir = self.tree.dir_of(file);
        let mut parts: Vec<&str> = Vec::new();
        if !self.tree.is_init(file) {
            parts.push(self.tree.stem(file).as_str());
        }
        for part in self.package_dirs(dir) {
            parts.push(self.tree.dir(part).name.as_str());
        }
        if parts.is_empty() {
            parts.push(self.tree.stem(file).as_str());
        }
        parts.reverse();
        parts.join(".")
    }

    /// The dotted name of the package that a file's relative imports start from.
    pub fn package_of(&self, file: FileId) -> String {
        let dirs = self.package_dirs(self.tree.dir_of(file));
        let names: Vec<&str> = dirs
            .iter()
            .rev()
            .map(|dir| self.tree.dir(*dir).name.as_str())
            .collect();
        names.join(".")
    }

    /// The directories from `dir` up to its import root, without the root.
    fn package_dirs(&self, dir: DirId) -> Vec<DirId> {
        let has_site = |id: DirId| {
            let dir = self.tree.dir(id);
            dir.has_module("manage") || dir.has_module("setup") || dir.name == "src"
        };
        let mut dirs = Vec::new();
        for part in self.tree.lineage(dir) {
            let is_package = self.tree.dir(part).init().is_some();
            let stop = match self.root(part) {
                Root::Strong => !is_package || part == DirId::TOP,
                Root::Weak | Root::Scripts => {
                    let strong = self
                        .tree
                        .lineage(part)
                        .find(|above| self.root(*above) == Root::Strong);
                    self.root(part) == Root::Weak && strong.is_none_or(|strong| !has_site(strong))
                }
                Root::Inside => false,
            };
            if stop || !tree::is_identifier(self.tree.dir(part).name.as_str()) {
                break;
            }
            dirs.push(part);
        }
        dirs
    }

    /// The file's name without its ending.
    pub fn stem(&self, file: FileId) -> Sym {
        self.tree.stem(file)
    }

    /// The directory of a file.
    pub fn dir_of(&self, file: FileId) -> DirId {
        self.tree.dir_of(file)
    }

    /// `/`-separated path of a directory; empty for the top.
    pub fn dir_path(&self, dir: DirId) -> String {
        self.tree.path(dir)
    }

    /// The module `name` in a directory, without looking for packages.
    pub fn file_in(&self, dir: DirId, name: &str) -> Option<FileId> {
        self.tree.dir(dir).module(Sym::new(name))
    }

    /// The directory `relative` below the nearest directory above `file` that has it.
    pub fn dir_near(&self, file: FileId, relative: &str) -> Option<DirId> {
        self.dirs_above(file)
            .find_map(|dir| self.tree.find_dir_from(dir, relative))
    }

    /// The directory `name` in a directory.
    pub fn dir_in(&self, dir: DirId, name: &str) -> Option<DirId> {
        self.tree.find_dir_from(dir, name)
    }

    /// The modules of a directory, ordered by name.
    pub fn files_in(&self, dir: DirId) -> Vec<FileId> {
        self.tree.dir(dir).files()
    }

    /// The directories from that of `file` up to the top.
    pub fn dirs_above(&self, file: FileId) -> impl Iterator<Item = DirId> {
        self.tree.lineage(self.tree.dir_of(file))
    }

    /// The nearest directory above `file` with a `manage.py`, else the top: files of one Django project share it.
    pub fn site_of(&self, file: FileId) -> DirId {
        self.dirs_above(file)
            .find(|dir| self.tree.dir(*dir).has_module("manage"))
            .unwrap_or(DirId::TOP)
    }
}

#[cfg(test)]
mod tests;
