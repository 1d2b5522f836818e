//! Sample records for trying things out: one JSON object a line, encoded with the source's schema, or lines as they
//! stand where the source is not Avro.
//!
//! For Avro a line `{"raw-hex": "00ff"}` stands for exactly these bytes, so that samples can also be bad records.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::decode::framing;
use crate::format::json::{JsonError, Reader};
use crate::schema::Schema;

/// A record to be put on the topic.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// The record's key: the value of its field `account`, where it has one.
    pub(super) key: Option<Vec<u8>>,
    /// Framed Avro, or the raw bytes of the line.
    pub(super) value: Vec<u8>,
    /// The line as it stands in the file; `None` for raw bytes.
    pub(super) json: Option<Value>,
}

/// What a line becomes.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// Avro of the schema, behind the framing of the id, where values carry one.
    Avro {
        /// The source's schema.
        schema: Arc<Schema>,
        /// Its id.
        id: Option<u32>,
    },
    /// The line as it stands: JSON, text or bytes.
    Line,
}

/// Reads a file of samples; the error names file and line.
pub(super) fn read(path: &Path, form: &Form) -> Result<Vec<Sample>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let Form::Avro { schema, id } = form else {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let sample = |line: &str| Sample { key: None, value: line.into(), json: serde_json::from_str(line).ok() };
        return Ok(lines.map(sample).collect());
    };
    let (mut reader, id) = (Reader::new(schema.clone()).strict(), *id);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            sample(line, &mut reader, id).map_err(|why| format!("{}:{}: {why}", path.display(), index + 1))
        })
        .collect()
}

fn sample(line: &str, reader: &mut Reader, id: Option<u32>) -> Result<Sample, String> {
    let json: Value = serde_json::from_str(line).map_err(|error| format!("not JSON: {error}"))?;
    if let Some(hex) = json.get("raw-hex").and_then(Value::as_str) {
        let value = unhex(hex).ok_or("`raw-hex` must be an even number of hexadecimal digits")?;
        return Ok(Sample { key: None, value, json: None });
    }
    let mut value = id.map_or(Vec::new(), |id| framing::prefix(id).to_vec());
    // The line is said in front already.
    let without_position = |error| JsonError { position: None, ..error }.to_string();
    reader.read(line.as_bytes(), &mut value).map_err(without_position)?;
    let key = json.get("account").and_then(Value::as_str).map(|key| key.as_bytes().to_vec());
    Ok(Sample { key, value, json: Some(json) })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|digit| digit as u8)).collect();
    let digits = digits?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> Reader {
        let text = r#"{"type":"record","name":"R","fields":[{"name":"account","type":"string"}]}"#;
        Reader::new(Arc::new(crate::schema::parse(text).unwrap())).strict()
    }

    #[test]
    fn a_line_is_a_record_or_raw_bytes() {
        let record = sample(r#"{"account":"a"}"#, &mut reader(), Some(7)).unwrap();
        assert_eq!((record.key.as_deref(), &record.value[..]), (Some(&b"a"[..]), &[0, 0, 0, 0, 7, 2, b'a'][..]));
        let raw = sample(r#"{"raw-hex":"00fF"}"#, &mut reader(), None).unwrap();
        assert_eq!((raw.key, &raw.value[..]), (None, &[0, 255][..]));
    }

    #[test]
    fn a_bad_line_says_why() {
        assert_eq!(
            sample(r#"{"raw-hex":"0"}"#, &mut reader(), None).unwrap_err(),
            "`raw-hex` must be an even number of hexadecimal digits"
        );
        assert!(sample("{", &mut reader(), None).unwrap_err().starts_with("not JSON: "));
        assert_eq!(
            sample("{}", &mut reader(), None).unwrap_err(),
            "field account: the field is missing and the schema has no default for it"
        );
        assert_eq!(
            sample(r#"{"account":"a","acount":"b"}"#, &mut reader(), None).unwrap_err(),
            "field acount: record R has no such field"
        );
    }
}
