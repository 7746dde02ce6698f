//! What classes of frameworks let users filter, search and sort by, as uses: `rules/django/offered.toml`.
//!
//! Nobody knows how often users do so; such uses back others up, and seldom ask for an index alone.

use std::sync::{Arc, LazyLock};

use serde::Deserialize;

use crate::ir::{Call, Const, DictItem, Expr, ExprKind};
use crate::project::{ClassId, Def, Member, ModelId, Part, Project};
use crate::source::{FileId, Site, Sym};

use super::Registered;
use super::conditions::{Compared, Condition, Filter, Given, Order};
use super::uses::Use;

#[derive(Deserialize)]
struct Document {
    offered: Vec<Row>,
    declared: Declared,
}

#[derive(Deserialize)]
struct Row {
    base: String,
    attribute: String,
    asks: Asks,
    model: String,
    #[serde(default)]
    always: bool,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum Asks {
    Equal,
    Range,
    Search,
    Lookups,
    Order,
    Orders,
}

#[derive(Deserialize)]
struct Declared {
    holder: String,
    base: String,
    ordering: String,
    field: String,
    lookup: String,
    method: String,
    order: String,
}

#[expect(
    clippy::expect_used,
    reason = "the table is compiled in and checked by a test"
)]
static TABLE: LazyLock<Document> = LazyLock::new(|| {
    toml::from_str(include_str!("../../rules/django/offered.toml")).expect("offered.toml is valid")
});

/// All uses that the classes of the project's own code offer.
pub fn uses(project: &Project) -> Vec<Use> {
    let registered = super::admin_models(project);
    let mut out = Vec::new();
    for class in project.class_ids() {
        let file = project.class(class).file;
        if !matches!(project.file(file).part, Part::Source) {
            continue;
        }
        let offer = Offer {
            project,
            registered: &registered,
            class,
        };
        for row in &TABLE.offered {
            if project.derives_from(class, &[&row.base]) {
                offer.listed(row, &mut out);
            }
        }
        if project.derives_from(class, &[&TABLE.declared.holder]) {
            offer.filters(&TABLE.declared, &mut out);
        }
    }
    out
}

struct Offer<'p> {
    project: &'p Project,
    /// Which classes are registered for which models.
    registered: &'p Registered,
    class: ClassId,
}

