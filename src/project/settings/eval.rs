//! Runs the statements of settings modules over abstract values, without running anything.
//!
//! Both sides of a condition are followed unless the text tells which one is taken; loops run once, or once for
//! each known element. What other modules hold is found by star imports, imports by name and `include()`.
//! It knows nothing of what settings mean, but for `DEBUG` in conditions.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::change::{Key, Place, change};
use super::value::{Item, Value, Why};
use super::{Override, Setting};
use crate::facts::FileFacts;
use crate::ir::{BinOp, Expr, ExprKind, Stmt, StmtKind};
use crate::project::modules::ModuleIndex;
use crate::source::{FileId, Site, Span, Sym};

/// Statements that one settings module may run, those of the modules it imports included.
const MAX_STEPS: u32 = 20_000;
/// Modules that import each other.
const MAX_MODULES: usize = 12;
/// Known elements that a loop runs over one by one.
const MAX_TURNS: usize = 32;

/// All files that may be settings, and those already evaluated.
pub(super) struct Evaluator<'a> {
    pub facts: FxHashMap<FileId, &'a FileFacts>,
    pub index: &'a ModuleIndex,
    /// What an unknown `DEBUG` is taken for in conditions.
    pub debug: Option<bool>,
    done: FxHashMap<FileId, Arc<State>>,
    running: Vec<FileId>,
    /// How far up a circle of imports was met; what lies below there is not the whole of a module.
    cut: usize,
    pub(super) steps: u32,
}

/// What names hold after some statements.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub names: FxHashMap<Sym, Setting>,
    pub overrides: Vec<Override>,
    /// Modules whose settings came in by star or `include()`.
    pub parents: Vec<FileId>,
    /// The first import of a parent.
    pub from: Option<Site>,
    /// Nothing after this runs.
    pub(super) ended: bool,
}

/// One module while it is evaluated.
pub(super) struct Run<'e, 'a> {
    pub all: &'e mut Evaluator<'a>,
    pub file: FileId,
    pub state: State,
    /// Loops around whose turns are not known.
    pub(super) loops: u32,
    /// Expressions that may still be opened.
    pub(super) levels: u32,
    /// The module around a class.
    pub(super) outer: Option<Arc<State>>,
    pub(super) including: Vec<FileId>,
}

impl<'a> Evaluator<'a> {
    pub fn new(
        files: impl Iterator<Item = (FileId, &'a FileFacts)>,
        index: &'a ModuleIndex,
        debug: Option<bool>,
    ) -> Self {
        Self {
            facts: files.collect(),
            index,
            debug,
            done: FxHashMap::default(),
            running: Vec::new(),
            cut: usize::MAX,
            steps: MAX_STEPS,
        }
    }

    /// What a module holds at its end; none if it is part of a circle or not known.
    pub fn module(&mut self, file: FileId) -> Option<Arc<State>> {
        if let Some(done) = self.done.get(&file) {
            return Some(Arc::clone(done));
        }
        if let Some(above) = self.running.iter().position(|known| *known == file) {
            self.cut = self.cut.min(above);
            return None;
        }
        if self.running.len() >= MAX_MODULES {
            self.cut = 0;
            return None;
        }
        let facts = *self.facts.get(&file)?;
        if self.running.is_empty() {
            self.steps = MAX_STEPS;
        }
        self.running.push(file);
        let mut run = Run::new(self, file, State::default());
        run.file_body(facts);
        let state = Arc::new(run.state);
        self.running.pop();
        if self.cut >= self.running.len() {
            self.cut = usize::MAX;
            self.done.insert(file, Arc::clone(&state));
        }
        Some(state)
    }
}

impl<'e, 'a> Run<'e, 'a> {
    pub fn new(all: &'e mut Evaluator<'a>, file: FileId, state: State) -> Self {
        Self {
            all,
            file,
            state,
            loops: 0,
            levels: Self::LEVELS,
            outer: None,
            including: Vec::new(),
        }
    }

