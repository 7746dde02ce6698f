//! The registry: one line a rule. Each rule asks the analysis for events and turns them into findings.
//!
//! A rule decides, words and proposes; it resolves no name and walks no tree.

mod aggregate_in_loop;
mod api_without_pagination;
mod atomic_requests_cost;
mod cache_get_in_loop;
mod cache_keys_scan;
mod cached_lazy_queryset;
mod caching;
mod card;
mod connection_per_request;
mod count_in_template;
mod database_sessions;
mod debug_in_production;
mod defeated_prefetch;
mod deferred_field_in_loop;
mod deployment;
mod eager_cache_default;
mod falsy_cache_check;
mod findings;
mod fixes;
mod foreign_key_id_access;
mod fragment_varies_by_user;
mod generic_foreign_key_without_index;
mod get_or_create_without_unique;
mod index_build_locks_table;
mod indexes;
mod invalid_cache_options;
mod loop_invariant_query;
mod low_selectivity_index;
mod middleware;
mod middleware_order;
mod missing_composite_index;
mod model_without_meta_index;
mod per_row_prefetch;
mod pool_with_persistent_connections;
mod process_local_cache;
mod property_query_not_cached;
mod query_in_loop;
mod query_in_middleware;
mod query_in_template_condition;
mod redundant_index;
mod related_access_in_loop;
mod related_set_in_loop;
mod rewrites;
mod server_side_cursors_with_pgbouncer;
mod session_saved_every_request;
mod slow_middleware_order;
pub mod syntax_error;
mod tag_inside_html_comment;
mod template_compiled_per_request;
mod templates;
mod uncached_fragment;
mod uncached_template_loaders;
mod uncached_view;
mod unhashed_static_files;
mod unindexable_lookup;
mod unindexed_filter;
mod unindexed_order;
pub mod unknown_rule_in_suppression;
pub mod unused_suppression;
mod wording;

use std::cell::OnceCell;

use crate::analysis::Analysis;
use crate::analysis::advice::{self, Advice};
use crate::analysis::asked::Asks;
use crate::analysis::judge::Judged;
use crate::analysis::workload::{self, Predicate};
use crate::fix::Trees;
use crate::project::Project;
use crate::report::diagnostic::{Certainty, Diagnostic, Severity};
use crate::source::{Site, SourceSet};

pub use findings::collect;
pub use indexes::{column, columns, condition, declaration, rule_of};

/// A rule's identity, as its card in `rules/` tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub name: &'static str,
    pub code: &'static str,
    pub group: &'static str,
    pub severity: Severity,
    /// On only with `--preview`.
    pub preview: bool,
    /// The Markdown card, front matter included.
    pub card: &'static str,
}

impl Rule {
    /// Whether what it finds in a file rests on the loads and evaluations that lead through it, and on nothing else.
    pub fn is_about_places(&self) -> bool {
        self.group == "n-plus-one"
    }

    /// The card without its front matter.
    pub fn body(&self) -> &'static str {
        card::body(self.card)
    }

    /// What the rule does, in the first sentences of its card.
    pub fn summary(&self) -> String {
        card::first_paragraph(self.body())
    }

    /// A finding of this rule, certain and with nothing but its place and its message.
    fn finding(&self, site: Site, message: String) -> Diagnostic {
        Diagnostic {
            rule: self.name,
            code: self.code,
            group: self.group,
            severity: self.severity,
            certainty: Certainty::Certain,
            message,
            help: None,
            file: site.file,
            span: site.span,
            model: None,
            relations: Vec::new(),
            fields: Vec::new(),
            queries: None,
            endpoints: Vec::new(),
            labels: Vec::new(),
            fix: None,
        }
    }
}

/// Everything a rule may ask.
pub struct Context<'a> {
    pub project: &'a Project,
    pub analysis: &'a Analysis,
    pub sources: &'a SourceSet,
    /// Loads with their places, in a fixed order.
    pub judged: Vec<Judged<'a>>,
    /// Findings whose evidence is not enough by default are wanted as well.
    pub preview: bool,
    /// For fixes.
    pub trees: Trees<'a>,
    workload: OnceCell<Workload>,
    asks: OnceCell<Asks>,
}

/// What all queries ask of the project's tables, and which indexes those lack.
pub struct Workload {
    pub predicates: Vec<Predicate>,
    pub missing: Vec<Advice>,
}

impl Workload {
    pub fn of(project: &Project, analysis: &Analysis) -> Self {
        let predicates = workload::predicates(project, &analysis.uses);
        let missing = advice::missing(project, &predicates);
        Self { predicates, missing }
    }
}

