//! A guest as a whole: its values, envelopes and functions, and the files that declare them.

use std::collections::HashSet;

use super::check::check;
use super::envelope::{Envelope, Typed, Way, fits};
use super::limits::{Extent, Extents, MAX_SIZE};
use super::scope::{Expression, Origin, Scope};
use super::types::{Side, free};
use super::view::{View, view};
use super::{Answers, Key, Options, PIPELINE_VERSION, Refusal, Value, doc};
use crate::contract::names::escape;
use crate::schema::Schema;

/// See the module.
pub(super) struct Guest<'a> {
    options: &'a Options,
    /// Those with a schema, in the order in which their types are written.
    sides: Vec<Side<'a>>,
    envelopes: Vec<Envelope>,
    functions: Vec<Function>,
    /// What the world's comment says.
    about: String,
}

struct Function {
    name: &'static str,
    doc: &'static str,
    takes: Typed,
    gives: Typed,
    /// Whose schema is to blame when a type is too deep: of what it takes, of what it gives.
    sides: (&'static str, &'static str),
}

/// A value's or key's type, before it stands anywhere.
struct Slot {
    typed: Typed,
    /// What an envelope around it is called after.
    base: String,
    about: String,
}

impl<'a> Guest<'a> {
    /// Checks the schemas and puts the guest together; the choices have been checked before.
    pub fn new(input: Value<'a>, output: Value<'a>, options: &'a Options) -> Result<Self, Refusal> {
        let output = if options.no_transform { input } else { output };
        let mut guest =
            Guest { options, sides: Vec::new(), envelopes: Vec::new(), functions: Vec::new(), about: String::new() };
        let (taken, given) = match &options.resource {
            Some(name) => (guest.resource(name), guest.resource(name)),
            None => {
                let input = guest.value(input, "input", options.input_fields.as_deref())?;
                let output_fields = match options.no_transform {
                    true => options.input_fields.as_deref(),
                    false => options.output_fields.as_deref(),
                };
                (input, guest.value(output, "output", output_fields)?)
            }
        };
        guest.about = guest.sentence(&taken, &given);
        let key = options.key.as_ref();
        let key_in = guest.key(key, "key")?;
        let key_out = match &options.key_out {
            Some(own) => guest.key(Some(own), "key-out")?,
            None => key_in.clone(),
        };
        let (arriving, leaving) = guest.wrapped(&taken, &given, key_in, key_out);
        guest.functions(taken, given, arriving, leaving);
        guest.within_limits()?;
        Ok(guest)
    }

    fn resource(&self, name: &str) -> Slot {
        let typed = Typed { expression: Expression::named(Origin::Here, name), extent: Extent::LEAF };
        Slot { typed, base: name.to_string(), about: format!("`{name}`") }
    }

    fn sentence(&self, taken: &Slot, given: &Slot) -> String {
        let (input, output) = (doc::inline(&taken.about), doc::inline(&given.about));
        let raw = |raw: Option<super::Raw>| raw.map_or(String::new(), |raw| plain(raw.into()).about);
        match &self.options.resource {
            Some(name) => {
                let (from, to) = (raw(self.options.deserialize), raw(self.options.serialize));
                format!("Turns {from} into {to}, by way of the guest's own `{name}`.")
            }
            None if self.options.no_transform => format!("Reads and writes {input}."),
            None => format!("Turns {input} into {output}."),
        }
    }

    fn value(&mut self, value: Value<'a>, side: &'static str, fields: Option<&'a [String]>) -> Result<Slot, Refusal> {
        match value {
            Value::Schema(schema) => self.schema(schema, side, fields),
            other => Ok(plain(other)),
        }
    }

    fn key(&mut self, key: Option<&'a Key>, side: &'static str) -> Result<Typed, Refusal> {
        Ok(match key {
            None | Some(Key::Bytes) => Typed::bytes(),
            Some(Key::Text) => Typed::leaf("string"),
            Some(Key::Int) => Typed::leaf("s32"),
            Some(Key::Long) => Typed::leaf("s64"),
            Some(Key::Schema(schema)) => self.schema(schema, side, None)?.typed,
        })
    }

    fn schema(
        &mut self,
        schema: &'a Schema,
        name: &'static str,
        fields: Option<&'a [String]>,
    ) -> Result<Slot, Refusal> {
        check(schema, name, fields)?;
        let suffix = if name == "key-out" { "key-output" } else { name };
        let others: Vec<&Side> = self.sides.iter().collect();
        let side = Side::new(schema, fields).beside(&others, suffix);
        let extent = Extents::of(&side).get(schema.root());
        let slot = Slot {
            typed: Typed { expression: side.root(), extent },
            base: side.root_name().unwrap_or("record").to_string(),
            about: side.describe(),
        };
        if name.starts_with("key") {
            // In an option, in an envelope, in a batch.
            fits(extent.wrapped().wrapped().wrapped(), name, &slot.about)?;
        }
        self.sides.push(side);
        Ok(slot)
    }

