//! DJP513: a transaction around every view.

use crate::project::Part;
use crate::project::settings::Value;
use crate::report::diagnostic::Diagnostic;

use super::deployment::{databases, entry, found, serving};
use super::{Context, Rule};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    // Whoever takes views out has decided about the others.
    let mut files = cx.project.file_ids();
    let chosen = files.any(|file| {
        let own = cx.project.file(file).part == Part::Source;
        own && cx.sources.get(file).text.contains("non_atomic_requests")
    });
    if chosen {
        return;
    }
    for module in serving(cx) {
        for served in databases(module) {
            let Some(atomic) = entry(served.dict, "ATOMIC_REQUESTS") else {
                continue;
            };
            if atomic.value != Value::Bool(true) {
                continue;
            }
            let message =
                "every view runs in a transaction of its own: `BEGIN` and `COMMIT` around each, and a connection held while it waits for others".to_owned();
            let help = "use `transaction.atomic()` where several writes belong together, or take views out with `@transaction.non_atomic_requests`";
            found(cx, rule, module, atomic.site, (message, help), out);
        }
    }
}
