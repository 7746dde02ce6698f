//! What of a file other files can depend on without running its code.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::ir::{Expr, FuncIdx, Param, Routine, Stmt, StmtKind};
use crate::source::{Span, Sym, without_places};

use super::{AssignFacts, Binding, ClassFacts, Dialect, FileFacts, ImportFacts};

/// A digest of all facts of a file but the bodies of its functions and where things stand.
pub type Outline = [u8; 32];

/// Digests of what a Python file declares, places included, and of the bodies of its functions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pieces {
    /// All facts but those bodies; where functions and classes end does not count.
    pub declarations: Outline,
    /// By the functions that stand in no other one: their bodies, and those of all functions in them.
    pub bodies: Vec<(FuncIdx, Outline)>,
    /// Functions among them that declare classes.
    pub declaring: BTreeSet<FuncIdx>,
}

/// Everything that names and types are resolved with. A module's own body counts, a template's does not; lookup paths are
/// asked for only when loads are judged.
#[derive(Serialize)]
struct Shape<'a> {
    functions: Vec<Signature<'a>>,
    module: Cow<'a, [Stmt]>,
    classes: &'a [ClassFacts],
    imports: &'a [ImportFacts],
    bindings: &'a [(Sym, Binding)],
    assigns: &'a [AssignFacts],
    exports: &'a Option<Vec<Sym>>,
    template: Option<Frame<'a>>,
}

#[derive(Serialize)]
struct Signature<'a> {
    qualname: Sym,
    holder: (Option<u32>, Option<u32>),
    params: &'a [Param],
    returns: &'a Option<Expr>,
    decorators: &'a [Expr],
    kind: (bool, bool),
    empty: bool,
}

#[derive(Serialize)]
struct Frame<'a> {
    blocks: Vec<Sym>,
    libraries: &'a [Sym],
    extends: Option<Sym>,
    includes: &'a [Sym],
    dynamic: bool,
    names: &'a [Sym],
    jinja: bool,
    macros: Vec<(Sym, u32)>,
}

impl<'a> Signature<'a> {
    fn of(routine: &'a Routine) -> Self {
        Self {
            qualname: routine.qualname,
            holder: (routine.class.map(|c| c.0), routine.parent.map(|f| f.0)),
            params: &routine.params,
            returns: &routine.returns,
            decorators: &routine.decorators,
            kind: (routine.is_async, routine.is_generator),
            empty: routine.body.is_empty(),
        }
    }
}

impl FileFacts {
    /// Digests of the parts that these facts fall into. There are none of templates, and of facts without serialised
    /// form.
    pub fn pieces(&self) -> Option<Pieces> {
        if self.template.is_some() {
            return None;
        }
        // Where functions and classes end changes with what stands in them.
        let starts = |routine: &Routine| (routine.span.start, routine.name_span);
        let (mut functions, mut places) = (Vec::new(), Vec::new());
        let mut bodies: BTreeMap<FuncIdx, Sha256> = BTreeMap::new();
        for (n, routine) in self.functions.iter().enumerate() {
            let outer = self.outermost(FuncIdx(n as u32));
            if outer.0 as usize == n {
                functions.push(Signature::of(routine));
                places.push(starts(routine));
            }
            if n > 0 {
                let inner = (n, starts(routine), Signature::of(routine), &routine.body);
                let text = postcard::to_stdvec(&inner).ok()?;
                bodies.entry(outer).or_default().update(&text);
            }
        }
        let mut classes = Vec::new();
        let mut declaring = BTreeSet::new();
        for class in &self.classes {
            let shown = ClassFacts {
                span: Span::new(class.span.start, class.span.start),
                ..class.clone()
            };
            match self.around(class) {
                Some(outer) => {
                    let text = postcard::to_stdvec(&shown).ok()?;
                    bodies.entry(outer).or_default().update(&text);
                    declaring.insert(outer);
                }
                None => classes.push(shown),
            }
        }
        let shape = self.shape();
        let shape = Shape {
            functions,
            module: shape.module.iter().map(without_end).collect(),
            classes: &classes,
            // Those of functions are among them.
            imports: &[],
            ..shape
        };
        let rest = (&shape, &places);
        Some(Pieces {
            declarations: Sha256::digest(postcard::to_stdvec(&rest).ok()?).into(),
            bodies: bodies
                .into_iter()
                .map(|(func, body)| (func, body.finalize().into()))
                .collect(),
            declaring,
        })
    }

    /// The function that stands in no other one around a function.
    pub fn outermost(&self, func: FuncIdx) -> FuncIdx {
        let mut outer = func;
        while let Some(next) = self.functions[outer.0 as usize].parent.filter(|f| f.0 != 0) {
            outer = next;
        }
        outer
    }

