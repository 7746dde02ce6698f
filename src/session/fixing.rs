//! Fixing in rounds, in memory: make the fixes that do not overlap, analyse again, go on until none is left.
//!
//! A round stands only when every text it changed parses, its findings are gone and no new ones came. What does not
//! stand is halved until the fix to blame is alone; that fix is never made. What fixes of several rounds create
//! becomes one file for each directory. Files are written by [`write`] alone.

mod created;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{Find, Outcome, Request, SessionError, Sieve, check, check_by};
use crate::discover::{FileInfo, Overlay, Rewrite, write_all};
use crate::fix::{self, Applied, Fix, Safety, Trees};
use crate::report::diagnostic::Diagnostic;
use crate::source::FileId;
use created::Created;
use verdict::Fault;

/// Rounds, those that did not stand included; most projects need two or three.
const MAX_ROUNDS: usize = 40;

/// What fixing comes to.
#[derive(Debug)]
pub struct Fixing {
    /// Of the fixed texts. Fixes that were tried in vain are for display only.
    pub outcome: Outcome,
    /// Ordered by path; nothing of it is on disk yet.
    pub changes: Vec<Change>,
    /// Ordered by path and rule.
    pub fixed: Vec<Fixed>,
}

impl Fixing {
    /// A run that was not asked to fix anything.
    pub fn without(outcome: Outcome) -> Self {
        Self {
            outcome,
            changes: Vec::new(),
            fixed: Vec::new(),
        }
    }
}

/// A file with another text, or a new one.
#[derive(Debug)]
pub struct Change {
    pub old: Arc<str>,
    pub new: Arc<str>,
    /// The bytes.
    pub rewrite: Rewrite,
}

/// A finding that a fix took away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fixed {
    pub path: String,
    pub code: &'static str,
    pub rule: &'static str,
    pub title: String,
}

/// Makes all fixes of at least this safety, in memory.
pub fn fix(request: &Request, least: Safety) -> Result<Fixing, SessionError> {
    fix_with(&check, request, least)
}

/// As [`fix`], of findings that are new alone.
pub fn fix_new(request: &Request, least: Safety, sieve: &Sieve) -> Result<Fixing, SessionError> {
    let analyse = |request: &Request| {
        let mut outcome = check(request)?;
        sieve.apply(&mut outcome);
        Ok(outcome)
    };
    fix_with(&analyse, request, least)
}

/// As [`fix`], with findings of the caller's own.
#[doc(hidden)]
pub fn fix_by(request: &Request, least: Safety, find: &Find<'_>) -> Result<Fixing, SessionError> {
    fix_with(&|request| check_by(request, find), request, least)
}

type Analyse<'a> = dyn Fn(&Request) -> Result<Outcome, SessionError> + 'a;

fn fix_with(analyse: &Analyse<'_>, request: &Request, least: Safety) -> Result<Fixing, SessionError> {
    let mut closed: BTreeMap<PathBuf, String> = BTreeMap::new();
    loop {
        let mut run = Run::start(analyse, request, least, &closed)?;
        run.rounds()?;
        let (changes, refused) = run.changes();
        if refused.is_empty() {
            return Ok(run.finish(changes));
        }
        closed.extend(refused);
    }
}

/// Puts the changed files on disk: all of them, or none.
pub fn write(changes: &[Change]) -> Result<(), SessionError> {
    let rewrites: Vec<Rewrite> = changes.iter().map(|change| change.rewrite.clone()).collect();
    Ok(write_all(&rewrites)?)
}

/// A fix by what it is about, for those that must not be made again.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Mark {
    code: &'static str,
    path: String,
    message: String,
    title: String,
    text: String,
}

struct Run<'a> {
    analyse: &'a Analyse<'a>,
    request: Request,
    least: Safety,
    closed: &'a BTreeMap<PathBuf, String>,
    now: Outcome,
    /// As they were in the first round.
    old: BTreeMap<PathBuf, (String, Arc<str>)>,
    /// What the fixes made so far bring into being.
    created: Vec<Created>,
    failed: FxHashSet<Mark>,
    fixed: Vec<Fixed>,
    notes: BTreeSet<String>,
}

impl<'a> Run<'a> {
    fn start(
        analyse: &'a Analyse<'a>,
        request: &Request,
        least: Safety,
        closed: &'a BTreeMap<PathBuf, String>,
    ) -> Result<Self, SessionError> {
        Ok(Self {
            analyse,
            now: analyse(request)?,
            request: request.clone(),
            least,
            closed,
            old: BTreeMap::new(),
            created: Vec::new(),
            failed: FxHashSet::default(),
            fixed: Vec::new(),
            notes: BTreeSet::new(),
        })
    }

