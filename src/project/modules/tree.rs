//! The directories and Python files of a project as a tree of names.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::source::{FileId, Sym};

/// A directory that has Python files somewhere below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DirId(pub u32);

impl DirId {
    /// The directory that all paths are relative to.
    pub const TOP: Self = Self(0);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Node {
    File(FileId),
    Dir(DirId),
}

#[derive(Debug)]
pub(super) struct Dir {
    pub name: Sym,
    pub parent: Option<DirId>,
    files: FxHashMap<Sym, FileId>,
    dirs: FxHashMap<Sym, DirId>,
    init: Option<FileId>,
    packages: FxHashSet<Sym>,
}

impl Dir {
    fn new(name: Sym, parent: Option<DirId>) -> Self {
        Self {
            name,
            parent,
            files: FxHashMap::default(),
            dirs: FxHashMap::default(),
            init: None,
            packages: FxHashSet::default(),
        }
    }

    pub(super) fn init(&self) -> Option<FileId> {
        self.init
    }

    pub(super) fn module(&self, name: Sym) -> Option<FileId> {
        self.files.get(&name).copied()
    }

    pub(super) fn has_module(&self, name: &str) -> bool {
        self.module(Sym::new(name)).is_some()
    }

    pub(super) fn subdir(&self, name: Sym) -> Option<DirId> {
        self.dirs.get(&name).copied()
    }

    pub(super) fn subdirs(&self) -> impl Iterator<Item = DirId> {
        self.dirs.values().copied()
    }

    /// What `name` means in this directory: a package, else a module, else a plain directory.
    pub(super) fn child(&self, name: Sym) -> Option<Node> {
        let dir = self.subdir(name);
        let file = self.module(name);
        let is_package = self.packages.contains(&name);
        match (dir, file) {
            (Some(dir), _) if is_package => Some(Node::Dir(dir)),
            (_, Some(file)) => Some(Node::File(file)),
            (Some(dir), None) => Some(Node::Dir(dir)),
            (None, None) => None,
        }
    }

    pub(super) fn child_names(&self) -> impl Iterator<Item = Sym> {
        let only_dirs = self.dirs.keys().filter(|name| !self.files.contains_key(name));
        self.files.keys().chain(only_dirs).copied()
    }

    pub(super) fn files(&self) -> Vec<FileId> {
        let mut named: Vec<(Sym, FileId)> = self.files.iter().map(|(name, file)| (*name, *file)).collect();
        named.sort();
        named.into_iter().map(|(_, file)| file).collect()
    }
}

#[derive(Debug, Default)]
pub(super) struct Tree {
    dirs: Vec<Dir>,
    /// By file id: its directory and its name without `.py`.
    files: Vec<(DirId, Sym)>,
}

impl Tree {
    pub(super) fn new(paths: &[&str]) -> Self {
        let mut tree = Self {
            dirs: vec![Dir::new(Sym::new(""), None)],
            files: Vec::with_capacity(paths.len()),
        };
        let init = Sym::new("__init__");
        for (index, path) in paths.iter().enumerate() {
            let file = FileId(index as u32);
            let mut dir = DirId::TOP;
            let (parents, name) = path.rsplit_once('/').unwrap_or(("", path));
            for part in parents.split('/').filter(|part| !part.is_empty()) {
                dir = tree.make_dir(dir, Sym::new(part));
            }
            let stem = Sym::new(
                name.strip_suffix(".pyi")
                    .or(name.strip_suffix(".py"))
                    .unwrap_or(name),
            );
            tree.files.push((dir, stem));
            tree.dirs[dir.0 as usize].files.insert(stem, file);
            if stem == init {
                tree.dirs[dir.0 as usize].init = Some(file);
                let name = tree.dir(dir).name;
                if let Some(parent) = tree.dir(dir).parent {
                    tree.dirs[parent.0 as usize].packages.insert(name);
                }
            }
        }
        tree
    }

    fn make_dir(&mut self, parent: DirId, name: Sym) -> DirId {
        if let Some(dir) = self.dir(parent).subdir(name) {
            return dir;
        }
        let dir = DirId(self.dirs.len() as u32);
        self.dirs.push(Dir::new(name, Some(parent)));
        self.dirs[parent.0 as usize].dirs.insert(name, dir);
        dir
    }

    pub(super) fn len(&self) -> usize {
        self.dirs.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (DirId, &Dir)> {
        self.dirs
            .iter()
            .enumerate()
            .map(|(index, dir)| (DirId(index as u32), dir))
    }

    pub(super) fn dir(&self, id: DirId) -> &Dir {
        &self.dirs[id.0 as usize]
    }

    pub(super) fn dir_of(&self, file: FileId) -> DirId {
        self.files
            .get(file.0 as usize)
            .map_or(DirId::TOP, |(dir, _)| *dir)
    }

    pub(super) fn stem(&self, file: FileId) -> Sym {
        self.files
            .get(file.0 as usize)
            .map_or_else(|| Sym::new(""), |(_, stem)| *stem)
    }

    pub(super) fn is_init(&self, file: FileId) -> bool {
        self.dir(self.dir_of(file)).init() == Some(file)
    }

    /// Whether a node is a module or a package with `__init__.py`.
    pub(super) fn is_regular(&self, node: Node) -> bool {
        match node {
            Node::File(_) => true,
            Node::Dir(dir) => self.dir(dir).init().is_some(),
        }
    }

    /// `dir` and the directories above it.
    pub(super) fn lineage(&self, dir: DirId) -> impl Iterator<Item = DirId> {
        std::iter::successors(Some(dir), |id| self.dir(*id).parent)
    }

    pub(super) fn find_dir(&self, path: &str) -> Option<DirId> {
        self.find_dir_from(DirId::TOP, path)
    }

    pub(super) fn find_dir_from(&self, start: DirId, path: &str) -> Option<DirId> {
        let mut parts = path.split('/').filter(|part| !part.is_empty() && *part != ".");
        parts.try_fold(start, |dir, part| self.dir(dir).subdir(Sym::new(part)))
    }

    pub(super) fn path(&self, dir: DirId) -> String {
        let mut names: Vec<&str> = self.lineage(dir).map(|id| self.dir(id).name.as_str()).collect();
        names.pop();
        names.reverse();
        names.join("/")
    }

    /// How far `dir` is from `from`: steps up, then steps down.
    pub(super) fn distance(&self, from: DirId, dir: DirId) -> (usize, usize) {
        let target: Vec<DirId> = self.lineage(dir).collect();
        for (up, above) in self.lineage(from).enumerate() {
            if let Some(down) = target.iter().position(|id| *id == above) {
                return (up, down);
            }
        }
        (usize::MAX, usize::MAX)
    }
}

/// Whether `name` can be part of a dotted module name.
pub(super) fn is_identifier(name: &str) -> bool {
    name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_alphanumeric() || c == '_')
}
