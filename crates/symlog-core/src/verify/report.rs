use serde::Serialize;

/// What became of one kind of check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// Everything was checked and is right.
    Ok,
    /// Something is wrong.
    Failed,
    /// Could not be checked: there is nothing to check it with.
    NotChecked,
}

/// Something that is wrong, and where.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The file, by its name in the log.
    pub object: String,
    /// Counted from 1.
    pub line: u64,
    /// Offset of the line in the file.
    pub offset: u64,
    /// The sequence number of the line, or the one that was expected there.
    pub sequence: Option<u64>,
    /// What is wrong.
    pub what: String,
}

/// What a verification found.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Sequence numbers, segments and what their first lines say about what came before.
    pub order: Check,
    /// The digest on every line.
    pub leaves: Check,
    /// The lines that a writer signs.
    pub signatures: Check,
    /// Every envelope, opened.
    pub envelopes: Check,
    /// Lines read.
    pub lines: u64,
    /// Entry lines among them.
    pub entries: u64,
    /// Segments.
    pub segments: u64,
    /// Size of the log's tree.
    pub size: u64,
    /// Its RFC 6962 root, base64.
    pub root: String,
    /// What is wrong, in order, the first thousand.
    pub problems: Vec<Problem>,
    /// Number of things that are wrong.
    pub problem_count: u64,
    /// What is no error and ought to be known.
    pub notes: Vec<String>,
}

/// Problems that are listed; a log that is wrong in more places is wrong.
const LISTED: usize = 1000;

impl VerifyReport {
    pub(crate) fn new() -> Self {
        Self {
            order: Check::Ok,
            leaves: Check::Ok,
            signatures: Check::NotChecked,
            envelopes: Check::NotChecked,
            lines: 0,
            entries: 0,
            segments: 0,
            size: 0,
            root: String::new(),
            problems: Vec::new(),
            problem_count: 0,
            notes: Vec::new(),
        }
    }

    /// Whether nothing is wrong in what could be checked.
    pub fn is_ok(&self) -> bool {
        self.problem_count == 0
    }

    /// Notes the requests that nothing answered.
    pub(crate) fn note_open(&mut self, requests: usize) {
        match requests {
            0 => {}
            1 => self.notes.push("1 request has no response".to_owned()),
            many => self.notes.push(format!("{many} requests have no response")),
        }
    }

    pub(crate) fn add(&mut self, problem: Problem) {
        self.problem_count += 1;
        if self.problems.len() < LISTED {
            self.problems.push(problem);
        }
    }
}
