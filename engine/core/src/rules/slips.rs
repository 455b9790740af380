//! What people write who know another language: the cure for a source that does not parse.

/// How to mend a source that does not parse, when it holds a common slip.
pub fn cure_of_slip(source: &str) -> Option<&'static str> {
    let code = without_texts(source);
    let has_word =
        |wanted: &str| code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == wanted);
    Some(match () {
        () if code.contains("=<") => "at most is written `<=`",
        () if code.contains("=>") => "at least is written `>=`",
        () if code.contains("<>") => "unequal is written `!=`",
        () if single_equal(&code) || has_word("is") => "equal is written `==`",
        () if has_word("and") || has_word("AND") => "and is written `&&`",
        () if has_word("or") || has_word("OR") => "or is written `||`",
        () if has_word("not") || has_word("NOT") => "not is written `!`",
        () if code.contains(['“', '”', '„', '‘', '’', '«', '»']) => {
            "texts stand in straight double quotes, as in \"gold\""
        }
        () if code.contains('\'') => "texts stand in double quotes",
        () if bare_map(&code) => "a map begins with `#{`",
        () if between_digits(&code, ',') && !code.contains(['[', '(']) => "fractions have a point, as in 0.5",
        () if has_unit(&code) => "numbers have no unit; times are counted in seconds",
        () => return None,
    })
}

/// Whether a brace opens what looks like a map and has no `#` in front: `{ why: `.
fn bare_map(code: &str) -> bool {
    code.match_indices('{').any(|(at, _)| {
        let inside = code[at + 1..].trim_start();
        let name = inside.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
        let named = name.len() < inside.len() && name.trim_start().starts_with(':');
        named && !code[..at].ends_with(['#', '$']) && !name.trim_start().starts_with("::")
    })
}

/// Whether a sign stands between two digits.
fn between_digits(code: &str, sign: char) -> bool {
    let digit = |c: Option<char>| c.is_some_and(|c| c.is_ascii_digit());
    let both = |at: usize| digit(code[..at].chars().next_back()) && digit(code[at + 1..].chars().next());
    code.match_indices(sign).any(|(at, _)| both(at))
}

/// Whether a number has a unit, as in `5m`.
fn has_unit(code: &str) -> bool {
    code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| {
        let unit = word.trim_start_matches(|c: char| c.is_ascii_digit());
        unit.len() < word.len() && matches!(unit, "ms" | "s" | "m" | "min" | "h" | "d")
    })
}

/// A source with its double-quoted texts left out.
fn without_texts(source: &str) -> String {
    let (mut code, mut inside, mut escaped) = (String::new(), false, false);
    for c in source.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if inside => escaped = true,
            '"' => inside = !inside,
            c if !inside => code.push(c),
            _ => {}
        }
    }
    code
}

/// Whether a `=` stands alone, which sets a value and compares none.
fn single_equal(code: &str) -> bool {
    let signs: Vec<char> = code.chars().collect();
    let near = |at: Option<usize>| at.and_then(|at| signs.get(at)).copied().unwrap_or(' ');
    signs.iter().enumerate().any(|(at, sign)| {
        *sign == '=' && !"=!<>+-*/%".contains(near(at.checked_sub(1))) && !"=>".contains(near(Some(at + 1)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_told_from_what_is_right() {
        for (source, cure) in [
            ("event.role = \"X\"", Some("equal is written `==`")),
            ("a and b", Some("and is written `&&`")),
            ("a or b", Some("or is written `||`")),
            ("not a", Some("not is written `!`")),
            ("a == 'gold'", Some("texts stand in double quotes")),
            ("a == \"this and 'that' = x\" +", None),
            ("a >= 1 && b != 2 || c == 3 +", None),
            ("a =< 5", Some("at most is written `<=`")),
            ("a => 5", Some("at least is written `>=`")),
            ("a <> 5", Some("unequal is written `!=`")),
            ("a is 5", Some("equal is written `==`")),
            ("a AND b", Some("and is written `&&`")),
            ("NOT a", Some("not is written `!`")),
            ("a == “gold”", Some("texts stand in straight double quotes, as in \"gold\"")),
            ("age > 5m", Some("numbers have no unit; times are counted in seconds")),
            ("share > 0,5", Some("fractions have a point, as in 0.5")),
            ("{ why: \"x\" }", Some("a map begins with `#{`")),
            ("#{ why: \"x\" } +", None),
            ("if a { b } else { c", None),
            ("max(1,5", None),
            ("band +* order", None),
        ] {
            assert_eq!(cure_of_slip(source), cure, "{source}");
        }
    }
}
