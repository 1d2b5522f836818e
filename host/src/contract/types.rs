//! A guest's types as its component declares them, and where the canonical ABI puts their bytes.
//!
//! Free of the wasm engine: the engine's own type descriptions are turned into these at load, and plans are made
//! from these. Sizes, alignments and offsets follow the component model's canonical ABI for 32-bit memories.

/// A value type of the component model, as far as records can be made of it.
#[derive(Debug, Clone, PartialEq)]
pub enum GuestType {
    /// `bool`
    Bool,
    /// `s8`
    S8,
    /// `u8`
    U8,
    /// `s16`
    S16,
    /// `u16`
    U16,
    /// `s32`
    S32,
    /// `u32`
    U32,
    /// `s64`
    S64,
    /// `u64`
    U64,
    /// `f32`
    F32,
    /// `f64`
    F64,
    /// `char`
    Char,
    /// `string`
    String,
    /// `list<T>`
    List(Box<GuestType>),
    /// Fields by name, in order.
    Record(Vec<(String, GuestType)>),
    /// `tuple<...>`
    Tuple(Vec<GuestType>),
    /// Cases by name, in order, each with or without a payload.
    Variant(Vec<(String, Option<GuestType>)>),
    /// Cases by name, in order.
    Enum(Vec<String>),
    /// `option<T>`
    Option(Box<GuestType>),
    /// `result<ok, err>`
    Result(Option<Box<GuestType>>, Option<Box<GuestType>>),
    /// A handle that owns a value of the guest's resource of this number.
    Own(u32),
    /// A handle that lends one.
    Borrow(u32),
    /// A type that cannot carry data of a record (flags, futures ...), by its WIT name.
    Other(&'static str),
}

/// Size and alignment of a type in guest memory, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// Distance between two of them in a list.
    pub size: usize,
    /// 1, 2, 4 or 8.
    pub align: usize,
}

/// `n` rounded up to a multiple of `align`.
pub fn align_to(n: usize, align: usize) -> usize {
    n.div_ceil(align) * align
}

