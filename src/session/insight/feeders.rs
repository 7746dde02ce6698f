//! From a template to the code that feeds it: the querysets behind a variable, the declaration of an attribute.

use crate::analysis::place;
use crate::analysis::probe::{self, Probe};
use crate::analysis::value::{Base, Kind, Origin, Query, Row, Value};
use crate::project::{Member, ModelAttr, ModelId};
use crate::source::{FileId, Site, Sym};

use super::{Held, is_own};

pub(super) fn at(held: &Held<'_>, file: FileId, offset: u32) -> Option<Vec<Site>> {
    let pointed = place::at(held.project, file, offset)?;
    let mut found = match pointed.of {
        Some((base, name)) => {
            let of = place::Pointed {
                spans: vec![base],
                of: None,
                ..pointed
            };
            let probe = probe::probe(held.project, held.analysis, &of)?;
            each(&probe, &|value| declared(held, value, name))
        }
        None => {
            let probe = probe::probe(held.project, held.analysis, &pointed)?;
            each(&probe, &made)
        }
    };
    found.retain(|site| is_own(held, *site));
    Some(found)
}

/// What all contexts say, each once.
fn each(probe: &Probe, of: &dyn Fn(&Value) -> Vec<Site>) -> Vec<Site> {
    let mut found: Vec<Site> = Vec::new();
    for site in probe.contexts.iter().flat_map(|context| of(&context.value)) {
        if !found.contains(&site) {
            found.push(site);
        }
    }
    found.sort();
    found
}

/// Where the rows of a value are asked for.
fn made(value: &Value) -> Vec<Site> {
    match &value.kind {
        Kind::Row(row) => of_row(row),
        Kind::Query(query) => of_query(query),
        Kind::Manager(manager) => of_query(&manager.query),
        Kind::Coll(coll) => made(&coll.elem),
        Kind::Union(all) => all.iter().flat_map(made).collect(),
        _ => Vec::new(),
    }
}

fn of_query(query: &Query) -> Vec<Site> {
    match &query.base {
        Base::Related(row, _) if query.is_plain() => of_row(row),
        Base::Slot(_) => Vec::new(),
        _ => vec![query.site],
    }
}

fn of_row(row: &Row) -> Vec<Site> {
    match &row.origin {
        Origin::Query(query) => of_query(query),
        _ => Vec::new(),
    }
}

/// Where an attribute of a row, or a method of a queryset, is declared; for what a queryset adds to its rows, the queryset.
fn declared(held: &Held<'_>, value: &Value, name: Sym) -> Vec<Site> {
    match &value.kind {
        Kind::Row(row) => {
            let added = match &row.origin {
                Origin::Query(query) => {
                    let to_attr =
                        query.plan.prefetch.iter().any(|p| {
                            p.has_to_attr && p.to.as_str().rsplit("__").next() == Some(name.as_str())
                        });
                    row.steps.is_empty() && (to_attr || query.plan.annotations.contains(&name))
                }
                _ => false,
            };
            if added {
                of_row(row)
            } else {
                attribute(held, row.model, name).into_iter().collect()
            }
        }
        Kind::Query(query) => query
            .classes
            .iter()
            .filter_map(|class| member(held, *class, name))
            .collect(),
        Kind::Manager(manager) => {
            let classes = manager.classes.iter();
            classes.filter_map(|class| member(held, *class, name)).collect()
        }
        Kind::Union(all) => all.iter().flat_map(|part| declared(held, part, name)).collect(),
        _ => Vec::new(),
    }
}

fn attribute(held: &Held<'_>, model: ModelId, name: Sym) -> Option<Site> {
    let project = held.project;
    match project.model_attr(model, name) {
        Some(ModelAttr::Forward(rel) | ModelAttr::Reverse(rel) | ModelAttr::Attname(rel)) => {
            Some(project.relation(rel).site)
        }
        Some(ModelAttr::Column { .. } | ModelAttr::Pk) => {
            let own = |model: ModelId| {
                project
                    .model(model)
                    .fields
                    .iter()
                    .find(|f| f.name == name)
                    .map(|f| f.site)
            };
            own(model).or_else(|| {
                project
                    .model(model)
                    .parents
                    .iter()
                    .find_map(|parent| own(*parent))
            })
        }
        None => member(held, project.model(model).class, name),
    }
}

fn member(held: &Held<'_>, class: crate::project::ClassId, name: Sym) -> Option<Site> {
    let project = held.project;
    let (owner, member) = project.class_member(class, name)?;
    let site = match member {
        Member::Method(func) => Site::new(project.func(func).0, project.routine(func).name_span),
        Member::Class(class) => Site::new(project.class(class).file, project.class_facts(class).name_span),
        Member::Assign(at) => Site::new(
            project.class(owner).file,
            project.class_facts(owner).assigns[at as usize].span,
        ),
    };
    Some(site)
}
