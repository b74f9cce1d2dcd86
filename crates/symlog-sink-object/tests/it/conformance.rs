use std::cell::Cell;
use std::sync::Arc;

use symlog_sink::conformance::{Backend, Check, SecondWriter, run};
use symlog_sink::{Remote, Storage};
use symlog_sink_object::{ObjectConfig, ObjectRemote};

/// The suite needs a type of its own for each log.
pub(crate) struct Place {
    pub(crate) config: ObjectConfig,
    pub(crate) made: Cell<u32>,
}

#[derive(Debug)]
pub(crate) struct Log {
    name: String,
    log: Arc<dyn Storage>,
}

impl Place {
    pub(crate) fn new(config: ObjectConfig) -> Self {
        Self {
            config,
            made: Cell::new(0),
        }
    }

    fn open(&self, name: &str) -> Log {
        let remote = ObjectRemote::new(&self.config).unwrap();
        Log {
            name: name.to_owned(),
            log: remote.log(name).unwrap(),
        }
    }
}

macro_rules! delegate {
    ($($method:ident(&self $(, $argument:ident: $type:ty)?) -> $result:ty;)*) => {
        #[deny(clippy::missing_trait_methods)]
        impl Storage for Log {
            $(fn $method(&self $(, $argument: $type)?) -> $result {
                self.log.$method($($argument)?)
            })*
        }
    };
}

delegate! {
    lock(&self) -> Result<Box<dyn symlog_sink::Sink>, symlog_sink::SinkError>;
    objects(&self) -> Result<Vec<symlog_sink::ObjectName>, symlog_sink::SinkError>;
    source(&self, object: &symlog_sink::ObjectName) -> Result<Box<dyn symlog_sink::Source>, symlog_sink::SinkError>;
    remove(&self, object: &symlog_sink::ObjectName) -> Result<(), symlog_sink::SinkError>;
    attachments(&self) -> Option<&dyn symlog_sink::Attachments>;
    warnings(&self) -> Vec<symlog_sink::Warning>;
}

impl Backend for Place {
    type Storage = Log;

    fn create(&self) -> Log {
        self.made.set(self.made.get() + 1);
        self.open(&format!("log-{}", self.made.get()))
    }

    fn reopen(&self, log: &Log) -> Log {
        self.open(&log.name)
    }

    fn second_writer(&self) -> SecondWriter {
        SecondWriter::TakesOver
    }

    fn shows_unsynced(&self) -> bool {
        false
    }
}

#[test]
fn a_directory_passes_the_suite() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}", directory.path().display());
    let place = Place::new(ObjectConfig::new(url));
    let missing = run(&place);
    assert_eq!(missing, [Check::SurvivesCrash, Check::PoisonIsSticky]);
    let remote = ObjectRemote::new(&place.config).unwrap();
    assert_eq!(remote.logs().unwrap().len() as u32, place.made.get());
}
