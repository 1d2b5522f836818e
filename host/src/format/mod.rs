//! Values that are not Avro binary on a topic. A schema defines their type all the same: they become Avro bytes before
//! `decode` sees them, and what `encode` made becomes them.

pub mod json;