impl Offer<'_> {
    fn listed(&self, row: &Row, out: &mut Vec<Use>) {
        let Some((file, value, site)) = self.own(&row.attribute) else {
            return;
        };
        let texts = texts(value);
        for model in self.models(&row.model) {
            let mut add = |condition: Option<Condition>, order: Order, limited: bool| {
                out.push(Use {
                    offered: !row.always || self.narrows(),
                    ..self.used(model, condition, order, limited, site)
                });
            };
            match row.asks {
                Asks::Equal => texts
                    .iter()
                    .for_each(|t| add(Some(compared(*t)), Order::By([].into(), None), false)),
                Asks::Range => texts.iter().for_each(|t| {
                    add(
                        Some(compared(Sym::new(&format!("{t}__year")))),
                        Order::By([].into(), None),
                        false,
                    );
                }),
                Asks::Search => {
                    let parts: Vec<Condition> = texts.iter().map(|t| compared(searched(*t))).collect();
                    match parts.len() {
                        0 => {}
                        1 => add(parts.into_iter().next(), Order::By([].into(), None), false),
                        _ => add(Some(Condition::Any(parts)), Order::By([].into(), None), false),
                    }
                }
                Asks::Lookups => self
                    .lookups(file, value)
                    .into_iter()
                    .for_each(|t| add(Some(compared(t)), Order::By([].into(), None), false)),
                Asks::Order => {
                    if !texts.is_empty() {
                        add(None, Order::By(texts.clone().into(), None), true);
                    }
                }
                Asks::Orders => texts
                    .iter()
                    .for_each(|t| add(None, Order::By([*t].into(), None), true)),
            }
        }
    }

    /// The filters that a filter set declares.
    fn filters(&self, names: &Declared, out: &mut Vec<Use>) {
        let facts = self.project.class_facts(self.class);
        let file = self.project.class(self.class).file;
        for model in self.models("Meta.model") {
            for assign in &facts.assigns {
                let Some(ExprKind::Call(call)) = assign.value.as_deref().map(|v| &v.kind) else {
                    continue;
                };
                let site = Site::new(file, assign.span);
                let is = |base: &str| self.makes(file, call, base);
                if is(&names.ordering) {
                    let fields = call.keyword(&names.order).map(keys).unwrap_or_default();
                    for field in fields {
                        out.push(self.used(model, None, Order::By([field].into(), None), true, site));
                    }
                } else if is(&names.base) && call.keyword(&names.method).is_none() {
                    let field = call
                        .keyword(&names.field)
                        .or_else(|| call.positional(0))
                        .and_then(Expr::as_str)
                        .unwrap_or(assign.name);
                    let lookup = match call.keyword(&names.lookup).and_then(Expr::as_str) {
                        Some(lookup) => Sym::new(&format!("{field}__{lookup}")),
                        None => field,
                    };
                    out.push(self.used(
                        model,
                        Some(compared(lookup)),
                        Order::By([].into(), None),
                        false,
                        site,
                    ));
                }
            }
        }
    }

    fn makes(&self, file: FileId, call: &Call, base: &str) -> bool {
        match self.project.resolve_expr(file, &call.func) {
            Some(Def::Class(class)) => self.project.derives_from(class, &[base]),
            Some(Def::External(dotted)) => {
                let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
                let package = base.split('.').next().unwrap_or_default();
                let name = last(dotted.as_str());
                dotted.as_str().starts_with(package)
                    && (name == last(base)
                        || last(base) == "Filter" && name.ends_with("Filter") && name != "OrderingFilter")
            }
            _ => false,
        }
    }

    /// Code of the class or of a base chooses the rows.
    fn narrows(&self) -> bool {
        let found = self.project.class_member(self.class, Sym::new("get_queryset"));
        found.is_some_and(|(owner, _)| !self.project.is_stub(self.project.class(owner).file))
    }

    /// Paths with their lookups, which may be a constant.
    fn lookups(&self, file: FileId, value: &Expr) -> Vec<Sym> {
        let ExprKind::Dict(items) = &value.kind else {
            return texts(value);
        };
        let constant = |named: &Expr| match self.project.resolve_expr(file, named)? {
            Def::Assign(from, idx) => {
                let value = self.project.file(from).facts.assigns[idx as usize]
                    .value
                    .as_deref()?;
                Some(texts(value))
            }
            _ => None,
        };
        let of = |item: &DictItem| -> Option<Vec<Sym>> {
            let field = item.key.as_ref()?.as_str()?;
            let named = match item.value.kind {
                ExprKind::Name(_) | ExprKind::Attr(_) => constant(&item.value)?,
                _ => texts(&item.value),
            };
            Some(named.iter().map(|l| Sym::new(&format!("{field}__{l}"))).collect())
        };
        items.iter().filter_map(of).flatten().collect()
    }

    /// An attribute that the class itself sets.
    fn own(&self, attribute: &str) -> Option<(FileId, &Expr, Site)> {
        let project = self.project;
        let (class, name) = match attribute.strip_prefix("Meta.") {
            Some(name) => match project.class_member(self.class, Sym::new("Meta"))? {
                (owner, Member::Class(meta)) if owner == self.class => (meta, name),
                _ => return None,
            },
            None => (self.class, attribute),
        };
        let facts = project.class_facts(class);
        let file = project.class(class).file;
        let assign = facts.assigns.iter().rev().find(|a| a.name == *name)?;
        Some((file, assign.value.as_deref()?, Site::new(file, assign.span)))
    }

    fn models(&self, named: &str) -> Vec<ModelId> {
        let project = self.project;
        if named == "registered" {
            return self.registered.get(&self.class).cloned().unwrap_or_default();
        }
        let Some((file, mut value, _)) = self.own(named) else {
            return Vec::new();
        };
        // `Model.objects.filter(…)`: the name in front.
        loop {
            if let Some(Def::Class(class)) = project.resolve_expr(file, value) {
                return project.model_of_class(class).into_iter().collect();
            }
            value = match &value.kind {
                ExprKind::Call(call) => &call.func,
                ExprKind::Attr(attr) => &attr.base,
                _ => return Vec::new(),
            };
        }
    }

    fn used(
        &self,
        model: ModelId,
        condition: Option<Condition>,
        order: Order,
        limited: bool,
        site: Site,
    ) -> Use {
        let filter = |condition| Filter {
            condition: Arc::new(condition),
            site,
            sometimes: false,
            either: false,
        };
        Use {
            model,
            related: None,
            open: false,
            filters: Arc::new(condition.map(filter).into_iter().collect()),
            order,
            limited,
            op: Some(Sym::new("iterate")),
            annotations: Vec::new(),
            site,
            place: site,
            repeated: false,
            offered: true,
        }
    }
}

fn compared(lookup: Sym) -> Condition {
    Condition::Compared(Compared {
        lookup,
        given: Given::Other,
    })
}

/// What a search field asks: `^name` for the start, `=name` for all of it, else a part, upper and lower case alike.
fn searched(field: Sym) -> Sym {
    let text = field.as_str();
    let (name, lookup) = match text.split_at_checked(1) {
        Some(("^", name)) => (name, "istartswith"),
        Some(("=", name)) => (name, "iexact"),
        Some(("@", name)) => (name, "search"),
        _ => (text, "icontains"),
    };
    Sym::new(&format!("{name}__{lookup}"))
}

/// Literal texts: one, or those of a list; of pairs the first.
fn texts(value: &Expr) -> Vec<Sym> {
    match &value.kind {
        ExprKind::Const(Const::Str(text)) => vec![*text],
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => items
            .iter()
            .filter_map(|item| match &item.kind {
                ExprKind::Tuple(pair) => pair.first().and_then(Expr::as_str),
                _ => item.as_str(),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// As [`texts`], or the literal keys of a mapping.
fn keys(value: &Expr) -> Vec<Sym> {
    match &value.kind {
        ExprKind::Dict(items) => items
            .iter()
            .filter_map(|item| item.key.as_ref().and_then(Expr::as_str))
            .collect(),
        _ => texts(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_well_formed() {
        assert!(TABLE.offered.len() > 5);
        assert!(TABLE.offered.iter().all(|row| row.base.contains('.')));
        assert_eq!(searched(Sym::new("=code")), Sym::new("code__iexact"));
        assert_eq!(searched(Sym::new("title")), Sym::new("title__icontains"));
    }
}
