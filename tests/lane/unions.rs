//! Unions that have changed since the records were written: branches added, dropped, moved and promoted, unions where
//! there was none and none where there was one, at any depth.

use proptest::prelude::*;
use serde_json::json;

use super::dice::{Dice, Seeded};
use super::echo::{Fields, Lane, Setup, echo_component, parse};
use super::evolve::resolve;
use super::identity::config;
use super::resolution::resolved_by_avro;
use super::shape::{Field, Name, Ty};
use super::value::{self, CANONICAL, V};

/// The type that values were written with, and the one they are read with.
type Pair = (Ty, Ty);

fn named(name: &str) -> Name {
    Name { name: name.into(), aliases: Vec::new() }
}

/// A branch and what has become of it, by number; no two numbers may stand in the same union twice.
fn branch(kind: usize, dice: &mut Dice<'_>) -> Pair {
    let both = |ty: Ty| (ty.clone(), ty);
    let to = |from: Ty, dice: &mut Dice<'_>, to: &[Ty]| (from, dice.pick(to).clone());
    match kind {
        0 => both(Ty::Null),
        1 => to(Ty::Int, dice, &[Ty::Int, Ty::Int, Ty::Long, Ty::Float, Ty::Double]),
        2 => to(Ty::Long, dice, &[Ty::Long, Ty::Long, Ty::Float, Ty::Double]),
        3 => to(Ty::Float, dice, &[Ty::Float, Ty::Double]),
        4 => to(Ty::String, dice, &[Ty::String, Ty::String, Ty::Bytes]),
        5 => to(Ty::Bytes, dice, &[Ty::Bytes, Ty::Bytes, Ty::String]),
        6 => both(Ty::Boolean),
        7 => (Ty::Array(Box::new(Ty::Int)), Ty::Array(Box::new(dice.pick(&[Ty::Int, Ty::Long, Ty::Double]).clone()))),
        8 => (Ty::Map(Box::new(Ty::Float)), Ty::Map(Box::new(dice.pick(&[Ty::Float, Ty::Double]).clone()))),
        9 => (
            Ty::Enum(named("n.E"), vec!["A".into(), "B".into(), "C".into()], None),
            Ty::Enum(named("n.E"), vec!["C".into(), "A".into()], dice.one_in(2).then(|| "A".into())),
        ),
        10 => (Ty::Fixed(named("n.F"), 3), Ty::Fixed(named("n.F"), 3)),
        11 => both(Ty::Record(named("n.R"), vec![Field::new("x", Ty::Int)])),
        // The same short name as the last one; what it was written without has a default.
        12 => (
            Ty::Record(named("m.R"), vec![Field::new("y", Ty::Int), Field::new("gone", Ty::String)]),
            Ty::Record(
                named("m.R"),
                vec![Field { default: Some(json!(7)), ..Field::new("z", Ty::Long) }, Field::new("y", Ty::Long)],
            ),
        ),
        _ => {
            let renamed = Name { name: "n.New".into(), aliases: vec!["n.Old".into()] };
            let fields = vec![Field::new("only", Ty::Boolean)];
            (Ty::Record(named("n.Old"), fields.clone()), Ty::Record(renamed, fields))
        }
    }
}

const KINDS: usize = 14;

/// The branches of the writer and those of the reader.
fn branches(dice: &mut Dice<'_>) -> (Vec<Ty>, Vec<Ty>) {
    let kinds = dice.order(KINDS);
    let count = 1 + dice.below(5);
    let (mut writer, mut reader) = (Vec::new(), Vec::new());
    let add = |reader: &mut Vec<Ty>, ty: Ty| {
        // A branch that was promoted to what another one is already.
        let twice = |other: &Ty| match (other, &ty) {
            (Ty::Record(a, _), Ty::Record(b, _)) => a.name == b.name,
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b),
        };
        if !reader.iter().any(twice) {
            reader.push(ty);
        }
    };
    let only_one = dice.one_in(6);
    for (at, kind) in kinds.into_iter().take(count + 2).enumerate() {
        let (old, new) = branch(kind, dice);
        if at < count {
            writer.push(old);
        }
        // The last ones are new to the reader; of the others some are dropped.
        let stays = if at < count { !dice.one_in(5) } else { dice.one_in(2) };
        if at == 0 || stays && !only_one {
            add(&mut reader, new);
        }
    }
    let order = dice.order(reader.len());
    (writer, order.into_iter().map(|at| reader[at].clone()).collect())
}

/// A union, or no union where there is but one branch.
fn union(mut branches: Vec<Ty>, dice: &mut Dice<'_>) -> Ty {
    match branches.pop() {
        Some(only) if branches.is_empty() && (only != Ty::Null) && dice.one_in(2) => only,
        Some(Ty::Null) if branches.is_empty() => Ty::Union(vec![Ty::Null, Ty::Boolean]),
        Some(last) => {
            branches.push(last);
            Ty::Union(branches)
        }
        None => Ty::Boolean,
    }
}