    fn rounds(&mut self) -> Result<(), SessionError> {
        let mut batch = self.candidates();
        let mut halved = false;
        for _ in 0..MAX_ROUNDS {
            let (applied, taken) = self.apply(&batch);
            if taken.is_empty() && !halved {
                return Ok(());
            }
            let faults = self.attempt(&applied, &taken)?;
            for fault in &faults {
                match fault.blamed[..] {
                    [one] => {
                        self.reject(one, &fault.reason);
                        batch.retain(|i| *i != one);
                    }
                    _ => {
                        let later = &fault.blamed[fault.blamed.len() / 2..];
                        batch.retain(|i| !later.contains(i));
                        halved = true;
                    }
                }
            }
            if faults.is_empty() {
                batch = self.candidates();
                halved = false;
            }
        }
        if !self.candidates().is_empty() {
            self.notes.insert("more can be fixed; run again to go on".into());
        }
        Ok(())
    }

    /// Makes a round and keeps it if it stands; otherwise everything that is wrong with it.
    fn attempt(&mut self, applied: &Applied, taken: &[usize]) -> Result<Vec<Fault>, SessionError> {
        let broken = self.broken(applied, taken);
        if !broken.is_empty() || taken.is_empty() {
            return Ok(broken);
        }
        let created = created::together(&self.created, &self.now, &applied.migrations);
        let mut next = self.request.clone();
        next.overlay = self.overlay(applied, &created);
        let after = (self.analyse)(&next)?;
        let faults = verdict::faults(&self.now, taken, &after);
        if faults.is_empty() {
            self.accept(applied, taken);
            self.created = created;
            self.now = after;
            self.request = next;
        }
        Ok(faults)
    }

    /// Findings with a fix that may be made, in their order.
    fn candidates(&self) -> Vec<usize> {
        let may = |(i, diagnostic): (usize, &Diagnostic)| {
            let fix = diagnostic.fix.as_ref()?;
            let wanted = fix.safety.reaches(self.least)
                && self.may_touch(diagnostic, fix)
                && !self.failed.contains(&mark(&self.now, diagnostic, fix));
            wanted.then_some(i)
        };
        let all = self.now.diagnostics.iter().enumerate();
        all.filter_map(may).collect()
    }

    /// Only the project's own files, and only for a finding or in files that were asked for.
    fn may_touch(&self, diagnostic: &Diagnostic, fix: &Fix) -> bool {
        let info = |file: FileId| self.now.files.get(file.0 as usize);
        let open = |info: &FileInfo| !self.closed.contains_key(&info.absolute);
        let in_scope = |file: FileId| info(file).is_some_and(|info| info.in_scope);
        let written = |info: &FileInfo| !self.created.iter().any(|one| one.absolute == info.absolute);
        let edited = || fix.edits.iter().map(|edit| edit.file);
        let beside = || fix.migrations.iter().map(|migration| migration.after);
        edited().all(|file| info(file).is_some_and(|info| open(info) && written(info)))
            && beside().all(|file| info(file).is_some_and(open))
            && (in_scope(diagnostic.file) || edited().chain(beside()).all(in_scope))
    }

    /// The new texts, and which findings they are for.
    fn apply(&self, batch: &[usize]) -> (Applied, Vec<usize>) {
        let trees = Trees::new(&self.now.sources);
        let with_fix = |i: &usize| Some((*i, self.now.diagnostics[*i].fix.as_ref()?));
        let (places, fixes): (Vec<usize>, Vec<&Fix>) = batch.iter().filter_map(with_fix).unzip();
        let applied = fix::apply(&trees, &fixes);
        let taken = applied.taken.iter().map(|i| places[*i]).collect();
        (applied, taken)
    }

    /// Texts that do not parse any more, and the fixes that changed them.
    fn broken(&self, applied: &Applied, taken: &[usize]) -> Vec<Fault> {
        let touches = |i: usize, file: FileId| {
            let fix = self.now.diagnostics[i].fix.as_ref();
            fix.is_some_and(|fix| {
                let created = fix.migrations.iter().any(|migration| migration.after == file);
                created || fix.edits.iter().any(|edit| edit.file == file)
            })
        };
        let fault = |file: FileId, reason: &str| Fault {
            blamed: taken.iter().copied().filter(|i| touches(*i, file)).collect(),
            reason: reason.into(),
        };
        let broken = applied.texts.iter().filter(|(file, text)| {
            let old = self.now.sources.get(**file);
            !fix::still_parses(&old.path, &old.text, text)
        });
        let broken = broken.map(|(file, _)| fault(*file, "the file would not parse any more"));
        let new = applied.migrations.iter();
        let new = new.filter(|migration| !fix::parses(&migration.text()));
        let new = new.map(|migration| fault(migration.after, "the new file would not parse"));
        broken.chain(new).collect()
    }

