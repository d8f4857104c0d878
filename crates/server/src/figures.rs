//! The figures at `/metrics`, in a registry of the server's own (not the process-wide one), so that tests may run many servers.
//!
//! Handles are made once per endpoint and status class; counting a request costs two atomic additions.

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder};
use metrics_exporter_prometheus::{
    BuildError, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use std::time::Duration;

/// Seconds; from what the store does in memory up to what a user gives up on.
const BUCKETS: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
];
const METADATA: Metadata<'static> = Metadata::new("server", Level::INFO, None);

/// The registry.
pub struct Figures {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// Open live streams.
    pub live_streams: Gauge,
    /// Entries sent to live streams.
    pub live_entries: Counter,
    /// Open connections.
    pub connections: Gauge,
    /// Transactions waiting to be written.
    pub writes_waiting: Gauge,
    /// Highest place of the outbox.
    pub outbox_place: Gauge,
    /// Committed entries without a place: how far the sequencer is behind. Not a number when the database does not say.
    pub outbox_unplaced: Gauge,
    /// Seconds since everything committed could be restored; not a number when nothing can be, or nobody follows.
    pub backup_behind: Gauge,
}

/// The figures of one endpoint.
pub struct EndpointFigures {
    /// Requests by the first digit of their status.
    by_class: [Counter; 6],
    seconds: Histogram,
}

impl Figures {
    /// An empty registry. Errors: never, unless the buckets above are emptied.
    pub fn new() -> Result<Self, BuildError> {
        let recorder = PrometheusBuilder::new()
            .set_buckets(BUCKETS)?
            .build_recorder();
        let handle = recorder.handle();
        let gauge = |name: &'static str| recorder.register_gauge(&Key::from_name(name), &METADATA);
        let describe = |name: &'static str, text: &'static str| {
            recorder.describe_gauge(name.into(), None, text.into());
        };
        describe("live_streams", "Open live streams.");
        describe("connections", "Open connections.");
        describe(
            "store_writes_waiting",
            "Transactions waiting to be written.",
        );
        describe("outbox_place", "Highest place given to an outbox entry.");
        describe(
            "outbox_unplaced",
            "Committed outbox entries that have no place yet: how far the sequencer is behind. NaN when the database does not say.",
        );
        describe(
            "backup_behind_seconds",
            "Seconds since everything committed could be restored from the backup. NaN when nothing can be yet, or there is none.",
        );
        recorder.describe_counter(
            "live_entries_total".into(),
            None,
            "Entries sent to live streams.".into(),
        );
        recorder.describe_counter(
            "http_requests_total".into(),
            None,
            "Requests by operation and class of status.".into(),
        );
        recorder.describe_histogram(
            "http_request_seconds".into(),
            None,
            "Time from the head of a request to the head of its answer.".into(),
        );
        Ok(Self {
            live_streams: gauge("live_streams"),
            connections: gauge("connections"),
            writes_waiting: gauge("store_writes_waiting"),
            outbox_place: gauge("outbox_place"),
            outbox_unplaced: gauge("outbox_unplaced"),
            backup_behind: gauge("backup_behind_seconds"),
            live_entries: recorder
                .register_counter(&Key::from_name("live_entries_total"), &METADATA),
            recorder,
            handle,
        })
    }

    /// The handles of one operation.
    pub fn endpoint(&self, operation: &'static str) -> EndpointFigures {
        const CLASSES: [&str; 6] = ["0xx", "1xx", "2xx", "3xx", "4xx", "5xx"];
        let label = Label::from_static_parts("operation", operation);
        let by_class = CLASSES.map(|class| {
            let labels = vec![label.clone(), Label::from_static_parts("class", class)];
            self.recorder
                .register_counter(&Key::from_parts("http_requests_total", labels), &METADATA)
        });
        let key = Key::from_parts("http_request_seconds", vec![label]);
        EndpointFigures {
            by_class,
            seconds: self.recorder.register_histogram(&key, &METADATA),
        }
    }

    /// The text that Prometheus reads.
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Folds samples into their buckets; without it they pile up while nobody reads the figures. Every few seconds.
    pub fn tidy_up(&self) {
        self.handle.run_upkeep();
    }
}

impl EndpointFigures {
    /// Counts one answered request.
    pub fn count(&self, status: u16, took: Duration) {
        if let Some(counter) = self.by_class.get(usize::from(status / 100)) {
            counter.increment(1);
        }
        self.seconds.record(took.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_shown() {
        let figures = Figures::new().unwrap();
        let endpoint = figures.endpoint("case_dispatch");
        endpoint.count(201, Duration::from_millis(3));
        endpoint.count(409, Duration::from_millis(3));
        figures.connections.increment(2.0);
        let text = figures.render();
        for line in [
            "http_requests_total{operation=\"case_dispatch\",class=\"2xx\"} 1",
            "http_requests_total{operation=\"case_dispatch\",class=\"4xx\"} 1",
            "http_request_seconds_bucket{operation=\"case_dispatch\",le=\"0.005\"} 2",
            "connections 2",
        ] {
            assert!(text.contains(line), "{line} in\n{text}");
        }
    }
}
