use std::sync::Arc;

use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutPayload};
use symlog_sink::{ObjectName, Remote, SinkError};
use symlog_sink_object::{ConfigError, ObjectConfig, ObjectRemote};

use crate::read_all;

fn block<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> T {
    symlog_sink::wait_for(future).unwrap()
}

#[test]
fn the_layout_is_as_the_readme_says() {
    let client: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let remote = ObjectRemote::over(Arc::clone(&client), Path::from("prefix"));
    remote.probe().unwrap();
    remote.probe().unwrap();
    let log = remote.log("0199").unwrap();
    let mut sink = log.lock().unwrap();
    sink.append(b"line\n").unwrap();
    sink.sync().unwrap();
    sink.roll("0000000007").unwrap();

    let get = |path: &str| {
        let (client, path) = (Arc::clone(&client), Path::from(path));
        block(async move { client.get(&path).await.unwrap().bytes().await.unwrap() })
    };
    get("prefix/probe");
    let part = get("prefix/0199/first/0000000001");
    assert_eq!(part.len(), 325);
    let header = std::str::from_utf8(&part[..320]).unwrap();
    assert!(
        header.starts_with("symlog-part 1 data offset=0 epoch=1 writer="),
        "{header}"
    );
    assert_eq!(&part[320..], b"line\n");
    for (path, text) in [
        ("prefix/0199/first/0000000000", "claim offset=0"),
        ("prefix/0199/first/0000000002", "seal offset=5"),
        ("prefix/0199/after-0000000007/0000000000", "claim offset=0"),
    ] {
        let part = get(path);
        assert!(String::from_utf8_lossy(&part).contains(text), "{path}");
    }
    assert_eq!(remote.logs().unwrap(), ["0199"]);
}

/// An object that is not what the list said, as after a restore of a bucket.
#[test]
fn an_object_of_another_time_is_an_error() {
    let client: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let remote = ObjectRemote::over(Arc::clone(&client), Path::from(""));
    let log = remote.log("a").unwrap();
    let mut sink = log.lock().unwrap();
    for text in ["first ", "second "] {
        sink.append(text.as_bytes()).unwrap();
        sink.sync().unwrap();
    }
    let put = |bytes: &'static [u8]| {
        let client = Arc::clone(&client);
        block(async move {
            let path = Path::from("a/first/0000000001");
            client
                .put(&path, PutPayload::from_static(bytes))
                .await
                .unwrap();
        });
    };
    let source = log.source(&ObjectName::Active).unwrap();
    put(b"an older text, shorter than the list says");
    let error = source.read_at(0, &mut [0; 6]).unwrap_err();
    assert!(
        matches!(error, SinkError::Lost { .. } | SinkError::Foreign { .. }),
        "{error}"
    );
    let error = read_all(&log, &ObjectName::Active).unwrap_err();
    assert!(matches!(error, SinkError::Foreign { .. }), "{error}");
    let error = log.lock().unwrap_err();
    assert!(matches!(error, SinkError::Foreign { .. }), "{error}");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let remote = ObjectRemote::over(Arc::new(InMemory::new()), Path::from("p"));
    for name in ["", "..", "a/b", "a b", "é", &"a".repeat(101)] {
        assert!(remote.log(name).is_err(), "{name:?}");
    }
    assert!(matches!(
        ObjectRemote::new(&ObjectConfig::new("ftp://host/x")),
        Err(ConfigError::Scheme { .. })
    ));
    assert!(matches!(
        ObjectRemote::new(&ObjectConfig::new("bucket")),
        Err(ConfigError::Url { .. })
    ));
}
