//! Hostile, broken and cut text: facts come back, whatever they say.

use super::facts;
use crate::ir::{Stmt, StmtKind};
use crate::lower::python::{Depth, extract};

fn on_a_deep_stack(run: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new()
        .stack_size(64 << 20)
        .spawn(run)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn hostile_text_does_not_overflow() {
    on_a_deep_stack(|| {
        let refused = |text: &str| {
            let facts = extract(text, Depth { bodies: true });
            assert_eq!(facts.functions.len(), 1);
            assert_eq!(facts.errors[0].message, "nesting is too deep to analyse");
        };
        for brackets in ["()", "[]", "{}"] {
            let (open, close) = brackets.split_at(1);
            refused(&format!("x = {}1{}", open.repeat(20_000), close.repeat(20_000)));
            refused(&open.repeat(20_000));
        }
        refused(
            &(0..500)
                .map(|n| format!("{}if a:\n", " ".repeat(n)))
                .collect::<String>(),
        );
        refused(&format!("x = {}a", "a+".repeat(1_000_000)));

        let n = 40_000;
        for text in [
            format!("x = {}a", "a+".repeat(n)),
            format!("x = {}a", "a**".repeat(n / 2)),
            format!("x = {}a", "a and ".repeat(n)),
            format!("x = {}a", "a < ".repeat(n)),
            format!("x = {}a", "not ".repeat(99_000)),
            format!("x = {}a", "-".repeat(99_000)),
            format!("x = a{}", ".b".repeat(n)),
            format!("x = a{}", "()".repeat(99_000)),
            format!("x = a{}", "[0]".repeat(99_000)),
            format!("x = a{}", "[0:]".repeat(99_000)),
            format!("x = a{}", ".b()[0]".repeat(n / 4)),
            format!("x = {}1", "lambda: ".repeat(9_000)),
            format!("x = {}a", "a if b else ".repeat(n / 4)),
            format!("x = f'{{{}a}}'", "a+".repeat(n)),
            format!("x: '{}a'", "a|".repeat(n)),
            format!("x = {}'a'", "'a' ".repeat(n)),
            format!("if a: pass\n{}else: z\n", "elif b: c\n".repeat(n)),
            format!("{}x", "await ".repeat(99_000)),
            format!("{}x", "async ".repeat(n)),
            format!("{}x", "yield ".repeat(n)),
            format!("{}pass", "class A: ".repeat(n / 4)),
            format!("{}pass", "if a: ".repeat(n / 4)),
            format!("match x:\n  case {}1: pass", "1|".repeat(n)),
            format!("x = [{}]", "a+b, ".repeat(n)),
            format!("x = {}1{}", "[".repeat(1000), "]".repeat(1000)),
            format!("x = {}1{}", "f'{".repeat(900), "}'".repeat(900)),
            (0..190)
                .map(|n| format!("{}def f():\n", " ".repeat(n)))
                .collect::<String>(),
        ] {
            for bodies in [true, false] {
                let facts = extract(&text, Depth { bodies });
                drop(facts.clone());
            }
        }
    });
}

#[test]
fn a_long_elif_chain_keeps_every_branch() {
    fn count(body: &[Stmt]) -> usize {
        let inner = body.iter().map(|s| match &s.kind {
            StmtKind::If { orelse, .. } => 1 + count(orelse),
            _ => 0,
        });
        inner.sum()
    }
    let facts = facts(&format!("if a: pass\n{}", "elif b: c\n".repeat(1000)));
    assert_eq!(count(&facts.functions[0].body), 1001);
}

const SAMPLE: &str = r#"
# -*- coding: utf-8 -*-  djperf
from __future__ import annotations
import os, sys as system
from django.db import (models, transaction as tx,)

__all__ = ["Order"]

class Order(models.Model, metaclass=Meta):
    """Döc."""
    customer: "models.ForeignKey[Customer]" = models.ForeignKey("Customer", on_delete=models.CASCADE)
    if True:
        items = property(lambda self: self.item_set.all())

    @cached_property
    async def total(self, /, *args: int, rate=1.5, **kw) -> Decimal | None:
        self.cache, (self.other, *self.more) = {}, [1, 2, 3]
        async with a as self.b, c:
            async for x in y:
                yield f"{x!r:>{width}} {'nested'}" % {k: v for k, v in z.items() if v}
        return await (w := self.q[1:2, ::3])

def view(request):
    match request.method:
        case "GET" | Point(x=0, y=[a, *rest]) if a > 0:
            return render(request, "x.html", {"o": Order.objects.select_related("customer")[:10]})
        case {"k": v, **kw}:
            pass
    try:
        x = 1 if a else b; y += x or not z and -1
    except* (ValueError, KeyError) as e:
        raise X from e
    else:
        del x, y
    finally:
        global q
    while a not in b is None: break
    type L[T] = list[T]
    return b'''bytes''', rb"\x00", 0x10, 1j, t"{a}"
"#;

#[test]
fn cut_text_does_not_panic() {
    on_a_deep_stack(|| {
        assert!(facts(SAMPLE).errors.is_empty());
        for text in [
            SAMPLE.to_string(),
            SAMPLE.replace('\n', "\r\n"),
            SAMPLE.replace("    ", "\t"),
        ] {
            for end in (0..text.len()).step_by(7) {
                let end = text.floor_char_boundary(end);
                extract(&text[..end], Depth { bodies: true });
                extract(&text[end..], Depth { bodies: false });
                extract(
                    &format!("{}\0{}", &text[..end], &text[end..]),
                    Depth { bodies: true },
                );
                extract(
                    &format!("{}\r({}", &text[..end], &text[end..]),
                    Depth { bodies: true },
                );
            }
        }
        for text in [
            "",
            "\0",
            "\r",
            "\u{c}x = 1",
            "\\",
            "'",
            "f'{",
            "x = '\\ud800'",
            "\u{feff}x",
            "\n\n  \n",
        ] {
            extract(text, Depth { bodies: true });
        }
    });
}
