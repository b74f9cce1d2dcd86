//! A table of the file, read key by key: whatever was not asked for is an unknown key.

use std::cell::RefCell;
use std::collections::BTreeMap;

use symlog_pii::PiiType;
use toml::de::{DeArray, DeTable, DeValue};
use toml::{Spanned, Table, Value};

use super::choice::Choice;
use super::error::{ConfigProblem, ConfigProblemKind as Problem, nearest};
use super::expand::{Variables, expand};

/// A file being read, and what was found wrong with it so far.
pub(super) struct Document<'a> {
    file: &'a str,
    text: &'a str,
    variables: &'a Variables<'a>,
    problems: RefCell<Vec<ConfigProblem>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(file: &'a str, text: &'a str, variables: &'a Variables<'a>) -> Self {
        Self {
            file,
            text,
            variables,
            problems: RefCell::new(Vec::new()),
        }
    }

    /// Everything that is wrong, in the order of the file.
    pub(super) fn into_problems(self) -> Vec<ConfigProblem> {
        let mut problems = self.problems.into_inner();
        problems.sort_by_key(|problem| problem.line);
        problems
    }

    fn report(&self, offset: usize, key: String, kind: Problem) {
        let (line, _) = position(self.text, offset);
        self.problems.borrow_mut().push(ConfigProblem {
            file: self.file.to_owned(),
            line,
            key,
            kind,
        });
    }

    fn mismatch(&self, offset: usize, key: String, expected: &'static str, found: &DeValue<'_>) {
        self.report(
            offset,
            key,
            Problem::WrongType {
                expected,
                found: describe(found),
            },
        );
    }

    fn expand(&self, offset: usize, key: &str, text: &str) -> Option<String> {
        expand(text, self.variables)
            .map_err(|problem| self.report(offset, key.to_owned(), problem))
            .ok()
    }

    /// The value with every variable replaced, free of the text it was read from.
    fn value(&self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<Value> {
        let at = value.span().start;
        Some(match value.get_ref() {
            // An empty string in its place, so that nothing else is reported missing for it.
            DeValue::String(text) => Value::String(self.expand(at, key, text).unwrap_or_default()),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::Integer(number),
                    Err(_) => {
                        let max = i64::MAX.unsigned_abs();
                        self.report(at, key.to_owned(), Problem::OutOfRange { max });
                        return None;
                    }
                }
            }
            DeValue::Float(number) => Value::Float(number.as_str().parse().ok()?),
            DeValue::Boolean(flag) => Value::Boolean(*flag),
            DeValue::Datetime(time) => Value::Datetime(*time),
            DeValue::Array(items) => Value::Array(
                // Every item is looked at, so that all their problems are reported at once.
                items
                    .iter()
                    .filter_map(|item| self.value(key, item))
                    .collect(),
            ),
            DeValue::Table(table) => Value::Table(self.table(key, table)),
        })
    }

    fn table(&self, path: &str, table: &DeTable<'_>) -> Table {
        table
            .iter()
            .filter_map(|(key, value)| {
                let path = join(path, key.get_ref());
                Some((key.get_ref().to_string(), self.value(&path, value)?))
            })
            .collect()
    }
}

/// The line and the column, from 1, of the byte at `offset`.
pub(super) fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.bytes().filter(|&byte| byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// A table of the file.
pub(super) struct Section<'d> {
    document: &'d Document<'d>,
    path: String,
    start: usize,
    table: DeTable<'d>,
    asked: Vec<&'static str>,
}

impl<'d> Section<'d> {
    pub(super) fn root(document: &'d Document<'d>, table: DeTable<'d>) -> Self {
        Self {
            document,
            path: String::new(),
            start: 0,
            table,
            asked: Vec::new(),
        }
    }

    fn take(&mut self, key: &'static str) -> Option<Spanned<DeValue<'d>>> {
        self.asked.push(key);
        self.table.remove(key)
    }

    fn path_of(&self, key: &str) -> String {
        join(&self.path, key)
    }

    fn mismatch(&self, key: &str, expected: &'static str, found: &Spanned<DeValue<'_>>) {
        self.document.mismatch(
            found.span().start,
            self.path_of(key),
            expected,
            found.get_ref(),
        );
    }

    /// Reports that `key` must be there; `what` says what to write.
    pub(super) fn missing(&self, key: &str, what: &'static str) {
        self.document
            .report(self.start, self.path_of(key), Problem::Missing(what));
    }

    /// Whether `key` is there and was not read yet.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn boolean(&mut self, key: &'static str, field: &mut bool) {
        if let Some(value) = self.take(key) {
            match value.get_ref() {
                DeValue::Boolean(flag) => *field = *flag,
                _ => self.mismatch(key, "true or false", &value),
            }
        }
    }

