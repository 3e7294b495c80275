//! Errors as kubectl prints them (`cmdutil.CheckErr`): alone in full, several of them a line each.

use crate::apiserver::admission::{Rejection, distinct, listed};
use crate::apiserver::{FieldError, aggregate};

/// What went wrong with one object, or with several.
#[derive(Clone, Debug)]
pub(super) enum Complaint {
    /// The client's own words.
    Client(String),
    /// An answer of the API server.
    Server {
        /// Its reason: `BadRequest`.
        reason: &'static str,
        /// Its message.
        message: String,
    },
    /// The answer that an object breaks rules.
    Invalid {
        /// Kind and name of the object; none where the server does not know what it is.
        object: Option<(String, String)>,
        /// The rules, each as `field: what is wrong`.
        causes: Vec<String>,
        /// The answer's message.
        message: String,
    },
    /// Several (`utilerrors.Aggregate`).
    Several(Vec<Complaint>),
}

impl Complaint {
    /// The server's answer to an object of a kind and group that breaks rules.
    pub(super) fn invalid((kind, group): (&str, &str), name: &str, errors: &[FieldError]) -> Complaint {
        let causes = distinct(errors).into_iter().map(str::to_owned).collect();
        let message = format!("{kind}{group} \"{name}\" is invalid: {}", listed(errors));
        Complaint::Invalid { object: Some((kind.to_owned(), name.to_owned())), causes, message }
    }

    /// With what was being done to which file (`AddSourceToErr`).
    pub(super) fn when(mut self, doing: &str, file: &str) -> Complaint {
        if let Complaint::Server { message, .. } | Complaint::Invalid { message, .. } = &mut self {
            *message = format!("error when {doing} \"{file}\": {message}");
        }
        self
    }

    /// All that is printed if nothing else went wrong, without the last line's end.
    pub(super) fn alone(&self) -> String {
        match self {
            Complaint::Several(list) => match list.as_slice() {
                [one @ (Complaint::Client(_) | Complaint::Server { .. } | Complaint::Invalid { .. })] => one.alone(),
                _ => list.iter().map(Complaint::among_others).collect::<Vec<_>>().join("\n"),
            },
            Complaint::Invalid { object, causes, .. } => {
                let head = match object {
                    Some((kind, name)) => format!("The {kind} \"{name}\" is invalid: "),
                    None => "The request is invalid: ".to_owned(),
                };
                match causes.as_slice() {
                    [one] => head + one,
                    several => several.iter().fold(head, |text, cause| format!("{text}\n* {cause}")),
                }
            }
            Complaint::Client(text) if text.starts_with("error: ") => text.clone(),
            Complaint::Client(text) => format!("error: {text}"),
            Complaint::Server { .. } => self.among_others(),
        }
    }

    /// Its line where several things went wrong (`messageForError`).
    fn among_others(&self) -> String {
        match self {
            Complaint::Client(text) => text.clone(),
            Complaint::Server { reason, message } => format!("Error from server ({reason}): {message}"),
            Complaint::Invalid { message, .. } => format!("Error from server (Invalid): {message}"),
            Complaint::Several(list) => aggregate(&list.iter().map(Complaint::text).collect::<Vec<_>>()),
        }
    }

    /// Its text within others.
    fn text(&self) -> String {
        match self {
            Complaint::Client(text) => text.clone(),
            Complaint::Server { message, .. } | Complaint::Invalid { message, .. } => message.clone(),
            Complaint::Several(_) => self.among_others(),
        }
    }
}

/// What `kubectl apply` or `kubectl replace` prints of a refused update.
pub fn refusal(rejection: &Rejection) -> String {
    let (object, causes) = match rejection {
        Rejection::Unmergeable(problem) => return format!("Error from server: {problem}"),
        Rejection::BadRequest(problem) => return format!("Error from server (BadRequest): {problem}"),
        Rejection::Conflict { .. } => return format!("Error from server (Conflict): {rejection}"),
        Rejection::Undecodable(problem) => (None, vec![format!("patch: {problem}")]),
        Rejection::Invalid { kind, name, errors } => {
            let kind = kind.split('.').next().unwrap_or(kind).to_owned();
            (Some((kind, name.clone())), distinct(errors).into_iter().map(str::to_owned).collect())
        }
    };
    Complaint::Invalid { object, causes, message: rejection.to_string() }.alone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_error_is_told_in_full_and_several_in_lines() {
        let client = || Complaint::Client("unable to decode \"x\"".into());
        let server = Complaint::Server { reason: "BadRequest", message: "no".into() }.when("creating", "x");
        let check = |complaint: Complaint, text: &str| assert_eq!(complaint.alone(), text);
        check(client(), "error: unable to decode \"x\"");
        check(server.clone(), "Error from server (BadRequest): error when creating \"x\": no");
        check(Complaint::Several(vec![client()]), "error: unable to decode \"x\"");
        let other = Complaint::Client("unable to decode \"y\"".into());
        check(
            Complaint::Several(vec![server, Complaint::Several(vec![client(), other])]),
            "Error from server (BadRequest): error when creating \"x\": no\n\
             [unable to decode \"x\", unable to decode \"y\"]",
        );
    }
}
