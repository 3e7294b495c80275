//! `results.parquet`: the table of a study's values in a form that data frames read without parsing.
//!
//! Columns are those of `results.csv`, in that order, with types: `point`, `replication` and `batch` INT32, `value` DOUBLE
//! (null where a metric has none), `metric` a string. The column of an axis is INT64 or DOUBLE where all its values are
//! such numbers, else a string, and null where a point leaves it as the scenario has it.

use std::sync::Arc;

use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use serde_json::Value;

use crate::study::results::{Results, value_text};

/// Rows of a group: what a reader takes at a time.
const GROUP: usize = 1 << 20;

/// What an axis holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Whole,
    Number,
    Text,
}

/// A row of the table by positions.
#[derive(Clone, Copy)]
struct Row {
    point: usize,
    run: usize,
    batch: usize,
    metric: usize,
    value: f64,
}

/// The file.
///
/// # Errors
/// Those of the library; writing into memory gives none.
pub fn results(results: &Results) -> Result<Vec<u8>, ParquetError> {
    let outline = &results.outline;
    let kinds: Vec<Kind> = (0..outline.axes.len()).map(|axis| kind(results, axis)).collect();
    let creator = format!("jobsim version {}", env!("CARGO_PKG_VERSION"));
    let properties = Arc::new(WriterProperties::builder().set_created_by(creator).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema(results, &kinds)?, properties)?;
    let (width, batches) = (outline.metrics.len().max(1), outline.batches());
    let of_point = |(point, values): (usize, &'_ Vec<f64>)| {
        let row = move |(at, value): (usize, f64)| {
            let (nth, metric) = (at / width, at % width);
            Row { point, run: nth / batches, batch: nth % batches, metric, value }
        };
        values.clone().into_iter().enumerate().map(row)
    };
    let mut rows = results.values.iter().enumerate().flat_map(of_point);
    loop {
        let group: Vec<Row> = rows.by_ref().take(GROUP).collect();
        if group.is_empty() {
            break;
        }
        let mut columns = writer.next_row_group()?;
        write_group(&mut columns, results, &kinds, &group)?;
        columns.close()?;
    }
    writer.into_inner()
}

fn kind(results: &Results, axis: usize) -> Kind {
    let mut values = results.outline.points.iter().filter_map(|point| point[axis].as_ref());
    if values.clone().all(|value| value.as_i64().is_some()) {
        return Kind::Whole;
    }
    if values.all(Value::is_number) { Kind::Number } else { Kind::Text }
}

fn schema(results: &Results, kinds: &[Kind]) -> Result<TypePtr, ParquetError> {
    let outline = &results.outline;
    let column = |name: &str, of: Physical, repetition| {
        let logical = (of == Physical::BYTE_ARRAY).then_some(LogicalType::String);
        let built =
            Type::primitive_type_builder(name, of).with_repetition(repetition).with_logical_type(logical).build();
        built.map(Arc::new)
    };
    let mut columns = vec![column("point", Physical::INT32, Repetition::REQUIRED)?];
    for (name, kind) in outline.axes.iter().zip(kinds) {
        let of = match kind {
            Kind::Whole => Physical::INT64,
            Kind::Number => Physical::DOUBLE,
            Kind::Text => Physical::BYTE_ARRAY,
        };
        columns.push(column(name, of, Repetition::OPTIONAL)?);
    }
    columns.push(column("replication", Physical::INT32, Repetition::REQUIRED)?);
    columns.push(column("metric", Physical::BYTE_ARRAY, Repetition::REQUIRED)?);
    columns.push(column("value", Physical::DOUBLE, Repetition::OPTIONAL)?);
    if outline.batches() > 1 {
        columns.push(column("batch", Physical::INT32, Repetition::REQUIRED)?);
    }
    Type::group_type_builder("results").with_fields(columns).build().map(Arc::new)
}

type Group<'w> = SerializedRowGroupWriter<'w, Vec<u8>>;

