//! What a part of a template takes from the request: the user, the session, the language, a token.
//!
//! Follows includes with literal names and tags that take the context. A name that the template binds itself is its
//! own; what views put into the context under other names is not known here, nor what blocks of descendants print.

use crate::ir::{Ambient, Expr, ExprKind, Fragment, Stmt, StmtKind, TemplateStmt};
use crate::project::Project;
use crate::project::templates::TagKind;
use crate::source::{FileId, Site, Span, Sym};

use super::walk;

/// Includes within includes that are followed.
const MAX_DEPTH: usize = 4;
/// Includes of one part that are followed.
const MAX_INCLUDES: u32 = 64;

/// What the output changes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    User,
    Permissions,
    Messages,
    CsrfToken,
    Session,
    /// The address or the data of the request.
    Request,
    Language,
}

/// One place where a part of a template reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    pub of: Of,
    /// As it is written: `request.user.username`.
    pub site: Site,
    /// The includes that lead there.
    pub includes: Vec<Site>,
}

impl Of {
    pub const fn phrase(self) -> &'static str {
        match self {
            Self::User => "the user",
            Self::Permissions => "the permissions of the user",
            Self::Messages => "the messages of the visitor",
            Self::CsrfToken => "the CSRF token of the visitor",
            Self::Session => "the session",
            Self::Request => "the request",
            Self::Language => "the active language",
        }
    }
}

/// A fragment that is kept for all visitors although it takes something from the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leak {
    pub name: Sym,
    /// The `{% cache %}` tag.
    pub site: Site,
    /// What it reads and does not vary on; never empty.
    pub readings: Vec<Reading>,
}

/// The fragments of a template that do not vary on what they read.
pub fn leaks(project: &Project, file: FileId) -> Vec<Leak> {
    let mut found = Vec::new();
    for fragment in fragments(project, file) {
        let mut readings = readings(project, file, &fragment.body);
        readings.retain(|reading| shown(project, reading.of) && !varies(fragment, reading.of));
        if !readings.is_empty() {
            found.push(Leak {
                name: fragment.name,
                site: Site::new(file, fragment.tag),
                readings,
            });
        }
    }
    found
}

/// What the statements read, in the order of the source.
pub fn readings(project: &Project, file: FileId, body: &[Stmt]) -> Vec<Reading> {
    let mut walk = Walk {
        project,
        file,
        bound: Vec::new(),
        includes: Vec::new(),
        inside: Vec::new(),
        followed: 0,
        found: Vec::new(),
    };
    walk.block(body);
    walk.found
}

/// What a variable with its steps takes from the request, where no other name hides it.
pub fn of_path(expr: &Expr) -> Option<Of> {
    let (root, next) = head(expr)?;
    match (root.as_str(), next.as_ref().map(|n| n.as_str())) {
        ("user", _) | ("request", Some("user")) => Some(Of::User),
        ("perms", _) => Some(Of::Permissions),
        ("messages", _) => Some(Of::Messages),
        ("csrf_token", _) => Some(Of::CsrfToken),
        ("request", Some("session" | "COOKIES")) => Some(Of::Session),
        (
            "request",
            Some(
                "GET" | "POST" | "path" | "path_info" | "get_full_path" | "build_absolute_uri"
                | "resolver_match" | "META" | "headers",
            ),
        ) => Some(Of::Request),
        ("LANGUAGE_CODE" | "LANGUAGE_BIDI", None) | ("request", Some("LANGUAGE_CODE")) => Some(Of::Language),
        _ => None,
    }
}

/// The variable of a path and the first step behind it.
fn head(expr: &Expr) -> Option<(Sym, Option<Sym>)> {
    let mut at = expr;
    let mut next = None;
    loop {
        match &at.kind {
            ExprKind::Var(name) => return Some((*name, next)),
            ExprKind::Lookup(lookup) => {
                next = Some(lookup.name);
                at = &lookup.base;
            }
            _ => return None,
        }
    }
}

struct Walk<'p> {
    project: &'p Project,
    file: FileId,
    bound: Vec<Sym>,
    includes: Vec<Site>,
    /// Blocks around the current statement: damaged templates put one into another of its name.
    inside: Vec<(FileId, Sym)>,
    followed: u32,
    found: Vec<Reading>,
}

