//! What each construct is lowered to.

mod robustness;

use super::{Depth, extract};
use crate::facts::{Binding, ClassFacts, FileFacts, ImportKind};
use crate::ir::*;
use crate::lower::notation::{all, maybe, show};
use crate::source::{Span, Sym};

fn facts(text: &str) -> FileFacts {
    let facts = extract(text, Depth { bodies: true });
    assert!(facts.errors.is_empty(), "{:?}", facts.errors);
    facts
}

fn function<'a>(facts: &'a FileFacts, qualname: &str) -> &'a Routine {
    facts
        .functions
        .iter()
        .find(|f| f.qualname == qualname)
        .unwrap_or_else(|| panic!("no {qualname}"))
}

fn class<'a>(facts: &'a FileFacts, qualname: &str) -> &'a ClassFacts {
    facts
        .classes
        .iter()
        .find(|c| c.qualname == qualname)
        .unwrap_or_else(|| panic!("no {qualname}"))
}

/// The lowered form of one expression, in a short notation.
fn expr(text: &str) -> String {
    let facts = facts(text);
    match &facts.functions[0].body[..] {
        [
            Stmt {
                kind: StmtKind::Expr(value),
                ..
            },
        ] => show(value),
        other => panic!("{other:?}"),
    }
}

#[test]
fn expressions() {
    for (text, want) in [
        ("a.b.c", "a.b.c"),
        ("f(a, *b, k=1, **c)", "f(a, *b, k=1, **c)"),
        ("f(k=1, *b)", "f(k=1, *b)"),
        ("a[1]", "a[1]"),
        ("a[1:2]", "a[1:2:-]"),
        ("a[:, ::2]", "a[(() (2))]"),
        ("a[::-1]", "a[-:-:unary(1)]"),
        (
            "1.5, b'x', ..., None, True, False",
            "(Other Other Other None True False)",
        ),
        (
            "9223372036854775807, 9223372036854775808",
            "(9223372036854775807 Other)",
        ),
        ("f('a' 'b')", "f(\"ab\")"),
        (
            "f'{a} {b!r:>{w}} {c=}' 'x' f'{d}'",
            "f(a \" \" b \">\" w \" \" c \"x\" d)",
        ),
        ("f'{x:{a}{b:{c}}}'", "f(x a b c)"),
        ("t'{a}'", "f(a)"),
        ("'%s' % x", "(\"%s\" Mod x)"),
        (
            "a | b & c ^ d + e - g * h",
            "(a BitOr ((b BitAnd c) BitXor ((d Add e) Sub (g Mul h))))",
        ),
        ("{1, 2}, {'a': 1, **b}", "({1 2} {\"a\":1 -:b})"),
        (
            "[x for x in y if a if b for z in x]",
            "List(x - for x in y if [a b] for z in x if [])",
        ),
        ("f(x for x in y)", "f(Generator(x - for x in y if []))"),
        (
            "{x for x in y}, {k: v for k, v in y}",
            "(Set(x - for x in y if []) Dict(k v for (k v) in y if []))",
        ),
        ("a if b else c", "(b ? a : c)"),
        ("a and b and (c and d) or e", "or(and(a b c d) e)"),
        ("not a", "not(a)"),
        ("-a, ~b", "(unary(a) unary(b))"),
        (
            "a == b != c < d >= e is f is not g in h not in i",
            "a Eq b NotEq c Order d Order e Is f IsNot g In h NotIn i",
        ),
        ("(x := f())", "(x := f())"),
        ("[*a, b]", "[star(a) b]"),
        ("print(x)", "print(x)"),
    ] {
        assert_eq!(expr(text), want, "{text}");
    }
    assert_eq!(expr(&format!("f('{}')", "x".repeat(201))), "f(Other)");
    assert_eq!(
        expr(&format!("f('{}')", "x".repeat(200))),
        format!("f(\"{}\")", "x".repeat(200))
    );
}

