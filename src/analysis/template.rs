//! Templates: inheritance, inclusion, tags, and the lookup of variables.
//!
//! A template's routine runs with the context as the variables it closes over. It knows the meaning of the
//! statements in [`TemplateStmt`]; where templates and tags are found is the project's knowledge.

use std::sync::Arc;

use crate::ir::{Arg, ArgKind, Expr, Lookup, ParamKind, Stmt, TemplateStmt};
use crate::project::FuncId;
use crate::project::templates::TagKind;
use crate::source::{FileId, Site, Span, Sym};

use super::call::Args;
use super::frame::{Flow, Frame};
use super::rows::map_rows;
use super::stmt::join_all;
use super::tables;
use super::trace::{self, Noted};
use super::value::{Deps, Dict, Kind, Origin, Row, Size, Value};

/// Deeper nesting of blocks, parents and inlined bodies is not followed.
const MAX_NESTING: usize = 32;

/// The template that is being rendered with its ancestors, and the blocks around the current place.
#[derive(Debug, Default)]
pub struct Rendering {
    /// The template and its ancestors, the most derived first.
    chain: Vec<FileId>,
    /// Blocks being rendered, each with the place in `chain` its body came from.
    blocks: Vec<(Sym, usize)>,
}

impl Rendering {
    pub fn new(file: FileId) -> Self {
        Self {
            chain: vec![file],
            blocks: Vec::new(),
        }
    }
}

