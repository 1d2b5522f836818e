//! What the writers of all languages see of a project.

use super::generic::{self, Plan};
use super::json::{Unions, Writer};
use super::name::Name;
use super::value::{Samples, Value, zero};
use super::view_of::{definition, members};
use super::{Language, NewError, Request, Shape};
use crate::contract::names::kebab;
use crate::contract::wit::{self, Definition, Member, Type, View, WitFolder};
use crate::schema::{self, FullName, Kind, Schema};

/// A project that is to be written.
pub struct Model {
    /// Its name, and that of its folder and component.
    pub name: Name,
    /// What it is written in.
    pub language: Language,
    /// What its guest does with a record.
    pub shape: Shape,
    /// The namespace of its WIT package, in kebab-case: `acme` of `acme:payments`.
    pub namespace: String,
    /// The name of its WIT package, in kebab-case: `payments` of `acme:payments`.
    pub package: String,
    /// The input's schema.
    pub input: SchemaFile,
    /// The output's schema; the same as the input's where one file is both.
    pub output: SchemaFile,
    /// The WIT folder.
    pub wit: WitFolder,
    /// The command that writes the WIT folder again, from within the project.
    pub wit_command: String,
    /// What the guest takes and gives, where that is made from the schemas.
    pub typed: Option<Typed>,
    /// What the guest does with values, where it works on generic records.
    pub plan: Option<Plan>,
    /// Records of the input as JSON, one for each line of samples.jsonl.
    pub samples: Vec<String>,
    /// The first of the samples, over several lines.
    pub sample: String,
    /// What the guest makes of it as it is written, as JSON over several lines.
    pub expected: String,
}

/// A schema of the project.
pub struct SchemaFile {
    /// The name of its file in `schemas/`.
    pub file: String,
    /// What it holds.
    pub schema: Schema,
}

impl SchemaFile {
    /// How the type is called in a sentence: `record acme.Payment`.
    pub fn describe(&self) -> String {
        self.schema.describe(self.schema.root())
    }
}

/// A guest that takes and gives records made from the schemas.
pub struct Typed {
    /// The types of interface `types`; places of named types are places in its list.
    pub view: View,
    /// What the guest takes.
    pub input: Type,
    /// What the guest gives; for one output.
    pub output: Type,
    /// How the output is made as long as nobody has written more.
    pub fill: Fill,
    /// An input to test with.
    pub sample: Value,
    /// What becomes of it.
    pub expected: Value,
}

/// How an output is made as long as nobody has written more.
#[derive(Debug, Clone, PartialEq)]
pub enum Fill {
    /// It is the input.
    Copy,
    /// It is made of nothing.
    Value(Value),
    /// It is a record, and for each of its members, in the order of its definition, stands what it is made of.
    Record(Vec<FieldFill>),
}

/// How a member of the output is made.
#[derive(Debug, Clone, PartialEq)]
pub enum FieldFill {
    /// It is the input's member at this place.
    Copy(usize),
    /// It is empty.
    Value(Value),
}

impl Typed {
    /// Whether anything of the input is in the output.
    pub fn uses_input(&self) -> bool {
        match &self.fill {
            Fill::Copy => true,
            Fill::Value(_) => false,
            Fill::Record(fields) => fields.iter().any(|field| matches!(field, FieldFill::Copy(_))),
        }
    }

    /// The members of a record; nothing of any other type.
    pub fn members(&self, ty: &Type) -> &[Member] {
        match ty {
            Type::Named(place) => match self.definition(*place) {
                Definition::Record(members) => members,
                _ => &[],
            },
            _ => &[],
        }
    }

    /// What a named type is made of.
    pub fn definition(&self, place: usize) -> &Definition {
        definition(&self.view, place)
    }
}

/// How many samples a project gets.
const SAMPLES: usize = 3;

impl Model {
    /// Reads the schemas and works out all that is written.
    pub fn new(request: &Request) -> Result<Self, NewError> {
        let name = Name::new(&request.name, request.language)?;
        let load = |path: &std::path::Path| {
            schema::load(path).map_err(|source| NewError::Schema { path: path.to_path_buf(), source })
        };
        let output = request.output.as_ref().unwrap_or(&request.input);
        let (files, schemas) =
            (super::frame::schema_files(&request.input, output), (load(&request.input)?, load(output)?));
        let input = SchemaFile { file: files.0, schema: schemas.0 };
        let output = SchemaFile { file: files.1, schema: schemas.1 };
        let (namespace, package) = package(&input.schema, &name);
        let (mut options, flags) = request.shape.choices();
        options.package = format!("{namespace}:{package}");
        let flags = if flags.is_empty() { String::new() } else { format!(" {flags}") };
        let ((taken, from), (given, to)) = match generic::values(request) {
            Some((value, word)) => ((value, word.to_string()), (value, word.to_string())),
            None => (
                (wit::Value::Schema(&input.schema), format!("schemas/{}", input.file)),
                (wit::Value::Schema(&output.schema), format!("schemas/{}", output.file)),
            ),
        };
        // A resource stands in place of both.
        let ends = if options.resource.is_some() { String::new() } else { format!(" --input {from} --output {to}") };
        let wit_command = format!("millstream wit{ends}{flags} --package {} --out wit", options.package);
        let refused = |refusal: wit::Refusal| request.refused(refusal);
        let folder = wit::package(taken, given, &options).map_err(refused)?;
        // Values are made by the types of a typed guest, whatever this one is.
        let plain = wit::Options::default();
        let view = wit::types(&input.schema, &output.schema, &plain).map_err(refused)?;
        let typed = typed(&input, &output, view).map_err(|which| {
            let path =
                if which == Which::Input { &request.input } else { request.output.as_ref().unwrap_or(&request.input) };
            let schema = if which == Which::Input { &input } else { &output };
            NewError::NoValue { path: path.clone(), ty: schema.describe() }
        })?;
        if request.shape.is_typed()
            && let Some(why) = super::obstacle(request.language, &typed)
        {
            return Err(NewError::Bindings { language: request.language, why });
        }
        let (samples, sample, expected) = texts(&input, &output, &typed);
        Ok(Self {
            name,
            language: request.language,
            shape: request.shape,
            namespace,
            package,
            wit: folder,
            wit_command,
            samples,
            sample,
            expected,
            plan: (!request.shape.is_typed()).then(|| Plan::new(&typed, &input.schema, &output.schema)),
            typed: request.shape.is_typed().then_some(typed),
            input,
            output,
        })
    }

