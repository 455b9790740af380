//! What people write who know another language: the cure for a source that does not parse.

/// How to mend a source that does not parse, when it holds a common slip.
pub fn cure_of_slip(source: &str) -> Option<&'static str> {
    let code = without_texts(source);
    let has_word =
        |wanted: &str| code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == wanted);
    if single_equal(&code) {
        Some("equal is written `==`")
    } else if has_word("and") {
        Some("and is written `&&`")
    } else if has_word("or") {
        Some("or is written `||`")
    } else if has_word("not") {
        Some("not is written `!`")
    } else if code.contains('\'') {
        Some("texts stand in double quotes")
    } else {
        None
    }
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
            ("list.filter(|x| x => 1", None),
            ("band +* order", None),
        ] {
            assert_eq!(cure_of_slip(source), cure, "{source}");
        }
    }
}