impl Context<'_> {
    /// What expressions of templates ask the database.
    pub fn asks(&self) -> &Asks {
        self.asks.get_or_init(|| Asks::of(self.project, self.analysis))
    }

    /// Worked out when the first rule asks.
    pub fn workload(&self) -> &Workload {
        self.workload
            .get_or_init(|| Workload::of(self.project, self.analysis))
    }
}

type Check = fn(&Context<'_>, &Rule, &mut Vec<Diagnostic>);

macro_rules! rules {
    ($($module:ident => $card:literal),* $(,)?) => {
        const RULES: &[Rule] = &[$(card::read(include_str!(concat!("../rules/", $card)))),*];
        const CHECKS: &[Check] = &[$($module::check),*];
    };
}

rules! {
    related_access_in_loop => "n-plus-one/related-access-in-loop.md",
    related_set_in_loop => "n-plus-one/related-set-in-loop.md",
    defeated_prefetch => "n-plus-one/defeated-prefetch.md",
    query_in_loop => "n-plus-one/query-in-loop.md",
    aggregate_in_loop => "n-plus-one/aggregate-in-loop.md",
    loop_invariant_query => "n-plus-one/loop-invariant-query.md",
    deferred_field_in_loop => "n-plus-one/deferred-field-in-loop.md",
    foreign_key_id_access => "n-plus-one/foreign-key-id-access.md",
    per_row_prefetch => "n-plus-one/per-row-prefetch.md",
    unindexed_filter => "indexes/unindexed-filter.md",
    unindexed_order => "indexes/unindexed-order.md",
    missing_composite_index => "indexes/missing-composite-index.md",
    redundant_index => "indexes/redundant-index.md",
    unindexable_lookup => "indexes/unindexable-lookup.md",
    low_selectivity_index => "indexes/low-selectivity-index.md",
    generic_foreign_key_without_index => "indexes/generic-foreign-key-without-index.md",
    get_or_create_without_unique => "indexes/get-or-create-without-unique.md",
    index_build_locks_table => "indexes/index-build-locks-table.md",
    model_without_meta_index => "indexes/model-without-meta-index.md",
    uncached_fragment => "templates/uncached-fragment.md",
    fragment_varies_by_user => "templates/fragment-varies-by-user.md",
    uncached_view => "templates/uncached-view.md",
    falsy_cache_check => "templates/falsy-cache-check.md",
    cached_lazy_queryset => "templates/cached-lazy-queryset.md",
    cache_get_in_loop => "templates/cache-get-in-loop.md",
    cache_keys_scan => "templates/cache-keys-scan.md",
    query_in_template_condition => "templates/query-in-template-condition.md",
    count_in_template => "templates/count-in-template.md",
    template_compiled_per_request => "templates/template-compiled-per-request.md",
    tag_inside_html_comment => "templates/tag-inside-html-comment.md",
    property_query_not_cached => "templates/property-query-not-cached.md",
    eager_cache_default => "templates/eager-cache-default.md",
    middleware_order => "settings/middleware-order.md",
    slow_middleware_order => "settings/slow-middleware-order.md",
    query_in_middleware => "settings/query-in-middleware.md",
    connection_per_request => "settings/connection-per-request.md",
    process_local_cache => "settings/process-local-cache.md",
    database_sessions => "settings/database-sessions.md",
    session_saved_every_request => "settings/session-saved-every-request.md",
    uncached_template_loaders => "settings/uncached-template-loaders.md",
    debug_in_production => "settings/debug-in-production.md",
    unhashed_static_files => "settings/unhashed-static-files.md",
    server_side_cursors_with_pgbouncer => "settings/server-side-cursors-with-pgbouncer.md",
    invalid_cache_options => "settings/invalid-cache-options.md",
    atomic_requests_cost => "settings/atomic-requests-cost.md",
    api_without_pagination => "settings/api-without-pagination.md",
    pool_with_persistent_connections => "settings/pool-with-persistent-connections.md",
    syntax_error => "tool/syntax-error.md",
    unused_suppression => "tool/unused-suppression.md",
    unknown_rule_in_suppression => "tool/unknown-rule-in-suppression.md",
}

/// All rules, ordered by code.
pub fn all() -> &'static [Rule] {
    RULES
}

/// Runs one rule.
pub(crate) fn run(rule: &Rule, cx: &Context<'_>, out: &mut Vec<Diagnostic>) {
    if let Some(at) = RULES.iter().position(|r| r.code == rule.code) {
        CHECKS[at](cx, rule, out);
    }
}
