//! Rules for fields: JSON paths, compiled to one automaton that is stepped through on the way down.

mod path;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

pub use path::PathProblem;
use path::{Segment, Step};

use crate::kind::PiiType;
use crate::masker::Masker;
use crate::operator::Operator;

/// What is done with a field that a path names, and with everything below it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum FieldAction {
    /// It stays as it is.
    Keep,
    /// Each of its strings and numbers is a value of this type, whatever it looks like.
    Whole {
        /// The type.
        kind: PiiType,
        /// What is written; by default what is written for the type.
        operator: Option<Arc<dyn Operator>>,
    },
    /// Another masker sees to it: another profile, other operators.
    With(Masker),
}

/// Where a value stands, as far as paths care.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place(u16);

impl Place {
    /// No path leads here or further down.
    pub(crate) const NOWHERE: Self = Self(0);
}

/// Paths and what is done at them.
#[derive(Default)]
pub(crate) struct Fields {
    names: HashMap<String, usize>,
    indices: HashMap<usize, usize>,
    /// The state that follows each state, for each name, index, other name and other index.
    next: Vec<Vec<u16>>,
    /// The action in each state.
    actions: Vec<Option<u16>>,
    rules: Vec<FieldAction>,
}

/// States of the automaton. A path without `..` takes one for each of its steps.
const MAX_STATES: usize = 4096;

/// A step of the input.
#[derive(Clone, Copy)]
enum Input<'a> {
    Name(Option<&'a str>),
    Index(Option<usize>),
}

