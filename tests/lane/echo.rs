//! Guests that answer each record with itself, for any schema, and the lane around one of them.

use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use millstream::contract::shape::{Role, Unit};
use millstream::contract::types::GuestType;
use millstream::contract::wit;
use millstream::decode::intake::{self, ValuePlan};
use millstream::decode::{self, Carry, DecodePlan, Image, Intake};
use millstream::encode::{self, EncodePlan, OutputLimits, Outputs, Verdict};
use millstream::guest::{Allowance, Call, CallError, Engine, Function, Grants, Guest, Instance, Past};
use millstream::schema::{self, Kind, Schema};
use millstream::telemetry::guest_series::GuestSeries;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// One engine for all tests: starting one starts a clock thread.
pub static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::start(None).expect("the engine starts"));

/// Bytes that a batch may have in guest memory.
pub const IMAGE_LIMIT: usize = 16 << 20;
/// What a guest may answer.
pub const OUTPUT_LIMITS: OutputLimits = OutputLimits { record: 1 << 20, batch: 16 << 20, outputs: 1000 };

/// Which fields a guest names of each side; all where absent.
#[derive(Debug, Clone, Default)]
pub struct Fields {
    pub input: Option<Vec<String>>,
    pub output: Option<Vec<String>>,
}

/// What a guest may have, as the tests want it.
pub fn allowance_of(memory: u64, time: Duration, grants: Grants) -> Arc<Allowance> {
    Arc::new(Allowance {
        pipeline: "test".into(),
        stage: "guest".into(),
        memory,
        time,
        grants,
        outputs: OUTPUT_LIMITS,
        config: Arc::default(),
        schemas: Arc::default(),
        series: GuestSeries::detached(),
    })
}

/// Parses a schema that is right.
pub fn parse(text: &str) -> Schema {
    schema::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Wraps a core module in WAT as a component of the world that `millstream wit` writes for these schemas.
pub fn component(input: &Schema, output: &Schema, fields: &Fields, module: &str) -> Vec<u8> {
    let options = wit::Options {
        package: "test:echo".into(),
        input_fields: fields.input.clone(),
        output_fields: fields.output.clone(),
        ..wit::Options::default()
    };
    let folder = wit::package(input, output, &options).unwrap_or_else(|refusal| panic!("{refusal}"));
    let (deps, own): (Vec<_>, Vec<_>) = folder.files.iter().partition(|(name, _)| name.starts_with("deps/"));
    // One text may name its package once.
    let mut named = std::collections::HashSet::new();
    let mut once = |line: &&str| !line.starts_with("package ") || named.insert(line.to_string());
    let mut joined = |files: &[&(String, String)]| {
        let lines = files.iter().flat_map(|(_, text)| text.lines()).filter(&mut once);
        lines.collect::<Vec<_>>().join("\n")
    };
    wrap(&[&joined(&deps), &joined(&own)], module)
}

/// Wraps a core module in WAT as a component of the only world of the last of these WIT packages.
pub fn wrap(packages: &[&str], module: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let push = |text: &&str| resolve.push_source("test.wit", text).unwrap_or_else(|error| panic!("{error:?}\n{text}"));
    let package = packages.iter().map(push).last().expect("a package");
    let world = resolve.select_world(&[package], None).unwrap_or_else(|error| panic!("{error:?}\n{packages:?}"));
    let mut wasm = wat::parse_str(module).unwrap_or_else(|error| panic!("{error}\n{module}"));
    embed_component_metadata(&mut wasm, &resolve, world, StringEncoding::UTF8).expect("the metadata can be embedded");
    let mut encoder = ComponentEncoder::default();
    encoder.module(&wasm).unwrap_or_else(|error| panic!("{error:?}\n{packages:?}"));
    encoder.validate(true).encode().unwrap_or_else(|error| panic!("{error:?}\n{packages:?}"))
}

/// A bump allocator that `cabi_post_transform` resets, so that a long run needs no more memory than one batch.
pub const ALLOCATOR: &str = r#"
  (memory (export "memory") 2)
  (global $next (mut i32) (i32.const 1024))
  (func $alloc (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $next) (i32.sub (local.get $align) (i32.const 1)))
                            (i32.sub (i32.const 0) (local.get $align))))
    (global.set $next (i32.add (local.get $at) (local.get $size)))
    (if (i32.gt_u (global.get $next) (i32.mul (memory.size) (i32.const 65536)))
      (then (if (i32.eq (i32.const -1)
                  (memory.grow (i32.add (i32.const 1) (i32.shr_u (i32.sub (global.get $next)
                    (i32.mul (memory.size) (i32.const 65536))) (i32.const 16)))))
              (then (unreachable)))))
    (local.get $at))
  (func (export "cabi_realloc") (param i32 i32) (param $align i32) (param $size i32) (result i32)
    (call $alloc (local.get $align) (local.get $size)))
  (func (export "cabi_post_transform") (param i32) (global.set $next (i32.const 1024)))
