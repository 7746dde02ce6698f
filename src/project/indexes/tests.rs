//! What the fixtures cannot show: lists made by code, names of columns, inheritance, SQL, kinds of columns.

use super::{Index, Nulls, Part};
use crate::project::testing::Site;
use crate::project::{ColumnKind, ModelId, Project};
use crate::source::{FileId, Sym};

const HEAD: &str = "from django.db import models\nfrom django.db.models import F, Q\n\
    from django.db.models.functions import Lower, Upper\nfrom django.contrib.postgres.indexes import *\n\
    from django.contrib.postgres.indexes import GinIndex, OpClass, BrinIndex\n";
const SETTINGS: (&str, &str) = (
    "site/settings.py",
    "INSTALLED_APPS = []\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n",
);

fn site(models: &str) -> Site {
    Site::new(&[SETTINGS, ("shop/models.py", &format!("{HEAD}{models}"))])
}

fn model(project: &Project, label: &str) -> ModelId {
    project.model_by_label(label, FileId(0)).unwrap()
}

fn show(index: &Index) -> String {
    let columns = index.columns.iter().map(|column| {
        let part = match column.part {
            Part::Field(name) => name.to_string(),
            Part::Function { name, field } => format!("{name}({field})"),
            Part::Other => "?".to_owned(),
        };
        let nulls = match column.nulls {
            Some(Nulls::First) => " first",
            Some(Nulls::Last) => " last",
            None => "",
        };
        let opclass = column.opclass.map_or(String::new(), |name| format!(" {name}"));
        format!(
            "{}{part}{nulls}{opclass}",
            if column.descending { "-" } else { "" }
        )
    });
    let mut text = format!("{:?}", index.origin);
    if index.unique {
        text.push('!');
    }
    if index.pattern {
        text.push('~');
    }
    if index.method != super::Method::BTree {
        text.push_str(&format!(" {:?}", index.method));
    }
    text.push_str(&format!("({})", columns.collect::<Vec<_>>().join(", ")));
    if !index.include.is_empty() {
        text.push_str(&format!(" + {:?}", index.include));
    }
    if let Some(condition) = &index.condition {
        let facts = condition.facts.iter().map(|fact| {
            let values = fact.values.as_ref().map(|values| format!("{values:?}"));
            format!(
                "{}{}__{}={}",
                if fact.negated { "~" } else { "" },
                fact.field,
                fact.lookup,
                values.unwrap_or_default()
            )
        });
        text.push_str(&format!(" if {}", facts.collect::<Vec<_>>().join(" & ")));
        if !condition.whole {
            text.push_str(" …");
        }
    }
    if let Some(name) = index.name {
        text.push_str(&format!(" as {name}"));
    }
    text
}

/// All indexes but the primary key, a line each; `?` at the end when there may be more.
fn indexes(project: &Project, label: &str) -> Vec<String> {
    let model = model(project, label);
    let mut out: Vec<String> = project.indexes(model)[1..].iter().map(show).collect();
    if !project.indexes_known(model) {
        out.push("?".to_owned());
    }
    out
}

#[track_caller]
fn expect(models: &str, label: &str, expected: &[&str]) {
    assert_eq!(indexes(&site(models).project, label), expected);
}

#[test]
fn fields_and_keys() {
    expect(
        "class B(models.Model):\n    code = models.SlugField(primary_key=True)\n\
         class A(models.Model):\n    a = models.SlugField()\n    b = models.SlugField(db_index=False)\n\
         \x20   c = models.CharField(unique=True, db_index=True)\n    d = models.DateField(unique_for_date='c')\n\
         \x20   e = models.DateField(db_index=FLAG)\n    f = models.ForeignKey('B', db_index=False)\n\
         \x20   g = models.ForeignKey('B', unique=True)\n    h = models.OneToOneField('B')\n\
         \x20   i = models.ForeignKey('B')\n    j = models.ManyToManyField('B')\n",
        "shop.A",
        &[
            "DbIndex(a)",
            "UniqueField!(c)",
            "UniqueField!(g)",
            "UniqueField!(h)",
            "ForeignKey(i)",
        ],
    );
}

