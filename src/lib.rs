//! djperf finds the performance problems of Django projects without running them.
//!
//! # The way of the data
//!
//! ```text
//! source ─▶ syntax ─▶ facts ─▶ project ─▶ analysis ─▶ rules ─▶ report
//! bytes     trees     per      one        query       findings text, JSON
//! + spans   (dropped) file     linked     events
//! ```
//!
//! Nothing to the left knows anything to its right; `session` walks the path, `cli` sits on top.
//! `ARCHITECTURE.md` tells the invariants, and `tests/tidy.rs` holds the allowed edges.
//!
//! # Glossary
//!
//! | term | means | not |
//! |---|---|---|
//! | facts | what one file says | AST |
//! | project | facts of all files, linked | context |
//! | model, relation, accessor | as in Django; a relation has a forward field or a reverse accessor | table, link |
//! | queryset | an expression that will run a query when evaluated | result |
//! | plan | what a queryset will load: select, prefetch, only, defer … | config |
//! | origin | the place whose queryset fetched a row | source |
//! | row | a model instance, known by its origin and its path from there | object |
//! | path | how a row hangs off its origin's rows: `customer`, `items__product` | chain |
//! | event | a query, or a relation load, that running the code would cause | hit |
//! | use | a queryset with its filters, order and limit, where it is built or evaluated | access |
//! | term | one comparison with a column: `status="live"`, `created__gte=…` | clause |
//! | predicate | what a use asks of one table: terms that have to hold together, an order, a limit | filter |
//! | workload | the predicates of the whole project | load |
//! | advice | an index that predicates ask for and no index of the table serves | suggestion |
//! | summary | what calling a function does to the rows it is given | effect |
//! | memory | what the analysis of one project has worked out, held while bodies change | cache |
//! | ahead, settled | early findings of one file; all findings, as a fresh run has them | partial |
//! | room, inner, outer | blanks behind functions; places in texts with them, and in those of the editor | padding |
//! | finding, diagnostic | a finding is a rule's verdict; a diagnostic is its printable form | issue |

pub mod analysis;
pub mod cli;
pub mod config;
pub mod discover;
pub mod facts;
pub mod fix;
pub mod ir;
pub mod lower;
pub mod lsp;
pub mod project;
pub mod report;
pub mod rules;
pub mod session;
pub mod source;
pub mod suppress;
pub mod syntax;
