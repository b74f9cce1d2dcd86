//! `[masking]`, and the profile files that it names.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::str::FromStr;

use symlog_pii::PiiType;
use toml::de::DeTable;

use super::error::{ConfigError, ConfigProblemKind as Problem, nearest};
use super::section::{Document, Section, position};
use super::sections::RetentionSelector;

/// `[masking]`: what is masked, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaskingConfig {
    /// The name of a built-in profile, or the path of a profile file.
    pub profile: String,
    /// More rule files.
    pub rules: Vec<String>,
    /// Texts that are never masked.
    pub allow: Vec<String>,
    /// Texts that are always masked.
    pub deny: Vec<String>,
    /// The folder of a token classifier that is asked besides the rules.
    pub model: Option<String>,
    /// The library of ONNX Runtime, which runs it.
    pub onnx_runtime: Option<String>,
    /// What is written for each type or rule, where that is not its default mask.
    pub operators: BTreeMap<String, String>,
    /// `[[masking.field]]`: fields that are masked in another way, or not.
    pub fields: Vec<MaskingField>,
    /// `[[masking.override]]`: entries that are masked in another way. The first that fits counts.
    pub overrides: Vec<MaskingOverride>,
}

/// `[[masking.field]]`: what is done with the fields at a path, and with all below them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaskingField {
    /// A JSONPath of names, indices, `*` and `..`.
    pub path: String,
    /// They stay as they are.
    pub skip: bool,
    /// Each of their strings and numbers is a value of this type.
    pub kind: Option<PiiType>,
    /// What is written there.
    pub operator: Option<String>,
    /// The profile that holds there.
    pub profile: Option<String>,
}

/// `[[masking.override]]`: what holds for some entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MaskingOverride {
    /// Which entries.
    pub selector: RetentionSelector,
    /// Their profile.
    pub profile: Option<String>,
    /// Their operators, on top of the others.
    pub operators: BTreeMap<String, String>,
}

impl Default for MaskingConfig {
    fn default() -> Self {
        Self {
            profile: "default".to_owned(),
            rules: Vec::new(),
            allow: Vec::new(),
            deny: Vec::new(),
            model: None,
            onnx_runtime: None,
            operators: BTreeMap::new(),
            fields: Vec::new(),
            overrides: Vec::new(),
        }
    }
}

impl MaskingConfig {
    pub(super) fn read(&mut self, mut section: Section<'_>) {
        let Self {
            profile,
            rules,
            allow,
            deny,
            model,
            onnx_runtime,
            operators,
            fields,
            overrides,
        } = self;
        section.name("profile", profile);
        section.texts("rules", rules);
        section.texts("allow", allow);
        section.texts("deny", deny);
        *model = section.text("model");
        *onnx_runtime = section.text("onnx_runtime");
        section.text_map("operators", unknown_type, operators);
        *fields = read_fields(&mut section);
        *overrides = section
            .sections("override")
            .into_iter()
            .map(MaskingOverride::read)
            .collect();
        section.finish();
    }

    /// Lets paths of rule, profile and model files start where the configuration file is.
    pub(super) fn resolve(&mut self, directory: &Path) {
        self.rules
            .iter_mut()
            .chain(&mut self.model)
            .chain(&mut self.onnx_runtime)
            .for_each(|path| resolve(directory, path));
        let profiles = [&mut self.profile].into_iter();
        let profiles = profiles
            .chain(
                self.fields
                    .iter_mut()
                    .filter_map(|field| field.profile.as_mut()),
            )
            .chain(
                self.overrides
                    .iter_mut()
                    .filter_map(|own| own.profile.as_mut()),
            );
        // Names of built-in profiles have neither.
        for profile in profiles.filter(|profile| profile.contains(['/', '.'])) {
            resolve(directory, profile);
        }
    }
}

fn resolve(directory: &Path, path: &mut String) {
    if let Some(resolved) = directory.join(&*path).to_str() {
        *path = resolved.to_owned();
    }
}

impl MaskingOverride {
    fn read(mut section: Section<'_>) -> Self {
        let mut new = Self::default();
        match section.section("match") {
            None => section.missing(
                "match",
                "write match = { agent = \"…\" } or model, type, tenant",
            ),
            Some(selector) => new.selector.read(selector),
        }
        new.profile = section.text("profile");
        section.text_map("operators", unknown_type, &mut new.operators);
        section.finish();
        new
    }
}