#[test]
fn twins_for_patterns_on_postgresql() {
    let models = format!(
        "{HEAD}class B(models.Model):\n    code = models.CharField(primary_key=True, max_length=3)\n\
         class A(models.Model):\n    a = models.TextField(db_index=True)\n    b = models.ForeignKey(B)\n\
         \x20   c = models.IntegerField(db_index=True)\n    d = models.SlugField(db_collation='und-x-icu')\n\
         \x20   m = models.ManyToManyField(B, related_name='+')\n"
    );
    let settings =
        "INSTALLED_APPS = []\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n";
    let site = Site::new(&[("site/settings.py", settings), ("shop/models.py", &models)]);
    assert_eq!(
        indexes(&site.project, "shop.A"),
        [
            "DbIndex(a)",
            "DbIndex~(a text_pattern_ops)",
            "DbIndex(c)",
            "DbIndex(d)",
            "ForeignKey(b)",
            "ForeignKey~(b varchar_pattern_ops)",
        ]
    );
    assert_eq!(
        indexes(&site.project, "shop.B"),
        ["PrimaryKey~(code varchar_pattern_ops)"]
    );
    let a = site.project.model(model(&site.project, "shop.A"));
    let to_many = a
        .relations
        .iter()
        .find(|r| site.project.relation(**r).name == "m")
        .unwrap();
    let between = site.project.through_indexes(*to_many).unwrap();
    assert_eq!(
        between.iter().map(show).collect::<Vec<_>>(),
        [
            "PrimaryKey!(id)",
            "ManyToMany!(a, b)",
            "ManyToMany(a)",
            "ManyToMany(b)",
            "ManyToMany~(b varchar_pattern_ops)",
        ]
    );
}

#[test]
fn expressions_conditions_and_operator_classes() {
    expect(
        "class S(models.TextChoices):\n    OPEN = 'open', 'Open'\n\
         DONE = 3\n\
         class B(models.Model): pass\n\
         class A(models.Model):\n    a = models.CharField()\n    b = models.DateField()\n\
         \x20   to = models.ForeignKey(B, db_index=False)\n\
         \x20   class Meta:\n        indexes = [\n\
         \x20           models.Index(fields=['to_id', '-b'], name='%(app_label)s_%(class)s_1'),\n\
         \x20           models.Index(Lower('a').desc(nulls_last=True), 'b', F('to').asc(), name='e'),\n\
         \x20           GinIndex(OpClass(Upper('a'), name='gin_trgm_ops'), name='t'),\n\
         \x20           GinIndex(fields=('a',), opclasses=['gin_trgm_ops'], name='g'),\n\
         \x20           models.Index(fields=['a'], opclasses=['varchar_pattern_ops'], name='p'),\n\
         \x20           BrinIndex(fields=['b'], name='r'),\n\
         \x20           models.Index(F('b') + 1, Lower(F('a')), name='x'),\n\
         \x20           models.Index(fields=['b'], condition=Q(a=S.OPEN, b=None) & Q(to_id__in=[1, DONE]), name='c'),\n\
         \x20           models.Index(fields=['b'], condition=~Q(a='x') & (Q(b=1) | Q(b=2)), name='n'),\n\
         \x20       ]\n\
         \x20       constraints = [\n\
         \x20           models.CheckConstraint(check=Q(b__gt=1), name='k'),\n\
         \x20           models.UniqueConstraint(fields=['a'], include=['b', 'to_id'], nulls_distinct=False, name='u'),\n\
         \x20           models.UniqueConstraint(Lower('a'), name='l', condition=None),\n\
         \x20       ]\n",
        "shop.A",
        &[
            "MetaIndexes(to, -b) as shop_a_1",
            "MetaIndexes(-Lower(a) last, b, to) as e",
            "MetaIndexes Gin(Upper(a) gin_trgm_ops) as t",
            "MetaIndexes Gin(a gin_trgm_ops) as g",
            "MetaIndexes~(a varchar_pattern_ops) as p",
            "MetaIndexes Brin(b) as r",
            "MetaIndexes(?, Lower(a)) as x",
            "MetaIndexes(b) if a__exact=[Str(\"open\")] & b__isnull=[True] & to__in=[Int(1), Int(3)] as c",
            "MetaIndexes(b) if ~a__exact=[Str(\"x\")] … as n",
            "Constraint!(a) + [\"b\", \"to\"] as u",
            "Constraint!(Lower(a)) as l",
        ],
    );
}

