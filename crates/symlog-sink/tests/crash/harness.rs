use std::io;

use symlog_sink::conformance::{
    CrashPoint, Fault, FaultPlan, FaultyStorage, RecordingStorage, Survival,
};
use symlog_sink::{MemoryStorage, Operation, Storage};

use super::toy::{self, Mistake};

const BATCHES: [u64; 5] = [3, 1, 2, 4, 2];

/// Tries every image; the number of images, or the first broken promise.
fn harness(faults: &[(Operation, usize, Fault)], mistake: Mistake) -> Result<usize, String> {
    let plan = FaultPlan::new();
    for &(operation, nth, fault) in faults {
        plan.fail(operation, nth, fault);
    }
    let log =
        RecordingStorage::new(FaultyStorage::new(MemoryStorage::new(), plan.clone())).unwrap();
    let trace = log.trace();
    toy::write(&log, &trace, &BATCHES, mistake);
    for &(operation, nth, _) in faults {
        assert!(plan.calls(operation) >= nth, "the fault was never reached");
    }

    let mut images = 0;
    for point in trace.points() {
        for (survival, image) in point.images() {
            images += 1;
            let broken = |what| format!("{what}: {point:?}, {survival:?}");
            images += check(&point, &image, mistake).map_err(broken)?;
        }
    }
    Ok(images)
}

/// Recovers `image`, with the power failing again at every point of that.
fn check(point: &CrashPoint, image: &MemoryStorage, mistake: Mistake) -> Result<usize, String> {
    let recovery = RecordingStorage::new(image.clone()).unwrap();
    let recovered = toy::recover(&recovery, mistake).map_err(|error| error.to_string())?;
    promises(point, &recovered)?;
    let mut images = 0;
    for second in recovery.trace().points() {
        for (_, image) in second.images() {
            images += 1;
            let again = toy::recover(&image, mistake).map_err(|error| error.to_string())?;
            if again != recovered {
                return Err("a second recovery finds something else".to_owned());
            }
        }
    }
    Ok(images)
}

fn promises(point: &CrashPoint, recovered: &[u64]) -> Result<(), String> {
    if !(0..).zip(recovered).all(|(seq, found)| seq == *found) {
        return Err(format!("not a prefix in order: {recovered:?}"));
    }
    match point.marks().iter().find(|seq| !recovered.contains(seq)) {
        Some(lost) => Err(format!("{lost} was acknowledged and is lost")),
        None => Ok(()),
    }
}

const EIO: Fault = Fault::Refused(io::ErrorKind::Other);

#[test]
fn a_sound_log_survives_every_power_cut() {
    let scenarios: [&[(Operation, usize, Fault)]; 7] = [
        &[],
        &[(Operation::Sync, 2, EIO)],
        &[(Operation::Sync, 4, Fault::Late(io::ErrorKind::Other))],
        &[(Operation::Append, 6, Fault::Short(7))],
        &[(Operation::Append, 2, Fault::Full)],
        &[(Operation::Roll, 1, EIO)],
        &[
            (Operation::Roll, 1, Fault::Late(io::ErrorKind::Other)),
            (Operation::Sync, 5, EIO),
        ],
    ];
    for faults in scenarios {
        match harness(faults, Mistake::None) {
            Ok(images) => assert!(images > 500, "only {images} images"),
            Err(broken) => panic!("{faults:?}: {broken}"),
        }
    }
}

#[track_caller]
fn finds(mistake: Mistake, faults: &[(Operation, usize, Fault)], expected: &str) {
    let found = harness(faults, mistake).expect_err("the mistake was not found");
    assert!(found.contains(expected), "{found}");
}

#[test]
fn every_mistake_is_found() {
    finds(Mistake::EarlyAcknowledgement, &[], "is lost");
    finds(
        Mistake::SyncTriedAgain,
        &[(Operation::Sync, 2, EIO)],
        "is lost",
    );
    finds(Mistake::SkipsDamage, &[], "not a prefix");
    finds(Mistake::TrustsLength, &[], "not a prefix");
    finds(Mistake::CutsTooMuch, &[], "is lost");
    finds(Mistake::ForgetsSealed, &[], "is lost");
}

/// A failure names the point and what survived, by which it is made again.
#[test]
fn an_image_can_be_made_again() {
    let log = RecordingStorage::new(MemoryStorage::new()).unwrap();
    let trace = log.trace();
    toy::write(&log, &trace, &BATCHES, Mistake::None);
    let point = trace.points().nth(7).unwrap();
    let again = trace.points().nth(7).unwrap();
    for (survival, image) in point.images() {
        let other = again.image(&survival);
        let seqs = toy::recover(&image, Mistake::None).unwrap();
        assert_eq!(seqs, toy::recover(&other, Mistake::None).unwrap());
    }
    assert!(point.survivals().contains(&Survival::Prefix(0)));
}

#[test]
fn a_recorded_file_log_gives_the_same_images() {
    let root = tempfile::tempdir().unwrap();
    let files = symlog_sink::FileStorage::new(root.path().join("a.log")).unwrap();
    let on_files = RecordingStorage::new(files).unwrap();
    let in_memory = RecordingStorage::new(MemoryStorage::new()).unwrap();
    toy::write(&on_files, &on_files.trace(), &BATCHES, Mistake::None);
    toy::write(&in_memory, &in_memory.trace(), &BATCHES, Mistake::None);
    assert_eq!(on_files.trace().events(), in_memory.trace().events());

    let image = on_files
        .trace()
        .points()
        .last()
        .unwrap()
        .image(&Survival::Prefix(0));
    assert_eq!(image.objects().unwrap(), on_files.objects().unwrap());
    assert_eq!(
        toy::recover(&image, Mistake::None).unwrap(),
        (0..12).collect::<Vec<_>>()
    );
}
