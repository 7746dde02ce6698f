//! What a file declares: functions, classes, imports and assignments, where they stand.

use std::sync::Arc;

use crate::facts::{AssignFacts, Binding, ClassFacts, ImportFacts, ImportKind};
use crate::ir::{
    ClassIdx, Const, Expr, ExprKind, FuncIdx, ImportIdx, Param, ParamKind, Routine, Stmt, StmtKind,
};
use crate::source::{Span, Sym};
use crate::syntax::python::{TextRange, ast};

use super::{Lower, MAX_LEVEL, Scope, eager};

/// What is known of `__all__` so far.
#[derive(Default)]
pub(super) struct Exports {
    names: Option<Vec<Sym>>,
    /// Something was done to it that cannot be read.
    unknown: bool,
}

impl Exports {
    pub(super) fn names(self) -> Option<Vec<Sym>> {
        if self.unknown { None } else { self.names }
    }

    fn set(&mut self, value: &Expr) {
        self.names = Some(Vec::new());
        self.add(value);
    }

    fn add(&mut self, value: &Expr) {
        let names = self.names.get_or_insert_default();
        match &value.kind {
            ExprKind::List(items) | ExprKind::Tuple(items) => {
                names.extend(items.iter().filter_map(Expr::as_str));
                self.unknown |= items.iter().any(|item| item.as_str().is_none());
            }
            _ => self.unknown = true,
        }
    }
}

/// What distinguishes one function from another besides its body.
struct Signature<'a> {
    name: &'a str,
    name_range: TextRange,
    range: TextRange,
    parameters: Option<&'a ast::Parameters>,
    returns: Option<&'a ast::Expr>,
    decorators: &'a [ast::Decorator],
    is_async: bool,
    /// Belongs to the class it stands in; lambdas do not.
    is_method: bool,
}

impl Lower {
    pub(super) fn function_def(&mut self, node: &ast::StmtFunctionDef) -> FuncIdx {
        let index = self.declare_function(&Signature {
            name: &node.name.id,
            name_range: node.name.range,
            range: node.range,
            parameters: Some(&node.parameters),
            returns: node.returns.as_deref(),
            decorators: &node.decorator_list,
            is_async: node.is_async,
            is_method: true,
        });
        let name = Sym::new(&node.name.id);
        match self.scope {
            Scope::Module => self.bind(name, Binding::Func(index)),
            Scope::Class(class) => {
                self.facts.classes[class.0 as usize].methods.push((name, index));
                self.self_attributes(class, index, &node.parameters, &node.body);
            }
            Scope::Function => {}
        }
        if self.depth.bodies {
            self.inside(index, &node.name.id, |lower| lower.block(&node.body));
        } else {
            let mut yields = false;
            each_statement(&node.body, 0, &mut |statement| {
                yields |= plainly_yields(statement)
            });
            self.facts.functions[index.0 as usize].is_generator = yields;
        }
        index
    }

    pub(super) fn lambda(&mut self, node: &ast::ExprLambda) -> FuncIdx {
        let name = "<lambda>";
        let index = self.declare_function(&Signature {
            name,
            name_range: node.range,
            range: node.range,
            parameters: node.parameters.as_deref(),
            returns: None,
            decorators: &[],
            is_async: false,
            is_method: false,
        });
        if self.depth.bodies {
            self.inside(index, name, |lower| {
                let value = lower.expr(&node.body);
                vec![Stmt {
                    span: value.span,
                    kind: StmtKind::Return(Some(value)),
                }]
            });
        }
        index
    }

    fn declare_function(&mut self, signature: &Signature<'_>) -> FuncIdx {
        let decorators = self.exprs(signature.decorators.iter().map(|decorator| &decorator.expression));
        let params = signature
            .parameters
            .map(|parameters| self.params(parameters))
            .unwrap_or_default();
        let returns = self.maybe_annotation(signature.returns);
        let class = match self.scope {
            Scope::Class(class) if signature.is_method => Some(class),
            _ => None,
        };
        let routine = Routine {
            name: Sym::new(signature.name),
            qualname: self.qualify(signature.name),
            class,
            parent: self.function,
            params,
            returns,
            decorators,
            body: Vec::new(),
            is_async: signature.is_async,
            is_generator: false,
            span: self.span(signature.range),
            name_span: self.span(signature.name_range),
        };
        let index = FuncIdx(self.facts.functions.len() as u32);
        self.facts.functions.push(routine);
        index
    }

