//! From root URL configurations down through lists, includes and routers.

use rustc_hash::FxHashSet;

use super::super::hints::walk::each_statement;
use super::super::{Def, Project};
use super::table::{self, Patterns, Syntax};
use super::views::{self, Seen};
use super::{Endpoint, pattern, routers};
use crate::ir::{BinOp, Call, Expr, ExprKind, StmtKind};
use crate::source::{FileId, Site, Span, Sym};

const MAX_DEPTH: u32 = 64;
/// Includes that multiply must not fill the memory.
const MAX_ENDPOINTS: usize = 50_000;

/// Where a list of patterns stands.
#[derive(Clone)]
pub(super) struct Place {
    /// The readable path of the parents, with its leading slash.
    pub prefix: String,
    /// Namespaces, each followed by a colon.
    pub namespace: String,
    pub depth: u32,
}

pub(super) struct Walk<'p> {
    pub project: &'p Project,
    out: Vec<Endpoint>,
    /// Lists being read, against cycles.
    open: Vec<(FileId, Sym)>,
    /// Modules reached by an include.
    included: FxHashSet<FileId>,
}

/// All endpoints, in order of the root modules and of what they say.
pub(super) fn endpoints(project: &Project) -> Vec<Endpoint> {
    let (roots, named) = project.root_urlconfs();
    let walks: Vec<(FileId, Walk<'_>)> = roots
        .iter()
        .map(|root| {
            let mut walk = Walk {
                project,
                out: Vec::new(),
                open: Vec::new(),
                included: FxHashSet::default(),
            };
            let top = Place {
                prefix: "/".to_owned(),
                namespace: String::new(),
                depth: MAX_DEPTH,
            };
            walk.module(*root, &top);
            (*root, walk)
        })
        .collect();
    let is_root = |root: FileId| named || !walks.iter().any(|(_, walk)| walk.included.contains(&root));
    let keep: Vec<bool> = walks.iter().map(|(root, _)| is_root(*root)).collect();
    let kept = walks.into_iter().zip(keep).filter(|(_, keep)| *keep);
    kept.flat_map(|((_, walk), _)| walk.out).collect()
}

impl<'p> Walk<'p> {
    fn module(&mut self, file: FileId, at: &Place) {
        self.variable(file, Sym::new("urlpatterns"), at);
    }

    /// A list by its name in a module: all that is assigned and added to it.
    fn variable(&mut self, file: FileId, name: Sym, at: &Place) {
        if self.open.contains(&(file, name)) {
            return;
        }
        let Some(at) = at.down() else { return };
        self.open.push((file, name));
        let facts = &self.project.file(file).facts;
        for assign in facts.assigns.iter().filter(|assign| assign.name == name) {
            if let Some(value) = &assign.value {
                self.list(file, value, &at);
            }
        }
        let mut added: Vec<(bool, &Expr)> = Vec::new();
        let body = facts.functions.first().map(|f| &f.body[..]).unwrap_or_default();
        each_statement(body, &mut |stmt| {
            if let StmtKind::Expr(Expr {
                kind: ExprKind::Call(call),
                ..
            }) = &stmt.kind
                && let ExprKind::Attr(method) = &call.func.kind
                && method.base.as_name() == Some(name)
            {
                let argument = match method.name.as_str() {
                    "append" => call.positional(0).map(|value| (true, value)),
                    "insert" => call.positional(1).map(|value| (true, value)),
                    "extend" => call.positional(0).map(|value| (false, value)),
                    _ => None,
                };
                added.extend(argument);
            }
        });
        for (is_item, value) in added {
            match is_item {
                true => self.item(file, value, &at),
                false => self.list(file, value, &at),
            }
        }
        // A star import brings the list of another module.
        if !facts.bindings.iter().any(|(bound, _)| *bound == name)
            && let Some(Def::Assign(from, _)) = self.project.lookup(file, name)
            && from != file
        {
            self.variable(from, name, &at);
        }
        self.open.pop();
    }

    /// An expression that gives a list of patterns.
    fn list(&mut self, file: FileId, expr: &Expr, at: &Place) {
        let Some(at) = &at.down() else { return };
        match &expr.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                for item in items {
                    self.item(file, item, at);
                }
            }
            ExprKind::Binary(binary) if binary.op == BinOp::Add => {
                self.list(file, &binary.left, at);
                self.list(file, &binary.right, at);
            }
            ExprKind::IfElse(choice) => {
                self.list(file, &choice.then, at);
                self.list(file, &choice.orelse, at);
            }
            ExprKind::Starred(inner) => self.list(file, inner, at),
            ExprKind::Call(call) => {
                if let Some(router) = router_of(&call.func, "get_urls") {
                    routers::add(self, file, router, at);
                    return;
                }
                match self
                    .dotted(file, &call.func)
                    .and_then(|name| table::patterns(name.as_str()))
                {
                    Some(Patterns::Arguments) => {
                        for arg in &call.args {
                            self.item(file, &arg.value, at);
                        }
                    }
                    Some(Patterns::First) => {
                        if let Some(first) = call.positional(0) {
                            self.list(file, first, at);
                        }
                    }
                    Some(Patterns::None) => {}
                    None => self.copied(file, call, at),
                }
            }
            ExprKind::Name(_) | ExprKind::Attr(_) => {
                if let Some(router) = router_of(expr, "urls")
                    && routers::add(self, file, router, at)
                {
                    return;
                }
                match self.project.resolve_expr(file, expr) {
                    Some(Def::Assign(from, idx)) => {
                        let name = self.project.file(from).facts.assigns[idx as usize].name;
                        self.variable(from, name, at);
                    }
                    Some(Def::Module(module)) => self.include_module(module, None, at),
                    _ => {}
                }
            }
            _ => {}
        }
    }

    /// `list(urlpatterns)`
    fn copied(&mut self, file: FileId, call: &Call, at: &Place) {
        let is_copy = call
            .func
            .as_name()
            .is_some_and(|name| ["list", "tuple"].contains(&name.as_str()));
        if let (true, [only]) = (is_copy, &call.args[..]) {
            self.list(file, &only.value, at);
        }
    }

    /// One item of a list of patterns.
    fn item(&mut self, file: FileId, expr: &Expr, at: &Place) {
        match &expr.kind {
            ExprKind::Starred(inner) => self.list(file, inner, at),
            ExprKind::Call(call) => {
                let syntax = self
                    .dotted(file, &call.func)
                    .and_then(|name| table::route(name.as_str()));
                if let Some(syntax) = syntax {
                    self.route(file, expr.span, call, syntax, at);
                }
            }
            ExprKind::Name(_) | ExprKind::Attr(_) => {
                if let Some(Def::Assign(from, idx)) = self.project.resolve_expr(file, expr)
                    && let Some(value) = &self.project.file(from).facts.assigns[idx as usize].value
                    && let Some(at) = at.down()
                {
                    self.item(from, value, &at);
                }
            }
            _ => {}
        }
    }

    /// `path(route, view, kwargs, name)`
    fn route(&mut self, file: FileId, span: Span, call: &Call, syntax: Syntax, at: &Place) {
        let written = call
            .positional(0)
            .or(call.keyword("route"))
            .or(call.keyword("regex"));
        let Some(target) = call.positional(1).or(call.keyword("view")) else {
            return;
        };
        let route = written.map_or_else(|| "…".to_owned(), |expr| pattern::readable(&text(expr), syntax));
        let at = Place {
            prefix: format!("{}{route}", at.prefix),
            ..at.clone()
        };
        if self.nested(file, target, &at) {
            return;
        }
        let Seen {
            view,
            as_view,
            actions,
        } = views::view(self.project, file, target);
        let name = call.keyword("name").or(call.positional(3)).and_then(Expr::as_str);
        self.push(Endpoint {
            pattern: Sym::new(&at.prefix),
            name: name.map(|name| at.named(name.as_str())),
            view,
            as_view,
            actions,
            site: Site::new(file, span),
        });
    }

    /// Follows `include(…)` and its kin; false for a view.
    fn nested(&mut self, file: FileId, target: &Expr, at: &Place) -> bool {
        let Some(at) = &at.down() else { return true };
        match &target.kind {
            ExprKind::Call(call) => {
                let dotted = self.dotted(file, &call.func);
                if !dotted.is_some_and(|name| table::is_include(name.as_str())) {
                    return false;
                }
                let namespace = call
                    .keyword("namespace")
                    .or(call.positional(1))
                    .and_then(Expr::as_str);
                if let Some(what) = call.positional(0).or(call.keyword("arg")) {
                    self.include(file, what, namespace, at);
                }
                true
            }
            // `(patterns, app_name, namespace)`
            ExprKind::Tuple(_) => {
                self.include(file, target, None, at);
                true
            }
            ExprKind::Name(_) => match self.project.resolve_expr(file, target) {
                Some(Def::Assign(from, idx)) => {
                    let value = self.project.file(from).facts.assigns[idx as usize]
                        .value
                        .as_deref();
                    value.is_some_and(|value| self.nested(from, value, at))
                }
                _ => false,
            },
            // `admin.site.urls`
            ExprKind::Attr(attr) => attr.name == "urls",
            _ => false,
        }
    }

    fn include(&mut self, file: FileId, what: &Expr, namespace: Option<Sym>, at: &Place) {
        match &what.kind {
            ExprKind::Const(_) => {
                let module = what
                    .as_str()
                    .and_then(|path| self.project.dotted(file, path.as_str()));
                match module {
                    Some(Def::Module(module)) => self.include_module(module, namespace, at),
                    Some(Def::Assign(from, idx)) => {
                        let name = self.project.file(from).facts.assigns[idx as usize].name;
                        self.variable(from, name, &at.within(namespace));
                    }
                    _ => {}
                }
            }
            ExprKind::Tuple(parts) => {
                let declared = || parts.get(2).or(parts.get(1)).and_then(Expr::as_str);
                let inside = at.within(namespace.or_else(declared));
                match parts.first() {
                    Some(first) if first.as_str().is_some() => self.include(file, first, None, &inside),
                    Some(first) => self.list(file, first, &inside),
                    None => {}
                }
            }
            ExprKind::Name(_) | ExprKind::Attr(_) => match self.project.resolve_expr(file, what) {
                Some(Def::Module(module)) => self.include_module(module, namespace, at),
                // `patterns = ([…], "app")`
                Some(Def::Assign(from, idx)) if namespace.is_none() => {
                    let assign = &self.project.file(from).facts.assigns[idx as usize];
                    match assign.value.as_deref() {
                        Some(value) if is_pair(value) => {
                            if let Some(at) = at.down() {
                                self.include(from, value, None, &at);
                            }
                        }
                        _ => self.list(file, what, at),
                    }
                }
                _ => self.list(file, what, &at.within(namespace)),
            },
            _ => self.list(file, what, &at.within(namespace)),
        }
    }

    fn include_module(&mut self, module: FileId, namespace: Option<Sym>, at: &Place) {
        self.included.insert(module);
        let facts = &self.project.file(module).facts;
        let declared = facts
            .assigns
            .iter()
            .rev()
            .find(|assign| assign.name == "app_name")
            .and_then(|assign| assign.value.as_deref()?.as_str());
        self.module(module, &at.within(namespace.or(declared)));
    }

    pub(super) fn push(&mut self, endpoint: Endpoint) {
        if self.out.len() < MAX_ENDPOINTS {
            self.out.push(endpoint);
        }
    }

    fn dotted(&self, file: FileId, func: &Expr) -> Option<Sym> {
        match self.project.resolve_expr(file, func)? {
            Def::External(dotted) => Some(dotted),
            _ => None,
        }
    }
}

