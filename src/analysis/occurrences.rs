//! Where a template reads which variable, and which of these reads happen in the same rendering.
//!
//! Knows the structure of one file only: bindings, branches and loops. What a read costs is asked elsewhere, included
//! templates are not followed, and what `{% cache %}` keeps is left out.

use rustc_hash::FxHashMap;

use crate::facts::FileFacts;
use crate::ir::{Expr, ExprKind, Filter, Stmt, StmtKind, TemplateStmt};
use crate::project::Project;
use crate::source::{FileId, Site, Span, Sym};

/// A variable with the steps behind it, read at one place.
#[derive(Debug, Clone)]
pub struct Occurrence<'p> {
    /// The whole read: `post.tags.all|length`.
    pub site: Site,
    /// The variable with its steps, without `all` and what stands behind it.
    pub path: Vec<Sym>,
    /// The expressions of the path, from the variable on.
    pub steps: Vec<&'p Expr>,
    /// `….all` makes a new queryset.
    pub all: bool,
    pub tail: Tail,
    pub role: Role,
    /// Only whether there are rows matters: `{% if books.count %}`.
    pub truth: bool,
    /// The block or the body of the file that it stands in.
    pub body: u32,
    /// What its variable is bound by; 0 is the context.
    binding: u32,
    /// A loop around it whose rows it does not depend on reads it again each time.
    pub in_vain: bool,
    /// It stands in a branch that `{% elif %}` opens.
    pub aside: bool,
    /// The reads that `{% with %}` around it keeps, by their order, and the names it has for them.
    held: Vec<(u32, Sym)>,
    /// The branches around it: which `{% if %}`, and which side.
    arms: Vec<(u32, bool)>,
    loops: Vec<u32>,
    order: u32,
}

/// What is asked of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// The rows themselves.
    Rows,
    Count,
    Exists,
    /// `|length`
    Length,
}

/// What the template does with the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A condition that is evaluated whenever its `{% if %}` is reached.
    Test(u32),
    /// The rows of a loop.
    Iter,
    /// Only a part of the rows is used, or not in every case.
    Part,
    Other,
}

/// All reads of one template, and its conditions.
#[derive(Debug, Default)]
pub struct Occurrences<'p> {
    pub all: Vec<Occurrence<'p>>,
    /// The spans of `{% if %}` … `{% endif %}`, branches included, by number, and whether it is an `{% elif %}`.
    conditions: Vec<Span>,
    elifs: Vec<bool>,
}

impl Occurrence<'_> {
    /// The text of the path: `post.tags`.
    pub fn name(&self) -> String {
        let parts: Vec<&str> = self.path.iter().map(|part| part.as_str()).collect();
        parts.join(".")
    }

    /// The same variable, bound by the same, with the same steps.
    pub fn same_value(&self, other: &Self) -> bool {
        self.binding == other.binding && self.path == other.path
    }

    /// The very same read.
    pub fn is_at(&self, other: &Self) -> bool {
        self.order == other.order
    }

    /// Both may happen in one rendering, for the same rows of the loops around them.
    pub fn together(&self, other: &Self) -> bool {
        let exclusive = |(id, side): &(u32, bool)| other.arms.iter().any(|(i, s)| i == id && s != side);
        self.loops == other.loops && !self.arms.iter().any(exclusive)
    }

    /// Whenever `other` is reached in the same body, this one is as well.
    pub fn surrounds(&self, other: &Self) -> bool {
        self.body == other.body && self.loops == other.loops && other.arms.starts_with(&self.arms)
    }

    /// Stands in a branch of that condition.
    pub fn is_under(&self, condition: u32) -> bool {
        self.arms.iter().any(|(id, _)| *id == condition)
    }

    /// Stands directly in the first branch of a condition that `test` belongs to.
    pub fn follows_at_once(&self, test: &Self, condition: u32) -> bool {
        let mut arms = test.arms.clone();
        arms.push((condition, true));
        self.arms == arms
    }

    /// The name that this read has where `other` stands, by a `{% with %}` around that.
    pub fn name_at(&self, other: &Self) -> Option<Sym> {
        let held = other.held.iter().rev();
        held.into_iter()
            .find(|(order, _)| *order == self.order)
            .map(|(_, name)| *name)
    }

    pub fn is_before(&self, other: &Self) -> bool {
        self.order < other.order
    }

    /// The variable is bound in the template itself.
    pub fn is_local(&self) -> bool {
        self.binding != 0
    }

    /// The first `n` parts of the path are those of the other one.
    pub fn shares(&self, other: &Self, n: usize) -> bool {
        self.binding == other.binding && self.path.len() >= n && other.path.get(..n) == self.path.get(..n)
    }
}