/// The older and the newer form of a record around a union.
fn case(bytes: &[u8]) -> (Ty, Ty, Vec<V>) {
    let mut dice = Dice::new(bytes);
    let (old, new) = branches(&mut dice);
    let (mut old, mut new) = (union(old, &mut dice), union(new, &mut dice));
    for _ in 0..dice.below(3) {
        let wrap = [Ty::Array, Ty::Map][dice.below(2)];
        (old, new) = (wrap(Box::new(old)), wrap(Box::new(new)));
    }
    let after = |ty: Ty| Ty::Record(named("n.Outer"), vec![Field::new("u", ty), Field::new("after", Ty::String)]);
    let (old, new) = (after(old), after(new));
    let values = (0..6).map(|_| value::random(&old, &mut dice)).collect();
    (old, new, values)
}

/// Takes the values through an echo guest that reads the newer form.
fn through(old: &Ty, new: &Ty, values: &[V]) -> Result<Vec<Result<Vec<u8>, String>>, String> {
    let (writer, reader) = (parse(&old.schema(true)), parse(&new.schema(true)));
    let component = echo_component(&reader, &reader, &Fields::default());
    let mut lane = Lane::start(&Setup { writers: vec![&writer], ..Setup::same(&reader, &component) })?;
    let bytes: Vec<Vec<u8>> = values.iter().map(|value| value::encode(value, CANONICAL)).collect();
    let batch: Vec<(usize, &[u8])> = bytes.iter().map(|bytes| (0, bytes.as_slice())).collect();
    lane.run(&batch).map_err(|error| error.to_string())
}

proptest! {
    #![proptest_config(config(400))]

    #[test]
    fn changed_unions_are_read_as_the_specification_says(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        let (old, new, values) = case(&bytes);
        let texts = format!("{}\n{}", old.schema(true), new.schema(true));
        let outputs = through(&old, &new, &values).map_err(|e| TestCaseError::fail(format!("{e}\n{texts}")))?;
        for (value, output) in values.iter().zip(outputs) {
            match resolve(value, &old, &new) {
                Ok(expected) => prop_assert_eq!(output, Ok(value::encode(&expected, CANONICAL)), "{}", texts),
                Err(why) => prop_assert!(output.is_err(), "{why}: {output:?}\n{texts}"),
            }
        }
    }
}

/// The branches at the bottom of the field `u`; the type itself where it is no union.
fn at_bottom(outer: &Ty) -> &[Ty] {
    let Ty::Record(_, fields) = outer else { return &[] };
    let mut ty = &fields[0].ty;
    while let Ty::Array(inner) | Ty::Map(inner) = ty {
        ty = inner;
    }
    if let Ty::Union(branches) = ty { branches } else { std::slice::from_ref(ty) }
}

/// Whether apache-avro 0.22 does as the specification says for this reader. It does not where the text of a writer meets
/// a union with a fixed or an enumeration before the bytes: "string is promotable to bytes" (Schema Resolution) and to
/// nothing else; this library makes a fixed of it, of whatever length the text has, or the enumeration's default.
fn avro_follows(new: &Ty) -> bool {
    let branches = at_bottom(new);
    let place = |fits: fn(&Ty) -> bool| branches.iter().position(fits).unwrap_or(branches.len());
    branches.contains(&Ty::String)
        || place(|ty| matches!(ty, Ty::Fixed(..) | Ty::Enum(..))) >= place(|ty| *ty == Ty::Bytes)
}

/// The expectations of this file against the Avro library's, and that they are of every kind.
#[test]
fn the_avro_library_reads_changed_unions_alike() {
    let mut random = Seeded(11);
    let (mut alike, mut refused, mut opened, mut closed, mut moved) = (0, 0, 0, 0, 0);
    for _ in 0..600 {
        let (old, new, values) = case(&random.bytes(400));
        let (before, after) = (at_bottom(&old), at_bottom(&new));
        opened += usize::from(before.len() == 1 && after.len() > 1);
        closed += usize::from(before.len() > 1 && after.len() == 1);
        moved += usize::from(before.len() > 1 && after.len() > 1 && before != after);
        for value in &values {
            let Ok(ours) = resolve(value, &old, &new) else {
                refused += 1;
                continue;
            };
            let theirs = resolved_by_avro(&value::encode(value, CANONICAL), &old, &new);
            if avro_follows(&new) {
                let texts = format!("{value:?}\n{}\n{}", old.schema(false), new.schema(false));
                assert_eq!(theirs, Some(value::sorted(&ours)), "{texts}");
                alike += 1;
            }
        }
    }
    assert!(alike > 2000 && refused > 200, "{alike} alike, {refused} refused");
    assert!(opened > 40 && closed > 40 && moved > 200, "{opened} opened, {closed} closed, {moved} moved");
}
