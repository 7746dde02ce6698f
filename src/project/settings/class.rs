//! Settings classes, as django-configurations reads them.
//!
//! A class's settings are those of its bases, each replaced by the one before it, and its own. Attributes that a
//! method computes are unknown.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::eval::{Evaluator, Run, State};
use super::value::{Value, Why};
use crate::facts::{ClassFacts, FileFacts, ImportKind};
use crate::ir::{ClassIdx, Expr, ExprKind};
use crate::project::modules::Resolved;
use crate::source::{FileId, Site, Sym};

/// Classes that derive from each other.
const MAX_BASES: u32 = 12;

/// Whether a file has a class at its top that may hold settings.
pub(super) fn any(facts: &FileFacts) -> bool {
    facts.classes.iter().any(holds_settings)
}

fn holds_settings(class: &ClassFacts) -> bool {
    class.parent_class.is_none() && class.parent_func.is_none() && !class.bases.is_empty()
}

impl<'a> Evaluator<'a> {
    /// The classes of a file that derive from `configurations.Configuration`, with what they hold.
    pub fn configurations(&mut self, file: FileId) -> Vec<(Sym, Arc<State>)> {
        let Some(facts) = self.facts.get(&file).copied() else {
            return Vec::new();
        };
        let classes = facts.classes.iter().enumerate();
        let candidates: Vec<(ClassIdx, Sym)> = classes
            .filter(|(_, class)| holds_settings(class))
            .map(|(at, class)| (ClassIdx(at as u32), class.name))
            .collect();
        let mut found = Vec::new();
        for (idx, name) in candidates {
            if self.is_configuration(file, idx, MAX_BASES)
                && let Some(state) = self.class(file, idx, MAX_BASES)
            {
                found.push((name, state));
            }
        }
        found
    }

    fn is_configuration(&self, file: FileId, idx: ClassIdx, depth: u32) -> bool {
        let (Some(depth), Some(facts)) = (depth.checked_sub(1), self.facts.get(&file)) else {
            return false;
        };
        facts.classes[idx.0 as usize].bases.iter().any(|base| {
            let library = base.last_name().is_some_and(|name| name == "Configuration")
                && facts
                    .imports
                    .iter()
                    .any(|import| import.module == "configurations");
            library
                || self
                    .class_of(file, base)
                    .is_some_and(|(file, idx)| self.is_configuration(file, idx, depth))
        })
    }

    /// The class of the project that a name stands for.
    fn class_of(&self, file: FileId, expr: &Expr) -> Option<(FileId, ClassIdx)> {
        let name = expr.last_name()?;
        let facts = self.facts.get(&file)?;
        let local = |facts: &FileFacts, name: Sym| {
            let at = facts
                .classes
                .iter()
                .position(|c| c.name == name && holds_settings(c))?;
            Some(ClassIdx(at as u32))
        };
        if let Some(idx) = local(facts, name) {
            return Some((file, idx));
        }
        facts.imports.iter().rev().find_map(|import| {
            let wanted = match import.kind {
                ImportKind::From { name: from, bound } if bound == name => from,
                ImportKind::Star => name,
                _ => return None,
            };
            match self.index.resolve(file, import.level, import.module.as_str()) {
                Resolved::File(from) => local(self.facts.get(&from)?, wanted).map(|idx| (from, idx)),
                _ => None,
            }
        })
    }

    /// What a class holds.
    fn class(&mut self, file: FileId, idx: ClassIdx, depth: u32) -> Option<Arc<State>> {
        let depth = depth.checked_sub(1)?;
        let facts = *self.facts.get(&file)?;
        let class = &facts.classes[idx.0 as usize];
        let outer = self.module(file)?;
        let mut state = State {
            overrides: outer.overrides.clone(),
            ..State::default()
        };
        let mut names = FxHashMap::default();
        for base in class.bases.iter().rev() {
            let Some((from, base)) = self.class_of(file, base) else {
                continue;
            };
            if let Some(held) = self.class(from, base, depth) {
                names.extend(held.names.iter().map(|(name, setting)| (*name, setting.clone())));
                if !state.parents.contains(&from) && from != file {
                    state.parents.push(from);
                }
            }
        }
        state.names = names;
        let mut run = Run::new(self, file, state);
        run.outer = Some(outer);
        let mut assigns: Vec<_> = class
            .assigns
            .iter()
            .map(|assign| (assign, assign.augmented))
            .chain(class.added.iter().map(|assign| (assign, true)))
            .collect();
        assigns.sort_by_key(|(assign, _)| assign.span);
        for (assign, augmented) in assigns {
            if let Some(value) = &assign.value {
                run.assign_name(assign.name, value, augmented);
            }
        }
        for (name, func) in &class.methods {
            let span = facts.functions[func.0 as usize].name_span;
            let site = Site::new(file, span);
            run.bind(*name, Value::unknown(Why::Computed, site), site);
        }
        Some(Arc::new(run.state))
    }
}

impl<'a> Run<'_, 'a> {
    /// `Base.NAME` of a class beside.
    pub fn class_member(&mut self, base: &'a Expr, name: Sym) -> Option<Value> {
        if !matches!(base.kind, ExprKind::Name(_)) || self.outer.is_none() {
            return None;
        }
        let (file, idx) = self.all.class_of(self.file, base)?;
        let state = self.all.class(file, idx, 4)?;
        state.names.get(&name).map(|setting| (*setting.value).clone())
    }
}
