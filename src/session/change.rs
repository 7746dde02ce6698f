//! What was found before a change: analyses the project as it was, as its repository tells.
//!
//! Old texts of Python files and templates are laid over the disk; files added since count as absent, deleted ones come
//! back. Settings of djperf, ignore files and requirements are those of today on both sides.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;

use super::{Before, Request, SessionError, check};
use crate::discover::git::{self, Files, Repository};
use crate::discover::{Overlay, absolute};
use crate::report::known::entries;

/// What the change is a change of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Against {
    /// From the commit that HEAD and this revision have in common, to the files on disk.
    Since(String),
    /// From HEAD to the index.
    Staged,
}

/// The request for the state after the change, and what is found before it.
pub fn before(request: &Request, against: &Against) -> Result<(Request, Before), SessionError> {
    let cwd = absolute(Path::new("/"), &request.cwd);
    let paths: Vec<PathBuf> = request.paths.iter().map(|path| absolute(&cwd, path)).collect();
    let repository = Repository::around(&paths)?;
    let (now, old) = match against {
        Against::Since(name) => since(request, &repository, name)?,
        Against::Staged => staged(request, &repository)?,
    };
    let Some(old) = old else {
        return Ok((now, Before::Everything));
    };
    let old = Request {
        overlay: old,
        ..request.clone()
    };
    let found = match check(&old) {
        // Nothing of what was asked for was there: what the rest was like still counts.
        Err(SessionError::NothingToRead(_)) => check(&Request {
            paths: vec![repository.top().to_path_buf()],
            ..old
        }),
        found => found,
    };
    let found = match found {
        Ok(outcome) => entries(outcome.identities()),
        Err(SessionError::NothingToRead(_) | SessionError::NoDjango(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    Ok((now, Before::Findings(found)))
}

type Sides = (Request, Option<Overlay>);

fn since(request: &Request, repository: &Repository, name: &str) -> Result<Sides, SessionError> {
    let old = repository.files_of(&repository.merge_base(name)?)?;
    let (index, sparse) = repository.staged()?;
    let given = &request.overlay;
    let differs = |(path, name): &(&PathBuf, &String)| {
        !sparse.contains_key(*path) && (given.contains_key(*path) || !git::same_on_disk(path, name))
    };
    let changed: Vec<(&PathBuf, &String)> = old.par_iter().filter(differs).collect();
    let changed = changed
        .into_iter()
        .map(|(path, name)| (path.clone(), name.clone()));
    let mut texts = repository.texts(&changed.collect())?;
    texts.retain(|path, text| {
        let now = given.get(path).map(|text| text.to_string());
        now.or_else(|| git::text_on_disk(path))
            .is_none_or(|now| !same(&now, text))
    });
    let untracked = repository.untracked()?;
    let here = index.into_keys().chain(untracked).chain(given.keys().cloned());
    let absent: BTreeSet<PathBuf> = here.filter(|path| !old.contains_key(path)).collect();
    Ok((request.clone(), overlay(texts, absent)))
}

fn staged(request: &Request, repository: &Repository) -> Result<Sides, SessionError> {
    let old = match repository.commit("HEAD") {
        Some(head) => repository.files_of(&head)?,
        None => Files::new(),
    };
    let (index, _) = repository.staged()?;
    let other = |(path, name): &(&PathBuf, &String)| !git::same_on_disk(path, name);
    let unlike_disk: Vec<(&PathBuf, &String)> = index.par_iter().filter(other).collect();
    let unlike_disk = unlike_disk
        .into_iter()
        .map(|(path, name)| (path.clone(), name.clone()));
    let texts = repository.texts(&unlike_disk.collect())?;
    let untracked: BTreeSet<PathBuf> = repository.untracked()?.into_iter().collect();

    let changed = old.iter().filter(|(path, name)| index.get(*path) != Some(name));
    let changed: Files = changed.map(|(path, name)| (path.clone(), name.clone())).collect();
    let added: BTreeSet<PathBuf> = index
        .keys()
        .filter(|path| !old.contains_key(*path))
        .cloned()
        .collect();
    let before = if changed.is_empty() && added.is_empty() {
        None
    } else {
        let mut all = texts.clone();
        all.retain(|path, _| !added.contains(path));
        all.extend(repository.texts(&changed)?);
        let absent = untracked.iter().filter(|path| !all.contains_key(*path)).cloned();
        overlay(all.clone(), absent.chain(added).collect())
    };
    let mut now = request.clone();
    // What was removed from the index is on disk still, or not: either way it is not there.
    let gone = old.keys().filter(|path| !index.contains_key(*path)).cloned();
    now.overlay = overlay(texts, untracked.into_iter().chain(gone).collect()).unwrap_or_default();
    Ok((now, before))
}

fn overlay(texts: BTreeMap<PathBuf, Arc<str>>, absent: BTreeSet<PathBuf>) -> Option<Overlay> {
    if texts.is_empty() && absent.is_empty() {
        return None;
    }
    let mut overlay = Overlay::new();
    overlay.extend(texts);
    overlay.absent = absent;
    overlay.everywhere = true;
    Some(overlay)
}

/// The same text, but for line endings that a checkout changes.
fn same(a: &str, b: &str) -> bool {
    a == b || a.replace("\r\n", "\n") == b.replace("\r\n", "\n")
}
