//! Lowered expressions in a short notation, for comparing in tests.

use crate::ir::*;

pub(in crate::lower) fn all(items: &[Expr]) -> String {
    items.iter().map(show).collect::<Vec<_>>().join(" ")
}

pub(in crate::lower) fn maybe(item: &Option<Expr>) -> String {
    item.as_ref().map_or("-".into(), show)
}

pub(in crate::lower) fn arg(a: &Arg) -> String {
    let value = show(&a.value);
    match a.kind {
        ArgKind::Positional => value,
        ArgKind::Keyword(k) => format!("{k}={value}"),
        ArgKind::Star => format!("*{value}"),
        ArgKind::DoubleStar => format!("**{value}"),
    }
}

pub(in crate::lower) fn show(e: &Expr) -> String {
    match &e.kind {
        ExprKind::Name(n) => n.to_string(),
        ExprKind::Attr(a) => format!("{}.{}", show(&a.base), a.name),
        ExprKind::Call(c) => {
            let args = c.args.iter().map(arg);
            format!("{}({})", show(&c.func), args.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Index(i) => format!("{}[{}]", show(&i.0), show(&i.1)),
        ExprKind::Slice(s) => {
            format!(
                "{}[{}:{}:{}]",
                show(&s.base),
                maybe(&s.lower),
                maybe(&s.upper),
                maybe(&s.step)
            )
        }
        ExprKind::Const(Const::Int(n)) => n.to_string(),
        ExprKind::Const(Const::Str(s)) => format!("{s:?}"),
        ExprKind::Const(c) => format!("{c:?}"),
        ExprKind::FString(p) => format!("f({})", all(p)),
        ExprKind::List(i) => format!("[{}]", all(i)),
        ExprKind::Tuple(i) => format!("({})", all(i)),
        ExprKind::Set(i) => format!("{{{}}}", all(i)),
        ExprKind::Dict(items) => {
            let items = items
                .iter()
                .map(|i| format!("{}:{}", maybe(&i.key), show(&i.value)));
            format!("{{{}}}", items.collect::<Vec<_>>().join(" "))
        }
        ExprKind::Comp(c) => {
            let clauses = c.clauses.iter().map(|f| {
                let word = if f.is_async { "async-for" } else { "for" };
                format!(
                    " {word} {} in {} if [{}]",
                    show(&f.target),
                    show(&f.iter),
                    all(&f.ifs)
                )
            });
            format!(
                "{:?}({} {}{})",
                c.kind,
                show(&c.element),
                maybe(&c.value),
                clauses.collect::<String>()
            )
        }
        ExprKind::Lambda(f) => format!("lambda#{}", f.0),
        ExprKind::IfElse(i) => format!("({} ? {} : {})", show(&i.test), show(&i.then), show(&i.orelse)),
        ExprKind::And(v) => format!("and({})", all(v)),
        ExprKind::Or(v) => format!("or({})", all(v)),
        ExprKind::Not(v) => format!("not({})", show(v)),
        ExprKind::Compare(c) => {
            let rest = c
                .rest
                .iter()
                .map(|(op, right)| format!(" {op:?} {}", show(right)));
            format!("{}{}", show(&c.left), rest.collect::<String>())
        }
        ExprKind::Binary(b) => format!("({} {:?} {})", show(&b.left), b.op, show(&b.right)),
        ExprKind::Unary(v) => format!("unary({})", show(v)),
        ExprKind::Starred(v) => format!("star({})", show(v)),
        ExprKind::Await(v) => format!("await({})", show(v)),
        ExprKind::Yield(v) => format!("yield({})", v.as_ref().map_or("-".into(), |v| show(v))),
        ExprKind::YieldFrom(v) => format!("from({})", show(v)),
        ExprKind::Walrus(w) => format!("({} := {})", show(&w.0), show(&w.1)),
        ExprKind::Var(n) => format!("${n}"),
        ExprKind::Lookup(l) => {
            let sign = if l.calls { "." } else { ":" };
            format!("{}{sign}{}", show(&l.base), l.name)
        }
        ExprKind::Filter(f) => {
            let args = f.args.iter().map(arg);
            format!(
                "{}|{}({})",
                show(&f.value),
                f.name,
                args.collect::<Vec<_>>().join(", ")
            )
        }
        ExprKind::Invalid => "?".into(),
    }
}
