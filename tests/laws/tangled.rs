//! Projects that refer to themselves in circles, and names that are taken twice.

use std::fmt::Write;
use std::time::{Duration, Instant};

use djperf::session::{self, Outcome};
use tempfile::TempDir;

use crate::support::{check, document, empty, request, write};

const LIMIT: Duration = Duration::from_secs(20);

fn project(files: &[(&str, &str)]) -> TempDir {
    let dir = empty();
    for (path, text) in files {
        write(dir.path(), path, text);
    }
    dir
}

/// The outcome, which comes in time, without failures inside, and the same for any number of threads.
fn settled(dir: &TempDir) -> Outcome {
    let started = Instant::now();
    let outcome = check(dir.path());
    assert!(started.elapsed() < LIMIT, "took {:?}", started.elapsed());
    let internal = outcome.notes.iter().find(|n| n.contains("internal error"));
    assert!(internal.is_none(), "{internal:?}");
    for threads in [1, 8] {
        let mut request = request(dir.path(), &["."]);
        request.threads = Some(threads);
        let again = session::check(&request).unwrap();
        assert_eq!(document(&outcome), document(&again), "{threads} threads");
    }
    outcome
}

/// Path, line and relations of each finding.
fn found(outcome: &Outcome) -> Vec<String> {
    let show = |d: &djperf::report::diagnostic::Diagnostic| {
        let source = outcome.sources.get(d.file);
        let line = source.position(d.span.start).line;
        format!("{}:{line} {}", source.path, d.relations.join(","))
    };
    outcome.diagnostics.iter().map(show).collect()
}

const MODELS: &str = "\
from django.db import models
class Author(models.Model):
    name = models.TextField()
class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE)
";

const VIEW: &str = "
def names():
    return [b.author.name for b in Book.objects.all()]
";

#[test]
fn modules_that_import_each_other() {
    let dir = project(&[
        ("shop/__init__.py", "from .models import *\nfrom . import views\n"),
        (
            "shop/models.py",
            &format!("from shop import views\nfrom .views import names\n{MODELS}"),
        ),
        (
            "shop/views.py",
            &format!("from . import models\nfrom .models import Book\n{VIEW}"),
        ),
        (
            "shop/me.py",
            "from . import me\nimport shop.me\nme = me.me\nfrom .me import me as you\nyou.me.you\n",
        ),
        ("shop/a.py", "from .b import *\nfrom .c import *\n"),
        ("shop/b.py", "from .c import *\nfrom .a import *\n"),
        ("shop/c.py", "from .a import *\nfrom .models import *\n"),
        ("shop/late.py", &format!("from .a import Book\n{VIEW}")),
        (
            "shop/lost.py",
            "from .a import Nothing\nfor n in Nothing.objects.all():\n    n.x.y\n",
        ),
    ]);
    assert_eq!(
        found(&settled(&dir)),
        ["shop/late.py:4 author", "shop/views.py:5 author"]
    );
}

#[test]
fn classes_that_inherit_from_themselves() {
    let dir = project(&[
        (
            "a/models.py",
            "from django.db import models\nfrom b.models import B\nclass A(B):\n    up = models.ForeignKey('self', models.CASCADE)\n    class Meta(B.Meta):\n        pass\n",
        ),
        (
            "b/models.py",
            "from django.db import models\nfrom a.models import A\nclass B(A):\n    up2 = models.ForeignKey(A, models.CASCADE)\n    class Meta(A.Meta):\n        abstract = True\n",
        ),
        (
            "c/models.py",
            "from django.db import models\nclass C(C, models.Model):\n    class C(C):\n        class C(C):\n            pass\nclass D(D.E):\n    class E(D):\n        pass\nclass M(models.Model, type('X', (M,), {})):\n    pass\n",
        ),
        (
            "c/views.py",
            "from a.models import A\nfrom c.models import C\ndef f():\n    for x in A.objects.all():\n        x.up.up2.up.up2.pk\n    for x in C.objects.all():\n        x.C.C.C()\n",
        ),
        (
            "d/models.py",
            "from django.db import models\nX = Y = models.Model\nX = Y\nY = X\nclass K(X, Y):\n    k = models.ForeignKey('K', models.CASCADE)\nclass L(K, X, Y, object, K): pass\nclass P(L, K): pass\nclass Q(K, L, P): pass\n",
        ),
    ]);
    settled(&dir);
}

