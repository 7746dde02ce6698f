//! DJP411: a text that is always the same is compiled into a template again and again.

use crate::analysis::compiled::{self, Compiled, Often};
use crate::analysis::heat::{self, Heat};
use crate::report::diagnostic::{Diagnostic, Role};
use crate::source::Site;

use super::caching::finding;
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for one in &cx.analysis.compiled {
        if !matches!(heat::of(cx.project, one.site), Heat::Request | Heat::Offered) {
            continue;
        }
        let Some(often) = compiled::often(cx.project, one.func) else {
            continue;
        };
        out.extend(told(cx, rule, one, often));
    }
}

fn told(cx: &Context<'_>, rule: &Rule, one: &Compiled, often: Often) -> Option<Diagnostic> {
    let name = callee(cx, one.site);
    let each = match often {
        Often::Row => "for each row",
        Often::Request => "on each request",
    };
    let message = format!("`{name}(…)` compiles the same text again {each}");
    let help = if one.own {
        "keep the compiled template: in `__init__`, or in a `cached_property`"
    } else {
        "compile it once: at module level, in a function under `functools.cache`, or from a file with `get_template`"
    };
    let places = [(one.site, Role::Access, "parsed and compiled here")];
    finding(cx, rule, &places, message, help.into())
}

/// What is called, as it is written; only its end where that is long.
fn callee<'a>(cx: &'a Context<'_>, site: Site) -> &'a str {
    let text = &cx.sources.get(site.file).text;
    let call = text
        .get(site.span.start as usize..site.span.end as usize)
        .unwrap_or("");
    let head = call.split_once('(').map_or(call, |(head, _)| head);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    if call.contains(").from_string(") {
        "from_string"
    } else if head.chars().all(plain) {
        head.rsplit('.').next().unwrap_or(head)
    } else {
        "from_string"
    }
}
