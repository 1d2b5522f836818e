//! From one function's values to the next one's: any type of a guest's own, matched by name.

use millstream::contract::shape::Role;
use millstream::contract::types::GuestType;
use millstream::decode::{DecodePlan, Image, relay};
use millstream::encode::{EncodePlan, OutputLimits, Outputs, Target, compile_answer};
use proptest::prelude::*;
use wasmtime::component::Val;

use super::canonical::{load, seen_by_the_engine, settled};
use super::dice::{Dice, Seeded};
use super::echo::IMAGE_LIMIT;
use super::envelope_out::{lift, memory_of, outcome_of};
use super::guest_types::{any_record, any_type, any_val, list_of_bytes, record};
use super::identity::{config, entropy};

/// A limit that no value of these tests comes near.
const LIMITS: OutputLimits = OutputLimits { record: 16, batch: 16 << 20, outputs: 1000 };

/// Both halves of the way.
pub struct Relay {
    pub given: GuestType,
    pub taken: GuestType,
    pub encode: EncodePlan,
    pub decode: DecodePlan,
}

impl Relay {
    pub fn new(given: GuestType, taken: GuestType) -> Relay {
        let encode = compile_answer(Role::Deserialize, &outcome_of(given.clone()), Target::Relay, None);
        let (encode, _) = encode.unwrap_or_else(|error| panic!("{error:?}: {given:?}"));
        let decode = relay::relay(&given, &taken);
        let decode = decode.unwrap_or_else(|error| panic!("{error:?}: {given:?} as {taken:?}"));
        Relay { given, taken, encode, decode }
    }

    pub fn any(dice: &mut Dice<'_>) -> Relay {
        let given = if dice.below(3) == 0 { any_type(dice) } else { any_record(dice) };
        let taken = if dice.below(3) == 0 { given.clone() } else { variation(&given, dice) };
        Relay::new(given, taken)
    }

    /// What the giver answers, as bytes between the functions.
    pub fn bytes(&self, vals: &[Val]) -> Outputs {
        let results: Vec<Val> = vals.iter().map(|val| Val::Result(Ok(Some(Box::new(val.clone()))))).collect();
        let memory = memory_of(&outcome_of(self.given.clone()), &results);
        lift(&self.encode, &memory, vals.len(), LIMITS).unwrap_or_else(|broken| panic!("{broken}"))
    }

    /// The image of these values, out of the bytes.
    pub fn image(&self, outputs: &Outputs) -> Image {
        let mut image = Image::default();
        image.begin(self.decode.stride(), outputs.values.len(), 0, IMAGE_LIMIT);
        let mut base = 0;
        for at in 0..outputs.values.len() {
            let bytes = outputs.value(at).expect("bytes");
            self.decode.decode(bytes, base, &mut image).unwrap_or_else(|error| panic!("{error}: {:?}", self.given));
            base += bytes.len() as u32;
        }
        image
    }
}

/// The type as another function may have it: fewer fields, and fields and cases in another order, more of the latter.
fn variation(ty: &GuestType, dice: &mut Dice<'_>) -> GuestType {
    use GuestType as T;
    let payload = |ty: &Option<T>, dice: &mut Dice<'_>| match ty {
        // What a case carries need not be taken.
        Some(_) if dice.below(5) == 4 => None,
        ty => ty.as_ref().map(|ty| variation(ty, dice)),
    };
    match ty {
        T::List(item) => T::List(Box::new(variation(item, dice))),
        T::Option(inner) => T::Option(Box::new(variation(inner, dice))),
        T::Tuple(items) => T::Tuple(items.iter().map(|item| variation(item, dice)).collect()),
        T::Record(fields) => {
            let keep = 1 + dice.below(fields.len());
            let order = dice.order(fields.len());
            let field = |at: usize, dice: &mut Dice<'_>| (fields[at].0.clone(), variation(&fields[at].1, dice));
            T::Record(order.into_iter().take(keep).map(|at| field(at, dice)).collect())
        }
        T::Enum(cases) => {
            let mut cases: Vec<String> = dice.order(cases.len()).into_iter().map(|at| cases[at].clone()).collect();
            (0..dice.below(3)).for_each(|index| cases.insert(0, format!("more{index}")));
            T::Enum(cases)
        }
        T::Variant(cases) => {
            let order = dice.order(cases.len());
            let case = |at: usize, dice: &mut Dice<'_>| (cases[at].0.clone(), payload(&cases[at].1, dice));
            let mut cases: Vec<_> = order.into_iter().map(|at| case(at, dice)).collect();
            if dice.below(2) == 1 {
                cases.insert(0, ("more".into(), Some(T::U64)));
            }
            T::Variant(cases)
        }
        T::Result(ok, err) => {
            let mut side = |side: &Option<Box<T>>| payload(&side.as_deref().cloned(), dice).map(Box::new);
            T::Result(side(ok), side(err))
        }
        plain => plain.clone(),
    }
}