fn write_group(group: &mut Group<'_>, results: &Results, kinds: &[Kind], rows: &[Row]) -> Result<(), ParquetError> {
    let outline = &results.outline;
    required::<Int32Type>(group, rows.iter().map(|row| row.point as i32).collect())?;
    for (axis, kind) in kinds.iter().enumerate() {
        let values = rows.iter().map(|row| outline.points[row.point][axis].as_ref());
        match kind {
            Kind::Whole => optional::<Int64Type>(group, values.map(|value| value?.as_i64()))?,
            Kind::Number => optional::<DoubleType>(group, values.map(|value| value?.as_f64()))?,
            Kind::Text => {
                let text = |value: &Value| ByteArray::from(value_text(&Some(value.clone())).into_bytes());
                optional::<ByteArrayType>(group, values.map(|value| value.map(text)))?;
            }
        }
    }
    required::<Int32Type>(group, rows.iter().map(|row| row.run as i32).collect())?;
    let names: Vec<ByteArray> = outline.metrics.iter().map(|name| ByteArray::from(name.as_bytes().to_vec())).collect();
    required::<ByteArrayType>(group, rows.iter().map(|row| names[row.metric].clone()).collect())?;
    optional::<DoubleType>(group, rows.iter().map(|row| Some(row.value).filter(|value| !value.is_nan())))?;
    if outline.batches() > 1 {
        required::<Int32Type>(group, rows.iter().map(|row| row.batch as i32).collect())?;
    }
    Ok(())
}

fn required<T: DataType>(group: &mut Group<'_>, values: Vec<T::T>) -> Result<(), ParquetError> {
    write::<T>(group, &values, None)
}

/// Values with gaps: those that are there, and for each row whether it is.
fn optional<T: DataType>(group: &mut Group<'_>, rows: impl Iterator<Item = Option<T::T>>) -> Result<(), ParquetError> {
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    for row in rows {
        levels.push(i16::from(row.is_some()));
        values.extend(row);
    }
    write::<T>(group, &values, Some(&levels))
}

fn write<T: DataType>(group: &mut Group<'_>, values: &[T::T], levels: Option<&[i16]>) -> Result<(), ParquetError> {
    let end = || ParquetError::General("the schema has fewer columns than the table".to_owned());
    let mut column = group.next_column()?.ok_or_else(end)?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::time::SimDuration;
    use crate::study::{Outline, Steady};
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use serde_json::json;

    /// Two points of two runs of two batches each, one value of which is missing.
    fn study() -> Results {
        let outline = Outline {
            scenario: "s".to_owned(),
            digest: "d".to_owned(),
            seed: 1,
            axes: ["spec.parallelism", "share", "pods[0].duration"].map(str::to_owned).to_vec(),
            points: vec![
                vec![Some(json!(1)), Some(json!(0.5)), Some(json!("5s"))],
                vec![Some(json!(2)), Some(json!(1)), None],
            ],
            metrics: ["p95(wait)", "cost"].map(str::to_owned).to_vec(),
            replications: 2,
            until: None,
            confidence: 0.95,
            steady: Some(Steady::new(SimDuration::ZERO, 2)),
            tells_completion: false,
        };
        let values = [0.0, 8.0].map(|from| (0..8).map(|n| from + f64::from(n)).collect::<Vec<f64>>());
        let mut results = Results { outline, values: values.to_vec(), memory: Vec::new(), incomplete: 0 };
        results.values[0][2] = f64::NAN;
        results
    }

    #[test]
    fn what_is_written_is_read_back() {
        let bytes = results(&study()).expect("written");
        assert_eq!(results(&study()).expect("written"), bytes, "not the same bytes the second time");
        let reader = SerializedFileReader::new(bytes::Bytes::from(bytes)).expect("a Parquet file");
        let rows = reader.get_row_iter(None).expect("rows").map(|row| row.expect("a row").to_string());
        let rows: Vec<String> = rows.collect();
        assert_eq!(rows.len(), 16);
        let first = "{point: 0, spec.parallelism: 1, share: 0.5, pods[0].duration: \"5s\", replication: 0, metric: \
                     \"p95(wait)\", value: 0E0, batch: 0}";
        assert_eq!(rows[0], first);
        assert!(rows[2].contains("metric: \"p95(wait)\", value: null, batch: 1"), "{}", rows[2]);
        let last = "{point: 1, spec.parallelism: 2, share: 1.0, pods[0].duration: null, replication: 1, metric: \"cost\", \
                    value: 15.0, batch: 1}";
        assert_eq!(rows[15], last);
    }
}
