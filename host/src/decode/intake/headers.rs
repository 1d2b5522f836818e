//! A record's headers, written as the guest's type has them.

use crate::contract::header::HeaderShape;
use crate::decode::image::Image;
use crate::record::Headers;

/// Writes the list at `at`; the error says which header the guest's type has no room for.
pub(super) fn put(shape: &HeaderShape, headers: Headers<'_>, image: &mut Image, at: usize) -> Result<(), String> {
    let count = headers.count();
    if count == 0 {
        image.put_empty(at, shape.align as u8);
        return Ok(());
    }
    let len = count * shape.size;
    let start = image.reserve(len)?;
    for (index, (name, value)) in headers.enumerate() {
        let entry = start + index * shape.size;
        if std::str::from_utf8(name).is_err() {
            return Err(format!("the name of number {} is not valid UTF-8: {}", index + 1, name.escape_ascii()));
        }
        image.put_copy(entry + shape.name, name)?;
        let mut place = entry + shape.value;
        match (value, shape.option) {
            (None, Some(_)) => {
                image.put(place, [0]);
                continue;
            }
            (Some(_), Some(payload)) => {
                image.put(place, [1]);
                place += payload;
            }
            (_, None) => {}
        }
        let value = value.unwrap_or_default();
        if shape.text && std::str::from_utf8(value).is_err() {
            return Err(format!("the value of `{}` is not valid UTF-8", name.escape_ascii()));
        }
        image.put_copy(place, value)?;
    }
    image.put_list(at, count as u32, start, len, shape.align as u8);
    Ok(())
}