    pub fn site(&self, span: Span) -> Site {
        Site::new(self.file, span)
    }

    pub(super) fn file_body(&mut self, facts: &'a FileFacts) {
        match facts.functions.first() {
            Some(module) if !module.body.is_empty() => self.block(&module.body),
            // Only declarations are kept of some files.
            _ => {
                for import in &facts.imports {
                    self.import(import);
                }
                for assign in &facts.assigns {
                    if let Some(value) = &assign.value {
                        self.assign_name(assign.name, value, assign.augmented);
                    }
                }
            }
        }
    }

    /// `name = value` or `name += value`.
    pub fn assign_name(&mut self, name: Sym, value: &'a Expr, augmented: bool) {
        let site = self.site(value.span);
        let mut new = self.value(value);
        if augmented {
            let old = self.state.names.get(&name).map(|s| (*s.value).clone());
            let old = old.unwrap_or_else(|| Value::unknown(Why::Name(name), site));
            new = self.binary(BinOp::Add, old, new, site);
        }
        self.bind(name, new, site);
    }

    pub fn block(&mut self, body: &'a [Stmt]) {
        for stmt in body {
            if self.state.ended {
                return;
            }
            match self.all.steps.checked_sub(1) {
                Some(left) => self.all.steps = left,
                None => {
                    let site = self.site(stmt.span);
                    return self.may_change(site, Why::TooMany);
                }
            }
            self.statement(stmt);
        }
    }

    /// From here on, any setting may be another.
    pub fn may_change(&mut self, site: Site, why: Why) {
        if !self.state.overrides.iter().any(|known| known.site == site) {
            self.state.overrides.push(Override { site, why });
        }
    }

    pub fn bind(&mut self, name: Sym, value: Value, site: Site) {
        let value = Arc::new(value.bounded(site));
        let setting = Setting {
            value,
            site,
            certain: true,
        };
        self.state.names.insert(name, setting);
    }

    fn statement(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Assign { targets, value } => {
                let found = self.value(value);
                for target in targets {
                    self.assign(target, found.clone(), self.site(value.span));
                }
            }
            StmtKind::AnnAssign {
                target,
                value: Some(value),
                ..
            } => {
                let found = self.value(value);
                self.assign(target, found, self.site(value.span));
            }
            StmtKind::AugAssign { target, op, value } => {
                let added = self.value(value);
                let old = self.value(target);
                let site = self.site(value.span);
                let new = self.binary(*op, old, added, site);
                self.assign(target, new, site);
            }
            StmtKind::Expr(expr) => self.effect(expr),
            StmtKind::Delete(targets) => targets.iter().for_each(|target| self.delete(target)),
            StmtKind::Raise(_) | StmtKind::Return(_) => self.state.ended = true,
            StmtKind::If { test, body, orelse } => {
                let taken = self.test(test);
                self.choose(taken, body, orelse);
            }
            StmtKind::For {
                target, iter, body, ..
            } => self.each(target, iter, body),
            StmtKind::While { body, .. } => self.maybe(body),
            StmtKind::With { items, body, .. } => {
                for item in items {
                    let value = self.value(&item.context);
                    if let Some(target) = &item.target {
                        self.assign(target, value, self.site(item.context.span));
                    }
                }
                self.block(body);
            }
            StmtKind::Try {
                body,
                handlers,
                orelse,
                finally,
            } => {
                let before = self.state.clone();
                let sure = self.only_imports_here(body);
                self.block(body);
                let mut after = self.state.clone();
                self.block(orelse);
                if !sure {
                    // Whatever raises leaves a part of the body done.
                    after.ended = false;
                    let start = join(before, after);
                    for handler in handlers {
                        let done = std::mem::replace(&mut self.state, start.clone());
                        self.block(&handler.body);
                        let other = std::mem::take(&mut self.state);
                        self.state = join(done, other);
                    }
                }
                self.block(finally);
            }
            StmtKind::Match { cases, .. } => {
                let before = self.state.clone();
                for case in cases {
                    let done = std::mem::replace(&mut self.state, before.clone());
                    self.block(&case.body);
                    let other = std::mem::take(&mut self.state);
                    self.state = join(done, other);
                }
            }
            StmtKind::Import(idx) => {
                let facts = self.all.facts.get(&self.file).copied();
                if let Some(import) = facts.and_then(|f| f.imports.get(idx.0 as usize)) {
                    self.import(import);
                }
            }
            StmtKind::Def(idx) => {
                let facts = self.all.facts.get(&self.file).copied();
                if let Some(routine) = facts.and_then(|f| f.functions.get(idx.0 as usize)) {
                    self.declare(routine.name, routine.name_span);
                }
            }
            StmtKind::Class(idx) => {
                let facts = self.all.facts.get(&self.file).copied();
                if let Some(class) = facts.and_then(|f| f.classes.get(idx.0 as usize)) {
                    self.declare(class.name, class.name_span);
                }
            }
            StmtKind::AnnAssign { .. }
            | StmtKind::Assert(_)
            | StmtKind::Break
            | StmtKind::Continue
            | StmtKind::Template(_) => {}
        }
    }

