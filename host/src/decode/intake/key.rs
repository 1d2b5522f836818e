//! A record's key as the guest's type has it.

use std::fmt;

use super::NONE;
use crate::decode::cursor::Cursor;
use crate::decode::image::Image;
use crate::decode::writers::Writers;

/// How the key's bytes become the guest's.
#[derive(Debug, Clone)]
pub(super) enum KeyPlan {
    /// As they are.
    Bytes,
    /// UTF-8.
    Text,
    /// A big-endian integer of so many bytes, as Kafka's own serializers write them.
    Integer(usize),
    /// Avro, by the key's schema.
    Avro {
        writers: Writers,
        /// Keys may be null themselves: the schema's own `option` takes records without one too.
        nullable: bool,
    },
}

impl KeyPlan {
    /// Writes the key at `at`; the error says why it cannot be.
    pub(super) fn put(&mut self, key: Option<&[u8]>, image: &mut Image, at: usize) -> Result<(), String> {
        let Some(key) = key else {
            return match self {
                Self::Avro { nullable: true, .. } => {
                    image.put(at, [0]);
                    Ok(())
                }
                _ => Err(NONE.into()),
            };
        };
        match self {
            Self::Bytes => image.put_copy(at, key),
            Self::Text => match std::str::from_utf8(key) {
                Ok(_) => image.put_copy(at, key),
                Err(error) => Err(text(format_args!("not valid UTF-8 from byte {}", error.valid_up_to()))),
            },
            Self::Integer(size) if key.len() != *size => {
                Err(text(format_args!("{} bytes, an integer of {size} is expected", key.len())))
            }
            Self::Integer(size) => {
                let mut bytes = [0; 8];
                for (place, byte) in bytes.iter_mut().zip(key.iter().rev()) {
                    *place = *byte;
                }
                image.put_slice(at, &bytes[..*size]);
                Ok(())
            }
            Self::Avro { writers, .. } => {
                let (plan, framing) = writers.plan(key).map_err(|error| error.to_string())?;
                let bytes = key.get(framing..).unwrap_or_default();
                // Into the image first: the source holds the value, which need not be what the key stands beside.
                let start = image.append(bytes, &Cursor::of_constant(bytes)).map_err(|failure| failure.to_string())?;
                plan.put(Cursor::in_image(bytes, start), image, at).map_err(|failure| failure.to_string())
            }
        }
    }
}

fn text(arguments: fmt::Arguments<'_>) -> String {
    arguments.to_string()
}
