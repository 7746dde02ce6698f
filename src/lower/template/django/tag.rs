//! Tags without a body, and those that Django does not bring.

use super::super::build;
use super::Django;
use super::bind::bindings;
use crate::ir::{Ambient, Arg, ArgKind, Expr, ExprKind, Stmt, TemplateStmt};
use crate::source::{Span, Sym};
use crate::syntax::template::django::{is_identifier, keyword, value, words};
use crate::syntax::template::{Tag, Word};

/// Words that tags put between their arguments.
const FILLERS: &[&str] = &[
    "as", "for", "with", "in", "from", "by", "and", "or", "not", "only", "using",
];

impl<'a> Django<'a, '_> {
    pub(super) fn tag(&mut self, tag: &Tag<'a>, out: &mut Vec<Stmt>) {
        let span = tag.span;
        let args = words(tag.rest);
        let (plain, target) = with_target(&args);
        match tag.name.text {
            "extends" => match args.first().and_then(|word| self.word(*word)) {
                Some(parent) => {
                    let parent = self.lower.extends(span, parent);
                    out.push(parent);
                }
                None => self.missing(tag, &args),
            },
            "include" => self.include(tag, &args, out),
            "load" => {
                let from = args.iter().rposition(|word| word.text == "from");
                let libraries = &args[from.map_or(0, |at| at + 1)..];
                let libraries = libraries.iter().map(|word| Sym::new(word.text));
                self.lower.template.libraries.extend(libraries);
            }
            "partial" => {
                if let Some(name) = args.first() {
                    self.partial(name, out);
                }
            }
            "cycle" => {
                let (plain, target) = match plain {
                    [plain @ .., silent] if silent.text == "silent" => with_target(plain),
                    plain => (plain, target),
                };
                self.evaluate(span, plain, out);
                self.forget(span, target, out);
            }
            "firstof" => {
                let values: Vec<Expr> = plain.iter().filter_map(|word| self.word(*word)).collect();
                let Some(whole) = values.iter().map(|value| value.span).reduce(Span::cover) else {
                    return;
                };
                let first = if values.len() == 1 {
                    values
                } else {
                    vec![Expr::new(whole, ExprKind::Or(values))]
                };
                let text = build::text_of(whole, first);
                out.push(match target {
                    Some(name) => build::bind(span, build::target(name), text),
                    None => build::eval(span, text),
                });
            }
            "url" => {
                let values: Vec<Expr> = plain
                    .iter()
                    .filter_map(|word| self.argument_value(*word))
                    .collect();
                if !values.is_empty() {
                    out.push(build::eval(span, build::text_of(tag.rest.span, values)));
                }
                self.forget(span, target, out);
            }
            "translate" | "trans" => {
                out.push(build::part(span, TemplateStmt::Ambient(Ambient::Language)));
                if let Some(text) = args.first().and_then(|word| self.word(*word)) {
                    out.push(build::print(span, text));
                }
                self.forget(span, target, out);
            }
            "regroup" => self.regroup(tag, &args, out),
            "widthratio" | "now" | "lorem" | "querystring" | "static" => {
                self.evaluate(span, plain, out);
                self.forget(span, target, out);
            }
            "get_language_info" | "get_language_info_list" => {
                let values = plain.iter().filter(|word| word.text != "for");
                let values: Vec<Word<'_>> = values.copied().collect();
                self.evaluate(span, &values, out);
                self.forget(span, target, out);
            }
            "get_current_language" | "get_current_language_bidi" => {
                out.push(build::part(span, TemplateStmt::Ambient(Ambient::Language)));
                self.forget(span, target, out);
            }
            "get_static_prefix" | "get_media_prefix" | "get_available_languages" | "get_current_timezone" => {
                self.forget(span, target, out)
            }
            "csrf_token" => out.push(build::part(span, TemplateStmt::Ambient(Ambient::CsrfToken))),
            "debug" | "resetcycle" | "templatetag" => {}
            // Of a tag around it that is not known.
            "else" | "empty" if args.is_empty() => {}
            _ => self.unknown_tag(span, tag, &args, Vec::new(), out),
        }
    }

    /// Binds the name behind `as`, if there is one.
    fn forget(&mut self, span: Span, target: Option<Word<'a>>, out: &mut Vec<Stmt>) {
        if let Some(name) = target {
            out.push(build::forget(span, name));
        }
    }

    /// A template tag that names no template; words that make no sense have been told already.
    fn missing(&mut self, tag: &Tag<'a>, args: &[Word<'a>]) {
        if args.is_empty() {
            self.lower.wrong(tag.span, "this tag names no template");
        }
    }

    fn include(&mut self, tag: &Tag<'a>, args: &[Word<'a>], out: &mut Vec<Stmt>) {
        let [template, options @ ..] = args else {
            return self.missing(tag, args);
        };
        let Some(template) = self.word(*template) else {
            return;
        };
        let mut with = Vec::new();
        let mut only = false;
        let mut rest = options;
        while let [option, after @ ..] = rest {
            rest = after;
            match option.text {
                "only" => only = true,
                "with" => {
                    let (pairs, taken) = bindings(after);
                    for (name, word) in pairs {
                        if let Some(value) = self.word(word) {
                            with.push((Sym::new(name.text), value));
                        }
                    }
                    rest = &after[taken..];
                }
                _ => {}
            }
        }
        let include = self.lower.include(tag.span, template, with, only);
        out.push(include);
    }

    fn regroup(&mut self, tag: &Tag<'a>, args: &[Word<'a>], out: &mut Vec<Stmt>) {
        let [source, by_word, by, as_word, target] = args else {
            return self.wrong_regroup(tag);
        };
        if by_word.text != "by" || as_word.text != "as" {
            return self.wrong_regroup(tag);
        }
        let Some(source) = self.word(*source) else {
            return;
        };
        let path = by.text.split('|').next().unwrap_or("");
        let regroup = TemplateStmt::Regroup {
            source,
            by: path.split('.').map(Sym::new).collect(),
            target: Sym::new(target.text),
        };
        out.push(build::part(tag.span, regroup));
    }

    fn wrong_regroup(&mut self, tag: &Tag<'a>) {
        self.lower.wrong(
            tag.span,
            "`regroup` wants the form `{% regroup values by attribute as name %}`",
        );
    }

    /// A tag of a project or a package. What it does with its words nobody knows here.
    pub(super) fn unknown_tag(
        &mut self,
        span: Span,
        tag: &Tag<'a>,
        args: &[Word<'a>],
        body: Vec<Stmt>,
        out: &mut Vec<Stmt>,
    ) {
        let (plain, target) = with_target(args);
        let mut lowered = Vec::new();
        for word in plain.iter().filter(|word| !FILLERS.contains(&word.text)) {
            let (kind, word) = match keyword(*word) {
                Some((name, value)) => (ArgKind::Keyword(Sym::new(name.text)), value),
                None => (ArgKind::Positional, *word),
            };
            if let Ok(read) = value(word) {
                let value = self.value(&read);
                lowered.push(Arg { kind, value });
            }
        }
        let tag = TemplateStmt::Tag {
            name: Sym::new(tag.name.text),
            name_span: tag.name.span,
            args: lowered,
            target: target.map(|name| Sym::new(name.text)),
            body,
        };
        out.push(build::part(span, tag));
    }
}

/// The words before `as name` at the end, and the name.
fn with_target<'w, 'a>(args: &'w [Word<'a>]) -> (&'w [Word<'a>], Option<Word<'a>>) {
    match args {
        [plain @ .., word, name] if word.text == "as" && is_identifier(name.text) => (plain, Some(*name)),
        _ => (args, None),
    }
}
