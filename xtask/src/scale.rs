//! `cargo xtask scale`: a month of a fleet, simulated hour by hour; `docs/scale.md` shows what it prints.
//!
//! Every host has a rate of its own, as unequal as rates of services are, and a day of its own.
//! What a host writes in an hour comes evenly; what is shipped follows from interval and part.

use std::f64::consts::TAU;

/// What is simulated.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[arg(long, default_value_t = 10_000)]
    hosts: usize,
    /// Entries of all hosts in a month of 30 days
    #[arg(long, default_value_t = 1e11)]
    entries: f64,
    /// Bytes of log that an entry takes, on the average
    #[arg(long, default_value_t = 5_600.0)]
    entry_bytes: f64,
    /// How many times smaller the archive is than the log
    #[arg(long, default_value_t = 8.0)]
    archive: f64,
}

const HOURS: usize = 30 * 24;
const PART: f64 = (8 << 20) as f64;
const MESSAGE: f64 = (512 << 10) as f64;

// US East, S3 Standard; see docs/scale.md for the sources.
const PUT_DOLLARS: f64 = 0.005 / 1000.0;
const GET_DOLLARS: f64 = 0.0004 / 1000.0;
const GIGABYTE_MONTH_DOLLARS: f64 = 0.023;

/// A host: its share of all entries, and when its day is.
struct Host {
    weight: f64,
    phase: f64,
}

/// The same numbers in every run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A normal deviate (Box and Muller).
    fn normal(&mut self) -> f64 {
        let (u, v) = (self.next().max(f64::MIN_POSITIVE), self.next());
        (-2.0 * u.ln()).sqrt() * (TAU * v).cos()
    }
}

/// What one interval comes to in a month.
#[derive(Default)]
struct Month {
    parts: f64,
    peak_parts: f64,
    peak_messages: f64,
    busiest_log: f64,
}

pub(crate) fn run(args: &Args) -> bool {
    let hosts = fleet(args.hosts);
    let total: f64 = hosts.iter().map(|host| host.weight * HOURS as f64).sum();
    let mut peak_bytes: f64 = 0.0;
    let mut backlog: f64 = 0.0;
    for hour in 0..HOURS {
        let rates = hosts.iter().map(|host| rate(host, hour, args, total));
        let (all, most) = rates.fold((0.0, 0.0), |(all, most): (f64, f64), rate| {
            (all + rate, most.max(rate))
        });
        peak_bytes = peak_bytes.max(all * args.entry_bytes);
        backlog = backlog.max(most * args.entry_bytes * 3600.0);
    }
    let bytes = args.entries * args.entry_bytes;
    println!(
        "{} hosts, {:.0e} entries a month of {} bytes: {:.0} entries/s on the average, {:.1} a host",
        args.hosts,
        args.entries,
        args.entry_bytes,
        args.entries / (HOURS as f64 * 3600.0),
        args.entries / (HOURS as f64 * 3600.0) / args.hosts as f64,
    );
    println!(
        "log {:.0} TB a month, {:.0} MB/s on the average, {:.0} MB/s in the busiest hour",
        bytes / 1e12,
        bytes / (HOURS as f64 * 3600.0) / 1e6,
        peak_bytes / 1e6
    );
    println!(
        "an hour's outage leaves at most {:.1} GB on one host, which 20 MB/s make up for in {:.0} minutes\n",
        backlog / 1e9,
        backlog / 20e6 / 60.0
    );
    println!(
        "| interval | PUTs a month | PUT/s, busiest hour | PUT/s, busiest log | PUTs cost | per million entries | messages/s, busiest hour |"
    );
    println!("|---|---|---|---|---|---|---|");
    for interval in [1.0, 10.0, 60.0, 600.0] {
        let month = ship(&hosts, args, total, interval);
        println!(
            "| {interval} s | {:.2e} | {:.0} | {:.2} | ${:.0} | ${:.4} | {:.0} |",
            month.parts,
            month.peak_parts,
            month.busiest_log,
            month.parts * PUT_DOLLARS,
            month.parts * PUT_DOLLARS / args.entries * 1e6,
            month.peak_messages,
        );
    }
    let archived = bytes / args.archive;
    println!("\n| what is kept for a month | TB | a month | per million entries |");
    println!("|---|---|---|---|");
    for (what, bytes) in [("the log", bytes), ("its archive", archived)] {
        let dollars = bytes / 1e9 * GIGABYTE_MONTH_DOLLARS;
        println!(
            "| {what} | {:.0} | ${dollars:.0} | ${:.4} |",
            bytes / 1e12,
            dollars / args.entries * 1e6
        );
    }
    let blocks = bytes / (1 << 20) as f64;
    println!(
        "\nreading the whole month's log: {blocks:.1e} GETs of 1 MiB, ${:.0}",
        blocks * GET_DOLLARS
    );
    println!(
        "Kafka or JetStream, 3 copies: {:.0} MB/s of disk in the busiest hour, {:.0} TB kept for a day",
        peak_bytes * 3.0 / 1e6,
        bytes * 3.0 / 30.0 / 1e12
    );
    true
}

fn fleet(hosts: usize) -> Vec<Host> {
    let mut numbers = Numbers(42);
    (0..hosts)
        .map(|_| Host {
            // Log-normal with sigma 1.5: a tenth of the hosts writes half of all.
            weight: (1.5 * numbers.normal()).exp(),
            phase: numbers.next().powi(2) * 24.0,
        })
        .collect()
}

/// Entries a second of a host in an hour of the month.
fn rate(host: &Host, hour: usize, args: &Args, total: f64) -> f64 {
    let day = 1.0 + 0.8 * ((hour as f64 + host.phase) / 24.0 * TAU).sin();
    host.weight * day / total * args.entries / 3600.0
}

fn ship(hosts: &[Host], args: &Args, total: f64, interval: f64) -> Month {
    let mut month = Month::default();
    for hour in 0..HOURS {
        let (mut parts, mut messages) = (0.0, 0.0);
        for host in hosts {
            let entries = rate(host, hour, args, total);
            let bytes = entries * args.entry_bytes;
            // Intervals in which something came, if entries come at random (Poisson).
            let busy = (1.0 - (-entries * interval).exp()) / interval;
            let put = busy.max(bytes / PART);
            parts += put;
            messages += busy.max(bytes / MESSAGE);
            month.busiest_log = month.busiest_log.max(put);
        }
        month.parts += parts * 3600.0;
        month.peak_parts = month.peak_parts.max(parts);
        month.peak_messages = month.peak_messages.max(messages);
    }
    month
}
