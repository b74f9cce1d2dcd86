use std::cmp::Ordering;
use std::fmt;

use crate::SinkError;

const MAX_LEN: usize = 64;

/// Which of a log's objects is meant. Sealed ones come before the active one,
/// and are ordered by the length of their names, then by their bytes, so that
/// decimal numbers sort as numbers with and without padding.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ObjectName {
    /// A sealed object; see [`ObjectName::sealed`] for the names there are.
    Sealed(String),
    /// The one that is appended to.
    Active,
}

impl ObjectName {
    /// The name of a sealed object: 1 to 64 bytes of ASCII letters, digits, `-`
    /// and `_`, the first one a digit. So a name is safe in any path or URL,
    /// and what else lies beside a log (`.lock`, `.keyring`, `.7.parquet`) is
    /// never taken for a part of it.
    ///
    /// # Errors
    ///
    /// [`SinkError::InvalidName`] for any other text.
    pub fn sealed(name: impl Into<String>) -> Result<Self, SinkError> {
        let name = name.into();
        check(&name)?;
        Ok(Self::Sealed(name))
    }
}

/// Whether `name` may be given to a sealed object.
pub(crate) fn check(name: &str) -> Result<(), SinkError> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_LEN {
        "it is longer than 64 bytes"
    } else if !name.as_bytes()[0].is_ascii_digit() {
        "it does not begin with a digit"
    } else if !name
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    {
        "it holds something other than ASCII letters, digits, `-` and `_`"
    } else {
        return Ok(());
    };
    Err(SinkError::InvalidName {
        name: name.to_owned(),
        reason,
    })
}

/// Whether `object` is one that may be removed.
pub(crate) fn check_removable(object: &ObjectName) -> Result<(), SinkError> {
    match object {
        ObjectName::Sealed(name) => check(name),
        ObjectName::Active => Err(SinkError::InvalidName {
            name: object.to_string(),
            reason: "only a sealed object can be removed",
        }),
    }
}

/// Whether `name` may be given to the next sealed object after `last`.
pub(crate) fn check_next(name: &str, last: Option<&str>) -> Result<(), SinkError> {
    check(name)?;
    match last {
        Some(last) if order(name, last) != Ordering::Greater => Err(SinkError::InvalidName {
            name: name.to_owned(),
            reason: "it does not come after the newest sealed object",
        }),
        _ => Ok(()),
    }
}

pub(crate) fn order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

impl Ord for ObjectName {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Sealed(a), Self::Sealed(b)) => order(a, b),
            (Self::Sealed(_), Self::Active) => Ordering::Less,
            (Self::Active, Self::Sealed(_)) => Ordering::Greater,
            (Self::Active, Self::Active) => Ordering::Equal,
        }
    }
}

impl PartialOrd for ObjectName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sealed(name) => write!(f, "sealed object {name}"),
            Self::Active => f.write_str("active object"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_sort_as_numbers() {
        let mut names: Vec<_> = ["10", "9", "100", "11"]
            .into_iter()
            .map(|name| ObjectName::sealed(name).unwrap())
            .collect();
        names.insert(0, ObjectName::Active);
        names.sort();
        let sorted: Vec<_> = names.iter().map(ToString::to_string).collect();
        assert_eq!(
            sorted,
            [
                "sealed object 9",
                "sealed object 10",
                "sealed object 11",
                "sealed object 100",
                "active object"
            ]
        );
    }

    #[test]
    fn hostile_names_are_refused() {
        for name in [
            "",
            "lock",
            "keyring",
            "../1",
            "1/2",
            "1.parquet",
            ".1",
            "1\0",
            "1 2",
            "١",
            "1é",
            &"1".repeat(65),
        ] {
            assert!(
                matches!(ObjectName::sealed(name), Err(SinkError::InvalidName { .. })),
                "{name:?}"
            );
        }
        for name in ["1", "000007", "2026-01_7", "0a", &"1".repeat(64)] {
            assert!(ObjectName::sealed(name).is_ok(), "{name:?}");
        }
    }

    #[test]
    fn the_next_name_must_be_later() {
        assert!(check_next("8", None).is_ok());
        assert!(check_next("10", Some("9")).is_ok());
        assert!(check_next("9", Some("9")).is_err());
        assert!(check_next("9", Some("10")).is_err());
    }
}