impl Walk<'_> {
    fn block(&mut self, body: &[Stmt]) {
        body.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Expr(expr) => self.expr(expr),
            StmtKind::Assign { targets, value } => {
                self.expr(value);
                targets.iter().for_each(|target| self.bind(target));
            }
            StmtKind::If { test, body, orelse } => {
                self.expr(test);
                self.block(body);
                self.block(orelse);
            }
            StmtKind::For {
                target, iter, body, ..
            } => {
                self.expr(iter);
                self.bind(target);
                self.block(body);
            }
            StmtKind::Template(part) => self.part(stmt.span, part),
            _ => {}
        }
    }

    fn part(&mut self, span: Span, part: &TemplateStmt) {
        match part {
            TemplateStmt::Scope(body) => {
                let outer = self.bound.len();
                self.block(body);
                self.bound.truncate(outer);
            }
            TemplateStmt::Cached(fragment) => self.block(&fragment.body),
            TemplateStmt::Ambient(Ambient::CsrfToken) => self.read(Of::CsrfToken, span),
            TemplateStmt::Ambient(Ambient::Language) => self.read(Of::Language, span),
            TemplateStmt::Block(name) => {
                let project = self.project;
                let blocks = project.blocks(self.file);
                let here = (self.file, *name);
                if let Some(block) = blocks.iter().find(|block| block.name == *name)
                    && !self.inside.contains(&here)
                {
                    self.inside.push(here);
                    self.block(&block.body);
                    self.inside.pop();
                }
            }
            TemplateStmt::Include { template, with, only } => {
                with.iter().for_each(|(_, value)| self.expr(value));
                if !only {
                    self.include(template, with.iter().map(|(name, _)| *name));
                }
            }
            TemplateStmt::Tag {
                name,
                name_span,
                args,
                target,
                body,
            } => {
                args.iter().for_each(|arg| self.expr(&arg.value));
                if self.takes_user(*name) {
                    self.read(Of::User, *name_span);
                }
                self.block(body);
                self.bound.extend(*target);
            }
            TemplateStmt::Regroup { source, target, .. } => {
                self.expr(source);
                self.bound.push(*target);
            }
            TemplateStmt::Extends(_) | TemplateStmt::BlockSuper => {}
        }
    }

    fn include(&mut self, template: &Expr, with: impl Iterator<Item = Sym>) {
        let named = template.as_str();
        let Some(file) = named.and_then(|name| self.project.template(name.as_str(), self.file)) else {
            return;
        };
        if self.includes.len() >= MAX_DEPTH || self.followed >= MAX_INCLUDES {
            return;
        }
        self.followed += 1;
        let outer = self.bound.len();
        self.bound.extend(with);
        self.includes.push(Site::new(self.file, template.span));
        let here = std::mem::replace(&mut self.file, file);
        let project = self.project;
        self.block(&project.template_routine(file).body);
        self.file = here;
        self.includes.pop();
        self.bound.truncate(outer);
    }

    fn expr(&mut self, expr: &Expr) {
        if let Some((root, _)) = head(expr) {
            if let Some(of) = of_path(expr)
                && !self.bound.contains(&root)
            {
                self.read(of, expr.span);
            }
            return;
        }
        for part in walk::parts(expr) {
            self.expr(part);
        }
    }

    fn read(&mut self, of: Of, span: Span) {
        self.found.push(Reading {
            of,
            site: Site::new(self.file, span),
            includes: self.includes.clone(),
        });
    }

    fn bind(&mut self, target: &Expr) {
        walk::expression(target, &mut |e| self.bound.extend(e.as_name()));
    }

    /// A tag that is given the context and asks for the user in it.
    fn takes_user(&self, name: Sym) -> bool {
        let Some(tag) = self.project.template_tag(self.file, name) else {
            return false;
        };
        let asks = tag.takes_context && tag.kind != TagKind::Custom;
        let mut found = false;
        for stmt in asks
            .then(|| &self.project.routine(tag.func).body)
            .into_iter()
            .flatten()
        {
            walk::expressions(stmt, &mut |e| {
                found |= match &e.kind {
                    ExprKind::Index(parts) => parts.1.as_str().is_some_and(|key| key == "user"),
                    ExprKind::Attr(attr) => {
                        attr.name == "user"
                            && matches!(attr.base.kind, ExprKind::Index(_) | ExprKind::Name(_))
                    }
                    _ => false,
                };
            });
        }
        found
    }
}

/// What is no difference in this project is not told.
fn shown(project: &Project, of: Of) -> bool {
    match of {
        Of::Language => project.several_languages(),
        Of::Messages => project
            .hints
            .has_context_processor("django.contrib.messages.context_processors.messages"),
        _ => true,
    }
}

/// Whether the keys of a fragment may tell apart what the reading does.
fn varies(fragment: &Fragment, of: Of) -> bool {
    fragment.vary.iter().any(|key| match (&key.kind, root(key)) {
        (ExprKind::Const(_), _) => false,
        (_, Some(found)) => found == of || of != Of::Language && of != Of::Request && is_personal(found),
        // What a variable of the view holds is not known.
        (_, None) => true,
    })
}

fn root(key: &Expr) -> Option<Of> {
    match &key.kind {
        ExprKind::Filter(filter) => root(&filter.value),
        _ => of_path(key),
    }
}

fn is_personal(of: Of) -> bool {
    matches!(of, Of::User | Of::Session)
}

/// The `{% cache %}` tags of a template, where it is Django's.
fn fragments(project: &Project, file: FileId) -> Vec<&Fragment> {
    let mut found = Vec::new();
    let facts = &project.file(file).facts;
    let Some(template) = &facts.template else {
        return found;
    };
    if !template.libraries.iter().any(|library| library == "cache") {
        return found;
    }
    for routine in &facts.functions {
        collect(&routine.body, &mut found);
    }
    for block in &template.blocks {
        collect(&block.body, &mut found);
    }
    found
}

fn collect<'p>(body: &'p [Stmt], found: &mut Vec<&'p Fragment>) {
    for stmt in body {
        if let StmtKind::Template(part) = &stmt.kind
            && let TemplateStmt::Cached(fragment) = &**part
        {
            found.push(fragment);
        }
        for inner in stmt.blocks() {
            collect(inner, found);
        }
    }
}