fn read_fields(section: &mut Section<'_>) -> Vec<MaskingField> {
    section
        .sections("field")
        .into_iter()
        .map(MaskingField::read)
        .collect()
}

impl MaskingField {
    fn read(mut section: Section<'_>) -> Self {
        let mut new = Self::default();
        match section.text("path") {
            Some(path) => new.path = path,
            None => section.missing("path", "write path = \"$.request.parameters.user\""),
        }
        section.boolean("skip", &mut new.skip);
        let mut kinds = Vec::new();
        section.kind("type", &mut kinds);
        new.kind = kinds.pop();
        new.operator = section.text("operator");
        new.profile = section.text("profile");
        let asked = new.kind.is_some() || new.operator.is_some() || new.profile.is_some();
        if new.skip == asked {
            section.missing(
                "skip",
                "write skip = true, or a type, an operator or a profile, and not both",
            );
        }
        section.finish();
        new
    }
}

/// A profile file: a base, and what is different from it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfileFile {
    /// The built-in profile that it begins with; nothing where there is none.
    pub base: Option<String>,
    /// Types to mask besides.
    pub types: Vec<PiiType>,
    /// Types not to mask.
    pub without: Vec<PiiType>,
    /// What is less sure than this is not masked.
    pub min_score: Option<f32>,
    /// Whether the values of sensitive keys are masked.
    pub sensitive_keys: Option<bool>,
    /// More rule files.
    pub rules: Vec<String>,
    /// Texts that are never masked.
    pub allow: Vec<String>,
    /// Texts that are always masked.
    pub deny: Vec<String>,
    /// What is written for each type or rule.
    pub operators: BTreeMap<String, String>,
    /// What is done with fields.
    pub fields: Vec<MaskingField>,
}

impl ProfileFile {
    /// Reads a profile from `text`, which stands in the file `name`. Rule files start where it
    /// lies.
    ///
    /// # Errors
    ///
    /// As [`Config::from_toml`](super::Config::from_toml).
    pub fn from_toml(text: &str, name: &str) -> Result<Self, ConfigError> {
        let variables = |variable: &str| -> Option<OsString> { std::env::var_os(variable) };
        let root = DeTable::parse(text).map_err(|error| {
            let (line, column) = position(text, error.span().map_or(0, |span| span.start));
            ConfigError::Syntax {
                file: name.to_owned(),
                line,
                column,
                message: error.message().to_owned(),
            }
        })?;
        let document = Document::new(name, text, &variables);
        let mut file = Self::read(Section::root(&document, root.into_inner()));
        match document.into_problems() {
            problems if problems.is_empty() => {}
            problems => return Err(ConfigError::Invalid(problems)),
        }
        if let Some(directory) = Path::new(name).parent() {
            file.rules
                .iter_mut()
                .for_each(|path| resolve(directory, path));
        }
        Ok(file)
    }

    fn read(mut section: Section<'_>) -> Self {
        let mut new = Self {
            base: section.text("base"),
            ..Self::default()
        };
        section.kinds("types", &mut new.types);
        section.kinds("without", &mut new.without);
        new.min_score = section.share("min_score");
        if section.has("sensitive_keys") {
            let mut masked = true;
            section.boolean("sensitive_keys", &mut masked);
            new.sensitive_keys = Some(masked);
        }
        section.texts("rules", &mut new.rules);
        section.texts("allow", &mut new.allow);
        section.texts("deny", &mut new.deny);
        section.text_map("operators", unknown_type, &mut new.operators);
        new.fields = read_fields(&mut section);
        section.finish();
        new
    }
}

/// Types are written in capitals, rules are not, and which rules there are is known only with the
/// rule files.
fn unknown_type(name: &str) -> Option<Problem> {
    if name.contains(|c: char| c.is_lowercase()) || PiiType::from_str(name).is_ok() {
        return None;
    }
    let known = type_names();
    Some(Problem::UnknownKey {
        nearest: nearest(name, &known),
        known,
    })
}

pub(super) fn type_names() -> Vec<String> {
    PiiType::ALL
        .iter()
        .map(|kind| kind.as_str().to_owned())
        .collect()
}
