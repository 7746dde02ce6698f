//! Projects made of texts, for the tests of this room.
//!
//! Python goes through its front end. The facts of templates are written down directly, a line each: `extends x`,
//! `include x`, `load x`, `tag x`, `var x`, `dynamic`.

use super::hints::DjangoHints;
use super::modules::ModuleIndex;
use super::{LinkInput, Part, Project, link, templates};
use crate::facts::{FileFacts, TemplateFacts};
use crate::ir::{Routine, Stmt, StmtKind, TemplateStmt};
use crate::lower::python::{Depth, extract};
use crate::source::{FileId, Span, Sym};

/// A linked project and the paths of its files, by id.
pub(super) struct Site {
    pub project: Project,
    paths: Vec<String>,
}

impl Site {
    pub fn new(files: &[(&str, &str)]) -> Self {
        let mut python: Vec<_> = files.iter().filter(|(path, _)| path.ends_with(".py")).collect();
        python.sort();
        let mut others: Vec<_> = files.iter().filter(|(path, _)| !path.ends_with(".py")).collect();
        others.sort();
        let facts: Vec<FileFacts> = python
            .iter()
            .map(|(_, text)| extract(text, Depth { bodies: true }))
            .collect();
        let paths: Vec<&str> = python.iter().map(|(path, _)| *path).collect();
        let mut index = ModuleIndex::new(&paths);
        let numbered = facts.iter().enumerate().map(|(i, f)| (FileId(i as u32), f));
        let hints = DjangoHints::gather(numbered, &index, &[]);
        for root in &hints.import_roots {
            index.add_root(root);
        }
        let mut inputs: Vec<LinkInput> = python
            .iter()
            .zip(facts)
            .map(|((path, _), facts)| LinkInput {
                path: (*path).to_owned(),
                part: match path.contains("/migrations/") {
                    true => Part::Migration,
                    false => Part::Source,
                },
                facts,
                module: None,
            })
            .collect();
        let accepted = others.iter().filter(|(path, _)| templates::accepts(path, &hints));
        inputs.extend(accepted.map(|(path, text)| LinkInput {
            path: (*path).to_owned(),
            part: Part::Template,
            facts: template(path, text, &hints),
            module: None,
        }));
        let paths = inputs.iter().map(|input| input.path.clone()).collect();
        Self {
            project: link(inputs, index, hints),
            paths,
        }
    }

    pub fn id(&self, path: &str) -> FileId {
        let at = self.paths.iter().position(|known| known == path);
        FileId(at.unwrap_or_else(|| panic!("{path} is no file of the project")) as u32)
    }

    pub fn has(&self, path: &str) -> bool {
        self.paths.iter().any(|known| known == path)
    }

    /// The path of a file, or `-`.
    pub fn path(&self, found: Option<FileId>) -> &str {
        found.map_or("-", |id| &self.paths[id.0 as usize])
    }
}

fn template(path: &str, text: &str, hints: &DjangoHints) -> FileFacts {
    let mut facts = TemplateFacts {
        dialect: templates::dialect(path, hints),
        ..TemplateFacts::default()
    };
    let mut body = Vec::new();
    for line in text.lines() {
        let (word, rest) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let rest = Sym::new(rest);
        match word {
            "extends" => facts.extends = Some(rest),
            "include" => facts.includes.push(rest),
            "load" => facts.libraries.push(rest),
            "var" => facts.names.push(rest),
            "dynamic" => facts.dynamic = true,
            "tag" => body.push(Stmt {
                span: Span::default(),
                kind: StmtKind::Template(Box::new(TemplateStmt::Tag {
                    name: rest,
                    name_span: Span::default(),
                    args: Vec::new(),
                    target: None,
                    body: Vec::new(),
                })),
            }),
            "" => {}
            other => panic!("no such line: {other}"),
        }
    }
    let name = Sym::new("<template>");
    FileFacts {
        functions: vec![Routine {
            name,
            qualname: name,
            class: None,
            parent: None,
            params: Vec::new(),
            returns: None,
            decorators: Vec::new(),
            body,
            is_async: false,
            is_generator: false,
            span: Span::default(),
            name_span: Span::default(),
        }],
        template: Some(Box::new(facts)),
        ..FileFacts::default()
    }
}