"#;

/// A core module whose `transform` copies `pieces` (from offset, to offset, length) of each record into its answer.
pub fn copying(input: &GuestType, outcome: &GuestType, pieces: &[(usize, usize, usize)]) -> String {
    let (stride, layout, payload) = (input.layout().size, outcome.layout(), outcome.payload_offset());
    let copies: String = pieces
        .iter()
        .map(|(from, to, len)| {
            format!(
                "(memory.copy (i32.add (local.get $to) (i32.const {})) (i32.add (local.get $from) (i32.const {from})) \
                 (i32.const {len}))\n",
                payload + to
            )
        })
        .collect();
    format!(
        r#"(module {ALLOCATOR}
  (func (export "transform") (param $from i32) (param $count i32) (result i32)
    (local $list i32) (local $to i32) (local $left i32) (local $pair i32)
    (local.set $list (call $alloc (i32.const {align}) (i32.mul (local.get $count) (i32.const {size}))))
    (local.set $pair (call $alloc (i32.const 4) (i32.const 8)))
    (i32.store (local.get $pair) (local.get $list))
    (i32.store offset=4 (local.get $pair) (local.get $count))
    (local.set $to (local.get $list))
    (local.set $left (local.get $count))
    (block $done (loop $next
      (br_if $done (i32.eqz (local.get $left)))
      (i32.store8 (local.get $to) (i32.const 0))
      {copies}
      (local.set $from (i32.add (local.get $from) (i32.const {stride})))
      (local.set $to (i32.add (local.get $to) (i32.const {size})))
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br $next)))
    (local.get $pair)))"#,
        align = layout.align,
        size = layout.size,
    )
}

/// A module with the right exports, good for nothing but asking the component for its types.
pub const IDLE: &str = r#"(module (memory (export "memory") 1)
  (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) unreachable)
  (func (export "transform") (param i32 i32) (result i32) unreachable))"#;

/// A component that copies its input's fields to its output's, one by one.
pub fn echo_component(input: &Schema, output: &Schema, fields: &Fields) -> Vec<u8> {
    let idle =
        Guest::compile(&ENGINE, Path::new("idle.wasm"), &component(input, output, fields, IDLE), &Grants::default());
    let idle = idle.unwrap_or_else(|error| panic!("{error}"));
    let Function { input: given, outcome, .. } = transform_of(&idle);
    let GuestType::Result(Some(ok), _) = outcome else { panic!("no result: {outcome:?}") };
    let pieces = match (given, &**ok) {
        (GuestType::Record(from), GuestType::Record(to)) => {
            let (from_at, to_at) = (given.offsets(), ok.offsets());
            // By position: where names collide, their numbers depend on the rest of the schema.
            assert_eq!(from.len(), to.len(), "an echo has the same fields on both sides");
            for (from, to) in from.iter().zip(to) {
                assert_eq!(from.1, to.1, "an echo's fields have the same types on both sides");
            }
            (0..to.len()).map(|index| (from_at[index], to_at[index], to[index].1.layout().size)).collect()
        }
        (whole, _) => vec![(0, 0, whole.layout().size)],
    };
    component(input, output, fields, &copying(given, outcome, &pieces))
}

/// The guest's `transform`.
pub fn transform_of(guest: &Guest) -> &Function {
    guest.function(Role::Transform).expect("an exported transform")
}

/// How values by themselves are taken, each made by this plan.
pub fn intake_of(input: &GuestType, plan: DecodePlan) -> Intake {
    intake::compile(&Unit::bare(input), ValuePlan::Plan(plan), None).expect("nothing stands around a bare value")
}

/// Calls the `transform` of a guest, from `list<record { n: s32 }>` to results of the same record, with an empty batch.
pub fn call_with_nothing(guest: &Guest, instance: &mut Instance) -> Result<(), CallError> {
    let schema = parse(r#"{"type": "record", "name": "R", "fields": [{"name": "n", "type": "int"}]}"#);
    let function = transform_of(guest);
    let plan = encode::compile(&function.outcome, &schema, &schema, false, &[]);
    let plan = Arc::new(plan.unwrap_or_else(|error| panic!("{error:?}")));
    let decode = decode::compile(&schema, &schema, &function.input, &[]);
    let intake = intake_of(&function.input, decode.unwrap_or_else(|error| panic!("{error:?}")));
    let (image, past, mut outputs) = (&mut Image::default(), &mut Past::default(), Outputs::default());
    image.begin(intake.stride(), 0, 0, 1 << 20);
    let call = Call { role: Role::Transform, source: &[], image, intake: &intake, plan: &plan, past };
    instance.call(call, &mut outputs)
}

/// A live guest with its plans: one decode plan for each writer's schema.
pub struct Lane {
    pub plans: Vec<DecodePlan>,
    pub encode: Arc<EncodePlan>,
    pub guest: Guest,
    pub intake: Intake,
    pub instance: Instance,
    pub past: Past,
    pub image: Image,
    pub outputs: Outputs,
}

/// How a lane is set up.
pub struct Setup<'a> {
    pub writers: Vec<&'a Schema>,
    pub reader: &'a Schema,
    pub output: &'a Schema,
    pub passthrough: bool,
    pub component: &'a [u8],
    /// Plenty where absent.
    pub allowance: Option<Arc<Allowance>>,
}

