//! What an editor shows beyond findings: hovers, formulas over views, the way from a template to its querysets.
//!
//! A place in a text is given with the caret in it, as `order.cu‸stomer`.

#![allow(clippy::unwrap_used, reason = "a test may fail by panicking")]

#[allow(dead_code, reason = "shared with other test binaries")]
mod support;

use djperf::session::{Live, Stop, insight};
use djperf::source::FileId;
use tempfile::TempDir;

use support::{empty, fixture, request, write};

const MODELS: &str = "\
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=50)


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name='orders')
    note = models.TextField()

    @property
    def who(self):
        return self.customer.name


class Item(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name='items')
    price = models.IntegerField()
";
const VIEWS: &str = "\
from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.generic import ListView

from elsewhere import outside
from shop.models import Order


def slow(request):
    orders = Order.objects.filter(note=\"new\")
    return JsonResponse({\"names\": [order.customer.name for order in orders]})


def fast(request):
    orders = Order.objects.select_related(\"customer\").prefetch_related(\"items\")
    lines = []
    for order in orders:
        lines.append((order.customer.name, len(order.items.all())))
    return JsonResponse({\"lines\": lines})


def describe(order):
    return order.customer.name


def described(request):
    return HttpResponse(describe(Order.objects.get(pk=1)))


def described_fast(request):
    return HttpResponse(describe(Order.objects.select_related(\"customer\").get(pk=1)))


def listed(request):
    return render(request, \"shop/list.html\", {\"orders\": Order.objects.all()})


class Listed(ListView):
    template_name = \"shop/list.html\"
    context_object_name = \"orders\"
    queryset = Order.objects.select_related(\"customer\")


def sums(request):
    orders = Order.objects.all()
    if request.GET.get(\"empty\"):
        return HttpResponse(\"\")
    return JsonResponse({order.pk: sum(item.price for item in order.items.all()) for order in orders})


def foreign(request):
    count = Order.objects.all().count()
    return HttpResponse(outside(Order.objects.all(), count))


def first(request):
    order = Order.objects.prefetch_related(\"items\").order_by(\"pk\").first()
    return HttpResponse(order.pk)


def plain(request):
    return HttpResponse(\"no query\")
";
const API: &str = "\
from rest_framework import serializers, viewsets

from shop.models import Order


class OrderSerializer(serializers.ModelSerializer):
    count = serializers.SerializerMethodField()
    customer = serializers.StringRelatedField(source=\"customer.name\")

    class Meta:
        model = Order
        fields = [\"id\", \"customer\", \"count\"]

    def get_count(self, obj):
        return obj.items.count()


class OrderViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Order.objects.all()
    serializer_class = OrderSerializer
";
const ADMIN: &str = "\
from django.contrib import admin

from shop.models import Item, Order


@admin.register(Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = [\"who\"]
";
const PROCESSORS: &str = "\
from shop.models import Customer


def everybody(request):
    return {\"everybody\": Customer.objects.all()}
";
const BASE: &str = "\
<html>{% block content %}{% endblock %}
{% for one in everybody %}{{ one.name }}{% endfor %}</html>
";
const LIST: &str = "\
{% extends \"base.html\" %}
{% block content %}
{% for order in orders %}
  {{ order.customer.name }} {{ order.who }} {{ order.pk }}
  {% with first=order %}{{ first.note }}{% endwith %}
  {% include \"shop/row.html\" with row=order %}
{% endfor %}
{% endblock %}
";
const ROW: &str = "{{ row.note }}{% url 'home' %}\n";
const SETTINGS: &str = "\
INSTALLED_APPS = [\"django.contrib.auth\", \"django.contrib.contenttypes\", \"shop\"]
ROOT_URLCONF = \"urls\"
TEMPLATES = [{
    \"BACKEND\": \"django.template.backends.django.DjangoTemplates\",
    \"DIRS\": [\"templates\"],
    \"OPTIONS\": {\"context_processors\": [\"shop.processors.everybody\"]},
}]
";
const URLS: &str = "\
from django.urls import path

from shop import views

urlpatterns = [path(\"sums/\", views.sums)]
";
const MANAGE: &str = "\
import os

os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"settings\")
from django.core.management import execute_from_command_line
";

struct Project {
    live: Live,
    _dir: TempDir,
}

fn project() -> Project {
    let dir = empty();
    for (path, text) in [
        ("manage.py", MANAGE),
        ("settings.py", SETTINGS),
        ("urls.py", URLS),
        ("shop/__init__.py", ""),
        ("shop/models.py", MODELS),
        ("shop/views.py", VIEWS),
        ("shop/api.py", API),
        ("shop/admin.py", ADMIN),
        ("shop/processors.py", PROCESSORS),
        ("templates/base.html", BASE),
        ("templates/shop/list.html", LIST),
        ("templates/shop/row.html", ROW),
    ] {
        write(dir.path(), path, text);
    }
    Project {
        live: Live::open(request(dir.path(), &["."])).unwrap(),
        _dir: dir,
    }
}

impl Project {
    fn file(&self, path: &str) -> FileId {
        let held = self.live.held().unwrap();
        held.outcome
            .sources
            .iter()
            .find(|(_, s)| s.path == path)
            .unwrap()
            .0
    }

    /// A place given with a caret in the text around it, which stands in the file once.
    fn at(&self, path: &str, around: &str) -> (FileId, u32) {
        let file = self.file(path);
        let (head, tail) = around.split_once('‸').unwrap();
        let text = &self.live.outcome().sources.get(file).text;
        let whole = format!("{head}{tail}");
        assert_eq!(text.matches(&whole).count(), 1, "`{whole}` in {path}");
        (file, (text.find(&whole).unwrap() + head.len()) as u32)
    }

    fn hover(&self, path: &str, around: &str) -> Option<String> {
        let (file, offset) = self.at(path, around);
        insight::expression_at(&self.live.held().unwrap(), file, offset).map(|shown| shown.markdown)
    }

    fn shown(&self, path: &str, around: &str) -> String {
        self.hover(path, around)
            .unwrap_or_else(|| panic!("nothing at {around}"))
    }

    fn feeders(&self, path: &str, around: &str) -> Vec<String> {
        let (file, offset) = self.at(path, around);
        let sources = &self.live.outcome().sources;
        let found = insight::feeders(&self.live.held().unwrap(), file, offset).into_iter();
        found
            .map(|site| {
                let source = sources.get(site.file);
                format!("{} {}", source.path, source.slice(site.span))
            })
            .collect()
    }

    fn titles(&self, path: &str) -> Vec<String> {
        let file = self.file(path);
        let sources = &self.live.outcome().sources;
        let found = insight::costs(&self.live.held().unwrap(), file, &Stop::default())
            .unwrap()
            .into_iter();
        found
            .map(|cost| format!("{} {}", sources.get(file).slice(cost.span), cost.title))
            .collect()
    }
}

#[test]
fn querysets_tell_what_they_load_and_where_they_are_evaluated() {
    let project = project();
    assert_eq!(
        project.shown(
            "shop/views.py",
            "or‸ders = Order.objects.select_related(\"customer\").pre"
        ),
        "**queryset of `shop.Order`**\n- `select_related`: `customer`\n- `prefetch_related`: `items`\n\nEvaluated at \
         shop/views.py:17."
    );
    assert_eq!(
        project.shown("shop/views.py", "Order.objects.fil‸ter(note="),
        "**queryset of `shop.Order`**, filtered\n\nEvaluated at shop/views.py:11."
    );
    assert_eq!(
        project.shown("shop/views.py", "Order.obj‸ects.filter(note="),
        "**manager of `shop.Order`**"
    );
    // A value in the body of a class.
    assert!(
        project
            .shown(
                "shop/views.py",
                "queryset = Order.objects.select‸_related(\"customer\")"
            )
            .starts_with("**queryset of `shop.Order`**\n- `select_related`: `customer`")
    );
}

#[test]
fn rows_tell_what_reading_their_relations_costs() {
    let project = project();
    let slow = project.shown("shop/views.py", "[order.cus‸tomer.name for");
    assert!(
        slow.contains("`customer` is not loaded with the rows: +N queries here (N: rows of `shop.Order`)."),
        "{slow}"
    );
    assert!(slow.ends_with("Before it in `slow`: 1 query."), "{slow}");
    let fast = project.shown("shop/views.py", "lines.append((order.cus‸tomer.name");
    assert!(
        fast.contains("`customer` is in memory: reading it costs no query."),
        "{fast}"
    );
    let items = project.shown("shop/views.py", "len(order.items.a‸ll())");
    assert!(!items.contains('+'), "{items}");
    assert!(
        items.starts_with("**`items` of one `shop.Order`: queryset of `shop.Item`**"),
        "{items}"
    );
}

#[test]
fn what_depends_on_the_caller_is_told_for_each() {
    let project = project();
    let found = project.shown("shop/views.py", "    return order.cus‸tomer.name");
    let (first, second) = found.split_once("In `described_fast`").unwrap();
    assert!(
        first.starts_with("In `described`: ") && first.contains("is not loaded with the rows: +1 query here"),
        "{found}"
    );
    assert!(second.contains("is in memory"), "{found}");
    let row = project.shown("shop/api.py", "return ob‸j.items");
    assert!(row.contains("one of the rows of `shop.Order`"), "{row}");
}

#[test]
fn templates_are_shown_as_all_views_render_them() {
    let project = project();
    let found = project.shown("templates/shop/list.html", "order.cus‸tomer.name");
    assert!(
        found.contains("In `listed`: ") && found.contains("+N queries here"),
        "{found}"
    );
    assert!(
        found.contains("In `Listed`: ") && found.contains("is in memory"),
        "{found}"
    );
    let orders = project.shown("templates/shop/list.html", "for order in ord‸ers");
    assert!(orders.contains("queryset of `shop.Order`"), "{orders}");
    let row = project.shown("templates/shop/row.html", "{{ r‸ow.note");
    assert!(row.contains("one of the rows of `shop.Order`"), "{row}");
    let one = project.shown("templates/base.html", "for one in every‸body");
    assert!(one.contains("**queryset of `shop.Customer`**"), "{one}");
}

#[test]
fn nothing_is_claimed_over_anything_else() {
    let project = project();
    for around in [
        "note=\"ne‸w\"",
        "filter(no‸te=\"new\")",
        "describe(Order.objects.get(pk=‸1)",
        "from shop.mo‸dels",
        "class Lis‸ted",
        "def sl‸ow",
        "ren‸der(request, \"shop",
        "no qu‸ery",
        "order.customer.na‸me, len",
        "sum(item.pri‸ce",
        "out‸side(Order",
    ] {
        assert_eq!(project.hover("shop/views.py", around), None, "{around}");
    }
    for around in [
        "<ht‸ml>{%",
        "{% ext‸ends",
        "{% blo‸ck content",
        "{{ order.p‸k }}",
        "order.customer.na‸me }}",
    ] {
        let path = if around.starts_with('<') {
            "templates/base.html"
        } else {
            "templates/shop/list.html"
        };
        assert_eq!(project.hover(path, around), None, "{around}");
    }
}

#[test]
fn views_serializers_and_admins_have_formulas() {
    let project = project();
    assert_eq!(
        project.titles("shop/views.py"),
        [
            "slow 1 + N queries (N: Order)",
            "fast 2 queries",
            "described 2 queries",
            "described_fast 1 query",
            "listed 2 + N queries (N: Order)",
            "Listed 2 queries",
            "sums 1 + N queries (N: Order)",
            "foreign ≥ 1 query",
            "first 2 queries",
        ]
    );
    assert_eq!(
        project.titles("shop/api.py"),
        [
            "OrderSerializer 2·N queries for N rows, if nothing is loaded",
            "OrderViewSet list: ≥ 1 + 2·N queries (N: Order)",
            "OrderViewSet retrieve: ≥ 3 queries",
        ]
    );
    assert_eq!(
        project.titles("shop/admin.py"),
        ["OrderAdmin list of Order: ≥ 1 + N queries (N: Order)"]
    );
}

#[test]
fn formulas_lead_to_their_queries() {
    let project = project();
    let file = project.file("shop/views.py");
    let all = insight::costs(&project.live.held().unwrap(), file, &Stop::default()).unwrap();
    let source = project.live.outcome().sources.get(file);
    let fast = all.iter().find(|cost| source.slice(cost.span) == "fast").unwrap();
    let places: Vec<&str> = fast.places.iter().map(|site| source.slice(site.span)).collect();
    assert_eq!(places, ["orders"]);
    assert!(
        fast.markdown
            .contains("2 × rows of `shop.Order`, with what it prefetches, shop/views.py:17"),
        "{}",
        fast.markdown
    );
    let foreign = all
        .iter()
        .find(|cost| source.slice(cost.span) == "foreign")
        .unwrap();
    assert!(
        foreign
            .markdown
            .contains("There may be more: code outside of the project gets rows."),
        "{}",
        foreign.markdown
    );
}

#[test]
fn templates_lead_to_what_feeds_them() {
    let project = project();
    let of_list = |around: &str| project.feeders("templates/shop/list.html", around);
    let both = [
        "shop/views.py Order.objects.all()",
        "shop/views.py Order.objects.select_related(\"customer\")",
    ];
    assert_eq!(of_list("for order in ord‸ers"), both);
    assert_eq!(of_list("{{ ord‸er.customer"), both);
    assert_eq!(of_list("{{ fir‸st.note"), both);
    assert_eq!(project.feeders("templates/shop/row.html", "{{ r‸ow.note"), both);
    let field = "shop/models.py models.ForeignKey(Customer, models.CASCADE, related_name='orders')";
    assert_eq!(of_list("order.cus‸tomer.name"), [field]);
    assert_eq!(of_list("order.w‸ho"), ["shop/models.py who"]);
    assert_eq!(
        project.feeders("templates/shop/row.html", "row.no‸te"),
        ["shop/models.py models.TextField()"]
    );
    assert_eq!(
        project.feeders("templates/base.html", "in every‸body"),
        ["shop/processors.py Customer.objects.all()"]
    );
    // Python is left to other servers, and so are addresses.
    assert!(
        project
            .feeders("shop/views.py", "[order.cus‸tomer.name for")
            .is_empty()
    );
    assert!(project.feeders("templates/shop/row.html", "'ho‸me'").is_empty());
}

#[test]
fn known_gaps() {
    let project = project();
    // A parameter is shown where it is used, and not where it is declared.
    assert_eq!(project.hover("shop/views.py", "def describe(or‸der)"), None);
    // A key that Django makes is declared nowhere.
    assert!(
        project
            .feeders("templates/shop/list.html", "order.p‸k")
            .is_empty()
    );
}

#[test]
fn every_place_has_an_answer_and_the_same_again() {
    let live = Live::open(request(&fixture("blog"), &["."])).unwrap();
    let held = live.held().unwrap();
    let wanted = |path: &str| path == "blog/views.py" || path.ends_with("reading/shelf.html");
    for (file, source) in held.outcome.sources.iter().filter(|(_, s)| wanted(&s.path)) {
        for offset in (0..=source.text.len() as u32 + 3).step_by(31) {
            let once = insight::expression_at(&held, file, offset);
            assert_eq!(once, insight::expression_at(&held, file, offset));
            insight::feeders(&held, file, offset);
            if let Some(shown) = once {
                assert!(!source.slice(shown.span).is_empty() && !shown.markdown.is_empty());
            }
        }
    }
}