    pub(super) fn integer<T: TryFrom<u64> + Bounded>(&mut self, key: &'static str, field: &mut T) {
        let Some(value) = self.take(key) else { return };
        let DeValue::Integer(number) = value.get_ref() else {
            return self.mismatch(key, "a whole number", &value);
        };
        match u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .and_then(|n| T::try_from(n).ok())
        {
            Some(number) => *field = number,
            None => {
                let problem = Problem::OutOfRange { max: T::MAX };
                self.document
                    .report(value.span().start, self.path_of(key), problem);
            }
        }
    }

    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        let value = self.take(key)?;
        match value.get_ref() {
            DeValue::String(text) => {
                self.document
                    .expand(value.span().start, &self.path_of(key), text)
            }
            _ => {
                self.mismatch(key, "a string", &value);
                None
            }
        }
    }

    /// A string that must not be empty.
    pub(super) fn name(&mut self, key: &'static str, field: &mut String) {
        let start = self
            .table
            .get(key)
            .map_or(self.start, |value| value.span().start);
        match self.text(key) {
            Some(text) if text.is_empty() => {
                self.document
                    .report(start, self.path_of(key), Problem::Empty);
            }
            Some(text) => *field = text,
            None => {}
        }
    }

    pub(super) fn texts(&mut self, key: &'static str, field: &mut Vec<String>) {
        let Some(value) = self.take(key) else { return };
        let DeValue::Array(items) = value.get_ref() else {
            return self.mismatch(key, "an array of strings", &value);
        };
        for item in items.iter() {
            match item.get_ref() {
                DeValue::String(text) => {
                    let at = item.span().start;
                    field.extend(self.document.expand(at, &self.path_of(key), text));
                }
                _ => self.mismatch(key, "an array of strings", item),
            }
        }
    }

    pub(super) fn choice<T: Choice>(&mut self, key: &'static str, field: &mut T) {
        let start = self
            .table
            .get(key)
            .map_or(self.start, |value| value.span().start);
        let Some(word) = self.text(key) else { return };
        match T::WORDS.iter().find(|(known, _)| *known == word) {
            Some((_, value)) => *field = *value,
            None => {
                let known: Vec<String> = T::WORDS
                    .iter()
                    .map(|(known, _)| (*known).to_owned())
                    .collect();
                let problem = Problem::UnknownWord {
                    nearest: nearest(&word, &known),
                    known,
                };
                self.document.report(start, self.path_of(key), problem);
            }
        }
    }

    /// A number from 0 to 1.
    pub(super) fn share(&mut self, key: &'static str) -> Option<f32> {
        let value = self.take(key)?;
        let number: Option<f32> = match value.get_ref() {
            DeValue::Float(number) => number.as_str().parse().ok(),
            DeValue::Integer(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| (0.0..=1.0).contains(number));
        if number.is_none() {
            self.document
                .report(value.span().start, self.path_of(key), Problem::NoShare);
        }
        number
    }

    /// The name of a type of personal data.
    pub(super) fn kind(&mut self, key: &'static str, field: &mut Vec<PiiType>) {
        let start = self.table.get(key).map(|value| value.span().start);
        if let (Some(start), Some(name)) = (start, self.text(key)) {
            self.push_kind(key, start, &name, field);
        }
    }

    /// Names of types of personal data.
    pub(super) fn kinds(&mut self, key: &'static str, field: &mut Vec<PiiType>) {
        let start = self.table.get(key).map_or(self.start, |v| v.span().start);
        let mut names = Vec::new();
        self.texts(key, &mut names);
        for name in names {
            self.push_kind(key, start, &name, field);
        }
    }

    fn push_kind(&self, key: &str, start: usize, name: &str, field: &mut Vec<PiiType>) {
        match name.parse() {
            Ok(kind) => field.push(kind),
            Err(_) => {
                let known = super::masking::type_names();
                let problem = Problem::UnknownWord {
                    nearest: nearest(name, &known),
                    known,
                };
                self.document.report(start, self.path_of(key), problem);
            }
        }
    }

    /// A table of strings under keys that `check` has no problem with.
    pub(super) fn text_map(
        &mut self,
        key: &'static str,
        check: impl Fn(&str) -> Option<Problem>,
        field: &mut BTreeMap<String, String>,
    ) {
        let Some(section) = self.section(key) else {
            return;
        };
        for (name, value) in &section.table {
            let path = section.path_of(name.get_ref());
            let at = value.span().start;
            if let Some(problem) = check(name.get_ref()) {
                section.document.report(name.span().start, path, problem);
                continue;
            }
            match value.get_ref() {
                DeValue::String(text) => {
                    if let Some(text) = section.document.expand(at, &path, text) {
                        field.insert(name.get_ref().to_string(), text);
                    }
                }
                other => section.document.mismatch(at, path, "a string", other),
            }
        }
    }

    pub(super) fn section(&mut self, key: &'static str) -> Option<Section<'d>> {
        let value = self.take(key)?;
        self.nested(key, value, "a table")
    }

    pub(super) fn sections(&mut self, key: &'static str) -> Vec<Section<'d>> {
        const EXPECTED: &str = "an array of tables, each under a heading in double brackets";
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        if !value.get_ref().is_array() {
            self.mismatch(key, EXPECTED, &value);
            return Vec::new();
        }
        let DeValue::Array(items) = value.into_inner() else {
            return Vec::new();
        };
        let items: DeArray<'d> = items;
        items
            .into_iter()
            .filter_map(|item| self.nested(key, item, EXPECTED))
            .collect()
    }

    fn nested(
        &self,
        key: &str,
        value: Spanned<DeValue<'d>>,
        expected: &'static str,
    ) -> Option<Section<'d>> {
        let start = value.span().start;
        match value.into_inner() {
            DeValue::Table(table) => Some(Section {
                document: self.document,
                path: self.path_of(key),
                start,
                table,
                asked: Vec::new(),
            }),
            other => {
                self.document
                    .mismatch(start, self.path_of(key), expected, &other);
                None
            }
        }
    }

    /// Where the table starts in the text.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Every key in it, at any depth.
    pub(super) fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        collect(&self.path, &self.table, &mut places);
        places
    }

    /// Reports problems when the section itself is gone.
    pub(super) fn reporter(&self) -> impl Fn(usize, String, Problem) + 'd {
        let document = self.document;
        move |offset, key, problem| document.report(offset, key, problem)
    }

    /// Everything that was not asked for, with variables replaced.
    pub(super) fn rest(self) -> Table {
        self.document.table(&self.path, &self.table)
    }

    /// Everything that was not asked for must not be there.
    pub(super) fn finish(self) {
        for key in self.table.keys() {
            let known = self.asked.iter().map(|key| (*key).to_owned()).collect();
            let problem = Problem::UnknownKey {
                nearest: nearest(key.get_ref(), &self.asked),
                known,
            };
            self.document
                .report(key.span().start, self.path_of(key.get_ref()), problem);
        }
    }
}

/// Where a key stands.
pub(super) struct Place {
    pub(super) key: String,
    pub(super) path: String,
    pub(super) offset: usize,
}

fn collect(path: &str, table: &DeTable<'_>, places: &mut Vec<Place>) {
    for (key, value) in table {
        let path = join(path, key.get_ref());
        if let DeValue::Table(table) = value.get_ref() {
            collect(&path, table, places);
        }
        places.push(Place {
            key: key.get_ref().to_string(),
            path,
            offset: key.span().start,
        });
    }
}

/// A whole number that settings are kept in.
pub(super) trait Bounded {
    /// The largest value, as far as 64 bits reach.
    const MAX: u64;
}

impl Bounded for u16 {
    const MAX: u64 = u16::MAX as u64;
}

impl Bounded for u32 {
    const MAX: u64 = u32::MAX as u64;
}

impl Bounded for u64 {
    const MAX: u64 = u64::MAX;
}

impl Bounded for usize {
    const MAX: u64 = usize::MAX as u64;
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() {
        key.to_owned()
    } else {
        format!("{path}.{key}")
    }
}

fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