    /// Names that types have already, where envelopes stand.
    fn own_names(&self) -> HashSet<String> {
        match &self.options.resource {
            // What wit-bindgen makes of a resource beside its own type.
            Some(name) => {
                let made = [name.clone(), format!("{name}-borrow"), format!("guest-{name}"), "guest".to_string()];
                let functions = ["init", "deserialize", "transform", "serialize"].map(str::to_string);
                made.into_iter().chain(functions).collect()
            }
            None => self.sides.iter().flat_map(|side| side.written().map(|(_, name)| name.to_string())).collect(),
        }
    }

    /// What arrives in `transform` and what leaves it for each record, envelopes made where they were asked for.
    fn wrapped(&mut self, taken: &Slot, given: &Slot, key_in: Typed, key_out: Typed) -> (Typed, Typed) {
        let options = self.options;
        let origin = if options.resource.is_some() { Origin::Here } else { Origin::Types };
        let mut names = self.own_names();
        let mut around = |way, slot: &Slot, key, suffix: &str| {
            let chosen = if way == Way::In { &options.envelope_in } else { &options.envelope_out };
            if chosen.is_empty() {
                return slot.typed.clone();
            }
            let name = free(&format!("{}-{suffix}", slot.base), &mut names);
            let envelope = Envelope::new(way, name, slot.typed.clone(), chosen, key, options.tombstones);
            let typed = envelope.typed(origin);
            self.envelopes.push(envelope);
            typed
        };
        let arriving = around(Way::In, taken, key_in, "in");
        let leaving = around(Way::Out, given, key_out, "out");
        let leaving = match options.answers {
            Answers::One => leaving,
            Answers::Filter => leaving.option(),
            Answers::FanOut => leaving.list(),
        };
        (arriving, leaving)
    }

    fn functions(&mut self, taken: Slot, given: Slot, arriving: Typed, leaving: Typed) {
        if let Some(raw) = self.options.deserialize {
            self.functions.push(Function {
                name: "deserialize",
                doc: "Makes a value of each record that was read, answering it by its position.",
                takes: plain(raw.into()).typed,
                gives: taken.typed,
                sides: ("input", "input"),
            });
        }
        if !self.options.no_transform {
            self.functions.push(Function {
                name: "transform",
                doc: match self.options.answers {
                    Answers::One => "Answers each record of the batch by its position.",
                    Answers::Filter => "Answers each record of the batch by its position; with none, it has no output.",
                    Answers::FanOut => "Answers each record of the batch by its position, with all its outputs.",
                },
                takes: arriving,
                gives: leaving,
                sides: ("input", "output"),
            });
        }
        if let Some(raw) = self.options.serialize {
            self.functions.push(Function {
                name: "serialize",
                doc: "Writes each value, answering it by its position.",
                takes: given.typed,
                gives: plain(raw.into()).typed,
                sides: ("output", "output"),
            });
        }
    }

    fn within_limits(&self) -> Result<(), Refusal> {
        let mut size = 2usize;
        for side in &self.sides {
            let mut extents = Extents::of(side);
            size = side.written().fold(size, |size, (id, _)| size.saturating_add(extents.get(id).size));
        }
        size = self.envelopes.iter().fold(size, |size, envelope| size.saturating_add(envelope.extent().size));
        for function in &self.functions {
            let fault = Extent::of([Extent::LEAF; 3]);
            let takes = function.takes.extent.wrapped();
            let gives = Extent::of([function.gives.extent, fault]).wrapped();
            for (extent, side) in [(takes, function.sides.0), (gives, function.sides.1)] {
                fits(extent, side, &self.root_of(side))?;
            }
            // Once where it is used by name, once in the function.
            size = size.saturating_add(2 * (takes.size + gives.size));
        }
        match size > MAX_SIZE {
            true => Err(Refusal::TooManyParts { size }),
            false => Ok(()),
        }
    }

    fn root_of(&self, side: &str) -> String {
        let index = if side == "output" { 1 } else { 0 };
        self.sides.get(index).or(self.sides.first()).map_or("the value".into(), Side::describe)
    }

    /// Path and text of each file of the guest's own package.
    pub fn files(&self, package: &str) -> Vec<(String, String)> {
        let mut files = vec![("world.wit".to_string(), self.world(package))];
        // The package is named once: a second comment above a package line would be refused.
        let own = [("types.wit", self.types()), ("guest.wit", self.interface())];
        let own = own.into_iter().filter(|(_, text)| !text.is_empty());
        files.extend(own.map(|(name, text)| (name.to_string(), text)));
        files
    }

