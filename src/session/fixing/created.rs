//! Files that fixes bring into being: one for each directory, whatever the number of fixes and rounds.
//!
//! They are in memory only, and change their name as they grow.

use std::path::PathBuf;

use crate::discover::Rewrite;
use crate::fix::Migration;
use crate::session::Outcome;

/// A file to be created.
#[derive(Debug, Clone)]
pub(super) struct Created {
    /// As it is reported.
    pub path: String,
    pub absolute: PathBuf,
    /// A file of the same directory that was there before.
    pub beside: PathBuf,
    pub migration: Migration,
}

/// The files after a round that creates more: what follows a migration that this run created goes into that one,
/// where they may be made together.
pub(super) fn together(before: &[Created], now: &Outcome, new: &[Migration]) -> Vec<Created> {
    let mut all = before.to_vec();
    for migration in new {
        let Some(info) = now.files.get(migration.after.0 as usize) else {
            continue;
        };
        let known = all.iter_mut().find(|one| one.absolute == info.absolute);
        match known {
            Some(one) if one.migration.accepts(migration) => {
                one.migration.extend(migration);
                one.rename();
            }
            known => {
                let beside = known.map_or_else(|| info.absolute.clone(), |one| one.beside.clone());
                let mut one = Created {
                    path: now.sources.get(migration.after).path.clone(),
                    absolute: info.absolute.clone(),
                    beside,
                    migration: migration.clone(),
                };
                one.rename();
                all.push(one);
            }
        }
    }
    all
}

impl Created {
    /// Gives the file the name that its content asks for.
    fn rename(&mut self) {
        let name = format!("{}.py", self.migration.name());
        let dir = self.path.rfind('/').map_or("", |at| &self.path[..=at]);
        self.path = format!("{dir}{name}");
        self.absolute.set_file_name(name);
    }

    /// What is to be written, or why it cannot be.
    pub fn rewrite(&self, roots: &[PathBuf]) -> Result<Rewrite, String> {
        let text = self.migration.text();
        Rewrite::create(self.path.clone(), &self.absolute, &self.beside, roots, &text)
    }
}