    fn overlay(&self, applied: &Applied, created: &[Created]) -> Overlay {
        let mut overlay = self.request.overlay.clone();
        for one in &self.created {
            overlay.remove(&one.absolute);
        }
        for one in created {
            overlay.insert(one.absolute.clone(), one.migration.text().into());
        }
        for (file, text) in &applied.texts {
            if let Some(info) = self.now.files.get(file.0 as usize) {
                overlay.insert(info.absolute.clone(), text.as_str().into());
            }
        }
        overlay
    }

    fn accept(&mut self, applied: &Applied, taken: &[usize]) {
        for file in applied.texts.keys() {
            if let Some(info) = self.now.files.get(file.0 as usize) {
                let source = self.now.sources.get(*file);
                self.old
                    .entry(info.absolute.clone())
                    .or_insert_with(|| (source.path.clone(), Arc::clone(&source.text)));
            }
        }
        for i in taken {
            let diagnostic = &self.now.diagnostics[*i];
            self.fixed.push(Fixed {
                path: self.now.sources.get(diagnostic.file).path.clone(),
                code: diagnostic.code,
                rule: diagnostic.rule,
                title: diagnostic
                    .fix
                    .as_ref()
                    .map(|fix| fix.title.clone())
                    .unwrap_or_default(),
            });
        }
    }

    fn reject(&mut self, at: usize, reason: &str) {
        let diagnostic = &self.now.diagnostics[at];
        let Some(fix) = &diagnostic.fix else { return };
        let source = self.now.sources.get(diagnostic.file);
        let line = source.position(diagnostic.span.start).line;
        let (path, code, title) = (&source.path, diagnostic.code, &fix.title);
        self.notes
            .insert(format!("{path}:{line}: {code} was not fixed ({title}): {reason}"));
        self.failed.insert(mark(&self.now, diagnostic, fix));
    }

    /// What would be written, and the files that cannot be, with the reason.
    fn changes(&self) -> (Vec<Change>, Vec<(PathBuf, String)>) {
        let mut changes: Vec<Change> = Vec::new();
        let mut refused = Vec::new();
        for (absolute, (path, old)) in &self.old {
            let Some(new) = self.request.overlay.get(absolute) else {
                continue;
            };
            if old == new {
                continue;
            }
            let texts = (&**old, &**new);
            match Rewrite::new(path.clone(), absolute, &self.now.roots, texts) {
                Ok(rewrite) if changes.iter().any(|other| other.rewrite.real == rewrite.real) => {
                    refused.push((absolute.clone(), format!("{path}: not fixed: it is read twice")));
                }
                Ok(rewrite) => changes.push(Change {
                    old: Arc::clone(old),
                    new: Arc::clone(new),
                    rewrite,
                }),
                Err(reason) => refused.push((absolute.clone(), format!("{path}: not fixed: {reason}"))),
            }
        }
        for one in &self.created {
            match one.rewrite(&self.now.roots) {
                Ok(rewrite) => changes.push(Change {
                    old: "".into(),
                    new: one.migration.text().into(),
                    rewrite,
                }),
                Err(reason) => {
                    let note = format!("{}: not created: {reason}", one.path);
                    refused.push((one.beside.clone(), note));
                }
            }
        }
        changes.sort_by(|a, b| a.rewrite.path.cmp(&b.rewrite.path));
        (changes, refused)
    }

    fn finish(mut self, changes: Vec<Change>) -> Fixing {
        let vain: Vec<usize> = (0..self.now.diagnostics.len())
            .filter(|i| {
                let diagnostic = &self.now.diagnostics[*i];
                let known = |fix: &Fix| self.failed.contains(&mark(&self.now, diagnostic, fix));
                diagnostic.fix.as_ref().is_some_and(known)
            })
            .collect();
        for i in vain {
            if let Some(fix) = &mut self.now.diagnostics[i].fix {
                fix.safety = Safety::Display;
            }
        }
        self.now.notes.extend(self.closed.values().cloned());
        self.now.notes.extend(self.notes);
        self.fixed.sort();
        Fixing {
            outcome: self.now,
            changes,
            fixed: self.fixed,
        }
    }
}

fn mark(outcome: &Outcome, diagnostic: &Diagnostic, fix: &Fix) -> Mark {
    let source = outcome.sources.get(diagnostic.file);
    Mark {
        code: diagnostic.code,
        path: source.path.clone(),
        message: diagnostic.message.clone(),
        title: fix.title.clone(),
        text: source.slice(diagnostic.span).to_owned(),
    }
}

#[cfg(test)]
mod tests;
