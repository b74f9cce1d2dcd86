//! JSONPath (RFC 9535), the part of it that names fields.

use thiserror::Error;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// `.name`, `['name']`
    Name(String),
    /// `[3]`
    Index(usize),
    /// `.*`, `[*]`
    Any,
}

/// A step, and whether it may be taken at any depth below (`..`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) step: Step,
    pub(super) anywhere: bool,
}

/// Why a path is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PathProblem {
    /// It does not begin with `$`.
    #[error("a path begins with $, as in $.request.parameters.user")]
    NoRoot,
    /// It is `$` alone.
    #[error("the path names the whole document; choose a profile for that")]
    OnlyRoot,
    /// What stands at this byte is no step.
    #[error("what stands at byte {0} is no step; write .name, ['name'], [0], .* or ..name")]
    Step(usize),
    /// Slices, filters, lists and negative indices.
    #[error(
        "what stands at byte {0} is JSONPath that is not supported: slices, filters, lists and negative indices"
    )]
    Unsupported(usize),
    /// All paths together are too complex.
    #[error("all paths together are too many; use fewer of them with `..`")]
    TooMany,
}

pub(super) fn parse(path: &str) -> Result<Vec<Segment>, PathProblem> {
    let mut rest = path.strip_prefix('$').ok_or(PathProblem::NoRoot)?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let at = path.len() - rest.len();
        let anywhere = rest.starts_with("..");
        let after = if anywhere {
            &rest[2..]
        } else {
            rest.strip_prefix('.').unwrap_or(rest)
        };
        let dotted = anywhere || after.len() < rest.len();
        let (step, next) = if let Some(inner) = after.strip_prefix('[') {
            if dotted && !anywhere {
                return Err(PathProblem::Step(at));
            }
            bracket(inner, path.len() - inner.len())?
        } else if !dotted {
            return Err(PathProblem::Step(at));
        } else if let Some(next) = after.strip_prefix('*') {
            (Step::Any, next)
        } else {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            let name = &after[..end];
            let begins = |c: char| c.is_alphabetic() || c == '_' || !c.is_ascii();
            let fits =
                name.starts_with(begins) && name.chars().all(|c| begins(c) || c.is_ascii_digit());
            if !fits {
                return Err(PathProblem::Step(path.len() - after.len()));
            }
            (Step::Name(name.to_owned()), &after[end..])
        };
        segments.push(Segment { step, anywhere });
        rest = next;
    }
    match segments.is_empty() {
        true => Err(PathProblem::OnlyRoot),
        false => Ok(segments),
    }
}

/// What stands between brackets, and what follows them.
fn bracket(inner: &str, at: usize) -> Result<(Step, &str), PathProblem> {
    let trimmed = inner.trim_start();
    let (step, rest) = match trimmed.as_bytes().first() {
        Some(quote @ (b'\'' | b'"')) => {
            let mut name = String::new();
            let mut chars = trimmed[1..].char_indices();
            loop {
                match chars.next() {
                    None => return Err(PathProblem::Step(at)),
                    Some((_, '\\')) => match chars.next() {
                        Some((_, c @ ('\\' | '\'' | '"' | '/'))) => name.push(c),
                        _ => return Err(PathProblem::Unsupported(at)),
                    },
                    Some((end, c)) if c == char::from(*quote) => {
                        break (Step::Name(name), &trimmed[1 + end + 1..]);
                    }
                    Some((_, c)) => name.push(c),
                }
            }
        }
        Some(b'*') => (Step::Any, &trimmed[1..]),
        Some(b'0'..=b'9') => {
            let len = trimmed.bytes().take_while(u8::is_ascii_digit).count();
            let index = trimmed[..len].parse().map_err(|_| PathProblem::Step(at))?;
            (Step::Index(index), &trimmed[len..])
        }
        _ => return Err(PathProblem::Unsupported(at)),
    };
    match rest.trim_start().strip_prefix(']') {
        Some(rest) => Ok((step, rest)),
        None => Err(PathProblem::Unsupported(at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read() {
        let name = |name: &str| Step::Name(name.to_owned());
        let plain = |step| Segment {
            step,
            anywhere: false,
        };
        let deep = |step| Segment {
            step,
            anywhere: true,
        };
        for (path, expect) in [
            ("$.a.b_1", vec![plain(name("a")), plain(name("b_1"))]),
            (
                "$['a.b'][ \"c\\\"d\" ][0][*]",
                vec![
                    plain(name("a.b")),
                    plain(name("c\"d")),
                    plain(Step::Index(0)),
                    plain(Step::Any),
                ],
            ),
            (
                "$..name.*..[*]",
                vec![deep(name("name")), plain(Step::Any), deep(Step::Any)],
            ),
            ("$.größe", vec![plain(name("größe"))]),
        ] {
            assert_eq!(parse(path).unwrap(), expect, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_told() {
        use PathProblem as P;
        for (path, expect) in [
            ("", P::NoRoot),
            ("a.b", P::NoRoot),
            ("$", P::OnlyRoot),
            ("$a", P::Step(1)),
            ("$.", P::Step(2)),
            ("$.a-b", P::Step(2)),
            ("$.[0]", P::Step(1)),
            ("$[-1]", P::Unsupported(2)),
            ("$[1:2]", P::Unsupported(2)),
            ("$[?@.a]", P::Unsupported(2)),
            ("$['a','b']", P::Unsupported(2)),
            ("$['a", P::Step(2)),
        ] {
            assert_eq!(parse(path), Err(expect), "{path}");
        }
    }
}