    /// Lowers the body of a declared function in its own scope.
    fn inside(&mut self, index: FuncIdx, name: &str, body: impl FnOnce(&mut Self) -> Vec<Stmt>) {
        let length = self.prefix.len();
        self.prefix.push_str(name);
        self.prefix.push_str(".<locals>.");
        let scope = std::mem::replace(&mut self.scope, Scope::Function);
        let function = self.function.replace(index);
        let yields = std::mem::take(&mut self.yields);

        let body = body(self);
        let routine = &mut self.facts.functions[index.0 as usize];
        routine.body = body;
        routine.is_generator = self.yields;

        self.yields = yields;
        self.function = function;
        self.scope = scope;
        self.prefix.truncate(length);
    }

    fn params(&mut self, node: &ast::Parameters) -> Vec<Param> {
        let mut params = Vec::with_capacity(node.len());
        for (kind, group) in [
            (ParamKind::PositionalOnly, &node.posonlyargs),
            (ParamKind::Regular, &node.args),
        ] {
            params.extend(group.iter().map(|param| self.param(kind, param)));
        }
        params.extend(
            node.vararg
                .iter()
                .map(|param| self.variadic(ParamKind::Args, param)),
        );
        params.extend(
            node.kwonlyargs
                .iter()
                .map(|param| self.param(ParamKind::KeywordOnly, param)),
        );
        params.extend(
            node.kwarg
                .iter()
                .map(|param| self.variadic(ParamKind::Kwargs, param)),
        );
        params
    }

    fn param(&mut self, kind: ParamKind, node: &ast::ParameterWithDefault) -> Param {
        let default = self.maybe(node.default.as_deref());
        Param {
            default,
            ..self.variadic(kind, &node.parameter)
        }
    }

    fn variadic(&mut self, kind: ParamKind, node: &ast::Parameter) -> Param {
        let annotation = self.maybe_annotation(node.annotation.as_deref());
        Param {
            name: Sym::new(&node.name.id),
            kind,
            annotation,
            default: None,
        }
    }

    pub(super) fn class_def(&mut self, node: &ast::StmtClassDef) -> ClassIdx {
        let name = Sym::new(&node.name.id);
        let decorators = self.exprs(node.decorator_list.iter().map(|decorator| &decorator.expression));
        let (mut bases, mut keywords) = (Vec::new(), Vec::new());
        if let Some(arguments) = &node.arguments {
            bases = self.exprs(&arguments.args);
            for keyword in &arguments.keywords {
                let value = self.expr(&keyword.value);
                keywords.extend(keyword.arg.as_ref().map(|name| (Sym::new(&name.id), value)));
            }
        }
        let index = ClassIdx(self.facts.classes.len() as u32);
        let (mut parent_class, mut parent_func) = (None, None);
        match self.scope {
            Scope::Module => self.bind(name, Binding::Class(index)),
            Scope::Class(parent) => {
                parent_class = Some(parent);
                self.facts.classes[parent.0 as usize].classes.push((name, index));
            }
            Scope::Function => parent_func = self.function,
        }
        let class = ClassFacts {
            name,
            qualname: self.qualify(&node.name.id),
            bases,
            keywords,
            decorators,
            assigns: Vec::new(),
            added: Vec::new(),
            methods: Vec::new(),
            classes: Vec::new(),
            self_attrs: Vec::new(),
            parent_class,
            parent_func,
            span: self.span(node.range),
            name_span: self.span(node.name.range),
        };
        self.facts.classes.push(class);

        let length = self.prefix.len();
        self.prefix.push_str(&node.name.id);
        self.prefix.push('.');
        let scope = std::mem::replace(&mut self.scope, Scope::Class(index));
        self.block(&node.body);
        self.scope = scope;
        self.prefix.truncate(length);
        index
    }

    /// Notes `name.append(…)` and its like in a class body.
    pub(super) fn declare_added(&mut self, value: &Expr) {
        let (Scope::Class(class), ExprKind::Call(call)) = (self.scope, &value.kind) else {
            return;
        };
        let ExprKind::Attr(method) = &call.func.kind else {
            return;
        };
        let Some(name) = method.base.as_name() else { return };
        let single =
            |item: Option<&Expr>| item.map(|item| Expr::new(item.span, ExprKind::List(vec![item.clone()])));
        let added = match method.name.as_str() {
            "append" => single(call.positional(0)),
            "insert" => single(call.positional(1)),
            "extend" => call.positional(0).cloned(),
            _ => None,
        };
        if let Some(added) = added {
            self.facts.classes[class.0 as usize].added.push(AssignFacts {
                name,
                value: Some(Arc::new(added)),
                annotation: None,
                augmented: true,
                span: value.span,
            });
        }
    }

