//! Django's template language: tags, their arguments, variables and conditions, as `django.template` reads them.
//! Does not know what the tags do.

mod condition;
mod lexer;
mod value;
mod words;

pub use condition::{Comparison, Condition, condition};
pub use value::{Argument, ArgumentKind, FilterCall, Value, filters, value};
pub use words::{is_identifier, keyword, words};

use super::Template;
use super::nest::{BlockTag, nest};

const fn block(name: &'static str, middles: &'static [&'static str], end: &'static str) -> BlockTag {
    BlockTag { name, middles, end }
}

/// The tags of Django 4.2 to 6.1 that hold a body, those of its `i18n`, `l10n`, `tz` and `cache` libraries included.
const BLOCKS: &[BlockTag] = &[
    block("if", &["elif", "else"], "endif"),
    block("for", &["empty"], "endfor"),
    block("block", &[], "endblock"),
    block("with", &[], "endwith"),
    block("blocktranslate", &["plural"], "endblocktranslate"),
    block("blocktrans", &["plural"], "endblocktrans"),
    block("ifchanged", &["else"], "endifchanged"),
    block("autoescape", &[], "endautoescape"),
    block("spaceless", &[], "endspaceless"),
    block("filter", &[], "endfilter"),
    block("cache", &[], "endcache"),
    block("partialdef", &[], "endpartialdef"),
    block("language", &[], "endlanguage"),
    block("localize", &[], "endlocalize"),
    block("localtime", &[], "endlocaltime"),
    block("timezone", &[], "endtimezone"),
    // The lexer takes whole ones away; their ends are known so that a lone one is told.
    block("comment", &[], "endcomment"),
    block("verbatim", &[], "endverbatim"),
];

/// Parses what can be parsed; never fails.
pub fn parse(text: &str) -> Template<'_> {
    let mut lexed = lexer::lex(text);
    let nodes = nest(lexed.items, BLOCKS, &mut lexed.errors);
    lexed.errors.sort_by_key(|error| error.span);
    Template {
        nodes,
        comments: lexed.comments,
        errors: lexed.errors,
    }
}