    /// Whether one schema is both input and output.
    pub fn one_schema(&self) -> bool {
        self.input.file == self.output.file
    }

    /// The WIT package: `acme:payments`.
    pub fn wit_package(&self) -> String {
        format!("{}:{}", self.namespace, self.package)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Which {
    Input,
    Output,
}

fn typed(input: &SchemaFile, output: &SchemaFile, view: View) -> Result<Typed, Which> {
    let (from, to) = (&input.schema, &output.schema);
    let (Some(taken), Some(given)) = (view.input.clone(), view.output.clone()) else { return Err(Which::Input) };
    let sample = Samples::new(from, &view, 1).value(from.root(), &taken, "value").ok_or(Which::Input)?;
    let fill = fill(from, to, &view, (&taken, &given)).ok_or(Which::Output)?;
    let expected = filled(&fill, &sample);
    Ok(Typed { input: taken, output: given, fill, sample, expected, view })
}

fn fill(from: &Schema, to: &Schema, view: &View, (taken, given): (&Type, &Type)) -> Option<Fill> {
    if taken == given && Schema::same_encoding(from, from.root(), to, to.root()) {
        return Some(Fill::Copy);
    }
    let (Type::Named(place), Kind::Record(record)) = (given, to.kind(to.root())) else {
        return zero(to, view, to.root(), given).map(Fill::Value);
    };
    let Definition::Record(wanted) = definition(view, *place) else { return None };
    let there: Vec<_> = match (taken, from.kind(from.root())) {
        (Type::Named(place), Kind::Record(record)) => match definition(view, *place) {
            Definition::Record(fields) => members(from, record).zip(fields).collect(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    };
    let fields = members(to, record).zip(wanted).map(|(field, member)| {
        let same = there.iter().position(|(other, known)| {
            other.name == field.name && known.ty == member.ty && Schema::same_encoding(from, other.ty, to, field.ty)
        });
        Some(match same {
            Some(place) => FieldFill::Copy(place),
            None => FieldFill::Value(zero(to, view, field.ty, &member.ty)?),
        })
    });
    fields.collect::<Option<_>>().map(Fill::Record)
}

fn filled(fill: &Fill, sample: &Value) -> Value {
    let fields = match fill {
        Fill::Copy => return sample.clone(),
        Fill::Value(value) => return value.clone(),
        Fill::Record(fields) => fields,
    };
    let field = |field: &FieldFill| match (field, sample) {
        (FieldFill::Copy(place), Value::Record(values)) => values.get(*place).cloned().unwrap_or(Value::None),
        (FieldFill::Copy(_), _) => Value::None,
        (FieldFill::Value(value), _) => value.clone(),
    };
    Value::Record(fields.iter().map(field).collect())
}

/// The samples, one a line; the first of them over several lines; and what becomes of it.
fn texts(input: &SchemaFile, output: &SchemaFile, typed: &Typed) -> (Vec<String>, String, String) {
    let root = input.schema.root();
    let writer = Writer { schema: &input.schema, view: &typed.view, unions: Unions::Tagged };
    let samples = (1..=SAMPLES).filter_map(|number| {
        let value = Samples::new(&input.schema, &typed.view, number).value(root, &typed.input, "value")?;
        Some(writer.json(root, &typed.input, &value).to_string())
    });
    let samples = samples.collect();
    let pretty = |json: &serde_json::Value| format!("{json:#}");
    let sample = pretty(&writer.json(root, &typed.input, &typed.sample));
    let writer = Writer { schema: &output.schema, view: &typed.view, unions: Unions::Plain };
    let expected = pretty(&writer.json(output.schema.root(), &typed.output, &typed.expected));
    (samples, sample, expected)
}

/// The WIT package: the first part of the schema's namespace that is somebody's own, and the project's name.
fn package(input: &Schema, name: &Name) -> (String, String) {
    const DOMAINS: &[&str] = &["com", "org", "net", "io", "dev", "eu", "de", "uk", "co", "app"];
    let full = input.kind(input.root()).full_name().map_or("", |FullName(full)| full);
    let parts: Vec<&str> = full.rsplit_once('.').map_or(Vec::new(), |(namespace, _)| namespace.split('.').collect());
    let own = parts.iter().find(|part| !DOMAINS.contains(part)).or(parts.last());
    let namespace = own.map_or("example".to_string(), |part| kebab(part));
    // Of these, bindings make modules or prefixes that they need for something else.
    let reserved =
        ["millstream", "wasi", "exports", "types", "types-", "transform", "wit", "bindings", "crate", "self"];
    let namespace = if reserved.contains(&namespace.as_str()) { format!("{namespace}-guest") } else { namespace };
    (namespace, name.wit())
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