#[test]
fn relations_in_a_circle() {
    let dir = project(&[
        (
            "a/models.py",
            "from django.db import models\nclass A(models.Model):\n    b = models.ForeignKey('b.B', models.CASCADE)\n    me = models.ForeignKey('self', models.CASCADE, null=True)\n    one = models.OneToOneField('A', models.CASCADE, primary_key=True, parent_link=True)\n    def chain(self):\n        return self.b.a.chain()\n    @property\n    def root(self):\n        return self.me.root if self.me else self\n",
        ),
        (
            "b/models.py",
            "from django.db import models\nclass B(models.Model):\n    a = models.ForeignKey('a.A', models.CASCADE)\n    friends = models.ManyToManyField('self', through='b.B')\n    def walk(self, seen):\n        for f in self.friends.all():\n            f.walk(seen + [self.a.chain()])\n",
        ),
        (
            "a/views.py",
            "from a.models import A\nfrom b.models import B\ndef f():\n    for x in A.objects.all():\n        x.b.a.b.a.b.a.b.a.b.a.b.a.b.a.name\n        x.root\n        x.chain()\n    for y in B.objects.select_related('a__b__a__b__a__b__a__b__a__b__a__b__a__b__a__b'):\n        y.walk([])\n        y.a.b.a.b.pk\n",
        ),
    ]);
    assert!(
        found(&settled(&dir))
            .iter()
            .any(|f| f.starts_with("a/views.py:4 "))
    );
}

#[test]
fn functions_and_constants_in_a_circle() {
    let dir = project(&[
        ("shop/models.py", MODELS),
        (
            "shop/calls.py",
            &format!(
                "from .models import Book\nfrom . import other\n{VIEW}
def ping(rows, n=0):
    for row in rows:
        row.author.name
    return pong(rows, n + 1)
def pong(rows, n):
    return [ping(rows.filter(pk=n), n) for _ in rows] or other.bounce(ping, pong)
def start():
    return ping(Book.objects.all())
f = lambda x: f(x)
g = lambda: g
class Loop:
    def __init__(self):
        self.me = self
        self.rows = Book.objects.all()
    @property
    def next(self):
        return self.me.next.rows
    def __iter__(self):
        return iter(self)
    def run(self):
        for row in self.next:
            row.author.name
        for row in self:
            row.author.name
        yield from self.run()
@start
@pong
def decorated(): return decorated()
"
            ),
        ),
        (
            "shop/other.py",
            "from .calls import ping, pong\ndef bounce(a, b):\n    return a(b(bounce(b, a)))\nx = [y]\ny = {'x': x, 'y': y}\nfrom .constants import *\n",
        ),
        (
            "shop/constants.py",
            "from .other import x as y, y as x\nX = [Y, y]\nY = (X, x)\nZ = X + Y\n",
        ),
        (
            "shop/uses.py",
            "from .constants import X, Y, Z\nfrom .other import x, y\ndef a():\n    for i in X: i.author\ndef b():\n    for i in y['x']: i.author\ndef c():\n    return [z for z in Z for x in Y]\n",
        ),
    ]);
    let found = found(&settled(&dir));
    assert!(found.iter().any(|f| f.ends_with("author")), "{found:?}");
}

#[test]
fn constants_that_refer_to_each_other_everywhere() {
    let dir = project(&[("shop/models.py", MODELS)]);
    let n = 40;
    for i in 0..n {
        let mut text = String::from("from .models import Book\n");
        for j in 1..4 {
            writeln!(text, "from .m{} import X as X{j}", (i + j * 7) % n).unwrap();
        }
        text.push_str("def g():\n    return [X3, Book.objects.all()]\n");
        text.push_str("X = [X1, X2, g(), Book.objects.all()]\n");
        text.push_str("def f():\n    for a in X:\n        for b in a:\n            b.author.name\n");
        write(dir.path(), format!("shop/m{i}.py"), text);
    }
    settled(&dir);
}

