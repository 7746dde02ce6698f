//! The rows of `rules/django/urls.toml`: functions of URL configurations, and what routers make of viewsets.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

#[derive(Deserialize)]
struct Table {
    routes: FxHashMap<String, Syntax>,
    lists: FxHashMap<String, Patterns>,
    functions: Functions,
    routers: Routers,
    views: Views,
    router_routes: Vec<RouterRoute>,
    shared: Shared,
}

/// Views of Django that give everybody the same answer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// Functions that print sitemaps.
    pub sitemaps: Vec<String>,
    /// The base of the classes that they print.
    pub sitemap: String,
    /// The base of feeds.
    pub feed: String,
    /// Attributes that only requests have.
    of_requests: Vec<String>,
    decorators: Vec<String>,
}

impl Shared {
    /// Whether only requests have an attribute of that name.
    pub fn is_of_requests(&self, attribute: &str) -> bool {
        self.of_requests.iter().any(|name| name == attribute)
    }

    /// Whether a decorator of that name leaves the answer as it is.
    pub fn is_harmless(&self, decorator: &str) -> bool {
        self.decorators.iter().any(|name| name == decorator)
    }
}

/// How a route is written.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Syntax {
    Path,
    Regex,
}

/// Which arguments of a function are patterns.
#[derive(Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Patterns {
    Arguments,
    First,
    None,
}

#[derive(Deserialize)]
struct Functions {
    include: Vec<String>,
    translate: Vec<String>,
    as_view: String,
}

#[derive(Deserialize)]
struct Routers {
    suffix: String,
    register: Vec<String>,
    actions: Vec<String>,
}

/// Classes that patterns lead to.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Views {
    base: String,
    sets: String,
    reads: Vec<String>,
}

/// A route that a router makes for every viewset.
#[derive(Deserialize, Debug)]
pub(super) struct RouterRoute {
    pub detail: bool,
    pub suffix: String,
    /// Request method and name of the action.
    pub actions: Vec<(String, String)>,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    toml::from_str(include_str!("../../../rules/django/urls.toml")).expect("urls.toml is valid")
});

pub(super) fn route(dotted: &str) -> Option<Syntax> {
    TABLE.routes.get(dotted).copied()
}

pub(super) fn patterns(dotted: &str) -> Option<Patterns> {
    TABLE.lists.get(dotted).copied()
}

pub(super) fn is_include(dotted: &str) -> bool {
    TABLE.functions.include.iter().any(|name| name == dotted)
}

pub(super) fn is_translation(function: &str) -> bool {
    TABLE.functions.translate.iter().any(|name| name == function)
}

pub(super) fn is_as_view(method: &str) -> bool {
    TABLE.functions.as_view == method
}

pub(super) fn is_router(dotted: &str) -> bool {
    dotted.ends_with(&TABLE.routers.suffix)
}

pub(super) fn is_register(method: &str) -> bool {
    TABLE.routers.register.iter().any(|name| name == method)
}

pub(super) fn is_action(decorator: &str) -> bool {
    TABLE.routers.actions.iter().any(|name| name == decorator)
}

pub(super) fn router_routes() -> &'static [RouterRoute] {
    &TABLE.router_routes
}

/// The base of views.
pub fn view() -> &'static str {
    &TABLE.views.base
}

/// The base of view sets, whose actions answer requests.
pub fn view_set() -> &'static str {
    &TABLE.views.sets
}

/// The actions of view sets that answer a request which only reads, in the order of their routes.
pub fn reading_actions() -> impl Iterator<Item = &'static str> {
    let actions = TABLE.router_routes.iter().flat_map(|route| &route.actions);
    actions
        .filter(|(method, _)| method == "get")
        .map(|(_, action)| action.as_str())
}

/// Whether a method of that name of a view answers a request which only reads.
pub fn answers_reads(method: &str) -> bool {
    TABLE.views.reads.iter().any(|name| name == method) || reading_actions().any(|action| action == method)
}

/// Views of Django that give everybody the same answer.
pub fn shared() -> &'static Shared {
    &TABLE.shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_parses() {
        assert_eq!(route("django.urls.path"), Some(Syntax::Path));
        assert_eq!(
            patterns("django.conf.urls.i18n.i18n_patterns"),
            Some(Patterns::Arguments)
        );
        assert!(is_include("django.urls.include"));
        assert_eq!(router_routes().len(), 2);
        assert_eq!(reading_actions().collect::<Vec<_>>(), ["list", "retrieve"]);
        for class in [view(), view_set(), &shared().feed, &shared().sitemap] {
            assert!(crate::project::stubs::declares(class), "{class}");
        }
        assert!(shared().is_of_requests("COOKIES") && shared().is_harmless("require_safe"));
        assert!(answers_reads("dispatch") && answers_reads("list") && !answers_reads("create"));
    }
}
