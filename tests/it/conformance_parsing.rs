//! Quantities, Go durations and index lists against recordings of the Go code.

use std::collections::BTreeMap;

use jobsim::api::duration::{format_go_duration, parse_go_duration};
use jobsim::api::intervals::Intervals;
use jobsim::api::quantity::Quantity;

use crate::recorded::{self, Tally, differs};

/// A row by column names.
type Row = BTreeMap<String, String>;

fn check_rows(name: &str, check: impl Fn(&Row) -> Option<String>) {
    let Some(text) = recorded::file("parsing", name) else { return };
    let mut tally = Tally::default();
    for row in csv::Reader::from_reader(text.as_bytes()).deserialize::<Row>() {
        let row = row.expect("a table");
        let input: Vec<&str> = INPUTS.iter().filter_map(|column| row.get(*column)).map(String::as_str).collect();
        tally.count(input.join(" "), check(&row));
    }
    tally.finish(&format!("parsing/{name}"));
}

/// Columns that name a row.
const INPUTS: [&str; 8] =
    ["input_json", "a", "b", "indexes_json", "previous_text", "new_indexes_json", "completions", "ok"];

fn input(row: &Row) -> String {
    serde_json::from_str(&row["input_json"]).expect("a JSON string")
}

#[test]
fn conformance_parsing_quantity() {
    check_rows("quantity.csv", |row| match (row["ok"].as_str(), Quantity::parse(&input(row))) {
        // Upstream never answers: refused here.
        ("timeout", Err(error)) => (!error.contains("exponent")).then_some(error),
        ("false", Err(error)) => differs("error", row["error"].clone(), error),
        ("true", Ok(quantity)) => quantity_differs(row, &quantity),
        (_, Ok(_)) => Some("accepted".to_owned()),
        (_, Err(error)) => Some(format!("refused: {error}")),
    });
}

fn quantity_differs(row: &Row, quantity: &Quantity) -> Option<String> {
    let float: f64 = row["as_approximate_float64"].parse().expect("a float");
    let exact = quantity.exact_decimal();
    let nanos = nanos(&exact);
    differs("canonical", row["canonical"].clone(), quantity.canonical())
        .or_else(|| differs("string", row["string_right_after_parse"].clone(), quantity.to_string()))
        .or_else(|| differs("format", row["format"].clone(), quantity.format().to_string()))
        .or_else(|| differs("exact", row["value_exact"].clone(), exact))
        .or_else(|| differs("value", row["value_int64_rounded_up"].clone(), quantity.value().to_string()))
        .or_else(|| differs("milli", row["milli_int64_rounded_up"].clone(), quantity.milli_value().to_string()))
        .or_else(|| differs("nanos", row["nanos_exact"].clone(), nanos))
        .or_else(|| differs("float", float, quantity.approximate_f64()))
}

/// A plain decimal with its point moved by nine places.
fn nanos(exact: &str) -> String {
    let (whole, fraction) = exact.split_once('.').unwrap_or((exact, ""));
    let sign = if whole.starts_with('-') { "-" } else { "" };
    let digits = format!("{}{fraction:0<9}", whole.trim_start_matches('-'));
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() { "0".to_owned() } else { format!("{sign}{digits}") }
}

#[test]
fn conformance_parsing_quantity_ops() {
    check_rows("quantity_ops.csv", |row| {
        let (a, b) = (Quantity::parse(&row["a"]).ok()?, Quantity::parse(&row["b"]).ok()?);
        differs("cmp", row["cmp"].clone(), (a.cmp(&b) as i8).to_string())
            .or_else(|| differs("sum", row["a_plus_b"].clone(), a.add(&b).to_string()))
            .or_else(|| differs("difference", row["a_minus_b"].clone(), a.sub(&b).to_string()))
    });
}

#[test]
fn conformance_parsing_go_duration() {
    check_rows("go_duration.csv", |row| match parse_go_duration(&input(row)) {
        Ok(nanos) => differs("nanoseconds", row["nanoseconds"].clone(), nanos.to_string())
            .or_else(|| differs("string", row["string"].clone(), format_go_duration(nanos))),
        Err(error) => differs("error", row["error"].clone(), error),
    });
}

fn numbers(text: &str) -> Vec<u32> {
    serde_json::from_str(text).expect("a list of numbers")
}

#[test]
fn conformance_parsing_index_format() {
    check_rows("index_format.csv", |row| {
        let set: Intervals = numbers(&row["indexes_json"]).into_iter().collect();
        text_and_total_differ(row, &set)
    });
}

#[test]
fn conformance_parsing_index_merge() {
    check_rows("index_merge.csv", |row| {
        let new: Intervals = numbers(&row["new_indexes_json"]).into_iter().collect();
        text_and_total_differ(row, &Intervals::parse(&row["previous_text"], 100).merge(&new))
    });
}

#[test]
fn conformance_parsing_index_parse() {
    check_rows("index_parse.csv", |row| {
        let completions = row["completions"].parse().expect("a number");
        let set = Intervals::parse(&input(row), completions);
        let spans = serde_json::to_string(set.spans()).expect("numbers");
        text_and_total_differ(row, &set).or_else(|| differs("intervals", row["intervals_json"].clone(), spans))
    });
}

fn text_and_total_differ(row: &Row, set: &Intervals) -> Option<String> {
    differs("text", row["text"].clone(), set.to_string())
        .or_else(|| differs("total", row["total"].clone(), set.total().cast_signed().to_string()))
}
