//! For the tests: a guest that prints, and fails when it is told to. What a runtime asks of its surroundings to do so
//! is not to be had from a hand-written module.
//!
//! Its `wit` folder is written, from the root of the repository, by
//!
//!     millstream wit --input string --output string \
//!         --package acme:talk --out guests/rust/talk/wit

wit_bindgen::generate!({ world: "transform", path: "wit", generate_all });

struct Talk;

fn talk(text: String) -> Result<String, Fault> {
    match text.as_str() {
        "panic" => panic!("told to"),
        "index" => return Ok(Vec::<String>::new()[text.len()].clone()),
        "divide" => return Ok((1 / (text.len() - 6)).to_string()),
        "warn" => eprintln!("a warning"),
        other => println!("heard {other}"),
    }
    Ok(text)
}

impl Guest for Talk {
    fn transform(batch: Vec<String>) -> Vec<Result<String, Fault>> {
        batch.into_iter().map(talk).collect()
    }
}

export!(Talk);