/// The value as the other type has it.
pub fn as_taken(val: &Val, given: &GuestType, taken: &GuestType) -> Val {
    use GuestType as T;
    let payload = |val: &Option<Box<Val>>, given: Option<&T>, taken: Option<&T>| match (val, given, taken) {
        (Some(val), Some(given), Some(taken)) => Some(Box::new(as_taken(val, given, taken))),
        _ => None,
    };
    match (val, given, taken) {
        (Val::List(items), T::List(given), T::List(taken)) => {
            Val::List(items.iter().map(|item| as_taken(item, given, taken)).collect())
        }
        (Val::Option(inner), T::Option(given), T::Option(taken)) => {
            Val::Option(payload(inner, Some(given), Some(taken)))
        }
        (Val::Tuple(vals), T::Tuple(given), T::Tuple(taken)) => {
            Val::Tuple(vals.iter().zip(given.iter().zip(taken)).map(|(val, (g, t))| as_taken(val, g, t)).collect())
        }
        (Val::Record(vals), T::Record(given), T::Record(taken)) => {
            let field = |(name, taken): &(String, T)| {
                let at = given.iter().position(|(given, _)| given == name).expect("a given field");
                (name.clone(), as_taken(&vals[at].1, &given[at].1, taken))
            };
            Val::Record(taken.iter().map(field).collect())
        }
        (Val::Variant(name, val), T::Variant(given), T::Variant(taken)) => {
            let of = |cases: &[(String, Option<T>)]| cases.iter().find(|(case, _)| case == name).cloned();
            let (given, taken) = (of(given).expect("a given case").1, of(taken).expect("a taken case").1);
            Val::Variant(name.clone(), payload(val, given.as_ref(), taken.as_ref()))
        }
        (Val::Result(val), T::Result(ok, err), T::Result(to_ok, to_err)) => Val::Result(match val {
            Ok(val) => Ok(payload(val, ok.as_deref(), to_ok.as_deref())),
            Err(val) => Err(payload(val, err.as_deref(), to_err.as_deref())),
        }),
        (plain, ..) => plain.clone(),
    }
}

/// Sends the values over, and gives what the taker has.
fn sent(relay: &Relay, vals: &[Val]) -> (Vec<u8>, usize) {
    let outputs = relay.bytes(vals);
    let mut image = relay.image(&outputs);
    let (memory, at) = settled(&mut image, &outputs.bytes);
    let size = relay.taken.layout().size;
    for (index, val) in vals.iter().enumerate() {
        let expected = as_taken(val, &relay.given, &relay.taken);
        let found = load(&memory, at + index * size, &relay.taken);
        assert_eq!(found, Some(expected), "{:?} as {:?}", relay.given, relay.taken);
    }
    (memory, at)
}

fn case(bytes: &[u8]) -> (Relay, Vec<Val>) {
    let mut dice = Dice::new(bytes);
    let relay = Relay::any(&mut dice);
    let vals = (0..1 + dice.below(4)).map(|_| any_val(&relay.given, &mut dice)).collect();
    (relay, vals)
}

