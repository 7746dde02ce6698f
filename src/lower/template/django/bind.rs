//! Tags with a body that bind names: loops, `with` and translated text.

use super::super::build;
use super::Django;
use crate::ir::{Ambient, Expr, ExprKind, Stmt, TemplateStmt};
use crate::source::Span;
use crate::syntax::template::django::{is_identifier, keyword, words};
use crate::syntax::template::{Block, Part, Word};

impl<'a> Django<'a, '_> {
    pub(super) fn repeat(
        &mut self,
        span: Span,
        part: &Part<'a>,
        empty: Option<&Part<'a>>,
        out: &mut Vec<Stmt>,
    ) {
        let args = words(part.tag.rest);
        let args = match &args[..] {
            [args @ .., last] if last.text == "reversed" => args,
            args => args,
        };
        match args {
            [names @ .., word, values] if word.text == "in" && !names.is_empty() => {
                let target = loop_target(names);
                let iter = self
                    .word(*values)
                    .unwrap_or_else(|| Expr::new(values.span, ExprKind::Invalid));
                let body = self.nodes(&part.body);
                out.push(build::repeat(span, target, iter, body));
            }
            _ => {
                self.lower
                    .wrong(part.tag.span, "a loop wants the form `{% for name in values %}`");
                out.extend(self.nodes(&part.body));
            }
        }
        if let Some(empty) = empty {
            let body = self.nodes(&empty.body);
            out.push(build::maybe(empty.tag.span, body));
        }
    }

    pub(super) fn with(&mut self, span: Span, part: &Part<'a>, args: &[Word<'a>], out: &mut Vec<Stmt>) {
        let (pairs, _) = bindings(args);
        if pairs.is_empty() {
            self.lower
                .wrong(part.tag.span, "`{% with %}` wants at least one `name=value`");
        }
        let mut body = self.assigned(part.tag.span, &pairs);
        body.extend(self.nodes(&part.body));
        out.push(build::part(span, TemplateStmt::Scope(body)));
    }

    pub(super) fn translated(
        &mut self,
        span: Span,
        block: &Block<'a>,
        args: &[Word<'a>],
        out: &mut Vec<Stmt>,
    ) {
        let Some(tag) = block.parts.first().map(|part| part.tag.span) else {
            return;
        };
        let mut body = vec![build::part(tag, TemplateStmt::Ambient(Ambient::Language))];
        let mut target = None;
        let mut rest = args;
        while let [option, after @ ..] = rest {
            rest = after;
            match option.text {
                "with" | "count" => {
                    let (pairs, taken) = bindings(after);
                    body.extend(self.assigned(tag, &pairs));
                    rest = &after[taken..];
                }
                "context" => {
                    let taken = after.len().min(1);
                    self.evaluate(tag, &after[..taken], &mut body);
                    rest = &after[taken..];
                }
                "asvar" => {
                    let taken = after.len().min(1);
                    target = after.first().copied();
                    rest = &after[taken..];
                }
                _ => {}
            }
        }
        for (n, part) in block.parts.iter().enumerate() {
            let inner = self.nodes(&part.body);
            if n == 0 {
                body.extend(inner);
            } else {
                body.push(build::maybe(part.tag.span, inner));
            }
        }
        out.push(build::part(span, TemplateStmt::Scope(body)));
        if let Some(name) = target {
            out.push(build::forget(tag, name));
        }
    }

    fn assigned(&mut self, span: Span, pairs: &[(Word<'a>, Word<'a>)]) -> Vec<Stmt> {
        let mut out = Vec::new();
        for (name, word) in pairs {
            let value = self
                .word(*word)
                .unwrap_or_else(|| Expr::new(word.span, ExprKind::Invalid));
            out.push(build::bind(span, build::target(*name), value));
        }
        out
    }
}

/// `a`, or `a, b` in any spacing.
fn loop_target(names: &[Word<'_>]) -> Expr {
    let mut targets = Vec::new();
    for word in names {
        let mut at = 0;
        for name in word.text.split(',') {
            let part = word.part(at, at + name.len());
            at += name.len() + 1;
            if is_identifier(part.text) {
                targets.push(build::target(part));
            }
        }
    }
    let spans = targets.iter().map(|target| target.span);
    let span = spans.reduce(Span::cover).unwrap_or(names[0].span);
    match targets.pop() {
        Some(only) if targets.is_empty() => only,
        Some(last) => {
            targets.push(last);
            Expr::new(span, ExprKind::Tuple(targets))
        }
        None => Expr::new(span, ExprKind::Invalid),
    }
}

/// `name=value …` or the older `value as name and …`, as `token_kwargs` in `django/template/base.py` reads them:
/// pairs of name and value, and how many words they are.
pub(super) fn bindings<'a>(words: &[Word<'a>]) -> (Vec<(Word<'a>, Word<'a>)>, usize) {
    let mut pairs = Vec::new();
    if words.first().is_some_and(|word| keyword(*word).is_some()) {
        pairs.extend(words.iter().map_while(|word| keyword(*word)));
        let taken = pairs.len();
        return (pairs, taken);
    }
    let mut at = 0;
    while let [value, word, name, ..] = &words[at..]
        && word.text == "as"
    {
        pairs.push((*name, *value));
        at += 3;
        if words.get(at).is_none_or(|word| word.text != "and") {
            break;
        }
        at += 1;
    }
    (pairs, at)
}
