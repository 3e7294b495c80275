//! Flags that kubectl has: `--no-headers`, `--no-headers=true`, `-A=false`.

use clap::{Arg, ArgAction};

/// A flag that may be given a truth value after an equals sign, as Go's flags.
pub(super) fn like_go(flag: Arg) -> Arg {
    if !matches!(flag.get_action(), ArgAction::SetTrue) {
        return flag;
    }
    with_value(flag.action(ArgAction::Set).default_value("false"))
}

/// The same of a flag that knows whether it was given.
pub(super) fn with_value(flag: Arg) -> Arg {
    let flag = flag.num_args(0..=1).require_equals(true).default_missing_value("true");
    flag.value_parser(truth).value_name("BOOL").hide_default_value(true)
}

/// `strconv.ParseBool`.
fn truth(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(format!("strconv.ParseBool: parsing {text:?}: invalid syntax")),
    }
}

#[cfg(test)]
mod tests {
    use clap::{ArgMatches, Command};

    use super::*;

    #[test]
    fn flags_take_truth_values() {
        let flags = |line: &str| -> Option<ArgMatches> {
            let flag = |id: &'static str, short: char| Arg::new(id).short(short).long(id).action(ArgAction::SetTrue);
            let command = Command::new("get").args([flag("all", 'A'), flag("watch", 'w')]).arg(Arg::new("word"));
            command.mut_args(like_go).try_get_matches_from(line.split(' ')).ok()
        };
        let check = |line: &str, wanted: [bool; 2]| {
            let found = flags(line).unwrap_or_else(|| panic!("{line}"));
            assert_eq!(["all", "watch"].map(|id| found.get_flag(id)), wanted, "{line}");
        };
        check("get", [false, false]);
        check("get --all jobs", [true, false]);
        check("get -A jobs", [true, false]);
        check("get -Aw", [true, true]);
        check("get -A=true --watch=F", [true, false]);
        check("get -A=0 --watch=1", [false, true]);
        assert!(flags("get -A=yes").is_none());
    }
}