impl Fields {
    pub(crate) fn compile(
        rules: Vec<(String, FieldAction)>,
    ) -> Result<Self, (String, PathProblem)> {
        if rules.is_empty() {
            return Ok(Self::default());
        }
        let mut paths = Vec::new();
        let mut actions = Vec::new();
        for (path, action) in rules {
            paths.push(path::parse(&path).map_err(|problem| (path, problem))?);
            actions.push(action);
        }
        let mut names: Vec<&str> = Vec::new();
        let mut indices: Vec<usize> = Vec::new();
        for segment in paths.iter().flatten() {
            match &segment.step {
                Step::Name(name) if !names.contains(&name.as_str()) => names.push(name),
                Step::Index(index) if !indices.contains(index) => indices.push(*index),
                _ => {}
            }
        }
        let alphabet: Vec<Input<'_>> = (names.iter().map(|name| Input::Name(Some(name))))
            .chain(indices.iter().map(|index| Input::Index(Some(*index))))
            .chain([Input::Name(None), Input::Index(None)])
            .collect();
        let mut automaton = Automaton::new(&paths);
        // What is made while going through the list is gone through too.
        let mut next = Vec::new();
        while next.len() < automaton.states.len() {
            let state = automaton.states[next.len()].clone();
            let row = alphabet.iter().map(|input| automaton.step(&state, *input));
            next.push(row.collect());
            if automaton.states.len() > MAX_STATES {
                return Err((String::new(), PathProblem::TooMany));
            }
        }
        let first_index = names.len();
        Ok(Self {
            next,
            actions: automaton.states.iter().map(|state| state.action).collect(),
            names: (names.into_iter().map(str::to_owned)).zip(0..).collect(),
            indices: indices.into_iter().zip(first_index..).collect(),
            rules: actions,
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Where a document begins.
    pub(crate) fn root(&self) -> Place {
        Place(u16::from(!self.is_empty()))
    }

    #[inline]
    pub(crate) fn under(&self, place: Place, name: &str) -> Place {
        if place == Place::NOWHERE {
            return place;
        }
        self.follow(place, self.names.get(name).copied(), 2)
    }

    #[inline]
    pub(crate) fn element(&self, place: Place, index: usize) -> Place {
        if place == Place::NOWHERE {
            return place;
        }
        self.follow(place, self.indices.get(&index).copied(), 1)
    }

    fn follow(&self, place: Place, symbol: Option<usize>, other: usize) -> Place {
        let row = &self.next[usize::from(place.0)];
        Place(row[symbol.unwrap_or(row.len() - other)])
    }

    #[inline]
    pub(crate) fn action(&self, place: Place) -> Option<&FieldAction> {
        if place == Place::NOWHERE {
            return None;
        }
        self.actions[usize::from(place.0)].map(|rule| &self.rules[usize::from(rule)])
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fields")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

/// How far each path has come, and what holds meanwhile.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
struct State {
    /// Path and segment that comes next.
    open: BTreeSet<(usize, usize)>,
    action: Option<u16>,
}

struct Automaton<'a> {
    paths: &'a [Vec<Segment>],
    states: Vec<State>,
    known: HashMap<State, u16>,
}

impl<'a> Automaton<'a> {
    fn new(paths: &'a [Vec<Segment>]) -> Self {
        let mut new = Self {
            paths,
            states: Vec::new(),
            known: HashMap::new(),
        };
        new.number(State::default());
        new.number(State {
            open: (0..paths.len()).map(|path| (path, 0)).collect(),
            action: None,
        });
        new
    }

    fn number(&mut self, state: State) -> u16 {
        if let Some(number) = self.known.get(&state) {
            return *number;
        }
        let number = u16::try_from(self.states.len()).unwrap_or(u16::MAX);
        self.known.insert(state.clone(), number);
        self.states.push(state);
        number
    }

    fn step(&mut self, state: &State, input: Input<'_>) -> u16 {
        let mut next = State {
            open: BTreeSet::new(),
            action: state.action,
        };
        let mut reached: Option<usize> = None;
        for &(path, at) in &state.open {
            let segment = &self.paths[path][at];
            if segment.anywhere {
                next.open.insert((path, at));
            }
            let fits = match (&segment.step, input) {
                (Step::Any, _) => true,
                (Step::Name(name), Input::Name(given)) => Some(name.as_str()) == given,
                (Step::Index(index), Input::Index(given)) => Some(*index) == given,
                _ => false,
            };
            if !fits {
                continue;
            }
            if at + 1 < self.paths[path].len() {
                next.open.insert((path, at + 1));
            } else {
                // Of several paths to one place the first counts.
                reached = Some(reached.map_or(path, |other| other.min(path)));
            }
        }
        if let Some(path) = reached {
            next.action = u16::try_from(path).ok();
        }
        self.number(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(paths: &[&str]) -> Fields {
        let keep = |path: &&str| ((*path).to_owned(), FieldAction::Keep);
        Fields::compile(paths.iter().map(keep).collect()).unwrap()
    }

    #[track_caller]
    fn check(paths: &[&str], at: &[&str], expect: Option<u16>) {
        let fields = fields(paths);
        let place = at
            .iter()
            .fold(fields.root(), |place, step| match step.parse() {
                Ok(index) => fields.element(place, index),
                Err(_) => fields.under(place, step),
            });
        assert_eq!(fields.actions[usize::from(place.0)], expect, "{at:?}");
    }

    #[test]
    fn places_are_found_and_what_is_below_them() {
        let paths = ["$.a.b", "$.a.*.c", "$..id", "$.list[1]", "$.a.b.deep"];
        check(&paths, &["a"], None);
        check(&paths, &["a", "b"], Some(0));
        check(&paths, &["a", "b", "x", "y"], Some(0));
        check(&paths, &["a", "b", "c"], Some(1));
        check(&paths, &["a", "b", "deep", "x"], Some(4));
        check(&paths, &["a", "z", "c"], Some(1));
        check(&paths, &["x", "3", "y", "id"], Some(2));
        check(&paths, &["a", "b", "id"], Some(2));
        check(&paths, &["list", "0"], None);
        check(&paths, &["list", "1"], Some(3));
        check(&["$.x", "$..x"], &["x"], Some(0));
        check(&["$.x"], &["y", "x"], None);
    }

    #[test]
    fn without_rules_nothing_is_anywhere() {
        let none = Fields::default();
        assert_eq!(none.under(none.root(), "a"), Place::NOWHERE);
        assert!(none.action(none.root()).is_none());
    }

    #[test]
    fn paths_that_explode_are_refused() {
        let steps = "..a".to_owned() + &".*".repeat(20);
        let rules = vec![(format!("${steps}"), FieldAction::Keep)];
        let (_, problem) = Fields::compile(rules).unwrap_err();
        assert_eq!(problem, PathProblem::TooMany);
    }
}
