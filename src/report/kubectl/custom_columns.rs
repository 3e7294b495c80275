//! `-o custom-columns=`: columns of the user's own.

use serde_json::Value;

use super::jsonpath::{Template, parse, relaxed};
use super::table::Columns;

/// The path of a column; an empty one finds nothing (`RelaxedJSONPathExpression`).
fn column_path(path: &str) -> Result<Template, String> {
    if path.is_empty() { parse("") } else { relaxed(path) }
}

/// A value as the verb `%v` prints it: maps with their keys in order.
pub(super) fn as_go_prints(value: &Value) -> String {
    let joined = |words: Vec<String>| words.join(" ");
    match value {
        Value::Array(items) => format!("[{}]", joined(items.iter().map(as_go_prints).collect())),
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            format!(
                "map[{}]",
                joined(fields.iter().map(|(key, value)| format!("{key}:{}", as_go_prints(value))).collect())
            )
        }
        Value::String(text) => text.clone(),
        Value::Null => "<nil>".to_owned(),
        _ => value.to_string(),
    }
}

/// Titles and paths.
#[derive(Clone, Debug)]
pub struct CustomColumns {
    columns: Vec<(String, Template)>,
    widths: Columns,
    headers: bool,
}

impl CustomColumns {
    /// Reads `NAME:.metadata.name,STATUS:.status.phase`.
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn parse(spec: &str, headers: bool) -> Result<CustomColumns, String> {
        if spec.is_empty() {
            return Err("custom-columns format specified but no custom columns given".to_owned());
        }
        let column = |part: &str| {
            let expected = || format!("unexpected custom-columns spec: {part}, expected <header>:<json-path-expr>");
            let (title, path) = part.split_once(':').ok_or_else(expected)?;
            Ok((title.to_owned(), column_path(path)?))
        };
        let columns = spec.split(',').map(column).collect::<Result<_, String>>()?;
        Ok(CustomColumns { columns, widths: Columns::default(), headers })
    }

    /// Reads a file of two lines: titles, and paths below them.
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn parse_template(text: &str, headers: bool) -> Result<CustomColumns, String> {
        let mut lines = text.lines();
        let expected =
            "Expected format is one line of space separated headers, one line of space separated column specs.";
        let titles = lines.next().ok_or_else(|| format!("invalid template, missing header line. {expected}"))?;
        let paths = lines.next().ok_or_else(|| format!("invalid template, missing spec line. {expected}"))?;
        let (titles, paths): (Vec<_>, Vec<_>) =
            (titles.split_whitespace().collect(), paths.split_whitespace().collect());
        if titles.len() != paths.len() {
            let (titles, paths) = (titles.len(), paths.len());
            return Err(format!("number of headers ({titles}) and field specifications ({paths}) don't match"));
        }
        let column = |(title, path): (&&str, &&str)| Ok(((*title).to_owned(), relaxed(path)?));
        let columns = titles.iter().zip(&paths).map(column).collect::<Result<_, String>>()?;
        Ok(CustomColumns { columns, widths: Columns::default(), headers })
    }

    /// Rows for these objects, below the titles the first time.
    ///
    /// # Errors
    /// A sentence as kubectl's.
    pub fn print(&mut self, objects: &[&Value]) -> Result<String, String> {
        let mut rows: Vec<Vec<String>> = Vec::new();
        if std::mem::take(&mut self.headers) {
            rows.push(self.columns.iter().map(|(title, _)| title.clone()).collect());
        }
        for object in objects {
            let cell = |(_, path): &(String, Template)| {
                let found: Vec<String> = path.find(object)?.into_iter().flatten().map(as_go_prints).collect();
                let text = if found.is_empty() { "<none>".to_owned() } else { found.join(",") };
                Ok(text.replace('\u{1b}', "^[").replace('\r', "\\r"))
            };
            rows.push(self.columns.iter().map(cell).collect::<Result<_, String>>()?);
        }
        rows.iter().for_each(|row| self.widths.fit(row));
        let mut text = String::new();
        rows.iter().for_each(|row| self.widths.line(row, &mut text));
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_are_what_paths_find() {
        let object = json!({"metadata": {"name": "pi"}, "spec": {"containers": [{"name": "a"}, {"name": "b"}]}});
        let spec = "NAME:.metadata.name,CONTAINERS:spec.containers[*].name,NODE:.spec.nodeName";
        let mut columns = CustomColumns::parse(spec, true).unwrap();
        assert_eq!(columns.print(&[&object]).unwrap(), "NAME   CONTAINERS   NODE\npi     a,b          <none>\n");
        assert_eq!(columns.print(&[&object]).unwrap(), "pi     a,b          <none>\n");
        let mut file = CustomColumns::parse_template("A  B\nmetadata.name  .kind\n", false).unwrap();
        assert_eq!(file.print(&[&object]).unwrap(), "pi    <none>\n");
        let object = json!({"labels": {"b": "x", "a": null}, "args": ["p", {"q": [1, true]}], "none": []});
        let mut columns = CustomColumns::parse("A:labels,B:.args,C:none,D:", true).unwrap();
        let wanted =
            "A                B                    C    D\nmap[a:<nil> b:x]   [p map[q:[1 true]]]   []   <none>\n";
        assert_eq!(
            columns.print(&[&object]).unwrap().split_whitespace().collect::<Vec<_>>(),
            wanted.split_whitespace().collect::<Vec<_>>()
        );
        let check = |spec: &str, error: &str| assert_eq!(CustomColumns::parse(spec, true).unwrap_err(), error);
        check("", "custom-columns format specified but no custom columns given");
        check("NAME", "unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>");
    }
}