    fn types(&self) -> String {
        let envelopes = if self.options.resource.is_some() { &[][..] } else { &self.envelopes[..] };
        let written: Vec<(&Side, _, &str)> =
            self.sides.iter().flat_map(|side| side.written().map(move |(id, name)| (side, id, name))).collect();
        let names = written.iter().map(|(_, _, name)| name.to_string());
        let mut scope = Scope::new(Origin::Types, names.chain(envelopes.iter().map(|envelope| envelope.name.clone())));
        let generic = Expression::named(Origin::Generic, "generic-record");
        if self.sides.iter().any(Side::has_generic) {
            scope.bring([&generic]);
        }
        scope.bring(envelopes.iter().flat_map(Envelope::expressions));
        let mut bodies: Vec<String> = vec![scope.uses()];
        bodies.extend(written.iter().map(|(side, id, _)| side.definition(*id, &scope)));
        bodies.extend(envelopes.iter().map(|envelope| envelope.definition(&scope)));
        bodies.retain(|body| !body.is_empty());
        if written.is_empty() && envelopes.is_empty() {
            return String::new();
        }
        let of = if self.sides.is_empty() { "types of this guest" } else { "records of this guest" };
        let from = if self.sides.is_empty() { "" } else { " from its Avro schemas" };
        format!("/// The {of}, made{from} by `millstream wit`.\ninterface types {{\n{}}}\n", bodies.join("\n"))
    }

    /// The interface `guest`, which a resource needs; empty without one.
    fn interface(&self) -> String {
        let Some(name) = &self.options.resource else { return String::new() };
        let envelopes = self.envelopes.iter().map(|envelope| envelope.name.clone());
        let mut scope = Scope::new(Origin::Here, self.own_names().into_iter().chain(envelopes));
        scope.bring(self.envelopes.iter().flat_map(Envelope::expressions));
        let functions = self.declarations(&mut scope, "");
        let mut bodies = vec![scope.uses()];
        bodies.push(format!(
            "    /// The guest's own value. It stays in the guest; the pipeline holds handles, and drops those it no longer \
             needs.\n    resource {};\n",
            escape(name)
        ));
        bodies.extend(self.envelopes.iter().map(|envelope| envelope.definition(&scope)));
        bodies.push(functions);
        format!("/// What the pipeline calls.\ninterface guest {{\n{}}}\n", bodies.join("\n"))
    }

    fn world(&self, package: &str) -> String {
        let imports: Vec<String> = self.options.imports.iter().map(|import| import_line(*import)).collect();
        let (uses, exports) = match self.options.resource {
            Some(_) => (String::new(), "    export guest;\n".to_string()),
            None => {
                let (scope, exports) = self.world_scope();
                (scope.uses(), exports)
            }
        };
        let parts: Vec<String> =
            [imports.concat(), uses, exports].into_iter().filter(|part| !part.is_empty()).collect();
        format!("{package}\n/// {}\nworld transform {{\n{}}}\n", self.about, parts.join("\n"))
    }

    /// What the world of a guest without a resource sees, and what it exports.
    fn world_scope(&self) -> (Scope, String) {
        // wit-bindgen makes a trait `Guest` of the world's functions.
        let own = ["init", "guest"].into_iter().chain(self.functions.iter().map(|function| function.name));
        let mut scope = Scope::new(Origin::Here, own.map(str::to_string));
        let exports = self.declarations(&mut scope, "export ");
        // What an envelope holds is wanted by its author just as much as the envelope.
        scope.bring(self.envelopes.iter().flat_map(Envelope::expressions));
        (scope, exports)
    }

    /// The types of a guest's values: its own, and what is taken and given, where those have schemas.
    pub fn view(&self, sides: (Option<usize>, Option<usize>)) -> View {
        let (scope, _) = self.world_scope();
        let local = |name: &str| scope.local(Origin::Types, name).map(str::to_string);
        view(&self.sides, sides, &local)
    }

    fn declarations(&self, scope: &mut Scope, before: &str) -> String {
        let fault = Expression::named(Origin::Pipeline, "fault");
        scope.bring(self.functions.iter().flat_map(|f| [&f.takes.expression, &f.gives.expression]).chain([&fault]));
        let fault = scope.text(&fault);
        let mut all = Vec::new();
        if self.options.init {
            all.push(format!(
                "    /// Called once for each instance, before its first batch. An error keeps the pipeline from starting.\n    \
                 {before}init: func() -> result<_, string>;\n"
            ));
        }
        for Function { name, doc, takes, gives, .. } in &self.functions {
            let (takes, gives) = (scope.text(&takes.expression), scope.text(&gives.expression));
            all.push(format!(
                "    /// {doc}\n    {before}{name}: func(batch: list<{takes}>) -> list<result<{gives}, {fault}>>;\n"
            ));
        }
        all.join("\n")
    }
}

/// A value without a schema.
fn plain(value: Value) -> Slot {
    let (typed, about) = match value {
        Value::Text => (Typed::leaf("string"), "text"),
        Value::Generic => {
            let expression = Expression::named(Origin::Generic, "generic-record");
            (Typed { expression, extent: Extent::GENERIC }, "generic records")
        }
        _ => (Typed::bytes(), "bytes"),
    };
    Slot { typed, base: "record".into(), about: about.into() }
}

fn import_line(import: super::Import) -> String {
    let name = import.name();
    let grant = match import.needs_grant() {
        true => format!("Needs `grants = [\"{name}\"]` in the guest's [[stage]]."),
        false => "Needs no grant.".to_string(),
    };
    format!("    /// {grant}\n    import millstream:pipeline/{name}@{PIPELINE_VERSION};\n")
}
