//! Requests that wait until what they are about is known.

use std::time::{Duration, Instant};

use gen_lsp_types::{
    CodeActionParams, CodeLensParams, DefinitionParams, HoverParams, InlayHintParams, PreviousResultId,
};
use lsp_server::RequestId;
use serde_json::Value;

use super::server::{Answer, Server};

/// A request that was not answered yet.
pub(super) struct Waiting {
    pub id: RequestId,
    pub want: Want,
    pub until: Instant,
    /// What was heard when it was last tried; see [`Server::moves`].
    seen: u64,
}

/// What it asks for.
pub(super) enum Want {
    Diagnostics(Value),
    AllDiagnostics(Vec<PreviousResultId>),
    Actions(CodeActionParams),
    Hover(HoverParams),
    Definition(DefinitionParams),
    Lenses(CodeLensParams),
    Hints(InlayHintParams),
}

impl Want {
    /// How long it may take: nobody waits for a menu as long as for findings.
    const fn patience(&self) -> Duration {
        match self {
            Self::Diagnostics(_) | Self::AllDiagnostics(_) => Duration::from_secs(30),
            Self::Actions(_) => Duration::from_secs(5),
            Self::Hover(_) | Self::Definition(_) => Duration::from_secs(2),
            Self::Lenses(_) | Self::Hints(_) => Duration::from_secs(30),
        }
    }
}

impl Server {
    /// Answers a request, or keeps it until it can be.
    pub(super) fn answer_or_wait(&mut self, id: &RequestId, want: Want) -> Answer {
        // What was typed counts from here on, and the workers know.
        if let Some(answer) = self.try_answer(id, &want, false) {
            return answer;
        }
        self.waiting.push(Waiting {
            id: id.clone(),
            until: Instant::now() + want.patience(),
            want,
            seen: self.moves,
        });
        Ok(None)
    }

    /// Answers what can be answered now, and what waits too long.
    pub(super) fn answer_waiting(&mut self) {
        if self.waiting.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut left = Vec::new();
        for mut waiting in std::mem::take(&mut self.waiting) {
            let late = waiting.until <= now;
            // To look through everything takes its time.
            let vast = matches!(waiting.want, Want::AllDiagnostics(_));
            if vast && !late && waiting.seen == self.moves {
                left.push(waiting);
                continue;
            }
            waiting.seen = self.moves;
            match self.try_answer(&waiting.id, &waiting.want, late) {
                Some(Ok(Some(value))) => self.answer(waiting.id, value),
                Some(Ok(None)) => {}
                Some(Err(refused)) => self.refuse(waiting.id, refused),
                None => {
                    if late {
                        waiting.until = now + waiting.want.patience();
                    }
                    left.push(waiting);
                }
            }
        }
        self.waiting.extend(left);
    }

    /// None while it has to wait; `late` forces an answer.
    fn try_answer(&mut self, id: &RequestId, want: &Want, late: bool) -> Option<Answer> {
        match want {
            Want::Diagnostics(params) => self.try_pull(params, late),
            Want::AllDiagnostics(previous) => self.try_pull_all(previous, late),
            Want::Actions(params) => self.try_code_actions(params, late),
            Want::Hover(params) => self.try_hover(id, params, late),
            Want::Definition(params) => self.try_definition(id, params, late),
            Want::Lenses(params) => self.try_lenses(id, params, late),
            Want::Hints(params) => self.try_hints(id, params, late),
        }
    }
}