impl<'p> Occurrences<'p> {
    pub fn of(project: &'p Project, file: FileId) -> Self {
        let facts = &project.file(file).facts;
        let mut walk = Walk {
            file,
            facts,
            found: Self::default(),
            env: FxHashMap::default(),
            bindings: 0,
            arms: Vec::new(),
            loops: Vec::new(),
            entered: Vec::new(),
            held: Vec::new(),
            next_loop: 0,
            body: 0,
            extends: facts.functions.iter().flat_map(|f| &f.body).any(extends),
            compared: false,
            filtered: false,
            rendered: Vec::new(),
        };
        for routine in &facts.functions {
            walk.block(&routine.body);
        }
        if let Some(template) = &facts.template {
            for (n, block) in template.blocks.iter().enumerate() {
                if !walk.rendered.contains(&block.name) {
                    walk.body = n as u32 + 1;
                    walk.rendered.push(block.name);
                    walk.block(&block.body);
                }
            }
        }
        walk.found
    }

    /// The whole condition with all its branches.
    pub fn condition(&self, id: u32) -> Span {
        self.conditions[id as usize]
    }
}

fn extends(stmt: &Stmt) -> bool {
    matches!(&stmt.kind, StmtKind::Template(part) if matches!(**part, TemplateStmt::Extends(_)))
}

struct Walk<'p> {
    file: FileId,
    facts: &'p FileFacts,
    found: Occurrences<'p>,
    env: FxHashMap<Sym, u32>,
    bindings: u32,
    arms: Vec<(u32, bool)>,
    loops: Vec<u32>,
    /// The bindings that there were before each loop over rows.
    entered: Vec<u32>,
    held: Vec<(u32, Sym)>,
    next_loop: u32,
    body: u32,
    /// Its blocks are rendered where a parent has them.
    extends: bool,
    /// The current expression is compared with another one.
    compared: bool,
    /// It stands before a filter.
    filtered: bool,
    /// Blocks that stand in what has been walked.
    rendered: Vec<Sym>,
}

impl<'p> Walk<'p> {
    fn block(&mut self, body: &'p [Stmt]) {
        for stmt in body {
            self.stmt(stmt);
        }
    }

    fn stmt(&mut self, stmt: &'p Stmt) {
        match &stmt.kind {
            StmtKind::Expr(expr) => self.expr(expr, Role::Other),
            StmtKind::Assign { targets, value } => {
                let before = self.found.all.len();
                self.expr(value, Role::Other);
                if let ([target], Some(read)) = (&targets[..], self.found.all.get(before))
                    && let Some(name) = target.as_name()
                    && read.site.span == value.span
                {
                    self.held.push((before as u32, name));
                }
                targets.iter().for_each(|target| self.bind(target));
            }
            StmtKind::If { test, body, orelse } => self.choose(stmt.span, test, body, orelse),
            StmtKind::For {
                target, iter, body, ..
            } => {
                self.expr(iter, Role::Iter);
                self.next_loop += 1;
                self.loops.push(self.next_loop);
                self.entered.push(self.bindings);
                self.bind(target);
                self.block(body);
                self.entered.pop();
                self.loops.pop();
            }
            StmtKind::Template(part) => self.part(part),
            _ => {}
        }
    }

    fn part(&mut self, part: &'p TemplateStmt) {
        match part {
            TemplateStmt::Scope(body) => self.scope(body),
            TemplateStmt::Block(name) => {
                let facts: &'p FileFacts = self.facts;
                let blocks = facts.template.iter().flat_map(|template| &template.blocks);
                let found = blocks
                    .into_iter()
                    .enumerate()
                    .find(|(_, block)| block.name == *name);
                if let Some((n, block)) = found
                    && !self.rendered.contains(name)
                {
                    self.rendered.push(*name);
                    let own = if self.extends { n as u32 + 1 } else { self.body };
                    let outer = std::mem::replace(&mut self.body, own);
                    self.scope(&block.body);
                    self.body = outer;
                }
            }
            TemplateStmt::Include { with, .. } => {
                with.iter().for_each(|(_, value)| self.expr(value, Role::Other));
            }
            TemplateStmt::Tag {
                args, target, body, ..
            } => {
                args.iter().for_each(|arg| self.expr(&arg.value, Role::Other));
                // What a tag does with its body is its own business.
                self.next_loop += 1;
                self.loops.push(self.next_loop);
                self.scope(body);
                self.loops.pop();
                target.iter().for_each(|name| self.bind_name(*name));
            }
            TemplateStmt::Regroup { source, target, .. } => {
                self.expr(source, Role::Other);
                self.bind_name(*target);
            }
            TemplateStmt::Cached(fragment) => {
                fragment.vary.iter().for_each(|key| self.expr(key, Role::Part));
            }
            TemplateStmt::Extends(_) | TemplateStmt::BlockSuper | TemplateStmt::Ambient(_) => {}
        }
    }

    fn scope(&mut self, body: &'p [Stmt]) {
        let (outer, held) = (self.env.clone(), self.held.len());
        self.block(body);
        self.env = outer;
        self.held.truncate(held);
    }