impl<'a> Setup<'a> {
    /// Written, read and answered with the same schema.
    pub fn same(schema: &'a Schema, component: &'a [u8]) -> Setup<'a> {
        Setup { writers: vec![schema], reader: schema, output: schema, passthrough: false, component, allowance: None }
    }
}

impl Lane {
    /// Sets the lane up; the error is the text of what does not fit.
    pub fn start(setup: &Setup<'_>) -> Result<Lane, String> {
        let allowance = setup.allowance.clone();
        let allowance = allowance.unwrap_or_else(|| allowance_of(64 << 20, Duration::from_secs(5), Grants::default()));
        let guest = Guest::compile(&ENGINE, Path::new("guest.wasm"), setup.component, &allowance.grants);
        let guest = guest.map_err(|e| e.to_string())?;
        let texts = |mismatches: Vec<millstream::contract::mismatch::Mismatch>| {
            mismatches.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
        };
        let encode = encode::compile(&transform_of(&guest).outcome, setup.output, setup.reader, setup.passthrough, &[]);
        let encode = encode.map_err(texts)?;
        let carries = carries(setup.output, encode.carried());
        let input = &transform_of(&guest).input;
        let plan = |writer: &&Schema| decode::compile(writer, setup.reader, input, &carries).map_err(texts);
        let plans: Vec<DecodePlan> = setup.writers.iter().map(plan).collect::<Result<_, _>>()?;
        let intake = intake_of(input, plans[0].clone());
        let allowance = setup.allowance.clone();
        let allowance = allowance.unwrap_or_else(|| allowance_of(64 << 20, Duration::from_secs(5), Grants::default()));
        let instance = Instance::start(&guest, &allowance).map_err(|error| error.to_string())?;
        let (image, outputs) = (Image::default(), Outputs::default());
        let past = Past::default();
        Ok(Lane { plans, encode: Arc::new(encode), guest, intake, instance, past, image, outputs })
    }

    /// The lane of an echo guest whose input, output and only writer are all this schema.
    pub fn echo(schema: &Schema) -> Lane {
        let component = echo_component(schema, schema, &Fields::default());
        Lane::start(&Setup::same(schema, &component)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Takes a batch of values, each with the index of its writer's schema, all the way: each becomes its output's
    /// bytes or the text of why not.
    pub fn run(&mut self, values: &[(usize, &[u8])]) -> Result<Vec<Result<Vec<u8>, String>>, CallError> {
        let source: Vec<u8> = values.iter().flat_map(|(_, value)| *value).copied().collect();
        self.image.begin(self.intake.stride(), values.len(), self.encode.carried().len(), IMAGE_LIMIT);
        let mut base = 0;
        let mut decoded = Vec::new();
        for (writer, value) in values {
            let done = self.plans[*writer].decode(value, base, &mut self.image);
            decoded.push(done.map_err(|failure| failure.to_string()));
            base += value.len() as u32;
        }
        self.image.swap_carried(&mut self.past.carried);
        self.outputs.clear();
        let Lane { encode, intake, image, past, outputs, instance, .. } = self;
        let call = Call { role: Role::Transform, source: &source, image, intake, plan: encode, past };
        instance.call(call, outputs)?;
        let outputs = &self.outputs;
        let mut values = 0..outputs.values.len();
        let mut verdicts = outputs.verdicts.iter();
        let result = |done: Result<(), String>| {
            done?;
            match verdicts.next() {
                Some(Verdict::Outputs(1)) => {
                    Ok(values.next().and_then(|at| outputs.value(at)).expect("an output's bytes").to_vec())
                }
                Some(Verdict::Outputs(count)) => Err(format!("{count} outputs")),
                Some(Verdict::Fault(kind, why)) => Err(format!("{kind:?}: {why}")),
                Some(Verdict::Invalid(why)) => Err(why.clone()),
                None => Err("no verdict".into()),
            }
        };
        Ok(decoded.into_iter().map(result).collect())
    }
}

/// The output's fields of these names.
pub fn carries<'a>(output: &'a Schema, names: &'a [Box<str>]) -> Vec<Carry<'a>> {
    let Kind::Record(record) = output.kind(output.root()) else { return Vec::new() };
    let field = |name: &'a str| {
        let field = record.fields.iter().find(|field| field.name == name)?;
        Some(Carry { name, schema: output, ty: field.ty })
    };
    names.iter().filter_map(|name| field(name)).collect()
}