#[test]
fn groups_are_flat_or_nested() {
    let models = |value: &str| {
        format!(
            "class A(models.Model):\n    a = models.IntegerField()\n    b = models.ForeignKey('A', db_index=False)\n\
             \x20   class Meta:\n        {value}\n"
        )
    };
    let cases: [(&str, &[&str]); 6] = [
        ("unique_together = ('a', 'b_id')", &["UniqueTogether!(a, b)"]),
        (
            "unique_together = [['a', 'b'], ('b', 'a')]",
            &["UniqueTogether!(a, b)", "UniqueTogether!(b, a)"],
        ),
        ("index_together = {('b', 'a')}", &["IndexTogether(b, a)"]),
        ("unique_together = []", &[]),
        ("unique_together = make()", &["?"]),
        (
            "unique_together = [make(), ('a', 'b')]",
            &["UniqueTogether!(a, b)", "?"],
        ),
    ];
    for (value, expected) in cases {
        expect(&models(value), "shop.A", expected);
    }
}

#[test]
fn what_code_puts_together_is_unknown() {
    let models = |value: &str| {
        format!(
            "COLUMNS = ['a', 'b']\nMORE = [models.Index(fields=COLUMNS, name='m')]\nONE = models.Index(fields=['b'], name='o')\n\
             class Named(models.Index):\n    pass\nclass Odd(models.Index):\n    def __init__(self, *a): ...\n\
             class A(models.Model):\n    a = models.IntegerField()\n    b = models.IntegerField()\n\
             \x20   class Meta:\n        own = [models.Index(fields=['a'], name='i')]\n        indexes = {value}\n"
        )
    };
    let cases: [(&str, &[&str]); 14] = [
        (
            "[]\n        indexes.extend(MORE)\n        indexes.append(ONE)",
            &["MetaIndexes(a, b) as m", "MetaIndexes(b) as o"],
        ),
        ("[]\n        indexes.extend(make())", &["?"]),
        (
            "[models.Index(fields=['a', 'b'], opclasses=['x_ops'] * 2, name='x')]",
            &["MetaIndexes(a x_ops, b x_ops) as x"],
        ),
        (
            "[*own, *MORE] + [ONE]",
            &[
                "MetaIndexes(a) as i",
                "MetaIndexes(a, b) as m",
                "MetaIndexes(b) as o",
            ],
        ),
        ("list(MORE)", &["MetaIndexes(a, b) as m"]),
        (
            "own\n        indexes += MORE",
            &["MetaIndexes(a) as i", "MetaIndexes(a, b) as m"],
        ),
        ("[Named(fields=['a'], name='n')]", &["MetaIndexes(a) as n"]),
        ("[Odd('a')]", &["MetaIndexes(a)", "?"]),
        ("[models.Index(fields=[f], name=f) for f in COLUMNS]", &["?"]),
        ("make_indexes()", &["?"]),
        ("[make_index('a'), ONE]", &["MetaIndexes(b) as o", "?"]),
        (
            "[models.Index(fields=['a', name()], name='x')]",
            &["MetaIndexes(a, ?) as x", "?"],
        ),
        ("[models.Index(**OPTIONS)]", &["?"]),
        ("MORE if FLAG else []", &["MetaIndexes(a, b) as m", "?"]),
    ];
    for (value, expected) in cases {
        expect(&models(value), "shop.A", expected);
    }
}

