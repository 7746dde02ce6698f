//! URL configurations of small projects, as endpoints.

use super::*;
use crate::project::testing::Site;

/// One line an endpoint: pattern, name, view and actions.
fn endpoints(files: &[(&str, &str)]) -> Vec<String> {
    let site = Site::new(files);
    let project = &site.project;
    let line = |endpoint: &Endpoint| {
        let name = endpoint.name.map_or("-", Sym::as_str);
        let view = match endpoint.view {
            ViewRef::Func(func) => project.func_name(func),
            ViewRef::Class(class) => format!("class {}", project.class(class).dotted),
            ViewRef::External(dotted) => format!("external {dotted}"),
            ViewRef::Other => "other".to_owned(),
        };
        let mut line = format!("{} {name} {view}", endpoint.pattern);
        for (method, action) in &endpoint.actions {
            line = format!("{line} {method}:{action}");
        }
        line
    };
    project.endpoints().iter().map(line).collect()
}

const VIEWS: &str = r#"
from django.views import View
def index(request): pass
def detail(request, pk): pass
class Orders(View): pass
class OrderSet(View):
    lookup_field = "slug"
    @action(detail=True, methods=["POST"], url_path="pay")
    def pay_now(self, request, slug): pass
    @action(detail=False)
    def recent(self, request): pass
"#;

fn shop(urls: &str, extra: &[(&str, &str)]) -> Vec<String> {
    let mut files = vec![
        (
            "config/settings.py",
            "ROOT_URLCONF = 'config.urls'\nINSTALLED_APPS = []\n",
        ),
        ("config/__init__.py", ""),
        ("config/urls.py", urls),
        ("shop/__init__.py", ""),
        ("shop/views.py", VIEWS),
        // Reached from nowhere.
        (
            "stray/urls.py",
            "from django.urls import path\nfrom shop import views\nurlpatterns = [path('stray/', views.index)]\n",
        ),
    ];
    files.extend_from_slice(extra);
    endpoints(&files)
}

#[test]
fn views_in_all_their_clothes() {
    let found = shop(
        r#"
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import path, re_path
from django.views.decorators.cache import cache_page
from django.views.generic import TemplateView
from shop import views
from shop.views import Orders, index
listing = Orders.as_view(paginate_by=5)
urlpatterns = [
    path("", index, name="home"),
    path("orders/<int:pk>/", views.detail, {"x": 1}, "order"),
    re_path(r"^old/(?P<pk>\d+)/$", view=login_required(views.detail), name="old"),
    path("class/", Orders.as_view(template_name="x.html")),
    path("cached/", cache_page(60)(login_required(views.Orders.as_view()))),
    path("assigned/", listing),
    path("about/", TemplateView.as_view(template_name="about.html")),
    path("text/", "shop.views.index"),
    path("lambda/", lambda request: None),
    path("admin/", admin.site.urls),
    path("decorated/", unknown(admin.site.login)),
    path(_("word/"), index),
    path(setting("prefix") + "x/", index),
]
"#,
        &[],
    );
    assert_eq!(
        found,
        [
            "/ home shop.views.index",
            "/orders/<int:pk>/ order shop.views.detail",
            "/old/<pk>/ old shop.views.detail",
            "/class/ - class shop.views.Orders",
            "/cached/ - class shop.views.Orders",
            "/assigned/ - class shop.views.Orders",
            "/about/ - external django.views.generic.TemplateView",
            "/text/ - shop.views.index",
            "/lambda/ - other",
            "/decorated/ - other",
            "/word/ - shop.views.index",
            "/…x/ - shop.views.index",
        ]
    );
}

