//! DJP511: cursors on the server behind a pooler that hands connections on between transactions.

use crate::fix::{Safety, entry};
use crate::project::hints::Database;
use crate::project::settings::Value;
use crate::report::diagnostic::{Certainty, Diagnostic};

use super::deployment::{databases, found, lacks, pooler};
use super::{Context, Rule, fixes};

pub(super) fn check(cx: &Context<'_>, rule: &Rule, out: &mut Vec<Diagnostic>) {
    for module in &cx.project.settings().modules {
        for served in databases(module) {
            let Some(proof) = pooler(served.dict).filter(|_| served.kind == Some(Database::PostgreSql))
            else {
                continue;
            };
            let off = served.dict.get("DISABLE_SERVER_SIDE_CURSORS");
            let on = match off {
                Some(entry) => entry.value == Value::Bool(false) && !entry.sometimes,
                None => lacks(served.dict, "DISABLE_SERVER_SIDE_CURSORS"),
            };
            // In a transaction all of `iterator()` runs over one connection.
            if !on || served.dict.get("ATOMIC_REQUESTS").is_some() {
                continue;
            }
            let message =
                "`iterator()` opens a cursor on the server, and a PgBouncer that pools transactions asks another connection for its rows, which does not know the cursor".to_owned();
            let help = "set `\"DISABLE_SERVER_SIDE_CURSORS\": True` when PgBouncer pools transactions (`pool_mode = transaction`)";
            if let Some(found) = found(cx, rule, module, proof.site, (message, help), out) {
                found.certainty = Certainty::Likely;
                let fix = match off {
                    Some(off) => entry::replace(&cx.trees, off.site, "True", Safety::Unsafe),
                    None => entry::insert(
                        &cx.trees,
                        proof,
                        "DISABLE_SERVER_SIDE_CURSORS",
                        "True",
                        Safety::Unsafe,
                    ),
                };
                fixes::offer(found, fix);
            }
        }
    }
}
