use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use symlog_crypto::SecretBytes;
use zeroize::Zeroizing;

use crate::store::FileFormat;

/// Names and secrets of one file.
#[derive(Default)]
pub(super) struct Contents(BTreeMap<String, SecretBytes>);

type Plain = Zeroizing<Vec<u8>>;

impl Contents {
    pub(super) fn parse(format: FileFormat, bytes: &[u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8 text")?;
        match format {
            FileFormat::Json => serde_json::from_str(text)
                .map(|entries: BTreeMap<String, Entry>| entries.into())
                .map_err(|_| "it is not a JSON object of names and secrets"),
            FileFormat::Toml => toml::from_str(text)
                .map(|entries: BTreeMap<String, Entry>| entries.into())
                .map_err(|_| "it is not TOML with names and secrets at its top level"),
            FileFormat::Env => parse_env(text),
            FileFormat::Yaml => serde_saphyr::from_str(text)
                .map(|entries: BTreeMap<String, Entry>| entries.into())
                .map_err(|_| "it is not a YAML mapping of names and secrets"),
        }
    }

    pub(super) fn render(&self, format: FileFormat) -> Result<Plain, &'static str> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.rendered_size()));
        let mut texts = BTreeMap::new();
        for (name, secret) in &self.0 {
            let text = secret
                .expose_str()
                .map_err(|_| "a secret that is not UTF-8 text cannot be kept in a file")?;
            texts.insert(name.as_str(), text);
        }
        match format {
            // Every JSON object is a YAML mapping.
            FileFormat::Json | FileFormat::Yaml => {
                serde_json::to_writer_pretty(&mut *out, &texts)
                    .map_err(|_| "it cannot be written as JSON")?;
                out.push(b'\n');
            }
            FileFormat::Toml => {
                let text = toml::to_string(&texts).map_err(|_| "it cannot be written as TOML")?;
                out.extend_from_slice(Zeroizing::new(text).as_bytes());
            }
            FileFormat::Env => render_env(&texts, &mut out)?,
        }
        Ok(out)
    }

    /// Enough for everything escaped once, so that the buffer is not moved and leaves no copy.
    fn rendered_size(&self) -> usize {
        self.0
            .iter()
            .map(|(name, secret)| 2 * (name.len() + secret.len()) + 16)
            .sum()
    }

    pub(super) fn take(&mut self, name: &str) -> Option<SecretBytes> {
        self.0.remove(name)
    }

    pub(super) fn insert(&mut self, name: String, secret: SecretBytes) {
        self.0.insert(name, secret);
    }

    pub(super) fn names(&self, prefix: &str) -> Vec<String> {
        self.0
            .keys()
            .filter(|name| name.starts_with(prefix))
            .cloned()
            .collect()
    }
}

impl From<BTreeMap<String, Entry>> for Contents {
    fn from(entries: BTreeMap<String, Entry>) -> Self {
        Self(
            entries
                .into_iter()
                .map(|(name, Entry(secret))| (name, secret))
                .collect(),
        )
    }
}

/// Text as it is; anything else as its JSON text.
struct Entry(SecretBytes);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl EntryVisitor {
    fn json<E: de::Error>(value: Result<serde_json::Value, E>) -> Result<Entry, E> {
        value.map(|value| Entry(value.to_string().into()))
    }
}

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Entry, E> {
        Ok(Entry(text.to_owned().into()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Entry, E> {
        Ok(Entry(text.into()))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Entry, E> {
        Ok(Entry(value.to_string().into()))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Entry, E> {
        Ok(Entry(value.to_string().into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Entry, E> {
        Ok(Entry(value.to_string().into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Entry, E> {
        Ok(Entry(value.to_string().into()))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Entry, E> {
        Ok(Entry(SecretBytes::new(Vec::new())))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
        Self::json(Deserialize::deserialize(
            de::value::MapAccessDeserializer::new(map),
        ))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Entry, A::Error> {
        Self::json(Deserialize::deserialize(
            de::value::SeqAccessDeserializer::new(seq),
        ))
    }
}

/// `NAME=value` lines as shells and dotenv files have them: comments, `export`, single quotes without and double
/// quotes with escapes.
fn parse_env(text: &str) -> Result<Contents, &'static str> {
    let mut contents = Contents::default();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line
            .split_once('=')
            .ok_or("a line of it is not NAME=value")?;
        let name = name.trim_end();
        if name.is_empty() {
            return Err("a line of it has no name");
        }
        let value = unquote(value.trim_start())?;
        contents.insert(name.to_owned(), value.into());
    }
    Ok(contents)
}

fn unquote(value: &str) -> Result<String, &'static str> {
    if let Some(rest) = value.strip_prefix('\'') {
        let (inside, _) = rest.split_once('\'').ok_or("a quote is not closed")?;
        return Ok(inside.to_owned());
    }
    let Some(rest) = value.strip_prefix('"') else {
        let end = value.find(" #").unwrap_or(value.len());
        return Ok(value[..end].trim_end().to_owned());
    };
    let mut out = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    loop {
        match chars.next().ok_or("a quote is not closed")? {
            '"' => return Ok(out),
            '\\' => out.push(match chars.next().ok_or("a quote is not closed")? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                other => other,
            }),
            other => out.push(other),
        }
    }
}

fn render_env(texts: &BTreeMap<&str, &str>, out: &mut Vec<u8>) -> Result<(), &'static str> {
    for (name, text) in texts {
        if name.is_empty() || name.contains(['=', '\n', '\r', '#']) || name.trim() != *name {
            return Err("a name cannot be written as NAME=value");
        }
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"=\"");
        for byte in text.bytes() {
            match byte {
                b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                _ => out.push(byte),
            }
        }
        out.extend_from_slice(b"\"\n");
    }
    Ok(())
}
