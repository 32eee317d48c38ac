// Package autoscaler runs one pass of the control loop over one job and holds
// the contract with the platform around it (FLIP-334).
//
// The autoscaler knows no job by itself: whoever embeds it passes a
// [JobContext] to [Autoscaler.Scale]. Four small interfaces say what it needs
// of a platform: [MetricCollector], [StateStore], [EventHandler] and
// [Realizer]; a fifth, [JobListFetcher], is for the loop that calls it. Adapters
// live in packages of their own (collect, state, events, realize, jobs) and
// never here. What to do is decided in package scaling, which this one feeds.
//
// A pass collects, evaluates, decides, saves and then acts. If it dies
// anywhere, the next one starts from what was saved and from what Flink says.
//
// Start reading at [Autoscaler.Scale]; docs/embed.md names the counterpart in
// Flink's Java autoscaler of each type.
package autoscaler
