//! The keys of objects, read without a string for each.

use std::fmt::Formatter;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

use super::plan::Record;

/// Reads a key into a string that is used again.
pub(super) struct Key<'a>(pub &'a mut String);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<(), D::Error> {
        key.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.0.clear();
        self.0.push_str(text);
        Ok(())
    }
}

/// Finds the field that a key names; what is no field is kept for the error.
pub(super) struct FieldKey<'a> {
    pub record: &'a Record,
    pub guess: usize,
    pub unknown: &'a mut String,
}

impl<'de> DeserializeSeed<'de> for FieldKey<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, key: D) -> Result<Self::Value, D::Error> {
        key.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for FieldKey<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let found = self.record.names.find(text, self.guess);
        if found.is_none() {
            self.unknown.clear();
            self.unknown.push_str(text);
        }
        Ok(found)
    }
}