    fn declare(&mut self, name: Sym, span: Span) {
        let dotted = Sym::new(&self.all.index.module_name(self.file)).dot(name.as_str());
        let site = self.site(span);
        self.bind(name, Value::unknown(Why::Outside(dotted), site), site);
    }

    fn choose(&mut self, taken: Option<bool>, body: &'a [Stmt], orelse: &'a [Stmt]) {
        match taken {
            Some(true) => self.block(body),
            Some(false) => self.block(orelse),
            None => {
                let before = self.state.clone();
                self.block(body);
                let then = std::mem::replace(&mut self.state, before);
                self.block(orelse);
                let other = std::mem::take(&mut self.state);
                self.state = join(then, other);
            }
        }
    }

    /// A body that runs any number of times.
    fn maybe(&mut self, body: &'a [Stmt]) {
        let before = self.state.clone();
        self.loops += 1;
        self.block(body);
        self.loops -= 1;
        let mut after = std::mem::take(&mut self.state);
        after.ended = false;
        self.state = join(before, after);
    }

    fn each(&mut self, target: &'a Expr, iter: &'a Expr, body: &'a [Stmt]) {
        let over = self.value(iter);
        let site = self.site(iter.span);
        match &over {
            Value::List(list) if list.is_certain() && list.items.len() <= MAX_TURNS => {
                for item in &list.items {
                    self.assign(target, item.value.clone(), item.site);
                    self.block(body);
                }
            }
            _ => {
                self.assign(target, Value::unknown(Why::Loop, site), site);
                self.maybe(body);
            }
        }
    }

    /// Sets what an assignment names.
    pub fn assign(&mut self, target: &'a Expr, value: Value, site: Site) {
        match &target.kind {
            ExprKind::Name(name) => self.bind(*name, value, site),
            ExprKind::Tuple(targets) | ExprKind::List(targets) => {
                let parts = match &value {
                    Value::List(list) if list.is_certain() && list.items.len() == targets.len() => {
                        Some(list.items.clone())
                    }
                    _ => None,
                };
                for (at, target) in targets.iter().enumerate() {
                    let part = match &parts {
                        Some(parts) => parts[at].value.clone(),
                        None => Value::unknown(Why::Computed, site),
                    };
                    self.assign(target, part, site);
                }
            }
            ExprKind::Index(parts) => {
                let key = self.key(&parts.1);
                if self.is_namespace(&parts.0) {
                    return match key {
                        Key::Text(name, _) => self.bind(name, value, site),
                        _ => self.may_change(site, Why::Computed),
                    };
                }
                if let Some(place) = self.place(&parts.0) {
                    self.change(&place, &mut |held| {
                        super::change::set(held, &key, value.clone(), site)
                    });
                }
            }
            _ => {}
        }
    }

