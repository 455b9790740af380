//! "Did you mean …?": the candidate that differs least from what was written.

/// Longer names are compared by their beginning only; the cost grows with the square of the length.
const COMPARED_MAX: usize = 64;

/// Most candidates that are looked at. A file with more names is no work of a person whose pen could slip.
const CANDIDATES_MAX: usize = 1000;

/// The candidate nearest to `name`, when it is near enough to be a slip of the pen: the same apart from case, or
/// at most one edit in three characters (an edit inserts, drops, replaces or swaps). The first of equals wins.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written: Vec<char> = folded(name);
    let allowed = (written.len() / 3).max(1);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in candidates.into_iter().take(CANDIDATES_MAX) {
        let other = folded(candidate);
        if other.len().abs_diff(written.len()) > allowed {
            continue;
        }
        let distance = distance(&written, &other);
        if distance <= allowed && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// The cure sentence for [`nearest`].
pub fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}

/// Case and the choice between `-`, `_` and space are the commonest slips and cost nothing.
fn folded(name: &str) -> Vec<char> {
    let plain = name.chars().map(|c| if matches!(c, '-' | ' ') { '_' } else { c });
    plain.flat_map(char::to_lowercase).take(COMPARED_MAX).collect()
}

/// Edit distance with swaps of neighbours (optimal string alignment).
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before_last[j - 2] + 1);
            }
            row.push(least);
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let names = ["escalation", "choose_queue", "close", "say"];
        for (written, expected) in [
            ("escalaton", Some("escalation")),
            ("Choose-Queue", Some("choose_queue")),
            ("colse", Some("close")),
            ("sya", Some("say")),
            ("bring_the_bot", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, names), expected, "{written}");
        }
    }
}