#[test]
fn meta_is_inherited_from_abstract_models_only() {
    let models = "\
class Base(models.Model):
    a = models.IntegerField()
    class Meta:
        abstract = True
        indexes = [models.Index(fields=['a'], name='%(class)s_a')]
class Plain(Base): pass
class Own(Base):
    class Meta:
        verbose_name = 'own'
class Derived(Base):
    b = models.IntegerField()
    class Meta(Base.Meta):
        indexes = Base.Meta.indexes + [models.Index(fields=['b'], name='b')]
class Quiet(Base):
    class Meta(Base.Meta):
        ordering = ['a']
class Parent(models.Model):
    c = models.IntegerField(db_index=True)
    class Meta:
        indexes = [models.Index(fields=['c'], name='c')]
        ordering = ['c']
        get_latest_by = 'c'
class Child(Parent):
    d = models.IntegerField(db_index=True)
    class Meta:
        verbose_name = 'child'
class Proxy(Parent):
    class Meta:
        proxy = True
class Managed(Base):
    class Meta:
        managed = False
from elsewhere import Thing
class Outside(Thing, models.Model):
    a = models.IntegerField()
class Inside(Thing, models.Model):
    a = models.IntegerField()
    class Meta:
        db_table = 'in'
class Partly(Thing, models.Model):
    a = models.IntegerField()
    class Meta(Thing.Meta):
        unique_together = ['a', 'id']
";
    let cases: [(&str, &[&str]); 10] = [
        ("shop.Plain", &["MetaIndexes(a) as plain_a"]),
        ("shop.Own", &[]),
        (
            "shop.Derived",
            &["MetaIndexes(a) as derived_a", "MetaIndexes(b) as b"],
        ),
        ("shop.Quiet", &["MetaIndexes(a) as quiet_a"]),
        ("shop.Child", &["DbIndex(d)"]),
        ("shop.Proxy", &["DbIndex(c)", "MetaIndexes(c) as c"]),
        ("shop.Managed", &["?"]),
        ("shop.Outside", &["?"]),
        ("shop.Inside", &[]),
        ("shop.Partly", &["UniqueTogether!(a, id)", "?"]),
    ];
    let site = site(models);
    for (label, expected) in cases {
        assert_eq!(indexes(&site.project, label), expected, "{label}");
    }
    let project = &site.project;
    let child = model(project, "shop.Child");
    assert_eq!(project.primary_key(child), [Sym::new("parent_ptr")]);
    assert_eq!(
        project.column_kind(child, Sym::new("parent_ptr")),
        ColumnKind::Integer
    );
    let meta = &project.model(child).meta;
    assert_eq!(
        (&meta.ordering[..], &meta.get_latest_by[..]),
        (&[Sym::new("c")][..], &[Sym::new("c")][..])
    );
    assert_eq!(project.db_table(child), Sym::new("shop_child"));
    assert_eq!(
        project.db_table(model(project, "shop.Proxy")),
        Sym::new("shop_parent")
    );
}

#[test]
fn columns() {
    let models = "\
from functools import partial
from django.contrib.contenttypes.fields import GenericForeignKey
from acme.fields import ColourField
class Status(models.IntegerChoices):
    A = 1
    B = 2
class Strict(models.CharField):
    def __init__(self, **kwargs):
        kwargs['unique'] = True
        super().__init__(**kwargs)
class Lax(models.CharField):
    def __init__(self, **kwargs):
        kwargs['max_length'] = 9
        super().__init__(**kwargs)
class Odd(models.CharField):
    def db_type(self, connection): return 'citext'
class Small(models.Field):
    def get_internal_type(self): return 'IntegerField'
Indexed = partial(models.CharField, db_index=True)
class A(models.Model):
    STATES = (('a', 'A'), ('Group', [('b', 'B'), ('c', 'C')]))
    class Inner(models.TextChoices):
        X = 'x'
    key = models.UUIDField(primary_key=True)
    strict = Strict()
    lax = Lax(null=True)
    odd = Odd()
    small = Small(db_column='tiny')
    partly = Indexed()
    colour = ColourField()
    sure = ColourField(db_index=True)
    spread = models.CharField(**OPTIONS)
    maybe = models.IntegerField(db_index=settings.FLAG)
    state = models.CharField(choices=STATES)
    status = models.IntegerField(choices=Status.choices)
    inner = models.CharField(choices=Inner)
    lazy = models.CharField(choices=make())
    thing = GenericForeignKey('kind', fk_field='number')
    other = GenericForeignKey()
    class Meta:
        order_with_respect_to = 'state'
        get_latest_by = ['-status', 'key']
class B(models.Model):
    a = models.ForeignKey(A, to_field='small')
    b = models.ForeignKey(A)
";
    let site = site(models);
    let project = &site.project;
    let a = model(project, "shop.A");
    let column = |name: &str| project.column(a, Sym::new(name)).unwrap();
    let kinds = [
        ("key", ColumnKind::Uuid, Some(false)),
        ("strict", ColumnKind::Text, None),
        ("lax", ColumnKind::Text, Some(false)),
        ("odd", ColumnKind::Other, Some(false)),
        ("small", ColumnKind::Integer, Some(false)),
        ("partly", ColumnKind::Text, None),
        ("colour", ColumnKind::Other, None),
        ("sure", ColumnKind::Other, Some(true)),
        ("spread", ColumnKind::Text, None),
        ("maybe", ColumnKind::Integer, None),
    ];
    for (name, kind, indexed) in kinds {
        assert_eq!(
            (column(name).kind, column(name).indexed),
            (kind, indexed),
            "{name}"
        );
    }
    assert!(column("key").primary_key && column("lax").null && !column("odd").null);
    assert_eq!(column("small").db_column, Some(Sym::new("tiny")));
    let choices = ["state", "status", "inner", "lazy"].map(|name| column(name).choices);
    assert_eq!(choices, [Some(3), Some(2), Some(1), Some(0)]);
    let generic = project
        .model(a)
        .relations
        .iter()
        .filter_map(|r| project.relation(*r).generic);
    let generic: Vec<_> = generic
        .map(|g| (g.content_type.as_str(), g.object_id.as_str()))
        .collect();
    assert_eq!(generic, [("kind", "number"), ("content_type", "object_id")]);
    let meta = &project.model(a).meta;
    assert_eq!(meta.order_with_respect_to, Some(Sym::new("state")));
    assert_eq!(meta.get_latest_by, [Sym::new("-status"), Sym::new("key")]);
    let b = model(project, "shop.B");
    let kinds = ["a", "b"].map(|name| project.column_kind(b, Sym::new(name)));
    assert_eq!(kinds, [ColumnKind::Integer, ColumnKind::Uuid]);
}

