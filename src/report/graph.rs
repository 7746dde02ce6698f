//! Models and relations as text, JSON or a Graphviz graph.

use serde::Serialize;

use super::escape_line;

/// All models of a project, as Django would see them.
#[derive(Debug, Clone, Default, Serialize)]
pub struct GraphView {
    pub models: Vec<ModelView>,
}

/// One model.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ModelView {
    /// `app_label.Model`.
    pub label: String,
    pub module: String,
    pub path: String,
    pub line: u32,
    #[serde(rename = "abstract")]
    pub abstract_: bool,
    pub proxy: bool,
    pub managed: bool,
    /// Relations this model declares or inherits.
    pub fields: Vec<RelationView>,
    /// Relations of other models that end here.
    pub reverse: Vec<RelationView>,
    /// All of them, the one that Django adds included.
    pub managers: Vec<String>,
    pub default_manager: Option<String>,
    /// Labels of the tables it extends, or of the model a proxy stands for.
    pub parents: Vec<String>,
    pub ordering: Vec<String>,
    /// Field names of each entry of `Meta.indexes`; none for expressions.
    pub indexes: Vec<Vec<String>>,
    pub unique_together: Vec<Vec<String>>,
    pub table: TableView,
}

/// The table of a model, that of its concrete parent for proxies.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TableView {
    pub name: String,
    /// Why there may be more indexes than these; absent when there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    pub indexes: Vec<IndexView>,
    /// The tables that Django makes for relations to many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub between: Vec<BetweenView>,
}

#[derive(Debug, Clone, Default, Serialize)]
pub struct BetweenView {
    pub relation: String,
    pub name: String,
    pub indexes: Vec<IndexView>,
}

/// One index of a table, constraints and keys included.
#[derive(Debug, Clone, Default, Serialize)]
pub struct IndexView {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// `name`, `-name`, `Upper(name)`, `name varchar_pattern_ops`; `?` for other expressions.
    pub columns: Vec<String>,
    pub unique: bool,
    pub method: &'static str,
    /// Of a partial index, as lookups; `…` for what cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<String>,
    /// `primary_key`, `unique`, `db_index`, `foreign_key`, `indexes`, `constraints`, `sql` …
    pub origin: &'static str,
    /// Serves patterns only.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pattern: bool,
}

/// One direction of a relation.
#[derive(Debug, Clone, Default, Serialize)]
pub struct RelationView {
    pub name: String,
    /// `fk`, `o2o`, `m2m`, `gfk`, `generic_relation` …
    pub kind: &'static str,
    /// `app_label.Model`; absent when it is not known, or any model.
    pub target: Option<String>,
    pub null: bool,
    /// The attribute on the target that leads back.
    pub accessor_of_reverse: Option<String>,
    /// The name that leads back in lookups.
    pub query_name: Option<String>,
}

impl GraphView {
    /// Keeps the models of one app.
    pub fn retain_app(&mut self, app: &str) {
        self.models.retain(|model| app_of(&model.label) == app);
    }
}

/// The view as a versioned document.
pub fn json(view: &GraphView) -> String {
    super::json::pretty(&serde_json::json!({"version": 1, "models": view.models}))
}

/// One paragraph a model.
pub fn text(view: &GraphView) -> String {
    let mut out = String::new();
    for model in &view.models {
        let flags: String = [
            (model.abstract_, " abstract"),
            (model.proxy, " proxy"),
            (!model.managed, " unmanaged"),
        ]
        .iter()
        .filter(|(on, _)| *on)
        .map(|(_, word)| *word)
        .collect();
        out.push_str(&format!(
            "{}{flags}  {}:{}\n",
            model.label, model.path, model.line
        ));
        let width = model
            .fields
            .iter()
            .chain(&model.reverse)
            .map(|r| r.name.chars().count())
            .max()
            .unwrap_or(0);
        for relation in &model.fields {
            let null = if relation.null { ", null" } else { "" };
            let back = relation
                .accessor_of_reverse
                .as_ref()
                .map_or(String::new(), |b| format!(", back: {b}"));
            out.push_str(&format!(
                "  {:width$} → {} ({}{null}{back})\n",
                relation.name,
                target(relation),
                relation.kind
            ));
        }
        for relation in &model.reverse {
            out.push_str(&format!(
                "  {:width$} ← {} ({})\n",
                relation.name,
                target(relation),
                relation.kind
            ));
        }
        if !model.managers.is_empty() {
            out.push_str(&format!("  managers: {}\n", model.managers.join(", ")));
        }
    }
    super::escape_text(&out).into_owned()
}

/// A Graphviz digraph with one edge a forward relation.
pub fn dot(view: &GraphView) -> String {
    let mut out = String::from("digraph models {\n  rankdir=LR;\n  node [shape=box];\n");
    for model in &view.models {
        let style = if model.abstract_ || model.proxy {
            " [style=dashed]"
        } else {
            ""
        };
        out.push_str(&format!("  {}{style};\n", quoted(&model.label)));
    }
    for model in &view.models {
        for relation in &model.fields {
            if let Some(target) = &relation.target {
                let arrow = if relation.kind == "m2m" { ", dir=both" } else { "" };
                let (from, to, name) = (quoted(&model.label), quoted(target), quoted(&relation.name));
                out.push_str(&format!("  {from} -> {to} [label={name}{arrow}];\n"));
            }
        }
    }
    out.push_str("}\n");
    out
}

fn target(relation: &RelationView) -> &str {
    relation.target.as_deref().unwrap_or("?")
}

fn app_of(label: &str) -> &str {
    label.rsplit_once('.').map_or("", |(app, _)| app)
}

fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        escape_line(text).replace('\\', "\\\\").replace('"', "\\\"")
    )
}

#[cfg(test)]
mod tests {
    use super::{GraphView, ModelView, RelationView, dot, json, text};

    fn graph() -> GraphView {
        let customer = RelationView {
            name: "customer".into(),
            kind: "fk",
            target: Some("crm.Customer".into()),
            accessor_of_reverse: Some("order_set".into()),
            query_name: Some("order".into()),
            ..RelationView::default()
        };
        let back = RelationView {
            name: "order_set".into(),
            target: Some("shop.Order".into()),
            ..customer.clone()
        };
        let order = ModelView {
            label: "shop.Order".into(),
            path: "shop/models.py".into(),
            line: 3,
            managed: true,
            fields: vec![customer],
            managers: vec!["objects".into()],
            ..ModelView::default()
        };
        let person = ModelView {
            label: "crm.Customer".into(),
            managed: true,
            reverse: vec![back],
            ..ModelView::default()
        };
        GraphView {
            models: vec![order, person],
        }
    }

    #[test]
    fn three_forms_tell_the_same_relation() {
        let view = graph();
        assert!(text(&view).contains("  customer → crm.Customer (fk, back: order_set)\n"));
        assert!(text(&view).contains("  order_set ← shop.Order (fk)\n"));
        assert!(dot(&view).contains("\"shop.Order\" -> \"crm.Customer\" [label=\"customer\"];"));
        let document: serde_json::Value = serde_json::from_str(&json(&view)).unwrap();
        assert_eq!(document["models"][0]["fields"][0]["query_name"], "order");
    }

    #[test]
    fn one_app_can_be_picked() {
        let mut view = graph();
        view.retain_app("crm");
        assert_eq!(view.models.len(), 1);
    }
}
