//! What follows from types that cannot be resolved: branches that no value may take, or a plan refused with all reasons.

use std::collections::VecDeque;

use super::plan::{Action, Make, RecordPlan, Why};
use crate::contract::mismatch::Report;

/// Reasons beyond which nobody reads on.
const MAX_REASONS: usize = 100;

/// Takes out the branches that lead to a type which cannot be resolved. `None` after reporting why where the value
/// itself cannot be.
pub(super) fn prune(root: &mut Make, records: &mut [RecordPlan], report: &mut Report) -> Option<()> {
    let failed = failed(records);
    if fails(root, &failed) {
        explain(root, records, &failed, report);
        return None;
    }
    cut(root, &failed);
    for (record, failed_itself) in records.iter_mut().zip(&failed) {
        if *failed_itself {
            record.steps = Box::new([]);
            record.order = None;
        }
        record.steps.iter_mut().for_each(|step| {
            if let Action::Put(make) | Action::Default(_, make) = &mut step.action {
                cut(make, &failed);
            }
        });
    }
    Some(())
}

/// The records that no value can have. A record within itself may be resolved unless something else is wrong.
fn failed(records: &[RecordPlan]) -> Vec<bool> {
    let mut failed = vec![false; records.len()];
    loop {
        let before = failed.iter().filter(|failed| **failed).count();
        // Records come after those that they were met in, so most reasons travel all the way in one round.
        for (at, record) in records.iter().enumerate().rev() {
            failed[at] =
                failed[at] || record.steps.iter().any(|step| made(&step.action).is_some_and(|m| fails(m, &failed)));
        }
        if failed.iter().filter(|failed| **failed).count() == before {
            return failed;
        }
    }
}

fn made(action: &Action) -> Option<&Make> {
    match action {
        Action::Put(make) | Action::Default(_, make) => Some(make),
        Action::Skip(_) => None,
    }
}

fn fails(make: &Make, failed: &[bool]) -> bool {
    match make {
        Make::Nothing(_) => true,
        Make::Record(number) => failed.get(*number as usize).copied().unwrap_or(true),
        Make::Array { item, .. } | Make::Map { value: item, .. } => fails(item, failed),
        Make::Branches(branches) => branches.iter().all(|branch| branch.make.as_ref().is_none_or(|m| fails(m, failed))),
        _ => false,
    }
}

fn cut(make: &mut Make, failed: &[bool]) {
    match make {
        Make::Array { item, .. } | Make::Map { value: item, .. } => cut(item, failed),
        Make::Branches(branches) => {
            for branch in branches {
                branch.make = branch.make.take().filter(|make| !fails(make, failed));
                branch.make.iter_mut().for_each(|make| cut(make, failed));
            }
        }
        _ => {}
    }
}

struct Walk<'p, 'r> {
    failed: &'p [bool],
    seen: Vec<bool>,
    /// Records whose reasons are still to be told, each with the way to it.
    open: VecDeque<(u32, Vec<&'p str>)>,
    report: &'r mut Report,
}

fn explain(root: &Make, records: &[RecordPlan], failed: &[bool], report: &mut Report) {
    let first = report.mark();
    let mut walk = Walk { failed, seen: vec![false; records.len()], open: VecDeque::new(), report };
    walk.at(root, &mut Vec::new());
    while let Some((number, mut path)) = walk.open.pop_front() {
        for step in records.get(number as usize).into_iter().flat_map(|record| &record.steps) {
            if walk.report.mark() - first >= MAX_REASONS {
                return;
            }
            if let Some(make) = made(&step.action) {
                path.push(&step.name);
                walk.at(make, &mut path);
                path.pop();
            }
        }
    }
}

impl<'p> Walk<'p, '_> {
    fn at(&mut self, make: &'p Make, path: &mut Vec<&'p str>) {
        match make {
            Make::Nothing(why) => self.tell(path, why),
            Make::Record(number) => {
                let at = *number as usize;
                if self.failed.get(at).copied().unwrap_or_default() && !std::mem::replace(&mut self.seen[at], true) {
                    self.open.push_back((*number, path.clone()));
                }
            }
            Make::Array { item, .. } => self.within("[]", item, path),
            Make::Map { value, .. } => self.within("{}", value, path),
            Make::Branches(branches) if fails(make, self.failed) => {
                for branch in branches {
                    match &branch.make {
                        Some(make) => self.at(make, path),
                        None => {
                            let (writer, reader) = (branch.writer.clone(), (&*branch.reader).into());
                            self.tell(path, &Why::Types(writer, reader));
                        }
                    }
                }
            }
            _ => {}
        }
    }

    fn within(&mut self, name: &'p str, make: &'p Make, path: &mut Vec<&'p str>) {
        path.push(name);
        self.at(make, path);
        path.pop();
    }

    fn tell(&mut self, path: &[&str], why: &Why) {
        // A field's own name stands in its reason.
        let above = match why {
            Why::NoDefault(_) | Why::BadDefault(..) => &path[..path.len().saturating_sub(1)],
            _ => path,
        };
        above.iter().for_each(|name| self.report.enter(name));
        match why {
            Why::Types(writer, reader) => self.report.writer(writer.to_string(), reader.to_string()),
            Why::NoDefault(field) => self.report.no_default(field),
            Why::BadDefault(field, why) => self.report.bad_default(field, why),
            Why::Reported => {}
        }
        above.iter().for_each(|_| self.report.leave());
    }
}