#[test]
fn composite_keys() {
    expect(
        "class A(models.Model):\n    pk = models.CompositePrimaryKey('a', 'b')\n    a = models.IntegerField()\n    b = models.IntegerField()\n",
        "shop.A",
        &[],
    );
    let site = site(
        "class A(models.Model):\n    pk = models.CompositePrimaryKey('a', 'b')\n    a = models.IntegerField()\n",
    );
    let a = model(&site.project, "shop.A");
    assert_eq!(show(&site.project.indexes(a)[0]), "PrimaryKey!(a, b)");
}

#[test]
fn migrations() {
    let models = format!(
        "{HEAD}class B(models.Model):\n    a = models.IntegerField(db_column='A1')\n    b = models.ForeignKey('B', db_index=False)\n\
         \x20   class Meta:\n        db_table = 'Things'\n        indexes = [models.Index(fields=['a'], name='known'), models.Index(fields=['a', 'b'])]\n"
    );
    let long = "x".repeat(200);
    let first = format!(
        "from django.db import migrations, models\n\
         UP = ['CREATE INDEX up ON \"Things\" (lower(a1))', ('CREATE INDEX up2 ON things (b_id) WHERE a1 IS NOT NULL', None)]\n\
         class Migration(migrations.Migration):\n    operations = [\n\
         \x20       migrations.AddIndex('A', models.Index(fields=['a'], name='KNOWN')),\n\
         \x20       migrations.AddIndex(model_name='a', index=models.Index(fields=['a', 'b'], name='things_a_b_123_idx')),\n\
         \x20       migrations.AddIndex(model_name='a', index=models.Index(fields=['b_id'], name='kept')),\n\
         \x20       migrations.AddIndex(model_name='a', index=models.Index(fields=['b'], name='gone')),\n\
         \x20       migrations.AddIndex(model_name='a', index=models.Index(fields=['dropped'], name='left')),\n\
         \x20       migrations.AddIndex(model_name='a', index=models.Index(fields=['-b'], name='old')),\n\
         \x20       migrations.RunSQL('CREATE INDEX short ON public.\"Things\" USING gin (\"A1\", b_id DESC)', 'DROP INDEX kept'),\n\
         \x20       migrations.RunSQL(UP),\n\
         \x20       migrations.RunSQL(sql='DROP INDEX x', reverse_sql='CREATE INDEX no ON things (b_id)'),\n\
         \x20       migrations.RunSQL('''-- {long}\nCREATE UNIQUE INDEX long ON things (a1)'''),\n\
         \x20       migrations.RunSQL('CREATE INDEX later ON things (a1)'),\n\
         \x20       migrations.RunSQL('CREATE INDEX far ON others (a1)'),\n\
         \x20       migrations.RunSQL('CREATE INDEX stale ON things (a1, a2)'),\n\
         \x20   ]\n"
    );
    let second = "from django.db import migrations, models\n\
         class Migration(migrations.Migration):\n    operations = [\n\
         \x20       migrations.RenameModel('A', 'B'),\n\
         \x20       migrations.SeparateDatabaseAndState(\n\
         \x20           state_operations=[migrations.AddIndex('b', models.Index(fields=['b'], name='state'))],\n\
         \x20           database_operations=[migrations.RemoveIndex('b', 'gone'), migrations.RunSQL('DROP INDEX later')],\n\
         \x20       ),\n\
         \x20       migrations.RenameIndex(model_name='b', new_name='new', old_name='old'),\n\
         \x20   ]\n";
    let site = Site::new(&[
        SETTINGS,
        ("shop/models.py", &models),
        ("shop/migrations/0001_initial.py", &first),
        ("shop/migrations/0002_more.py", second),
    ]);
    assert_eq!(
        indexes(&site.project, "shop.B"),
        [
            "MetaIndexes(a) as known",
            "MetaIndexes(a, b)",
            "Migration(b) as kept",
            "Migration(-b) as new",
            "Sql Gin(a, -b) as short",
            "Sql(Lower(a)) as up",
            "Sql(b) if a__isnull=[False] as up2",
            "Sql!(a) as long",
        ]
    );
}