impl Place {
    fn down(&self) -> Option<Self> {
        Some(Self {
            depth: self.depth.checked_sub(1)?,
            ..self.clone()
        })
    }

    fn within(&self, namespace: Option<Sym>) -> Self {
        let namespace = namespace.map_or_else(String::new, |name| format!("{name}:"));
        Self {
            namespace: format!("{}{namespace}", self.namespace),
            ..self.clone()
        }
    }

    pub(super) fn named(&self, name: &str) -> Sym {
        Sym::new(&format!("{}{name}", self.namespace))
    }
}

fn is_pair(value: &Expr) -> bool {
    let ExprKind::Tuple(parts) = &value.kind else {
        return false;
    };
    parts.get(1).is_some_and(|second| second.as_str().is_some())
}

/// The router in `router.urls`.
fn router_of<'e>(expr: &'e Expr, member: &str) -> Option<&'e Expr> {
    match &expr.kind {
        ExprKind::Attr(attr) if attr.name == *member => Some(&attr.base),
        _ => None,
    }
}

/// The text of a route; what is computed is left out.
pub(super) fn text(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Const(_) => expr
            .as_str()
            .map_or_else(|| "…".to_owned(), |text| text.to_string()),
        ExprKind::Binary(binary) if binary.op == BinOp::Add => {
            format!("{}{}", text(&binary.left), text(&binary.right))
        }
        // `_("orders/")`
        ExprKind::Call(call)
            if call
                .func
                .last_name()
                .is_some_and(|name| table::is_translation(name.as_str())) =>
        {
            call.args.last().map_or_else(String::new, |arg| text(&arg.value))
        }
        _ => "…".to_owned(),
    }
}