    /// Notes what a method stores on its instance.
    fn self_attributes(
        &mut self,
        class: ClassIdx,
        index: FuncIdx,
        parameters: &ast::Parameters,
        body: &[ast::Stmt],
    ) {
        let decorators = &self.facts.functions[index.0 as usize].decorators;
        if decorators
            .iter()
            .any(|d| d.last_name().is_some_and(|name| name == "staticmethod"))
        {
            return;
        }
        let Some(first) = parameters.posonlyargs.first().or(parameters.args.first()) else {
            return;
        };
        let receiver = &first.parameter.name.id;
        let attributes = &mut self.facts.classes[class.0 as usize].self_attrs;
        let known = attributes.len();
        let mut store = |target: &ast::Expr| {
            each_target(target, 0, &mut |attribute| {
                if attribute
                    .value
                    .as_name_expr()
                    .is_some_and(|base| base.id == *receiver)
                {
                    let stored = (Sym::new(&attribute.attr.id), index);
                    if !attributes[known..].contains(&stored) {
                        attributes.push(stored);
                    }
                }
            });
        };
        each_statement(body, 0, &mut |statement| match statement {
            ast::Stmt::Assign(assign) => assign.targets.iter().for_each(&mut store),
            ast::Stmt::AnnAssign(assign) => store(&assign.target),
            ast::Stmt::AugAssign(assign) => store(&assign.target),
            ast::Stmt::For(each) => store(&each.target),
            ast::Stmt::With(with) => {
                with.items
                    .iter()
                    .filter_map(|item| item.optional_vars.as_deref())
                    .for_each(&mut store);
            }
            _ => {}
        });
    }

    pub(super) fn import(&mut self, node: &ast::StmtImport, out: &mut Vec<Stmt>) {
        for alias in &node.names {
            let module = Sym::new(&alias.name.id);
            let kind = match &alias.asname {
                Some(bound) => ImportKind::Module {
                    bound: Sym::new(&bound.id),
                    aliased: true,
                },
                None => {
                    let first = alias.name.id.split('.').next().unwrap_or_default();
                    ImportKind::Module {
                        bound: Sym::new(first),
                        aliased: false,
                    }
                }
            };
            self.declare_import(kind, 0, module, node.range, out);
        }
    }

    pub(super) fn import_from(&mut self, node: &ast::StmtImportFrom, out: &mut Vec<Stmt>) {
        let module = Sym::new(node.module.as_ref().map_or("", |module| module.id.as_str()));
        for alias in &node.names {
            let kind = if &alias.name.id == "*" {
                ImportKind::Star
            } else {
                let bound = alias.asname.as_ref().unwrap_or(&alias.name);
                ImportKind::From {
                    name: Sym::new(&alias.name.id),
                    bound: Sym::new(&bound.id),
                }
            };
            self.declare_import(kind, node.level, module, node.range, out);
        }
    }

    fn declare_import(
        &mut self,
        kind: ImportKind,
        level: u32,
        module: Sym,
        range: TextRange,
        out: &mut Vec<Stmt>,
    ) {
        let index = ImportIdx(self.facts.imports.len() as u32);
        let span = self.span(range);
        let type_checking = self.type_checking;
        self.facts.imports.push(ImportFacts {
            kind,
            level,
            module,
            type_checking,
            span,
        });
        if self.scope == Scope::Module {
            match kind {
                ImportKind::Module { bound, .. } | ImportKind::From { bound, .. } => {
                    self.bind(bound, Binding::Import(index));
                }
                ImportKind::Star => {}
            }
        }
        out.push(Stmt {
            span,
            kind: StmtKind::Import(index),
        });
    }

