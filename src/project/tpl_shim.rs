use super::{FuncId, Project};
use crate::source::{FileId, Sym};
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TagKind {
    Simple,
    SimpleBlock,
    Inclusion(Option<Sym>),
    Custom,
}
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TagDef {
    pub func: FuncId,
    pub kind: TagKind,
    pub takes_context: bool,
}
impl Project {
    pub fn template(&self, _name: &str, _near: FileId) -> Option<FileId> {
        None
    }
    pub fn template_names(&self, _file: FileId) -> Option<&rustc_hash::FxHashSet<Sym>> {
        None
    }
    pub fn template_tag(&self, _template: FileId, _name: Sym) -> Option<TagDef> {
        None
    }
    pub fn template_filter(&self, _template: FileId, _name: Sym) -> Option<FuncId> {
        None
    }
}
