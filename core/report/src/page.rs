//! The page: sections, their navigation, style and script in one file that needs no network.

use std::fmt::Write;

use base64::{Engine, prelude::BASE64_STANDARD};
use protea_core::contracts::content::digest_bytes;

use crate::{
    data::Data,
    figure::{Figure, Table},
    text::{cut, html, html_line},
};

/// The style of a report, which other pages of protea use too.
pub const STYLE: &str = include_str!("../assets/page.css");
const SCRIPT: &str = include_str!("../assets/page.js");

/// A section of the page.
struct Section {
    id: &'static str,
    title: &'static str,
    body: String,
}

/// A page that is being written.
pub struct Page {
    title: String,
    kind: &'static str,
    status: String,
    facts: Vec<(&'static str, String)>,
    sections: Vec<Section>,
    tables: Vec<(String, Data)>,
    generator: String,
}

impl Page {
    /// A page with a title, what it is a report of, and a status.
    pub fn new(title: &str, kind: &'static str, status: &str) -> Self {
        Self {
            title: title.to_owned(),
            kind,
            status: status.to_owned(),
            facts: Vec::new(),
            sections: Vec::new(),
            tables: Vec::new(),
            generator: format!("protea {}", env!("CARGO_PKG_VERSION")),
        }
    }

    /// Adds a line below the title.
    pub fn fact(&mut self, label: &'static str, value: &str) {
        self.facts.push((label, value.to_owned()));
    }

    /// Begins a section. `id` and `title` are of the project.
    pub fn section(&mut self, id: &'static str, title: &'static str) {
        self.sections.push(Section {
            id,
            title,
            body: String::new(),
        });
    }

    /// Adds HTML of the project to the last section.
    pub fn html(&mut self, html: &str) {
        if let Some(section) = self.sections.last_mut() {
            section.body.push_str(html);
        }
    }

    /// Adds a paragraph of text.
    pub fn text(&mut self, text: &str) {
        self.html(&format!("<p>{}</p>", html(text)));
    }

    /// Adds a remark, such as what is missing and why.
    pub fn note(&mut self, text: &str) {
        self.html(&format!("<p class=\"note\">{}</p>", html(&cut(text, 2000))));
    }

    /// Adds a figure.
    pub fn figure(&mut self, figure: Figure) {
        self.html(&figure.html());
        self.tables.push((figure.id.to_owned(), figure.data));
    }

    /// Adds a table.
    pub fn table(&mut self, table: Table) {
        self.html(&table.html());
        self.tables.push((table.id.to_owned(), table.data));
    }

    /// Adds preformatted text, such as a log.
    pub fn preformatted(&mut self, label: &str, text: &str) {
        self.html(&format!(
            "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{}\"><pre>{}</pre></div>",
            html_line(label),
            html(text)
        ));
    }

    /// The file, and the data of its figures and tables by name.
    pub fn finish(self) -> (String, Vec<(String, Data)>) {
        let hash = |text: &str| BASE64_STANDARD.encode(digest_bytes(text.as_bytes()).as_bytes());
        let title = html_line(&cut(&self.title, 200));
        let mut out = String::new();
        let _ = write!(
            out,
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta name=\"referrer\" content=\"no-referrer\">\n\
             <meta name=\"generator\" content=\"{}\">\n<title>{title} – {} report</title>\n<style>{STYLE}</style>\n</head>\n<body>\n",
            hash(SCRIPT),
            hash(STYLE),
            html_line(&self.generator),
            self.kind
        );
        out.push_str("<a class=\"skip\" href=\"#content\">Skip to the content</a>\n<header>\n");
        let _ = write!(
            out,
            "<div class=\"bar\"><p class=\"kind\">{} report</p><button type=\"button\" id=\"theme\" hidden>Theme: automatic</button></div>\n\
             <h1>{title} <span class=\"status status-{status}\">{status}</span></h1>\n<dl class=\"facts\">",
            self.kind,
            status = html_line(&self.status)
        );
        for (label, value) in &self.facts {
            let _ = write!(
                out,
                "<div><dt>{label}</dt><dd>{}</dd></div>",
                html_line(&cut(value, 300))
            );
        }
        out.push_str("</dl>\n</header>\n<nav aria-label=\"Sections\"><ul>");
        for section in &self.sections {
            let _ = write!(
                out,
                "<li><a href=\"#{}\">{}</a></li>",
                section.id, section.title
            );
        }
        out.push_str("</ul></nav>\n<main id=\"content\" tabindex=\"-1\">\n");
        for Section { id, title, body } in &self.sections {
            let _ = write!(
                out,
                "<section id=\"{id}\" aria-labelledby=\"{id}-heading\"><h2 id=\"{id}-heading\">{title}</h2>\n{body}\n</section>\n"
            );
        }
        let _ = write!(
            out,
            "</main>\n<footer><p>Made by {}. This file needs no network and sends nothing.</p></footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n",
            html_line(&self.generator)
        );
        (out, self.tables)
    }
}
