//! From a variable of a template to what feeds it.

use gen_lsp_types::DefinitionParams;
use lsp_server::RequestId;
use serde_json::Value;

use super::push::Known;
use super::server::{Answer, Server, read};
use super::shown;
use super::uri;
use super::waiting::Want;

impl Server {
    pub(super) fn definition(&mut self, id: &RequestId, params: &Value) -> Answer {
        let params: DefinitionParams = read(params)?;
        self.answer_or_wait(id, Want::Definition(params))
    }

    pub(super) fn try_definition(
        &mut self,
        id: &RequestId,
        params: &DefinitionParams,
        late: bool,
    ) -> Option<Answer> {
        let nothing = Some(Ok(Some(Value::Null)));
        let at = &params.text_document_position_params;
        let Some(path) = uri::path(&at.text_document.uri) else {
            return nothing;
        };
        let page = match self.known(&path) {
            Known::Page(Some(page)) => page,
            Known::Pending if !late => return None,
            _ => return nothing,
        };
        let offset = self.teller().paper(&page, page.file).offset(at.position);
        self.look_or_wait(id, &path, shown::feeders(offset), late, nothing)
    }
}
