//! What `millstream new` writes builds and passes its own tests, whatever the schemas are called and hold: keywords of all
//! languages, names of their standard libraries, types within types, values that are no records.
//!
//! In the languages of the run; see `language.rs`. Schemas stand in `nasty/`. Python, whose builds take ten times as long,
//! shows three of the projects unless `MILLSTREAM_PROJECTS` is `all`.

use std::time::Instant;

use crate::language::{Language, wanted};
use crate::project::Project;

/// Shape, input, output.
const PROJECTS: [[&str; 3]; 12] = [
    ["map", "payment", "enriched"],
    ["map", "keywords", "keywords-out"],
    ["map", "deep", "deep-out"],
    ["map", "prelude", "prelude-out"],
    ["fan-out", "deep", "deep-out"],
    ["filter", "prelude", "prelude-out"],
    ["filter", "deep", "deep"],
    ["fan-out", "list", "text"],
    ["map", "text", "list"],
    ["map", "list", "list"],
    ["generic", "deep", "deep-out"],
    ["user-functions", "payment", "enriched"],
];

/// Those that a slow language shows.
const FEW: [usize; 4] = [2, 6, 10, 11];

fn chosen(language: Language, number: usize) -> bool {
    let all = std::env::var("MILLSTREAM_PROJECTS").is_ok_and(|which| which == "all");
    all || language.name != "python" || FEW.contains(&number)
}

fn through(language: Language, number: usize) -> Result<(), String> {
    let project = Project::new(language, &number.to_string(), None, PROJECTS[number])?;
    project.formatted(PROJECTS[number][0])?;
    project.build()?;
    project.test()
}

#[test]
fn new_projects_build_and_pass_their_tests() {
    let mut failed = Vec::new();
    for language in wanted() {
        let (start, mut count) = (Instant::now(), 0);
        for (number, what) in PROJECTS.iter().enumerate().filter(|(number, _)| chosen(language, *number)) {
            count += 1;
            if let Err(why) = through(language, number) {
                failed.push(format!("{} {what:?}: {why}", language.name));
            }
        }
        eprintln!("{count} projects in {}: {:.1} s", language.name, start.elapsed().as_secs_f64());
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}