    fn delete(&mut self, target: &'a Expr) {
        match &target.kind {
            ExprKind::Name(name) => {
                self.state.names.remove(name);
            }
            ExprKind::Index(parts) => {
                let key = self.key(&parts.1);
                let site = self.site(target.span);
                if let Some(place) = self.place(&parts.0) {
                    self.change(&place, &mut |held| super::change::remove(held, &key, site));
                }
            }
            _ => {}
        }
    }

    /// Changes what a place holds.
    pub fn change(&mut self, place: &Place, make: &mut dyn FnMut(&mut Value)) {
        if let Some(setting) = self.state.names.get_mut(&place.root) {
            let value = Arc::make_mut(&mut setting.value);
            change(value, &place.keys, place.site, make);
            if place.keys.is_empty() {
                setting.site = place.site;
            }
            let whole = std::mem::replace(value, Value::None);
            *value = whole.bounded(place.site);
        }
    }

    /// `NAME["key"][0]`
    pub fn place(&mut self, expr: &'a Expr) -> Option<Place> {
        let mut keys = Vec::new();
        let mut at = expr;
        while let ExprKind::Index(parts) = &at.kind {
            keys.push(self.key(&parts.1));
            at = &parts.0;
        }
        keys.reverse();
        Some(Place {
            root: at.as_name()?,
            keys,
            site: self.site(expr.span),
        })
    }

    pub fn key(&mut self, expr: &'a Expr) -> Key {
        let site = self.site(expr.span);
        match self.value(expr) {
            Value::Str(text) => Key::Text(text, site),
            Value::Int(n) => Key::Number(n),
            _ => Key::Unknown,
        }
    }

    /// An element put into a list by a call at `list`.
    pub fn item(&self, value: Value, site: Site, list: Site) -> Item {
        let gap = self.loops > 0;
        Item {
            value,
            site,
            list,
            sometimes: gap,
            gap,
        }
    }

    /// `globals()`, `locals()`, `vars()` and `sys.modules[__name__]`.
    pub fn is_namespace(&mut self, expr: &'a Expr) -> bool {
        match &expr.kind {
            ExprKind::Call(call) if call.args.is_empty() => call
                .func
                .as_name()
                .is_some_and(|name| ["globals", "locals", "vars"].contains(&name.as_str())),
            ExprKind::Index(parts) => {
                parts.1.as_name().is_some_and(|name| name == "__name__")
                    && matches!(self.value(&parts.0), Value::Unknown(u) if matches!(u.why, Why::Outside(d) if d == "sys.modules"))
            }
            _ => false,
        }
    }

    pub fn end(&mut self) {
        self.state.ended = true;
    }
}

/// What two ways make of the same start.
pub(super) fn join(a: State, b: State) -> State {
    if a.ended {
        return b;
    }
    if b.ended {
        return a;
    }
    let mut names = a.names;
    let mut others = b.names;
    for (name, setting) in &mut names {
        match others.remove(name) {
            Some(other) => {
                if !Arc::ptr_eq(&setting.value, &other.value) {
                    setting.value = Arc::new(setting.value.join(&other.value));
                    setting.site = setting.site.max(other.site);
                }
                setting.certain &= other.certain;
            }
            None => setting.certain = false,
        }
    }
    names.extend(others.into_iter().map(|(name, setting)| {
        let sometimes = Setting {
            certain: false,
            ..setting
        };
        (name, sometimes)
    }));
    let mut overrides = a.overrides;
    for known in b.overrides {
        if !overrides.contains(&known) {
            overrides.push(known);
        }
    }
    let mut parents = a.parents;
    for file in b.parents {
        if !parents.contains(&file) {
            parents.push(file);
        }
    }
    State {
        names,
        overrides,
        parents,
        from: a.from.or(b.from),
        ended: false,
    }
}