#[test]
fn spans_are_bytes_of_the_text() {
    let text = "é = 'ü'; b.wert(1)\r\n";
    let facts = facts(text);
    let StmtKind::Expr(call) = &facts.functions[0].body[1].kind else {
        panic!()
    };
    let slice = |s: Span| &text[s.start as usize..s.end as usize];
    assert_eq!(slice(call.span), "b.wert(1)");
    let ExprKind::Call(call) = &call.kind else {
        panic!()
    };
    let ExprKind::Attr(attr) = &call.func.kind else {
        panic!()
    };
    assert_eq!(slice(attr.name_span), "wert");
    assert_eq!(slice(facts.functions[0].span), text);
}

#[test]
fn functions_know_where_they_are() {
    let facts = facts(
        "def view(a, /, b: int, *args, c=1, **kw) -> str:\n\
         \x20   def helper():\n        yield 1\n\
         \x20   class Local:\n        def m(self):\n            def n(): pass\n\
         \x20   return sorted(a, key=lambda x: x.y)\n\
         class Order(Base, metaclass=M):\n\
         \x20   @property\n    async def total(self): await self.x\n\
         \x20   key = lambda self: 1\n\
         \x20   class Meta(Base.Meta):\n        abstract = True\n\
         f = lambda: (yield)\n",
    );
    let names = facts
        .functions
        .iter()
        .map(|f| f.qualname.as_str())
        .collect::<Vec<_>>();
    assert_eq!(
        names,
        [
            "<module>",
            "view",
            "view.<locals>.helper",
            "view.<locals>.Local.m",
            "view.<locals>.Local.m.<locals>.n",
            "view.<locals>.<lambda>",
            "Order.total",
            "Order.<lambda>",
            "<lambda>"
        ]
    );
    let view = function(&facts, "view");
    assert_eq!(view.parent, None);
    let params = view
        .params
        .iter()
        .map(|p| (p.name.as_str(), p.kind))
        .collect::<Vec<_>>();
    use ParamKind::*;
    let want = [
        ("a", PositionalOnly),
        ("b", Regular),
        ("args", Args),
        ("c", KeywordOnly),
        ("kw", Kwargs),
    ];
    assert_eq!(params, want);
    assert_eq!(maybe(&view.params[1].annotation), "int");
    assert_eq!(maybe(&view.params[3].default), "1");
    assert_eq!(maybe(&view.returns), "str");
    assert!(!view.is_generator);

    let helper = function(&facts, "view.<locals>.helper");
    assert_eq!((helper.parent, helper.is_generator), (Some(FuncIdx(1)), true));
    let method = function(&facts, "view.<locals>.Local.m");
    assert_eq!(
        (method.parent, method.class),
        (Some(FuncIdx(1)), Some(ClassIdx(0)))
    );
    let inner = function(&facts, "view.<locals>.Local.m.<locals>.n");
    assert_eq!((inner.parent, inner.class), (Some(FuncIdx(3)), None));
    let lambda = function(&facts, "view.<locals>.<lambda>");
    assert_eq!(lambda.parent, Some(FuncIdx(1)));
    assert!(matches!(&lambda.body[..], [Stmt { kind: StmtKind::Return(Some(e)), .. }] if show(e) == "x.y"));

    let total = function(&facts, "Order.total");
    assert!(total.is_async && total.class == Some(ClassIdx(1)) && total.parent.is_none());
    assert_eq!(all(&total.decorators), "property");
    assert!(function(&facts, "<lambda>").is_generator);
    assert!(!facts.functions[0].is_generator);

    let order = class(&facts, "Order");
    assert_eq!(all(&order.bases), "Base");
    assert_eq!(order.keywords[0].0, Sym::new("metaclass"));
    assert_eq!(order.methods, [(Sym::new("total"), FuncIdx(6))]);
    assert_eq!(order.classes, [(Sym::new("Meta"), ClassIdx(2))]);
    let meta = class(&facts, "Order.Meta");
    assert_eq!((meta.parent_class, meta.parent_func), (Some(ClassIdx(1)), None));
    let local = class(&facts, "view.<locals>.Local");
    assert_eq!((local.parent_class, local.parent_func), (None, Some(FuncIdx(1))));
    assert!(matches!(
        facts.functions[0].body[0].kind,
        StmtKind::Def(FuncIdx(1))
    ));
    assert!(matches!(
        facts.functions[0].body[1].kind,
        StmtKind::Class(ClassIdx(1))
    ));
}

