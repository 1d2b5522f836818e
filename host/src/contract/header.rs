//! A record's headers in a guest's types: `list` of a record or tuple of name and value.

use super::types::GuestType;

/// Where name and value stand in an entry, and what the value is. Offsets and sizes are in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderShape {
    /// From entry to entry.
    pub size: usize,
    /// Alignment of an entry.
    pub align: usize,
    /// Where the name stands.
    pub name: usize,
    /// Where the value stands.
    pub value: usize,
    /// The value is in an `option`: where its payload stands from there.
    pub option: Option<usize>,
    /// The value is a `string`, not `list<u8>`.
    pub text: bool,
}

impl HeaderShape {
    /// `None` where the type is not a list of names and values.
    pub fn of(ty: &GuestType) -> Option<HeaderShape> {
        let GuestType::List(entry) = ty else { return None };
        let offsets = entry.offsets();
        let (name, value, types) = match &**entry {
            GuestType::Record(fields) if fields.len() == 2 => {
                let name = fields.iter().position(|(name, _)| name == "name")?;
                let value = fields.iter().position(|(name, _)| name == "value")?;
                (offsets[name], offsets[value], (&fields[name].1, &fields[value].1))
            }
            GuestType::Tuple(items) if items.len() == 2 => (offsets[0], offsets[1], (&items[0], &items[1])),
            _ => return None,
        };
        let (option, inner) = types.1.peeled();
        let text = *inner == GuestType::String;
        if *types.0 != GuestType::String || !(text || inner.is_bytes()) {
            return None;
        }
        let layout = entry.layout();
        Some(HeaderShape { size: layout.size, align: layout.align, name, value, option, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_tuples_of_name_and_value_are_headers() {
        let bytes = GuestType::List(Box::new(GuestType::U8));
        let record = |value: GuestType| {
            let fields = vec![("value".to_owned(), value), ("name".to_owned(), GuestType::String)];
            GuestType::List(Box::new(GuestType::Record(fields)))
        };
        let shape = HeaderShape::of(&record(GuestType::Option(Box::new(bytes.clone())))).unwrap();
        let expected = HeaderShape { size: 20, align: 4, name: 12, value: 0, option: Some(4), text: false };
        assert_eq!(shape, expected);
        let tuple = GuestType::List(Box::new(GuestType::Tuple(vec![GuestType::String, GuestType::String])));
        assert!(HeaderShape::of(&tuple).unwrap().text);
        assert_eq!(HeaderShape::of(&record(GuestType::S32)), None);
        assert_eq!(HeaderShape::of(&bytes), None);
    }
}
