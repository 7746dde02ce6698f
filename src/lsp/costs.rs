//! What views, serializers and admin classes cost, over their names: as code lenses, as inlay hints, or not at all.

use gen_lsp_types::{CodeLensParams, InlayHintParams, Uri};
use lsp_server::RequestId;
use serde_json::{Value, json};

use super::client::Question;
use super::server::{Answer, Server, read};
use super::settings::Settings;
use super::shown::{self, Look};
use super::uri;
use super::waiting::Want;

impl Server {
    pub(super) fn lenses(&mut self, id: &RequestId, params: &Value) -> Answer {
        let params: CodeLensParams = read(params)?;
        self.answer_or_wait(id, Want::Lenses(params))
    }

    pub(super) fn try_lenses(
        &mut self,
        id: &RequestId,
        params: &CodeLensParams,
        late: bool,
    ) -> Option<Answer> {
        let on = |settings: &Settings| settings.code_lens;
        self.told_of(id, &params.text_document.uri, on, shown::lenses(), late)
    }

    pub(super) fn hints(&mut self, id: &RequestId, params: &Value) -> Answer {
        let params: InlayHintParams = read(params)?;
        self.answer_or_wait(id, Want::Hints(params))
    }

    pub(super) fn try_hints(
        &mut self,
        id: &RequestId,
        params: &InlayHintParams,
        late: bool,
    ) -> Option<Answer> {
        let on = |settings: &Settings| settings.inlay_hints;
        let look = shown::hints(params.range, self.client.markdown);
        self.told_of(id, &params.text_document.uri, on, look, late)
    }

    /// Asks the client to ask again for what is shown over names: it may rest on any file.
    pub(super) fn refresh_costs(&mut self) {
        let documents = || self.documents.iter().map(|(path, _)| path);
        let lenses =
            self.client.refreshes_lenses && documents().any(|path| self.configured.of(path).code_lens);
        let hints =
            self.client.refreshes_hints && documents().any(|path| self.configured.of(path).inlay_hints);
        for (wanted, method) in [
            (lenses, "workspace/codeLens/refresh"),
            (hints, "workspace/inlayHint/refresh"),
        ] {
            if wanted {
                self.ask(method, Value::Null, Question::Other(method));
            }
        }
    }

    /// What the project of a file tells of it, as soon as it is up to date; a list without entries where that is switched off.
    pub(super) fn told_of(
        &mut self,
        id: &RequestId,
        uri: &Uri,
        on: impl Fn(&Settings) -> bool,
        look: Look,
        late: bool,
    ) -> Option<Answer> {
        let nothing = Some(Ok(Some(json!([]))));
        let Some(path) = uri::path(uri).filter(|path| on(self.configured.of(path))) else {
            return nothing;
        };
        match self.known(&path) {
            super::push::Known::Page(_) => {}
            super::push::Known::Pending if !late => return None,
            _ => return nothing,
        }
        self.look_or_wait(id, &path, look, late, nothing)
    }
}
