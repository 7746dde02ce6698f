//! Code actions: fixes, suppressions and explanations for what is found, and all safe fixes of a document.

use std::path::Path;

use gen_lsp_types::{CodeActionParams, CodeActionTriggerKind};
use lsp_server::{ErrorCode, RequestId};
use serde_json::{Value, json};

use super::commands::{EXPLAIN, SHOW};
use super::edits::Outlook;
use super::push::Known;
use super::server::{Answer, Server, read};
use super::snapshot::Page;
use super::uri;
use super::waiting::Want;
use crate::fix::{Fix, Safety};
use crate::report::diagnostic::{Diagnostic, Role};
use crate::session;
use crate::source::Span;

const QUICK_FIX: &str = "quickfix";
const FIX_ALL: &str = "source.fixAll.djperf";

/// What an action does, written so that it can be found again when the client wants its edit.
enum Deed<'d> {
    Fix(&'d Diagnostic),
    Suppress(&'d Diagnostic),
    FixAll,
}

impl Server {
    pub(super) fn code_actions(&mut self, id: &RequestId, params: &Value) -> Answer {
        let params: CodeActionParams = read(params)?;
        self.answer_or_wait(id, Want::Actions(params))
    }

    pub(super) fn try_code_actions(&mut self, params: &CodeActionParams, late: bool) -> Option<Answer> {
        let Some(path) = uri::path(&params.text_document.uri) else {
            return Some(Ok(Some(json!([]))));
        };
        let page = match self.known(&path) {
            Known::Page(Some(page)) => page,
            Known::Pending if !late => return None,
            _ => return Some(Ok(Some(json!([])))),
        };
        let only: Option<Vec<String>> = params
            .context
            .only
            .as_ref()
            .map(|kinds| kinds.iter().map(|kind| kind.to_string()).collect());
        let wanted = |kind: &str| {
            only.as_ref()
                .is_none_or(|only| only.iter().any(|one| covers(one, kind)))
        };
        let span = self.teller().paper(&page, page.file).span(params.range);
        let mut actions = Vec::new();
        if wanted(QUICK_FIX) {
            for diagnostic in page.diagnostics.iter().filter(|d| touches(d.span, span)) {
                self.about(&path, &page, diagnostic, &mut actions);
            }
            self.by_evidence(&path, &page, span, &mut actions);
        }
        // Where nothing is found, and nobody asked, there is no lamp either.
        let invoked = params.context.trigger_kind == Some(CodeActionTriggerKind::Invoked);
        let asked = only.is_some() || invoked || !actions.is_empty();
        if wanted(FIX_ALL) && asked && !fixes_of(&page).is_empty() {
            let action = json!({"title": "djperf: fix all auto-fixable problems", "kind": FIX_ALL});
            actions.extend(self.with_edit(&path, &page, action, &Deed::FixAll));
        }
        Some(Ok(Some(Value::Array(actions))))
    }

    fn about(&self, path: &Path, page: &Page<'_>, diagnostic: &Diagnostic, actions: &mut Vec<Value>) {
        let shown = json!([self.teller().one(page, diagnostic)]);
        let head = format!("{} ({})", super::findings::SOURCE, diagnostic.code);
        if let Some(fix) = self.offered(path, diagnostic) {
            let mut action = json!({"title": format!("{head}: {}", worded(&fix.title)), "kind": QUICK_FIX, "diagnostics": shown});
            if fix.safety == Safety::Safe && self.client.preferred {
                action["isPreferred"] = true.into();
            }
            actions.extend(self.with_edit(path, page, action, &Deed::Fix(diagnostic)));
        }
        let action = json!({"title": format!("{head}: suppress on this line"), "kind": QUICK_FIX, "diagnostics": shown});
        actions.extend(self.with_edit(path, page, action, &Deed::Suppress(diagnostic)));
        let title = format!("{head}: explain");
        actions.push(json!({
            "title": title,
            "kind": QUICK_FIX,
            "diagnostics": shown,
            "command": {"title": title, "command": EXPLAIN, "arguments": [diagnostic.code, SHOW]},
        }));
    }

    /// Fixes elsewhere for what is read here.
    fn by_evidence(&self, path: &Path, page: &Page<'_>, span: Span, actions: &mut Vec<Value>) {
        let Some((_, project)) = self.projects.of(path) else {
            return;
        };
        for diagnostic in project.snapshot.led_from(path) {
            let here = diagnostic.labels.iter().any(|label| {
                label.role == Role::Access && label.site.file == page.file && touches(label.site.span, span)
            });
            let Some(fix) = self.offered(path, diagnostic).filter(|_| here) else {
                continue;
            };
            // Findings of other files are those of the whole project.
            let place = project
                .snapshot
                .outcome()
                .map(|outcome| outcome.sources.get(diagnostic.file));
            let Some(there) = place.and_then(|file| project.snapshot.page(&page.cwd.join(&file.path))) else {
                continue;
            };
            let title = format!(
                "{} ({}): {}",
                super::findings::SOURCE,
                diagnostic.code,
                worded(&fix.title)
            );
            let title = format!("{title}, in {}", there.source().path);
            let at = there.path_of(diagnostic.file);
            let action = json!({"title": title, "kind": QUICK_FIX});
            actions.extend(self.with_edit(&at, &there, action, &Deed::Fix(diagnostic)));
        }
    }

    /// The fix of a finding, if the user may be offered it.
    fn offered<'d>(&self, path: &Path, diagnostic: &'d Diagnostic) -> Option<&'d Fix> {
        let least = if self.configured.of(path).unsafe_fixes {
            Safety::Unsafe
        } else {
            Safety::Safe
        };
        diagnostic.fix.as_ref().filter(|fix| fix.safety.reaches(least))
    }

    /// An action with its edit, or with what is needed to make it later; none if nothing can be edited.
    fn with_edit(&self, path: &Path, page: &Page<'_>, mut action: Value, deed: &Deed<'_>) -> Option<Value> {
        let stamp = self.documents.get(path).map(|document| document.stamp);
        if self.client.resolves && self.is_open_or_same(path, page) {
            let (what, diagnostic) = match deed {
                Deed::Fix(diagnostic) => ("fix", Some(diagnostic)),
                Deed::Suppress(diagnostic) => ("suppress", Some(diagnostic)),
                Deed::FixAll => ("fixAll", None),
            };
            if matches!(deed, Deed::Suppress(d) if d.group == "tool") || !self.can_create(deed) {
                return None;
            }
            action["data"] = json!({
                "uri": self.documents.uri(path),
                "stamp": stamp,
                "do": what,
                "code": diagnostic.map(|d| d.code),
                "span": diagnostic.map(|d| [d.span.start, d.span.end]),
                "message": diagnostic.map(|d| &d.message),
            });
            return Some(action);
        }
        action["edit"] = self.workspace_edit(&outlook(page, deed)?)?;
        Some(action)
    }

    fn is_open_or_same(&self, path: &Path, page: &Page<'_>) -> bool {
        let document = self.documents.get(path);
        document.is_none_or(|document| document.text() == &*page.source().text)
    }

    /// Whether the client can make the files that a fix needs.
    fn can_create(&self, deed: &Deed<'_>) -> bool {
        let creates = match deed {
            Deed::Fix(diagnostic) => diagnostic
                .fix
                .as_ref()
                .is_some_and(|fix| !fix.migrations.is_empty()),
            _ => false,
        };
        !creates || (self.client.creates_files && self.client.document_changes)
    }

    /// The edit of an action that was offered before.
    pub(super) fn resolve(&mut self, mut action: Value) -> Answer {
        let data = action.get("data").cloned().unwrap_or_default();
        let text = |key: &str| data.get(key).and_then(Value::as_str);
        let Some(what) = text("do") else {
            return Ok(Some(action));
        };
        let moved = || {
            (
                ErrorCode::ContentModified,
                "the text has changed since".to_owned(),
            )
        };
        let path = text("uri").and_then(|uri| uri::path(&uri.into()));
        let path = path.ok_or_else(|| (ErrorCode::InvalidParams, "no such document".to_owned()))?;
        let stamp = self.documents.get(&path).map(|document| document.stamp);
        if stamp != data.get("stamp").and_then(Value::as_u64) {
            return Err(moved());
        }
        let Known::Page(Some(page)) = self.known(&path) else {
            return Err(moved());
        };
        let same = |d: &&&Diagnostic| {
            Some(d.code) == text("code")
                && Some(d.message.as_str()) == text("message")
                && data.get("span") == Some(&json!([d.span.start, d.span.end]))
        };
        let diagnostic = page.diagnostics.iter().find(same);
        let deed = match (what, diagnostic) {
            ("fixAll", _) => Deed::FixAll,
            ("fix", Some(diagnostic)) => Deed::Fix(diagnostic),
            ("suppress", Some(diagnostic)) => Deed::Suppress(diagnostic),
            _ => return Err(moved()),
        };
        let edit = outlook(&page, &deed).and_then(|outlook| self.workspace_edit(&outlook));
        action["edit"] = edit.ok_or_else(moved)?;
        Ok(Some(action))
    }

    /// The edit that makes all safe fixes of a document.
    pub(super) fn fix_all(&self, path: &Path) -> Option<Value> {
        let Known::Page(Some(page)) = self.known(path) else {
            return None;
        };
        self.workspace_edit(&outlook(&page, &Deed::FixAll)?)
    }
}

