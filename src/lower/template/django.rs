//! Django's template language to IR: which tag stands for what.
//! Does not know what filters and the tags of projects do.

mod bind;
mod tag;
mod value;

use rustc_hash::FxHashMap;

use super::{Lower, branches, build};
use crate::ir::{Const, Expr, ExprKind, Fragment, Stmt, TemplateStmt};
use crate::source::{Span, Sym};
use crate::syntax::template::django::{condition, filters, value, words};
use crate::syntax::template::{Block, Node, Part, Print, Tag, Word};

/// `{% partial %}` tags of one template that are rendered in place, and how many of them inside each other.
const MAX_PARTIALS: u32 = 64;
const MAX_PARTIAL_DEPTH: u32 = 4;

pub(super) fn lower(lower: &mut Lower, nodes: &[Node<'_>]) -> Vec<Stmt> {
    let mut partials = FxHashMap::default();
    find_partials(nodes, &mut partials);
    let mut django = Django {
        lower,
        partials,
        rendered: 0,
        depth: 0,
    };
    django.nodes(nodes)
}

/// One walk over the nodes of a template.
struct Django<'a, 't> {
    lower: &'t mut Lower,
    /// The bodies of `{% partialdef %}`.
    partials: FxHashMap<&'a str, &'t [Node<'a>]>,
    /// Partials rendered so far.
    rendered: u32,
    /// Partials around the current place.
    depth: u32,
}

fn find_partials<'a, 't>(nodes: &'t [Node<'a>], found: &mut FxHashMap<&'a str, &'t [Node<'a>]>) {
    for node in nodes {
        let Node::Block(block) = node else {
            continue;
        };
        for part in &block.parts {
            if part.tag.name.text == "partialdef"
                && let Some(name) = words(part.tag.rest).first()
            {
                found.insert(name.text, &part.body);
            }
            find_partials(&part.body, found);
        }
    }
}

impl<'a> Django<'a, '_> {
    fn nodes(&mut self, nodes: &[Node<'a>]) -> Vec<Stmt> {
        let mut out = Vec::new();
        for node in nodes {
            match node {
                Node::Print(print) => self.print(print, &mut out),
                Node::Tag(tag) => self.tag(tag, &mut out),
                Node::Block(block) => self.block(block, &mut out),
            }
        }
        out
    }

    fn print(&mut self, print: &Print<'a>, out: &mut Vec<Stmt>) {
        match value(print.inner) {
            Ok(read) if value::is_block_super(&read) => {
                out.push(build::part(print.span, TemplateStmt::BlockSuper));
            }
            Ok(read) => {
                let printed = self.value(&read);
                out.push(build::print(print.span, printed));
            }
            Err(error) => self.lower.error(error),
        }
    }

    fn block(&mut self, block: &Block<'a>, out: &mut Vec<Stmt>) {
        let [first, rest @ ..] = &block.parts[..] else {
            return;
        };
        let span = block.span;
        let args = words(first.tag.rest);
        match first.tag.name.text {
            "if" => self.choose(block, out),
            "for" => self.repeat(span, first, rest.first(), out),
            "block" => self.named_block(span, first, &args, out),
            "with" => self.with(span, first, &args, out),
            "blocktranslate" | "blocktrans" => self.translated(span, block, &args, out),
            "ifchanged" => {
                self.evaluate(first.tag.span, &args, out);
                let body = self.nodes(&first.body);
                let orelse = rest.first().map(|part| self.nodes(&part.body));
                let test = Expr::new(first.tag.span, ExprKind::Const(Const::Other));
                out.extend(branches(vec![(span, test, body)], orelse.unwrap_or_default()));
            }
            "cache" => {
                // `{% cache timeout name vary … %}`; the name is no variable.
                self.evaluate(first.tag.span, &args[..args.len().min(1)], out);
                let keys = args.iter().skip(2);
                let fragment = Fragment {
                    tag: first.tag.span,
                    name: Sym::new(args.get(1).map_or("", |word| word.text)),
                    vary: keys.filter_map(|word| self.argument_value(*word)).collect(),
                    body: self.nodes(&first.body),
                };
                out.push(build::part(span, TemplateStmt::Cached(fragment)));
            }
            "partialdef" => self.partial_definition(first, &args, out),
            "filter" => {
                self.filter_arguments(&first.tag, out);
                out.extend(self.nodes(&first.body));
            }
            "language" | "timezone" => {
                self.evaluate(first.tag.span, &args, out);
                out.extend(self.nodes(&first.body));
            }
            "autoescape" | "spaceless" | "localize" | "localtime" => out.extend(self.nodes(&first.body)),
            _ => {
                let bodies = block.parts.iter().flat_map(|part| self.nodes(&part.body));
                let body = bodies.collect();
                self.unknown_tag(span, &first.tag, &args, body, out);
            }
        }
    }

    fn choose(&mut self, block: &Block<'a>, out: &mut Vec<Stmt>) {
        let mut tests = Vec::new();
        let mut orelse = Vec::new();
        for part in &block.parts {
            let span = Span::new(part.tag.span.start, block.span.end);
            if part.tag.name.text == "else" {
                orelse.extend(self.nodes(&part.body));
                continue;
            }
            let test = match condition(&words(part.tag.rest), part.tag.name) {
                Ok(condition) => self.condition(&condition),
                Err(error) => {
                    self.lower.error(error);
                    Expr::new(part.tag.span, ExprKind::Const(Const::Other))
                }
            };
            let body = self.nodes(&part.body);
            tests.push((span, test, body));
        }
        out.extend(branches(tests, orelse));
    }

    fn named_block(&mut self, span: Span, part: &Part<'a>, args: &[Word<'a>], out: &mut Vec<Stmt>) {
        let Some(name) = args.first() else {
            self.lower.wrong(part.tag.span, "this block has no name");
            out.extend(self.nodes(&part.body));
            return;
        };
        let sym = Sym::new(name.text);
        if self.depth == 0 {
            let at = self.lower.declare_block(sym, name.span);
            let body = self.nodes(&part.body);
            self.lower.template.blocks[at].body = body;
        }
        out.push(build::part(span, TemplateStmt::Block(sym)));
    }

    /// A partial can be rendered by itself, as `template.html#name`: it is kept as a block `#name`.
    fn partial_definition(&mut self, part: &Part<'a>, args: &[Word<'a>], out: &mut Vec<Stmt>) {
        let Some(name) = args.first() else {
            self.lower.wrong(part.tag.span, "this partial has no name");
            out.extend(self.nodes(&part.body));
            return;
        };
        if self.depth == 0 {
            let sym = Sym::new(&format!("#{}", name.text));
            let at = self.lower.declare_block(sym, name.span);
            let body = self.nodes(&part.body);
            self.lower.template.blocks[at].body = body;
        }
        if args.get(1).is_some_and(|word| word.text == "inline") {
            self.partial(name, out);
        }
    }

    fn partial(&mut self, name: &Word<'a>, out: &mut Vec<Stmt>) {
        let Some(body) = self.partials.get(name.text).copied() else {
            return;
        };
        if self.rendered < MAX_PARTIALS && self.depth < MAX_PARTIAL_DEPTH {
            self.rendered += 1;
            self.depth += 1;
            out.extend(self.nodes(body));
            self.depth -= 1;
        }
    }

    /// Evaluates words as values, or the values of `name=value`.
    fn evaluate(&mut self, span: Span, args: &[Word<'a>], out: &mut Vec<Stmt>) {
        for word in args {
            if let Some(value) = self.argument_value(*word) {
                out.push(build::eval(span, value));
            }
        }
    }

    fn filter_arguments(&mut self, tag: &Tag<'a>, out: &mut Vec<Stmt>) {
        match filters(tag.rest) {
            Ok(calls) => {
                for argument in calls.iter().filter_map(|call| call.argument.as_ref()) {
                    let value = self.argument(argument);
                    out.push(build::eval(tag.span, value));
                }
            }
            Err(error) => self.lower.error(error),
        }
    }
}
