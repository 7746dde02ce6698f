//! What the fixes of the N+1 rules write, and what they leave alone: small views over the bookshop of
//! `rules/README.md`, before and after.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

use std::path::Path;

use djperf::config::{Config, Sources};
use djperf::fix::Safety;
use djperf::session::{self, Outcome, Request};

const SETTINGS: &str = "\
INSTALLED_APPS = [\"django.contrib.auth\", \"django.contrib.contenttypes\", \"shop\"]
DATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": \":memory:\"}}
";

/// More models, for what the bookshop lacks.
const MORE: &str = "


class Shelved(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter(shelved=True)


class BookQuerySet(models.QuerySet):
    def long(self):
        return self.filter(pages__gt=500)

    def tagged(self):
        return self.filter(tags__name=\"new\")


class Copy(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name=\"copies\")
    shelved = models.BooleanField(default=True)
    scan = models.FileField()
    objects = Shelved()


class Club(models.Model):
    name = models.CharField(max_length=20)
    members_count = 3
    ratings = models.ManyToManyField(Review, related_name=\"clubs\")
    members = models.ManyToManyField(Author, through=\"Membership\", related_name=\"clubs\")
    objects = BookQuerySet.as_manager()


class Membership(models.Model):
    club = models.ForeignKey(Club, models.CASCADE)
    author = models.ForeignKey(Author, models.CASCADE)
";

fn bookshop() -> String {
    let readme = include_str!("../rules/README.md");
    let at = readme.find("`shop/models.py`:").unwrap();
    let body = readme[at..].split("```py\n").nth(1).unwrap();
    body.split("```").next().unwrap().to_owned() + MORE
}

fn check(views: &str) -> Outcome {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("manage.py", "import django\n");
    write("settings.py", SETTINGS);
    write("shop/__init__.py", "");
    write("shop/models.py", &bookshop());
    write("shop/views.py", views);
    let config = Config::load(Sources {
        start: dir.path(),
        isolated: true,
        overrides: &[],
    });
    session::check(&Request {
        cwd: dir.path().to_owned(),
        paths: vec![dir.path().to_owned()],
        config: config.unwrap(),
        threads: Some(1),
        overlay: Default::default(),
    })
    .unwrap()
}

/// The views after the fix of the only finding of a rule, or why it has none.
fn fixed(rule: &str, views: &str) -> Result<String, String> {
    let outcome = check(views);
    let found: Vec<_> = outcome.diagnostics.iter().filter(|d| d.rule == rule).collect();
    let all: Vec<_> = outcome.diagnostics.iter().map(|d| (d.rule, &d.message)).collect();
    assert_eq!(found.len(), 1, "of {rule} in {views}: {all:?}");
    let reason = || {
        let help = found[0].help.clone().unwrap_or_default();
        let tail = help
            .split("(not done automatically: ")
            .nth(1)
            .unwrap_or("no reason");
        tail.trim_end_matches(')').to_owned()
    };
    let Some(fix) = found[0].fix.as_ref().filter(|fix| fix.safety > Safety::Display) else {
        return Err(reason());
    };
    assert_eq!(fix.safety, Safety::Unsafe);
    let mut text = views.to_owned();
    for edit in fix.edits.iter().rev() {
        let path = &outcome.sources.get(edit.file).path;
        assert_eq!(Path::new(path).file_name().unwrap(), "views.py");
        text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.content);
    }
    let again = check(&text);
    let left: Vec<_> = again.diagnostics.iter().map(|d| (d.rule, &d.message)).collect();
    assert!(
        again.diagnostics.iter().all(|d| d.rule != rule),
        "still there in {text}: {left:?}"
    );
    assert!(
        again.diagnostics.len() < outcome.diagnostics.len(),
        "something new in {text}: {left:?}"
    );
    Ok(text)
}

const HEAD: &str = "from shop.models import Author, Book, Club, Review\n\n\n";

#[track_caller]
fn becomes(rule: &str, before: &str, after: &str) {
    let got = fixed(rule, &format!("{HEAD}{before}"));
    let got = got.unwrap();
    // Without its imports, where they are the same.
    let shown = got.strip_prefix(HEAD).unwrap_or(&got);
    assert_eq!(shown, after, "before:\n{before}\nafter:\n{shown}");
}

#[track_caller]
fn refused(rule: &str, before: &str, why: &str) {
    match fixed(rule, &format!("{HEAD}{before}")) {
        Err(reason) => assert!(reason.contains(why), "{reason}, in\n{before}"),
        Ok(text) => panic!("offered:\n{text}"),
    }
}

const COUNT: &str = "aggregate-in-loop";
const SET: &str = "related-set-in-loop";
const DEFEATED: &str = "defeated-prefetch";
const QUERY: &str = "query-in-loop";
const HOIST: &str = "loop-invariant-query";
const COLUMN: &str = "deferred-field-in-loop";
const PER_ROW: &str = "per-row-prefetch";

#[test]
fn counts_are_annotated() {
    becomes(
        COUNT,
        "def f():
    counts = {}
    for book in Book.objects.all():
        counts[book.title] = book.reviews.count()
    return counts
",
        "from django.db.models import Count

from shop.models import Author, Book, Club, Review


def f():
    counts = {}
    for book in Book.objects.annotate(reviews_count=Count(\"reviews\", distinct=True)):
        counts[book.title] = book.reviews_count
    return counts
",
    );
}

#[test]
fn questions_with_a_filter_keep_it() {
    becomes(
        COUNT,
        "def f(rating):
    out = []
    for book in Book.objects.order_by(\"title\"):
        if book.reviews.filter(rating=rating).exists():
            out.append(book.reviews.filter(rating=rating).count())
    return out
",
        "from django.db.models import Count, Exists, OuterRef, Q

from shop.models import Author, Book, Club, Review


def f(rating):
    out = []
    for book in Book.objects.order_by(\"title\").annotate(
        matching_reviews_count=Count(
            \"reviews\", filter=Q(reviews__rating=rating), distinct=True
        ),
        has_matching_reviews=Exists(
            Review.objects.filter(book=OuterRef(\"pk\"), rating=rating)
        ),
    ):
        if book.has_matching_reviews:
            out.append(book.matching_reviews_count)
    return out
",
    );
}

#[test]
fn a_queryset_in_a_variable_is_annotated_where_it_is_made() {
    becomes(
        COUNT,
        "def f(title):
    books = Book.objects.filter(author__name=\"x\")
    if title:
        books = books.filter(title=title)
    return [(n, book.title, book.tags.count()) for n, book in enumerate(books)]
",
        "from django.db.models import Count

from shop.models import Author, Book, Club, Review


def f(title):
    books = Book.objects.filter(author__name=\"x\").annotate(
        tags_count=Count(\"tags\", distinct=True)
    )
    if title:
        books = books.filter(title=title)
    return [(n, book.title, book.tags_count) for n, book in enumerate(books)]
",
    );
}

#[test]
fn counts_are_left_alone_where_they_would_be_others() {
    let body = |rows: &str, set: &str| {
        format!("def f(x):\n    return [b.title + str(b.{set}.count()) for b in {rows}]\n")
    };
    for (rows, set, why) in [
        (
            "Book.objects.filter(tags__name=\"a\")",
            "reviews",
            "joins other rows",
        ),
        (
            "Book.objects.order_by(\"reviews__rating\")",
            "reviews",
            "joins other rows",
        ),
        ("Book.objects.filter(x)", "reviews", "not understood"),
        (
            "Book.objects.filter(title=\"a\").union(Book.objects.all())",
            "reviews",
            "not understood",
        ),
        ("Book.objects.annotate(n=x)", "reviews", "not understood"),
        ("Book.objects.all()", "copies", "leaves rows out"),
        (
            "Book.objects.all()",
            "items",
            "other columns than the primary key",
        ),
        (
            "Book.objects.all()",
            "reviews.filter(rating=b.pages)",
            "depends on the loop",
        ),
        (
            "Book.objects.all()",
            "reviews.distinct()",
            "only `count()` and `exists()`",
        ),
    ] {
        refused(COUNT, &body(rows, set), why);
    }
    let club =
        |rows: &str, set: &str| format!("def f():\n    return [(c.name, c.{set}.count()) for c in {rows}]\n");
    refused(COUNT, &club("Club.objects.all()", "members"), "other columns");
    refused(
        COUNT,
        &club("Club.objects.tagged()", "ratings"),
        "joins other rows",
    );
}

#[test]
fn an_annotation_has_a_name_of_its_own() {
    becomes(
        COUNT,
        "def f():
    out = []
    for tag in Author.objects.all():
        books_count = tag.books.count()
        out.append(books_count)
    return out
",
        "from django.db.models import Count

from shop.models import Author, Book, Club, Review


def f():
    out = []
    for tag in Author.objects.annotate(books_count=Count(\"books\", distinct=True)):
        books_count = tag.books_count
        out.append(books_count)
    return out
",
    );
}

#[test]
fn rows_that_change_are_asked_again() {
    refused(
        COUNT,
        "def f():
    for book in Book.objects.all():
        if not book.reviews.exists():
            Review.objects.create(book=book, rating=1)
",
        "rows are changed while the loop runs",
    );
    refused(
        COUNT,
        "def f(notify):
    for book in Book.objects.all():
        notify(book)
        print(book.reviews.count())
",
        "handed to code",
    );
    refused(
        COUNT,
        "def f(other):
    for book in Book.objects.all():
        book = other or book
        print(book.reviews.count())
",
        "come from elsewhere",
    );
    refused(
        COUNT,
        "def f(other):
    books = Book.objects.all()
    if other:
        books = other
    return [book.reviews.count() for book in books]
",
        "come from elsewhere",
    );
    refused(
        COUNT,
        "def f(other):
    books = Book.objects.all()
    return [book.reviews.count() for book in books], books | other
",
        "used for something else",
    );
}

#[test]
fn rows_of_lazy_code_may_change_before_they_are_read() {
    let lazy = |rest: &str| {
        format!(
            "def f():
    tests = (book.reviews.exists() for book in Book.objects.all())
{rest}    return list(tests)
"
        )
    };
    assert!(fixed(COUNT, &format!("{HEAD}{}", lazy(""))).is_ok());
    refused(
        COUNT,
        &lazy("    Review.objects.all().delete()\n"),
        "rows are changed",
    );
    refused(
        COUNT,
        "def f():
    for book in Book.objects.all():
        yield book, book.reviews.exists()
",
        "the function is a generator",
    );
}

#[test]
fn a_name_that_rows_are_given_stays_free() {
    becomes(
        COUNT,
        "def f():
    for book in Book.objects.all():
        book.tags_count = book.tags.count()
        print(book.tags_count)
",
        "from django.db.models import Count

from shop.models import Author, Book, Club, Review


def f():
    for book in Book.objects.annotate(num_tags=Count(\"tags\", distinct=True)):
        book.tags_count = book.num_tags
        print(book.tags_count)
",
    );
    refused(
        COUNT,
        "def f():
    for book in Book.objects.all():
        from django.db.models import Q

        print(book.tags.filter(Q(name=\"a\") | Q(name=\"b\")).exists())
",
        "depends on the loop",
    );
}

#[test]
fn a_narrowed_set_gets_an_attribute() {
    becomes(
        SET,
        "def f():
    out = {}
    for book in Book.objects.all():
        out[book.title] = [r.rating for r in book.reviews.filter(rating=5).order_by(\"pk\")]
    return out
",
        "from django.db.models import Prefetch

from shop.models import Author, Book, Club, Review


def f():
    out = {}
    for book in Book.objects.prefetch_related(
        Prefetch(
            \"reviews\",
            queryset=Review.objects.filter(rating=5).order_by(\"pk\"),
            to_attr=\"matching_reviews\",
        )
    ):
        out[book.title] = [r.rating for r in book.matching_reviews]
    return out
",
    );
}

#[test]
fn sets_that_load_more_are_prefetched_deeper() {
    becomes(
        SET,
        "def f():
    for book in Book.objects.all():
        for review in book.reviews.select_related(\"reviewer\"):
            print(review.reviewer.name)
",
        "def f():
    for book in Book.objects.prefetch_related(\"reviews__reviewer\"):
        for review in book.reviews.all():
            print(review.reviewer.name)
",
    );
}

#[test]
fn a_column_of_a_set_is_listed_in_memory() {
    becomes(
        SET,
        "def f():
    ids = []
    for book in Book.objects.all():
        ids.extend(book.reviews.values_list(\"reviewer\", flat=True))
        ids.append(list(book.tags.values_list(\"name\", flat=True)))
    return ids
",
        "def f():
    ids = []
    for book in Book.objects.prefetch_related(\"reviews\", \"tags\"):
        ids.extend([review.reviewer_id for review in book.reviews.all()])
        ids.append([tag.name for tag in book.tags.all()])
    return ids
",
    );
}

#[test]
fn sets_stay_querysets_where_they_are_used_as_such() {
    let body = |set: &str| {
        format!("def f(x):\n    for book in Book.objects.all():\n        print(x, sorted({set}))\n")
    };
    for (set, why) in [
        ("book.reviews.filter(rating=book.pages)", "depends on the loop"),
        ("book.reviews.filter(rating=x.rating)", "depends on the loop"),
        (
            "book.reviews.filter(reviewer__books__title=\"a\")",
            "joins other rows",
        ),
        ("book.reviews.filter(rating=1)[:3]", "cannot make beforehand"),
        (
            "book.reviews.values_list(\"rating\", \"pk\")",
            "cannot make beforehand",
        ),
        (
            "book.copies.values_list(\"scan\", flat=True)",
            "cannot make beforehand",
        ),
        ("book.reviews.annotate(y=x)", "cannot make beforehand"),
        ("book.reviews.only(\"rating\")", "cannot make beforehand"),
    ] {
        refused(SET, &body(set), why);
    }
    refused(
        SET,
        "def f():
    out = []
    for book in Book.objects.all():
        best = book.reviews.filter(rating=5)
        out.append(best.order_by(\"pk\"))
        print([r.rating for r in best])
    return out
",
        "used as a queryset",
    );
    refused(
        SET,
        "async def f():
    async for book in Book.objects.all():
        print([r.rating async for r in book.reviews.filter(rating=5)])
",
        "used as a queryset",
    );
}

#[test]
fn a_prefetch_gives_way_to_one_that_serves() {
    becomes(
        DEFEATED,
        "def f():
    for book in Book.objects.prefetch_related(\"tags\", \"reviews\"):
        best = book.reviews.filter(rating=5)
        print(book.title, len(best), [tag.name for tag in book.tags.all()])
",
        "from django.db.models import Prefetch

from shop.models import Author, Book, Club, Review


def f():
    for book in Book.objects.prefetch_related(
        \"tags\",
        Prefetch(
            \"reviews\",
            queryset=Review.objects.filter(rating=5),
            to_attr=\"matching_reviews\",
        ),
    ):
        best = book.matching_reviews
        print(book.title, len(best), [tag.name for tag in book.tags.all()])
",
    );
}

#[test]
fn a_prefetch_that_others_read_stays() {
    becomes(
        DEFEATED,
        "def f():
    for book in Book.objects.prefetch_related(\"reviews\"):
        print(len(book.reviews.all()), book.reviews.filter(rating=5).count())
",
        "from django.db.models import Prefetch

from shop.models import Author, Book, Club, Review


def f():
    for book in Book.objects.prefetch_related(
        \"reviews\",
        Prefetch(
            \"reviews\",
            queryset=Review.objects.filter(rating=5),
            to_attr=\"matching_reviews\",
        ),
    ):
        print(len(book.reviews.all()), len(book.matching_reviews))
",
    );
}

#[test]
fn the_first_of_an_unordered_set_has_the_lowest_key() {
    becomes(
        DEFEATED,
        "def f():
    for book in Book.objects.prefetch_related(\"reviews\"):
        print(book.reviews.first())
",
        "def f():
    for book in Book.objects.prefetch_related(\"reviews\"):
        print(min(book.reviews.all(), key=lambda review: review.pk, default=None))
",
    );
}

#[test]
fn queries_for_what_refers_to_the_row_are_annotations() {
    becomes(
        QUERY,
        "def f():
    for book in Book.objects.all():
        print(book.title, Review.objects.filter(book=book).count())
",
        "from django.db.models import Count

from shop.models import Author, Book, Club, Review


def f():
    for book in Book.objects.annotate(reviews_count=Count(\"reviews\", distinct=True)):
        print(book.title, book.reviews_count)
",
    );
    becomes(
        QUERY,
        "def f():
    authors = Author.objects.all()
    return [a.name for a in authors if Book.objects.filter(author_id=a.pk, pages=1).exists()]
",
        "from django.db.models import Exists, OuterRef

from shop.models import Author, Book, Club, Review


def f():
    authors = Author.objects.annotate(
        has_matching_books=Exists(Book.objects.filter(author=OuterRef(\"pk\"), pages=1))
    )
    return [a.name for a in authors if a.has_matching_books]
",
    );
}

#[test]
fn queries_for_other_keys_are_left_to_the_reader() {
    for (asked, why) in [
        ("Review.objects.filter(rating=book.pages)", "do not refer"),
        ("Review.objects.filter(book=book.author)", "do not refer"),
        ("Review.objects.filter(reviewer=book)", "come from elsewhere"),
        ("Review.objects.exclude(book=book)", "only `count()`"),
    ] {
        let text = format!("def f():\n    for book in Book.objects.all():\n        print({asked}.count())\n");
        let reason = fixed(QUERY, &format!("{HEAD}{text}")).unwrap_err();
        assert!(!reason.is_empty(), "{why}");
    }
}

#[test]
fn a_query_that_does_not_depend_on_the_loop_runs_before_it() {
    becomes(
        HOIST,
        "def f(name):
    for book in Book.objects.all():
        longest = Author.objects.filter(name=name).first()  # the same each time
        print(book.title, longest.name)
",
        "def f(name):
    longest = Author.objects.filter(name=name).first()  # the same each time
    for book in Book.objects.all():
        print(book.title, longest.name)
",
    );
    becomes(
        HOIST,
        "def f(name):
    for book in Book.objects.all():
        named = (
            Author.objects.filter(name=name)
            .count()
        )
        print(book.title, named)
",
        "def f(name):
    named = (
        Author.objects.filter(name=name)
        .count()
    )
    for book in Book.objects.all():
        print(book.title, named)
",
    );
    becomes(
        HOIST,
        "def f():
    for book in Book.objects.all():
        print(book.title, Author.objects.count())
",
        "def f():
    author_count = Author.objects.count()
    for book in Book.objects.all():
        print(book.title, author_count)
",
    );
}

#[test]
fn queries_stay_in_loops_that_might_not_run_them() {
    let body = |inside: &str| {
        format!(
            "def f(x, names):\n    for book in Book.objects.all():\n        {inside}\n        print(book.title)\n"
        )
    };
    for (inside, why) in [
        ("a = Author.objects.get(name=\"x\")", "may fail"),
        ("a = x and Author.objects.count()", "each round"),
        (
            "a = Author.objects.filter(name__in=names).count(); names.append(1)",
            "may change",
        ),
        ("a = Author.objects.filter(name=x.name).count()", "may change"),
    ] {
        refused(HOIST, &body(inside), why);
    }
    refused(
        HOIST,
        "def f(fill):
    for book in Book.objects.all():
        author = Author.objects.first()
        fill(author)
        print(book.title)
",
        "handed on",
    );
    refused(
        HOIST,
        "def f(fill):
    for book in Book.objects.all():
        author = Author.objects.first()
        author.name = book.title
        print(author)
",
        "handed on",
    );
}

#[test]
fn columns_are_loaded_with_the_rows() {
    becomes(
        COLUMN,
        "def f():
    return [(b.title, b.pages, b.author_id) for b in Book.objects.only(\"title\")]
",
        "def f():
    return [(b.title, b.pages, b.author_id) for b in Book.objects.only(\"title\", \"pages\", \"author\")]
",
    );
    for (before, after) in [
        ("Book.objects.defer(\"pages\")", "Book.objects.all()"),
        (
            "Book.objects.defer(\"pages\").filter(title=\"a\")",
            "Book.objects.filter(title=\"a\")",
        ),
        (
            "Book.objects.defer(\"text\", \"pages\")",
            "Book.objects.defer(\"text\")",
        ),
        (
            "Book.objects.defer(\"pages\", \"text\")",
            "Book.objects.defer(\"text\")",
        ),
    ] {
        let body = |rows: &str| format!("def f():\n    return [b.pages for b in {rows}]\n");
        becomes(COLUMN, &body(before), &body(after));
    }
    refused(
        COLUMN,
        "def f():
    books = Book.objects.only(\"title\")
    return [b.pages for b in books.only(\"title\", \"text\")]
",
        "left out elsewhere",
    );
}

#[test]
fn rows_are_prefetched_together() {
    let views = "from django.db.models import prefetch_related_objects

from shop.models import Book


def f():
    for book in Book.objects.all():
        prefetch_related_objects([book], \"reviews\")
        print([r.rating for r in book.reviews.all()])
";
    let after = "
from shop.models import Book


def f():
    for book in Book.objects.prefetch_related(\"reviews\"):
        print([r.rating for r in book.reviews.all()])
";
    assert_eq!(fixed(PER_ROW, views).unwrap(), after);
    let conditional = views.replace("        prefetch", "        if book.pages:\n            prefetch");
    assert!(
        fixed(PER_ROW, &conditional)
            .unwrap_err()
            .contains("statement of its own")
    );
}

#[test]
fn imports_join_those_that_stand_there() {
    let with = |import: &str| {
        format!(
            "{import}\nfrom shop.models import Book\n\n\ndef f():\n    for b in Book.objects.all():\n        print(b.reviews.exists())\n"
        )
    };
    for (before, after) in [
        (
            "from django.db.models import Avg, Q",
            "from django.db.models import Avg, Exists, OuterRef, Q\nfrom shop.models import Book, Review\n",
        ),
        (
            "from django.db import models",
            "from django.db import models\nfrom shop.models import Book, Review\n",
        ),
        (
            "from django.db.models import (\n    Avg,\n    Q,\n)",
            "from django.db.models import (\n    Avg,\n    Exists,\n    OuterRef,\n    Q,\n)\nfrom shop.models import Book, Review\n",
        ),
        (
            "from django.conf import settings\nfrom django.urls import path",
            "from django.conf import settings\nfrom django.db.models import Exists, OuterRef\nfrom django.urls import path\nfrom shop.models import Book, Review\n",
        ),
    ] {
        let text = fixed(COUNT, &with(before)).unwrap();
        assert!(text.starts_with(after), "{text}");
        assert_eq!(
            text.contains("models.Exists"),
            before.ends_with("import models"),
            "{text}"
        );
    }
    let taken = with("Exists = 1");
    assert!(fixed(COUNT, &taken).unwrap_err().contains("means something else"));
}
