use std::sync::Arc;

use symlog_sink::Remote;
use symlog_sink::conformance::{Check, run};
use symlog_sink_object::{ObjectConfig, ObjectRemote};
use symlog_test_services::RemoteLogs;

#[test]
fn a_directory_passes_the_suite() {
    let directory = tempfile::tempdir().unwrap();
    let url = format!("file://{}", directory.path().display());
    let config = ObjectConfig::new(url);
    let remote = || Arc::new(ObjectRemote::new(&config).unwrap()) as Arc<dyn Remote>;
    let logs = RemoteLogs::new(remote);
    let missing = run(&logs);
    assert_eq!(missing, [Check::SurvivesCrash, Check::PoisonIsSticky]);
    assert_eq!(remote().logs().unwrap().len(), logs.made());
}
