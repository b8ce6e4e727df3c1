//! One line for each check, for people.

use std::fmt::Write as _;

use super::Verdict;

/// The verdict as text: a line for each check with what it looked at, and under
/// it what is wrong and what is counted apart.
pub fn print(verdict: &Verdict) -> String {
    let mut text = String::new();
    for check in &verdict.checks {
        let state = if check.ok { "ok    " } else { "FAILED" };
        let counts: Vec<String> =
            check.counts.iter().map(|count| format!("{} {}", count.count, count.what)).collect();
        // Writing to a String does not fail.
        let _ = writeln!(text, "{state} {:<11} {}", check.name, counts.join(", "));
        if !check.ok {
            let _ = writeln!(text, "         it should be that {}:", check.promise);
        }
        for offender in &check.offenders {
            let _ = writeln!(text, "         ! {offender}");
        }
        let unnamed = check.failures.saturating_sub(check.offenders.len() as u64);
        if unnamed > 0 {
            let _ = writeln!(text, "         ! and {unnamed} more");
        }
        for note in &check.apart {
            let _ = writeln!(text, "         · {note}");
        }
    }
    let failed = verdict.checks.iter().filter(|check| !check.ok).count();
    let all = verdict.checks.len();
    let _ = if failed == 0 {
        writeln!(text, "The books are whole: {all} of {all} checks hold.")
    } else {
        writeln!(text, "The books are NOT whole: {failed} of {all} checks failed.")
    };
    text
}