    fn choose(&mut self, span: Span, test: &'p Expr, body: &'p [Stmt], orelse: &'p [Stmt]) {
        let id = self.found.conditions.len() as u32;
        // `{% elif %}` ends where its `{% if %}` does.
        let outer = self
            .arms
            .last()
            .map(|(id, _)| self.found.conditions[*id as usize]);
        let elif = outer.filter(|outer| outer.end == span.end);
        self.found.conditions.push(elif.unwrap_or(span));
        self.found.elifs.push(elif.is_some());
        self.test(test, Role::Test(id));
        let env = self.env.clone();
        for (side, body) in [(true, body), (false, orelse)] {
            self.arms.push((id, side));
            self.block(body);
            self.arms.pop();
            self.env = env.clone();
        }
    }

    fn test(&mut self, test: &'p Expr, role: Role) {
        match &test.kind {
            ExprKind::And(parts) => parts.iter().for_each(|part| self.test(part, role)),
            ExprKind::Or(parts) => {
                for (n, part) in parts.iter().enumerate() {
                    self.test(part, if n == 0 { role } else { Role::Part });
                }
            }
            ExprKind::Not(inner) => self.test(inner, role),
            ExprKind::Compare(compared) => {
                self.compared = true;
                self.test(&compared.left, role);
                compared.rest.iter().for_each(|(_, side)| self.test(side, role));
                self.compared = false;
            }
            _ => self.expr(test, role),
        }
    }

    fn expr(&mut self, expr: &'p Expr, role: Role) {
        match &expr.kind {
            ExprKind::Var(_) | ExprKind::Lookup(_) => self.read(expr, expr, false, role),
            ExprKind::Filter(filter) => self.filtered(expr, filter, role),
            ExprKind::FString(parts) => parts.iter().for_each(|part| self.expr(part, role)),
            ExprKind::Or(parts) | ExprKind::And(parts) => {
                parts.iter().for_each(|part| self.expr(part, Role::Part));
            }
            _ => super::walk::parts(expr)
                .into_iter()
                .for_each(|part| self.expr(part, Role::Part)),
        }
    }

    fn filtered(&mut self, expr: &'p Expr, filter: &'p Filter, role: Role) {
        let outer = std::mem::replace(&mut self.filtered, true);
        let is_path = matches!(filter.value.kind, ExprKind::Var(_) | ExprKind::Lookup(_));
        match (is_path, filter.name.as_str()) {
            (true, "length") => {
                self.filtered = outer;
                self.read(expr, &filter.value, true, role);
            }
            (true, name) => {
                let counts = match &filter.value.kind {
                    ExprKind::Lookup(lookup) => matches!(lookup.name.as_str(), "count" | "exists"),
                    _ => false,
                };
                let whole = counts || matches!(name, "join" | "dictsort" | "dictsortreversed");
                self.expr(&filter.value, if whole { Role::Other } else { Role::Part });
            }
            // `x|length|pluralize`
            (false, _) => self.expr(&filter.value, if role == Role::Iter { Role::Part } else { role }),
        }
        self.filtered = outer;
        for arg in &filter.args {
            self.expr(&arg.value, Role::Other);
        }
    }

    fn read(&mut self, whole: &'p Expr, value: &'p Expr, length: bool, role: Role) {
        let mut steps = Vec::new();
        let mut path = Vec::new();
        let mut at = value;
        loop {
            steps.push(at);
            match &at.kind {
                ExprKind::Lookup(lookup) => {
                    path.push(lookup.name);
                    at = &lookup.base;
                }
                ExprKind::Var(name) => {
                    path.push(*name);
                    break;
                }
                _ => return,
            }
        }
        steps.reverse();
        path.reverse();
        let mut tail = if length { Tail::Length } else { Tail::Rows };
        let ends = |path: &[Sym], name: &str| path.len() > 1 && path.last().is_some_and(|last| last == name);
        if !length && ends(&path, "count") {
            tail = Tail::Count;
        } else if !length && ends(&path, "exists") {
            tail = Tail::Exists;
        }
        if matches!(tail, Tail::Count | Tail::Exists) {
            path.pop();
        }
        let all = ends(&path, "all");
        if all {
            path.pop();
        }
        let binding = self.env.get(&path[0]).copied().unwrap_or(0);
        self.found.all.push(Occurrence {
            site: Site::new(self.file, whole.span),
            path,
            steps,
            all,
            tail,
            role,
            truth: matches!(role, Role::Test(_)) && !self.compared && !self.filtered,
            body: self.body,
            binding,
            in_vain: self.entered.iter().any(|before| binding <= *before),
            aside: self
                .arms
                .iter()
                .any(|(id, side)| *side && self.found.elifs[*id as usize]),
            held: self.held.clone(),
            arms: self.arms.clone(),
            loops: self.loops.clone(),
            order: self.found.all.len() as u32,
        });
    }

    fn bind(&mut self, target: &Expr) {
        match &target.kind {
            ExprKind::Name(name) => self.bind_name(*name),
            ExprKind::Tuple(parts) => parts.iter().for_each(|part| self.bind(part)),
            _ => {}
        }
    }

    fn bind_name(&mut self, name: Sym) {
        self.bindings += 1;
        self.env.insert(name, self.bindings);
    }
}
