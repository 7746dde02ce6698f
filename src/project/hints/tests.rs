//! Settings modules, and what linking reads in them.

use std::sync::Arc;

use super::*;
use crate::facts::{AssignFacts, ImportFacts, ImportKind};
use crate::ir::{Arg, ArgKind, Attr, BinOp, Binary, Call, Const, Expr, ExprKind, Routine, Stmt, StmtKind};
use crate::source::Span;

fn expr(kind: ExprKind) -> Expr {
    Expr::new(Span::default(), kind)
}

fn text(value: &str) -> Expr {
    expr(ExprKind::Const(Const::Str(Sym::new(value))))
}

fn name(value: &str) -> Expr {
    expr(ExprKind::Name(Sym::new(value)))
}

fn attr(base: Expr, member: &str) -> Expr {
    expr(ExprKind::Attr(Box::new(Attr {
        base,
        name: Sym::new(member),
        name_span: Span::default(),
    })))
}

fn list(items: Vec<Expr>) -> Expr {
    expr(ExprKind::List(items))
}

fn texts(items: &[&str]) -> Expr {
    list(items.iter().map(|item| text(item)).collect())
}

fn add(left: Expr, right: Expr) -> Expr {
    expr(ExprKind::Binary(Box::new(Binary {
        op: BinOp::Add,
        left,
        right,
    })))
}

fn call(func: Expr, args: Vec<Expr>) -> Expr {
    let args = args
        .into_iter()
        .map(|value| Arg {
            kind: ArgKind::Positional,
            value,
        })
        .collect();
    expr(ExprKind::Call(Box::new(Call { func, args })))
}

fn assign(target: &str, value: Expr, augmented: bool) -> AssignFacts {
    AssignFacts {
        name: Sym::new(target),
        value: Some(Arc::new(value)),
        annotation: None,
        augmented,
        span: Span::default(),
    }
}

fn module(assigns: Vec<AssignFacts>, statements: Vec<Expr>) -> FileFacts {
    let body = statements.into_iter().map(|value| Stmt {
        span: Span::default(),
        kind: StmtKind::Expr(value),
    });
    let routine = Routine {
        name: Sym::new("<module>"),
        qualname: Sym::new("<module>"),
        class: None,
        parent: None,
        params: Vec::new(),
        returns: None,
        decorators: Vec::new(),
        body: body.collect(),
        is_async: false,
        is_generator: false,
        span: Span::default(),
        name_span: Span::default(),
    };
    FileFacts {
        functions: vec![routine],
        assigns,
        ..FileFacts::default()
    }
}

fn config(class: &str, assigns: Vec<AssignFacts>) -> ClassFacts {
    ClassFacts {
        name: Sym::new(class),
        qualname: Sym::new(class),
        bases: vec![attr(name("apps"), "AppConfig")],
        keywords: Vec::new(),
        decorators: Vec::new(),
        assigns,
        added: Vec::new(),
        methods: Vec::new(),
        classes: Vec::new(),
        self_attrs: Vec::new(),
        parent_class: None,
        parent_func: None,
        span: Span::default(),
        name_span: Span::default(),
    }
}

fn gather(files: Vec<(&str, FileFacts)>, settings_names: &[&str]) -> DjangoHints {
    let paths: Vec<&str> = files.iter().map(|(path, _)| *path).collect();
    let index = ModuleIndex::new(&paths);
    let numbered = files
        .iter()
        .enumerate()
        .map(|(id, (_, facts))| (FileId(id as u32), facts));
    let names: Vec<String> = settings_names.iter().map(ToString::to_string).collect();
    DjangoHints::gather(numbered, &index, &names)
}

fn apps(hints: &DjangoHints) -> Vec<&str> {
    hints.installed_apps.iter().map(|app| app.as_str()).collect()
}

#[test]
fn installed_apps_are_put_together() {
    let settings = module(
        vec![
            assign("DJANGO_APPS", texts(&["django.contrib.auth"]), false),
            assign("LOCAL_APPS", expr(ExprKind::Tuple(vec![text("shop")])), false),
            assign(
                "INSTALLED_APPS",
                add(
                    list(vec![
                        expr(ExprKind::Starred(Box::new(name("DJANGO_APPS")))),
                        text("mptt"),
                    ]),
                    call(name("list"), vec![name("LOCAL_APPS")]),
                ),
                false,
            ),
            assign("INSTALLED_APPS", texts(&["debug_toolbar", "shop"]), true),
        ],
        vec![
            call(attr(name("INSTALLED_APPS"), "append"), vec![text("blog")]),
            call(
                attr(name("INSTALLED_APPS"), "insert"),
                vec![expr(ExprKind::Const(Const::Int(0))), text("first")],
            ),
        ],
    );
    let hints = gather(vec![("conf/settings.py", settings)], &[]);
    assert_eq!(
        apps(&hints),
        [
            "django.contrib.auth",
            "mptt",
            "shop",
            "debug_toolbar",
            "blog",
            "first"
        ]
    );
    assert!(!hints.apps_incomplete);
    assert_eq!(hints.settings_modules, [FileId(0)]);
}