    /// Records `name = value` in the scope it stands in.
    pub(super) fn declare_assign(
        &mut self,
        name: Sym,
        value: Option<&Arc<Expr>>,
        annotation: Option<&Expr>,
        augmented: bool,
        span: Span,
    ) {
        if let Some(value) = value {
            eager::of_assign(name, value, &mut self.facts.eager_paths);
        }
        if self.scope == Scope::Function {
            return;
        }
        let assign = AssignFacts {
            name,
            value: value.cloned(),
            annotation: annotation.cloned(),
            augmented,
            span,
        };
        match self.scope {
            Scope::Class(class) => self.facts.classes[class.0 as usize].assigns.push(assign),
            _ => {
                if let Some(value) = value
                    && name == "__all__"
                {
                    if augmented {
                        self.exports.add(value)
                    } else {
                        self.exports.set(value)
                    }
                }
                self.bind(name, Binding::Assign(self.facts.assigns.len() as u32));
                self.facts.assigns.push(assign);
            }
        }
    }

    /// Follows `__all__.append(…)` and `__all__.extend(…)`; any other call on it makes it unknown.
    pub(super) fn note_export_call(&mut self, value: &Expr) {
        if self.scope != Scope::Module {
            return;
        }
        let ExprKind::Call(call) = &value.kind else { return };
        let ExprKind::Attr(method) = &call.func.kind else {
            return;
        };
        if method.base.as_name().is_none_or(|name| name != "__all__") {
            return;
        }
        match (method.name.as_str(), call.positional(0)) {
            ("extend", Some(names)) => self.exports.add(names),
            (
                "append",
                Some(Expr {
                    kind: ExprKind::Const(Const::Str(name)),
                    ..
                }),
            ) => {
                self.exports.names.get_or_insert_default().push(*name);
            }
            _ => self.exports.unknown = true,
        }
    }

    fn bind(&mut self, name: Sym, binding: Binding) {
        if !name.as_str().is_empty() {
            self.facts.bindings.push((name, binding));
        }
    }
}

/// Visits the statements of a body and of the blocks in it, but of no function or class in it.
fn each_statement(body: &[ast::Stmt], level: u32, visit: &mut impl FnMut(&ast::Stmt)) {
    if level >= MAX_LEVEL {
        return;
    }
    let level = level + 1;
    for statement in body {
        visit(statement);
        match statement {
            ast::Stmt::If(choice) => {
                each_statement(&choice.body, level, visit);
                choice
                    .elif_else_clauses
                    .iter()
                    .for_each(|clause| each_statement(&clause.body, level, visit));
            }
            ast::Stmt::For(each) => {
                each_statement(&each.body, level, visit);
                each_statement(&each.orelse, level, visit);
            }
            ast::Stmt::While(repeat) => {
                each_statement(&repeat.body, level, visit);
                each_statement(&repeat.orelse, level, visit);
            }
            ast::Stmt::With(with) => each_statement(&with.body, level, visit),
            ast::Stmt::Try(attempt) => {
                each_statement(&attempt.body, level, visit);
                for ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    each_statement(&handler.body, level, visit);
                }
                each_statement(&attempt.orelse, level, visit);
                each_statement(&attempt.finalbody, level, visit);
            }
            ast::Stmt::Match(choice) => {
                choice
                    .cases
                    .iter()
                    .for_each(|case| each_statement(&case.body, level, visit));
            }
            _ => {}
        }
    }
}

/// Visits the attributes that assigning to `target` stores.
fn each_target(target: &ast::Expr, level: u32, visit: &mut impl FnMut(&ast::ExprAttribute)) {
    if level >= MAX_LEVEL {
        return;
    }
    match target {
        ast::Expr::Attribute(attribute) if !attribute.attr.id.is_empty() => visit(attribute),
        ast::Expr::Starred(starred) => each_target(&starred.value, level + 1, visit),
        ast::Expr::Tuple(ast::ExprTuple { elts, .. }) | ast::Expr::List(ast::ExprList { elts, .. }) => {
            elts.iter().for_each(|item| each_target(item, level + 1, visit));
        }
        _ => {}
    }
}

/// `yield …` as a statement, or as all that is assigned or returned.
fn plainly_yields(statement: &ast::Stmt) -> bool {
    let value = match statement {
        ast::Stmt::Expr(statement) => Some(&statement.value),
        ast::Stmt::Assign(assign) => Some(&assign.value),
        ast::Stmt::AnnAssign(assign) => assign.value.as_ref(),
        ast::Stmt::Return(statement) => statement.value.as_ref(),
        _ => None,
    };
    value.is_some_and(|value| matches!(**value, ast::Expr::Yield(_) | ast::Expr::YieldFrom(_)))
}