/// Bytes of the discriminant of a variant with so many cases.
pub fn discriminant_size(cases: usize) -> usize {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

impl GuestType {
    /// Size and alignment in guest memory.
    pub fn layout(&self) -> Layout {
        let scalar = |n| Layout { size: n, align: n };
        match self {
            Self::Bool | Self::S8 | Self::U8 => scalar(1),
            Self::S16 | Self::U16 => scalar(2),
            Self::S32 | Self::U32 | Self::F32 | Self::Char => scalar(4),
            Self::S64 | Self::U64 | Self::F64 => scalar(8),
            Self::String | Self::List(_) => Layout { size: 8, align: 4 },
            Self::Record(fields) => sequence(fields.iter().map(|(_, ty)| ty.layout())).1,
            Self::Tuple(items) => sequence(items.iter().map(Self::layout)).1,
            Self::Enum(cases) => scalar(discriminant_size(cases.len())),
            Self::Variant(_) | Self::Option(_) | Self::Result(..) => self.variant_layout(),
            Self::Own(_) | Self::Borrow(_) | Self::Other(_) => scalar(4),
        }
    }

    fn variant_layout(&self) -> Layout {
        let payloads = self.payloads().map(Self::layout);
        let (size, align) = payloads.fold((0, 1), |(size, align), l| (size.max(l.size), align.max(l.align)));
        let discriminant = discriminant_size(self.case_count());
        let align = align.max(discriminant);
        Layout { size: align_to(self.payload_offset() + size, align), align }
    }

    /// Where the payload of a variant, option or result starts; 0 for every other type.
    pub fn payload_offset(&self) -> usize {
        let discriminant = discriminant_size(self.case_count());
        let align = self.payloads().map(|p| p.layout().align).max().unwrap_or(1);
        match self {
            Self::Variant(_) | Self::Option(_) | Self::Result(..) => align_to(discriminant, align),
            _ => 0,
        }
    }

    fn case_count(&self) -> usize {
        match self {
            Self::Variant(cases) => cases.len(),
            Self::Enum(cases) => cases.len(),
            _ => 2,
        }
    }

    fn payloads(&self) -> Box<dyn Iterator<Item = &GuestType> + '_> {
        match self {
            Self::Variant(cases) => Box::new(cases.iter().filter_map(|(_, payload)| payload.as_ref())),
            Self::Option(inner) => Box::new(std::iter::once(&**inner)),
            Self::Result(ok, err) => Box::new(ok.iter().chain(err.iter()).map(|b| &**b)),
            _ => Box::new(std::iter::empty()),
        }
    }

    /// Out of an `option`, if it is one: where the payload stands, and its type; else the type itself.
    pub fn peeled(&self) -> (Option<usize>, &GuestType) {
        match self {
            Self::Option(inner) => (Some(self.payload_offset()), inner),
            plain => (None, plain),
        }
    }

    /// Whether it is `list<u8>`.
    pub fn is_bytes(&self) -> bool {
        matches!(self, Self::List(item) if **item == Self::U8)
    }

    /// Offset of each field or item of a record or tuple; empty for every other type.
    pub fn offsets(&self) -> Vec<usize> {
        match self {
            Self::Record(fields) => sequence(fields.iter().map(|(_, ty)| ty.layout())).0,
            Self::Tuple(items) => sequence(items.iter().map(Self::layout)).0,
            _ => Vec::new(),
        }
    }

    /// How WIT spells the type; records and variants by their kind and first names.
    pub fn describe(&self) -> String {
        let names = |kind: &str, names: Vec<&str>| match names.len() {
            0..=4 => format!("{kind} {{ {} }}", names.join(", ")),
            n => format!("{kind} {{ {}, ... {} more }}", names[..3].join(", "), n - 3),
        };
        let optional = |ty: &Option<Box<GuestType>>| ty.as_ref().map_or("_".into(), |ty| ty.describe());
        match self {
            Self::Bool => "bool".into(),
            Self::S8 => "s8".into(),
            Self::U8 => "u8".into(),
            Self::S16 => "s16".into(),
            Self::U16 => "u16".into(),
            Self::S32 => "s32".into(),
            Self::U32 => "u32".into(),
            Self::S64 => "s64".into(),
            Self::U64 => "u64".into(),
            Self::F32 => "f32".into(),
            Self::F64 => "f64".into(),
            Self::Char => "char".into(),
            Self::String => "string".into(),
            Self::List(item) => format!("list<{}>", item.describe()),
            Self::Tuple(items) => {
                format!("tuple<{}>", items.iter().map(Self::describe).collect::<Vec<_>>().join(", "))
            }
            Self::Option(inner) => format!("option<{}>", inner.describe()),
            Self::Result(ok, err) => format!("result<{}, {}>", optional(ok), optional(err)),
            Self::Record(fields) => names("record", fields.iter().map(|(name, _)| &**name).collect()),
            Self::Variant(cases) => names("variant", cases.iter().map(|(name, _)| &**name).collect()),
            Self::Enum(cases) => names("enum", cases.iter().map(|name| &**name).collect()),
            Self::Own(_) => "a resource".into(),
            Self::Borrow(_) => "a borrowed resource".into(),
            Self::Other(name) => (*name).into(),
        }
    }
}

fn sequence(parts: impl Iterator<Item = Layout>) -> (Vec<usize>, Layout) {
    let mut offsets = Vec::new();
    let mut whole = Layout { size: 0, align: 1 };
    for part in parts {
        let offset = align_to(whole.size, part.align);
        offsets.push(offset);
        whole = Layout { size: offset + part.size, align: whole.align.max(part.align) };
    }
    whole.size = align_to(whole.size, whole.align);
    (offsets, whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layouts_follow_the_canonical_abi() {
        let option_s64 = GuestType::Option(Box::new(GuestType::S64));
        assert_eq!(option_s64.layout(), Layout { size: 16, align: 8 });
        assert_eq!(option_s64.payload_offset(), 8);
        let record = GuestType::Record(vec![
            ("a".into(), GuestType::Bool),
            ("b".into(), GuestType::String),
            ("c".into(), GuestType::U16),
            ("d".into(), GuestType::F64),
        ]);
        assert_eq!(record.offsets(), [0, 4, 12, 16]);
        assert_eq!(record.layout(), Layout { size: 24, align: 8 });
        let bare = GuestType::Variant(vec![("x".into(), None), ("y".into(), Some(GuestType::U8))]);
        assert_eq!((bare.layout(), bare.payload_offset()), (Layout { size: 2, align: 1 }, 1));
        let wide = GuestType::Enum((0..257).map(|i| format!("c{i}")).collect());
        assert_eq!(wide.layout(), Layout { size: 2, align: 2 });
        let outcome = GuestType::Result(Some(Box::new(record)), Some(Box::new(GuestType::String)));
        assert_eq!((outcome.layout(), outcome.payload_offset()), (Layout { size: 32, align: 8 }, 8));
    }
}