#[test]
fn databases() {
    use crate::project::hints::Database;
    let database = |files: &[(&str, &str)]| Site::new(files).project.hints.database;
    let postgres = Some(Database::PostgreSql);
    let cases: [(&str, Option<Database>); 9] = [
        (
            "env = environ.Env(E=(str, 'django.db.backends.postgresql'))\nDATABASES = {'default': {'ENGINE': env('E')}}",
            postgres,
        ),
        (
            "DATABASES = {'default': {'ENGINE': 'django.contrib.gis.db.backends.postgis'}}",
            postgres,
        ),
        (
            "DATABASES = {'other': {'ENGINE': 'django.db.backends.postgresql'}}",
            None,
        ),
        (
            "DATABASES = {'default': dj_database_url.config(default='postgres://x@y/z')}",
            postgres,
        ),
        (
            "DATABASES = {'default': env.db('DATABASE_URL', default='mysql:///x')}",
            Some(Database::MySql),
        ),
        ("DATABASES = {'default': dj_database_url.config()}", None),
        (
            "E = 'django.db.backends.sqlite3' if DEBUG else 'django.db.backends.postgresql'\nDATABASES = {'default': {'ENGINE': E}}",
            postgres,
        ),
        (
            "DATABASES = {'default': {'ENGINE': os.environ.get('ENGINE', 'django.db.backends.sqlite3')}}",
            Some(Database::Sqlite),
        ),
        (
            "DATABASES = {}\nDATABASES['default'] = {'ENGINE': 'django.db.backends.oracle'}",
            Some(Database::Oracle),
        ),
    ];
    for (text, expected) in cases {
        let text = format!("INSTALLED_APPS = []\n{text}\n");
        assert_eq!(database(&[("site/settings.py", &text)]), expected, "{text}");
    }
    let base = "INSTALLED_APPS = []\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n";
    let live = "from .base import *\nDATABASES['default']['ENGINE'] = 'django.db.backends.postgresql'\n";
    let files = [
        ("site/base.py", base),
        ("site/live.py", live),
        ("site/__init__.py", ""),
    ];
    assert_eq!(database(&files), postgres);
}

#[test]
fn indexes_are_built_concurrently_where_all_settings_take_that() {
    let live = "INSTALLED_APPS = []\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n";
    let tests = "from .live import *\nDATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n";
    let migration = "from django.contrib.postgres.operations import AddIndexConcurrently\n";
    let of = |files: &[(&str, &str)]| {
        let site = Site::new(files);
        let near = |path: &str| site.project.builds_concurrently(site.id(path));
        near(files[0].0)
    };
    let models = ("shop/models.py", "from django.db import models\n");
    let live = ("site/live.py", live);
    let tests = ("site/tests.py", tests);
    let habit = ("shop/migrations/0002_x.py", migration);
    assert!(of(&[models, live]));
    assert!(!of(&[models, tests]));
    assert!(!of(&[models, live, tests]));
    assert!(of(&[models, live, tests, habit]));
    assert!(!of(&[models, tests, habit]));
}
