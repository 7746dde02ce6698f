//! Paths that settings put together from `__file__`, names and literals.
//!
//! Nothing is looked up on a disk. A path whose start is unknown keeps the components behind it.

use super::sites::{Env, MAX_DEPTH};
use crate::ir::{BinOp, Call, Const, Expr, ExprKind};
use crate::source::FileId;

/// A directory of `TEMPLATES[…]["DIRS"]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateDir {
    /// `/`-separated, as project paths are.
    pub path: String,
    /// The path starts at the top of the project; otherwise it may lie below any directory.
    pub exact: bool,
}

impl TemplateDir {
    /// The rest of a file's path below this directory.
    pub fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        if self.path.is_empty() {
            return self.exact.then_some(path);
        }
        let rest_at = |at: usize| path[at..].strip_prefix(&*self.path)?.strip_prefix('/');
        if self.exact {
            return rest_at(0);
        }
        let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
        starts.into_iter().find_map(rest_at)
    }
}

#[derive(Debug, Clone)]
struct Path {
    exact: bool,
    parts: Vec<String>,
}

impl Path {
    fn text(text: &str) -> Self {
        let mut path = Self {
            exact: false,
            parts: Vec::new(),
        };
        match text.strip_prefix('/') {
            // Where the project lies on a server is not where it lies here.
            Some(absolute) => path.join(absolute.trim_end_matches('/').rsplit('/').next().unwrap_or("")),
            None => path.join(text),
        }
        path
    }

    fn join(&mut self, text: &str) {
        for part in text.split('/') {
            match part {
                "" | "." => {}
                ".." => self.pop(),
                part => self.parts.push(part.to_owned()),
            }
        }
    }

    fn pop(&mut self) {
        match self.parts.last() {
            Some(last) if last != ".." => {
                self.parts.pop();
            }
            _ if self.exact => self.exact = false,
            // Taken back by what stands before, once that is known.
            _ => self.parts.push("..".to_owned()),
        }
    }

    fn then(mut self, other: &Self) -> Self {
        if other.exact {
            return other.clone();
        }
        other.parts.iter().for_each(|part| self.join(part));
        self
    }
}

/// The directory that an expression in a settings module stands for.
pub(super) fn of_expr(env: &Env<'_>, file: FileId, expr: &Expr) -> Option<TemplateDir> {
    let mut path = evaluate(env, file, expr, MAX_DEPTH)?;
    path.parts.retain(|part| part != "..");
    if !path.exact && path.parts.is_empty() {
        return None;
    }
    Some(TemplateDir {
        path: path.parts.join("/"),
        exact: path.exact,
    })
}

fn evaluate(env: &Env<'_>, file: FileId, expr: &Expr, depth: u32) -> Option<Path> {
    let depth = depth.checked_sub(1)?;
    match &expr.kind {
        ExprKind::Const(Const::Str(text)) => Some(Path::text(text.as_str())),
        ExprKind::Name(name) if *name == "__file__" => {
            let mut path = Path {
                exact: true,
                parts: Vec::new(),
            };
            path.join(&env.index.dir_path(env.index.dir_of(file)));
            path.parts.push(format!("{}.py", env.index.stem(file)));
            Some(path)
        }
        ExprKind::Name(_) => named(env, file, expr, depth),
        ExprKind::Attr(attr) if attr.name == "parent" => {
            let mut path = evaluate(env, file, &attr.base, depth)?;
            path.pop();
            Some(path)
        }
        ExprKind::Attr(attr) if attr.name == "pardir" => Some(Path::text("..")),
        ExprKind::Attr(_) => named(env, file, expr, depth),
        ExprKind::Index(parts) => {
            let (ExprKind::Attr(attr), ExprKind::Const(Const::Int(n))) = (&parts.0.kind, &parts.1.kind)
            else {
                return None;
            };
            if attr.name != "parents" {
                return None;
            }
            let path = evaluate(env, file, &attr.base, depth)?;
            up(path, n.checked_add(1)?)
        }
        ExprKind::Binary(binary) => {
            let left = evaluate(env, file, &binary.left, depth);
            match (binary.op, &binary.right.kind) {
                // `environ.Path` counts directories by subtraction.
                (BinOp::Sub, ExprKind::Const(Const::Int(n))) => up(left?, *n),
                (BinOp::Add | BinOp::Other, _) => {
                    let right = match binary.right.as_str() {
                        // Joined to something, a leading slash starts no new path.
                        Some(text) => Path::text(text.as_str().trim_start_matches('/')),
                        None => evaluate(env, file, &binary.right, depth)?,
                    };
                    Some(left.unwrap_or_else(|| Path::text("")).then(&right))
                }
                _ => None,
            }
        }
        ExprKind::IfElse(choice) => {
            evaluate(env, file, &choice.then, depth).or_else(|| evaluate(env, file, &choice.orelse, depth))
        }
        ExprKind::Call(call) => called(env, file, call, depth),
        _ => None,
    }
}

fn named(env: &Env<'_>, file: FileId, expr: &Expr, depth: u32) -> Option<Path> {
    let mut values = env.values(file, expr).into_iter();
    values.find_map(|(file, value)| evaluate(env, file, value, depth))
}

fn up(mut path: Path, steps: i64) -> Option<Path> {
    if !(0..=64).contains(&steps) {
        return None;
    }
    (0..steps).for_each(|_| path.pop());
    Some(path)
}

fn called(env: &Env<'_>, file: FileId, call: &Call, depth: u32) -> Option<Path> {
    let value = |expr: &Expr| evaluate(env, file, expr, depth);
    let joined = |start: Option<Path>, skip: usize| {
        let mut path = start.unwrap_or_else(|| Path::text(""));
        for arg in call.args.iter().skip(skip) {
            path = match value(&arg.value) {
                Some(next) => path.then(&next),
                None => return None,
            };
        }
        Some(path)
    };
    let first = || call.args.first().and_then(|arg| value(&arg.value));
    let receiver = match &call.func.kind {
        ExprKind::Attr(attr) => value(&attr.base),
        _ => None,
    };
    let name = call.func.last_name()?;
    match (name.as_str(), receiver) {
        ("dirname", None) => up(first()?, 1),
        ("join", None) => joined(first(), 1),
        ("str" | "Path" | "PurePath" | "abspath" | "realpath" | "normpath" | "fspath", None) => {
            joined(first(), 1)
        }
        // `BASE_DIR.resolve()`, `BASE_DIR.joinpath("x")`, `APPS_DIR.path("x")`
        (_, Some(path)) => joined(Some(path), 0),
        // `location("x")`, and `ROOT("x")` of `environ.Path`
        (_, None) if call.func.as_name().is_some() => joined(value(&call.func), 0),
        _ => None,
    }
}