#[test]
fn bindings_are_in_source_order_through_blocks() {
    let facts = facts(
        "import a.b\nimport a.b as c\nfrom . import d, e as f\nfrom ..m import *\n\
         if x:\n    g = 1\nelif y:\n    def h(): pass\nelse:\n    class I: pass\n\
         try:\n    import j\nexcept E:\n    j = None\nelse:\n    k = 1\nfinally:\n    l = 1\n\
         with m as n:\n    o = p = 2\nfor q in r:\n    s: int = 1\nelse:\n    t: int\n\
         while u:\n    v += 1\ntype W = int\nx, y = 1, 2\nz.z = 1\n\
         match u:\n    case 1:\n        w = 1\n\
         def late():\n    import inside\n",
    );
    let names = facts
        .bindings
        .iter()
        .map(|(n, _)| n.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    assert_eq!(names, "a c d f g h I j j k l o p s t v W w late");
    for (name, binding) in &facts.bindings {
        if let Binding::Assign(n) = binding {
            assert_eq!(facts.assigns[*n as usize].name, *name);
        }
    }
    let find = |name: &str| facts.assigns.iter().find(|a| a.name == *name).unwrap();
    assert!(find("v").augmented && !find("g").augmented);
    assert!(find("t").value.is_none() && find("t").annotation.is_some());
    assert!(find("s").value.is_some() && find("s").annotation.is_some());

    let imports = facts
        .imports
        .iter()
        .map(|i| (i.level, i.module.as_str(), i.kind))
        .collect::<Vec<_>>();
    let s = Sym::new;
    assert_eq!(
        imports,
        [
            (
                0,
                "a.b",
                ImportKind::Module {
                    bound: s("a"),
                    aliased: false
                }
            ),
            (
                0,
                "a.b",
                ImportKind::Module {
                    bound: s("c"),
                    aliased: true
                }
            ),
            (
                1,
                "",
                ImportKind::From {
                    name: s("d"),
                    bound: s("d")
                }
            ),
            (
                1,
                "",
                ImportKind::From {
                    name: s("e"),
                    bound: s("f")
                }
            ),
            (2, "m", ImportKind::Star),
            (
                0,
                "j",
                ImportKind::Module {
                    bound: s("j"),
                    aliased: false
                }
            ),
            (
                0,
                "inside",
                ImportKind::Module {
                    bound: s("inside"),
                    aliased: false
                }
            ),
        ]
    );
    assert!(matches!(
        function(&facts, "late").body[0].kind,
        StmtKind::Import(ImportIdx(6))
    ));
    let body = &facts.functions[0].body;
    assert!(matches!(body[2].kind, StmtKind::Import(ImportIdx(2))));
    assert!(matches!(body[3].kind, StmtKind::Import(ImportIdx(3))));
}

#[test]
fn type_checking_imports_are_marked() {
    let facts = facts(
        "import a\nif TYPE_CHECKING:\n    import b\nelse:\n    import c\n\
         if typing.TYPE_CHECKING:\n    if x:\n        from d import e\nimport f\n",
    );
    let marked = facts
        .imports
        .iter()
        .map(|i| (i.module.as_str(), i.type_checking))
        .collect::<Vec<_>>();
    assert_eq!(
        marked,
        [("a", false), ("b", true), ("c", false), ("d", true), ("f", false)]
    );
}

#[test]
fn class_bodies_keep_every_occurrence() {
    let facts = facts(
        "class A:\n    'doc'\n    x = y = 1\n    if D:\n        x = 2\n        def m(self): pass\n\
         \x20   else:\n        def m(self): pass\n    z: int\n    x += 3\n    a, b = 1, 2\n",
    );
    let a = class(&facts, "A");
    let names = a.assigns.iter().map(|a| a.name.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["x", "y", "x", "z", "x"]);
    assert!(a.assigns[4].augmented);
    assert_eq!(a.methods.len(), 2);
    assert!(facts.assigns.is_empty());
    let names = facts.bindings.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>();
    assert_eq!(names, ["A"]);
}

#[test]
fn attributes_stored_on_the_instance() {
    let text = "class A:\n    def m(this, other):\n        this.a = this.a = 1\n        other.no = 1\n\
         \x20       this.b: int = 2\n        this.c += 1\n        (this.d, [*this.e]), x = y\n\
         \x20       for this.f in y:\n            with z as this.g: this.h = 1\n\
         \x20       try: pass\n        except E: this.i = 1\n\
         \x20       def inner(): this.no = 1\n        this.x.no = 1; this.no[0] = 1\n\
         \x20   @staticmethod\n    def s(x): x.no = 1\n\
         \x20   def n(self): self.a = 2\n    def o(*args): args.no = 1\n";
    for bodies in [true, false] {
        let facts = extract(text, Depth { bodies });
        let stored = &class(&facts, "A").self_attrs;
        let names = stored
            .iter()
            .map(|(n, _)| n.as_str())
            .collect::<Vec<_>>()
            .join(" ");
        assert_eq!(names, "a b c d e f g h i a");
        assert_eq!(facts.functions[stored[9].1.0 as usize].name, *"n");
    }
}

#[test]
fn string_annotations_are_read() {
    let text = "def f(a: 'Order', b: 'list[\"Order\"]', c: Literal['x'], d: 'no no', e: Annotated['T', 'x'],\n\
         \x20     g: Optional['U'] | 'V') -> '''\n  QuerySet[Order]''': pass\nx: 'm.T' = 'y'\n";
    let facts = facts(text);
    let f = function(&facts, "f");
    let annotations = f.params.iter().map(|p| maybe(&p.annotation)).collect::<Vec<_>>();
    assert_eq!(
        annotations,
        [
            "Order",
            "list[Order]",
            "Literal[\"x\"]",
            "\"no no\"",
            "Annotated[(T \"x\")]",
            "(Optional[U] BitOr V)"
        ]
    );
    assert_eq!(maybe(&f.returns), "QuerySet[Order]");
    let Some(Expr {
        span,
        kind: ExprKind::Index(inner),
    }) = &f.params[1].annotation
    else {
        panic!()
    };
    assert_eq!(&text[span.start as usize..span.end as usize], "'list[\"Order\"]'");
    assert_eq!((inner.0.span, inner.1.span), (*span, *span));
    let assign = &facts.assigns[0];
    assert_eq!(maybe(&assign.annotation), "m.T");
    assert_eq!(show(assign.value.as_ref().unwrap()), "\"y\"");
}

#[test]
fn statements() {
    let facts = facts(
        "def f():\n    global g\n    pass\n    del a, b\n    assert a, b\n    raise A from b\n\
         \x20   if a: pass\n    elif b: c\n    else: d\n\
         \x20   try: pass\n    except* (A, B) as e: x\n    except* C: y\n\
         \x20   while a:\n        break\n        continue\n\
         \x20   match a:\n        case [x, *y, {'k': z, **w}] | C(v, k=u) if q: r\n        case 1 | None | _: pass\n\
         \x20   a += b\n",
    );
    let body = &function(&facts, "f").body;
    let [del, assert, raise, branch, attempt, repeat, choice, aug] = &body[..] else {
        panic!("{body:?}")
    };
    assert!(matches!(&del.kind, StmtKind::Delete(t) if all(t) == "a b"));
    assert!(matches!(&assert.kind, StmtKind::Assert(t) if all(t) == "a b"));
    assert!(matches!(&raise.kind, StmtKind::Raise(t) if all(t) == "A b"));
    let StmtKind::If { orelse, .. } = &branch.kind else {
        panic!()
    };
    let [
        Stmt {
            kind: StmtKind::If { test, body, orelse },
            ..
        },
    ] = &orelse[..]
    else {
        panic!()
    };
    assert_eq!((show(test).as_str(), body.len(), orelse.len()), ("b", 1, 1));
    let StmtKind::Try { handlers, .. } = &attempt.kind else {
        panic!()
    };
    assert_eq!(
        (maybe(&handlers[0].types).as_str(), handlers[0].name),
        ("(A B)", Some(Sym::new("e")))
    );
    assert!(matches!(&repeat.kind, StmtKind::While { body, .. } if body.len() == 2));
    let StmtKind::Match { cases, .. } = &choice.kind else {
        panic!()
    };
    let captures = cases[0].captures.iter().map(|c| c.as_str()).collect::<Vec<_>>();
    assert_eq!(captures, ["x", "y", "z", "w", "v", "u"]);
    assert_eq!(maybe(&cases[0].guard), "q");
    assert!(cases[1].captures.is_empty());
    assert!(matches!(&aug.kind, StmtKind::AugAssign { op: BinOp::Add, .. }));
}

#[test]
fn exports() {
    let of = |text: &str| {
        facts(text)
            .exports
            .map(|e| e.iter().map(|s| s.as_str()).collect::<Vec<_>>().join(" "))
    };
    assert_eq!(of("x = 1"), None);
    assert_eq!(of("__all__ = ['a', 'b']").as_deref(), Some("a b"));
    assert_eq!(
        of("__all__: list = ('a',)\n__all__ += ['b']\n__all__.append('c')").as_deref(),
        Some("a b c")
    );
    assert_eq!(of("__all__ = ['a'] + other.__all__"), None);
    assert_eq!(of("__all__ = ['a']\n__all__ += x"), None);
    assert_eq!(of("__all__ = ['a']\n__all__.extend(x)"), None);
}

#[test]
fn comments_that_speak_to_an_analyser() {
    let text = "x = 1  # noqa: X\r\n  # DJPERF: ignore\n# plain\ns = '# noqa'\n#:NoQA\n";
    let facts = facts(text);
    let kept = facts.comments.iter();
    let kept = kept
        .map(|c| (&text[c.span.start as usize..c.span.end as usize], c.own_line))
        .collect::<Vec<_>>();
    assert_eq!(
        kept,
        [("# noqa: X", false), ("# DJPERF: ignore", true), ("#:NoQA", true)]
    );
}

#[test]
fn lookup_paths_are_collected() {
    let facts = facts(
        "class A:\n    list_select_related = ('g', 'h')\n    def m(self):\n        prefetch_related = ['i']\n\
         q.select_related('a', 'b__c').prefetch_related('b__c', Prefetch('d', queryset=E.x('no')), *['e'])\n\
         Prefetch(lookup='f', to_attr='no')\nprefetch_related_objects('no', 'j', ['k'])\n\
         models.aprefetch_related_objects([o], 'l')\nother = ['no']\nq.filter('no')\nq.select_related(x['no'])\n",
    );
    let paths = facts.eager_paths.iter().map(|p| p.as_str()).collect::<Vec<_>>();
    assert_eq!(paths, ["a", "b__c", "d", "e", "f", "g", "h", "i", "j", "k", "l"]);
}

#[test]
fn shallow_facts_keep_declarations_only() {
    let facts = extract(
        "import a\nclass A(B):\n    x = f(lambda: 1)\n    def m(self, y: 'Z' = 1) -> W:\n        import b\n\
         \x20       def inner(): pass\n        yield 1\nz = 1\nprint(1)\n",
        Depth { bodies: false },
    );
    assert!(facts.functions.iter().all(|f| f.body.is_empty()));
    let names = facts
        .functions
        .iter()
        .map(|f| f.qualname.as_str())
        .collect::<Vec<_>>();
    assert_eq!(names, ["<module>", "A.<lambda>", "A.m"]);
    assert!(function(&facts, "A.m").is_generator);
    assert_eq!(maybe(&function(&facts, "A.m").params[1].annotation), "Z");
    assert_eq!(
        (
            facts.imports.len(),
            facts.assigns.len(),
            class(&facts, "A").assigns.len()
        ),
        (1, 1, 1)
    );
}

#[test]
fn errors_leave_the_rest_readable() {
    let facts = extract(
        "x = \nclass A:\n    y = (1 +\n\ndef f():\n    return q.\n",
        Depth { bodies: true },
    );
    assert!(!facts.errors.is_empty());
    assert!(facts.errors.iter().all(|e| !e.message.is_empty()));
    assert!(facts.classes.iter().any(|c| c.name == *"A"));
    let new = "match x:\n    case 1: pass\ntype X = int\ndef f[T = int](): pass\nexcept_ = t'{x}'\n";
    assert!(extract(new, Depth { bodies: true }).errors.is_empty());
}