#[test]
fn unknown_parts_are_told() {
    let settings = module(
        vec![assign(
            "INSTALLED_APPS",
            add(name("BASE"), texts(&["shop"])),
            false,
        )],
        Vec::new(),
    );
    let hints = gather(vec![("settings.py", settings)], &[]);
    assert_eq!(apps(&hints), ["shop"]);
    assert!(hints.apps_incomplete);
}

#[test]
fn user_model_of_the_settings_in_use() {
    let settings = |model: &str| {
        let assigns = vec![
            assign("MIDDLEWARE", list(Vec::new()), false),
            assign("DATABASES", expr(ExprKind::Dict(Vec::new())), false),
            assign("AUTH_USER_MODEL", text(model), false),
        ];
        module(assigns, Vec::new())
    };
    let setdefault = attr(attr(name("os"), "environ"), "setdefault");
    let manage = module(
        Vec::new(),
        vec![call(
            setdefault,
            vec![text("DJANGO_SETTINGS_MODULE"), text("conf.prod")],
        )],
    );
    let files = || {
        vec![
            ("conf/dev.py", settings("users.Dev")),
            ("conf/prod.py", settings("users.User")),
            ("manage.py", manage.clone()),
        ]
    };
    let hints = gather(files(), &["conf.dev"]);
    assert_eq!(hints.default_settings, [FileId(1), FileId(0)]);
    assert_eq!(hints.auth_user_model, Some(Sym::new("users.User")));
    let without_manage = gather(files().into_iter().take(2).collect(), &[]);
    assert_eq!(without_manage.auth_user_model, Some(Sym::new("users.Dev")));
}

#[test]
fn labels() {
    let settings = module(
        vec![assign("INSTALLED_APPS", texts(&["blog.apps.Second"]), false)],
        Vec::new(),
    );
    let mut blog = module(Vec::new(), Vec::new());
    blog.classes = vec![
        config(
            "First",
            vec![
                assign("name", text("blog"), false),
                assign("label", text("one"), false),
            ],
        ),
        config(
            "Second",
            vec![
                assign("name", text("blog"), false),
                assign("label", text("two"), false),
            ],
        ),
        config("Nameless", Vec::new()),
    ];
    let mut shop = module(Vec::new(), Vec::new());
    shop.classes = vec![config("Shop", vec![assign("name", text("acme.shop"), false)])];
    let hints = gather(
        vec![
            ("settings.py", settings),
            ("blog/apps.py", blog),
            ("acme/shop/apps.py", shop),
        ],
        &[],
    );
    assert_eq!(hints.label("blog"), "two");
    assert_eq!(hints.label("acme.shop"), "shop");
    assert_eq!(hints.label("acme.other"), "other");
    assert_eq!(hints.app_labels.len(), 2);
}

#[test]
fn directories_on_the_path_and_django_itself() {
    let join = attr(attr(name("os"), "path"), "join");
    let insert = attr(attr(name("sys"), "path"), "insert");
    let zero = expr(ExprKind::Const(Const::Int(0)));
    let mut manage = module(
        Vec::new(),
        vec![call(
            insert,
            vec![zero, call(join, vec![name("BASE"), text("apps")])],
        )],
    );
    manage.imports = vec![ImportFacts {
        kind: ImportKind::Module {
            bound: Sym::new("django"),
            aliased: false,
        },
        level: 0,
        module: Sym::new("django.core.management"),
        type_checking: false,
        span: Span::default(),
    }];
    let other = module(Vec::new(), Vec::new());
    let hints = gather(
        vec![
            ("site/manage.py", manage),
            ("site/apps/users/models.py", other.clone()),
        ],
        &[],
    );
    assert_eq!(hints.import_roots, ["site/apps"]);
    assert!(hints.is_django);
    assert_eq!(gather(vec![("x.py", other)], &[]), DjangoHints::default());
}