fn outlook(page: &Page<'_>, deed: &Deed<'_>) -> Option<Outlook> {
    match deed {
        Deed::Fix(diagnostic) => Outlook::of(page, &[diagnostic.fix.as_ref()?]),
        Deed::Suppress(diagnostic) => {
            let text = session::suppressed(page.sources, diagnostic).ok()?;
            Some(Outlook::one(page, diagnostic.file, text))
        }
        Deed::FixAll => {
            let fixes = fixes_of(page);
            Outlook::of(page, &fixes).or_else(|| {
                // One of them breaks the text: the others are still good.
                let good: Vec<&Fix> = fixes
                    .into_iter()
                    .filter(|fix| Outlook::of(page, &[fix]).is_some())
                    .collect();
                Outlook::of(page, &good)
            })
        }
    }
}

/// Safe fixes that change nothing but the page itself.
fn fixes_of<'p>(page: &Page<'p>) -> Vec<&'p Fix> {
    let fixes = page
        .diagnostics
        .iter()
        .filter_map(|diagnostic| diagnostic.fix.as_ref());
    fixes
        .filter(|fix| fix.safety == Safety::Safe && fix.migrations.is_empty())
        .filter(|fix| fix.edits.iter().all(|edit| edit.file == page.file))
        .collect()
}

/// Kinds are paths: one that is asked for covers those below it.
fn covers(asked: &str, kind: &str) -> bool {
    let rest = kind.strip_prefix(asked);
    asked.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// A title as menus show it: one line that goes on behind a colon, without signs of Markdown.
fn worded(title: &str) -> String {
    let title = title.replace('`', "");
    let mut chars = title.chars();
    let first = chars.next().map(|c| c.to_lowercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

fn touches(a: Span, b: Span) -> bool {
    a.start <= b.end && b.start <= a.end
}