impl<'p> Frame<'_, 'p> {
    pub(super) fn template_part(&mut self, part: &'p TemplateStmt) -> Flow {
        match part {
            TemplateStmt::Scope(body) => self.scope(|f| {
                f.block(body);
            }),
            TemplateStmt::Cached(fragment) => {
                for key in &fragment.vary {
                    self.eval(key);
                }
                self.scope(|f| {
                    f.leave_all(1);
                    f.block(&fragment.body);
                    f.leave_all(-1);
                });
            }
            TemplateStmt::Ambient(_) => {}
            TemplateStmt::Extends(parent) => {
                let name = self.eval(parent);
                self.extend(&name);
                return Flow::Leave;
            }
            TemplateStmt::Block(name) => self.template_block(*name, 0),
            TemplateStmt::BlockSuper => {
                if let Some((name, level)) = self.rendering.blocks.last().copied() {
                    self.template_block(name, level + 1);
                }
            }
            TemplateStmt::Include { template, with, only } => self.include(template, with, *only),
            TemplateStmt::Tag {
                name,
                name_span,
                args,
                target,
                body,
            } => self.tag(*name, *name_span, args, *target, body),
            TemplateStmt::Regroup { source, by, target } => self.regroup(source, by, *target),
        }
        Flow::Next
    }

    /// Runs a part whose names are forgotten afterwards.
    fn scope(&mut self, run: impl FnOnce(&mut Self)) {
        self.branch(|f| {
            f.nesting -= 1;
            run(f);
            f.nesting += 1;
            Flow::Next
        });
    }

    /// Runs the body of another template in this frame: it sees the same variables.
    fn inline(&mut self, file: FileId, body: &'p [Stmt]) {
        if self.rendering.blocks.len() + self.rendering.chain.len() > MAX_NESTING {
            return;
        }
        trace::read(file);
        let here = std::mem::replace(&mut self.file, file);
        self.block(body);
        self.file = here;
    }

    fn extend(&mut self, name: &Value) {
        let parent = name.alternatives().iter().find_map(|v| match v.kind {
            Kind::Str(name) => self.project.extended_template(name.as_str(), self.file),
            _ => None,
        });
        match parent {
            Some(file) if !self.rendering.chain.contains(&file) => {
                self.rendering.chain.push(file);
                let routine = self.project.template_routine(file);
                self.inline(file, &routine.body);
            }
            _ => {
                // A parent that is out of sight renders the blocks somewhere.
                let mut names: Vec<Sym> = Vec::new();
                for file in &self.rendering.chain {
                    for block in self.project.blocks(*file) {
                        if !names.contains(&block.name) {
                            names.push(block.name);
                        }
                    }
                }
                for name in names {
                    self.template_block(name, 0);
                }
            }
        }
    }

    fn template_block(&mut self, name: Sym, from: usize) {
        let project = self.project;
        let found = self
            .rendering
            .chain
            .iter()
            .enumerate()
            .skip(from)
            .find_map(|(level, file)| {
                let block = project.blocks(*file).iter().find(|b| b.name == name)?;
                Some((level, *file, block))
            });
        let Some((level, file, block)) = found else { return };
        if self.rendering.blocks.contains(&(name, level)) {
            return;
        }
        self.rendering.blocks.push((name, level));
        self.scope(|f| f.inline(file, &block.body));
        self.rendering.blocks.pop();
    }

    fn include(&mut self, template: &'p Expr, with: &'p [(Sym, Expr)], only: bool) {
        let name = self.eval(template);
        let given: Vec<(Sym, Value)> = with.iter().map(|(n, e)| (*n, self.eval(e))).collect();
        let mut context = if only { Vec::new() } else { self.context() };
        for (name, value) in given {
            context.retain(|(n, _)| *n != name);
            context.push((name, value));
        }
        for file in self.named_templates(&name) {
            self.render(file, context.clone(), self.site(template.span));
        }
    }

    /// The variables that an included template or a tag sees.
    fn context(&self) -> Vec<(Sym, Value)> {
        self.vars
            .iter()
            .filter(|(_, v)| v.tells())
            .map(|(n, v)| (*n, v.clone()))
            .collect()
    }

    /// Renders a template with a context: a call of its routine.
    pub(super) fn render(&mut self, file: FileId, mut context: Vec<(Sym, Value)>, site: Site) {
        if let Some(mentioned) = self.project.template_names(file) {
            context.retain(|(name, _)| mentioned.contains(name));
        }
        context.retain(|(_, v)| v.tells());
        context.sort_by_key(|(name, _)| *name);
        context.dedup_by_key(|(name, _)| *name);
        self.seen.push(Noted::Rendered(file));
        let func = self.project.func_id(file, crate::ir::FuncIdx(0));
        self.call_function(func, Some(context.into()), Vec::new(), site);
    }

    /// The templates that a name may stand for; of a list of names the first that exists is meant.
    fn named_templates(&self, name: &Value) -> Vec<FileId> {
        let find = |v: &Value| match v.kind {
            Kind::Str(name) => self.project.template(name.as_str(), self.file),
            _ => None,
        };
        let mut found: Vec<FileId> = name
            .alternatives()
            .iter()
            .filter_map(|v| match &v.kind {
                Kind::Tuple(items) => items.iter().find_map(find),
                Kind::Coll(coll) => coll.elem.alternatives().iter().find_map(find),
                _ => find(v),
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// `render(request, template, context)`; `first` is the position of the template.
    pub(super) fn render_call(&mut self, args: &Args, first: usize, site: Site) -> Value {
        let arg = |n: usize, names: &[&str]| {
            args.iter()
                .find(|(k, _)| matches!(k, ArgKind::Keyword(x) if names.contains(&x.as_str())))
                .or_else(|| args.iter().filter(|(k, _)| *k == ArgKind::Positional).nth(n))
                .map(|(_, v)| v.clone())
        };
        let Some(name) = arg(first, &["template_name", "template"]) else {
            return Value::UNKNOWN;
        };
        let files = self.named_templates(&name);
        if files.is_empty() {
            if !self.is_stub() {
                self.seen.push(Noted::RenderUnknown(site));
            }
            return Value::SCALAR;
        }
        let context = match arg(first + 1, &["context", "dictionary"]).map(|v| v.kind) {
            Some(Kind::Dict(dict)) => dict.items.clone(),
            Some(Kind::Union(parts)) => parts
                .iter()
                .filter_map(|v| match &v.kind {
                    Kind::Dict(dict) => Some(dict.items.clone()),
                    _ => None,
                })
                .flatten()
                .collect(),
            _ => Vec::new(),
        };
        let has_request = first == 1 || arg(2, &["request"]).is_some_and(|v| v.kind != Kind::None);
        for file in files {
            let mut context = context.clone();
            if has_request {
                self.processed(file, &mut context, site);
            }
            self.render(file, context, site);
        }
        Value::SCALAR
    }

    /// What the project's context processors add, as far as the template mentions it.
    fn processed(&mut self, file: FileId, context: &mut Vec<(Sym, Value)>, site: Site) {
        let project = self.project;
        for func in project.context_processors() {
            let args = vec![(ArgKind::Positional, Value::UNKNOWN)];
            let result = self.call_function(*func, None, args, site);
            let Kind::Dict(dict) = &result.kind else { continue };
            for (name, value) in &dict.items {
                let mentioned = project
                    .template_names(file)
                    .is_none_or(|names| names.contains(name));
                if mentioned && context.iter().all(|(n, _)| n != name) {
                    context.push((*name, value.clone()));
                }
            }
        }
    }

    /// `locals()`.
    pub(super) fn locals(&self) -> Value {
        dict_of(self.context())
    }

    /// The part of the context that a tag can name: texts in its module.
    fn context_for(&self, tag: FuncId) -> Value {
        let texts = self.engine.texts(self.project.func(tag).0);
        let mut items = self.context();
        items.retain(|(name, _)| texts.contains(name));
        dict_of(items)
    }

    fn tag(&mut self, name: Sym, name_span: Span, args: &'p [Arg], target: Option<Sym>, body: &'p [Stmt]) {
        let mut given: Args = args.iter().map(|a| (a.kind, self.eval(&a.value))).collect();
        let site = self.site(name_span);
        let result = match self.project.template_tag(self.file, name) {
            Some(tag) if tag.kind != TagKind::Custom => {
                if tag.takes_context {
                    let context = self.context_for(tag.func);
                    given.insert(0, (ArgKind::Positional, context));
                }
                let result = self.call_function(tag.func, None, given, site);
                if let TagKind::Inclusion(Some(template)) = tag.kind
                    && let Kind::Dict(dict) = &result.kind
                    && let Some(file) = self
                        .project
                        .template(template.as_str(), self.project.func(tag.func).0)
                {
                    self.render(file, dict.items.clone(), site);
                }
                result
            }
            _ => Value::UNKNOWN,
        };
        self.scope(|f| {
            f.block(body);
        });
        match target {
            Some(target) => self.set(target, result),
            None => self.text_of(&result, name_span),
        }
    }

    fn regroup(&mut self, source: &'p Expr, by: &[Sym], target: Sym) {
        let values = self.eval(source);
        let over = self.loop_kind(&values);
        let (id, elem) = self.begin_loop(&values, source.span, over);
        let elem = elem.with(Deps::on_loop(id));
        let grouper = by.iter().fold(elem.clone(), |value, name| {
            let found = self.template_attr(&value, *name, source.span);
            self.called(found, source.span)
        });
        self.leave_loop();
        self.mark_fetched(source);
        self.set(target, groups(&grouper, &elem));
    }

    pub(super) fn context_variable(&mut self, name: Sym) -> Value {
        match self.vars.get(&name) {
            Some(value) => value.clone(),
            None if name == "user" => self.request_user(),
            None => Value::UNKNOWN,
        }
    }

    /// The row that `django.contrib.auth` puts on the request.
    pub(super) fn request_user(&self) -> Value {
        match self.project.user_model(self.file) {
            Some(model) => Value::row(Row::single(model, Origin::Elsewhere)),
            None => Value::UNKNOWN,
        }
    }

    /// One step of a variable: item, attribute, index; then a call.
    pub(super) fn lookup(&mut self, lookup: &'p Lookup, expr: &'p Expr) -> Value {
        let base = self.eval(&lookup.base);
        let is_request = base.kind == Kind::Unknown
            && lookup.name == "user"
            && lookup.base.as_variable().is_some_and(|n| n == "request");
        if is_request {
            return self.request_user();
        }
        let found = self.template_attr(&base, lookup.name, expr.span);
        let value = if lookup.calls {
            self.called(found, expr.span)
        } else {
            found
        };
        value.with(base.deps)
    }

    /// `base.name` as `django.template.base.Variable` looks it up.
    pub(super) fn template_attr(&mut self, base: &Value, name: Sym, span: Span) -> Value {
        let index = name.as_str().parse::<usize>().ok();
        match (&base.kind, index) {
            (Kind::Union(all), _) => {
                let parts = all.iter().map(|v| self.template_attr(v, name, span)).collect();
                join_all(parts)
            }
            (Kind::Dict(dict), _) => match dict.items.iter().find(|(n, _)| *n == name) {
                Some((_, value)) => value.clone(),
                None if matches!(name.as_str(), "items" | "keys" | "values") => {
                    self.attr_of(base, name, span)
                }
                None => self.pick(&dict.value),
            },
            (Kind::Tuple(items), Some(at)) => items.get(at).cloned().unwrap_or(Value::UNKNOWN),
            (Kind::Coll(coll), Some(_)) => self.pick(&coll.elem),
            (Kind::Query(query), Some(_)) => {
                let query = query.clone();
                self.first_of(&query, base.deps, span)
            }
            (_, Some(_)) => Value::UNKNOWN,
            _ => self.attr_of(base, name, span),
        }
        .with(base.deps)
    }

    /// The result of calling a value that can be called without arguments, as templates do.
    pub(super) fn called(&mut self, value: Value, span: Span) -> Value {
        let deps = value.deps;
        let result = match &value.kind {
            Kind::Bound(bound) if self.takes_nothing(bound.func, 1) => {
                self.note_called(self.site(span), bound.func);
                self.call_plain(&value, Vec::new(), self.site(span))
            }
            Kind::Func(func) if self.takes_nothing(func.func, func.args.len()) => {
                self.call_plain(&value, Vec::new(), self.site(span))
            }
            Kind::Bound(_) | Kind::Func(_) => Value::UNKNOWN,
            Kind::Method(method) if tables::writes(method.1) => Value::UNKNOWN,
            Kind::Method(method) => {
                let method = method.clone();
                let result = self.method_call(&method.0, method.1, &Vec::new(), span, span);
                self.grown(result, self.site(span))
            }
            Kind::Union(all) => {
                let parts: Vec<Value> = all.iter().map(|v| self.called(v.clone(), span)).collect();
                join_all(parts)
            }
            _ => return value,
        };
        result.with(deps)
    }

    /// All parameters after the first `given` have defaults.
    fn takes_nothing(&self, func: FuncId, given: usize) -> bool {
        self.project
            .routine(func)
            .params
            .iter()
            .skip(given)
            .all(|p| p.default.is_some() || matches!(p.kind, ParamKind::Args | ParamKind::Kwargs))
    }
}

/// The variables of a template as a dict.
fn dict_of(mut items: Vec<(Sym, Value)>) -> Value {
    items.sort_by_key(|(name, _)| *name);
    Value::new(Kind::Dict(Arc::new(Dict::of(items))))
}

/// What `regroup` makes: groups with their common value and their rows.
pub(super) fn groups(grouper: &Value, elem: &Value) -> Value {
    let stored = |value: &Value| {
        map_rows(value, &|row| Row {
            live: super::value::Live::Stored,
            ..row.clone()
        })
    };
    let group = Value::new(Kind::Dict(Arc::new(Dict::of(vec![
        (Sym::new("grouper"), grouper.clone()),
        (Sym::new("list"), Value::coll(stored(elem), Size::Unknown)),
    ]))));
    Value::coll(group, Size::Unknown)
}