#[test]
fn calls_that_branch_at_every_level() {
    let dir = project(&[("shop/models.py", MODELS)]);
    let mut text = String::from("from .models import Book\n");
    for i in 0..40 {
        writeln!(text, "def f{i}(a, b):").unwrap();
        for j in 1..6 {
            writeln!(text, "    f{}(b.filter(x={j}), [a, b])", (i + j) % 40).unwrap();
        }
        text.push_str("    for row in a: row.author.name\n");
    }
    text.push_str("def start(): f0(Book.objects.all(), Book.objects.all())\n");
    write(dir.path(), "shop/calls.py", text);
    settled(&dir);
}

#[test]
fn many_branches_and_loops_in_one_function() {
    let dir = project(&[("shop/models.py", MODELS)]);
    let mut text = String::from("from .models import Book\ndef f(a, b):\n    q = Book.objects.all()\n");
    for i in 0..400 {
        writeln!(text, "    if a[{i}]:\n        q = q.filter(x={i})\n    elif b:\n        q = [q, b, {i}]\n    else:\n        b = q").unwrap();
    }
    for i in 0..18 {
        writeln!(text, "{}for x{i} in q:", "    ".repeat(i + 1)).unwrap();
        writeln!(text, "{}x{i}.author.name", "    ".repeat(i + 2)).unwrap();
    }
    write(dir.path(), "shop/long.py", text);
    settled(&dir);
}

#[test]
fn one_model_name_in_two_apps() {
    let tag = "from django.db import models\nclass Owner(models.Model):\n    pass\nclass Tag(models.Model):\n    owner = models.ForeignKey(Owner, models.CASCADE)\n";
    let view = "from .models import Tag\ndef f():\n    return [t.owner.pk for t in Tag.objects.all()], [t.owner.name for t in Tag.objects.all()]\n";
    let dir = project(&[
        ("one/__init__.py", ""),
        ("one/models.py", tag),
        ("one/views.py", view),
        ("two/__init__.py", ""),
        ("two/models.py", tag),
        ("two/views.py", view),
    ]);
    let outcome = settled(&dir);
    for app in ["one", "two"] {
        let own: Vec<_> = outcome
            .diagnostics
            .iter()
            .filter(|d| outcome.sources.get(d.file).path == format!("{app}/views.py"))
            .filter(|d| d.rule == "related-access-in-loop")
            .map(|d| d.model.clone().unwrap())
            .collect();
        assert_eq!(own, [format!("{app}.Tag")]);
    }
}

#[test]
fn two_projects_with_the_same_apps_in_one_tree() {
    let first = "from django.db import models\nclass Author(models.Model):\n    pass\nclass Book(models.Model):\n    author = models.ForeignKey('Author', models.CASCADE)\n";
    let second = first.replace("author =", "writer =");
    let view = |name: &str| {
        format!(
            "from shop.models import Book\ndef f():\n    return [b.{name}.name for b in Book.objects.all()]\n"
        )
    };
    let (author, writer) = (view("author"), view("writer"));
    let dir = project(&[
        ("old/manage.py", ""),
        ("old/shop/__init__.py", ""),
        ("old/shop/models.py", first),
        ("old/shop/views.py", &author),
        ("old/shop/wrong.py", &writer),
        ("new/manage.py", ""),
        ("new/shop/__init__.py", ""),
        ("new/shop/models.py", &second),
        ("new/shop/views.py", &writer),
        ("new/shop/wrong.py", &author),
    ]);
    assert_eq!(
        found(&settled(&dir)),
        ["new/shop/views.py:3 writer", "old/shop/views.py:3 author"]
    );
}

#[test]
fn names_that_hide_django() {
    let dir = project(&[
        ("django/__init__.py", ""),
        ("django/db/__init__.py", "from . import models\n"),
        (
            "django/db/models.py",
            "from .models import *\nclass Model(Model): pass\n",
        ),
        ("shop/models.py", MODELS),
        ("shop/views.py", &format!("from .models import Book\n{VIEW}")),
        ("models.py", "import models\nfrom models import *\n"),
        ("import.py", "from import import import\n"),
        ("shop/class.py", "class class: pass\n"),
    ]);
    let _ = session::check(&request(dir.path(), &["."]));
}