#[test]
fn includes_carry_prefixes_and_namespaces() {
    let found = shop(
        r#"
from django.conf.urls.i18n import i18n_patterns
from django.urls import include, path
from shop import urls as shop_urls, views
extra = ([path("x/", views.index, name="x")], "extra")
plain = [path("y/", views.index, name="y")]
urlpatterns = [
    path("shop/", include("shop.urls")),
    path("other/", include("shop.urls", namespace="other")),
    path("module/", include(shop_urls)),
    path("pair/", include((plain, "pair"))),
    path("tuple/", include(extra)),
    path("plain/", include(plain)),
    *plain,
] + [path("plus/", views.index)]
urlpatterns += i18n_patterns(path("lang/", views.index), prefix_default_language=False)
urlpatterns.append(path("one/", views.index))
urlpatterns.extend([path("two/", views.index)])
if settings.DEBUG:
    urlpatterns = [path("debug/", views.index)] + urlpatterns
"#,
        &[(
            "shop/urls.py",
            r#"
from django.urls import include, path
from . import views
app_name = "shop"
urlpatterns = [
    path("index/", views.index, name="index"),
    path("again/", include("config.urls")),
    path("gone/", include("nothing.urls")),
]
"#,
        )],
    );
    assert_eq!(
        found,
        [
            "/shop/index/ shop:index shop.views.index",
            "/other/index/ other:index shop.views.index",
            "/module/index/ shop:index shop.views.index",
            "/pair/y/ pair:y shop.views.index",
            "/tuple/x/ extra:x shop.views.index",
            "/plain/y/ y shop.views.index",
            "/y/ y shop.views.index",
            "/plus/ - shop.views.index",
            "/lang/ - shop.views.index",
            "/debug/ - shop.views.index",
            "/one/ - shop.views.index",
            "/two/ - shop.views.index",
        ]
    );
}

#[test]
fn routers_make_list_and_detail() {
    let router =
        "from rest_framework.routers import DefaultRouter\nclass Own(DefaultRouter): pass\nrouter = Own()\n";
    let found = shop(
        r#"
from django.urls import include, path
from rest_framework_nested.routers import NestedSimpleRouter
from shop.routing import router
from shop.views import OrderSet, Orders
router.register(r"orders", OrderSet, basename="order")
router.register("plain", viewset=Orders)
nested = NestedSimpleRouter(router, "orders", lookup="order")
nested.register("lines", Orders, "line")
not_one = dict()
not_one.register("x", Orders)
urlpatterns = [path("api/", include(router.urls)), path("api/", include((nested.urls, "n")))]
urlpatterns += not_one.urls
"#,
        &[("shop/routing.py", router)],
    );
    let list = "get:list post:create";
    let detail = "get:retrieve put:update patch:partial_update delete:destroy";
    let orders = "class shop.views.OrderSet";
    let plain = "class shop.views.Orders";
    assert_eq!(
        found,
        [
            format!("/api/orders/ order-list {orders} {list}"),
            format!("/api/orders/{{slug}}/ order-detail {orders} {detail}"),
            format!("/api/orders/{{slug}}/pay/ order-pay {orders} post:pay_now"),
            format!("/api/orders/recent/ order-recent {orders} get:recent"),
            format!("/api/plain/ - {plain} {list}"),
            format!("/api/plain/{{pk}}/ - {plain} {detail}"),
            format!("/api/orders/{{order_pk}}/lines/ n:line-list {plain} {list}"),
            format!("/api/orders/{{order_pk}}/lines/{{pk}}/ n:line-detail {plain} {detail}"),
        ]
    );
}

#[test]
fn without_settings_every_configuration_is_a_root_unless_included() {
    let found = endpoints(&[
        ("shop/__init__.py", ""),
        ("shop/views.py", VIEWS),
        (
            "shop/urls.py",
            "from django.urls import include, path\nfrom . import views\nurlpatterns = [path('api/', include('shop.api_urls')), path('set/', views.OrderSet.as_view({'get': 'list'}))]\n",
        ),
        (
            "shop/api_urls.py",
            "from django.urls import path\nfrom . import views\nurlpatterns = [path('x/', views.index)]\n",
        ),
    ]);
    assert_eq!(
        found,
        [
            "/api/x/ - shop.views.index",
            "/set/ - class shop.views.OrderSet get:list"
        ]
    );
}

#[test]
fn endpoints_are_found_by_their_views() {
    let site = Site::new(&[
        (
            "urls.py",
            "from django.urls import path\nimport views\nurlpatterns = [path('a/', views.index), path('b/', views.index), path('c/', views.Orders.as_view(x=1))]\n",
        ),
        ("views.py", VIEWS),
    ]);
    let project = &site.project;
    let file = site.id("views.py");
    let Some(Def::Func(index)) = project.lookup(file, Sym::new("index")) else {
        panic!("no function");
    };
    let Some(Def::Class(orders)) = project.lookup(file, Sym::new("Orders")) else {
        panic!("no class");
    };
    let patterns: Vec<&str> = project
        .endpoints_of_func(index)
        .map(|e| e.pattern.as_str())
        .collect();
    assert_eq!(patterns, ["/a/", "/b/"]);
    let call = project
        .endpoints_of_class(orders)
        .next()
        .unwrap()
        .as_view
        .as_ref()
        .unwrap();
    assert!(call.call.keyword("x").is_some());
}