proptest! {
    #![proptest_config(config(2000))]

    #[test]
    fn the_next_function_takes_what_is_given(bytes in entropy()) {
        let (relay, vals) = case(&bytes);
        sent(&relay, &vals);
    }

    #[test]
    fn what_was_handed_on_is_handed_on_again_as_the_same_bytes(bytes in entropy()) {
        let (relay, vals) = case(&bytes);
        let once = relay.bytes(&vals).bytes;
        let taken: Vec<Val> = vals.iter().map(|val| as_taken(val, &relay.given, &relay.taken)).collect();
        let again = Relay::new(relay.taken.clone(), relay.taken.clone());
        let twice = again.bytes(&taken).bytes;
        let (mut image, mut second) = (again.image(&again.bytes(&taken)), again.image(&again.bytes(&taken)));
        prop_assert_eq!(settled(&mut image, &twice), settled(&mut second, &twice));
        if relay.given == relay.taken {
            prop_assert_eq!(once, twice);
        }
    }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn the_engine_sees_what_is_taken(bytes in entropy()) {
        let (relay, vals) = case(&bytes);
        let (memory, at) = sent(&relay, &vals);
        let expected: Vec<Val> = vals.iter().map(|val| as_taken(val, &relay.given, &relay.taken)).collect();
        prop_assert_eq!(seen_by_the_engine(&memory, at, vals.len(), &relay.taken), expected);
    }
}

#[test]
fn the_generator_makes_every_type() {
    let (mut random, mut given, mut other) = (Seeded(3), String::new(), 0);
    for _ in 0..500 {
        let (relay, _) = case(&random.bytes(600));
        given.push_str(&format!("{:?}", relay.given));
        other += usize::from(relay.given != relay.taken);
    }
    for word in ["Bool", "S8", "U8", "S16", "U16", "S32", "U32", "S64", "U64", "F32", "F64", "Char", "String"] {
        assert!(given.contains(word), "no {word}");
    }
    for word in ["List", "Record", "Tuple", "Variant", "Enum", "Option", "Result", "\"c260\""] {
        assert!(given.matches(word).count() > 5, "too few of {word}");
    }
    assert!(other > 100, "only {other} pairs differ");
}

/// What is said of types that do not fit.
fn said(given: &GuestType, taken: &GuestType) -> Vec<String> {
    let mismatches = relay::relay(given, taken).map(drop).expect_err("the types do not fit");
    mismatches.iter().map(ToString::to_string).collect()
}

#[test]
fn what_does_not_fit_is_said_field_by_field() {
    use GuestType as T;
    let cases = |names: &[&str]| T::Enum(names.iter().map(|name| (*name).to_owned()).collect());
    let given = record(&[
        ("id", T::S64),
        ("kind", cases(&["a", "b"])),
        ("inner", record(&[("x", T::List(Box::new(T::Tuple(vec![T::S8, T::U8]))))])),
    ]);
    let taken = record(&[
        ("id", T::U64),
        ("kind", cases(&["b"])),
        ("inner", record(&[("x", T::List(Box::new(T::Tuple(vec![T::S8, T::S8]))))])),
        ("more", T::Bool),
    ]);
    let expected = [
        "value: a field `more` is taken that is not given; given are id, kind, inner",
        "field `id`: s64 is given, u64 is taken",
        "field `kind`: the taker lacks the case `a` that is given",
        "field `inner.x[].1`: u8 is given, s8 is taken",
    ];
    assert_eq!(said(&given, &taken), expected);
    let one = |name: &str, ty: Option<T>| T::Variant(vec![(name.into(), ty)]);
    assert_eq!(said(&one("a", None), &one("b", None)), ["value: the taker lacks the case `a` that is given"]);
    let text = "value: case `a` is given without a payload, string is taken";
    assert_eq!(said(&one("a", None), &one("a", Some(T::String))), [text]);
    let bytes = "value: list<u8> is given, string is taken";
    assert_eq!(said(&list_of_bytes(), &T::String), [bytes]);
    let text = "value: tuple<s8, s8> is given, tuple<s8> is taken";
    assert_eq!(said(&T::Tuple(vec![T::S8, T::S8]), &T::Tuple(vec![T::S8])), [text]);
    let own = record(&[("r", T::Own(0)), ("f", T::Other("flags"))]);
    let texts = [
        "field `r`: a resource cannot be handed on within a value",
        "field `f`: flags cannot be handed on within a value",
    ];
    assert_eq!(said(&own, &own), texts);
    let outcome = outcome_of(own);
    let refused = compile_answer(Role::Transform, &outcome, Target::Relay, None).map(drop).expect_err("a resource");
    let texts: Vec<String> = refused.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["value: a resource cannot be handed on within a value"]);
}
