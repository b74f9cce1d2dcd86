//! `${VAR}` in strings.

use std::ffi::OsString;

use super::error::ConfigProblemKind as Problem;

/// Where `${VAR}` is looked up.
pub(super) type Variables<'a> = dyn Fn(&str) -> Option<OsString> + 'a;

/// Replaces every `${VAR}` in `text`. `$${` stands for `${`; what a variable holds is not looked
/// through again.
pub(super) fn expand(text: &str, variables: &Variables<'_>) -> Result<String, Problem> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            out.push_str(&rest[..at - 1]);
            out.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        out.push_str(&rest[..at]);
        let after = &rest[at + 2..];
        let name = match after.find('}') {
            Some(end) => &after[..end],
            None => return Err(Problem::UnclosedVariable),
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty()
            || !name.chars().all(plain)
            || name.starts_with(|c: char| c.is_ascii_digit())
        {
            // Not quoted: a value pasted between the braces may be the secret itself.
            return Err(Problem::BadVariableName);
        }
        let value = variables(name).ok_or_else(|| Problem::MissingVariable(name.to_owned()))?;
        match value.to_str() {
            Some(value) => out.push_str(value),
            None => return Err(Problem::VariableNotUtf8(name.to_owned())),
        }
        rest = &after[name.len() + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(name: &str) -> Option<OsString> {
        match name {
            "HOME" => Some("/home/a".into()),
            "EMPTY" => Some("".into()),
            "NESTED" => Some("${HOME}".into()),
            _ => None,
        }
    }

    #[track_caller]
    fn check(text: &str, expect: &str) {
        assert_eq!(expand(text, &variables).unwrap(), expect);
    }

    #[test]
    fn replaces_variables() {
        check("", "");
        check("plain $HOME $ {x} }", "plain $HOME $ {x} }");
        check("${HOME}", "/home/a");
        check("${HOME}/x/${HOME}${EMPTY}.", "/home/a/x//home/a.");
        check("${NESTED}", "${HOME}");
        check("ä${HOME}ö", "ä/home/aö");
    }

    #[test]
    fn a_doubled_dollar_escapes() {
        check("$${HOME}", "${HOME}");
        check("$$${HOME}", "$${HOME}");
        check("$$", "$$");
        check("$${", "${");
    }

    #[test]
    fn refuses_what_it_cannot_replace() {
        let fails = |text| expand(text, &variables).unwrap_err();
        assert_eq!(
            fails("${NOT_SET}"),
            Problem::MissingVariable("NOT_SET".into())
        );
        assert_eq!(fails("a${HOME"), Problem::UnclosedVariable);
        assert_eq!(fails("${}"), Problem::BadVariableName);
        assert_eq!(fails("${s.3cr3t}"), Problem::BadVariableName);
        assert_eq!(fails("${1A}"), Problem::BadVariableName);
    }
}