    /// The function that stands in no other one around a class.
    fn around(&self, class: &ClassFacts) -> Option<FuncIdx> {
        let mut class = class;
        loop {
            if let Some(func) = class.parent_func.filter(|f| f.0 != 0) {
                return Some(self.outermost(func));
            }
            class = self.classes.get(class.parent_class?.0 as usize)?;
        }
    }

    /// The outline of these facts. Facts without serialised form have none, and equal no other.
    pub fn outline(&self) -> Option<Outline> {
        let shape = self.shape();
        let bytes = without_places(|| postcard::to_stdvec(&shape)).ok()?;
        Some(Sha256::digest(&bytes).into())
    }

    fn shape(&self) -> Shape<'_> {
        let template = self.template.as_deref();
        let module = match (template, self.functions.first()) {
            (None, Some(module)) => &module.body[..],
            _ => &[],
        };
        Shape {
            functions: self.functions.iter().map(Signature::of).collect(),
            module: Cow::Borrowed(module),
            classes: &self.classes,
            imports: &self.imports,
            bindings: &self.bindings,
            assigns: &self.assigns,
            exports: &self.exports,
            template: template.map(|t| Frame {
                blocks: t.blocks.iter().map(|b| b.name).collect(),
                libraries: &t.libraries,
                extends: t.extends,
                includes: &t.includes,
                dynamic: t.dynamic,
                names: &t.names,
                jinja: t.dialect == Dialect::Jinja,
                macros: t.macros.iter().map(|(name, func)| (*name, func.0)).collect(),
            }),
        }
    }
}

/// A statement, of a function or class without where it ends.
fn without_end(stmt: &Stmt) -> Stmt {
    let mut stmt = stmt.clone();
    if matches!(stmt.kind, StmtKind::Def(_) | StmtKind::Class(_)) {
        stmt.span.end = stmt.span.start;
    }
    stmt
}

#[cfg(test)]
mod tests {
    use crate::lower::python::{Depth, extract};

    fn outline(text: &str) -> super::Outline {
        extract(text, Depth { bodies: true }).outline().unwrap()
    }

    const TEXT: &str =
        "import a\n\nclass C(a.B):\n    x = 1\n\n    def f(self, y):\n        return self.x + y\n";

    #[test]
    fn bodies_and_places_are_left_out() {
        let known = outline(TEXT);
        assert_eq!(known, outline(&TEXT.replace("self.x + y", "self.x.all()[y]")));
        assert_eq!(known, outline(&format!("# comment\n\n\n{TEXT}")));
    }

    #[test]
    fn a_body_with_all_that_stands_in_it_is_one_piece() {
        const INNER: &str = "import a\n\ndef f(x):\n    y = x\n    import b\n    def g(z):\n        return z\n    class D:\n        pass\n    return lambda: g(y)\n\ndef h():\n    pass\n";
        let pieces = |text: &str| extract(text, Depth { bodies: true }).pieces().unwrap();
        let known = pieces(INNER);
        assert_eq!((known.bodies.len(), known.declaring.len()), (2, 1));
        let changed = pieces(&INNER.replace("y = x\n", "y = z\n"));
        assert_eq!(changed.declarations, known.declarations);
        assert_ne!(changed.bodies[0], known.bodies[0]);
        assert_eq!(changed.bodies[1], known.bodies[1]);
        // The same length, but what stands in the function moves.
        let moved = pieces(&INNER.replace("    y = x\n    import b\n", "    import b\n    y = x\n"));
        assert_eq!(moved.declarations, known.declarations);
        assert_ne!(moved.bodies[0], known.bodies[0]);
        // Longer, with what stands behind it where it was.
        let padded = INNER.replace("\n\ndef h", "  #####\n\ndef h");
        let longer = pieces(&INNER.replace("y = x\n", "y = x.longer\n"));
        assert_ne!(longer.declarations, known.declarations);
        let known = pieces(&padded);
        let longer = pieces(&padded.replace("y = x\n", "y = x.longer\n").replace("  #####", ""));
        assert_eq!(longer.declarations, known.declarations);
        assert_ne!(longer.bodies[0], known.bodies[0]);
        let other = pieces(&INNER.replace("def h", "def i"));
        assert_ne!(other.declarations, known.declarations);
    }

    #[test]
    fn declarations_count() {
        let known = outline(TEXT);
        for (old, new) in [
            ("import a", "import a, b"),
            ("a.B", "a.D"),
            ("x = 1", "x = 2"),
            ("self, y", "self, z"),
            ("    def f", "    @a.c\n    def f"),
            ("return self.x + y", "self.z = lambda: y"),
            ("return", "yield"),
        ] {
            assert_ne!(known, outline(&TEXT.replace(old, new)), "{new}");
        }
    }
}
